import Layers
import Tensors
import TestSupport
import Testing

@Suite("The parameter store")
struct ParameterStoreTests {
    private func model() throws -> Sequential {
        try Sequential(Linear(3, 4), BatchNorm2d(4), Linear(4, 2, bias: false))
    }

    @Test func aParameterWithoutMemorySaysSo() throws {
        let linear = try Linear(2, 3)
        #expect(throws: LayerError.notPlaced(shape: [2, 3])) { try linear.weight.tensor }
        #expect(throws: LayerError.notPlaced(shape: [2, 3])) { try linear.weight.read() }
        #expect(throws: LayerError.notPlaced(shape: [2, 3])) { try linear.weight.write([0, 0, 0, 0, 0, 0]) }
    }

    @Test(arguments: TestDevice.all)
    func firstValuesDependOnTheSeedAlone(_ on: TestDevice) throws {
        let read = { (seed: UInt64) in
            try ParameterStore(model(), on: on.device, seed: seed).read().flatMap(\.values)
        }
        let expected = try model().namedParameters().enumerated().flatMap { index, entry in
            let fan = index < 2 ? 3 : 4
            return switch entry.name {
            case "layers.1.weight", "layers.1.runningVariance": [Float](repeating: 1, count: 4)
            case "layers.1.bias", "layers.1.runningMean": [Float](repeating: 0, count: 4)
            default:
                Initializer.fanInUniform(fanIn: fan).values(entry.parameter.shape, seed: 5, stream: UInt32(index))
            }
        }
        #expect(try read(5) == expected)
        #expect(try read(5) != read(6))
    }

    /// Sizes 12, 4 (and a bias of 4), 8 (no bias), 4: by the power of two in them, then by declaration.
    @Test(arguments: TestDevice.all)
    func flatHoldsTheTrainedOnesLargestAlignmentFirst(_ on: TestDevice) throws {
        let store = try ParameterStore(model(), on: on.device)
        let names = ["layers.2.weight", "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
        let parameters = try names.map { name in
            try #require(store.parameters.first { $0.name == name }).parameter
        }
        #expect(try store.flat.read() == parameters.flatMap { try $0.read() })
        // Writing one changes no neighbour.
        let before = try store.flat.read()
        try parameters[2].write([9, 8, 7, 6])
        #expect(try store.flat.read() == before[..<20] + [9, 8, 7, 6] + before[24...])
    }

    @Test(arguments: TestDevice.all)
    func readAndWriteByName(_ on: TestDevice) throws {
        let (from, to) = (
            try ParameterStore(model(), on: on.device, seed: 1), try ParameterStore(model(), on: on.device, seed: 2)
        )
        let values = try from.read()
        try to.write(Dictionary(uniqueKeysWithValues: values.map { ($0.name, ($0.shape, $0.values)) }))
        #expect(try to.read().flatMap(\.values) == values.flatMap(\.values))
    }

    @Test func aBadWriteChangesNothing() throws {
        let store = try ParameterStore(model(), on: TestDevice.first, seed: 1)
        let before = try store.read()
        let good = Dictionary(
            uniqueKeysWithValues: before.map { ($0.name, (shape: $0.shape, values: $0.values.map { $0 + 1 })) })
        func refuses(_ name: String, _ change: (inout [String: (shape: [Int], values: [Float])]) -> Void) throws {
            var bad = good
            change(&bad)
            let error = #expect(throws: LayerError.self) { try store.write(bad) }
            guard case .parameterMismatch(let found, _, _) = error else {
                return #expect(Bool(false), "\(error as Any)")
            }
            #expect(found == name)
            #expect(try store.read().flatMap(\.values) == before.flatMap(\.values))
        }
        let last = try #require(before.last?.name)
        try refuses(last) { $0[last] = nil }
        try refuses("stranger") { $0["stranger"] = ([1], [1]) }
        try refuses(last) { $0[last] = ([2, 4], before.last?.values ?? []) }
        try refuses(last) { $0[last] = ([4, 2], [1, 2, 3]) }
        #expect(throws: TensorError.self) { try store.parameters[0].parameter.write([1]) }
        try store.write(good)
        #expect(
            try store.read().flatMap(\.values)
                == good.sorted { a, b in
                    let names = before.map(\.name)
                    return (names.firstIndex(of: a.key) ?? 0) < (names.firstIndex(of: b.key) ?? 0)
                }.flatMap(\.value.values))
    }

    @Test(arguments: TestDevice.all)
    func theGradientIsFlat(_ on: TestDevice) throws {
        struct Three: Module {
            let a = Parameter([2], .constant(3))
            let unused = Parameter([3], .constant(1))
            let b = Parameter([2, 2], .constant(2))
        }
        let three = Three()
        let store = try ParameterStore(three, on: on.device)
        let loss =
            try three.a.tensor.square().sum()
            + (three.b.tensor * Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])).sum()
        #expect(try store.gradient(of: loss).floats(on: on.device) == [1, 2, 3, 4, 6, 6, 0, 0, 0])
    }

    /// Two parts and a parameter that neither holds.
    private struct Partitioned: PartitionedModule {
        let alone = Parameter([2], .constant(5))
        let first = Parameter([3], .constant(1))
        let second = Parameter([2, 2], .constant(2))
        let kept = Parameter([2], .constant(7), isTrainable: false)

        struct Part: Module { let parameters: [Parameter] }
        var parts: [any Module] { [Part(parameters: [first]), Part(parameters: [second, kept])] }
    }

    @Test(arguments: TestDevice.all)
    func eachPartIsAGroup(_ on: TestDevice) throws {
        let model = Partitioned()
        let store = try ParameterStore(model, on: on.device)
        // What no part holds goes with the first; what is not trained is in none.
        #expect(try store.groups.map { try $0.flat.read() } == [[5, 5, 1, 1, 1], [2, 2, 2, 2]])
        #expect(store.flat == store.groups[0].flat)
        #expect(store.parameters.map(\.name) == ["alone", "first", "second", "kept"])
        #expect(try store.read().map(\.values) == [[5, 5], [1, 1, 1], [2, 2, 2, 2], [7, 7]])
        // The gradient of one group knows nothing of the other.
        let loss =
            try (model.first.tensor * 3).sum() + model.second.tensor.square().sum() + model.alone.tensor.sum()
        #expect(try store.groups[0].gradient(of: loss).floats(on: on.device) == [1, 1, 3, 3, 3])
        #expect(try store.groups[1].gradient(of: loss).floats(on: on.device) == [4, 4, 4, 4])
        // Writing one group changes the parameters of that group alone.
        try store.groups[1].flat.write([6, 7, 8, 9])
        #expect(try store.read().map(\.values) == [[5, 5], [1, 1, 1], [6, 7, 8, 9], [7, 7]])
    }

    @Test(arguments: TestDevice.all)
    func aModelWithoutParametersHasAStore(_ on: TestDevice) throws {
        let store = try ParameterStore(Flatten(), on: on.device)
        #expect(store.parameters.isEmpty)
        #expect(try store.flat.read() == [])
        #expect(try store.gradient(of: Tensor(1)).shape == [0])
    }
}
