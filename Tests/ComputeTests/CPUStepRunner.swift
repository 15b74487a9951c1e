import Compute
import ComputeCPU
import Testing

/// A buffer's contents on the host.
struct HostSlot: Equatable {
    var bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }
    init(_ values: [Float]) { bytes = values.withUnsafeBytes(Array.init) }
    init(_ values: [Int32]) { bytes = values.withUnsafeBytes(Array.init) }
    /// Room for `count` floats, filled with a number that no test expects.
    init(room count: Int) { self.init([Float](repeating: -987_654, count: count)) }

    var floats: [Float] { bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } }
    var ints: [Int32] { bytes.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) } }
}

extension CPUDevice {
    /// Uploads the slots, runs the steps and downloads the slots again.
    func results(of steps: [Step], slots: [HostSlot]) throws -> [HostSlot] {
        let buffers = try slots.map { slot in
            let buffer = try allocate(bytes: slot.bytes.count)
            try slot.bytes.withUnsafeBytes { try upload($0, to: buffer, offset: 0) }
            return buffer
        }
        try run(try prepare(steps), bindings: buffers)
        try synchronize()
        return try zip(slots, buffers).map { slot, buffer in
            var slot = slot
            try slot.bytes.withUnsafeMutableBytes { try download(buffer, offset: 0, into: $0) }
            return slot
        }
    }
}

/// A small generator of test cases (G. L. Steele, D. Lea, C. H. Flood: SplitMix, 2014): the same ones every time.
struct TestRandom: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
}

/// Checks that values agree within `tolerance`, relative to the greater of 1 and the expected magnitude.
func expectClose(
    _ found: [Float], _ expected: [Double], tolerance: Double = 1e-5, _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (index, (a, b)) in zip(found, expected).enumerated() {
        let close = (a.isNaN && b.isNaN) || Double(a) == b || abs(Double(a) - b) <= tolerance * max(1, abs(b))
        if !close {
            Issue.record("\(what) at \(index): found \(a), expected \(b)", sourceLocation: sourceLocation)
            return
        }
    }
}
