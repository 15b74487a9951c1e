import Compute

/// What trying the candidates for one step has shown.
package struct TuningResult: Sendable {
    /// The step's, in tables of winners.
    package let key: String
    package let flops: Int
    /// What the rules for the class of device choose.
    package let rule: String
    /// The rule where nothing is clearly faster.
    package let winner: String
    /// Medians of both, in seconds.
    package let ruleSeconds: Double
    package let winnerSeconds: Double
    package let candidates: Int
    /// Candidates whose results were not the rule's, bit for bit.
    package let wrong: [String]

    package var gain: Double { ruleSeconds / winnerSeconds }
}

/// Finds the fastest of the candidates for a step, on a device that nothing else uses meanwhile.
package struct StepTuner {
    let device: OpenCLDevice
    /// Rounds of the final comparison.
    let rounds: Int

    /// Each of a round's times is of runs that take so long together.
    private static let secondsPerTime = 2e-3
    /// Candidates that get into the final comparison, beside the rule's.
    private static let finalists = 3
    /// How much faster a winner has to be, by the medians; and in how many rounds it has to be faster than the rule's.
    private static let leastGain = 1.04
    private static let leastShare = 0.75

    package init(on device: OpenCLDevice, rounds: Int) {
        self.device = device
        self.rounds = max(3, rounds)
    }

    /// Tries the candidates: compares each one's result with that of the rule's choice, drops what differs, times what is
    /// left once, and the fastest of those in turns with the rule's.
    ///
    /// - Returns: nil where there is nothing to choose.
    package func tune(_ tunable: TunableStep) throws -> TuningResult? {
        let failing = device.traits.variants.failing
        let names = tunable.candidates(device.traits).filter { !failing.contains($0) }
        guard names.count > 1 else { return nil }
        let bindings = try buffers(of: tunable)
        let policies = names.map { name in
            var policy = device.traits.variants
            policy.winners = [tunable.key: name]
            return policy
        }
        let prepared = try device.prepare([tunable.step], choosing: policies)

        func run(_ index: Int, times: Int) throws -> Double {
            let start = ContinuousClock.now
            for _ in 0..<times { try device.run(prepared[index], bindings: bindings) }
            try device.synchronize()
            return start.duration(to: .now) / Duration.seconds(times)
        }
        var (wrong, times): ([String], [(index: Int, seconds: Double)]) = ([], [])
        var expected: [UInt8] = []
        for index in names.indices {
            try clear(bindings[2])
            let first = try run(index, times: 1)
            let result = try contents(of: bindings[2])
            if index == 0 { expected = result }
            guard result == expected else {
                wrong.append(names[index])
                continue
            }
            times.append((index, min(first, try run(index, times: 1))))
        }
        let order = times.dropFirst().sorted { $0.seconds < $1.seconds }.prefix(Self.finalists).map(\.index)
        let repeats = max(1, min(100, Int(Self.secondsPerTime / max(times[0].seconds, 1e-7))))
        func compare(_ others: [Int]) throws -> [Int: [Double]] {
            var measured: [Int: [Double]] = [:]
            for _ in 0..<rounds {
                for index in [0] + others { measured[index, default: []].append(try run(index, times: repeats)) }
            }
            return measured
        }
        var measured = try compare(order)
        var best = order.min { Self.median(measured[$0]) < Self.median(measured[$1]) } ?? 0
        // The best of several looks better than it is: it has to win once more, alone against the rule's choice.
        if best != 0 {
            if Self.isClear(measured[best], against: measured[0]) { measured = try compare([best]) }
            if !Self.isClear(measured[best], against: measured[0]) { best = 0 }
        }
        return TuningResult(
            key: tunable.key, flops: tunable.flops, rule: names[0], winner: names[best],
            ruleSeconds: Self.median(measured[0]), winnerSeconds: Self.median(measured[best]),
            candidates: names.count, wrong: wrong)
    }

    /// Whether a candidate is clearly faster than the rule's choice, by times of the same rounds.
    private static func isClear(_ times: [Double]?, against rule: [Double]?) -> Bool {
        let (times, rule) = (times ?? [], rule ?? [])
        let wins = zip(times, rule).count { $0 < $1 }
        return median(rule) >= leastGain * median(times) && Double(wins) >= leastShare * Double(rule.count)
    }

    /// The two operands, with numbers between -1 and 1, and the result.
    private func buffers(of tunable: TunableStep) throws -> [Buffer] {
        var state: UInt32 = 1
        return try tunable.counts.map { count in
            let buffer = try device.allocate(bytes: 4 * count)
            let numbers = [Float](unsafeUninitializedCapacity: count) { target, filled in
                for index in 0..<count {
                    state = state &* 1_664_525 &+ 1_013_904_223
                    target[index] = Float(Int32(bitPattern: state)) / Float(1 << 31)
                }
                filled = count
            }
            try numbers.withUnsafeBytes { try device.upload($0, to: buffer, offset: 0) }
            return buffer
        }
    }

    /// Fills a buffer with something that no result is, so that what is not written is seen.
    private func clear(_ buffer: Buffer) throws {
        try [UInt8](repeating: 0xFF, count: buffer.bytes).withUnsafeBytes {
            try device.upload($0, to: buffer, offset: 0)
        }
    }

    private func contents(of buffer: Buffer) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: buffer.bytes) { target, count in
            try device.download(buffer, offset: 0, into: UnsafeMutableRawBufferPointer(target))
            count = buffer.bytes
        }
    }

    private static func median(_ values: [Double]?) -> Double {
        let sorted = (values ?? []).sorted()
        return sorted.isEmpty ? .infinity : sorted[sorted.count / 2]
    }
}
