// Panels for the products of a raster scan on CPU-class devices, as raster_scan_cpu.cl reads them:
// [batch][panel][depth][width], zero beyond the last column.
//
// Included once for each raster scan, before its functions. Names are LOCAL(name).
//
// FUNCTION
//   LOCAL(pack)(const float *b, float *packed_b, long row_stride, long column_stride, long batch_stride, int depth,
//     int columns, int width, int panel)
//                                     writes one panel; panel counts through those of all matrices of the batch

static void LOCAL(pack)(
    __global const float *b, __global float *packed_b, const long row_stride, const long column_stride,
    const long batch_stride, const int depth, const int columns, const int width, const int panel)
{
    const int panels = (columns + width - 1) / width, first = panel % panels * width;
    const int count = min(width, columns - first);
    b += panel / panels * batch_stride + first * column_stride;
    packed_b += (long)panel * depth * width;
    for (int k = 0; k < depth; k++, packed_b += width)
        for (int column = 0; column < width; column++)
            packed_b[column] = column < count ? b[k * row_stride + column * column_stride] : 0.0f;
}
