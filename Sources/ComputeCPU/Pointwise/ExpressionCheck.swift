import Compute

extension Expression {
    /// Checks that the expression can be run as it is, and notes what it reads.
    /// - Parameters:
    ///   - shape: the iteration space; every view must have it.
    ///   - accumulator: the type of the accumulator, nil where there is none.
    /// - Throws: `DeviceError.unsupported`, `DeviceError.badBuffer`.
    func check(
        shape: [Int], operands: [Operand], accumulator: DType?, needs: inout BindingNeeds
    ) throws(DeviceError) {
        // Every operand must be bound, whether or not an instruction reads it.
        for operand in operands { try needs.require(operand, elements: 0..<0) }
        for (value, instruction) in instructions.enumerated() {
            guard instruction.arguments.allSatisfy({ (0..<value).contains($0) }) else {
                throw needs.malformed("an expression whose value \(value) reads a later one")
            }
            let expected = try expectedType(
                of: instruction, shape: shape, operands: operands, accumulator: accumulator, needs: &needs)
            guard expected == types[value] else {
                throw needs.malformed("an expression whose value \(value) is said to be \(types[value])")
            }
        }
    }

    /// Checks that a store's value exists and has its destination's type, and notes what it writes.
    func check(_ store: Store, shape: [Int], needs: inout BindingNeeds) throws(DeviceError) {
        guard types.indices.contains(store.value), types[store.value] == store.destination.dtype,
            store.view.valid == nil
        else { throw needs.malformed("a store of value \(store.value) as \(store.destination.dtype)") }
        try needs.check(store.view, shape: shape)
        try needs.require(store.destination, view: store.view)
    }

    private func expectedType(
        of instruction: Instruction, shape: [Int], operands: [Operand], accumulator: DType?,
        needs: inout BindingNeeds
    ) throws(DeviceError) -> DType {
        switch instruction {
        case .load(let operand, let view):
            guard operands.indices.contains(operand) else { throw needs.malformed("a load of operand \(operand)") }
            try needs.check(view, shape: shape)
            try needs.require(operands[operand], view: view)
            return operands[operand].dtype
        case .index(let view):
            try needs.check(view, shape: shape)
            return .int32
        case .random(let distribution, let operand, _, let view):
            guard operands.indices.contains(operand) else { throw needs.malformed("a key in operand \(operand)") }
            try needs.check(view, shape: shape)
            try needs.require(operands[operand], count: 2, dtype: .int32)
            return distribution == .bits ? .int32 : .float32
        case .constant(let scalar): return scalar.dtype
        case .accumulator:
            guard let accumulator else { throw needs.malformed("an accumulator that follows nothing") }
            return accumulator
        case .unary(let operation, let x):
            guard ChunkKernels.unary(operation, types[x]) != nil else {
                throw needs.malformed("\(operation) of \(types[x])")
            }
            return types[x]
        case .binary(let operation, let x, let y):
            guard types[x] == types[y], ChunkKernels.binary(operation, types[x]) != nil else {
                throw needs.malformed("\(operation) of \(types[x]) and \(types[y])")
            }
            return operation.isComparison ? .bool : types[x]
        case .select(let condition, let x, let y):
            guard types[condition] == .bool, types[x] == types[y] else {
                throw needs.malformed("a choice by \(types[condition]) of \(types[x]) and \(types[y])")
            }
            return types[x]
        case .cast(let type, _): return type
        }
    }
}

extension BindingNeeds {
    /// Checks that a view has the shape of the iteration space and a stride for each axis.
    func check(_ view: View, shape: [Int]) throws(DeviceError) {
        guard view.shape == shape, view.strides.count == shape.count, (view.valid?.count ?? shape.count) == shape.count
        else { throw malformed("a view of shape \(view.shape) in an iteration space of shape \(shape)") }
    }
}

extension Expression {
    /// All views of the expression.
    var views: [View] {
        instructions.compactMap { instruction in
            switch instruction {
            case .load(_, let view), .index(let view), .random(_, _, _, let view): view
            default: nil
            }
        }
    }
}
