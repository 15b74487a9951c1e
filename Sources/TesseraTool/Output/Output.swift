import Foundation
import Synchronization
import Tessera

/// Lines to the two standard streams, each written at once.
///
/// A stream that cannot be written (a full disk, a terminal that is gone) does not stop what the program is at: the
/// program says so at its end.
enum Output {
    static func line(_ text: String) { write("\(text)\n") }
    static func line(_ json: JSONLine) { line(json.description) }
    /// A word to the person, beside the output proper. There is nobody to tell where it cannot be written.
    static func note(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data("\(text)\n".utf8)) }

    /// Text as it is.
    static func write(_ text: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            isIncomplete.store(true, ordering: .relaxed)
        }
    }

    /// Whether a line could not be written.
    static let isIncomplete = Atomic(false)

    /// A number for people: four digits or so.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        return String(format: abs(value) >= 1000 ? "%.0f" : abs(value) >= 10 ? "%.2f" : "%.4f", value)
    }

    /// A time span for people: 1:05 or 2:03:09.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let whole = Int(seconds.rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours > 0
            ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
    }

    /// Figures for people: "nats 98.12, kl 25.03".
    static func figures(_ figures: [(name: String, value: Double)]) -> String {
        figures.map { "\($0.name) \(number($0.value))" }.joined(separator: ", ")
    }
}
