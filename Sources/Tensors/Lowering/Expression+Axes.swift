import Compute

extension Expression {
    /// The same expression with each view replaced.
    /// - Returns: the expression, and for each old value its new number.
    func mappingViews(_ transform: (View) throws -> View) rethrows -> (Expression, [Int]) {
        var result = Expression()
        var numbers: [Int] = []
        for (instruction, type) in zip(instructions, types) {
            let mapped: Instruction =
                switch instruction {
                case .load(let operand, let view): .load(operand: operand, view: try transform(view))
                case .index(let view): .index(view: try transform(view))
                case .random(let distribution, let operand, let stream, let view):
                    .random(distribution, operand: operand, stream: stream, view: try transform(view))
                case .constant, .accumulator: instruction
                case .unary(let operation, let a): .unary(operation, numbers[a])
                case .binary(let operation, let a, let b): .binary(operation, numbers[a], numbers[b])
                case .select(let c, let a, let b): .select(numbers[c], numbers[a], numbers[b])
                case .cast(let dtype, let a): .cast(dtype, numbers[a])
                }
            numbers.append(result.append(mapped, type: type))
        }
        return (result, numbers)
    }

    func reshapingViews(to shape: [Int], else retry: LoweringRetry) throws -> (Expression, [Int]) {
        try mappingViews { view in
            guard let reshaped = view.reshaped(to: shape) else { throw retry }
            return reshaped
        }
    }

    func offsettingOperands(by offset: Int) -> Expression {
        var result = Expression()
        for (instruction, type) in zip(instructions, types) {
            switch instruction {
            case .load(let operand, let view):
                _ = result.append(.load(operand: operand + offset, view: view), type: type)
            case .random(let distribution, let operand, let stream, let view):
                _ = result.append(
                    .random(distribution, operand: operand + offset, stream: stream, view: view), type: type)
            default:
                _ = result.append(instruction, type: type)
            }
        }
        return result
    }

    var views: [View] {
        instructions.compactMap { instruction in
            switch instruction {
            case .load(_, let view), .index(let view), .random(_, _, _, let view): view
            default: nil
            }
        }
    }

    /// Arithmetic instructions an element.
    var arithmetic: Int {
        instructions.count { instruction in
            switch instruction {
            case .unary, .binary, .select: true
            default: false
            }
        }
    }
}

extension PointwiseStep {
    /// Merges neighbouring axes where every view walks them as one, and drops axes of extent one.
    mutating func mergeAxes() {
        let reduced = Set(reduction?.axes ?? [])
        let keptAxes = shape.indices.filter { !reduced.contains($0) }
        // Each view with the axes of the step that its own axes are.
        var views = body.views.map { (axes: Array(shape.indices), view: $0) }
        let outer = reduction == nil ? Array(shape.indices) : keptAxes
        views += (reduction?.epilogue.views ?? []).map { (outer, $0) } + stores.map { (outer, $0.view) }

        var runs: [[Int]] = []
        for axis in shape.indices where shape[axis] != 1 {
            if let last = runs.last?.last, reduced.contains(last) == reduced.contains(axis),
                views.allSatisfy({ $0.view.merges(last, axis, among: $0.axes) })
            {
                runs[runs.count - 1].append(axis)
            } else {
                runs.append([axis])
            }
        }
        let newReduced = runs.indices.filter { reduced.contains(runs[$0][0]) }
        let newShape = runs.map { $0.reduce(1) { $0 * shape[$1] } }
        let keptRuns = runs.filter { !reduced.contains($0[0]) }
        let oldShape = shape
        func merge(_ view: View, _ axes: [Int], _ runs: [[Int]]) -> View {
            view.merged(runs.map { $0.compactMap { axes.firstIndex(of: $0) } })
        }
        let (newBody, numbers) = body.mappingViews { merge($0, Array(oldShape.indices), runs) }
        shape = newShape
        body = newBody
        if var reduction {
            let (epilogue, after) = reduction.epilogue.mappingViews { merge($0, keptAxes, keptRuns) }
            reduction.value = numbers[reduction.value]
            reduction.axes = newReduced
            reduction.epilogue = epilogue
            self.reduction = reduction
            stores = stores.map {
                Store(value: after[$0.value], destination: $0.destination, view: merge($0.view, keptAxes, keptRuns))
            }
        } else {
            stores = stores.map {
                Store(
                    value: numbers[$0.value], destination: $0.destination,
                    view: merge($0.view, Array(oldShape.indices), runs))
            }
        }
    }
}

extension View {
    /// Whether two axes of the step, neighbours once axes of extent one are gone, are walked as one.
    fileprivate func merges(_ outer: Int, _ inner: Int, among axes: [Int]) -> Bool {
        guard let a = axes.firstIndex(of: outer), let b = axes.firstIndex(of: inner) else { return true }
        if let valid, valid[a] != 0..<shape[a] || valid[b] != 0..<shape[b] { return false }
        return strides[a] == strides[b] * shape[b]
    }

    /// Runs of mergeable axes folded into one each. Axes in no run have extent one.
    fileprivate func merged(_ runs: [[Int]]) -> View {
        var dropped = self
        var empty = false
        for axis in shape.indices where shape[axis] == 1 {
            if let range = valid?[axis], range.isEmpty { empty = true }
        }
        dropped.shape = runs.map { $0.reduce(1) { $0 * shape[$1] } }
        dropped.strides = runs.map { strides[$0[$0.count - 1]] }
        if let valid {
            let ranges = runs.map { run in run.count == 1 ? valid[run[0]] : 0..<run.reduce(1) { $0 * shape[$1] } }
            dropped.valid = empty ? ranges.map { _ in 0..<0 } : ranges
        }
        return dropped
    }
}
