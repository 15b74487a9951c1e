import Compute
import Tensors
import TestSupport
import Testing

/// Threads that share a device, a plan, a compiled function or a leaf get what each would get alone, bit for bit.
/// `make check-sanitizers` runs these under the thread sanitizer.
@Suite(.serialized) struct ConcurrencyTests {
    /// Steps of every kind but the raster scan: products, a convolution, reductions, a gather and its gradient.
    private static func network(_ values: [Float]) throws -> [Tensor] {
        let x = try Tensor(values, shape: [4, 6, 6, 3])
        let taps = try Tensor((0..<108).map { Float($0 % 7) * 0.1 - 0.3 }, shape: [9, 3, 4])
        let weight = try Tensor((0..<720).map { Float($0 % 11) * 0.1 - 0.5 }, shape: [144, 5])
        let indices = try Tensor([3, 0, 2, 2, 1, 3].map { Int32($0) }, shape: [6])
        let image = try x.convolved(taps, window: .init(kernel: (3, 3), padding: (1, 1))).tanh()
        let rows = try image.reshaped([4, 144]).matmul(weight).softmax().gathered(indices)
        let loss = try rows.log().mean() + image.square().sum()
        return try [loss, rows] + gradients(of: loss, withRespectTo: [x, weight])
    }

    private static func values(_ seed: Int) -> [Float] {
        (0..<432).map { Float(($0 * 31 + seed * 17) % 101) * 0.02 - 1 }
    }

    private static func bits(_ tensors: [Tensor], on device: any Device) throws -> [[UInt32]] {
        try Tensor.evaluate(tensors, on: device).map { try $0.floats(on: device).map(\.bitPattern) }
    }

    @Test("threads that ask for the same plan with other numbers, the first time and again", arguments: TestDevices.all)
    func plansAreShared(_ test: TestDevice) throws {
        let (shared, own) = (try #require(test.another()), try #require(test.another()))
        let found = try sideBySide(threads: 3) { thread in
            try (0..<6).map { try Self.bits(Self.network(Self.values(10 * thread + $0)), on: shared) }
        }
        for (thread, results) in found.enumerated() {
            for (number, result) in results.enumerated() {
                #expect(try result == Self.bits(Self.network(Self.values(10 * thread + number)), on: own))
            }
        }
        #expect(found[0][0] != found[1][0])
    }

    @Test(
        "threads that run one function: every run counts once, and no result is half of one", arguments: TestDevices.all
    )
    func aFunctionIsShared(_ test: TestDevice) throws {
        let (threads, runs) = (3, 40)
        func function() throws -> (CompiledFunction, Variable) {
            let variable = try Variable((0..<1000).map { Float($0) * 0.01 }, shape: [10, 100], on: test.device)
            let square = try Tensor((0..<10_000).map { Float($0 % 13) * 0.01 - 0.06 }, shape: [100, 100])
            let next = try (variable.tensor.matmul(square) + variable.tensor).sin()
            return (
                try CompiledFunction(on: test.device, results: [next], updates: [Update(variable, to: next)]), variable
            )
        }
        let (alone, state) = try function()
        var values: Set<[Float]> = []
        for _ in 0..<threads * runs {
            try alone.run()
            values.insert(try alone.floats())
        }
        #expect(values.count == threads * runs)

        let (shared, sharedState) = try function()
        let seen = try sideBySide(threads: threads) { _ in
            try (0..<runs).map { _ in
                try shared.run()
                return try shared.floats()
            }
        }
        #expect(seen.joined().allSatisfy(values.contains))
        #expect(try sharedState.read() == state.read())
    }

    @Test("a leaf that all devices use at once")
    func leavesAreShared() throws {
        let leaf = try Tensor(Self.values(5), shape: [4, 108])
        let product = try leaf.matmul(leaf.transposed()).sum([1])
        let devices = TestDevices.all.compactMap { $0.another() }
        let works = (devices + devices).map { device in
            { @Sendable in try product.floats(on: device).map(\.bitPattern) }
        }
        let found = try sideBySide(works)
        for (device, result) in zip(devices + devices, found) {
            let copy = try Tensor(Self.values(5), shape: [4, 108])
            #expect(try result == copy.matmul(copy.transposed()).sum([1]).floats(on: device).map(\.bitPattern))
        }
    }

    @Test("threads that take memory, fill it, read it and give it back", arguments: TestDevices.all)
    func memoryIsShared(_ test: TestDevice) throws {
        let device = try #require(test.another())
        let before = device.memory.inUse
        let wrong = try sideBySide(threads: 4) { thread in
            var wrong = 0
            for round in 0..<60 {
                let buffers = try (0..<5).map { try device.allocate(bytes: 1000 + 300 * ($0 + round % 3)) }
                for (number, buffer) in buffers.enumerated() {
                    let byte = UInt8((thread * 60 + round + number * 7) % 256)
                    try [UInt8](repeating: byte, count: buffer.bytes).withUnsafeBytes {
                        try device.upload($0, to: buffer, offset: 0)
                    }
                }
                for (number, buffer) in buffers.enumerated() {
                    var bytes = [UInt8](repeating: 0, count: buffer.bytes)
                    try bytes.withUnsafeMutableBytes { try device.download(buffer, offset: 0, into: $0) }
                    let byte = UInt8((thread * 60 + round + number * 7) % 256)
                    wrong += bytes.count { $0 != byte }
                }
            }
            return wrong
        }
        #expect(wrong == [0, 0, 0, 0])
        #expect(device.memory.inUse == before)
    }

    /// A scan keeps offsets in its kernels from launch to launch; every run has to set its own.
    @Test("threads that run one recurrence", arguments: TestDevices.all)
    func scansAreShared(_ test: TestDevice) throws {
        let (shared, own) = (try #require(test.another()), try #require(test.another()))
        @Sendable func scan(_ seed: Int) throws -> [Tensor] {
            let inputs = try Tensor(Array(Self.values(seed).prefix(180)), shape: [6, 6, 5])
            let weight = try Tensor((0..<25).map { Float($0 % 5) * 0.2 - 0.4 }, shape: [5, 5])
            let outputs = try Tensor.scan([inputs], from: [Tensor.zeros([6, 5])]) { inputs, state in
                let next = try (state[0].matmul(weight) + inputs[0]).tanh()
                return ([next], [next])
            }.outputs[0]
            return try [outputs] + gradients(of: outputs.square().sum(), withRespectTo: [inputs, weight])
        }
        let found = try sideBySide(threads: 3) { thread in
            try (0..<6).map { try Self.bits(scan(10 * thread + $0), on: shared) }
        }
        for (thread, results) in found.enumerated() {
            for (number, result) in results.enumerated() {
                #expect(try result == Self.bits(scan(10 * thread + number), on: own))
            }
        }
    }
}
