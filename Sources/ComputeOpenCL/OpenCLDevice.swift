import COpenCL
import Compute

/// A device driven through OpenCL 1.2: a GPU, an accelerator, or a CPU (PoCL among others).
///
/// It has one context and one in-order queue. Its kernels are generated for each plan, compiled by the driver, and kept
/// in a cache on disk (`ProgramCache`).
public final class OpenCLDevice: Device, @unchecked Sendable {
    public let info: DeviceInfo
    /// How kernels are written for this device, and which of their variants are used.
    package let traits: KernelTraits
    /// What is known of this device from before.
    let records: DeviceRecords

    let id: cl_device_id
    let platform: cl_platform_id
    let options: OpeningOptions
    let context: cl_context
    let queue: cl_command_queue
    let pool: MemoryPool
    let cache: ProgramCache
    /// Guards the queue, the kernels' arguments, and the properties below.
    let lock = Lock()
    let tensorChecks = TensorChecks()
    /// What compiles programs beside this process. The device's lock guards it, too.
    package var compiler: PoCLCompiler?
    /// The kernels compiled so far, by their source.
    var kernels = KernelLibrary()
    /// Copies of uploaded memory that the device may not have read yet.
    var staging = Staging()
    /// Whether work has been queued since the queue was last known to be empty.
    var isBusy = false
    private var compileHook: (@Sendable (Int) -> Void)?
    /// The variants of kernels in all that was prepared.
    private var variants: Set<String> = []

    init(_ device: cl_device_id, of platform: cl_platform_id, _ options: OpeningOptions) throws(DeviceError) {
        var info = try OpenCLDevice.describe(device, of: platform)
        let tensorCores = options.emulatesTensorCores ? .emulated : OpenCLDevice.tensorCores(of: device)
        info.tensorCores = tensorCores != nil
        self.info = info
        id = device
        self.platform = platform
        self.options = options
        let units = options.computeUnits ?? info.computeUnits
        var traits = KernelTraits(
            shape: options.shape ?? (info.kind == .openCLCPU ? .cpu : .gpu),
            hasNativeMath: info.kind != .openCLCPU,
            hasFusedMultiplyAdd: OpenCLQuery.number(of: device, CL_DEVICE_SINGLE_FP_CONFIG, cl_bitfield.self)
                & cl_bitfield(CL_FP_FMA) != 0,
            computeUnits: units,
            registers: VectorRegisters(
                lanes: Int(OpenCLQuery.number(of: device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, cl_uint.self))),
            parameterBytes: max(256, OpenCLQuery.number(of: device, CL_DEVICE_MAX_PARAMETER_SIZE, Int.self)),
            groupSize: OpenCLDevice.powerOfTwo(
                below: min(256, OpenCLQuery.number(of: device, CL_DEVICE_MAX_WORK_GROUP_SIZE, Int.self))),
            tensorCores: tensorCores)

        var code: cl_int = 0
        var devices: [cl_device_id?] = [device]
        guard let context = tessera_clCreateContext(nil, 1, &devices, nil, nil, &code), code == CL_SUCCESS else {
            throw .callFailed(device: info.name, call: "clCreateContext", code: OpenCLCode.name(code))
        }
        guard let queue = tessera_clCreateCommandQueue(context, device, 0, &code), code == CL_SUCCESS else {
            _ = tessera_clReleaseContext(context)
            throw .callFailed(device: info.name, call: "clCreateCommandQueue", code: OpenCLCode.name(code))
        }
        self.context = context
        self.queue = queue
        pool = MemoryPool(context: context, info: info, isExact: !options.poolsMemory)
        let version = OpenCLQuery.text(ofPlatform: platform, CL_PLATFORM_VERSION)
        let identity = [info.name, info.driver, info.platform, version]
        cache = ProgramCache(folder: options.cacheFolder, identity: identity)
        records = DeviceRecords(folder: options.cacheFolder, identity: identity + ["kernels for a \(traits.shape)"])
        traits.variants = options.policy ?? records.policy(traits)
        if let fault = options.fault { traits.variants.fault = fault }
        self.traits = traits
    }

    deinit {
        _ = tessera_clFinish(queue)
        staging.releaseAll()
        kernels.releaseAll()
        pool.releaseAll()
        _ = tessera_clReleaseCommandQueue(queue)
        _ = tessera_clReleaseContext(context)
    }

    /// The variants of kernels in all that was prepared so far.
    package var usedVariants: Set<String> { lock.locked { variants } }

    /// Notes variants. The caller holds the lock.
    func note(_ used: Set<String>) { variants.formUnion(used) }

    /// Called, with their number, before kernels that no cache holds are compiled, which can take seconds. The device is
    /// busy meanwhile: the function must not use it.
    public var onCompile: (@Sendable (Int) -> Void)? {
        get { lock.locked { compileHook } }
        set { lock.locked { compileHook = newValue } }
    }

    /// The hook, for a caller that holds the lock.
    var lockedCompileHook: (@Sendable (Int) -> Void)? { compileHook }

    public func synchronize() throws(DeviceError) {
        try lock.locked { () throws(DeviceError) in try finish() }
    }

    /// Waits for the queue. The caller holds the lock.
    func finish() throws(DeviceError) {
        try check(tessera_clFinish(queue), "clFinish")
        isBusy = false
        staging.releaseAll()
    }

    /// Throws the error that a call's code stands for.
    func check(_ code: cl_int, _ call: String) throws(DeviceError) {
        if code == CL_SUCCESS { return }
        if code == CL_MEM_OBJECT_ALLOCATION_FAILURE {
            // Drivers may give memory only at the first use: what is missing is all that is in use.
            let inUse = pool.usage.inUse
            throw .outOfMemory(device: info.name, requested: inUse, inUse: inUse, total: info.memory)
        }
        throw .callFailed(device: info.name, call: call, code: OpenCLCode.name(code))
    }

    /// The largest power of two that is not larger.
    private static func powerOfTwo(below bound: Int) -> Int {
        bound < 1 ? 1 : 1 << (Int.bitWidth - 1 - bound.leadingZeroBitCount)
    }

    private static func describe(_ device: cl_device_id, of platform: cl_platform_id) throws(DeviceError) -> DeviceInfo
    {
        let name = OpenCLQuery.text(of: device, CL_DEVICE_NAME)
        guard OpenCLQuery.number(of: device, CL_DEVICE_AVAILABLE, cl_bool.self) != 0 else {
            throw .unavailable(what: name, reason: "its driver says that it is not available")
        }
        guard OpenCLQuery.number(of: device, CL_DEVICE_COMPILER_AVAILABLE, cl_bool.self) != 0 else {
            throw .unavailable(what: name, reason: "its driver has no compiler")
        }
        let type = OpenCLQuery.number(of: device, CL_DEVICE_TYPE, cl_device_type.self)
        let isCPU = type & cl_device_type(CL_DEVICE_TYPE_CPU) != 0
        let isGPU = type & cl_device_type(CL_DEVICE_TYPE_GPU) != 0
        return DeviceInfo(
            kind: isCPU ? .openCLCPU : isGPU ? .gpu : .accelerator,
            name: name,
            platform: OpenCLQuery.text(ofPlatform: platform, CL_PLATFORM_NAME),
            vendor: OpenCLQuery.text(of: device, CL_DEVICE_VENDOR),
            driver: OpenCLQuery.text(of: device, CL_DRIVER_VERSION),
            computeUnits: max(1, Int(OpenCLQuery.number(of: device, CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint.self))),
            memory: Int(clamping: OpenCLQuery.number(of: device, CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong.self)),
            largestAllocation: Int(
                clamping: OpenCLQuery.number(of: device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong.self)))
    }
}
