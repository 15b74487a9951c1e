import Compute

extension PlanBuilder {
    /// Memory that one or several intermediates share, one after the other.
    private struct Block {
        var bytes: Int
        var first: Int
        var last: Int
        var members: [Int]
        /// For what a scan's body needs: the item.
        var item: Int?
        var slab = 0
        var offset = 0
    }

    /// Places every intermediate without a home in slabs, so that blocks alive at the same time do not overlap.
    ///
    /// Blocks go in by size, the largest first, each at the lowest offset that is free for its lifetime.
    /// - Returns: the bytes of each slab.
    mutating func planMemory(firstSlot: Int, largestAllocation: Int, deviceName: String) throws -> [Int] {
        var placed: [Block] = []
        var slabs: [Int] = []
        for var block in try lifetimes().sorted(by: { ($1.bytes, $0.first) < ($0.bytes, $1.first) }) {
            guard block.bytes <= largestAllocation else {
                throw DeviceError.allocationTooLarge(
                    device: deviceName, requested: block.bytes, limit: largestAllocation)
            }
            let rivals = placed.filter { $0.first <= block.last && block.first <= $0.last }
            block.slab = -1
            for slab in 0...slabs.count where block.slab < 0 {
                var offset = 0
                for rival in rivals.filter({ $0.slab == slab }).sorted(by: { $0.offset < $1.offset }) {
                    if offset + block.bytes <= rival.offset { break }
                    offset = max(offset, rival.offset + rival.bytes)
                }
                if offset + block.bytes <= largestAllocation {
                    block.slab = slab
                    block.offset = offset
                }
            }
            if block.slab == slabs.count { slabs.append(0) }
            slabs[block.slab] = max(slabs[block.slab], block.offset + block.bytes)
            placed.append(block)
        }
        for block in placed {
            if let item = block.item {
                scratch[item] = Operand(
                    slot: firstSlot + block.slab, offset: block.offset / DType.float32.size, dtype: .float32)
            }
            for member in block.members {
                let dtype = graph.vertices[member].dtype
                location[member] = Operand(
                    slot: firstSlot + block.slab, offset: block.offset / dtype.size, dtype: dtype)
            }
        }
        return slabs
    }

    private func lifetimes() throws -> [Block] {
        var first: [Int: Int] = [:]
        var last: [Int: Int] = [:]
        func touch(_ vertex: Int, at time: Int) {
            let storage = lowering.storage(of: vertex)
            guard location[storage] == nil else { return }
            first[storage] = min(first[storage] ?? time, time)
            last[storage] = max(last[storage] ?? time, time)
        }
        for (time, item) in items.enumerated() {
            for root in item.kernel.roots { touch(root.target, at: time) }
            for load in item.loads { touch(load, at: time) }
        }
        for copy in copies { touch(copy.vertex, at: items.count) }

        var blocks: [Int: Block] = [:]
        var owner: [Int: Int] = [:]  // The block, named by its first member, that a vertex belongs to.
        for vertex in first.keys.sorted(by: { (first[$0] ?? 0, $0) < (first[$1] ?? 0, $1) }) {
            guard let start = first[vertex], let end = last[vertex] else { continue }
            let bytes = (graph.vertices[vertex].count * graph.vertices[vertex].dtype.size + 255) / 256 * 256
            if let old = reusable(for: vertex, at: start, last: last), let block = owner[old],
                blocks[block]?.bytes == bytes, blocks[block]?.last == start
            {
                blocks[block]?.members.append(vertex)
                blocks[block]?.last = end
                owner[vertex] = block
            } else {
                blocks[vertex] = Block(bytes: bytes, first: start, last: end, members: [vertex])
                owner[vertex] = vertex
            }
        }
        return try blocks.keys.sorted().compactMap { blocks[$0] } + scanBlocks()
    }

    /// The intermediates of scans' bodies, needed while the scan runs.
    private func scanBlocks() throws -> [Block] {
        try items.enumerated().compactMap { time, item in
            guard let heart = item.kernel.heart, let scan = graph.vertices[heart].operation?.scan else { return nil }
            let plan = try lowering.scans.plan(scan, leaves: graph.vertices[heart].inputs.count)
            let bytes = (plan.scratchCount * DType.float32.size + 255) / 256 * 256
            return bytes == 0 ? nil : Block(bytes: bytes, first: time, last: time, members: [], item: time)
        }
    }

    /// An intermediate that a pointwise kernel reads for the last time, and only where it writes `vertex`.
    private func reusable(for vertex: Int, at time: Int, last: [Int: Int]) -> Int? {
        let item = items[time]
        guard item.kernel.heart == nil, !item.isPlainLoad(of: vertex),
            item.kernel.roots.contains(where: { $0.vertex == vertex && $0.target == vertex })
        else { return nil }
        return item.loads.sorted().first { load in
            last[load] == time && graph.vertices[load].dtype == graph.vertices[vertex].dtype
                && lowering.storage(of: load) == load
                // Parts of a concatenation, in the same memory, may be read at other indices.
                && item.loads.allSatisfy { $0 == load || lowering.storage(of: $0) != load }
                && item.readsInPlace(load, count: graph.vertices[vertex].count)
        }
    }
}
