import Compute

extension ChunkKernels {
    /// A float becomes an integer by truncation, held to the type's range, NaN to 0; wider integers keep their low byte.
    static func cast(from source: DType, to target: DType) -> Costed {
        let kernel: ChunkKernel =
            switch (source, target) {
            case (.float32, .int32): { n, x, _, _, r in Rows.mapScalars(n, x, r) { ChunkKernels.saturated($0) } }
            case (.float32, .uint8):
                { n, x, _, _, r in Rows.mapScalars(n, x, r) { Swift.min(Swift.max(ChunkKernels.saturated($0), 0), 255) }
                }
            case (.float32, .bool): { n, x, _, _, r in Rows.map(n, x, r) { (v: Floats) in Rows.mask(v .!= 0) } }
            case (.int32, .float32), (.uint8, .float32):
                { n, x, _, _, r in Rows.mapScalars(n, x, r) { (v: Int32) in Float(v) } }
            case (.int32, .bool), (.uint8, .bool):
                { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in Rows.mask(v .!= Ints()) } }
            case (.int32, .uint8): { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in v & 255 } }
            case (.bool, .float32):
                { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in v & Int32(bitPattern: Float(1).bitPattern) } }
            case (.bool, .int32), (.bool, .uint8): { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in v & 1 } }
            case (.uint8, .int32), (.float32, .float32), (.int32, .int32), (.uint8, .uint8), (.bool, .bool):
                { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in v } }
            }
        return Costed(kernel: kernel, cost: source == .float32 ? 4 : 1)
    }

    @inline(__always)
    private static func saturated(_ x: Float) -> Int32 {
        if x >= 2_147_483_648 { return .max }
        if x > -2_147_483_648 { return Int32(x) }
        return x.isNaN ? 0 : .min
    }
}
