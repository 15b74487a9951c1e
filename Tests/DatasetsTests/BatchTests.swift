import Datasets
import Synchronization
import Testing

struct BatchTests {
    @Test func splitMix64() {
        // The first numbers for the seed 1234567, as published with the generator's other implementations.
        var generator = SplitMix64(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect((0..<5).map { _ in generator.next() } == expected)
    }

    @Test func valuesByPlaceAreASequence() {
        var generator = SplitMix64(seed: 77)
        let start = generator.next()
        var sequence = SplitMix64(seed: start)
        #expect((0..<50).allSatisfy { SplitMix64.value(seed: 77, index: $0) == sequence.next() })
    }

    @Test func permutationsAreUniform() {
        // All six orders of three things, 6,000 times: chi-squared with 5 degrees of freedom, below 25.7 but once in
        // 10,000 seeds; the seed is fixed.
        var generator = SplitMix64(seed: 1)
        var counts: [[Int]: Int] = [:]
        for _ in 0..<6_000 { counts[generator.permutation(3), default: 0] += 1 }
        #expect(counts.count == 6)
        let chiSquared = counts.values.reduce(0.0) { $0 + Double(($1 - 1_000) * ($1 - 1_000)) / 1_000 }
        #expect(chiSquared < 25.7)
        #expect(generator.permutation(0).isEmpty)
    }

    @Test func ordersArePermutationsOfTheirOwn() throws {
        let sampler = try BatchSampler(count: 1_000, batchSize: 10, seed: 9)
        let orders = (0..<4).map { sampler.order(epoch: $0) }
        for order in orders { #expect(order.sorted() == Array(0..<1_000)) }
        #expect(Set(orders).count == 4)
        #expect(sampler.order(epoch: 2) == orders[2])
        let other = try BatchSampler(count: 1_000, batchSize: 10, seed: 10)
        #expect(other.order(epoch: 0) != orders[0])
        // The order of epoch 1 is not that of epoch 0 under the next seed.
        #expect(other.order(epoch: 0) != orders[1])
        let plain = try BatchSampler(count: 5, batchSize: 2, seed: 9, shuffles: false)
        #expect(plain.order(epoch: 3) == [0, 1, 2, 3, 4])
    }

    @Test func ordersAreTheSameEverywhere() throws {
        // From a second implementation in another language; kept runs depend on these orders.
        let sampler = try BatchSampler(count: 10, batchSize: 5, seed: 42)
        #expect(sampler.order(epoch: 0) == [5, 1, 9, 6, 7, 2, 4, 0, 8, 3])
        #expect(sampler.order(epoch: 1) == [7, 3, 1, 8, 2, 5, 9, 4, 6, 0])
    }

    @Test func batchSizes() throws {
        let drops = try BatchSampler(count: 10, batchSize: 4, seed: 0)
        #expect(drops.batchesPerEpoch == 2)
        #expect(drops.batches(epoch: 0).map(\.count) == [4, 4])
        let keeps = try BatchSampler(count: 10, batchSize: 4, seed: 0, dropsLast: false)
        #expect(keeps.batches(epoch: 0).map(\.count) == [4, 4, 2])
        #expect(keeps.batches(epoch: 0).flatMap { $0 } == keeps.order(epoch: 0))
        #expect(try BatchSampler(count: 8, batchSize: 4, seed: 0, dropsLast: false).batchesPerEpoch == 2)
        #expect(throws: DatasetError.self) { try BatchSampler(count: 3, batchSize: 4, seed: 0) }
        #expect(throws: DatasetError.self) { try BatchSampler(count: 3, batchSize: 0, seed: 0) }
        #expect(throws: DatasetError.self) { try BatchSampler(count: 0, batchSize: 1, seed: 0, dropsLast: false) }
    }

    @Test func positionsAndSteps() throws {
        let sampler = try BatchSampler(count: 10, batchSize: 3, seed: 0)
        for step in 0..<20 { #expect(sampler.step(sampler.position(step: step)) == step) }
        #expect(sampler.position(step: 7) == BatchPosition(epoch: 2, batch: 1))
    }

    @Test func prefetchedBatchesAreTheSequentialOnes() throws {
        let digits = try Digits.load().test
        let sampler = try BatchSampler(count: digits.count, batchSize: 50, seed: 4, dropsLast: false)
        var expected: [ImageBatch] = []
        for epoch in 0..<3 {
            for indices in sampler.batches(epoch: epoch) { expected.append(try digits.batch(indices)) }
        }
        #expect(expected[0].count == 50)
        #expect(expected[5].count == 47)
        let first = expected[0].indices[0] * 64
        #expect(expected[0].pixels.prefix(64) == digits.pixels[first..<first + 64])
        let stream = try digits.batches(sampler)
        for batch in expected { #expect(try stream.next() == batch) }
        stream.stop()

        let resumed = try digits.batches(sampler, from: BatchPosition(epoch: 1, batch: 4))
        for batch in expected[10...] { #expect(try resumed.next() == batch) }
    }

    @Test func streamsCheckTheirArguments() throws {
        let digits = try Digits.load().test
        let other = try BatchSampler(count: 10, batchSize: 5, seed: 4)
        #expect(throws: DatasetError.self) { try digits.batches(other) }
        let sampler = try BatchSampler(count: digits.count, batchSize: 50, seed: 4)
        #expect(throws: DatasetError.self) { try digits.batches(sampler, from: BatchPosition(epoch: 0, batch: 5)) }
        #expect(throws: DatasetError.self) { try digits.batches(sampler, from: BatchPosition(epoch: -1, batch: 0)) }
    }
}
