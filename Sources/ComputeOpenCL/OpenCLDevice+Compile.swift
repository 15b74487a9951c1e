import COpenCL
import Compute
import Dispatch
import Glibc

extension OpenCLDevice {
    /// Kernels of one program at the most: one that is finished is kept on disk even if the next ones are never reached.
    private static let kernelsOfProgram = 32

    /// Compiles those kernels that are new, or finds their programs in the cache on disk. The caller holds the lock.
    func compile(_ sources: [KernelSource]) throws(DeviceError) {
        var seen: Set<KernelSource> = []
        let fresh = sources.filter { kernels.place(of: $0) == nil && seen.insert($0).inserted }
        var missing: [ProgramJob] = []
        for part in OpenCLDevice.parts(of: fresh) {
            let text = try ProgramText.text(of: part, traits: traits)
            let path = cache.path(source: text, options: ProgramText.options)
            if let path, let binary = cache.read(path) {
                if let program = try? programs.load(binary) {
                    kernels.add(program, of: part)
                    continue
                }
                cache.remove(path)
            }
            missing.append(ProgramJob(sources: part, text: text, path: path))
        }
        if missing.isEmpty { return }
        lockedCompileHook?(missing.reduce(0) { $0 + $1.sources.count })
        if missing.count == 1 {
            let program = try programs.build(missing[0].text, kernels: missing[0].sources.count)
            kernels.add(program, of: missing[0].sources)
            if let path = missing[0].path, let binary = programs.binary(of: program) { cache.write(binary, to: path) }
            return
        }
        for (job, binary) in zip(missing, ProgramJob.binaries(of: missing, for: programs)) {
            let binary = try binary.get()
            if let path = job.path { cache.write(binary, to: path) }
            kernels.add(try programs.load(binary), of: job.sources)
        }
    }

    /// Kernels dealt out to programs in turn: as many programs as can be compiled side by side, or more where those would
    /// be too large. Neighbours in a plan are alike, so that each program gets its share of the costly ones.
    private static func parts(of sources: [KernelSource]) -> [[KernelSource]] {
        let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let most = ceilingDivide(sources.count, kernelsOfProgram)
        let count = min(sources.count, ceilingDivide(most, processors) * processors)
        return (0..<count).map { first in
            stride(from: first, to: sources.count, by: count).map { sources[$0] }
        }
    }
}

/// A program that no cache holds.
private struct ProgramJob: Sendable {
    let sources: [KernelSource]
    let text: String
    /// Where it is to be kept on disk.
    let path: String?

    /// Compiles programs side by side: a driver may compile one after the other within a context (PoCL does), so that each
    /// gets a context of its own.
    static func binaries(of jobs: [ProgramJob], for compiler: ProgramCompiler) -> [Result<[UInt8], DeviceError>] {
        let results = Results(count: jobs.count)
        DispatchQueue.concurrentPerform(iterations: jobs.count) { index in
            let job = jobs[index]
            results.set(
                index,
                Result { () throws(DeviceError) in
                    try compiler.binaryInContextOfItsOwn(job.text, kernels: job.sources.count)
                })
        }
        return results.values
    }

    private final class Results: @unchecked Sendable {
        private let lock = Lock()
        private var found: [Result<[UInt8], DeviceError>?]

        init(count: Int) { found = Array(repeating: nil, count: count) }

        func set(_ index: Int, _ result: Result<[UInt8], DeviceError>) { lock.locked { found[index] = result } }

        var values: [Result<[UInt8], DeviceError>] { lock.locked { found.compactMap { $0 } } }
    }
}
