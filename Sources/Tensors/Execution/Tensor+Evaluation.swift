import Compute

extension Tensor {
    /// Computes this tensor; the result stays on the device and can be used in further graphs there.
    public func evaluate(on device: any Device) throws -> Tensor { try Tensor.evaluate([self], on: device)[0] }

    /// Computes several tensors in one plan.
    public static func evaluate(_ tensors: [Tensor], on device: any Device) throws -> [Tensor] {
        let buffers = try Executor.of(device).run(tensors)
        return zip(tensors, buffers).map { tensor, buffer in
            Tensor(source: DeviceData(buffer, device: device, shape: tensor.shape, dtype: tensor.dtype))
        }
    }

    /// Computes this tensor and brings its elements to the host, in row-major order. Float32 only.
    public func floats(on device: any Device) throws -> [Float] { try host(.float32, on: device) }

    /// Computes this tensor and brings its elements to the host. Int32 only.
    public func integers(on device: any Device) throws -> [Int32] { try host(.int32, on: device) }

    /// Computes this tensor and brings its elements to the host. UInt8, or Bool as 0 and 1.
    public func bytes(on device: any Device) throws -> [UInt8] {
        try host(dtype == .bool ? .bool : .uint8, on: device)
    }

    /// Computes a tensor of one element.
    public func scalar(on device: any Device) throws -> Float {
        guard count == 1 else {
            throw TensorError.shapeMismatch(operation: "scalar", expected: "one element", found: [shape])
        }
        return try floats(on: device)[0]
    }

    private func host<Element: BitwiseCopyable>(_ expected: DType, on device: any Device) throws -> [Element] {
        guard dtype == expected else {
            throw TensorError.typeMismatch(operation: "reading values", expected: "\(expected)", found: [dtype])
        }
        // A leaf is in memory already.
        let buffer =
            if case .source(let source) = node.operation {
                try source.buffer(on: device)
            } else {
                try Executor.of(device).run([self])[0]
            }
        return try device.read(buffer, count: count)
    }
}

extension Device {
    /// The first `count` elements of a buffer.
    func read<Element: BitwiseCopyable>(_ buffer: Buffer, count: Int) throws -> [Element] {
        try [Element](unsafeUninitializedCapacity: count) { target, initialized in
            if count > 0 { try download(buffer, offset: 0, into: UnsafeMutableRawBufferPointer(target)) }
            initialized = count
        }
    }
}
