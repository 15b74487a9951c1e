import TestSupport
import Testing

enum Numbers {
    /// Float32 numbers between -1 and 1.
    static func noise(_ count: Int, seed: UInt64) -> [Float] {
        var random = TestRandom(seed: seed)
        return (0..<count).map { _ in random.float(-1...1) }
    }

    /// Records the worst element that is further from its reference than `tolerance · (1 + |reference|)`.
    static func expectClose(
        _ found: [some BinaryFloatingPoint], _ expected: [Double], tolerance: Double = 1e-5, _ what: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard found.count == expected.count else {
            Issue.record("\(what): \(found.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
            return
        }
        // Written so that NaN is far.
        let far = zip(found, expected).enumerated().filter { _, pair in
            !(abs(Double(pair.0) - pair.1) <= tolerance * (1 + abs(pair.1))) && Double(pair.0) != pair.1
        }
        if let first = far.first {
            Issue.record(
                "\(what): \(far.count) of \(found.count) are off; element \(first.offset) is \(first.element.0), expected \(first.element.1)",
                sourceLocation: sourceLocation)
        }
    }
}

extension [Float] {
    var doubles: [Double] { map(Double.init) }
}
