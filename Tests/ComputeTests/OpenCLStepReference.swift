import Compute
import TestSupport

/// Runs single steps in double precision on host arrays: what the OpenCL kernels are compared with.
struct StepReference {
    /// The contents of each slot; every element exact in a `Double`.
    var slots: [[Double]]

    mutating func run(_ step: Step) {
        switch step {
        case .pointwise(let step): run(step)
        case .contraction(let step): run(step)
        case .convolution(let step): run(step)
        case .gather(let step): run(step)
        case .scatterAdd(let step): run(step)
        }
    }

    private mutating func run(_ step: PointwiseStep) {
        let before = slots
        guard let reduction = step.reduction else {
            for index in StepReference.indices(step.shape) {
                let values = evaluate(step.body, step.operands, at: index, in: before)
                write(step.stores, values, at: index)
            }
            return
        }
        let kept = step.shape.indices.filter { !reduction.axes.contains($0) }
        let dtype = step.body.types[reduction.value]
        for keptIndex in StepReference.indices(kept.map { step.shape[$0] }) {
            var total = ReferenceArithmetic.identity(reduction.operation, dtype)
            for reducedIndex in StepReference.indices(reduction.axes.map { step.shape[$0] }) {
                var index = [Int](repeating: 0, count: step.shape.count)
                for (axis, value) in zip(kept, keptIndex) { index[axis] = value }
                for (axis, value) in zip(reduction.axes, reducedIndex) { index[axis] = value }
                let value = evaluate(step.body, step.operands, at: index, in: before)[reduction.value]
                total =
                    total.isNaN || value.isNaN
                    ? .nan : ReferenceArithmetic.combined(reduction.operation, total, value, dtype)
            }
            let values = evaluate(reduction.epilogue, step.operands, at: keptIndex, in: before, accumulator: total)
            write(step.stores, values, at: keptIndex)
        }
    }

    private mutating func run(_ step: ContractionStep) {
        let (a, b) = (step.a, step.b)
        for index in StepReference.indices([step.batch, step.rows, step.columns]) {
            var sum = 0.0
            for k in 0..<step.depth {
                let left = a.operand.offset + index[0] * a.batchStride + index[1] * a.rowStride + k * a.columnStride
                let right = b.operand.offset + index[0] * b.batchStride + k * b.rowStride + index[2] * b.columnStride
                sum += slots[a.operand.slot][left] * slots[b.operand.slot][right]
            }
            let place = (index[0] * step.rows + index[1]) * step.columns + index[2]
            finish(sum, step.epilogue, at: index, step.destination, place)
        }
    }

    private mutating func run(_ step: ConvolutionStep) {
        let g = step.geometry
        let (x, y, w) = (g.inputShape, g.outputShape, g.weightShape)
        let (first, second, result) =
            switch step.kind {
            case .forward: (x, w, y)
            case .inputGradient: (y, w, x)
            case .weightGradient: (x, y, w)
            }
        func contents(_ operand: Operand, _ shape: [Int]) -> [Double] {
            Array(slots[operand.slot][operand.offset..<operand.offset + shape.reduce(1, *)])
        }
        let sums = ReferenceConvolution.result(step.kind, g, contents(step.first, first), contents(step.second, second))
        let columns = result[result.count - 1]
        for (place, sum) in sums.enumerated() {
            finish(sum, step.epilogue, at: [0, place / columns, place % columns], step.destination, place)
        }
    }

    private mutating func finish(
        _ sum: Double, _ epilogue: Epilogue?, at index: [Int], _ destination: Operand, _ place: Int
    ) {
        var value = sum
        if let epilogue {
            value = evaluate(epilogue.body, epilogue.operands, at: index, in: slots, accumulator: sum)[epilogue.value]
        }
        slots[destination.slot][destination.offset + place] = value
    }

    private mutating func run(_ step: GatherStep) {
        for i in 0..<step.count {
            let row = Int(slots[step.indices.slot][step.indices.offset + i])
            for x in 0..<step.width {
                let isInside = row >= 0 && row < step.rows
                slots[step.destination.slot][step.destination.offset + i * step.width + x] =
                    isInside ? slots[step.table.slot][step.table.offset + row * step.width + x] : 0
            }
        }
    }

    private mutating func run(_ step: ScatterAddStep) {
        let (start, width) = (step.destination.offset, step.width)
        for place in 0..<step.rows * width { slots[step.destination.slot][start + place] = 0 }
        for i in 0..<step.count {
            let row = Int(slots[step.indices.slot][step.indices.offset + i])
            guard row >= 0, row < step.rows else { continue }
            for x in 0..<width {
                slots[step.destination.slot][start + row * width + x] +=
                    slots[step.source.slot][step.source.offset + i * width + x]
            }
        }
    }

    private mutating func write(_ stores: [Store], _ values: [Double], at index: [Int]) {
        for store in stores {
            guard let address = StepReference.address(store.view, index) else { continue }
            slots[store.destination.slot][store.destination.offset + address] = values[store.value]
        }
    }

    /// The values of all instructions at one index.
    private func evaluate(
        _ expression: Expression, _ operands: [Operand], at index: [Int], in slots: [[Double]],
        accumulator: Double = .nan
    ) -> [Double] {
        var values: [Double] = []
        for (instruction, type) in zip(expression.instructions, expression.types) {
            let value: Double =
                switch instruction {
                case .load(let operand, let view):
                    StepReference.address(view, index).map {
                        slots[operands[operand].slot][operands[operand].offset + $0]
                    } ?? 0
                case .index(let view): Double(StepReference.address(view, index) ?? 0)
                case .random(let distribution, let operand, let stream, let view):
                    ReferencePhilox.draw(
                        distribution, key: Array(slots[operands[operand].slot][operands[operand].offset...].prefix(2)),
                        stream: stream, element: StepReference.address(view, index) ?? 0)
                case .constant(let scalar): ReferenceArithmetic.value(of: scalar)
                case .accumulator: accumulator
                case .unary(let operation, let a): ReferenceArithmetic.unary(operation, values[a], type)
                case .binary(let operation, let a, let b):
                    ReferenceArithmetic.binary(operation, values[a], values[b], expression.types[a])
                case .select(let condition, let a, let b): values[condition] != 0 ? values[a] : values[b]
                case .cast(let to, let a): ReferenceArithmetic.cast(values[a], from: expression.types[a], to: to)
                }
            values.append(value)
        }
        return values
    }

    static func address(_ view: View, _ index: [Int]) -> Int? {
        if let valid = view.valid {
            for (range, coordinate) in zip(valid, index) where !range.contains(coordinate) { return nil }
        }
        return zip(index, view.strides).reduce(view.offset) { $0 + $1.0 * $1.1 }
    }

    /// Every index of a shape, the last axis fastest.
    static func indices(_ shape: [Int]) -> [[Int]] {
        shape.reduce([[]]) { partial, extent in partial.flatMap { head in (0..<extent).map { head + [$0] } } }
    }
}
