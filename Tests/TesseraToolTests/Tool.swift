import Foundation
import Testing

/// The built program, run as a process.
enum Tool {
    struct Result {
        let status: Int32
        let output: String
        let errors: String

        /// The lines of standard error but for those that tell what takes a while before training.
        var errorLines: [String] {
            errors.split(separator: "\n").map(String.init)
                .filter { !$0.hasPrefix("compiling kernels") && !$0.hasPrefix("training the classifier") }
        }

        /// Standard output as JSON lines.
        func json() throws -> [[String: Any]] {
            try output.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
    }

    /// The program.
    static let path = built("tessera")

    /// A program of this package, which lies beside the bundle of the tests.
    static func built(_ name: String) -> String? {
        let starts = [Bundle.main.bundlePath, CommandLine.arguments.first ?? ""] + Bundle.allBundles.map(\.bundlePath)
        for start in starts {
            var folder = URL(fileURLWithPath: start)
            for _ in 0..<4 {
                let candidate = folder.appendingPathComponent(name).path
                var isFolder: ObjCBool = false
                if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue {
                    return candidate
                }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }

    static func run(_ arguments: String..., in folder: String, environment: [String: String] = [:]) throws -> Result {
        try run(arguments, in: folder, environment: environment)
    }

    /// - Parameters:
    ///   - program: another program than the tool.
    ///   - whileRunning: called when the program has been started, with what tells its output so far.
    static func run(
        _ arguments: [String], in folder: String, environment: [String: String] = [:], program: String? = path,
        whileRunning: (Process, () -> String) throws -> Void = { _, _ in }
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(program, "build the product tessera first"))
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files rather than pipes: nobody has to empty them while the program runs.
        let files = try ["out", "err"].map { name in
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).\(name)")
                .path
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            return (path, try #require(FileHandle(forWritingAtPath: path)))
        }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file.0) } }
        process.standardInput = FileHandle.nullDevice
        (process.standardOutput, process.standardError) = (files[0].1, files[1].1)
        try process.run()
        try whileRunning(process) { (try? String(contentsOfFile: files[0].0, encoding: .utf8)) ?? "" }
        process.waitUntilExit()
        let texts = try files.map { String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0.0)), as: UTF8.self) }
        return Result(status: process.terminationStatus, output: texts[0], errors: texts[1])
    }
}

/// A folder that goes with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("tessera-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Every file and folder below, by its path within.
    var contents: Set<String> { Set(FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []) }
}
