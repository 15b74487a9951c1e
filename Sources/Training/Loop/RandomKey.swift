import Datasets

/// Keys of random numbers on the device: for each use of a seed a key of its own, so that no two uses share numbers.
enum RandomUse: UInt64 {
    case training, evaluation, importanceSampling, sampling, traversal, initialization, generation

    /// The two words of the key of draw `number`.
    func key(seed: UInt64, _ number: Int) -> [Int32] {
        [
            Int32(truncatingIfNeeded: SplitMix64.value(seed: seed, index: rawValue)),
            Int32(truncatingIfNeeded: number),
        ]
    }
}
