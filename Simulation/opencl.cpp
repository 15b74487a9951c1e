// A driver for OpenCL whose device is a simulated GPU of NVIDIA's: compiled for by clang, led through its programs by
// machine.cpp. It has the calls that Tessera makes, and does everything when it is asked for.
#define CL_TARGET_OPENCL_VERSION 120
#include "machine.h"
#include <CL/cl.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <unistd.h>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {
struct Memory { uint8_t *bytes; size_t size; };
struct Source { std::string text, ptx, log; std::shared_ptr<Program> program; };
struct Entry {
    std::shared_ptr<Program> program;
    std::shared_ptr<Kernel> kernel;
    std::vector<uint8_t> parameters;
    /// Bytes of local memory that the host gives, by parameter.
    std::map<cl_uint, size_t> local;
};

std::mutex lock;
std::map<uintptr_t, size_t> allocated;
int one;

const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value != nullptr ? value : otherwise;
}

cl_int answer(const void *value, size_t bytes, size_t room, void *place, size_t *found) {
    if (found != nullptr) *found = bytes;
    if (place == nullptr) return CL_SUCCESS;
    if (room < bytes) return CL_INVALID_VALUE;
    memcpy(place, value, bytes);
    return CL_SUCCESS;
}
cl_int answer(const std::string &text, size_t room, void *place, size_t *found) {
    return answer(text.c_str(), text.size() + 1, room, place, found);
}
template <class T> cl_int answerNumber(T value, size_t room, void *place, size_t *found) {
    return answer(&value, sizeof value, room, place, found);
}

std::string read(const std::string &path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// PTX of a program, by a script.
bool compile(Source &source, const std::string &options) {
    char folder[] = "/tmp/simulated-XXXXXX";
    if (mkdtemp(folder) == nullptr) return false;
    const std::string path = folder, input = path + "/program.cl", output = path + "/program.ptx", log = path + "/log";
    std::ofstream(input) << source.text;
    const std::string command = std::string(setting("TO_PTX", "Scripts/to-ptx")) + " " + input + " " + output + " " + options;
    if (system((command + " 2> " + log).c_str()) == 0) source.ptx = read(output);
    source.log = read(log);
    std::filesystem::remove_all(path);
    return !source.ptx.empty();
}

void report(const std::string &why) {
    fprintf(stderr, "simulated GPU: %s\n", why.c_str());
}

bool decoded(Source &source) {
    try {
        source.program = decode(source.ptx);
        if (source.program->constantMemory.size() > 65536) throw Fault("more than 64 KB of constants");
        for (const auto &[name, kernel] : source.program->kernels)
            if (kernel->sharedBytes > 49152) throw Fault(name + ": more than 48 KB of local memory");
        return true;
    } catch (const std::exception &fault) {
        source.log += fault.what();
        report(fault.what());
        return false;
    }
}

bool run(const Launch &launch) {
    const auto count = uint64_t(launch.groups.x) * launch.groups.y * launch.groups.z;
    std::atomic<uint64_t> next{0};
    std::atomic<bool> isRight{true};
    const auto work = [&] {
        try {
            Group group(launch);
            for (uint64_t n; isRight && (n = next++) < count;)
                group.run({uint32_t(n % launch.groups.x), uint32_t(n / launch.groups.x % launch.groups.y),
                           uint32_t(n / launch.groups.x / launch.groups.y)});
        } catch (const std::exception &fault) {
            if (isRight.exchange(false)) report(fault.what());
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < std::thread::hardware_concurrency() && i < count; i++) threads.emplace_back(work);
    work();
    for (auto &thread : threads) thread.join();
    return isRight;
}

template <class T> T handle(T made, cl_int *code) { if (code != nullptr) *code = CL_SUCCESS; return made; }
cl_platform_id platform() { return reinterpret_cast<cl_platform_id>(&one); }
cl_event event() { return reinterpret_cast<cl_event>(&one); }
} // namespace

EXPORT cl_int clGetPlatformIDs(cl_uint count, cl_platform_id *platforms, cl_uint *found) {
    if (found != nullptr) *found = 1;
    if (platforms != nullptr && count > 0) platforms[0] = platform();
    return CL_SUCCESS;
}
EXPORT cl_int clGetPlatformInfo(cl_platform_id, cl_platform_info what, size_t room, void *place, size_t *found) {
    if (what == CL_PLATFORM_NAME) return answer("NVIDIA CUDA, simulated", room, place, found);
    if (what == CL_PLATFORM_VERSION) return answer("OpenCL 3.0 CUDA 13.0", room, place, found);
    return CL_INVALID_VALUE;
}
EXPORT cl_int clGetDeviceIDs(cl_platform_id, cl_device_type, cl_uint count, cl_device_id *devices, cl_uint *found) {
    if (found != nullptr) *found = 1;
    if (devices != nullptr && count > 0) devices[0] = reinterpret_cast<cl_device_id>(&one);
    return CL_SUCCESS;
}
EXPORT cl_int clGetDeviceInfo(cl_device_id, cl_device_info what, size_t room, void *place, size_t *found) {
    switch (what) {
    case CL_DEVICE_NAME: return answer("NVIDIA H100, simulated", room, place, found);
    case CL_DEVICE_VENDOR: return answer("NVIDIA Corporation", room, place, found);
    case CL_DRIVER_VERSION: return answer("1", room, place, found);
    case CL_DEVICE_EXTENSIONS: return answer("cl_khr_fp64 cl_nv_device_attribute_query", room, place, found);
    case CL_DEVICE_TYPE: return answerNumber<cl_device_type>(CL_DEVICE_TYPE_GPU, room, place, found);
    case CL_DEVICE_VENDOR_ID: return answerNumber<cl_uint>(0x10de, room, place, found);
    case 0x4000: return answerNumber<cl_uint>(9, room, place, found);
    case CL_DEVICE_AVAILABLE: case CL_DEVICE_COMPILER_AVAILABLE: return answerNumber<cl_bool>(CL_TRUE, room, place, found);
    case CL_DEVICE_MAX_COMPUTE_UNITS:
        return answerNumber<cl_uint>(cl_uint(atoi(setting("SIMULATED_UNITS", "132"))), room, place, found);
    case CL_DEVICE_GLOBAL_MEM_SIZE: return answerNumber<cl_ulong>(cl_ulong(4) << 30, room, place, found);
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE: return answerNumber<cl_ulong>(cl_ulong(1) << 30, room, place, found);
    case CL_DEVICE_MAX_PARAMETER_SIZE: return answerNumber<size_t>(4352, room, place, found);
    case CL_DEVICE_MAX_WORK_GROUP_SIZE: return answerNumber<size_t>(1024, room, place, found);
    case CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT: return answerNumber<cl_uint>(1, room, place, found);
    case CL_DEVICE_SINGLE_FP_CONFIG:
        return answerNumber<cl_device_fp_config>(
            CL_FP_DENORM | CL_FP_INF_NAN | CL_FP_ROUND_TO_NEAREST | CL_FP_FMA, room, place, found);
    default: return CL_INVALID_VALUE;
    }
}
EXPORT cl_context clCreateContext(const cl_context_properties *, cl_uint, const cl_device_id *,
    void(CL_CALLBACK *)(const char *, const void *, size_t, void *), void *, cl_int *code) {
    return handle(reinterpret_cast<cl_context>(&one), code);
}
EXPORT cl_int clReleaseContext(cl_context) { return CL_SUCCESS; }
EXPORT cl_command_queue clCreateCommandQueue(cl_context, cl_device_id, cl_command_queue_properties, cl_int *code) {
    return handle(reinterpret_cast<cl_command_queue>(&one), code);
}
EXPORT cl_int clReleaseCommandQueue(cl_command_queue) { return CL_SUCCESS; }

EXPORT cl_mem clCreateBuffer(cl_context, cl_mem_flags, size_t size, void *host, cl_int *code) {
    auto bytes = static_cast<uint8_t *>(aligned_alloc(512, (size + 511) / 512 * 512));
    if (bytes == nullptr) { if (code != nullptr) *code = CL_MEM_OBJECT_ALLOCATION_FAILURE; return nullptr; }
    // Nobody may rely on what fresh memory holds.
    if (host != nullptr) memcpy(bytes, host, size); else memset(bytes, 0xff, size);
    const std::lock_guard guard(lock);
    allocated[reinterpret_cast<uintptr_t>(bytes)] = size;
    return handle(reinterpret_cast<cl_mem>(new Memory{bytes, size}), code);
}
EXPORT cl_int clReleaseMemObject(cl_mem object) {
    auto memory = reinterpret_cast<Memory *>(object);
    const std::lock_guard guard(lock);
    allocated.erase(reinterpret_cast<uintptr_t>(memory->bytes));
    free(memory->bytes);
    delete memory;
    return CL_SUCCESS;
}

EXPORT cl_program clCreateProgramWithSource(cl_context, cl_uint count, const char **texts, const size_t *lengths,
    cl_int *code) {
    auto source = new Source;
    for (cl_uint i = 0; i < count; i++)
        source->text += lengths != nullptr && lengths[i] != 0 ? std::string(texts[i], lengths[i]) : std::string(texts[i]);
    return handle(reinterpret_cast<cl_program>(source), code);
}
EXPORT cl_program clCreateProgramWithBinary(cl_context, cl_uint, const cl_device_id *, const size_t *lengths,
    const unsigned char **binaries, cl_int *status, cl_int *code) {
    auto source = new Source;
    source->ptx = std::string(reinterpret_cast<const char *>(binaries[0]), lengths[0]);
    if (status != nullptr) *status = CL_SUCCESS;
    return handle(reinterpret_cast<cl_program>(source), code);
}
EXPORT cl_int clBuildProgram(cl_program object, cl_uint, const cl_device_id *, const char *options,
    void(CL_CALLBACK *)(cl_program, void *), void *) {
    auto source = reinterpret_cast<Source *>(object);
    if (source->ptx.empty() && !compile(*source, options != nullptr ? options : "")) return CL_BUILD_PROGRAM_FAILURE;
    return decoded(*source) ? CL_SUCCESS : CL_BUILD_PROGRAM_FAILURE;
}
EXPORT cl_int clGetProgramInfo(cl_program object, cl_program_info what, size_t room, void *place, size_t *found) {
    auto source = reinterpret_cast<Source *>(object);
    if (what == CL_PROGRAM_BINARY_SIZES) return answerNumber<size_t>(source->ptx.size(), room, place, found);
    if (what != CL_PROGRAM_BINARIES) return CL_INVALID_VALUE;
    if (found != nullptr) *found = sizeof(char *);
    if (place != nullptr) memcpy(*static_cast<char **>(place), source->ptx.data(), source->ptx.size());
    return CL_SUCCESS;
}
EXPORT cl_int clGetProgramBuildInfo(cl_program object, cl_device_id, cl_program_build_info what, size_t room,
    void *place, size_t *found) {
    if (what != CL_PROGRAM_BUILD_LOG) return CL_INVALID_VALUE;
    return answer(reinterpret_cast<Source *>(object)->log, room, place, found);
}
EXPORT cl_int clReleaseProgram(cl_program object) { delete reinterpret_cast<Source *>(object); return CL_SUCCESS; }

EXPORT cl_kernel clCreateKernel(cl_program object, const char *name, cl_int *code) {
    auto program = reinterpret_cast<Source *>(object)->program;
    const auto found = program->kernels.find(name);
    if (found == program->kernels.end()) { if (code != nullptr) *code = CL_INVALID_KERNEL_NAME; return nullptr; }
    const std::vector<uint8_t> parameters(found->second->parameterBytes);
    return handle(reinterpret_cast<cl_kernel>(new Entry{program, found->second, parameters, {}}), code);
}
EXPORT cl_int clSetKernelArg(cl_kernel object, cl_uint index, size_t size, const void *value) {
    auto &entry = *reinterpret_cast<Entry *>(object);
    if (index >= entry.kernel->parameters.size()) return CL_INVALID_ARG_INDEX;
    const auto parameter = entry.kernel->parameters[index];
    if (parameter.isShared) { entry.local[index] = size; return value == nullptr ? CL_SUCCESS : CL_INVALID_ARG_VALUE; }
    if (size != parameter.size) return CL_INVALID_ARG_SIZE;
    auto place = entry.parameters.data() + parameter.offset;
    if (value == nullptr && parameter.isPointer) { memset(place, 0, size); return CL_SUCCESS; }
    if (value == nullptr) return CL_INVALID_ARG_VALUE;
    memcpy(place, value, size);
    if (!parameter.isPointer) return CL_SUCCESS;
    Memory *memory;
    memcpy(&memory, value, sizeof memory);
    const uintptr_t address = memory == nullptr ? 0 : reinterpret_cast<uintptr_t>(memory->bytes);
    memcpy(place, &address, sizeof address);
    return CL_SUCCESS;
}
EXPORT cl_int clReleaseKernel(cl_kernel object) { delete reinterpret_cast<Entry *>(object); return CL_SUCCESS; }

EXPORT cl_int clEnqueueNDRangeKernel(cl_command_queue, cl_kernel object, cl_uint dimensions, const size_t *offset,
    const size_t *global, const size_t *local, cl_uint, const cl_event *, cl_event *made) {
    auto &entry = *reinterpret_cast<Entry *>(object);
    size_t groups[3] = {1, 1, 1}, items[3] = {1, 1, 1};
    for (cl_uint i = 0; i < dimensions; i++) {
        if (local == nullptr || local[i] == 0 || global[i] % local[i] != 0) return CL_INVALID_WORK_GROUP_SIZE;
        if (offset != nullptr && offset[i] != 0) return CL_INVALID_GLOBAL_OFFSET;
        items[i] = local[i], groups[i] = global[i] / local[i];
        if (i > 0 && groups[i] > 65535) return CL_INVALID_GLOBAL_WORK_SIZE;
    }
    if (items[0] * items[1] * items[2] > 1024) return CL_INVALID_WORK_GROUP_SIZE;
    Allocations allocations;
    {
        const std::lock_guard guard(lock);
        for (const auto &[start, size] : allocated) allocations.ranges.push_back({start, size});
    }
    uint64_t shared = entry.kernel->sharedBytes;
    for (const auto &[index, size] : entry.local) {
        shared = (shared + 127) / 128 * 128;
        memcpy(entry.parameters.data() + entry.kernel->parameters[index].offset, &shared, sizeof shared);
        shared += size;
    }
    if (shared > 49152) return CL_OUT_OF_RESOURCES;
    const Launch launch{*entry.program, *entry.kernel, entry.parameters, uint32_t(shared), allocations,
                        {uint32_t(groups[0]), uint32_t(groups[1]), uint32_t(groups[2])},
                        {uint32_t(items[0]), uint32_t(items[1]), uint32_t(items[2])}};
    if (made != nullptr) *made = event();
    return run(launch) ? CL_SUCCESS : CL_OUT_OF_RESOURCES;
}
EXPORT cl_int clEnqueueReadBuffer(cl_command_queue, cl_mem object, cl_bool, size_t offset, size_t size, void *to,
    cl_uint, const cl_event *, cl_event *made) {
    auto memory = reinterpret_cast<Memory *>(object);
    if (offset > memory->size || size > memory->size - offset) return CL_INVALID_VALUE;
    memcpy(to, memory->bytes + offset, size);
    if (made != nullptr) *made = event();
    return CL_SUCCESS;
}
EXPORT cl_int clEnqueueWriteBuffer(cl_command_queue, cl_mem object, cl_bool, size_t offset, size_t size, const void *from,
    cl_uint, const cl_event *, cl_event *made) {
    auto memory = reinterpret_cast<Memory *>(object);
    if (offset > memory->size || size > memory->size - offset) return CL_INVALID_VALUE;
    memcpy(memory->bytes + offset, from, size);
    if (made != nullptr) *made = event();
    return CL_SUCCESS;
}
EXPORT cl_int clGetEventInfo(cl_event, cl_event_info what, size_t room, void *place, size_t *found) {
    if (what != CL_EVENT_COMMAND_EXECUTION_STATUS) return CL_INVALID_VALUE;
    return answerNumber<cl_int>(CL_COMPLETE, room, place, found);
}
EXPORT cl_int clReleaseEvent(cl_event) { return CL_SUCCESS; }
EXPORT cl_int clFlush(cl_command_queue) { return CL_SUCCESS; }
EXPORT cl_int clFinish(cl_command_queue) { return CL_SUCCESS; }
