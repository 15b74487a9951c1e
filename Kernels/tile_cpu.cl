// Goes on in the middle of matmul_cpu.cl and convolution_cpu.cl: the columns of a tile, its vectors in memory, and how a row
// of it is stored. Of both it takes COLUMNS and RESULT_ROWS (the result's size), TILE_VECTORS, OUT_T and the epilogue.

#define VECTORS ((COLUMNS + 15) / 16)
#define COLUMN_PANELS ((VECTORS + TILE_VECTORS - 1) / TILE_VECTORS)
#define PANEL (16 * TILE_VECTORS)

// The first column of a column panel, and of its vector j. The last panel is shifted back to end with the matrix.
#if COLUMNS % PANEL == 0
#define FIRST_COLUMN(panel) ((panel) * PANEL)
#define VECTOR_COLUMN(j) (16 * (j))
#elif COLUMN_PANELS > 1
#define FIRST_COLUMN(panel) min((panel) * PANEL, COLUMNS - PANEL)
#define VECTOR_COLUMN(j) (16 * (j))
#else
#define FIRST_COLUMN(panel) 0
#define VECTOR_COLUMN(j) (COLUMNS >= 16 && (j) == VECTORS - 1 ? COLUMNS - 16 : 16 * (j))
#endif

// Vectors that need no more alignment than their elements.
typedef float16 KERNEL(float16u) __attribute__((aligned(4)));
typedef float8 KERNEL(float8u) __attribute__((aligned(4)));
typedef PASTE(OUT_T, 16) KERNEL(out16u) __attribute__((aligned(sizeof(OUT_T))));
#define LOAD16(p) (*(const __global KERNEL(float16u) *)(p))
#define STORE16(p, v) (*(__global KERNEL(float16u) *)(p) = (v))
#define LOAD8(p) (*(const __global KERNEL(float8u) *)(p))
#define STORE8(p, v) (*(__global KERNEL(float8u) *)(p) = (v))

// Sums passed by pointer stay in registers only where the call is inlined.
#ifdef __clang__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

// Results larger than the caches go past them, where a vector lies in one line.
#define STREAMS ((long)(RESULT_ROWS) * COLUMNS >= 1 << 22)
#ifdef __has_builtin
#if __has_builtin(__builtin_nontemporal_store)
#define STORE_RESULT(place, v) \
    if (STREAMS && ((ulong)(place) & 63) == 0) \
        __builtin_nontemporal_store(v, (__global PASTE(OUT_T, 16) *)(place)); \
    else \
        *(__global KERNEL(out16u) *)(place) = v
#endif
#endif
#ifndef STORE_RESULT
#define STORE_RESULT(place, v) *(__global KERNEL(out16u) *)(place) = v
#endif

// Asks early for what the epilogue of a tile's row loads and for where it is stored: its line of the result, `to`.
#define FETCH_ROW(to, batch, row, column_panel) \
    for (int j = 0; j < TILE_VECTORS; j++) { \
        const int column = FIRST_COLUMN(column_panel) + VECTOR_COLUMN(j); \
        EPILOGUE_FETCH(batch, row, column); \
        if (!STREAMS) FETCH_STORE((to) + column); \
    }

// Stores what no earlier panel holds of a tile's row to its line of the result. A macro, since the epilogue may name kernel
// parameters. Where vectors are never cut the others are not even compiled: what decides costs as much as a tile's sums.
#if COLUMNS % 16 == 0
#define STORE_ROW(sums, to, batch, row) \
    for (int j = 0; j < TILE_VECTORS; j++) { \
        const int column = FIRST_COLUMN(column_panel) + 16 * j; \
        if (column < column_panel * PANEL) continue; \
        const PASTE(OUT_T, 16) stored = EPILOGUE_16(sums[j], batch, row, column); \
        STORE_RESULT((to) + column, stored); \
    }
#else
#define STORE_ROW(sums, to, batch, row) \
    for (int j = 0; j < TILE_VECTORS; j++) { \
        const int column = FIRST_COLUMN(column_panel) + VECTOR_COLUMN(j); \
        const int from = max(max(column_panel * PANEL, 16 * j) - column, 0); \
        const int end = min(COLUMNS - column, 16); \
        if (from == 0 && end == 16) { \
            const PASTE(OUT_T, 16) stored = EPILOGUE_16(sums[j], batch, row, column); \
            STORE_RESULT((to) + column, stored); \
        } else { \
            const float *lanes = (const float *)&sums[j]; \
            for (int lane = from; lane < end; lane++) \
                (to)[column + lane] = EPILOGUE_1(lanes[lane], batch, row, column + lane); \
        } \
    }
#endif
