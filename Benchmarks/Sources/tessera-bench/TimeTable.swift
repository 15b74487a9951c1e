import Foundation

/// Times of several contenders, round by round, printed as medians with ratios to the last one's.
struct TimeTable {
    struct Contender {
        let name: String
        /// Seconds of one unit of work, a value a round.
        var times: [Double] = []
        /// Device launches of one unit of work.
        var launches: Int?
        /// Bytes of device memory that it holds; nil where not measured.
        var memory: Int?
    }

    /// What a unit of work is, such as a step.
    let workload: String
    /// Examples in a unit of work, and its floating-point operations.
    let examples: Int
    let operations: Int
    /// Floating-point operations a second that stand for the peak of the machine; nil where not measured.
    var peak: Double?
    /// Bytes of memory that a unit of work reads and writes at least; nil where memory is not what bounds it.
    var bytes: Int?
    var contenders: [Contender] = []

    /// Times every contender `rounds` times, one after the other in each round: what else the machine does then falls on
    /// all alike.
    /// - Parameter contenders: the device launches of one unit of work, and what gives its seconds; nil for a contender
    ///   that is not to be had.
    mutating func time(
        rounds: Int, _ contenders: [(name: String, launches: Int?, seconds: () throws -> Double?)]
    ) throws {
        self.contenders = contenders.map { Contender(name: $0.name, launches: $0.launches) }
        for _ in 0..<rounds {
            for (index, contender) in contenders.enumerated() {
                if let time = try contender.seconds() { self.contenders[index].times.append(time) }
            }
        }
    }

    /// - Parameters:
    ///   - reference: the contender that ratios are to.
    ///   - json: one object a line instead of comma-separated values.
    func print(reference: String?, json: Bool) throws {
        let other = contenders.first { $0.name == reference && !$0.times.isEmpty }.map { median($0.times) }
        let columns =
            "workload,contender,median_us,min_us,max_us,launches,examples_per_s,gflops,of_peak,gb_per_s,ratio,mib"
        if !json { Swift.print(columns) }
        for contender in contenders where !contender.times.isEmpty {
            let time = median(contender.times)
            let row = Row(
                workload: workload, contender: contender.name, seconds: time, least: contender.times.min() ?? time,
                most: contender.times.max() ?? time, launches: contender.launches,
                rate: Double(examples) / time, flops: Double(operations) / time,
                ofPeak: peak.map { Double(operations) / time / $0 }, byteRate: bytes.map { Double($0) / time },
                ratio: other.map { $0 / time }, memory: contender.memory)
            Swift.print(json ? String(decoding: try JSONEncoder().encode(row), as: UTF8.self) : row.text)
        }
        // Each table when it is there, in a file, too.
        fflush(nil)
    }

    private struct Row: Encodable {
        let workload: String
        let contender: String
        let seconds: Double
        let least: Double
        let most: Double
        let launches: Int?
        /// Examples a second.
        let rate: Double
        let flops: Double
        let ofPeak: Double?
        /// Bytes a second.
        let byteRate: Double?
        /// How many times faster than the reference.
        let ratio: Double?
        /// Bytes of device memory.
        let memory: Int?

        var text: String {
            let times = [seconds, least, most].map { String(format: "%.1f", $0 * 1e6) }.joined(separator: ",")
            func figure(_ value: Double?, _ format: String) -> String { value.map { String(format: format, $0) } ?? "" }
            return "\"\(workload)\",\"\(contender)\",\(times),\(launches.map(String.init) ?? ""),"
                + "\(figure(rate, "%.1f")),\(figure(flops / 1e9, "%.1f")),\(figure(ofPeak, "%.2f")),"
                + "\(figure(byteRate.map { $0 / 1e9 }, "%.1f")),\(figure(ratio, "%.2f")),"
                + figure(memory.map { Double($0) / 1_048_576 }, "%.1f")
        }
    }
}
