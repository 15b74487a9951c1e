import Compute

extension Tensor {
    /// A scalar constant. It is part of the graph's structure: what changes from step to step belongs in an argument.
    public init(_ value: Float) { self.init(scalar: .float(value)) }

    /// A scalar Int32 constant.
    public init(_ value: Int32) { self.init(scalar: .int(value)) }

    package init(scalar: Scalar) {
        self.init(.constant(scalar), [], shape: [], dtype: scalar.dtype)
    }

    /// Values from the host, in row-major order.
    /// - Throws: `TensorError.countMismatch` where the shape holds another number of elements.
    public init(_ values: [Float], shape: [Int]) throws { try self.init(host: values, shape: shape, dtype: .float32) }

    /// Int32 values from the host, in row-major order.
    public init(_ values: [Int32], shape: [Int]) throws { try self.init(host: values, shape: shape, dtype: .int32) }

    /// Bytes from the host, in row-major order.
    public init(_ values: [UInt8], shape: [Int]) throws { try self.init(host: values, shape: shape, dtype: .uint8) }

    /// Truth values from the host, in row-major order.
    public init(_ values: [Bool], shape: [Int]) throws {
        try self.init(host: values.map { $0 ? 1 : 0 } as [UInt8], shape: shape, dtype: .bool)
    }

    private init<Element>(host values: [Element], shape: [Int], dtype: DType) throws {
        try Tensor.check(shape, operation: "Tensor")
        let count = shape.reduce(1, *)
        guard count == values.count else {
            throw TensorError.countMismatch(shape: shape, expected: count, found: values.count)
        }
        self.init(source: HostData(bytes: values.withUnsafeBytes { Array($0) }, shape: shape, dtype: dtype))
    }

    package init(source: Source) {
        self.init(.source(source), [], shape: source.shape, dtype: source.dtype)
    }

    /// The same number everywhere.
    public static func full(_ shape: [Int], _ value: Float) throws -> Tensor {
        try Tensor(value).broadcast(to: shape)
    }

    public static func zeros(_ shape: [Int]) throws -> Tensor { try full(shape, 0) }

    public static func ones(_ shape: [Int]) throws -> Tensor { try full(shape, 1) }

    /// Every element's coordinate along `axis`, Int32.
    public static func coordinates(_ shape: [Int], axis: Int) throws -> Tensor {
        try check(shape, operation: "coordinates")
        let axis = try normalized(axis: axis, rank: shape.count, operation: "coordinates")
        return Tensor(.coordinate(axis: axis), [], shape: shape, dtype: .int32)
    }

    /// `[0, 1, …, count - 1]`, Int32.
    public static func arange(_ count: Int) throws -> Tensor { try coordinates([count], axis: 0) }

    static func check(_ shape: [Int], operation: String) throws {
        guard shape.allSatisfy({ $0 >= 0 }) else {
            throw TensorError.shapeMismatch(operation: operation, expected: "extents of 0 or more", found: [shape])
        }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, product <= Int(UInt32.max) else {
                throw TensorError.shapeMismatch(
                    operation: operation, expected: "at most \(UInt32.max) elements", found: [shape])
            }
            count = product
        }
    }

    /// An axis counted from the front, where a negative one counts from the back.
    static func normalized(axis: Int, rank: Int, operation: String) throws -> Int {
        guard axis >= -rank, axis < rank else {
            throw TensorError.outOfRange(
                operation: operation, expected: "an axis in \(-rank) ..< \(rank)", found: "\(axis)")
        }
        return axis < 0 ? axis + rank : axis
    }
}

extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public init(floatLiteral value: Float) { self.init(value) }
    public init(integerLiteral value: Int) { self.init(Float(value)) }
}
