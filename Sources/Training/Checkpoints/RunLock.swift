import Foundation

/// The right to train the run of a folder: one trainer at a time has it. The system takes it back when the process
/// ends, however it ends.
final class RunLock {
    private let descriptor: Int32

    /// - Throws: `TrainingError.runBusy` where another trainer has it.
    init(_ folder: RunFolder) throws {
        descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
        // File systems without locks, and folders that are not there, are none of its business.
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
        throw TrainingError.runBusy(path: folder.path)
    }

    /// A process that another thread is about to start (a driver's compiler) has the descriptor, too, for a moment, and
    /// would keep the lock beyond `close`.
    deinit {
        if descriptor >= 0 {
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
    }
}
