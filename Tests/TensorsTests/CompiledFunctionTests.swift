import Compute
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct CompiledFunctionTests {
    @Test(arguments: TestDevices.all)
    func argumentsChangeResults(_ test: TestDevice) throws {
        let device = test.device
        let batch = Argument([2, 3])
        let scale = Argument([])
        let function = try CompiledFunction(
            on: device, results: [try (batch.tensor * scale.tensor).sum([1]), try batch.tensor.argmax()])
        for step in 1...3 {
            try batch.set((0..<6).map { Float($0 * step) }, on: device)
            try scale.set([Float(step)], on: device)
            try function.run()
            #expect(try function.floats(0) == [Float(3 * step * step), Float(12 * step * step)])
            #expect(try function.integers(1) == [2, 2])
        }
    }

    /// Structure decides: another function of the same structure, with other leaves, uses the same plan.
    @Test func plansAreRemembered() throws {
        let device = ReferenceDevice()
        let executor = Executor.of(device)
        func step(_ values: [Float]) throws -> Executor.Compiled {
            let x = try Tensor(values, shape: [values.count])
            // Not a number differs from itself, but the constant does not.
            let known = try Tensor.select(x.less(Tensor(100)), x.exp(), Tensor(Float.nan))
            let (graph, _) = Graph.canonical(results: [try (x * 2 + known).sum()], assignments: [])
            return try executor.compile(graph)
        }
        let first = try step([1, 2, 3])
        #expect(try step([4, 5, 6]).prepared === first.prepared)
        #expect(try step([4, 5, 6, 7]).prepared !== first.prepared)
    }

    /// Zeros of different signs are different constants.
    @Test(arguments: TestDevices.all)
    func signsOfZeros(_ test: TestDevice) throws {
        let x = try Tensor([Float(1), -1], shape: [2])
        let function = try CompiledFunction(on: test.device, results: [try x / Tensor(0), try x / Tensor(-Float.zero)])
        try function.run()
        #expect(try function.floats(0) == [.infinity, -.infinity])
        #expect(try function.floats(1) == [-.infinity, .infinity])
    }

    @Test(arguments: TestDevices.all)
    func swap(_ test: TestDevice) throws {
        let a = try Variable([1, 2, 3], shape: [3], on: test.device)
        let b = try Variable([10, 20, 30], shape: [3], on: test.device)
        let function = try CompiledFunction(
            on: test.device, results: [], updates: [Update(a, to: b.tensor), Update(b, to: a.tensor)])
        try function.run()
        #expect(try a.read() == [10, 20, 30])
        #expect(try b.read() == [1, 2, 3])
        try function.run()
        #expect(try a.read() == [1, 2, 3])
    }

    /// A round of three, with arithmetic on the way, and a result that is an old value.
    @Test(arguments: TestDevices.all)
    func updatesSeeOldValues(_ test: TestDevice) throws {
        let device = test.device
        let variables = try (0..<3).map { try Variable([Float($0), 5], shape: [2], on: device) }
        let (a, b, c) = (variables[0].tensor, variables[1].tensor, variables[2].tensor)
        let function = try CompiledFunction(
            on: device, results: [a, try a + b + c],
            updates: [
                Update(variables[0], to: try b * 2), Update(variables[1], to: c), Update(variables[2], to: try a + b),
            ])
        try function.run()
        #expect(try function.floats(0) == [0, 5])
        #expect(try function.floats(1) == [3, 15])
        #expect(try variables.map { try $0.read() } == [[2, 10], [2, 5], [1, 10]])
    }

    /// Each value in place of the old one, read by several steps before.
    @Test(arguments: TestDevices.all)
    func momentum(_ test: TestDevice) throws {
        let device = test.device
        let weights = try Variable([1, -2, 3], shape: [3, 1], name: "weights", on: device)
        let velocity = try Variable([0, 0, 0], shape: [3, 1], name: "velocity", on: device)
        let x = try Tensor([1, 0, 2, 0.5, -1, 1] as [Float], shape: [2, 3])
        // The variable's tensor is asked for several times: it is the same leaf.
        let loss = try x.matmul(weights.tensor).square().sum()
        let slope = try gradients(of: loss, withRespectTo: [weights.tensor])[0]
        let next = try velocity.tensor * 0.5 + slope
        let function = try CompiledFunction(
            on: device, results: [loss],
            updates: [Update(velocity, to: next), Update(weights, to: try weights.tensor - next * 0.01)])
        var (w, v): ([Float], [Float]) = ([1, -2, 3], [0, 0, 0])
        let rows: [[Float]] = [[1, 0, 2], [0.5, -1, 1]]
        for _ in 0..<5 {
            try function.run()
            let outputs = rows.map { zip($0, w).reduce(0) { $0 + $1.0 * $1.1 } }
            #expect(abs(try function.floats()[0] - outputs.reduce(0) { $0 + $1 * $1 }) < 1e-3)
            for i in 0..<3 {
                v[i] = 0.5 * v[i] + 2 * (rows[0][i] * outputs[0] + rows[1][i] * outputs[1])
                w[i] -= 0.01 * v[i]
            }
            #expect(zip(try weights.read(), w).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(zip(try velocity.read(), v).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }

    @Test(arguments: TestDevices.all)
    func partsOfVariables(_ test: TestDevice) throws {
        let variable = try Variable([0, 1, 2, 3, 4, 5], shape: [6], on: test.device)
        try variable.write([10, 20], at: 2)
        #expect(try variable.read() == [0, 1, 10, 20, 4, 5])
        #expect(try variable.read(3..<5) == [20, 4])
        #expect(try variable.read(6..<6) == [])
    }

    /// Memory in use does not grow with the number of runs, nor what evaluation leaves behind.
    @Test(arguments: TestDevices.all)
    func memoryStaysFlat(_ test: TestDevice) throws {
        // One that no other test uses at the same time.
        let device = try #require(test.another())
        let weights = try Variable([Float](repeating: 0.1, count: 64), shape: [8, 8], on: device)
        let batch = Argument([4, 8])
        let leaf = weights.tensor
        let loss = try batch.tensor.matmul(leaf).tanh().square().sum()
        let slope = try gradients(of: loss, withRespectTo: [leaf])[0]
        let function = try CompiledFunction(
            on: device, results: [loss], updates: [Update(weights, to: try leaf - slope * 0.01)])
        func step(_ number: Int) throws {
            try batch.set((0..<32).map { Float(($0 + number) % 7) * 0.1 }, on: device)
            try function.run()
            if number % 100 == 0 {
                _ = try function.floats()
                _ = try (leaf * 2).sum().scalar(on: device)
            }
        }
        for number in 0..<101 { try step(number) }
        try device.synchronize()
        let before = device.memory
        for number in 0..<1001 { try step(number) }
        try device.synchronize()
        #expect(device.memory.inUse == before.inUse)
        #expect(device.memory.pooled <= before.pooled)
        #expect(try function.floats()[0] >= 0)
    }
}
