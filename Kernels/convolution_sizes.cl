// Begins convolution_cpu.cl, convolution_gpu.cl and winograd_cpu.cl, of whose macros it takes the geometry: the image that a
// kind reads its pixels from, and its result as rows and columns.
#if KIND == 1 || KIND == 3
#define SOURCE_HEIGHT OUTPUT_HEIGHT
#define SOURCE_WIDTH OUTPUT_WIDTH
#define SOURCE_CHANNELS OUTPUT_CHANNELS
#define RESULT_HEIGHT HEIGHT
#define RESULT_WIDTH WIDTH
#define COLUMNS INPUT_CHANNELS
#else
#define SOURCE_HEIGHT HEIGHT
#define SOURCE_WIDTH WIDTH
#define SOURCE_CHANNELS INPUT_CHANNELS
#define RESULT_HEIGHT OUTPUT_HEIGHT
#define RESULT_WIDTH OUTPUT_WIDTH
#define COLUMNS OUTPUT_CHANNELS
#endif
#if KIND == 2
#define RESULT_ROWS (TAPS * INPUT_CHANNELS)
#else
#define RESULT_ROWS (BATCH * RESULT_HEIGHT * RESULT_WIDTH)
#endif
