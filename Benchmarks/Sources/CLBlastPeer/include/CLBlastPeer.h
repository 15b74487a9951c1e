#pragma once
#include <stdbool.h>
#include <stddef.h>

/// CLBlast, found at run time, on one OpenCL device.
typedef struct clblast_peer clblast_peer;

/// Opens the first device of this name; NULL where CLBlast, OpenCL or the device is missing.
clblast_peer *clblast_peer_open(const char *device_name);
void clblast_peer_close(clblast_peer *peer);

/// Takes memory for a product of `[rows, depth]`, stored transposed or not, and `[depth, columns]`.
bool clblast_peer_prepare(clblast_peer *peer, size_t rows, size_t columns, size_t depth, bool is_transposed);
/// Queues the product.
bool clblast_peer_product(clblast_peer *peer);
/// Waits for the queue.
bool clblast_peer_finish(clblast_peer *peer);
