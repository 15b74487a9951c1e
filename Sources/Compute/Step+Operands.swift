extension Step {
    /// The same step with other operands.
    package func mappingOperands(_ transform: (Operand) -> Operand) -> Step {
        func map(_ epilogue: Epilogue?) -> Epilogue? {
            guard var epilogue else { return nil }
            epilogue.operands = epilogue.operands.map(transform)
            for index in epilogue.others.indices {
                epilogue.others[index].destination = transform(epilogue.others[index].destination)
            }
            return epilogue
        }
        switch self {
        case .pointwise(var step):
            step.operands = step.operands.map(transform)
            for index in step.stores.indices {
                step.stores[index].destination = transform(step.stores[index].destination)
            }
            return .pointwise(step)
        case .contraction(var step):
            (step.a.operand, step.b.operand) = (transform(step.a.operand), transform(step.b.operand))
            step.destination = transform(step.destination)
            step.epilogue = map(step.epilogue)
            return .contraction(step)
        case .convolution(var step):
            (step.first, step.second) = (transform(step.first), transform(step.second))
            step.destination = transform(step.destination)
            step.epilogue = map(step.epilogue)
            return .convolution(step)
        case .gather(var step):
            (step.table, step.indices) = (transform(step.table), transform(step.indices))
            step.destination = transform(step.destination)
            return .gather(step)
        case .scatterAdd(var step):
            (step.source, step.indices) = (transform(step.source), transform(step.indices))
            step.destination = transform(step.destination)
            return .scatterAdd(step)
        case .rasterScan(var step):
            for index in step.slots.indices { step.slots[index].operand = transform(step.slots[index].operand) }
            return .rasterScan(step)
        }
    }
}
