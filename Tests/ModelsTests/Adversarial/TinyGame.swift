import Compute
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// A small game with its parameters on a device, noise added so that small weights and zeros hide nothing.
struct TinyGame {
    let model: any AdversarialModel
    let store: ParameterStore
    let device: any Device

    init(
        _ name: String, _ settings: [String: String] = [:], side: Int = 8, channels: Int = 1, noise: Float = 0.3,
        on device: any Device
    ) throws {
        let space = try ImageSpace(height: side, width: side, channels: channels, levels: 17)
        let small = ["latent": "3", "channels": "4", "hidden": "8"].merging(settings) { $1 }
        model = try #require(try ModelCatalog.entry(name).model(for: space, settings: small) as? any AdversarialModel)
        store = try ParameterStore(model, on: device, seed: 3)
        self.device = device
        var random = TestRandom(seed: 8)
        for group in store.groups {
            try group.flat.write(group.flat.read().map { $0 + random.float(-noise...noise) })
        }
    }

    /// A context for training on `count` images, all classes in turn.
    func context(_ count: Int, seed: UInt64 = 2) throws -> Context {
        let context = try Context(isTraining: true, seed: seed)
        if let classes = model.classes {
            context.labels = try Tensor((0..<count).map { Int32($0 % classes) }, shape: [count])
        }
        return context
    }

    /// Images in -1...1.
    func images(_ count: Int) throws -> Tensor {
        var random = TestRandom(seed: 4)
        return try Tensor(
            (0..<count * model.images.dimensions).map { _ in random.float(-1...1) },
            shape: model.images.batchShape(count))
    }

    /// The present values by name.
    func values() throws -> [String: [Float]] {
        Dictionary(uniqueKeysWithValues: try store.read().map { ($0.name, $0.values) })
    }
}
