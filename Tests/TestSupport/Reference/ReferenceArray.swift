import Compute

/// The elements of a tensor as the reference interpreter holds them: row-major, each one exact in a `Double`.
public struct ReferenceArray: Sendable, Hashable {
    public var shape: [Int]
    public var dtype: DType
    public var values: [Double]

    public init(shape: [Int], dtype: DType = .float32, values: [Double]) {
        self.shape = shape
        self.dtype = dtype
        self.values = values
    }

    /// Elements as they lie in memory.
    public init(bytes: [UInt8], shape: [Int], dtype: DType) {
        let count = shape.reduce(1, *)
        let values: [Double] = bytes.withUnsafeBytes { raw in
            (0..<count).map { index in
                switch dtype {
                case .float32: Double(raw.loadUnaligned(fromByteOffset: 4 * index, as: Float.self))
                case .int32: Double(raw.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
                case .uint8, .bool: Double(raw[index])
                }
            }
        }
        self.init(shape: shape, dtype: dtype, values: values)
    }

    /// Every element computed from its index along each axis.
    init(shape: [Int], dtype: DType, _ element: (_ index: [Int]) -> Double) {
        var index = [Int](repeating: 0, count: shape.count)
        let count = shape.reduce(1, *)
        var values: [Double] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            values.append(element(index))
            for axis in shape.indices.reversed() {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
            }
        }
        self.init(shape: shape, dtype: dtype, values: values)
    }

    /// The element at an index along each axis.
    subscript(index: [Int]) -> Double { values[position(index)] }

    /// The row-major number of the element at an index along each axis.
    func position(_ index: [Int]) -> Int {
        var position = 0
        for (extent, coordinate) in zip(shape, index) { position = position * extent + coordinate }
        return position
    }

    public var count: Int { values.count }
}
