import Datasets
import Synchronization
import Testing

struct PrefetcherTests {
    private struct Failure: Error, Equatable {}

    @Test func orderAndEnd() throws {
        for depth in [0, 1, 2, 7] {
            let prefetcher = Prefetcher(depth: depth) { $0 < 100 ? $0 * $0 : nil }
            for number in 0..<100 { #expect(try prefetcher.next() == number * number) }
            #expect(try prefetcher.next() == nil)
            #expect(try prefetcher.next() == nil)
        }
    }

    @Test func errorsComeInTheirPlace() throws {
        let prefetcher = Prefetcher { number -> Int? in
            if number == 3 { throw Failure() }
            return number
        }
        #expect(try prefetcher.next() == 0)
        #expect(try prefetcher.next() == 1)
        #expect(try prefetcher.next() == 2)
        #expect(throws: Failure()) { try prefetcher.next() }
        #expect(try prefetcher.next() == nil)
    }

    @Test func doesNotRunAheadOfItsDepth() throws {
        let started = Counter()
        let prefetcher = Prefetcher<Int>(depth: 2) { number in
            started.add()
            return number
        }
        for taken in 1...50 {
            _ = try prefetcher.next()
            // Two finished ones may wait beyond those taken.
            #expect(started.value <= taken + 2)
        }
        prefetcher.stop()
    }

    @Test func afterStopNothingRuns() throws {
        for taken in 0..<4 {
            let started = Counter()
            let prefetcher = Prefetcher<Int>(depth: 2) { number in
                started.add()
                return number
            }
            for _ in 0..<taken { _ = try prefetcher.next() }
            prefetcher.stop()
            let value = started.value
            #expect(try prefetcher.next() == nil)
            prefetcher.stop()
            #expect(try prefetcher.next() == nil)
            #expect(started.value == value)
            #expect(value <= taken + 2)
        }
    }

    @Test func releaseEndsTheThread() async throws {
        // The thread holds the closure, and with it the token, until it ends.
        weak var token: Counter?
        do {
            let counter = Counter()
            token = counter
            let prefetcher = Prefetcher<Int> { number in
                counter.add()
                return number
            }
            #expect(try prefetcher.next() == 0)
        }
        for _ in 0..<2_000 where token != nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(token == nil)
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        var value: Int { count.load(ordering: .sequentiallyConsistent) }
        func add() { count.add(1, ordering: .sequentiallyConsistent) }
    }
}
