import Compute
import ComputeOpenCL
import Foundation
import Synchronization
import TestSupport
import Testing

/// Every variant of every kernel once. `make check-kernels` runs this suite under the simulator Oclgrind, which looks for
/// accesses outside of buffers, data races, work-groups that part at a barrier, and values that nobody has written;
/// ordinary test runs compare the results.
@Suite(.enabled(if: OpenCLFixture.isAvailable), .serialized)
struct KernelCheckTests {
    typealias Shape = OpenCLFixture.Shape

    @Test func cpuKernels() throws { try compare(.cpu) }

    @Test func gpuKernels() throws { try compare(.gpu) }

    private func compare(_ shape: Shape) throws {
        let cases = KernelCases.all(shape)
        guard OpenCLFixture.isSimulated else { return try OpenCLFixture.compare(cases, shape) }
        // One by one: each has memory of its own between its kernels, and a simulator compiles fast.
        try simulate(shape, cases, \.note) { try OpenCLFixture.mismatches([$0], on: $1) }
    }

    /// The variants that Oclgrind does not get through when it looks for unwritten values. It crashes where a vector is
    /// joined from two shorter ones: it takes "any" in the mask of a shuffle for an index, -1. The dot products of CPUs do
    /// that at their end.
    private static var impossible: Set<String> {
        guard ProcessInfo.processInfo.environment["OCLGRIND_UNINITIALIZED"] != nil else { return [] }
        return Set((1...16).flatMap { rows in (1...16).map { "matmul_cpu form 2 tile \(rows)x\($0)" } })
    }

    /// Checks some things on the simulator, on a thread that has a device for itself, and prints how long each took.
    private func simulate<Item: Sendable>(
        _ shape: Shape, _ items: [Item], _ name: @escaping @Sendable (Item) -> String,
        _ check: @escaping @Sendable (Item, OpenCLDevice) throws -> [String]
    ) throws {
        let result = SimulatorResult()
        let thread = Thread {
            result.finish {
                let device = try OpenCLFixture.simulatedDevice(shape).opened(avoiding: Self.impossible)
                var problems: [String] = []
                for item in items {
                    let start = ContinuousClock.now
                    problems += try check(item, device).map { "\(name(item)): \($0)" }
                    let took = Int(start.duration(to: .now) / .milliseconds(1))
                    FileHandle.standardOutput.write(Data("\(took) ms: \(name(item))\n".utf8))
                }
                return problems
            }
        }
        thread.start()
        for problem in try result.wait() { Issue.record("\(problem)") }
    }

    /// What the thread hands over.
    private final class SimulatorResult: Sendable {
        private let problems = Mutex<Result<[String], any Error>>(.success([]))
        private let end = DispatchSemaphore(value: 0)

        func finish(_ body: () throws -> [String]) {
            let all = Result { try body() }
            problems.withLock { $0 = all }
            end.signal()
        }

        func wait() throws -> [String] {
            end.wait()
            return try problems.withLock { $0 }.get()
        }
    }

    /// The variants that the cases have to have are those of a device of so many units and lanes.
    @Test(.enabled(if: OpenCLFixture.isSimulated))
    func theSimulatorHasTheUnitsThatTheCasesAreMadeFor() throws {
        for shape in Shape.allCases {
            let traits = try OpenCLFixture.device(shape).traits
            #expect(traits.computeUnits == KernelCases.computeUnits && traits.groupSize == 256)
            #expect(traits.registers == VectorRegisters(lanes: KernelCases.lanes))
            #expect(!traits.hasNativeMath)
        }
    }

    /// The registry, for the kernels that are generated: expressions, views, reductions, whole patterns.
    @Test(.enabled(if: OpenCLFixture.isSimulated)) func cpuOperations() throws { try operations(.cpu) }

    @Test(.enabled(if: OpenCLFixture.isSimulated)) func gpuOperations() throws { try operations(.gpu) }

    private func operations(_ shape: Shape) throws {
        let cases = CaseRegistry.all.filter { $0.inputs.allSatisfy { $0.shape.reduce(1, *) <= 2000 } }
        try simulate(shape, cases, \.name) { try $0.disagreements(on: $1, outputsOnly: true) }
    }

    // MARK: The variants

    /// A file of kernels, and the macros that decide which code it compiles.
    private static let files: [(name: String, macros: [String])] = [
        ("matmul_cpu", ["FORM", "PACK_A", "PACK_B", "SUMS", "ACROSS"]),
        ("matmul_gpu", ["TILE_ROWS", "SUMS"]),
        ("convolution_cpu", ["KIND", "PACK", "BATCH_INNER", "GATHER", "SUMS", "FLAT", "ACROSS"]),
        ("winograd_cpu", ["KIND", "SIDE", "SUMS", "AHEAD"]),
        ("convolution_gpu", ["KIND", "TILE_ROWS", "TILE_COLUMNS", "SUMS"]),
        ("indexed", ["GATHER", "SCATTER_ADD"]),
        ("raster_scan", ["GROUP"]),
        ("raster_scan_cpu", []),
        ("raster_scan_gpu", []),
        ("raster_scan_pack", []),
    ]

    /// The variants that the kernels of the cases are: file, what of it is called, and macros that are not 0.
    private static func variants(_ shape: Shape, lanes: Int = KernelCases.lanes) throws -> Set<String> {
        let traits = KernelTraits(
            shape: shape == .cpu ? .cpu : .gpu, computeUnits: KernelCases.computeUnits, lanes: lanes)
        let files = try files.map { (name: $0.name, macros: $0.macros, text: try KernelListing.text(ofFile: $0.name)) }
        var found: Set<String> = []
        for kernel in try KernelCases.all(shape).flatMap({ try KernelListing.kernels(of: $0.steps, traits: traits) }) {
            for file in files {
                // Macros are given before the file's own text.
                guard let mark = kernel.text.range(of: file.text) else { continue }
                let lines = kernel.text[..<mark.lowerBound].split(separator: "\n")
                let values = file.macros.compactMap { name -> String? in
                    let value = lines.first { $0.hasPrefix("#define \(name) ") }?.split(separator: " ").last ?? "0"
                    return value == "0" ? nil : value == name ? " \(name)" : " \(name)=\(value)"
                }
                found.insert(
                    ([file.name, kernel.entry].filter { !$0.isEmpty }.joined(separator: " ")) + values.joined())
            }
        }
        return found
    }

    @Test("every variant of the CPU kernels", arguments: [KernelCases.lanes, 8, 16])
    func everyVariantOfTheCPUKernels(lanes: Int) throws {
        let found = try Self.variants(.cpu, lanes: lanes)
        let wanted = lanes < 16 ? Self.cpuVariants.union(Self.narrowCPUVariants) : Self.cpuVariants
        #expect(found.isSuperset(of: wanted), "\(wanted.subtracting(found)) of \(found.sorted())")
    }

    @Test func everyVariantOfTheGPUKernels() throws {
        let found = try Self.variants(.gpu)
        #expect(found.isSuperset(of: Self.gpuVariants), "\(Self.gpuVariants.subtracting(found)) of \(found.sorted())")
    }
}
