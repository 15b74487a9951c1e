import Dispatch
import Foundation
import Synchronization

/// Makes elements on a background thread, a few ahead of the caller, in order.
///
/// An error from `produce` comes out of `next` at its place in the order and ends the sequence. The thread ends with
/// the sequence, with `stop`, or when the prefetcher is released.
public final class Prefetcher<Element: Sendable>: Sendable {
    private let queue: PrefetchQueue<Element>

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - depth: how many finished elements may wait; at least 1.
    ///   - produce: makes element 0, 1, 2, ... one after the other; nil ends the sequence.
    public init(depth: Int = 2, produce: @escaping @Sendable (Int) throws -> Element?) {
        let queue = PrefetchQueue<Element>(depth: max(1, depth))
        self.queue = queue
        // The thread holds the queue and not the prefetcher, whose release can therefore end it.
        Thread.detachNewThread { queue.run(produce) }
    }

    deinit {
        queue.requestStop()
    }

    /// The next element, waiting for it if need be; nil after the last one, after an error, and after `stop`.
    public func next() throws -> Element? {
        try queue.next()
    }

    /// Ends the sequence and waits until the background thread has left `produce`.
    public func stop() {
        queue.requestStop()
        queue.waitUntilFinished()
    }
}

/// The meeting place of the two threads: finished elements, and two counts of who may go on.
private final class PrefetchQueue<Element: Sendable>: Sendable {
    private struct State {
        var finished: [Result<Element?, any Error>] = []
        var isOver = false
    }

    private let state = Mutex(State())
    // All start at zero and are signalled up, since a semaphore must not be released below its starting value.
    private let freePlaces = DispatchSemaphore(value: 0)
    private let finishedElements = DispatchSemaphore(value: 0)
    private let threadHasEnded = DispatchSemaphore(value: 0)

    init(depth: Int) {
        for _ in 0..<depth { freePlaces.signal() }
    }

    /// The background thread's life.
    func run(_ produce: @Sendable (Int) throws -> Element?) {
        defer { threadHasEnded.signal() }
        for number in 0... {
            freePlaces.wait()
            if state.withLock({ $0.isOver }) { return }
            let result = Result { try produce(number) }
            state.withLock { $0.finished.append(result) }
            finishedElements.signal()
            guard case .success(.some) = result else { return }
        }
    }

    func next() throws -> Element? {
        finishedElements.wait()
        let result = state.withLock { state -> Result<Element?, any Error> in
            guard !state.isOver else { return .success(nil) }
            let first = state.finished.removeFirst()
            if case .success(.some) = first { return first }
            state.isOver = true
            return first
        }
        if case .success(.some(let element)) = result {
            freePlaces.signal()
            return element
        }
        // The sequence is over: nobody who asks again may wait.
        finishedElements.signal()
        return try result.get()
    }

    func requestStop() {
        state.withLock { state in
            state.isOver = true
            state.finished = []
        }
        freePlaces.signal()
        finishedElements.signal()
    }

    func waitUntilFinished() {
        threadHasEnded.wait()
        threadHasEnded.signal()
    }
}
