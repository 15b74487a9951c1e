import Foundation
import Synchronization

/// Runs pieces of work at the same time, each on a thread of its own. None begins before all threads are there.
/// - Returns: what each gives, in their order.
/// - Throws: the error of the first that failed, when all have ended.
public func sideBySide<Value: Sendable>(_ works: [@Sendable () throws -> Value]) throws -> [Value] {
    let results = Results<Value>()
    let (arrivals, ends) = (DispatchGroup(), DispatchGroup())
    for _ in works {
        arrivals.enter()
        ends.enter()
    }
    for (number, work) in works.enumerated() {
        let thread = Thread {
            arrivals.leave()
            arrivals.wait()
            let result = Result { try work() }
            results.byNumber.withLock { $0[number] = result }
            ends.leave()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
    ends.wait()
    return try results.byNumber.withLock { byNumber in
        try works.indices.compactMap { try byNumber[$0]?.get() }
    }
}

/// The same work by several threads; each is told its number.
public func sideBySide<Value: Sendable>(
    threads: Int, _ work: @escaping @Sendable (Int) throws -> Value
) throws -> [Value] {
    try sideBySide((0..<threads).map { number in { try work(number) } })
}

private final class Results<Value: Sendable>: Sendable {
    let byNumber = Mutex<[Int: Result<Value, any Error>]>([:])
}
