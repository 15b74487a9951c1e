import Foundation

/// One line of JSON whose members keep their order.
public struct JSONLine: Sendable, CustomStringConvertible {
    private let members: [String]

    /// A line that begins with what it tells of.
    public init(event: String) { self = JSONLine(members: []).adding("event", event) }

    private init(members: [String]) { self.members = members }

    /// The line without a line feed.
    public var description: String { "{\(members.joined(separator: ", "))}" }

    private func member(_ name: String, _ json: String) -> JSONLine {
        JSONLine(members: members + ["\(Self.quoted(name)): \(json)"])
    }

    public func adding(_ name: String, _ text: String?) -> JSONLine { member(name, text.map(Self.quoted) ?? "null") }
    public func adding(_ name: String, _ number: Int) -> JSONLine { member(name, String(number)) }
    public func adding(_ name: String, _ truth: Bool) -> JSONLine { member(name, truth ? "true" : "false") }

    /// A number; null for one that JSON cannot tell.
    public func adding(_ name: String, _ number: Double) -> JSONLine {
        member(name, number.isFinite ? "\(number)" : "null")
    }

    public func adding(_ numbers: [(name: String, value: Double)]) -> JSONLine {
        numbers.reduce(self) { $0.adding($1.name, $1.value) }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case let other where other.value < 0x20:
                result += "\\u00" + (other.value < 16 ? "0" : "") + String(other.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension JSONLine {
    /// An event as a line.
    public init(_ event: TrainingEvent) {
        switch event {
        case .progress(let progress): self = Self.line("step", progress)
        case .epoch(let number, let progress): self = Self.line("epoch", progress).adding("number", number)
        case .evaluated(let step, let figures):
            self = JSONLine(event: "evaluation").adding("step", step).adding(figures.named)
        case .warning(let step, let text):
            self = JSONLine(event: "warning").adding("step", step).adding("warning", text)
        case .compiling(let device): self = JSONLine(event: "compiling").adding("device", device)
        case .preparing(let what): self = JSONLine(event: "preparing").adding("what", what)
        case .began(let step, let total, let stepsPerEpoch, let launches):
            self = JSONLine(event: "began").adding("step", step).adding("total", total)
                .adding("steps_per_epoch", stepsPerEpoch).adding("launches_per_step", launches)
        case .saved(let step, let picture):
            self = JSONLine(event: "checkpoint").adding("step", step).adding("picture", picture)
        }
    }

    private static func line(_ event: String, _ progress: TrainingProgress) -> JSONLine {
        JSONLine(event: event).adding("step", progress.step).adding("epochs", progress.epochs)
            .adding(progress.figures).adding("seconds", progress.seconds)
            .adding("examples_per_second", progress.examplesPerSecond)
    }
}
