import Conformance
import Foundation
import Synchronization
import Tessera

/// The parity registry checked by several processes of this program side by side: PoCL compiles one kernel after the other
/// in a process. What ends a process is told as the failure of the case that it was at.
struct SharedCheck {
    /// What the processes are given: those of `tessera doctor`, without the part.
    let arguments: [String]
    let processes: Int

    /// - Returns: the cases that ended a process, which had better not be run in this one.
    /// - Throws: if this program's own file is not there any more.
    func run(_ check: inout ParityCheck, progress: @Sendable (Int, Int) -> Void) throws -> Set<String> {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let watch = Stopwatch()
        let parts = check.parts(processes)
        let shared = Mutex((check: check, fatal: Set<String>()))
        DispatchQueue.concurrentPerform(iterations: parts.count) { number in
            var left = parts[number].flatMap { batch in batch.cases.map(\.name) }[...]
            let ending = Self.lines(of: program, arguments + ["--part", "\(number)/\(processes)"]) { line in
                guard let comparison = try? JSONDecoder().decode(ParityCheck.Comparison.self, from: line) else {
                    return
                }
                left = left.dropFirst()
                shared.withLock {
                    $0.check.add(comparison)
                    progress($0.check.outputs + $0.check.derivatives, $0.check.count)
                }
            }
            guard let ending else { return }
            let name = left.first ?? "the end of the registry"
            shared.withLock {
                $0.check.add(.init(name: name, problem: ending))
                $0.fatal.insert(name)
            }
        }
        let result = shared.withLock { $0 }
        check = result.check
        check.seconds = watch.seconds
        return result.fatal
    }

    /// Runs a process, and hands on each line that it prints. How it ended, if not well.
    private static func lines(of program: String, _ arguments: [String], _ told: (Data) -> Void) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            return "the process that checks it did not begin: \(error)"
        }
        var rest = Data()
        while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
            rest += data
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                told(rest[rest.startIndex..<end])
                rest = Data(rest[(end + 1)...])
            }
        }
        process.waitUntilExit()
        let status = process.terminationStatus
        switch process.terminationReason {
        case .exit where status == 0: return nil
        case .exit: return "the process that checked it ended with status \(status)"
        default: return "the process that checked it was ended by signal \(status)"
        }
    }
}
