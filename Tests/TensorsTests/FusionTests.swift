import Compute
import ComputeCPU
import Tensors
import TestSupport
import Testing

/// What fusion must not change.
@Suite struct FusionTests {
    /// Each pattern in one plan, and with every node in a plan of its own. Some patterns together, which are compiled in
    /// few programs.
    @Test(arguments: Array(stride(from: 0, to: CaseRegistry.patterns.count, by: 8)), TestDevices.all)
    func fusedEqualsUnfused(_ first: Int, _ device: TestDevice) throws {
        let patterns = CaseRegistry.patterns[first...].prefix(8)
        let graphs = try patterns.map { try $0.assembled().outputs }
        CaseBatch.compile(graphs, on: device.device)
        try Stepwise.compile(graphs, on: device.device)
        let tolerance = Tolerance(relative: 2e-6, normwise: 1e-6)
        for (pattern, outputs) in zip(patterns, graphs) {
            let fused = try Tensor.doubles(outputs, on: device.device)
            let unfused = try Stepwise.evaluate(outputs, on: device.device)
            for (number, (result, tensor)) in zip(fused, unfused).enumerated() {
                let reference = ReferenceArray(
                    shape: tensor.shape, dtype: tensor.dtype, values: try tensor.doubles(on: device.device))
                #expect(tolerance.disagreement(result, reference) == nil, "\(pattern.name), output \(number)")
            }
        }
    }

    /// The same graph gives the same bits, whether its plan is new or remembered.
    @Test(arguments: CaseRegistry.patterns + CaseRegistry.reductions, [TestDevices.cpu])
    func sameBits(_ test: OperationCase, _ device: TestDevice) throws {
        func bits(_ assembled: AssembledCase) throws -> [[UInt64]] {
            try Tensor.doubles(assembled.everything, on: device.device).map { $0.map(\.bitPattern) }
        }
        let assembled = try test.assembled()
        let first = try bits(assembled)
        #expect(try bits(assembled) == first)
        // Built again: other nodes and other memory, the same structure.
        #expect(try bits(test.assembled()) == first)
    }

    @Test(arguments: CaseRegistry.patterns, TestDevices.openCL)
    func sameBitsOnOpenCL(_ test: OperationCase, _ device: TestDevice) throws {
        CaseRegistry.compileBatch(of: test, on: device.device)
        let assembled = try test.assembled()
        let first = try Tensor.doubles(assembled.everything, on: device.device).map { $0.map(\.bitPattern) }
        for _ in 0..<3 {
            let again = try Tensor.doubles(assembled.everything, on: device.device).map { $0.map(\.bitPattern) }
            #expect(again == first)
        }
    }

    /// A result used in further graphs is the value that it was.
    @Test(arguments: TestDevices.all)
    func evaluatedTensorsAreLeaves(_ device: TestDevice) throws {
        let x = try Tensor([1, 2, 3] as [Float], shape: [3])
        let y = try (x * 2).evaluate(on: device.device)
        #expect(try (y + x).floats(on: device.device) == [3, 6, 9])
        #expect(try y.floats(on: device.device) == [2, 4, 6])
        #expect(try y.sum().scalar(on: device.device) == 12)
    }

    /// What earlier work left in scratch memory has no say: infinities here, which steps compute with beyond the ends of
    /// their rows.
    @Test(arguments: CaseRegistry.all)
    func leftoversDoNotMatter(_ test: OperationCase) throws {
        // A device of one thread, so that the next work finds what the last one left.
        let device = CPUDevice(threads: 1)
        let tensors = try test.assembled().everything
        func bits() throws -> [[UInt64]] {
            try Tensor.doubles(tensors, on: device).map { $0.map(\.bitPattern) }
        }
        let first = try bits()
        for extents in [[64], [6, 9], [3, 5, 7]] {
            let infinite = try Tensor.full(extents, .infinity)
            let row = try Tensor([1, -1] as [Float], shape: [2]).broadcast(to: extents.dropLast() + [2])
            _ = try Tensor.doubles([infinite, infinite.sum([0]), row * .infinity, (row * 1e30).exp()], on: device)
        }
        #expect(try bits() == first)
    }
}
