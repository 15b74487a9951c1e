#pragma once

#include <stdbool.h>

/// Whether OpenBLAS was found. The first call of any function here looks for it, once, from any thread.
bool tessera_blas_available(void);

/// The configuration text of OpenBLAS ("OpenBLAS 0.3.21 DYNAMIC_ARCH ..."), or "" without it.
const char *tessera_blas_config(void);

/// The processor core that OpenBLAS chose its kernels for ("SkylakeX"), or "" without it.
const char *tessera_blas_core(void);

/// Row-major c[m, n] = a[m, k] · b[k, n] + beta * c on the calling thread. A transposed operand is stored [k, m] or
/// [n, k]; lda, ldb and ldc are the distances between stored rows. Does nothing where OpenBLAS is not available.
void tessera_sgemm(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, int lda, const float *b,
                   int ldb, float beta, float *c, int ldc);

/// result[i] = √x[i] for `count` elements, a multiple of 8. Here because Swift's vectors take roots lane by lane.
void tessera_square_roots(const float *x, float *result, long count);
