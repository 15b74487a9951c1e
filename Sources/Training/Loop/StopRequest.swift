import Synchronization

/// A way to end training early from elsewhere: another thread, or the handler of a signal.
///
///     trainer.stopRequest = request
///     // ... and anywhere:
///     request.make()
///
/// The trainer finishes the step that it is at, writes a checkpoint and returns.
public final class StopRequest: Sendable {
    private let flag = Atomic(false)

    public init() {}

    /// Whether training is to end.
    public var isMade: Bool { flag.load(ordering: .relaxed) }

    /// Asks for it. Takes no lock and no memory.
    public func make() { flag.store(true, ordering: .relaxed) }
}
