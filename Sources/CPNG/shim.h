#include <png.h>

// The constants of the simplified interface that Swift does not see, since they are written with casts or other macros.
static const png_uint_32 PNG_COLOR_FLAG = PNG_FORMAT_FLAG_COLOR;
static const png_uint_32 PNG_GREY = PNG_FORMAT_GRAY;
static const png_uint_32 PNG_RGB = PNG_FORMAT_RGB;
static const png_uint_32 PNG_16_BIT_IS_SRGB = PNG_IMAGE_FLAG_16BIT_sRGB;
