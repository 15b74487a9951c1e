#include "CLBlastPeer.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The parts of the OpenCL and CLBlast interfaces that are used.
typedef int32_t code;
typedef void *handle;
enum { device_type_all = -1, device_name_query = 0x102B, memory_read_write = 1 };
enum { row_major = 101, no_transpose = 111, transposed = 112 };

struct clblast_peer {
    handle context, queue;
    handle a, b, c;
    size_t rows, columns, depth;
    bool is_transposed;
    code (*release_context)(handle);
    code (*release_queue)(handle);
    code (*release_memory)(handle);
    handle (*create_buffer)(handle, uint64_t, size_t, void *, code *);
    code (*fill)(handle, handle, const void *, size_t, size_t, size_t, uint32_t, const handle *, handle *);
    code (*finish)(handle);
    code (*product)(int, int, int, size_t, size_t, size_t, float, handle, size_t, size_t, handle, size_t, size_t, float,
                    handle, size_t, size_t, handle *, handle *);
};

static handle find_device(void *opencl, const char *name) {
    code (*platforms)(uint32_t, handle *, uint32_t *) = dlsym(opencl, "clGetPlatformIDs");
    code (*devices)(handle, uint64_t, uint32_t, handle *, uint32_t *) = dlsym(opencl, "clGetDeviceIDs");
    code (*information)(handle, uint32_t, size_t, void *, size_t *) = dlsym(opencl, "clGetDeviceInfo");
    handle all[16], found[16];
    uint32_t platform_count = 0, count = 0;
    if (!platforms || !devices || !information || platforms(16, all, &platform_count) != 0) return NULL;
    for (uint32_t p = 0; p < platform_count && p < 16; p++) {
        if (devices(all[p], (uint32_t)device_type_all, 16, found, &count) != 0) continue;
        for (uint32_t d = 0; d < count && d < 16; d++) {
            char text[256] = "";
            if (information(found[d], device_name_query, sizeof text, text, NULL) == 0 && strcmp(text, name) == 0)
                return found[d];
        }
    }
    return NULL;
}

static void release_operands(clblast_peer *peer) {
    handle *operands[] = {&peer->a, &peer->b, &peer->c};
    for (int i = 0; i < 3; i++) {
        if (*operands[i]) peer->release_memory(*operands[i]);
        *operands[i] = NULL;
    }
}

clblast_peer *clblast_peer_open(const char *device_name) {
    void *opencl = dlopen("libOpenCL.so.1", RTLD_NOW), *clblast = dlopen("libclblast.so.1", RTLD_NOW);
    if (!opencl || !clblast) return NULL;
    handle device = find_device(opencl, device_name);
    handle (*create_context)(const intptr_t *, uint32_t, const handle *, void *, void *, code *) =
        dlsym(opencl, "clCreateContext");
    handle (*create_queue)(handle, handle, uint64_t, code *) = dlsym(opencl, "clCreateCommandQueue");
    clblast_peer *peer = calloc(1, sizeof *peer);
    if (!peer) return NULL;
    peer->release_context = dlsym(opencl, "clReleaseContext");
    peer->release_queue = dlsym(opencl, "clReleaseCommandQueue");
    peer->release_memory = dlsym(opencl, "clReleaseMemObject");
    peer->create_buffer = dlsym(opencl, "clCreateBuffer");
    peer->fill = dlsym(opencl, "clEnqueueFillBuffer");
    peer->finish = dlsym(opencl, "clFinish");
    peer->product = dlsym(clblast, "CLBlastSgemm");
    code problem = 0;
    if (device && create_context && create_queue && peer->create_buffer && peer->fill && peer->finish && peer->product) {
        peer->context = create_context(NULL, 1, &device, NULL, NULL, &problem);
        if (peer->context) peer->queue = create_queue(peer->context, device, 0, &problem);
    }
    if (peer->queue) return peer;
    clblast_peer_close(peer);
    return NULL;
}

void clblast_peer_close(clblast_peer *peer) {
    release_operands(peer);
    if (peer->queue) peer->release_queue(peer->queue);
    if (peer->context) peer->release_context(peer->context);
    free(peer);
}

bool clblast_peer_prepare(clblast_peer *peer, size_t rows, size_t columns, size_t depth, bool is_transposed) {
    release_operands(peer);
    peer->rows = rows, peer->columns = columns, peer->depth = depth, peer->is_transposed = is_transposed;
    const size_t bytes[] = {4 * rows * depth, 4 * depth * columns, 4 * rows * columns};
    handle *operands[] = {&peer->a, &peer->b, &peer->c};
    const float value = 0.5f;
    for (int i = 0; i < 3; i++) {
        code problem = 0;
        *operands[i] = peer->create_buffer(peer->context, memory_read_write, bytes[i], NULL, &problem);
        if (!*operands[i]) return false;
        if (peer->fill(peer->queue, *operands[i], &value, sizeof value, 0, bytes[i], 0, NULL, NULL) != 0) return false;
    }
    return clblast_peer_finish(peer);
}

bool clblast_peer_product(clblast_peer *peer) {
    return peer->product(row_major, peer->is_transposed ? transposed : no_transpose, no_transpose, peer->rows,
                         peer->columns, peer->depth, 1, peer->a, 0, peer->is_transposed ? peer->rows : peer->depth,
                         peer->b, 0, peer->columns, 0, peer->c, 0, peer->columns, &peer->queue, NULL) == 0;
}

bool clblast_peer_finish(clblast_peer *peer) { return peer->finish(peer->queue) == 0; }
