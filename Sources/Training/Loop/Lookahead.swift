/// How many steps the host queues before it waits for the device: about half a second of them, so that whoever asks
/// training to stop is soon answered, however slow a step is.
package struct Lookahead {
    /// Steps from one wait to the next.
    package private(set) var limit = 1
    private var queued = 0
    private var sinceWait = Stopwatch()

    package init() {}

    /// To be called after each step; waits where it is time.
    package mutating func stepQueued(wait: () throws -> Void) rethrows {
        queued += 1
        guard queued >= limit else { return }
        try wait()
        adapt(seconds: sinceWait.seconds)
        queued = 0
        sinceWait = Stopwatch()
    }

    /// - Parameter seconds: what `limit` steps took.
    package mutating func adapt(seconds: Double) {
        if seconds < 0.25 {
            limit = min(2 * limit, 1024)
        } else if seconds > 1 {
            limit = max(limit / 2, 1)
        }
    }
}
