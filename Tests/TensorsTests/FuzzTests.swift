import Compute
import Tensors
import TestSupport
import Testing

/// Random graphs against the interpreter: what nobody thought of putting together.
@Suite struct FuzzTests {
    /// Loose: depth and conditioning vary, and what a wrong plan computes is not nearly right.
    private let tolerance = Tolerance(relative: 2e-3, normwise: 2e-3, absolute: 1e-4)

    private func check(_ outputs: [Tensor], on device: any Device, _ what: String) throws {
        let references = try ReferenceInterpreter().evaluate(outputs)
        for (number, (result, reference)) in zip(try Tensor.doubles(outputs, on: device), references).enumerated() {
            if let problem = tolerance.disagreement(result, reference) {
                Issue.record("\(what), output \(number): \(problem)")
            }
        }
    }

    @Test(arguments: [TestDevices.reference, TestDevices.cpu], 0..<16)
    func graphs(_ device: TestDevice, block: Int) throws {
        for seed in (block * 25)..<(block * 25 + 25) {
            var fuzzer = GraphFuzzer(seed: UInt64(seed))
            try check(fuzzer.outputs(operations: 4 + seed % 23), on: device.device, "seed \(seed)")
        }
    }

    @Test(arguments: [TestDevices.reference, TestDevices.cpu], 0..<8)
    func gradients(_ device: TestDevice, block: Int) throws {
        for seed in (block * 25)..<(block * 25 + 25) {
            var fuzzer = GraphFuzzer(seed: UInt64(10_000 + seed), isSmooth: true)
            try check(fuzzer.outputsWithGradients(operations: 4 + seed % 15), on: device.device, "seed \(seed)")
        }
    }

    @Test(arguments: [TestDevices.reference, TestDevices.cpu], 0..<16)
    func updates(_ device: TestDevice, block: Int) throws {
        for seed in (block * 25)..<(block * 25 + 25) {
            var fuzzer = try UpdateFuzzer(seed: UInt64(20_000 + seed), on: device.device)
            for problem in try fuzzer.disagreements(runs: 3, on: device.device, tolerance) {
                Issue.record("seed \(seed), \(problem)")
            }
        }
    }

    /// Few of each: every new graph is compiled.
    @Test(arguments: TestDevices.openCL)
    func onOpenCL(_ device: TestDevice) throws {
        let seeds = (30_000..<30_012).map(UInt64.init)
        let graphs = try seeds.enumerated().flatMap { number, seed in
            var graph = GraphFuzzer(seed: seed)
            var smooth = GraphFuzzer(seed: seed, isSmooth: true)
            return try [graph.outputs(operations: 12 + number), smooth.outputsWithGradients(operations: 6 + number)]
        }
        CaseBatch.compile(graphs, on: device.device)
        for (number, outputs) in graphs.enumerated() {
            let what = number % 2 == 0 ? "graph" : "gradients"
            try check(outputs, on: device.device, "\(what) of seed \(seeds[number / 2])")
        }
        for seed in seeds {
            var updates = try UpdateFuzzer(seed: seed, on: device.device)
            for problem in try updates.disagreements(runs: 2, on: device.device, tolerance) {
                Issue.record("updates of seed \(seed), \(problem)")
            }
        }
    }

    /// Intermediates that do not fit one allocation are spread over several.
    @Test(arguments: 0..<8)
    func severalSlabs(block: Int) throws {
        let device = ReferenceDevice(largestAllocation: 4096)
        for seed in (block * 10)..<(block * 10 + 10) {
            var fuzzer = GraphFuzzer(seed: UInt64(40_000 + seed), isSmooth: true)
            let outputs = try fuzzer.outputsWithGradients(operations: 8 + seed % 12)
            do {
                try check(outputs, on: device, "seed \(seed)")
            } catch DeviceError.allocationTooLarge {
                // Some graphs have an intermediate that is too large by itself.
            }
        }
    }
}
