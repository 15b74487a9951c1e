import Compute

/// Memory on a device that outlives a step: parameters, moments, running statistics.
public final class Variable: Source, @unchecked Sendable {
    public let name: String
    public let device: any Device
    let memory: Buffer

    /// - Throws: `TensorError.countMismatch` where the shape holds another number of elements; what the device throws.
    public init(_ values: [Float], shape: [Int], name: String = "a variable", on device: any Device) throws {
        let count = shape.reduce(1, *)
        guard values.count == count else {
            throw TensorError.countMismatch(shape: shape, expected: count, found: values.count)
        }
        self.name = name
        self.device = device
        memory = try device.allocate(bytes: count * DType.float32.size)
        super.init(shape: shape, dtype: .float32)
        try write(values)
    }

    override func buffer(on device: any Device) throws -> Buffer {
        guard device.base === self.device.base else {
            throw TensorError.wrongDevice(
                variable: name, expected: self.device.info.name, found: device.info.name)
        }
        return memory
    }

    /// The present values, after all queued work. `range` counts elements; all of them by default.
    public func read(_ range: Range<Int>? = nil) throws -> [Float] {
        let range = try checked(range)
        return try [Float](unsafeUninitializedCapacity: range.count) { target, count in
            try device.download(
                memory, offset: range.lowerBound * DType.float32.size, into: UnsafeMutableRawBufferPointer(target))
            count = range.count
        }
    }

    /// Replaces values, from element `start` on, behind all queued work.
    public func write(_ values: [Float], at start: Int = 0) throws {
        _ = try checked(start..<(start + values.count))
        try values.withUnsafeBytes { try device.upload($0, to: memory, offset: start * DType.float32.size) }
    }

    private func checked(_ range: Range<Int>?) throws -> Range<Int> {
        let all = 0..<(bytes / DType.float32.size)
        guard let range else { return all }
        guard range.lowerBound >= 0, range.upperBound <= all.upperBound else {
            throw TensorError.outOfRange(operation: name, expected: "elements in \(all)", found: "\(range)")
        }
        return range
    }
}

/// The new value that a variable takes when a compiled function has run.
public struct Update: Sendable {
    public var variable: Variable
    public var value: Tensor

    /// - Throws: `TensorError` where shape or type differ from the variable's.
    public init(_ variable: Variable, to value: Tensor) throws {
        guard variable.shape == value.shape else {
            throw TensorError.shapeMismatch(
                operation: "update of \(variable.name)", expected: "\(variable.shape)", found: [value.shape])
        }
        guard variable.dtype == value.dtype else {
            throw TensorError.typeMismatch(
                operation: "update of \(variable.name)", expected: "\(variable.dtype)", found: [value.dtype])
        }
        self.variable = variable
        self.value = value
    }
}
