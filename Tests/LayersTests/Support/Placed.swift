import Compute
import Layers
import Tensors
import TestSupport

extension TestDevice {
    static var all: [TestDevice] { TestDevices.all }
    /// For what does not depend on the device.
    static var first: any Device { TestDevices.cpu.device }
}

/// A layer whose parameters are on a device.
struct Placed<Part: Module> {
    let part: Part
    let store: ParameterStore

    /// - Parameter noise: whether parameters take random values in place of their first ones, so that a bias of zeros or
    ///   a weight of ones hides nothing.
    init(_ part: Part, on device: any Device, noise: Bool = true) throws {
        self.part = part
        store = try ParameterStore(part, on: device, seed: 7)
        guard noise else { return }
        for (index, entry) in store.parameters.enumerated() where entry.parameter.isTrainable {
            try entry.parameter.write(Numbers.noise(entry.parameter.count, seed: UInt64(100 + index)))
        }
    }
}

extension Placed where Part: Layer {
    func callAsFunction(_ values: [Float], _ shape: [Int], training: Bool = false) throws -> [Float] {
        try part(Tensor(values, shape: shape), Context(isTraining: training, seed: 3)).floats(on: store.device)
    }
}
