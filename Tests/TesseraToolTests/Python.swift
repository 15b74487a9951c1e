import Foundation

/// The Python that tests against other people's packages run: the one that `TESSERA_PYTHON` names. Without it they are
/// skipped, which the test report shows.
enum Python {
    static let path = ProcessInfo.processInfo.environment["TESSERA_PYTHON"]

    /// The scripts of this package.
    private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Scripts").path

    /// Whether there is a Python with these packages.
    static func has(_ packages: String...) -> Bool {
        guard let path else { return false }
        let code = packages.map { "import \($0)" }.joined(separator: "\n")
        return (try? Tool.run(["-c", code], in: "/", program: path).status) == 0
    }

    static func why(_ packages: String) -> String { "TESSERA_PYTHON names no Python with \(packages)" }

    /// Runs a program text.
    static func run(code: String, _ arguments: [String], in folder: String) throws -> Tool.Result {
        try Tool.run(["-c", code] + arguments, in: folder, program: path)
    }

    /// Runs one of this package's scripts.
    static func run(script: String, _ arguments: [String], in folder: String) throws -> Tool.Result {
        // Without -B there would be compiled scripts beside the scripts.
        try Tool.run(["-B", "\(scripts)/\(script)"] + arguments, in: folder, program: path)
    }
}
