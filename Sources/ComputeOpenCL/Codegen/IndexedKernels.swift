import Compute

extension LaunchPlan {
    mutating func add(_ step: GatherStep) throws(DeviceError) {
        try require(step.table, count: step.rows * step.width, isWritten: false, what: "a gather")
        try require(step.indices, count: step.count, isWritten: false, what: "a gather")
        try require(step.destination, count: step.count * step.width, isWritten: true, what: "a gather")
        let elements = step.count * step.width
        if elements == 0 { return }
        let type = step.table.dtype.size == 4 ? "int" : "uchar"
        let (groups, perItem) = traits.share(step.count, work: elements)
        launches.append(
            Launch(
                source: try indexedSource("GATHER", macros: ["E": type]),
                arguments: pair(step.table) + pair(step.indices) + pair(step.destination)
                    + [step.count, step.rows, step.width, perItem].map { .long(Int64($0)) },
                groups: [traits.shape == .cpu ? groups : gpuGroups(elements)],
                groupSize: traits.shape == .cpu ? 1 : traits.groupSize, isAnySize: true))
    }

    mutating func add(_ step: ScatterAddStep) throws(DeviceError) {
        try require(step.source, count: step.count * step.width, isWritten: false, what: "a scatter-add")
        try require(step.indices, count: step.count, isWritten: false, what: "a scatter-add")
        try require(step.destination, count: step.rows * step.width, isWritten: true, what: "a scatter-add")
        if step.rows * step.width == 0 { return }
        var columnGroups: Int
        var perItem = 1
        var groups: Int
        switch traits.shape {
        case .gpu:
            columnGroups = (step.width + traits.groupSize - 1) / traits.groupSize
            groups = step.rows * columnGroups
        case .cpu:
            // Columns are cut first: each item reads all indices.
            columnGroups = max(1, min(step.width / 64, traits.computeUnits))
            let wanted = max(1, min(step.rows, 2 * traits.computeUnits / columnGroups))
            let items = step.count * step.width < PointwiseKernel.elementsPerItem ? 1 : wanted
            perItem = (step.rows + items - 1) / items
            groups = (step.rows + perItem - 1) / perItem * columnGroups
        }
        let numbers = [step.count, step.rows, step.width, columnGroups, perItem]
        launches.append(
            Launch(
                source: try indexedSource("SCATTER_ADD", macros: ["TILE": "\(traits.groupSize)"]),
                arguments: pair(step.source) + pair(step.indices) + pair(step.destination)
                    + numbers.map { .long(Int64($0)) },
                groups: [groups], groupSize: traits.shape == .cpu ? 1 : traits.groupSize))
    }

    /// A pointer and an element offset.
    private func pair(_ operand: Operand) -> [KernelArgument] {
        let memory = KernelArgument(operand)
        return [memory, .offset(operand.offset, of: memory, isWide: true, traits)]
    }

    private func indexedSource(_ kind: String, macros: [String: String]) throws(DeviceError) -> KernelSource {
        var all = macros
        all[kind] = ""
        if traits.shape == .gpu { all["GPU"] = "" }
        return KernelSource(text: try ProgramText.instance(of: "indexed", macros: all), widths: [])
    }

    /// GPU groups for some items, which walk the rest in strides.
    func gpuGroups(_ items: Int) -> Int {
        max(1, min((items + traits.groupSize - 1) / traits.groupSize, traits.computeUnits * 32))
    }
}

extension ProgramText {
    /// An embedded source between definitions of some macros, which are removed after it.
    static func instance(of file: String, macros: [String: String]) throws(DeviceError) -> String {
        let names = macros.keys.sorted()
        return names.map { "#define \($0) \(macros[$0] ?? "")\n" }.joined() + (try self.file(file))
            + names.map { "#undef \($0)\n" }.joined()
    }
}
