// Rows of a table by their indices, and the sum of rows that share one. Both give the same bits every time: each result
// has one owner, which adds in ascending order of the index; there are no atomics. Kernels are declared as work.cl says.
//   E      what one element is moved as: int (4 bytes) or uchar (gather)
//   TILE   (scatter-add) the items of a work-group, where groups have many
//   GPU    defined for such groups; otherwise work-groups have one item, which walks a range of its own

#ifdef GATHER
// out[i, :] = table[indices[i], :], zeros where the index is outside 0 ..< rows.
#ifdef GPU
GROUP_MEMORY(KERNEL_NAME, 0);
#endif
WORK_FUNCTION void KERNEL_NAME(ITEM_PARAMETERS
    const __global E *table, long table_offset, const __global int *indices, long indices_offset, __global E *out,
    long out_offset, long count, long rows, long width, long per_item) {
    table += table_offset;
    indices += indices_offset;
    out += out_offset;
#ifdef GPU
    for (long at = ITEM_ID(0); at < count * width; at += ITEM_COUNT) {
        long i = at / width;
        long row = indices[i];
        out[at] = row >= 0 && row < rows ? table[row * width + at % width] : (E)0;
    }
#else
    long first = ITEM_ID(0) * per_item;
    for (long i = first; i < min(first + per_item, count); ++i) {
        long row = indices[i];
        if (row >= 0 && row < rows) {
            for (long x = 0; x < width; ++x) out[i * width + x] = table[row * width + x];
        } else {
            for (long x = 0; x < width; ++x) out[i * width + x] = 0;
        }
    }
#endif
}
#endif

#ifdef SCATTER_ADD
// out[r, :] = the sum of source[i, :] over i with indices[i] == r.
#ifdef GPU
// A group owns one row of the result and TILE columns, and reads the indices through local memory.
GROUP_MEMORY(KERNEL_NAME, 4 * TILE);
WORK_FUNCTION void KERNEL_NAME(ITEM_PARAMETERS
    const __global float *source, long source_offset, const __global int *indices, long indices_offset,
    __global float *out, long out_offset, long count, long rows, long width, long column_groups, long per_item) {
    source += source_offset;
    indices += indices_offset;
    out += out_offset;
    __local int *tile = (__local int *)group_memory;
    long row = GROUP_ID(0) / column_groups;
    long column = GROUP_ID(0) % column_groups * TILE + get_local_id(0);
    float sum = 0.0f;
    for (long first = 0; first < count; first += TILE) {
        long mine = first + get_local_id(0);
        tile[get_local_id(0)] = mine < count ? indices[mine] : -1;
        barrier(CLK_LOCAL_MEM_FENCE);
        if (column < width) {
            int stop = (int)min((long)TILE, count - first);
            for (int i = 0; i < stop; ++i) {
                if (tile[i] == row) sum += source[(first + i) * width + column];
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (column < width) out[row * width + column] = sum;
}
#else
// An item owns a block of rows and a block of columns.
WORK_FUNCTION void KERNEL_NAME(ITEM_PARAMETERS
    const __global float *source, long source_offset, const __global int *indices, long indices_offset,
    __global float *out, long out_offset, long count, long rows, long width, long column_groups, long per_item) {
    source += source_offset;
    indices += indices_offset;
    out += out_offset;
    long first_row = ITEM_ID(0) / column_groups * per_item;
    long last_row = min(first_row + per_item, rows);
    long per_column = (width + column_groups - 1) / column_groups;
    long first_column = ITEM_ID(0) % column_groups * per_column;
    long last_column = min(first_column + per_column, width);
    for (long row = first_row; row < last_row; ++row) {
        for (long x = first_column; x < last_column; ++x) out[row * width + x] = 0.0f;
    }
    for (long i = 0; i < count; ++i) {
        long row = indices[i];
        if (row < first_row || row >= last_row) continue;
        for (long x = first_column; x < last_column; ++x) out[row * width + x] += source[i * width + x];
    }
}
#endif
#endif
