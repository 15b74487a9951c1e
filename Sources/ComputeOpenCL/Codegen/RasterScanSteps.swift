import Compute

// Inner steps with every offset of a view moved into its operand: steps that differ only in where their memory is become
// equal but for their operands, and two operands are the same memory only if they are equal.
extension Step {
    var withOffsetsInOperands: Step {
        switch self {
        case .pointwise(let step): return .pointwise(step.withOffsetsInOperands)
        case .contraction(var step):
            if var epilogue = step.epilogue {
                var operands: [Operand] = []
                let numbers: [Int]
                (epilogue.body, numbers) = epilogue.body.movingOffsets(from: epilogue.operands, into: &operands)
                epilogue.operands = operands
                epilogue.value = numbers[epilogue.value]
                epilogue.others = epilogue.others.map { $0.withOffsetInDestination(numbers) }
                step.epilogue = epilogue
            }
            return .contraction(step)
        case .convolution, .gather, .scatterAdd, .rasterScan: return self
        }
    }
}

extension PointwiseStep {
    fileprivate var withOffsetsInOperands: PointwiseStep {
        var step = self
        step.operands = []
        let numbers: [Int]
        (step.body, numbers) = body.movingOffsets(from: operands, into: &step.operands)
        var stored = numbers
        if let reduction {
            step.reduction?.value = numbers[reduction.value]
            let (epilogue, after) = reduction.epilogue.movingOffsets(from: operands, into: &step.operands)
            step.reduction?.epilogue = epilogue
            stored = after
        }
        step.stores = stores.map { $0.withOffsetInDestination(stored) }
        return step
    }
}

extension Store {
    /// - Parameter numbers: the new numbers of the expression's values.
    fileprivate func withOffsetInDestination(_ numbers: [Int]) -> Store {
        var store = self
        store.value = numbers[value]
        store.destination.offset += view.offset
        store.view.offset = 0
        return store
    }
}

extension Expression {
    /// The same expression, with loads that begin where their operand does.
    /// - Returns: it, and the new numbers of its values.
    fileprivate func movingOffsets(
        from operands: [Operand], into moved: inout [Operand]
    ) -> (expression: Expression, numbers: [Int]) {
        func number(_ operand: Operand) -> Int {
            if let known = moved.firstIndex(of: operand) { return known }
            moved.append(operand)
            return moved.count - 1
        }
        var expression = Expression()
        var numbers: [Int] = []
        for (instruction, type) in zip(instructions, types) {
            var new = instruction.renumbered(numbers)
            switch instruction {
            case .load(let old, var view):
                var operand = operands[old]
                operand.offset += view.offset
                view.offset = 0
                new = .load(operand: number(operand), view: view)
            case .random(let distribution, let old, let stream, let view):
                // The view's addresses are what is drawn.
                new = .random(distribution, operand: number(operands[old]), stream: stream, view: view)
            default: break
            }
            numbers.append(expression.append(new, type: type))
        }
        return (expression, numbers)
    }
}
