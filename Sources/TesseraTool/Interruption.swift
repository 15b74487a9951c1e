import Foundation
import Synchronization
import Tessera

/// The signals that ask the program to end. The first lets training finish its step and write a checkpoint; the second
/// ends the program at once.
enum Interruption {
    /// Made by the first signal.
    static let request = StopRequest()
    private static let received = Atomic<Int32>(0)

    /// The exit status that stands for the signal that came, if one came.
    static var status: Int32? {
        let number = received.load(ordering: .relaxed)
        return number == 0 ? nil : 128 + number
    }

    /// Begins to take Ctrl-C, SIGTERM, and the end of the terminal where the program was not started to outlive it.
    static func watch() {
        // What a handler touches has to be there before: it must not take memory or a lock.
        _ = (request, status)
        var taken = sigset_t()
        sigemptyset(&taken)
        for number in [SIGINT, SIGTERM] {
            signal(number, handle)
            sigaddset(&taken, number)
        }
        var present = sigaction()
        sigaction(SIGHUP, nil, &present)
        let isIgnored = unsafeBitCast(present.__sigaction_handler.sa_handler, to: Int.self) == ignored
        if !isIgnored {
            signal(SIGHUP, handle)
            sigaddset(&taken, SIGHUP)
        }
        // Those who start programs from threads that hold signals back pass that on.
        pthread_sigmask(SIG_UNBLOCK, &taken, nil)
    }

    private static let handle: @convention(c) (Int32) -> Void = { number in
        if received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
        request.make()
    }

    private static let ignored = unsafeBitCast(SIG_IGN, to: Int.self)
}
