/// A place in a run over the data: the epoch, and the batch within it.
public struct BatchPosition: Hashable, Sendable, Codable {
    public let epoch: Int
    public let batch: Int

    public init(epoch: Int, batch: Int) {
        self.epoch = epoch
        self.batch = batch
    }

    /// The first batch of the first epoch.
    public static let start = BatchPosition(epoch: 0, batch: 0)
}

/// Which images make up which batch.
///
/// The order of epoch e is a pure function of (seed, e): there is no state, so a run goes on from a kept position with
/// the very batches that it would have had.
public struct BatchSampler: Hashable, Sendable, Codable {
    /// Images in the set.
    public let count: Int
    /// Images in a batch.
    public let batchSize: Int
    public let seed: UInt64
    /// Whether each epoch has an order of its own; otherwise the order of the set.
    public let shuffles: Bool
    /// Whether a last batch with fewer images is left out.
    public let dropsLast: Bool

    /// - Throws: `DatasetError.invalidArgument` where an epoch would have no batch.
    public init(count: Int, batchSize: Int, seed: UInt64, shuffles: Bool = true, dropsLast: Bool = true) throws {
        guard count >= 1 else {
            throw DatasetError.invalidArgument(name: "count", expected: "at least 1 image", found: "\(count)")
        }
        guard batchSize >= 1, !dropsLast || batchSize <= count else {
            throw DatasetError.invalidArgument(
                name: "batchSize", expected: dropsLast ? "1 to \(count), the number of images" : "at least 1",
                found: "\(batchSize)")
        }
        self.count = count
        self.batchSize = batchSize
        self.seed = seed
        self.shuffles = shuffles
        self.dropsLast = dropsLast
    }

    /// Batches in each epoch.
    public var batchesPerEpoch: Int {
        dropsLast ? count / batchSize : (count + batchSize - 1) / batchSize
    }

    /// The order of the images in an epoch: a permutation of `0..<count`.
    public func order(epoch: Int) -> [Int] {
        guard shuffles else { return Array(0..<count) }
        let key = SplitMix64.value(seed: seed, index: UInt64(bitPattern: Int64(epoch)))
        var generator = SplitMix64(seed: key)
        return generator.permutation(count)
    }

    /// The batches of an epoch, each as the numbers of its images.
    public func batches(epoch: Int) -> EpochBatches {
        EpochBatches(order: order(epoch: epoch), batchSize: batchSize, count: batchesPerEpoch)
    }

    /// The position after `steps` batches from the start; negative steps count as none.
    public func position(step: Int) -> BatchPosition {
        let (epoch, batch) = max(0, step).quotientAndRemainder(dividingBy: batchesPerEpoch)
        return BatchPosition(epoch: epoch, batch: batch)
    }

    /// The number of batches before a position.
    public func step(_ position: BatchPosition) -> Int {
        position.epoch * batchesPerEpoch + position.batch
    }
}

/// The batches of one epoch: a collection whose elements are the numbers of the images.
public struct EpochBatches: RandomAccessCollection, Sendable {
    private let order: [Int]
    private let batchSize: Int
    public let startIndex = 0
    public let endIndex: Int

    init(order: [Int], batchSize: Int, count: Int) {
        self.order = order
        self.batchSize = batchSize
        endIndex = count
    }

    public subscript(batch: Int) -> ArraySlice<Int> {
        order[batch * batchSize..<Swift.min((batch + 1) * batchSize, order.count)]
    }
}
