/// Fewer levels a pixel: coarser grey scales, and black and white by chance.
extension ImageDataset {
    /// The images with `newLevels` levels: floor(pixel * newLevels / levels).
    ///
    /// - Throws: `DatasetError.invalidArgument` unless `newLevels` is in `2...levels`.
    public func quantized(levels newLevels: Int) throws -> ImageDataset {
        guard (2...levels).contains(newLevels) else {
            throw DatasetError.invalidArgument(
                name: "levels of \(name)", expected: "2 to \(levels)", found: "\(newLevels)")
        }
        let table = (0..<256).map { UInt8(truncatingIfNeeded: $0 * newLevels / levels) }
        return try replacingPixels(pixels.map { table[Int($0)] }, levels: newLevels)
    }

    /// The images in black and white, drawn once: a pixel becomes 1 where pixel / (levels - 1) > u.
    ///
    /// u is uniform in [0, 1) with 24 bits, taken from `SplitMix64.value(seed:index:)` with the pixel's place in
    /// `pixels` as index, and the comparison is in whole numbers: the same images on every machine. Meant for test
    /// sets, where every evaluation must see the same images (Salakhutdinov & Murray 2008, "On the quantitative
    /// analysis of deep belief networks").
    public func binarized(seed: UInt64) throws -> ImageDataset {
        let largest = UInt64(levels - 1)
        let drawn = pixels.indices.map { index -> UInt8 in
            let uniform = SplitMix64.value(seed: seed, index: UInt64(index)) >> 40
            return UInt64(pixels[index]) << 24 > uniform * largest ? 1 : 0
        }
        return try replacingPixels(drawn, levels: 2)
    }
}
