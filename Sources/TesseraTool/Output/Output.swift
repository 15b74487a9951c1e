import Foundation
import Tessera

/// Lines to the two standard streams, each written at once.
enum Output {
    static func line(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }
    static func line(_ json: JSONLine) { line(json.description) }
    /// A word to the person, beside the output proper.
    static func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

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

/// Seconds since a moment.
struct Stopwatch {
    private let start = ContinuousClock.now

    var seconds: Double {
        let passed = start.duration(to: .now).components
        return Double(passed.seconds) + Double(passed.attoseconds) * 1e-18
    }
}
