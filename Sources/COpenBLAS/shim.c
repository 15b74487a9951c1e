#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// The enumerations of the CBLAS interface.
enum { row_major = 101, no_transpose = 111, transposed = 112 };

typedef void sgemm_function(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef void set_threads_function(int threads);
typedef char *text_function(void);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sgemm_function *sgemm;
static text_function *config;
static text_function *core;

static void *find(int mode) {
    void *library = dlopen("libopenblas.so.0", mode | RTLD_LOCAL);
    return library != NULL ? library : dlopen("libopenblas.so", mode | RTLD_LOCAL);
}

/// The core to ask for where OpenBLAS does not know a processor that is newer than itself, and takes kernels of 2004 for
/// it, a fifth as fast; NULL where it may choose.
static const char *better_core(void *library) {
#if defined(__x86_64__)
    text_function *name = (text_function *)dlsym(library, "openblas_get_corename");
    if (name == NULL || strcmp(name(), "Prescott") != 0 || getenv("OPENBLAS_CORETYPE") != NULL) return NULL;
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return NULL;
    bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
    return has_avx512 ? "SkylakeX" : "Haswell";
#else
    (void)library;
    return NULL;
#endif
}

static void *open_library(void) {
    void *library = find(RTLD_NOW);
    const char *asked = library == NULL ? NULL : better_core(library);
    if (asked == NULL) return library;
    // It chooses when it is loaded, so it is loaded again; not where the process had loaded it before and keeps it.
    dlclose(library);
    if ((library = find(RTLD_NOW | RTLD_NOLOAD)) != NULL) return library;
    setenv("OPENBLAS_CORETYPE", asked, 0);
    library = find(RTLD_NOW);
    unsetenv("OPENBLAS_CORETYPE");
    return library;
}

static void load(void) {
    void *library = open_library();
    if (library == NULL) return;
    set_threads_function *set_threads = (set_threads_function *)dlsym(library, "openblas_set_num_threads");
    sgemm_function *found = (sgemm_function *)dlsym(library, "cblas_sgemm");
    if (set_threads == NULL || found == NULL) return;
    // The callers split products over threads of their own, so that results do not depend on how many there are.
    set_threads(1);
    config = (text_function *)dlsym(library, "openblas_get_config");
    core = (text_function *)dlsym(library, "openblas_get_corename");
    sgemm = found;
}

static const char *text(text_function *function) {
    const char *result = function == NULL ? NULL : function();
    return result == NULL ? "" : result;
}

bool tessera_blas_available(void) {
    pthread_once(&once, load);
    return sgemm != NULL;
}

const char *tessera_blas_config(void) { return tessera_blas_available() ? text(config) : ""; }

const char *tessera_blas_core(void) { return tessera_blas_available() ? text(core) : ""; }

void tessera_sgemm(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, int lda, const float *b,
                   int ldb, float beta, float *c, int ldc) {
    if (!tessera_blas_available()) return;
    sgemm(row_major, transpose_a ? transposed : no_transpose, transpose_b ? transposed : no_transpose, m, n, k, 1.0f,
          a, lda, b, ldb, beta, c, ldc);
}

typedef float eight_floats __attribute__((ext_vector_type(8), aligned(4)));

void tessera_square_roots(const float *x, float *result, long count) {
    for (long i = 0; i < count; i += 8) {
        *(eight_floats *)(result + i) = __builtin_elementwise_sqrt(*(const eight_floats *)(x + i));
    }
}
