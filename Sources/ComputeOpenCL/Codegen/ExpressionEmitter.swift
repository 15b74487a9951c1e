import Compute

/// Turns an expression into OpenCL C at one place of a kernel's loops.
///
/// The iteration space's axes have index variables. One of them, `inner`, may be walked in vectors: what does not depend
/// on it is computed once, as scalars, in `rowLines`, where the other indices are known.
struct ExpressionEmitter {
    let expression: Expression
    let axes: [String]
    let inner: Int?
    /// Starts every name, so that expressions do not clash.
    let prefix: String
    /// Whether vectors in memory are aligned as vectors.
    let isAligned: Bool
    private let accumulatorIsUniform: Bool
    private var accesses: [Int: Access] = [:]
    private var walks: [Walk] = []
    private var live: [Bool]
    private var isUniform: [Bool]
    /// The parameters of constants that are not written into the text.
    private var constants: [Int: String] = [:]
    private let native: Bool
    private let index: String

    /// An instruction's way through memory.
    private struct Access {
        var pointer: String
        var walk: Int
        var keys = ""
    }

    /// The addresses of one view, without the inner axis: shared by all that use the same.
    private struct Walk {
        let view: View
        /// Whether the view's offset is in the base (it is in the pointer otherwise).
        let hasOffset: Bool
        let base: String
        let isInside: String?
        let innerStride: Int
        let innerStrideText: String
        let innerRange: (first: String, last: String)?
    }

    /// - Parameters:
    ///   - roots: the values wanted.
    ///   - axes: the index variable of each axis.
    ///   - inner: the axis walked in vectors.
    init(
        _ expression: Expression, roots: [Int], operands: [Operand], axes: [String], inner: Int?, prefix: String,
        isAligned: Bool = false, in builder: inout KernelBuilder
    ) {
        self.expression = expression
        self.axes = axes
        self.inner = inner
        self.prefix = prefix
        self.isAligned = isAligned
        accumulatorIsUniform = inner == nil
        native = builder.traits.hasNativeMath
        index = builder.index
        live = Array(repeating: false, count: expression.instructions.count)
        isUniform = live
        for root in roots { live[root] = true }
        for number in expression.instructions.indices.reversed() where live[number] {
            for argument in expression.instructions[number].arguments { live[argument] = true }
        }
        for (number, instruction) in expression.instructions.enumerated() where live[number] {
            isUniform[number] = declare(number, instruction, operands, &builder)
        }
        if builder.traits.shape == .cpu && !builder.bakesNumbers { takeConstants(&builder) }
    }

    /// Makes parameters of constants, so that expressions that differ in them alone share a kernel: all but plain ones, and
    /// those that make an operation cheaper.
    private mutating func takeConstants(_ builder: inout KernelBuilder) {
        var literal: Set<Int> = []
        for case .binary(let operation, _, let b) in expression.instructions {
            if operation == .divide || operation == .power { literal.insert(b) }
        }
        for (number, instruction) in expression.instructions.enumerated() where live[number] {
            guard case .constant(.float(let value)) = instruction, !literal.contains(number), value.isFinite else {
                continue
            }
            if [0, 0.5, 1, -1, 2].contains(value) { continue }
            constants[number] = builder.real(value)
        }
    }

    /// Sets up an instruction's memory. Whether its value is the same along the inner axis.
    private mutating func declare(
        _ number: Int, _ instruction: Expression.Instruction, _ operands: [Operand], _ builder: inout KernelBuilder
    ) -> Bool {
        switch instruction {
        case .load(let operand, let view):
            let source = operands[operand]
            let pointer = builder.pointer(
                KernelArgument(source), source.dtype, offset: source.offset + view.offset, isWritten: false)
            accesses[number] = Access(pointer: pointer, walk: walk(view, hasOffset: false, &builder))
            return isConstantAlongInner(view)
        case .index(let view):
            accesses[number] = Access(pointer: "", walk: walk(view, hasOffset: true, &builder))
            return isConstantAlongInner(view)
        case .random(_, let operand, let stream, let view):
            let source = operands[operand]
            let pointer = builder.pointer(KernelArgument(source), .int32, offset: source.offset, isWritten: false)
            let keys = "\(stream)u, (uint)\(pointer)[0], (uint)\(pointer)[1]"
            accesses[number] = Access(pointer: pointer, walk: walk(view, hasOffset: true, &builder), keys: keys)
            return isConstantAlongInner(view)
        case .constant: return true
        case .accumulator: return accumulatorIsUniform
        case .unary, .binary, .select, .cast:
            return instruction.arguments.allSatisfy { isUniform[$0] }
        }
    }

    private func isConstantAlongInner(_ view: View) -> Bool {
        guard let inner else { return true }
        return (view.strides[inner] == 0 || view.shape[inner] == 1) && !view.isPadded(inner)
    }

    private mutating func walk(_ view: View, hasOffset: Bool, _ builder: inout KernelBuilder) -> Int {
        let known = walks.firstIndex {
            $0.hasOffset == hasOffset && $0.view.strides == view.strides && $0.view.valid == view.valid
                && (!hasOffset || $0.view.offset == view.offset)
        }
        if let known { return known }
        var terms: [String] = []
        var conditions: [String] = []
        for axis in view.shape.indices where axis != inner {
            let variable = axes[axis]
            if view.strides[axis] != 0 && view.shape[axis] > 1 {
                terms.append(view.strides[axis] == 1 ? variable : "\(variable) * \(builder.number(view.strides[axis]))")
            }
            if view.isPadded(axis) {
                let range = view.validRange(axis)
                conditions.append("\(variable) >= \(builder.number(range.lowerBound))")
                conditions.append("\(variable) < \(builder.number(range.upperBound))")
            }
        }
        if hasOffset && view.offset != 0 { terms.append(builder.number(view.offset)) }
        var stride = 0
        var strideText = "0"
        var range: (String, String)?
        if let inner {
            stride = view.shape[inner] == 1 ? 0 : view.strides[inner]
            strideText = stride == 0 || stride == 1 ? "\(stride)" : builder.number(stride)
            if view.isPadded(inner) {
                let valid = view.validRange(inner)
                range = (builder.number(valid.lowerBound), builder.number(valid.upperBound))
            }
        }
        walks.append(
            Walk(
                view: view, hasOffset: hasOffset, base: terms.isEmpty ? "0" : terms.joined(separator: " + "),
                isInside: conditions.isEmpty ? nil : conditions.joined(separator: " && "), innerStride: stride,
                innerStrideText: strideText, innerRange: range))
        return walks.count - 1
    }

    /// The lines that go where all indices but the inner one are known.
    func rowLines(accumulator: String = "") -> [String] {
        var lines: [String] = []
        for (number, walk) in walks.enumerated() {
            lines.append("const \(index) \(prefix)b\(number) = \(walk.base);")
            if let inside = walk.isInside { lines.append("const int \(prefix)inside\(number) = \(inside);") }
        }
        for number in live.indices where live[number] && isUniform[number] {
            lines.append(line(number, width: 1, at: "0", accumulator: accumulator))
        }
        return lines
    }

    /// The lines that compute `width` neighbours along the inner axis, from index `position` on.
    func lines(width: Int, at position: String, accumulator: String = "", builder: inout KernelBuilder) -> [String] {
        builder.use(width: width)
        return live.indices.filter { live[$0] && !isUniform[$0] }.map {
            line($0, width: width, at: position, accumulator: accumulator)
        }
    }

    /// A computed value, `width` lanes wide.
    func value(_ number: Int, width: Int) -> String {
        let name = "\(prefix)v\(number)"
        if !isUniform[number] || width == 1 { return name }
        return "((\(expression.types[number].registerType(width)))(\(name)))"
    }

    private func line(_ number: Int, width: Int, at position: String, accumulator: String) -> String {
        let type = expression.types[number]
        let text = text(number, width: width, at: position, accumulator: accumulator)
        return "const \(type.registerType(width)) \(prefix)v\(number) = \(text);"
    }

    private func text(_ number: Int, width: Int, at position: String, accumulator: String) -> String {
        func argument(_ of: Int) -> String { value(of, width: width) }
        let type = expression.types[number]
        switch expression.instructions[number] {
        case .load: return load(number, type, width, position)
        case .index: return linearIndex(number, width, position)
        case .random(let distribution, _, _, _): return random(number, distribution, width, position)
        case .constant(let scalar): return constants[number] ?? OperationText.constant(scalar)
        case .accumulator: return accumulator
        case .unary(let operation, let a):
            return OperationText.unary(operation, type, argument(a), width, native: native)
        case .binary(let operation, let a, let b):
            return OperationText.binary(operation, expression.types[a], argument(a), argument(b), width)
        case .select(let condition, let a, let b):
            return "\(argument(condition)) ? \(argument(a)) : \(argument(b))"
        case .cast(let to, let a):
            return OperationText.cast(argument(a), from: expression.types[a], to: to, width)
        }
    }

    /// Where the loads of a step's plain, contiguous operands begin at inner index `position`; not those that repeat
    /// one row.
    func places(at position: String) -> [String] {
        live.indices.compactMap { number in
            guard live[number], let access = accesses[number] else { return nil }
            let walk = walks[access.walk]
            guard walk.innerStride == 1, walk.innerRange == nil, walk.isInside == nil, walk.base != "0" else {
                return nil
            }
            return "\(access.pointer) + (\(address(access.walk, position)))"
        }
    }

    /// The address at inner index `position`, without the pointer.
    private func address(_ walk: Int, _ position: String) -> String {
        switch walks[walk].innerStride {
        case 0: "\(prefix)b\(walk)"
        case 1: "\(prefix)b\(walk) + \(position)"
        default: "\(prefix)b\(walk) + \(position) * \(walks[walk].innerStrideText)"
        }
    }

    private func load(_ number: Int, _ type: DType, _ width: Int, _ position: String) -> String {
        guard let access = accesses[number] else { return "0" }
        let walk = walks[access.walk]
        let place = "\(access.pointer) + (\(address(access.walk, position)))"
        let name = type.memoryName
        var text: String
        if let range = walk.innerRange {
            let aligned = isAligned && width > 1 && walk.innerStride == 1
            text =
                aligned
                ? "\(position) >= \(range.first) && \(position) < \(range.last)"
                    + " ? load_aligned_\(name)\(width)(\(place)) : (\(type.registerType(width)))(0)"
                : "partial_\(name)\(width)(\(place), \(walk.innerStrideText), \(position), \(range.first), \(range.last))"
        } else if width == 1 {
            text = "load_\(name)1(\(place))"
        } else if walk.innerStride == 1 {
            text = "load_\(isAligned ? "aligned_" : "")\(name)\(width)(\(place))"
        } else {
            text = "gather_\(name)\(width)(\(place), \(walk.innerStrideText))"
        }
        if walk.isInside != nil {
            text = "\(prefix)inside\(access.walk) ? (\(text)) : (\(type.registerType(width)))(0)"
        }
        return text
    }

    private func linearIndex(_ number: Int, _ width: Int, _ position: String) -> String {
        guard let access = accesses[number] else { return "0" }
        let walk = walks[access.walk]
        var text = "(int)(\(address(access.walk, position)))"
        if width > 1 {
            text = "((int\(width))(\(text)) + as_int\(width)(t_low\(width)(0, (uint)\(walk.innerStrideText))))"
        }
        if let range = walk.innerRange {
            text = "(\(text) & t_inside\(width)(\(position), \(range.first), \(range.last)))"
        }
        if walk.isInside != nil {
            text = "\(prefix)inside\(access.walk) ? \(text) : (\(DType.int32.registerType(width)))(0)"
        }
        return text
    }

    private func random(_ number: Int, _ distribution: RandomDistribution, _ width: Int, _ position: String) -> String {
        guard let access = accesses[number] else { return "0" }
        let element = "(long)(\(address(access.walk, position))), (uint)\(walks[access.walk].innerStrideText)"
        return "t_\(distribution)\(width)(t_low\(width)(\(element)), t_high\(width)(\(element)), \(access.keys))"
    }
}

extension Expression.Instruction {
    /// The values that the instruction reads.
    var arguments: [Int] {
        switch self {
        case .load, .index, .random, .constant, .accumulator: []
        case .unary(_, let a), .cast(_, let a): [a]
        case .binary(_, let a, let b): [a, b]
        case .select(let condition, let a, let b): [condition, a, b]
        }
    }

    /// The operand and the view of an instruction that reads memory.
    var read: (operand: Int, view: View)? {
        switch self {
        case .load(let operand, let view): (operand, view)
        // A random number reads the two words of its key.
        case .random(_, let operand, _, _): (operand, View(contiguous: [2]))
        default: nil
        }
    }

    /// The view whose addresses the instruction computes.
    var view: View? {
        switch self {
        case .load(_, let view), .index(let view), .random(_, _, _, let view): view
        default: nil
        }
    }
}
