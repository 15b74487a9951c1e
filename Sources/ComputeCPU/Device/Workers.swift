import Dispatch
import Synchronization

/// Divides numbered tasks over threads. Which thread takes which task varies; what a task computes must not.
struct Workers: Sendable {
    let count: Int

    /// Runs `body(worker, task)` for every task; tasks with the same worker number never run at the same time.
    func perform(_ tasks: Int, _ body: (_ worker: Int, _ task: Int) -> Void) {
        guard tasks > 1, count > 1 else {
            for task in 0..<max(tasks, 0) { body(0, task) }
            return
        }
        let next = Atomic<Int>(0)
        withoutActuallyEscaping(body) { body in
            let shared = Shared(body: body)
            DispatchQueue.concurrentPerform(iterations: min(count, tasks)) { worker in
                while true {
                    let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard task < tasks else { return }
                    shared.body(worker, task)
                }
            }
        }
    }

    /// Steps write to disjoint memory through plain pointers, which the compiler cannot know to be safe to share.
    private struct Shared: @unchecked Sendable {
        let body: (Int, Int) -> Void
    }

    /// Runs `body(worker, range)` over ranges that together make up `0 ..< items`, of at least `grain` items each.
    func divide(_ items: Int, grain: Int, _ body: (_ worker: Int, _ range: Range<Int>) -> Void) {
        // A few ranges for each worker, so that one that is held up does not hold up the rest.
        let ranges = max(1, min(items / max(grain, 1), 8 * count))
        perform(items > 0 ? ranges : 0) { worker, index in
            body(worker, items * index / ranges..<items * (index + 1) / ranges)
        }
    }
}
