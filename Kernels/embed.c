#include "TesseraKernels.h"
#include <stddef.h>
#include <string.h>

// Every source with a NUL after it; some are several files, one after the other. `#embed` is C23.
static const char memory[] = {
#embed "memory.cl" suffix(, 0)
};
static const char prelude[] = {
#embed "prelude.cl" suffix(, 0)
};
static const char work[] = {
#embed "work.cl" suffix(, 0)
};
static const char transpose_cpu[] = {
#embed "transpose_cpu.cl" suffix(, 0)
};
static const char indexed[] = {
#embed "indexed.cl" suffix(, 0)
};
static const char matmul_cpu[] = {
#embed "matmul_cpu.cl" suffix(,)
#embed "tile_cpu.cl" suffix(,)
#embed "matmul_cpu_tiles.cl" suffix(,)
#embed "column_sums_cpu.cl" suffix(,)
#embed "matmul_cpu_split.cl" suffix(,)
#embed "undefine.cl" suffix(, 0)
};
static const char matmul_gpu[] = {
#embed "matmul_gpu.cl" suffix(,)
#embed "tile_gpu.cl" suffix(,)
#embed "column_sums_gpu.cl" suffix(,)
#embed "matmul_gpu_run.cl" suffix(,)
#embed "undefine.cl" suffix(, 0)
};
static const char convolution_cpu[] = {
#embed "convolution_sizes.cl" suffix(,)
#embed "convolution_cpu.cl" suffix(,)
#embed "tile_cpu.cl" suffix(,)
#embed "convolution_cpu_pixels.cl" suffix(,)
#embed "convolution_cpu_weights.cl" suffix(,)
#embed "column_sums_cpu.cl" suffix(,)
#embed "convolution_cpu_weights_split.cl" suffix(,)
#embed "undefine.cl" suffix(, 0)
};
static const char winograd_cpu[] = {
#embed "convolution_sizes.cl" suffix(,)
#embed "winograd_cpu.cl" suffix(,)
#embed "tile_cpu.cl" suffix(,)
#embed "winograd_cpu_lines.cl" suffix(,)
#embed "winograd_cpu_pixels.cl" suffix(,)
#embed "column_sums_cpu.cl" suffix(,)
#embed "winograd_cpu_weights.cl" suffix(,)
#embed "undefine.cl" suffix(, 0)
};
static const char convolution_gpu[] = {
#embed "convolution_sizes.cl" suffix(,)
#embed "convolution_gpu.cl" suffix(,)
#embed "tile_gpu.cl" suffix(,)
#embed "taps_gpu.cl" suffix(,)
#embed "convolution_gpu_loads.cl" suffix(,)
#embed "column_sums_gpu.cl" suffix(,)
#embed "convolution_gpu_run.cl" suffix(,)
#embed "undefine.cl" suffix(, 0)
};
static const char tensor_gpu[] = {
#embed "tensor_gpu.cl" suffix(,)
#embed "tensor_gpu_arithmetic.cl" suffix(,)
#embed "taps_gpu.cl" suffix(,)
#embed "tensor_gpu_loads.cl" suffix(,)
#embed "column_sums_gpu.cl" suffix(,)
#embed "tensor_gpu_run.cl" suffix(,)
#embed "undefine.cl" suffix(, 0)
};
static const char raster_scan[] = {
#embed "raster_scan.cl" suffix(, 0)
};
static const char raster_scan_cpu[] = {
#embed "raster_scan_cpu.cl" suffix(, 0)
};
static const char raster_scan_gpu[] = {
#embed "raster_scan_gpu.cl" suffix(, 0)
};
static const char raster_scan_pack[] = {
#embed "raster_scan_pack.cl" suffix(, 0)
};

static const struct {
    const char *name;
    const char *text;
} sources[] = {
    {"memory", memory},
    {"prelude", prelude},
    {"work", work},
    {"transpose_cpu", transpose_cpu},
    {"indexed", indexed},
    {"matmul_cpu", matmul_cpu},
    {"matmul_gpu", matmul_gpu},
    {"convolution_cpu", convolution_cpu},
    {"winograd_cpu", winograd_cpu},
    {"convolution_gpu", convolution_gpu},
    {"tensor_gpu", tensor_gpu},
    {"raster_scan", raster_scan},
    {"raster_scan_cpu", raster_scan_cpu},
    {"raster_scan_gpu", raster_scan_gpu},
    {"raster_scan_pack", raster_scan_pack},
};

const char *tessera_kernel_source(const char *name) {
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; ++i) {
        if (strcmp(sources[i].name, name) == 0) return sources[i].text;
    }
    return NULL;
}
