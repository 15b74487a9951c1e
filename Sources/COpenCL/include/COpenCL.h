#pragma once
// The OpenCL 1.2 calls that the library makes, each found in the loader at run time: nothing links against OpenCL.
// Each `tessera_cl…` function is the OpenCL function of that name; without a loader it gives TESSERA_NO_LOADER.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdbool.h>
#include <stddef.h>

// CL_PLATFORM_NOT_FOUND_KHR, what the usual loaders say when there is no platform at all.
#define TESSERA_NO_LOADER (-1001)

/// Loads libOpenCL at the first call, from any thread. Whether all functions were found.
bool tessera_opencl_load(void);
/// Why the loader could not be used; empty when it could.
const char *tessera_opencl_problem(void);

typedef void(CL_CALLBACK *tessera_context_callback)(const char *, const void *, size_t, void *);
typedef void(CL_CALLBACK *tessera_build_callback)(cl_program, void *);

cl_int tessera_clGetPlatformIDs(cl_uint count, cl_platform_id *platforms, cl_uint *found);
cl_int tessera_clGetPlatformInfo(cl_platform_id platform, cl_platform_info what, size_t size, void *value,
    size_t *found);
cl_int tessera_clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint count, cl_device_id *devices,
    cl_uint *found);
cl_int tessera_clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t size, void *value, size_t *found);
cl_context tessera_clCreateContext(const cl_context_properties *properties, cl_uint count, const cl_device_id *devices,
    tessera_context_callback callback, void *user, cl_int *code);
cl_int tessera_clReleaseContext(cl_context context);
cl_command_queue tessera_clCreateCommandQueue(cl_context context, cl_device_id device,
    cl_command_queue_properties properties, cl_int *code);
cl_int tessera_clReleaseCommandQueue(cl_command_queue queue);
cl_mem tessera_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code);
cl_int tessera_clReleaseMemObject(cl_mem memory);
cl_program tessera_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
    const size_t *lengths, cl_int *code);
cl_program tessera_clCreateProgramWithBinary(cl_context context, cl_uint count, const cl_device_id *devices,
    const size_t *lengths, const unsigned char **binaries, cl_int *status, cl_int *code);
cl_int tessera_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
    tessera_build_callback callback, void *user);
cl_int tessera_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value, size_t *found);
cl_int tessera_clGetProgramBuildInfo(cl_program program, cl_device_id device, cl_program_build_info what, size_t size,
    void *value, size_t *found);
cl_int tessera_clReleaseProgram(cl_program program);
cl_kernel tessera_clCreateKernel(cl_program program, const char *name, cl_int *code);
cl_int tessera_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value);
cl_int tessera_clReleaseKernel(cl_kernel kernel);
cl_int tessera_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
    const size_t *offset, const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
    cl_event *event);
cl_int tessera_clEnqueueReadBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size,
    void *destination, cl_uint waits, const cl_event *wait, cl_event *event);
cl_int tessera_clEnqueueWriteBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size,
    const void *source, cl_uint waits, const cl_event *wait, cl_event *event);
cl_int tessera_clGetEventInfo(cl_event event, cl_event_info what, size_t size, void *value, size_t *found);
cl_int tessera_clReleaseEvent(cl_event event);
cl_int tessera_clFlush(cl_command_queue queue);
cl_int tessera_clFinish(cl_command_queue queue);
