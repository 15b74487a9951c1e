import Compute
import Tensors
import TestSupport
import Testing

/// Mistakes are errors with data in them, found where they are made.
@Suite struct ErrorTests {
    private func floats(_ shape: [Int]) throws -> Tensor { try Tensor.full(shape, 1) }
    private let whole = Tensor(Int32(1))
    private let truth = Tensor(scalar: .bool(true))

    private func mismatch(_ operation: String, _ body: () throws -> Void) {
        let error = #expect(throws: TensorError.self) { try body() }
        guard case .shapeMismatch(operation, _, _) = error else {
            Issue.record("\(operation): \(String(describing: error))")
            return
        }
    }

    private func wrongType(_ operation: String, _ body: () throws -> Void) {
        let error = #expect(throws: TensorError.self) { try body() }
        guard case .typeMismatch(operation, _, _) = error else {
            Issue.record("\(operation): \(String(describing: error))")
            return
        }
    }

    private func outside(_ operation: String, _ body: () throws -> Void) {
        let error = #expect(throws: TensorError.self) { try body() }
        guard case .outOfRange(operation, _, _) = error else {
            Issue.record("\(operation): \(String(describing: error))")
            return
        }
    }

    @Test func shapes() throws {
        let (a, b) = (try floats([2, 3]), try floats([4, 3]))
        mismatch("add") { _ = try a + b }
        mismatch("select") { _ = try Tensor.select(truth, a, b) }
        mismatch("reshaped") { _ = try a.reshaped([4, 2]) }
        mismatch("reshaped") { _ = try a.reshaped([-1, 4]) }
        mismatch("reshaped") { _ = try a.reshaped([-1, -1]) }
        mismatch("reshaped") { _ = try a.reshaped([-2, -3]) }
        mismatch("reshaped") { _ = try a.reshaped([-1, 0]) }
        mismatch("broadcast") { _ = try a.broadcast(to: [3]) }
        mismatch("broadcast") { _ = try a.broadcast(to: [3, 3]) }
        mismatch("broadcast") { _ = try floats([1]).broadcast(to: [-1]) }
        mismatch("concatenate") { _ = try Tensor.concatenate([a, floats([2, 4])]) }
        mismatch("concatenate") { _ = try Tensor.concatenate([a, floats([3])], axis: 1) }
        mismatch("matmul") { _ = try a.matmul(b) }
        mismatch("matmul") { _ = try a.matmul(floats([3])) }
        mismatch("matmul") { _ = try Tensor(1).matmul(a) }
        mismatch("matmul") { _ = try floats([3]).matmul(floats([2, 3, 4])) }
        mismatch("matmul") { _ = try floats([2, 4, 3]).matmul(floats([3, 3, 4])) }
        mismatch("gathered") { _ = try Tensor(1).gathered(whole) }
        mismatch("scatterAdded") { _ = try a.scatterAdded(Tensor.arange(3), rows: 2) }
        mismatch("scatterAdded") { _ = try a.scatterAdded(Tensor.arange(2), rows: -1) }
        mismatch("RandomSource") { _ = try RandomSource(key: whole) }
        mismatch("Tensor") { _ = try Tensor([] as [Float], shape: [-1]) }
        mismatch("coordinates") { _ = try Tensor.coordinates([1 << 20, 1 << 20], axis: 0) }
        mismatch("broadcast") { _ = try Tensor.zeros([1 << 40, 1 << 40]) }
        mismatch("scalar") { _ = try a.scalar(on: TestDevices.cpu.device) }
        mismatch("gradients") { _ = try gradients(of: a, withRespectTo: [a], seed: b) }
    }

    @Test func convolutions() throws {
        let image = try floats([1, 4, 4, 2])
        let weights = try floats([9, 2, 3])
        let window = ConvolutionWindow(kernel: (3, 3))
        mismatch("convolved") { _ = try floats([4, 4, 2]).convolved(weights, window: window) }
        mismatch("convolved") { _ = try image.convolved(floats([9, 3, 3]), window: window) }
        mismatch("convolved") { _ = try image.convolved(floats([4, 2, 3]), window: window) }
        mismatch("convolved") { _ = try floats([1, 2, 9, 2]).convolved(weights, window: window) }
        mismatch("transposeConvolved") { _ = try image.transposeConvolved(weights, window: window) }
        mismatch("transposeConvolved") {
            _ = try floats([1, 4, 4, 3]).transposeConvolved(weights, window: window, extra: (1, 0))
        }
        wrongType("convolved") { _ = try image.cast(to: .int32).convolved(weights, window: window) }
        let still = ConvolutionWindow(kernel: (3, 3), stride: (0, 1))
        mismatch("convolved") { _ = try image.convolved(weights, window: still) }
        mismatch("transposeConvolved") { _ = try floats([1, 4, 4, 3]).transposeConvolved(weights, window: still) }
    }

    @Test func types() throws {
        let a = try floats([3])
        let bytes = try Tensor([1, 2, 3] as [UInt8], shape: [3])
        wrongType("add") { _ = try a + whole }
        wrongType("add") { _ = try truth + truth }
        wrongType("less") { _ = try truth.less(truth) }
        wrongType("and") { _ = try a.and(a) }
        wrongType("power") { _ = try whole.power(whole) }
        wrongType("exp") { _ = try whole.exp() }
        wrongType("not") { _ = try a.not() }
        wrongType("negate") { _ = try -bytes }
        wrongType("select") { _ = try Tensor.select(a, a, a) }
        wrongType("select") { _ = try Tensor.select(truth, a, whole) }
        wrongType("sum") { _ = try bytes.sum() }
        wrongType("concatenate") { _ = try Tensor.concatenate([a, bytes]) }
        wrongType("matmul") { _ = try a.reshaped([1, 3]).matmul(bytes.reshaped([3, 1])) }
        wrongType("gathered") { _ = try a.gathered(a) }
        wrongType("scatterAdded") { _ = try bytes.scatterAdded(Tensor.arange(3), rows: 2) }
        wrongType("multiply") { _ = try bytes * 0.5 }
        wrongType("multiply") { _ = try bytes * 256 }
        wrongType("reading values") { _ = try whole.floats(on: TestDevices.cpu.device) }
        #expect(throws: TensorError.self) { try gradients(of: whole, withRespectTo: []) }
        #expect(throws: TensorError.self) { try gradients(of: a, withRespectTo: [a]) }
        #expect(throws: TensorError.self) { try gradients(of: a.sum(), withRespectTo: [bytes]) }
    }

    @Test func rangesAndCounts() throws {
        let a = try floats([2, 3])
        outside("permuted") { _ = try a.permuted([0, 0]) }
        outside("permuted") { _ = try a.permuted([0]) }
        outside("permuted") { _ = try a.permuted([0, 2]) }
        outside("transposed") { _ = try floats([3]).transposed() }
        outside("sum") { _ = try a.sum([2]) }
        outside("maximum") { _ = try a.maximum(over: [-3]) }
        outside("sliced") { _ = try a.sliced(0..<4, axis: 1) }
        outside("sliced") { _ = try a.sliced(-1..<2, axis: 1) }
        outside("sliced") { _ = try a.sliced(0..<2, axis: 1, step: 0) }
        outside("sliced") { _ = try a.sliced(0..<2, axis: 2) }
        outside("padded") { _ = try a.padded(before: [1], after: [1, 1]) }
        outside("padded") { _ = try a.padded(before: [-1, 0], after: [0, 0]) }
        outside("flipped") { _ = try a.flipped([2]) }
        outside("split") { _ = try a.split([1, 1], axis: 1) }
        outside("split") { _ = try a.split([4, -1], axis: 1) }
        outside("concatenate") { _ = try Tensor.concatenate([]) }
        outside("expandedDimensions") { _ = try a.expandedDimensions(4) }
        outside("argmax") { _ = try Tensor(1).argmax() }
        #expect(throws: TensorError.countMismatch(shape: [2, 2], expected: 4, found: 3)) {
            try Tensor([1, 2, 3] as [Float], shape: [2, 2])
        }
        #expect(throws: TensorError.countMismatch(shape: [3], expected: 3, found: 2)) {
            try Argument([3]).set([1, 2] as [Float], on: TestDevices.cpu.device)
        }
    }

    @Test func compiledFunctions() throws {
        let device = TestDevices.cpu.device
        let variable = try Variable([1, 2], shape: [2], name: "weights", on: device)
        mismatch("update of weights") { _ = try Update(variable, to: Tensor(1)) }
        wrongType("update of weights") { _ = try Update(variable, to: Tensor.arange(2)) }
        outside("weights") { _ = try variable.read(1..<3) }
        outside("weights") { try variable.write([1, 2], at: 1) }
        outside("weights") { try variable.write([1], at: -1) }
        #expect(throws: TensorError.countMismatch(shape: [3], expected: 3, found: 1)) {
            try Variable([1], shape: [3], on: device)
        }
        let function = try CompiledFunction(on: device, results: [variable.tensor])
        outside("result") { _ = try function.floats(1) }
        wrongType("result") { _ = try function.integers(0) }
        let elsewhere = TestDevices.reference.device
        #expect(
            throws: TensorError.wrongDevice(
                variable: "weights", expected: device.info.name, found: elsewhere.info.name)
        ) { try (variable.tensor + 1).floats(on: elsewhere) }
    }

    /// One intermediate beyond what the device can allocate.
    @Test func tooLarge() throws {
        let device = ReferenceDevice(largestAllocation: 1000)
        let x = try Tensor([Float](repeating: 1, count: 20), shape: [20, 1])
        let large = try x.matmul(x.transposed()).exp().matmul(x)
        #expect(throws: DeviceError.self) { try large.floats(on: device) }
    }

    /// Messages are one line and say what came.
    @Test func messages() throws {
        let error = #expect(throws: TensorError.self) { try floats([2, 3]) + floats([4]) }
        let text = error?.description ?? ""
        #expect(text.contains("[2, 3]") && text.contains("[4]") && text.contains("add") && !text.contains("\n"))
    }
}
