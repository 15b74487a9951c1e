import Synchronization

extension ImageDataset {
    /// The batches of a sampler, epoch after epoch without end, gathered on a background thread ahead of the caller.
    ///
    /// - Parameters:
    ///   - start: the position of the first batch; a kept position resumes a run.
    ///   - depth: how many finished batches may wait.
    /// - Throws: `DatasetError.invalidArgument` where the sampler was made for another number of images, or the
    ///   position is not one of its own.
    public func batches(
        _ sampler: BatchSampler, from start: BatchPosition = .start, depth: Int = 2
    ) throws -> Prefetcher<ImageBatch> {
        guard sampler.count == count else {
            throw DatasetError.invalidArgument(
                name: "sampler for \(name)", expected: "count \(count), the images of the set",
                found: "\(sampler.count)")
        }
        guard start.epoch >= 0, (0..<sampler.batchesPerEpoch).contains(start.batch) else {
            throw DatasetError.invalidArgument(
                name: "start position", expected: "epoch from 0, batch in 0..<\(sampler.batchesPerEpoch)",
                found: "epoch \(start.epoch), batch \(start.batch)")
        }
        let firstStep = sampler.step(start)
        let current = Mutex<CurrentEpoch?>(nil)
        return Prefetcher(depth: depth) { number in
            let position = sampler.position(step: firstStep + number)
            let indices = current.withLock { current in
                if let current, current.epoch == position.epoch { return current.batches[position.batch] }
                let batches = sampler.batches(epoch: position.epoch)
                current = CurrentEpoch(epoch: position.epoch, batches: batches)
                return batches[position.batch]
            }
            return try batch(indices)
        }
    }
}

/// The order of the epoch under way, kept so that it is shuffled once.
private struct CurrentEpoch {
    let epoch: Int
    let batches: EpochBatches
}
