import Compute
import Foundation
import Tensors
import TestSupport
import Testing

/// How many steps known patterns take, and what plans are made of.
@Suite struct LoweringTests {
    private func plan(_ results: [Tensor], _ updates: [Update] = []) throws -> Plan {
        let (graph, _) = Graph.canonical(results: results, assignments: updates.map { ($0.variable, $0.value) })
        return try Executor.of(TestDevices.reference.device).compile(graph).plan
    }

    private func floats(_ shape: [Int]) throws -> Tensor {
        try Tensor([Float](repeating: 0.5, count: shape.reduce(1, *)), shape: shape)
    }

    @Test func chainIsOneStep() throws {
        let x = try floats([100, 100])
        var y = x
        for _ in 0..<10 { y = try (y * 1.1).tanh() + x }
        #expect(try plan([y]).steps.count == 1)
        #expect(try plan([y]).slabs.isEmpty)
    }

    /// What goes over the same rows is put side by side, and never before what it needs: here the first part of a
    /// concatenation whose second part goes over rows that come earlier.
    @Test func rowsAreSideBySide() throws {
        let values = (0..<24).map { Float($0 % 7) * 0.25 - 0.5 }
        let x = try Tensor(values, shape: [6, 4])
        let other = try Tensor(Array(values.prefix(12)), shape: [3, 4])
        let sums = try x.sum([1], keepingDimensions: true)
        let both = try Tensor.concatenate([other * sums.sliced(0..<3, axis: 0), x * sums], axis: 0)
        let result = try x + both.sliced(0..<6, axis: 0).exp()
        let function = try CompiledFunction(on: TestDevices.reference.device, results: [both, result])
        try function.run()
        for (index, value) in try function.floats(1).enumerated() {
            let row = index / 4 % 3
            let sum = values[(row * 4)...].prefix(4).reduce(0) { $0 + $1 }
            #expect(abs(value - values[index] - expf(values[index % 12] * sum)) < 1e-4)
        }
    }

    /// Numbers for each row go before the rows only where they do not come from them: here they do by a concatenation.
    @Test func concatenatedSumsComeFirst() throws {
        let values = (0..<24).map { Float($0 % 7) * 0.25 - 0.5 }
        let x = try Tensor(values, shape: [6, 4])
        let both = try Tensor.concatenate([x.sum([1]), x.square().sum([1])], axis: 0)
        let result = try both.sliced(3..<9, axis: 0).exp()
        let function = try CompiledFunction(on: TestDevices.reference.device, results: [both, result])
        try function.run()
        let rows = (0..<6).map { values[($0 * 4)...].prefix(4) }
        let sums = rows.map { $0.reduce(0, +) } + rows.map { $0.reduce(0) { $0 + $1 * $1 } }
        for (found, sum) in zip(try function.floats(1), sums[3..<9]) { #expect(abs(found - expf(sum)) < 1e-4) }
    }

    /// The gradient of a sum over rows comes before what else becomes of the rows' sums.
    @Test func gradientFollowsItsRows() throws {
        let x = try Variable([Float](repeating: 0.5, count: 640), shape: [40, 16], on: TestDevices.reference.device)
        let loss = try x.tensor.exp().sum([1]).log().sum()
        let gradient = try gradients(of: loss, withRespectTo: [x.tensor])[0]
        #expect(try plan([loss, gradient]).steps.map(\.shape.count) == [1, 2, 0])
    }

    /// So it does where sums over several rows read the same numbers of rows: the losses of an image's pixels.
    @Test func gradientFollowsItsRowsBeforeLargerSums() throws {
        let device = TestDevices.reference.device
        let logits = try Variable([Float](repeating: 0.5, count: 1280), shape: [8, 5, 32], on: device).tensor
        let labels = try Tensor([Int32](repeating: 3, count: 40), shape: [8, 5])
        let isLabel = try Tensor.coordinates([8, 5, 32], axis: 2).equal(labels.expandedDimensions(-1))
        let chosen = try Tensor.select(isLabel, logits, Tensor(0)).sum([2])
        let isKnown = try labels.greaterOrEqual(Tensor(Int32(0)))
        let losses = try Tensor.select(isKnown, logits.logSumExp() - chosen, Tensor(Float.nan)).sum([1])
        let gradient = try gradients(of: losses.sum(), withRespectTo: [logits])[0]
        let shapes = try plan([losses, gradient]).steps.map(\.shape)
        let place = try #require(shapes.lastIndex { $0.reduce(1, *) == 1280 })
        #expect(place < shapes.firstIndex(of: [8]) ?? 0, "\(shapes)")
        // Here the gradient needs the larger sums.
        let later = try gradients(of: losses.square().sum(), withRespectTo: [logits])[0]
        let others = try plan([losses, later]).steps.map(\.shape)
        let last = try #require(others.lastIndex { $0.reduce(1, *) == 1280 })
        #expect(last > others.firstIndex(of: [8]) ?? .max, "\(others)")
    }

    /// The gradient of a bias follows that of its weights, wherever that runs: here of weights that are larger than what
    /// their gradient is computed from.
    @Test func sumsFollowTheirProducts() throws {
        let device = TestDevices.reference.device
        let variables = try [[30, 200], [200], [200, 5], [5]].map { shape in
            try Variable([Float](repeating: 0.5, count: shape.reduce(1, *)), shape: shape, on: device)
        }
        let (w, b, v, c) = (variables[0].tensor, variables[1].tensor, variables[2].tensor, variables[3].tensor)
        let loss = try ((try floats([8, 30]).matmul(w) + b).maximum(0).matmul(v) + c).square().sum()
        let steps = try plan(gradients(of: loss, withRespectTo: [w, b, v, c])).steps.map(\.step)
        var sums = 0
        for (before, step) in zip(steps, steps.dropFirst()) {
            guard case .pointwise(let sum) = step, sum.reduction?.axes == [0], sum.shape.count == 2 else { continue }
            sums += 1
            guard case .contraction(let product) = before else {
                Issue.record("a sum behind \(before)")
                continue
            }
            #expect(product.b.operand == sum.operands[0])
        }
        #expect(sums == 2)
    }

    /// But not where the product is computed from it.
    @Test func sumsComeBeforeWhatNeedsThem() throws {
        let matrix = try Argument([6, 4]).tensor.exp()
        let sums = try matrix.sum([0])
        let product = try (matrix * sums).exp().transposed().matmul(matrix)
        let labels = try plan([matrix, sums, product]).steps.map(\.label)
        let first = labels.firstIndex { $0.hasPrefix("sum") }
        let last = labels.lastIndex { $0.hasPrefix("matmul") }
        #expect(try #require(first) < #require(last), "\(labels)")
    }

    @Test func linearAndReluIsOneStep() throws {
        let y = try (floats([32, 64]).matmul(floats([64, 16])) + floats([16])).maximum(0)
        let plan = try plan([y])
        #expect(plan.steps.count == 1)
        guard case .contraction(let step) = plan.steps.first?.step else {
            Issue.record("\(plan)")
            return
        }
        #expect(step.epilogue != nil)
    }

    @Test func convolutionWithActivationIsOneStep() throws {
        let window = ConvolutionWindow(kernel: (3, 3), padding: (1, 1))
        let y = try (floats([2, 8, 8, 4]).convolved(floats([9, 4, 6]), window: window) + floats([6])).maximum(0)
        #expect(try plan([y]).steps.count == 1)
    }

    /// An activation is stored beside what it is computed from, as what follows from it alone is; a sum over both is not.
    @Test func activationIsBesideItsProduct() throws {
        let x = try floats([32, 64])
        let y = try x.matmul(floats([64, 64])) + x
        let plan = try plan([y, y.maximum(0), y.less(0), y.maximum(0).sum([1])])
        #expect(plan.steps.count == 2)
        guard case .contraction(let step) = plan.steps.first?.step else {
            Issue.record("\(plan)")
            return
        }
        #expect(step.epilogue?.others.map(\.destination.dtype) == [.float32, .bool])
    }

    /// What reads more elements than the product computes waits for it.
    @Test func neighboursAreNotBesideTheirProduct() throws {
        let x = try floats([32, 64])
        let y = try x.matmul(floats([64, 64]))
        #expect(try plan([y, y.flipped([1]) + y]).steps.count == 2)
        #expect(try plan([y, y + y.matmul(floats([64, 64]))]).steps.count == 2)
    }

    @Test func residualIsInTheEpilogue() throws {
        let x = try floats([32, 16])
        #expect(try plan([x + (x.matmul(floats([16, 16])) + floats([16])).tanh()]).steps.count == 1)
    }

    /// Movement costs nothing by itself.
    @Test func transposesAreViews() throws {
        let (a, b) = (try floats([30, 20]), try floats([40, 30]))
        #expect(try plan([a.transposed().matmul(b.transposed())]).steps.count == 1)
        #expect(
            try plan([a.transposed().flipped([0]).sliced(1..<10, axis: 0).padded(before: [1, 1], after: [0, 0]) + 1])
                .steps.count == 1)
    }

    @Test func normalizations() throws {
        let x = try floats([64, 300])
        #expect(try plan([x.softmax()]).steps.count <= 3)
        #expect(try plan([x.logSumExp()]).steps.count <= 2)
        #expect(try plan([x.sum([1])]).steps.count == 1)
        #expect(try plan([x.variance([1])]).steps.count == 2)
        let centred = try x - x.mean([1], keepingDimensions: true)
        let normal = try centred * (centred.square().mean([1], keepingDimensions: true) + 1e-5).rsqrt() * floats([300])
        #expect(try plan([normal]).steps.count <= 3)
        let losses = try x.maximum(0) - x * floats([64, 300]) + (-x.absolute()).exp().log1p()
        #expect(try plan([losses.sum([1]).mean()]).steps.count <= 2)
    }

    /// All of Adam in one launch, in place.
    @Test func adamIsOneStep() throws {
        let device = TestDevices.reference.device
        let variables = try (0..<3).map { _ in try Variable([Float](repeating: 1, count: 500), shape: [500], on: device)
        }
        let (p, m, v) = (variables[0].tensor, variables[1].tensor, variables[2].tensor)
        let rate = Argument([]).tensor
        let g = Argument([500]).tensor
        let m2 = try m * 0.9 + g * 0.1
        let v2 = try v * 0.999 + g.square() * 0.001
        let p2 = try p - rate * m2 / (v2.sqrt() + 1e-8)
        let plan = try plan(
            [], [Update(variables[0], to: p2), Update(variables[1], to: m2), Update(variables[2], to: v2)])
        #expect(plan.steps.count == 1, "\(plan)")
        #expect(plan.slabs.isEmpty)
    }

    /// Computed parts of a concatenation along the outermost axis are written where they belong.
    @Test func concatenationIsInPlace() throws {
        let (a, b) = (try floats([20, 30]), try floats([30, 10]))
        let joined = try Tensor.concatenate([a.matmul(b).reshaped([200]), b.exp().reshaped([300])])
        #expect(try plan([joined]).steps.count == 2)
        #expect(try plan([joined]).slabs.isEmpty)
    }

    /// The gradient of each half of a gate is computed for that half, and not as zero for the other.
    @Test func gradientsOfHalvesAreNotPadded() throws {
        let x = try floats([64, 32])
        let halves = try x.split([16, 16], axis: 1)
        let gate = try halves[0].tanh() * halves[1].sigmoid()
        let plan = try plan(gradients(of: gate, withRespectTo: [x], seed: floats([64, 16])))
        #expect(plan.steps.map(\.shape) == [[64, 16]], "\(plan)")
        #expect(plan.slabs.isEmpty)
    }

    /// What is at several places of a concatenation is computed at one of them; the copies are one step.
    @Test func copiesAreMadeTogether() throws {
        let x = try floats([50, 40])
        let sums = try (1...3).map { try (x * Float($0)).sum([0]) }
        let plan = try plan([Tensor.concatenate(sums + sums)])
        #expect(plan.steps.count == 4, "\(plan)")
        #expect(plan.slabs.isEmpty)
    }

    /// A causal network's convolutions have the bits that a sampler computes pixel by pixel, but not while it is trained.
    @Test func sampledConvolutionsArePixelwise() throws {
        func convolutions(_ results: [Tensor]) throws -> [Bool] {
            try plan(results).steps.compactMap {
                if case .convolution(let step) = $0.step { step.isPixelwise } else { nil }
            }
        }
        func window(_ lines: ClosedRange<Int>) -> ConvolutionWindow {
            ConvolutionWindow(sameSizeTaps: lines.flatMap { y in (-1...1).map { .init(dy: y, dx: $0) } }, stride: 2)
        }
        let (x, w) = (try floats([2, 8, 8, 4]), try floats([6, 4, 4]))
        let smaller = try x.convolved(w, window: window(-1...0))
        let larger = try smaller.transposeConvolved(w, window: window(0...1))
        #expect(try convolutions([larger]) == [true, true])
        #expect(try convolutions([x.convolved(w, window: window(0...1))]) == [false])
        #expect(try convolutions([x.transposeConvolved(w, window: window(-1...0))]) == [false])
        let trained = try convolutions([larger] + gradients(of: larger.sum(), withRespectTo: [w]))
        #expect(trained.count == 5 && !trained.contains(true), "\(trained)")
    }

    /// What happens to be equal is computed once.
    @Test func equalSubgraphsAreMerged() throws {
        let (a, b) = (try floats([20, 30]), try floats([30, 10]))
        let y = try a.matmul(b).exp() + a.matmul(b).exp()
        #expect(try plan([y]).steps.count == 1)
        #expect(try plan([y, y]).steps.count == 2)
    }

    /// A chain of products needs two blocks at a time, whatever its length.
    @Test func memoryIsReused() throws {
        let w = try floats([64, 64])
        var y = w
        for _ in 0..<12 { y = try y.matmul(w) }
        #expect(try plan([y]).slabs.reduce(0, +) <= 2 * 64 * 64 * 4)
    }

    /// Blocks alive together that one allocation cannot hold go to several.
    @Test func largeIntermediatesAreSpread() throws {
        let device = ReferenceDevice(largestAllocation: 30_000)
        let x = try floats([64, 64])
        let (a, b) = (try x.matmul(x), try x.matmul(x.transposed()))
        let y = try a.matmul(b).sum() + b.matmul(a).sum()
        let (graph, _) = Graph.canonical(results: [y], assignments: [])
        let slabs = try Executor.of(device).compile(graph).plan.slabs
        #expect(slabs.count > 1 && slabs.allSatisfy { $0 <= 30_000 }, "\(slabs)")
        #expect(try y.scalar(on: device) == 2 * 64 * 64 * 64 * 16 * 16)
    }

    /// The order of a graph's construction and its leaves' contents do not matter, its constants do.
    @Test func canonicalGraphs() throws {
        func graph(_ x: Tensor, _ factor: Float) throws -> Graph {
            Graph.canonical(results: [try x.exp() * factor + x], assignments: []).graph
        }
        #expect(try graph(floats([3]), 2) == graph(Tensor([7, 8, 9] as [Float], shape: [3]), 2))
        #expect(try graph(floats([3]), 2) != graph(floats([3]), 3))
        #expect(try graph(floats([3]), 2) != graph(floats([4]), 2))
    }

    /// Graphs may be deep: recurrences and long sums.
    @Test(arguments: [TestDevices.reference, TestDevices.cpu])
    func deepGraphs(_ test: TestDevice) throws {
        let x = try Tensor([1, 2] as [Float], shape: [2])
        var y = x
        for _ in 0..<3000 { y = try y * 0.999 + x * 0.001 }
        #expect(try y.floats(on: test.device).map { ($0 * 1000).rounded() } == [1000, 2000])
        let slope = try gradients(of: y.sum(), withRespectTo: [x])[0]
        #expect(try slope.floats(on: test.device).allSatisfy { abs($0 - 1) < 1e-3 })
    }

    /// Reading a value in several moved forms must not multiply the work with the depth.
    @Test func movedReadsDoNotMultiply() throws {
        var y = try floats([16, 16])
        for _ in 0..<14 { y = try (y + y.flipped([0])) * 0.5 }
        let plan = try plan([y])
        let instructions = plan.steps.reduce(0) { sum, planned in
            guard case .pointwise(let step) = planned.step else { return sum }
            return sum + step.body.instructions.count
        }
        #expect(instructions < 1000, "\(instructions) instructions")
    }
}
