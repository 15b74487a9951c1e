import Foundation
import Layers
import Tensors

/// The state of a run between two steps: parameters, what the optimizer remembers, the average if there is one.
struct Checkpoint {
    private static let parameterPrefix = "parameters."
    private static let statePrefix = "optimizer."
    private static let averageName = "average"
    /// A fingerprint of the parameters in the order in which they lie in memory, which is the order of the optimizer's
    /// tensors too: a library that lays them out in another order must not take them up.
    private static let layoutKey = "layout"
    /// A fingerprint of all numbers in the file, which a disk may spoil without changing its size.
    private static let checksumKey = "checksum"

    /// Where a run is.
    struct Place: Equatable {
        /// Steps done.
        var step = 0
        /// The steps done when the model was last evaluated, and when a picture was last made: what comes next does not
        /// depend on where a run was interrupted.
        var evaluated = 0
        var pictured = 0
    }

    let place: Place
    let file: Safetensors

    /// The present state.
    /// - Throws: `TrainingError.notFinite` where a parameter is infinite or not a number; what the device throws.
    init(
        _ place: Place, learningRate: Double, store: ParameterStore, optimizers: [OptimizerState],
        average: ExponentialMovingAverage?
    ) throws {
        self.place = place
        var tensors: [Safetensors.Tensor] = []
        for (name, shape, values) in try store.read() {
            guard values.allSatisfy(\.isFinite) else {
                throw TrainingError.notFinite(
                    what: "parameter \(name)", step: place.step, learningRate: learningRate)
            }
            tensors.append(.init(name: Self.parameterPrefix + name, shape: shape, values: values))
        }
        for (name, variable) in Self.state(optimizers) {
            tensors.append(.init(name: name, shape: variable.shape, values: try variable.read()))
        }
        if let average {
            tensors.append(
                .init(name: Self.averageName, shape: average.shadow.shape, values: try average.shadow.read()))
        }
        file = Safetensors(
            tensors: tensors,
            metadata: [
                "step": String(place.step), "evaluated": String(place.evaluated), "pictured": String(place.pictured),
                Self.layoutKey: try Self.layout(of: store), Self.checksumKey: fingerprint(tensors.lazy.map(\.values)),
            ])
    }

    /// - Throws: `CheckpointError` for a file that cannot be read or is damaged.
    init(contentsOf path: String) throws {
        file = try Safetensors(contentsOf: path)
        let words = file.metadata
        guard let text = words["step"], let step = Int(text), step >= 0 else {
            throw CheckpointError.malformed(
                path: path, expected: "the number of steps in the metadata", found: words["step"] ?? "none")
        }
        let found = fingerprint(file.tensors.lazy.map(\.values))
        if let checksum = words[Self.checksumKey], checksum != found {
            throw CheckpointError.malformed(path: path, expected: "numbers of checksum \(checksum)", found: found)
        }
        func earlier(_ key: String) -> Int { min(words[key].flatMap(Int.init) ?? step, step) }
        place = Place(step: step, evaluated: earlier("evaluated"), pictured: earlier("pictured"))
    }

    /// Brings the state back.
    /// - Throws: `CheckpointError.malformed` where the file holds another model's or optimizer's state.
    func restore(
        _ store: ParameterStore, _ optimizers: [OptimizerState], _ average: ExponentialMovingAverage?, path: String
    ) throws {
        var parameters: [String: (shape: [Int], values: [Float])] = [:]
        for tensor in file.tensors where tensor.name.hasPrefix(Self.parameterPrefix) {
            parameters[String(tensor.name.dropFirst(Self.parameterPrefix.count))] = (tensor.shape, tensor.values)
        }
        let tensors = file.byName
        func fill(_ variable: Variable, from name: String) throws {
            guard let tensor = tensors[name], tensor.shape == variable.shape else {
                throw CheckpointError.malformed(
                    path: path, expected: "\(name) of shape \(variable.shape)",
                    found: tensors[name].map { "shape \($0.shape)" } ?? "none")
            }
            try variable.write(tensor.values)
        }
        try store.load(parameters, path: path)
        guard try file.metadata[Self.layoutKey] == Self.layout(of: store) else {
            throw CheckpointError.malformed(
                path: path, expected: "parameters in the order of this version (\(libraryVersion))", found: "another")
        }
        for (name, variable) in Self.state(optimizers) { try fill(variable, from: name) }
        if let average { try fill(average.shadow, from: Self.averageName) }
    }

    /// What the optimizers remember, by name: those of further groups of parameters are numbered.
    private static func state(_ optimizers: [OptimizerState]) -> [(name: String, variable: Variable)] {
        optimizers.enumerated().flatMap { number, optimizer in
            let prefix = statePrefix + (number == 0 ? "" : "\(number).")
            return optimizer.state.map { (name: prefix + $0.name, variable: $0.variable) }
        }
    }

    private static func layout(of store: ParameterStore) throws -> String {
        fingerprint(try store.groups.map { try $0.flat.read() })
    }
}

/// FNV-1a (Fowler, Noll & Vo), 64 bits, over the bits of all numbers.
private func fingerprint(_ lists: some Sequence<[Float]>) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for list in lists {
        for value in list { hash = (hash ^ UInt64(value.bitPattern)) &* 0x100_0000_01B3 }
    }
    return String(hash, radix: 16)
}

extension ParameterStore {
    /// The parameters as the contents of `model.safetensors`.
    func weights(metadata: [String: String]) throws -> Safetensors {
        Safetensors(
            tensors: try read().map { .init(name: $0.name, shape: $0.shape, values: $0.values) }, metadata: metadata)
    }

    /// Replaces all parameters by those of a file.
    func load(_ values: [String: (shape: [Int], values: [Float])], path: String) throws {
        do {
            try write(values)
        } catch LayerError.parameterMismatch(let name, let expected, let found) {
            throw CheckpointError.malformed(path: path, expected: "\(name): \(expected)", found: found)
        }
    }
}
