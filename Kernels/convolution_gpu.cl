// Two-dimensional, channels-last convolution and its two gradients for GPU-class devices, Float32.
//
//   forward          y[n, oy, ox, :] = Σ over taps t of x[n, oy * STRIDE_Y + dy, ox * STRIDE_X + dx, :] · w[t]
//   input gradient   x[n, iy, ix, :] = Σ over taps t of y[n, (iy - dy) / STRIDE_Y, (ix - dx) / STRIDE_X, :] · w[t]ᵀ
//   weight gradient  w[t][ci][co] = Σ over n, oy, ox of
//                                   x[n, oy * STRIDE_Y + dy, ox * STRIDE_X + dx, ci] * y[n, oy, ox, co]
//
// Each is a matrix product whose operands are found in the images as they are fetched (an implicit product): rows are
// result pixels and the depth is taps times source channels, or rows are taps times input channels and the depth is the
// output pixels. A work-group owns a tile of the result, as in matmul_gpu.cl. The input gradient splits the result into
// STRIDE_Y * STRIDE_X phases; the depth of a phase has only the taps that meet a source pixel there.
// An input gradient of few channels can be had from the products of each source pixel with all taps' weights (kind 1,
// one tap with TAPS * INPUT_CHANNELS channels): for each element of the result, kind 3 sums what its taps gave it.
// With SPLITS > 1 the depth is divided among work-groups, whose partial sums a second kernel adds in a fixed order.
//
// The text is included once for each convolution; it undefines all its macros, the given ones too, at its end.
// convolution_sizes.cl comes before; it goes on in tile_gpu.cl, taps_gpu.cl, convolution_gpu_loads.cl,
// column_sums_gpu.cl, convolution_gpu_run.cl and undefine.cl.
//
// MACROS (all integers are plain decimal literals)
//   PREFIX                            begins every name defined here, e.g. c12_               (default convolution_)
//   KIND                              0 forward, 1 input gradient, 2 weight gradient, 3 input gradient from products
//                                     (0)
//   BATCH HEIGHT WIDTH INPUT_CHANNELS OUTPUT_HEIGHT OUTPUT_WIDTH OUTPUT_CHANNELS STRIDE_Y STRIDE_X
//                                     the geometry, all >= 1                                  (1 8 8 16 8 8 16 1 1)
//   TAPS TAP_LIST                     their number, and dy, dx of each, separated by commas, without braces: for two
//                                     taps -1,0,0,1                                           (1  0,0)
//   TILE_ROWS TILE_COLUMNS TILE_DEPTH ITEM_ROWS ITEM_COLUMNS
//                                     one of the tiles of the table below                     (64 64 16 4 4)
//   SPLITS                            ranges that the depth is divided into, >= 1             (1)
//   SUMS                              kind 2: 1 to sum y over its pixels, too: the gradient of a bias   (0)
//   OUT_T                             element type of the result: float, int, uchar           (float)
//   EPILOGUE_PARAMETERS EPILOGUE_1(acc, batch, row, col)
//                                     given together or not at all; batch is 0; row is the pixel (n * H + y) * W + x of
//                                     the result, or tap * INPUT_CHANNELS + ci; EPILOGUE_4, _8, _16 may be given and
//                                     are not used
//
// KERNELS. Offsets are in elements. first and second are the step's operands: (x, w), (y, w), (x, y). With
//              kind 0                                 kind 1                                  kind 2
//   ROWS       BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH   BATCH * ceil(HEIGHT / STRIDE_Y)         TAPS * INPUT_CHANNELS
//                                                       * ceil(WIDTH / STRIDE_X)
//   COLUMNS    OUTPUT_CHANNELS                        INPUT_CHANNELS                          OUTPUT_CHANNELS
//   PHASES     1                                      STRIDE_Y * STRIDE_X                     1
//   RESULT     elements of y                          elements of x                           elements of w
//   RP = ceil(ROWS / TILE_ROWS), CP = ceil(COLUMNS / TILE_COLUMNS),
//   ITEMS = (TILE_ROWS / ITEM_ROWS) * (TILE_COLUMNS / ITEM_COLUMNS):
//
//   PREFIX##convolve  (only with SPLITS == 1)  global (ITEMS * CP, RP, PHASES)           local (ITEMS, 1, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//   PREFIX##partial   (only with SPLITS > 1)   global (ITEMS * CP, RP, PHASES * SPLITS)  local (ITEMS, 1, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      float *partials, uint partials_offset)
//     partials holds SPLITS * RESULT floats, with SUMS then SPLITS * OUTPUT_CHANNELS
//   PREFIX##collect   (kind 3)                 global (256 * ceil(RESULT / 256), 1, 1)   local (256, 1, 1)
//     (const float *products, uint products_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     products is [BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH, TAPS, INPUT_CHANNELS]
//   PREFIX##reduce    (only with SPLITS > 1)   global (256 * ceil(R / 256), 1, 1)        local (256, 1, 1)
//     with R = RESULT, with SUMS RESULT + OUTPUT_CHANNELS
//     (const float *partials, uint partials_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//   With SUMS, convolve and reduce have (float *sums, uint sums_offset), [OUTPUT_CHANNELS], after result_offset; the
//   epilogue may read nothing of it.
//
// WHICH TO CHOOSE (units: the device's compute units; DEPTH: TAPS * source channels / PHASES, or the output pixels)
//   tile   TILE_ROWS TILE_COLUMNS TILE_DEPTH ITEM_ROWS ITEM_COLUMNS   items   local memory
//   16     128       16           8          4         4              128     9.5 KiB
//   128    128       128          8          8         8              256     16.5 KiB
//   64     64        64           16         4         4              256     17 KiB
//   32     32        32           16         4         4              64      9 KiB
//   COLUMNS <= 16: tile 16. Otherwise the first of tiles 128 (only with COLUMNS > 64), 64, 32 with
//   RP * CP * PHASES >= units, and with RP * TILE_ROWS * CP * TILE_COLUMNS at most twice what it is with tile 32; or
//   tile 32. A device whose largest work-group is below 256 takes tile 16 or 32.
//   Kind 3: as in convolution_cpu.cl.
//   SPLITS: 1 where RP * CP * PHASES >= units, else min(ceil(2 * units / (RP * CP * PHASES)), ceil(DEPTH / 128), 64).
#ifndef PREFIX
#define PREFIX convolution_
#endif
#ifndef KIND
#define KIND 0
#endif
#ifndef BATCH
#define BATCH 1
#endif
#ifndef HEIGHT
#define HEIGHT 8
#endif
#ifndef WIDTH
#define WIDTH 8
#endif
#ifndef INPUT_CHANNELS
#define INPUT_CHANNELS 16
#endif
#ifndef OUTPUT_HEIGHT
#define OUTPUT_HEIGHT 8
#endif
#ifndef OUTPUT_WIDTH
#define OUTPUT_WIDTH 8
#endif
#ifndef OUTPUT_CHANNELS
#define OUTPUT_CHANNELS 16
#endif
#ifndef STRIDE_Y
#define STRIDE_Y 1
#endif
#ifndef STRIDE_X
#define STRIDE_X 1
#endif
#ifndef TAPS
#define TAPS 1
#define TAP_LIST 0, 0
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 64
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 64
#endif
#ifndef TILE_DEPTH
#define TILE_DEPTH 16
#endif
#ifndef ITEM_ROWS
#define ITEM_ROWS 4
#endif
#ifndef ITEM_COLUMNS
#define ITEM_COLUMNS 4
#endif
#ifndef SPLITS
#define SPLITS 1
#endif
#ifndef SUMS
#define SUMS 0
#endif
#ifndef OUT_T
#define OUT_T float
#endif
#ifndef EPILOGUE_1
#define EPILOGUE_PARAMETERS
#define EPILOGUE_1(acc, batch, row, col) (acc)
#endif

#define PASTE_TEXT(x, y) x##y
#define PASTE(x, y) PASTE_TEXT(x, y)
#define KERNEL(name) PASTE(PREFIX, name)

#define PIXELS (BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH)

__constant int KERNEL(taps)[2 * TAPS] = {TAP_LIST};
#define TAP_Y(tap) KERNEL(taps)[2 * (tap)]
#define TAP_X(tap) KERNEL(taps)[2 * (tap) + 1]

#if KIND == 3
GROUP_MEMORY(KERNEL(collect), 0);
WORK_FUNCTION void KERNEL(collect)(ITEM_PARAMETERS
    __global const float *products, const uint products_offset, __global OUT_T *result, const uint result_offset
    EPILOGUE_PARAMETERS)
{
    const int element = ITEM_ID(0);
    if (element < RESULT_ROWS * COLUMNS) {
        const int row = element / COLUMNS, column = element % COLUMNS;
        const int x = row % WIDTH, line = row / WIDTH, y = line % HEIGHT, image = line / HEIGHT;
        float sum = 0.0f;
        for (int tap = 0; tap < TAPS; tap++) {
            const int away_y = y - TAP_Y(tap), away_x = x - TAP_X(tap);
            const int from_y = away_y / STRIDE_Y, from_x = away_x / STRIDE_X;
            if (away_y % STRIDE_Y == 0 && away_x % STRIDE_X == 0 && (uint)from_y < OUTPUT_HEIGHT
                && (uint)from_x < OUTPUT_WIDTH) {
                const size_t pixel = (size_t)(image * OUTPUT_HEIGHT + from_y) * OUTPUT_WIDTH + from_x;
                sum += products[products_offset + (pixel * TAPS + tap) * COLUMNS + column];
            }
        }
        result[result_offset + element] = EPILOGUE_1(sum, 0, row, column);
    }
}
#else
#define A_ALONG_DEPTH (KIND != 2)
#define B_ALONG_DEPTH (KIND == 1)
#endif
