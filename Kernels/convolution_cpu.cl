// Two-dimensional, channels-last convolution and its two gradients for CPU-class devices, Float32.
//
//   forward          y[n, oy, ox, :] = Σ over taps t of x[n, oy * STRIDE_Y + dy, ox * STRIDE_X + dx, :] · w[t]
//   input gradient   x[n, iy, ix, :] = Σ over taps t of y[n, (iy - dy) / STRIDE_Y, (ix - dx) / STRIDE_X, :] · w[t]ᵀ
//   weight gradient  w[t][ci][co] = Σ over n, oy, ox of
//                                   x[n, oy * STRIDE_Y + dy, ox * STRIDE_X + dx, ci] * y[n, oy, ox, co]
//
// Forward and input gradient are one kernel: an item sums TILE_ROWS result pixels, neighbours in memory order, times
// TILE_VECTORS float16 of result channels in registers across all taps; a pixel outside the source points at a buffer
// of zeros. The input gradient splits the result into STRIDE_Y * STRIDE_X phases; in each only some taps meet a source
// pixel, at a source stride of one, and the others are passed over.
// With BATCH_INNER a tile's pixels are the same one of neighbouring images: taps outside the images are passed over.
// An input gradient of few channels can be had from the products of each source pixel with all taps' weights (kind 1,
// one tap with TAPS * INPUT_CHANNELS channels): for each line of the result, kind 3 sums what its taps gave it.
// Weight gradient: an item sums TILE_ROWS input channels times TILE_VECTORS float16 of output channels of one tap over
// the pixels, line by line: of each line a tap sees one run of pixels. With SPLITS > 1 each item owns a range of the
// lines, takes them in chunks that stay in the cache, and sums all tiles into a partial result of its own, which a
// second kernel adds in a fixed order. With GATHER the taps of few input channels share a tile: what they see from the
// pixels of a chunk is copied out first. With PACK and one split both images are copied first, in the order in which a tap
// sees them.
// No local memory, no barriers; nothing outside the operands is touched; every element gets its epilogue once.
//
// The text is included once for each convolution; it undefines all its macros, the given ones too, at its end.
// Its kernels are declared as work.cl says. convolution_sizes.cl comes before; tile_cpu.cl, convolution_cpu_pixels.cl,
// convolution_cpu_weights.cl, column_sums_cpu.cl, convolution_cpu_weights_split.cl and undefine.cl go on here.
//
// MACROS (all integers are plain decimal literals)
//   PREFIX                            begins every name defined here, e.g. c12_               (default convolution_)
//   KIND                              0 forward, 1 input gradient, 2 weight gradient, 3 input gradient from products
//                                     (0)
//   BATCH HEIGHT WIDTH INPUT_CHANNELS OUTPUT_HEIGHT OUTPUT_WIDTH OUTPUT_CHANNELS STRIDE_Y STRIDE_X
//                                     the geometry, all >= 1                                  (1 8 8 16 8 8 16 1 1)
//   TAPS TAP_LIST                     their number, and dy, dx of each, separated by commas, without braces: for two
//                                     taps -1,0,0,1                                           (1  0,0)
//   TILE_ROWS                         rows of a tile, at least 1; kind 2: at most INPUT_CHANNELS, or with GATHER
//                                     TAPS * INPUT_CHANNELS; with TILE_VECTORS, 25 vectors at the most       (6)
//   TILE_VECTORS                      float16 columns of a tile, 1...V, see below             (1)
//   PACK                              1: the second operand is first packed into scratch; kind 0: may be, must be where
//                                     OUTPUT_CHANNELS < 16; kind 1: must be; kind 2: must be where OUTPUT_CHANNELS < 16,
//                                     may be where SPLITS is 1                                (1 for kind 1, else 0)
//   ACROSS                            kinds 0, 1: 1 for items that go through all tiles of their pixels   (0)
//   BATCH_INNER                       kinds 0, 1: 1 to order the pixels by place, then by image           (0)
//   FLAT                              kind 3: 1 where the epilogue counts all elements as columns of one row  (0)
//   RUN                               kind 3: taps in a row that are neighbours of one line: divides TAPS; each RUN of
//                                     them has one dy, and a dx that grows by one             (1)
//   MARGIN REACH                      kind 3: pixels that the taps reach to the left of a line, and its own with those
//                                     to its right: max(0, -least dx), and
//                                     max(WIDTH, (OUTPUT_WIDTH - 1) * STRIDE_X + greatest dx + 1)  (0 WIDTH)
//   CHUNK                             kind 2: lines of y in a chunk                           (1)
//   SPLITS                            kind 2: ranges that the chunks are divided into,
//                                     1...ceil(BATCH * OUTPUT_HEIGHT / CHUNK)                 (1)
//   GATHER                            kind 2 with SPLITS > 1: 1 for tiles that go over all taps            (0)
//   SUMS                              kind 2 with SPLITS > 1: 1 to sum y over its pixels, too: the gradient of a bias
//                                     (0)
//   OUT_T                             element type of the result: float, int, uchar           (float)
//   EPILOGUE_PARAMETERS EPILOGUE_1(acc, batch, row, col) EPILOGUE_16(...)
//                                     given together or not at all; batch is 0; row is the pixel (n * H + y) * W + x of
//                                     the result, or tap * INPUT_CHANNELS + ci; EPILOGUE_4, _8 may be given and are not
//                                     used
//   EPILOGUE_FETCH(batch, row, col)   asks early for what EPILOGUE_16 will load and store     (nothing)
//
// KERNELS. The local size is (1, 1, 1) for all. Offsets are in elements. RESULT_CHANNELS is OUTPUT_CHANNELS for kinds 0
// and 2 and INPUT_CHANNELS for kind 1; SOURCE_CHANNELS is the other one; V = ceil(RESULT_CHANNELS/16),
// CP = ceil(V / TILE_VECTORS), PIXELS = BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH.
//   PREFIX##pack       (only with PACK)
//     (const float *second, uint second_offset, float *packed, uint packed_offset)
//     kinds 0, 1: global (TAPS * ceil(SOURCE_CHANNELS/16), CP, 1); packed holds
//                 CP * TAPS * SOURCE_CHANNELS * TILE_VECTORS * 16 floats
//     kind 2:     global (ceil(PIXELS/64), 1, 1); packed holds PIXELS * CP * TILE_VECTORS * 16 floats
//   PREFIX##pack_first (kind 2 with PACK and SPLITS == 1)      global (BATCH * HEIGHT, 1, 1)
//     (const float *first, uint first_offset, float *packed, uint packed_offset)
//     packed holds RP * TILE_ROWS * BATCH * ceil(HEIGHT/STRIDE_Y) * STRIDE_Y * ceil(WIDTH/STRIDE_X) * STRIDE_X floats
//   PREFIX##convolve   (kinds 0, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset, const float *zeros,
//      OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     zeros is any buffer that begins with SOURCE_CHANNELS zeros: one, filled once, serves all convolutions
//     kind 0: global (ceil(BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH / TILE_ROWS), CP, 1)
//     kind 1: global (ceil(BATCH * ceil(HEIGHT/STRIDE_Y) * ceil(WIDTH/STRIDE_X) / TILE_ROWS), CP, STRIDE_Y * STRIDE_X)
//     with ACROSS the second is 1
//   PREFIX##convolve   (kind 2, SPLITS == 1)   global (RP, CP, PANEL_TAPS) with RP = ceil(INPUT_CHANNELS / TILE_ROWS)
//     and PANEL_TAPS = TAPS, or with GATHER RP = ceil(TAPS * INPUT_CHANNELS / TILE_ROWS) and PANEL_TAPS = 1
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//   PREFIX##collect    (kind 3)    global (HEIGHT, BATCH, 1)
//     (const float *products, uint products_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     products is [BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH, TAPS, INPUT_CHANNELS]
//   PREFIX##partial    (kind 2, SPLITS > 1)    global (SPLITS, 1, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      float *partials, uint partials_offset)
//     partials holds SPLITS * PANEL_TAPS * CP * RP * TILE_ROWS * TILE_VECTORS * 16 floats, and with SUMS
//     SPLITS * V * 16 more
//   PREFIX##reduce     (kind 2, SPLITS > 1)    global (RP, CP, PANEL_TAPS)
//     (const float *partials, uint partials_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     with SUMS (float *sums, uint sums_offset), [OUTPUT_CHANNELS], after result_offset; the epilogue may read nothing of it
//   first and second are the step's operands: (x, w), (y, w), (x, y); with PACK, second is the packed copy and its
//   offset, and first too where there is pack_first. Order: those, then convolve, or partial and reduce.
//
// WHICH TO CHOOSE (units: the device's compute units; V = ceil(RESULT_CHANNELS/16))
//   PACK: as needed, and for kind 0 where OUTPUT_CHANNELS > 128, or with ACROSS and 4096 result pixels and more;
//     for kind 2 where OUTPUT_CHANNELS >= 128 with SPLITS 1.
//   tile (VectorRegisters.swift): 6x1 with 16 registers of 8 lanes. With 32 of 16 lanes by V: 1: 12x1, 2: 12x2,
//     3: 8x3, 4: 6x4, 5: 5x5, more: 6x4 where 4 divides V, else 12x2 where 2 does, else 5x5 where 5 does, else 8x3
//     where 3 does, else 6x4.
//     With BATCH_INNER at most 8 rows in images of up to 64 pixels, which are often a power of two apart, so that their
//     lines share a set of the cache; 8x2 where 8 divides BATCH < 48 and 2 divides V: no tile has pixels of two places.
//     Kind 2: TILE_VECTORS as above, with 24x1 (6x1) for V = 1; then as many rows as divide the panel's rows most
//     evenly: ceil(R / ceil(R / TILE_ROWS)) for R rows.
//   BATCH_INNER: BATCH >= 8, more than a tenth of all taps outside the images, and OUTPUT_HEIGHT * OUTPUT_WIDTH <= 64 or
//     registers of 16 lanes.
//   Kind 3: INPUT_CHANNELS < 16, at most half of OUTPUT_CHANNELS, and the products at most twice the larger image; and
//     where a window that is the whole image (whose products are the result) has an epilogue for each pixel or channel.
//   CHUNK, kind 2: lines that make up 8192 / (INPUT_CHANNELS + OUTPUT_CHANNELS) pixels, 64...512 of them; rounded up.
//   GATHER: INPUT_CHANNELS < 4 with SPLITS > 1 and TAPS * INPUT_CHANNELS * CHUNK * OUTPUT_WIDTH <= 16384.
//   SPLITS, kind 2: 1 where PIXELS < 1024 or TAPS * INPUT_CHANNELS * OUTPUT_CHANNELS > 262144;
//     else min(units, ceil(BATCH * OUTPUT_HEIGHT / CHUNK)).
//   ACROSS: with 16 registers of 8 lanes, where CP > 1, TAPS * INPUT_CHANNELS * OUTPUT_CHANNELS <= 262144, and the first
//     of the kernel's global sizes times its last is 8 * units or more.
//   These are the rules where nothing is known of a shape. KIND, CHUNK, SPLITS and GATHER decide the order of the sums
//   and are always chosen by them; tile, packing, BATCH_INNER and ACROSS change the time and no bit of the result (of
//   finite operands), and are what the tuner tries (ConvolutionChoice.swift).
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
#define TILE_ROWS 6
#endif
#ifndef TILE_VECTORS
#define TILE_VECTORS 1
#endif
#ifndef PACK
#define PACK (KIND == 1)
#endif
#ifndef BATCH_INNER
#define BATCH_INNER 0
#endif
#ifndef ACROSS
#define ACROSS 0
#endif
#ifndef FLAT
#define FLAT 0
#endif
#ifndef RUN
#define RUN 1
#endif
#ifndef MARGIN
#define MARGIN 0
#endif
#ifndef REACH
#define REACH WIDTH
#endif
#ifndef SPLITS
#define SPLITS 1
#endif
#ifndef CHUNK
#define CHUNK 1
#endif
#ifndef SUMS
#define SUMS 0
#endif
#ifndef GATHER
#define GATHER 0
#endif
#ifndef OUT_T
#define OUT_T float
#endif
#ifndef EPILOGUE_1
#define EPILOGUE_PARAMETERS
#define EPILOGUE_1(acc, batch, row, col) (acc)
#define EPILOGUE_16(acc, batch, row, col) (acc)
#endif
#ifndef EPILOGUE_FETCH
#define EPILOGUE_FETCH(batch, row, col)
#endif

#define PASTE_TEXT(x, y) x##y
#define PASTE(x, y) PASTE_TEXT(x, y)
#define KERNEL(name) PASTE(PREFIX, name)

#define PIXELS (BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH)
#define PACK_PIXELS 64

__constant int KERNEL(taps)[2 * TAPS] = {TAP_LIST};
#define TAP_Y(tap) KERNEL(taps)[2 * (tap)]
#define TAP_X(tap) KERNEL(taps)[2 * (tap) + 1]
