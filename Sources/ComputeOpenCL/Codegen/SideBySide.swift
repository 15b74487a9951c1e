import Compute

/// Bytes of a plan's buffer, or of its scratch memory, that a launch may touch.
struct MemoryReach: Hashable, Sendable {
    var slot: Int
    var bytes: ClosedRange<Int>
    var isWritten: Bool

    /// Whether the order of the two matters.
    func conflicts(with other: MemoryReach) -> Bool {
        slot == other.slot && (isWritten || other.isWritten) && bytes.overlaps(other.bytes)
    }
}

extension LaunchPlan {
    /// Launches of one at the most; each is compiled once more for every other company.
    private static let mostBeside = 8
    /// Items that a unit has at once.
    private static let itemsPerUnit = 1024
    /// How far away launches are that may become one.
    private static let window = 64

    /// Whether launches that have nothing to do with each other become one: where a launch costs the host more than a
    /// small one keeps the device busy.
    var mayPutSideBySide: Bool { traits.shape == .gpu && reach == nil }

    /// Moves small launches forward to others that they may run beside. The results are the same to the last bit.
    mutating func putSideBySide() throws(DeviceError) {
        var merged: [Launch?] = launches
        // Each as early as can be, so that those that wait for it can be early, too.
        for index in launches.indices {
            join(index, (max(0, index - LaunchPlan.window)..<index).reversed(), goesFar: true, &merged)
        }
        // What has found no company may wait for some.
        for index in launches.indices.reversed() {
            let end = min(launches.count, index + LaunchPlan.window)
            join(index, (index..<end).dropFirst(), goesFar: false, &merged)
        }
        guard merged.contains(where: { $0 == nil }) else { return }
        let (together, apart) = ("launches side by side", "launches one by one")
        if try choose(among: [together], spares: [apart], what: "launches side by side") == apart { return }

        // What is left moves up, and with it the steps' ranges.
        let places = merged.reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1 == nil ? 0 : 1)) }
        launches = merged.compactMap(\.self)
        for index in steps.indices { steps[index] = steps[index].moved(places) }
    }

    /// Whether launches leave room on the device for others.
    private func isSmall(_ launches: [Launch]) -> Bool {
        launches.reduce(0) { $0 + $1.itemCount } <= traits.computeUnits * LaunchPlan.itemsPerUnit
    }

    /// Moves a launch to another one, if it may run before or after all between them.
    /// - Parameters:
    ///   - places: the others, the nearest first.
    ///   - goesFar: whether to take the farthest that it fits, not the nearest.
    private func join(_ index: Int, _ places: some Sequence<Int>, goesFar: Bool, _ merged: inout [Launch?]) {
        guard let launch = merged[index], isSmall([launch]) else { return }
        var found: (place: Int, launch: Launch)?
        for place in places where goesFar || found == nil {
            guard let other = merged[place] else { continue }
            guard other.mayRun(beside: launch) else { break }
            if let both = joined(other, launch) { found = (place, both) }
        }
        guard let found else { return }
        merged[found.place] = found.launch
        merged[index] = nil
    }

    /// One launch of two; `nil` where they do not fit together.
    private func joined(_ one: Launch, _ other: Launch) -> Launch? {
        let all = one.all + other.all
        guard all.count <= LaunchPlan.mostBeside, isSmall(all),
            all.reduce(0, { $0 + $1.arguments.count }) <= traits.mostArguments
        else { return nil }
        let sizes = Set(all.lazy.filter { !$0.isAnySize }.map(\.groupSize))
        guard sizes.count <= 1 else { return nil }
        let size = sizes.first ?? one.groupSize
        var parts = all.map { part in
            var part = part
            part.beside = []
            part.groups[0] = ceilingDivide(part.groups[0] * part.groupSize, size)
            part.groupSize = size
            return part
        }
        var launch = parts.removeFirst()
        launch.beside = parts
        return launch
    }
}

extension Launch {
    /// Whether it does not matter which of the two runs first.
    fileprivate func mayRun(beside launch: Launch) -> Bool {
        all.allSatisfy { part in
            launch.all.allSatisfy { other in
                guard let reaches = part.reaches, let others = other.reaches else { return false }
                return reaches.allSatisfy { reach in others.allSatisfy { !reach.conflicts(with: $0) } }
            }
        }
    }
}

extension PlannedStep {
    /// The same step, after each launch has moved to `places[launch]`.
    fileprivate func moved(_ places: [Int]) -> PlannedStep {
        func moved(_ range: Range<Int>) -> Range<Int> { places[range.lowerBound]..<places[range.upperBound] }
        switch self {
        case .launches(let range): return .launches(moved(range))
        case .replay(let replay):
            let programs = replay.programs.map { ScanReplay.Program(launches: moved($0.launches), slots: $0.slots) }
            return .replay(ScanReplay(scan: replay.scan, programs: programs))
        }
    }
}
