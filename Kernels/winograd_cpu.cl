// Convolutions by minimal filtering for CPU-class devices, Float32: fewer multiplications than taps (Winograd 1980; Lavin
// and Gray 2016, "Fast Algorithms for Convolutional Neural Networks").
//
//   S results of R taps in a row        A [(G w) * (B x)]      S + R - 1 products instead of S R
//   R taps of S results' gradients      Gᵀ [(Aᵀ y) * (B x)]    the same
//
// of which row i belongs to a number p: A has its powers, G and B what interpolates there. S is 2 or 4, R 2 or 3. The
// numbers are 0, 1 and infinity for S + R - 1 = 3; with -1 for 4; with 2, too, for 5; and 0, 1, -1, 1/2, -2 and infinity
// for 6: winograd_cpu_lines.cl has the rows.
//
// The same along both sides of an image: a tile of S x S results takes (S + R - 1)^2 products, each of them a matrix
// product over the channels of all tiles. A window of stride two is four windows, one for each parity of the pixels it
// sees: their products are added up (forward), or make results of their own (gradients).
//
// Kinds 0, 1: an item has ROWS tiles and PANELS column panels. It transforms DEPTH channels of the pixels of all its tiles
// and of the weights, unless a kernel before has done that (AHEAD), adds their products to all its sums, register tile by
// register tile, and so on for the rest of the channels; at last it transforms the sums. Kind 2: an item has CHANNELS input
// channels and PANELS column panels of one of the windows, and goes through the tiles, DEPTH of them at a time; with
// SPLITS > 1 through a range of them, and a second kernel adds what all ranges gave, in a fixed order. With each register
// tile they ask for a few of the lines of memory that come next: pixels are far apart, and there is time for all to arrive.
// No local memory, no barriers; nothing outside the operands is touched; every element gets its epilogue once. What an
// item keeps is private memory, about as much as the second cache holds: with 128 columns 0.6 MB for 9 products, 1.0 to
// 1.6 MB for 16 to 36 of the kinds 0 and 1, up to 2 MB for those of kind 2; with 64 columns half to two thirds of it.
//
// The text is included once for each convolution; it undefines all its macros, the given ones too, at its end.
// Its kernels are declared as work.cl says. convolution_sizes.cl comes before; tile_cpu.cl, winograd_cpu_lines.cl,
// winograd_cpu_pixels.cl, column_sums_cpu.cl, winograd_cpu_weights.cl and undefine.cl go on here.
//
// MACROS (all integers are plain decimal literals), as in convolution_cpu.cl where not said otherwise
//   PREFIX KIND BATCH HEIGHT WIDTH INPUT_CHANNELS OUTPUT_HEIGHT OUTPUT_WIDTH OUTPUT_CHANNELS TAPS OUT_T EPILOGUE_...
//                          both channels are multiples of 16
//   STRIDE_Y STRIDE_X      1 or 2, the same of both sides: STRIDE below
//   WINDOW_Y WINDOW_X      sides of the window: 2 or 3 times STRIDE
//   LEAST_Y LEAST_X        where it begins: the least dy and dx
//   TAP_LIST               for each place of the window, line by line, the number of its tap, or -1 for none
//   EPILOGUE_FETCH(batch, row, col)  kinds 0, 1: asks early for what EPILOGUE_16 will load and store  (nothing)
//   SIDE                   results, or gradients of results, along each side of a tile: 2 or 4
//   TILE_ROWS TILE_VECTORS rows and float16 columns of a register tile; 16 * TILE_VECTORS divides the result's channels
//   PANELS                 column panels of 16 * TILE_VECTORS columns that an item has
//   ROWS                   kinds 0, 1: tiles of an item, a multiple of TILE_ROWS
//   DEPTH                  kinds 0, 1: channels that are transformed at a time, a multiple of 16 that divides the
//                          source's; kind 2: tiles
//   AHEAD                  kinds 0, 1: 1 where the weights are transformed by a kernel of their own, once for all items  (0)
//   CHANNELS               kind 2: input channels of an item, a multiple of 16
//   SPLITS                 kind 2: ranges that the tiles are divided into, 1...TILES                       (1)
//   SUMS                   kind 2 with SPLITS > 1: 1 to sum y over its pixels, too: the gradient of a bias (0)
//
// KERNELS. The local size is (1, 1, 1) for all. Offsets are in elements. CP is the number of column panels, P that of
// products, (WINDOW_Y / STRIDE + SIDE - 1) * (WINDOW_X / STRIDE + SIDE - 1), W that of windows, STRIDE * STRIDE, and TILES
// is BATCH times the tiles of an image: each side of the output, or of the input over STRIDE, over SIDE, all rounded up.
//   PREFIX##convolve  kinds 0, 1:             global (ceil(TILES / ROWS), ceil(CP / PANELS), kind 0: 1, kind 1: W)
//                     kind 2, SPLITS == 1:    global (ceil(INPUT_CHANNELS / CHANNELS), ceil(CP / PANELS), W)
//     (const float *first, uint first_offset, const float *second, uint second_offset, const float *zeros,
//      OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     zeros is any buffer that begins with so many zeros as the convolution has channels, on both sides; with AHEAD the
//     second and its offset are those of the transformed weights
//   PREFIX##weights   (AHEAD), before convolve    global (SOURCE_CHANNELS / 16, CP, W)
//     (const float *weights, uint weights_offset, float *transformed, uint transformed_offset)
//     transformed holds W * (SOURCE_CHANNELS / DEPTH) * CP * P * (DEPTH * 16 * TILE_VECTORS + 16) floats
//   PREFIX##partial   (kind 2, SPLITS > 1)    global (ceil(INPUT_CHANNELS / CHANNELS), ceil(CP / PANELS), W * SPLITS)
//     (const float *first, uint first_offset, const float *second, uint second_offset, const float *zeros,
//      float *partials, uint partials_offset)
//     partials holds SPLITS * W * P * INPUT_CHANNELS * OUTPUT_CHANNELS floats, and with SUMS SPLITS * OUTPUT_CHANNELS more
//   PREFIX##reduce    (kind 2, SPLITS > 1)    global (INPUT_CHANNELS / 16, CP, W)
//     (const float *partials, uint partials_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     with SUMS (float *sums, uint sums_offset), [OUTPUT_CHANNELS], after result_offset; the epilogue may read nothing of it
//
// WHICH TO CHOOSE (units: the device's compute units; V = ceil(result's channels / 16))
//   These kernels: 32 channels and more on both sides, 64 tiles and more, an item for each unit, and with the pixels outside
//     the images left out 1.2 times as many multiplications by taps as by products. Not where each pixel has to have the
//     bits that a sampler computes.
//   SIDE: 4 where it makes 1.2 times fewer multiplications than 2.
//   tile (VectorRegisters.swift): 6x1 with 16 registers of 8 lanes; with 32 of 16 lanes 4x4, 8x2, 5x3 or 8x1, whichever
//     leaves the least empty of ROWS, or CHANNELS, and V.
//   AHEAD: where the blocks of tiles but three, times W, P and both channels, are 500000 * units and more (what each unit
//     would transform again), and the transformed weights take no more than 16 MB. ROWS: 64 with SIDE 2, 32 with 4; with
//     AHEAD half of that where they take no more than 4 MB; rounded up to whole tiles. DEPTH: 64, or the greatest multiple of
//     16 below it that divides the source's channels; kind 2: 64 with SIDE 2, 24 with 4. CHANNELS: 64.
//   PANELS: 64 columns; with 16 lanes 128 where they are a multiple of it and that leaves 2 * units items.
//   SPLITS: ceil(2 * units / items without it), but ranges of fewer than 1024 results only so that each unit has an item.
//   SIDE and SPLITS decide the order of the sums, and are always chosen by their rules; the rest changes no bit of the result.

#ifndef EPILOGUE_1
#define EPILOGUE_PARAMETERS
#define EPILOGUE_1(acc, batch, row, col) (acc)
#define EPILOGUE_16(acc, batch, row, col) (acc)
#endif
#ifndef OUT_T
#define OUT_T float
#endif
#ifndef EPILOGUE_FETCH
#define EPILOGUE_FETCH(batch, row, col)
#endif
#ifndef AHEAD
#define AHEAD 0
#endif
#ifndef SPLITS
#define SPLITS 1
#endif
#ifndef SUMS
#define SUMS 0
#endif

#define PASTE_TEXT(x, y) x##y
#define PASTE(x, y) PASTE_TEXT(x, y)
#define KERNEL(name) PASTE(PREFIX, name)

#define STRIDE STRIDE_Y
// Taps of one window along each side, their products, and those of a tile.
#define TAPS_Y (WINDOW_Y / STRIDE)
#define TAPS_X (WINDOW_X / STRIDE)
#define PRODUCTS_Y (TAPS_Y + SIDE - 1)
#define PRODUCTS_X (TAPS_X + SIDE - 1)
#define PRODUCTS (PRODUCTS_Y * PRODUCTS_X)
#define RESULTS (SIDE * SIDE)
// Tiles of an image.
#if KIND == 1
#define TILES_Y ((HEIGHT + SIDE * STRIDE - 1) / (SIDE * STRIDE))
#define TILES_X ((WIDTH + SIDE * STRIDE - 1) / (SIDE * STRIDE))
#else
#define TILES_Y ((OUTPUT_HEIGHT + SIDE - 1) / SIDE)
#define TILES_X ((OUTPUT_WIDTH + SIDE - 1) / SIDE)
#endif
#define TILES (BATCH * TILES_Y * TILES_X)

__constant int KERNEL(taps)[WINDOW_Y * WINDOW_X] = {TAP_LIST};
// The number of tap (y, x) of a window.
#define TAP(window_y, window_x, y, x) \
    KERNEL(taps)[((y) * STRIDE + (window_y)) * WINDOW_X + (x) * STRIDE + (window_x)]

// For column_sums_cpu.cl.
#define SPLIT_SIZE ((size_t)STRIDE * STRIDE * PRODUCTS * INPUT_CHANNELS * COLUMNS)
#define SUMS_STRIDE COLUMNS
