import Compute
import Synchronization
import Tensors

/// Numbers that a model keeps: trained ones (weights, biases), and others (running statistics).
///
/// A parameter knows how to initialise itself; it gets memory when a `ParameterStore` places its model on a device.
public final class Parameter: @unchecked Sendable {
    public let shape: [Int]
    /// Whether optimizers change it.
    public let isTrainable: Bool
    let initializer: Initializer
    private let place = Mutex<Place?>(nil)

    /// Where a parameter's numbers are: a part of a flat variable, and the one node that reads it.
    struct Place {
        var variable: Variable
        var offset: Int
        var tensor: Tensor
    }

    public init(_ shape: [Int], _ initializer: Initializer, isTrainable: Bool = true) {
        self.shape = shape
        self.initializer = initializer
        self.isTrainable = isTrainable
    }

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// The present value, as part of a graph. Always the same node, so that gradients can be asked for with respect
    /// to it.
    /// - Throws: `LayerError.notPlaced` before the model has been placed on a device.
    public var tensor: Tensor {
        get throws { try placed().tensor }
    }

    /// The variable that holds this parameter alone. Parameters that are not trained have one of their own.
    var variable: Variable {
        get throws { try placed().variable }
    }

    /// The present values, row-major.
    public func read() throws -> [Float] {
        let place = try placed()
        return try place.variable.read(place.offset..<(place.offset + count))
    }

    /// Replaces the values.
    /// - Throws: `TensorError.countMismatch`.
    public func write(_ values: [Float]) throws {
        guard values.count == count else {
            throw TensorError.countMismatch(shape: shape, expected: count, found: values.count)
        }
        let place = try placed()
        try place.variable.write(values, at: place.offset)
    }

    func move(to variable: Variable, offset: Int) throws {
        let tensor = try variable.tensor.sliced(offset..<(offset + count), axis: 0).reshaped(shape)
        place.withLock { $0 = Place(variable: variable, offset: offset, tensor: tensor) }
    }

    private func placed() throws -> Place {
        guard let place = place.withLock({ $0 }) else { throw LayerError.notPlaced(shape: shape) }
        return place
    }
}
