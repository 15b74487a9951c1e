// The pixel loop of an autoregressive sampler, or a recurrence (rows alone, a row a step), in one launch: for every row,
// and then for every column of it, a program of calls, each of them one step written as a function. A work-group runs one
// instance from the first pixel to the last, so that nothing but its own barriers orders its steps.
//
// The text is included once for each raster scan; it undefines the given macros at its end. Names are LOCAL(name).
// Its kernels are declared as work.cl says.
//
// GIVEN before it, generated from the scan
//   GROUP                          1 where a work-group has many items, which share each call and meet at a barrier
//                                  after it; 0 where it has one                                              (0)
//   ROWS COLUMNS PERIOD            the positions, and after how many the choice of programs repeats
//   PROGRAMS                       how many there are; the number itself stands for none of them
//   PLACES MOVING_PLACES           addresses that calls take; those of them that move from column to column, + 1
//   BUFFERS BUFFER_NAMES           the kernel's parameters, without a comma before them, and their names: buffers, and for
//                                  few places the byte offsets at which these begin
//   calls[]                        the calls of all programs: a function's number, and the places of its pointers
//   call_words[]                   how many numbers the call of a function is
//   first_call[], end_call[]       where in calls each program's begin and end; from PROGRAMS + 1 on, those of the
//                                  programs' last runs, which may have more to do
//   last_run[]                     which run is the last: row * (COLUMNS + 1) + column + 1, or without the column for
//                                  the program of a row
//   row_programs[PERIOD]           the program that runs at the beginning of a row
//   pixel_programs[PERIOD * PERIOD]
//   enter_scan(place, row_place, instance, buffers), enter_row(place, row_place, row, instance, buffers),
//   enter_column(place, row_place, column)
//                                  put the addresses of the present position into place[PLACES]; row_place holds those
//                                  of the row's beginning for places that move on
//   run(call, place)               calls the function
//   INLINE                         makes a function static and always inlined
//
// KERNELS
//   LOCAL(copy0), LOCAL(copy1), ...
//                                  generated; before the other: they copy what stays as it is during the scan into one
//                                  buffer, products' right operands as raster_scan_pack.cl writes them. Global:
//                                  (any, the entries of the part); local size: GROUP ? any : 1
//     (const uchar *buffer0, ..., float *constants, and for few entries long offset0, ...)
//   KERNEL_NAME                    a work-group an instance; local size: GROUP ? any power of two : 1. With GROUP, local
//                                  memory holds (PLACES + MOVING_PLACES) addresses
//     (BUFFERS)
//   Buffers are bytes, uchar *, in the order of their first use.
#if GROUP
#define MEET barrier(CLK_GLOBAL_MEM_FENCE | CLK_LOCAL_MEM_FENCE);
#define FIRST_ITEM get_local_id(0) == 0
#define INSTANCE GROUP_ID(0)
#else
#define MEET
#define FIRST_ITEM 1
#define INSTANCE ITEM_ID(0)
#endif

#if GROUP
GROUP_MEMORY(KERNEL_NAME, (PLACES + MOVING_PLACES) * sizeof(__global uchar *));
#endif
WORK_FUNCTION void KERNEL_NAME(ITEM_PARAMETERS BUFFERS)
{
    const int instance = INSTANCE;
#if GROUP
    __global uchar *__local *place = (__global uchar *__local *)group_memory, *__local *row_place = place + PLACES;
#else
    __global uchar *place[PLACES], *row_place[MOVING_PLACES];
#endif
    if (FIRST_ITEM) LOCAL(enter_scan)(place, row_place, instance, BUFFER_NAMES);
    for (int row = 0; row < ROWS; row++) {
        if (FIRST_ITEM) LOCAL(enter_row)(place, row_place, row, instance, BUFFER_NAMES);
        // Before the first column, the row's own program.
        for (int position = -1; position < COLUMNS; position++) {
            int program = position < 0
                ? LOCAL(row_programs)[row % PERIOD]
                : LOCAL(pixel_programs)[row % PERIOD * PERIOD + position % PERIOD];
            if (LOCAL(last_run)[program] == row * (COLUMNS + 1) + position + 1) program += PROGRAMS + 1;
            if (FIRST_ITEM) LOCAL(enter_column)(place, row_place, max(position, 0));
            MEET
            const int end = LOCAL(end_call)[program];
            for (int call = LOCAL(first_call)[program]; call < end; call += LOCAL(call_words)[LOCAL(calls)[call]]) {
                LOCAL(run)(LOCAL(calls) + call, place);
                MEET
            }
        }
    }
}

#undef GROUP
#undef ROWS
#undef COLUMNS
#undef PERIOD
#undef PROGRAMS
#undef PLACES
#undef MOVING_PLACES
#undef BUFFERS
#undef BUFFER_NAMES
#undef MEET
#undef FIRST_ITEM
#undef INSTANCE
#undef INLINE
