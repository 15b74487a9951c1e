#define _GNU_SOURCE
#include "COpenCL.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    __typeof__(tessera_clGetPlatformIDs) *clGetPlatformIDs;
    __typeof__(tessera_clGetPlatformInfo) *clGetPlatformInfo;
    __typeof__(tessera_clGetDeviceIDs) *clGetDeviceIDs;
    __typeof__(tessera_clGetDeviceInfo) *clGetDeviceInfo;
    __typeof__(tessera_clCreateContext) *clCreateContext;
    __typeof__(tessera_clReleaseContext) *clReleaseContext;
    __typeof__(tessera_clCreateCommandQueue) *clCreateCommandQueue;
    __typeof__(tessera_clReleaseCommandQueue) *clReleaseCommandQueue;
    __typeof__(tessera_clCreateBuffer) *clCreateBuffer;
    __typeof__(tessera_clReleaseMemObject) *clReleaseMemObject;
    __typeof__(tessera_clCreateProgramWithSource) *clCreateProgramWithSource;
    __typeof__(tessera_clCreateProgramWithBinary) *clCreateProgramWithBinary;
    __typeof__(tessera_clBuildProgram) *clBuildProgram;
    __typeof__(tessera_clGetProgramInfo) *clGetProgramInfo;
    __typeof__(tessera_clGetProgramBuildInfo) *clGetProgramBuildInfo;
    __typeof__(tessera_clReleaseProgram) *clReleaseProgram;
    __typeof__(tessera_clCreateKernel) *clCreateKernel;
    __typeof__(tessera_clSetKernelArg) *clSetKernelArg;
    __typeof__(tessera_clReleaseKernel) *clReleaseKernel;
    __typeof__(tessera_clEnqueueNDRangeKernel) *clEnqueueNDRangeKernel;
    __typeof__(tessera_clEnqueueReadBuffer) *clEnqueueReadBuffer;
    __typeof__(tessera_clEnqueueWriteBuffer) *clEnqueueWriteBuffer;
    __typeof__(tessera_clGetEventInfo) *clGetEventInfo;
    __typeof__(tessera_clReleaseEvent) *clReleaseEvent;
    __typeof__(tessera_clFlush) *clFlush;
    __typeof__(tessera_clFinish) *clFinish;
} opencl;
static char problem[256];
static bool loaded = false;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find(void *library, const char *name, void **place) {
    *place = dlsym(library, name);
    if (*place == NULL) {
        const char *advice = "install a current loader (Debian: ocl-icd-libopencl1)";
        snprintf(problem, sizeof problem, "libOpenCL has no %s; %s", name, advice);
        loaded = false;
    }
}

static void load(void) {
    // PoCL reads these when it starts. Workers tied to cores keep two of them from sharing one; without specialisation
    // a kernel is compiled once for all grid sizes. Other platforms ignore them, and a user's own setting is kept.
    setenv("POCL_AFFINITY", "1", 0);
    setenv("POCL_WORK_GROUP_SPECIALIZATION", "0", 0);
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) library = dlopen("libOpenCL.so", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(problem, sizeof problem, "no OpenCL loader (libOpenCL.so.1) is installed; Debian: ocl-icd-libopencl1");
        return;
    }
    loaded = true;
#define FIND(name) find(library, #name, (void **)&opencl.name)
    FIND(clGetPlatformIDs);
    FIND(clGetPlatformInfo);
    FIND(clGetDeviceIDs);
    FIND(clGetDeviceInfo);
    FIND(clCreateContext);
    FIND(clReleaseContext);
    FIND(clCreateCommandQueue);
    FIND(clReleaseCommandQueue);
    FIND(clCreateBuffer);
    FIND(clReleaseMemObject);
    FIND(clCreateProgramWithSource);
    FIND(clCreateProgramWithBinary);
    FIND(clBuildProgram);
    FIND(clGetProgramInfo);
    FIND(clGetProgramBuildInfo);
    FIND(clReleaseProgram);
    FIND(clCreateKernel);
    FIND(clSetKernelArg);
    FIND(clReleaseKernel);
    FIND(clEnqueueNDRangeKernel);
    FIND(clEnqueueReadBuffer);
    FIND(clEnqueueWriteBuffer);
    FIND(clGetEventInfo);
    FIND(clReleaseEvent);
    FIND(clFlush);
    FIND(clFinish);
#undef FIND
}

bool tessera_opencl_load(void) {
    pthread_once(&once, load);
    return loaded;
}

const char *tessera_opencl_problem(void) {
    tessera_opencl_load();
    return problem;
}

cl_int tessera_clGetPlatformIDs(cl_uint count, cl_platform_id *platforms, cl_uint *found) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clGetPlatformIDs(count, platforms, found);
}

cl_int tessera_clGetPlatformInfo(cl_platform_id platform, cl_platform_info what, size_t size, void *value,
    size_t *found) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clGetPlatformInfo(platform, what, size, value, found);
}

cl_int tessera_clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint count, cl_device_id *devices,
    cl_uint *found) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clGetDeviceIDs(platform, type, count, devices, found);
}

cl_int tessera_clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t size, void *value, size_t *found) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clGetDeviceInfo(device, what, size, value, found);
}

cl_context tessera_clCreateContext(const cl_context_properties *properties, cl_uint count, const cl_device_id *devices,
    tessera_context_callback callback, void *user, cl_int *code) {
    if (!tessera_opencl_load()) {
        *code = TESSERA_NO_LOADER;
        return NULL;
    }
    return opencl.clCreateContext(properties, count, devices, callback, user, code);
}

cl_int tessera_clReleaseContext(cl_context context) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clReleaseContext(context);
}

cl_command_queue tessera_clCreateCommandQueue(cl_context context, cl_device_id device,
    cl_command_queue_properties properties, cl_int *code) {
    if (!tessera_opencl_load()) {
        *code = TESSERA_NO_LOADER;
        return NULL;
    }
    return opencl.clCreateCommandQueue(context, device, properties, code);
}

cl_int tessera_clReleaseCommandQueue(cl_command_queue queue) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clReleaseCommandQueue(queue);
}

cl_mem tessera_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code) {
    if (!tessera_opencl_load()) {
        *code = TESSERA_NO_LOADER;
        return NULL;
    }
    return opencl.clCreateBuffer(context, flags, size, host, code);
}

cl_int tessera_clReleaseMemObject(cl_mem memory) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clReleaseMemObject(memory);
}

cl_program tessera_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
    const size_t *lengths, cl_int *code) {
    if (!tessera_opencl_load()) {
        *code = TESSERA_NO_LOADER;
        return NULL;
    }
    return opencl.clCreateProgramWithSource(context, count, texts, lengths, code);
}

cl_program tessera_clCreateProgramWithBinary(cl_context context, cl_uint count, const cl_device_id *devices,
    const size_t *lengths, const unsigned char **binaries, cl_int *status, cl_int *code) {
    if (!tessera_opencl_load()) {
        *code = TESSERA_NO_LOADER;
        return NULL;
    }
    return opencl.clCreateProgramWithBinary(context, count, devices, lengths, binaries, status, code);
}

cl_int tessera_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
    tessera_build_callback callback, void *user) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clBuildProgram(program, count, devices, options, callback, user);
}

cl_int tessera_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value, size_t *found) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clGetProgramInfo(program, what, size, value, found);
}

cl_int tessera_clGetProgramBuildInfo(cl_program program, cl_device_id device, cl_program_build_info what, size_t size,
    void *value, size_t *found) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clGetProgramBuildInfo(program, device, what, size, value, found);
}

cl_int tessera_clReleaseProgram(cl_program program) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clReleaseProgram(program);
}

cl_kernel tessera_clCreateKernel(cl_program program, const char *name, cl_int *code) {
    if (!tessera_opencl_load()) {
        *code = TESSERA_NO_LOADER;
        return NULL;
    }
    return opencl.clCreateKernel(program, name, code);
}

cl_int tessera_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clSetKernelArg(kernel, index, size, value);
}

cl_int tessera_clReleaseKernel(cl_kernel kernel) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clReleaseKernel(kernel);
}

cl_int tessera_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
    const size_t *offset, const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
    cl_event *event) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, waits, wait, event);
}

cl_int tessera_clEnqueueReadBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size,
    void *destination, cl_uint waits, const cl_event *wait, cl_event *event) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clEnqueueReadBuffer(queue, memory, blocking, offset, size, destination, waits, wait, event);
}

cl_int tessera_clEnqueueWriteBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size,
    const void *source, cl_uint waits, const cl_event *wait, cl_event *event) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clEnqueueWriteBuffer(queue, memory, blocking, offset, size, source, waits, wait, event);
}

cl_int tessera_clGetEventInfo(cl_event event, cl_event_info what, size_t size, void *value, size_t *found) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clGetEventInfo(event, what, size, value, found);
}

cl_int tessera_clReleaseEvent(cl_event event) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clReleaseEvent(event);
}

cl_int tessera_clFlush(cl_command_queue queue) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clFlush(queue);
}

cl_int tessera_clFinish(cl_command_queue queue) {
    if (!tessera_opencl_load()) return TESSERA_NO_LOADER;
    return opencl.clFinish(queue);
}
