import Foundation

/// What `TESSERA_DEBUG` asks for, words with commas between them, on standard error.
enum DebugOutput {
    /// `plan`: every plan when it is made.
    static let printsPlans = words.contains("plan")
    /// `times`: the time of each step of every compiled function, in one of its runs.
    static let printsTimes = words.contains("times")

    private static let words = (ProcessInfo.processInfo.environment["TESSERA_DEBUG"] ?? "").split(separator: ",")

    static func print(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}
