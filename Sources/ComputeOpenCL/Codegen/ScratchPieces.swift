extension LaunchPlan {
    /// Gives pieces of scratch memory to several launches where those run one after the other.
    mutating func packScratch() {
        var uses: [Int: ClosedRange<Int>] = [:]
        for (place, launch) in launches.enumerated() {
            for case .scratch(let piece) in launch.all.lazy.flatMap(\.arguments) {
                uses[piece] = min(uses[piece]?.lowerBound ?? place, place)...place
            }
        }
        // A replay's launches run again and again.
        for case .replay(let replay) in steps {
            guard let first = replay.programs.first?.launches.lowerBound,
                let end = replay.programs.last?.launches.upperBound,
                first < end
            else { continue }
            for (piece, range) in uses where range.overlaps(first...end - 1) {
                uses[piece] = min(range.lowerBound, first)...max(range.upperBound, end - 1)
            }
        }
        var packed: [(bytes: Int, last: Int)] = []
        var numbers: [Int: Int] = [:]
        for (piece, range) in uses.sorted(by: { ($0.value.lowerBound, $0.key) < ($1.value.lowerBound, $1.key) }) {
            let free = packed.firstIndex { $0.last < range.lowerBound }
            let number = free ?? packed.count
            if free == nil { packed.append((bytes: 0, last: 0)) }
            packed[number] = (max(packed[number].bytes, scratch[piece]), range.upperBound)
            numbers[piece] = number
        }
        scratch = packed.map(\.bytes)
        for index in launches.indices { launches[index].renumberScratch(numbers) }
    }
}

extension Launch {
    fileprivate mutating func renumberScratch(_ numbers: [Int: Int]) {
        arguments = arguments.map { if case .scratch(let piece) = $0 { .scratch(numbers[piece] ?? piece) } else { $0 } }
        for index in beside.indices { beside[index].renumberScratch(numbers) }
    }
}
