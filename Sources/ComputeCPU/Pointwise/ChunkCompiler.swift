import Compute

/// Turns an expression into chunk instructions: finds what lives, what is the same for every chunk, and rows for all.
struct ChunkCompiler {
    /// How often a value changes.
    private enum Variation: Int {
        /// One number for the whole step.
        case uniform
        /// The same row for every chunk.
        case repeated
        case varying
    }

    private let expression: Expression
    private let space: ChunkSpace
    private let kept: [Int]
    /// Values that must be in rows of their own even where they could be read in place: with several stores, one may
    /// overwrite what the next is still to copy.
    var copied: Set<Int> = []

    private(set) var uniform: [ChunkInstruction] = []
    private(set) var repeated: [ChunkInstruction] = []
    private(set) var ownedRows = 0
    private(set) var cost = 0
    private var body: [ChunkInstruction] = []
    private var pointed = 0
    private var freeRows: [Int] = []
    private var variations: [Variation]
    /// The row of each value; rows that point into operands are -1, -2 and so on until all are known.
    private var rows: [Int]
    private var lastUse: [Int]

    init(_ expression: Expression, space: ChunkSpace, kept: [Int]) {
        self.expression = expression
        self.space = space
        self.kept = kept
        let count = expression.instructions.count
        variations = Array(repeating: .varying, count: count)
        rows = Array(repeating: 0, count: count)
        lastUse = Array(repeating: -1, count: count)
        for value in kept { lastUse[value] = Int.max }
        for (index, instruction) in expression.instructions.enumerated().reversed() where lastUse[index] >= 0 {
            for argument in instruction.arguments { lastUse[argument] = max(lastUse[argument], index) }
        }
    }

    var rowCount: Int { ownedRows + pointed }

    func row(of value: Int) -> Int { final(rows[value]) }

    /// The body, its rows numbered for good.
    var numberedBody: [ChunkInstruction] {
        body.map { instruction in
            switch instruction {
            case .point(let view, let operand, let row): .point(view, operand: operand, row: final(row))
            case .compute(let kernel, let x, let y, let z, let row):
                .compute(kernel, final(x), final(y), final(z), row: row)
            default: instruction
            }
        }
    }

    private func final(_ row: Int) -> Int { row >= 0 ? row : ownedRows - 1 - row }

    /// - Parameters:
    ///   - types: of the operands; the last one is the accumulator's.
    ///   - accumulatorView: where the accumulator lies.
    ///   - chunkView: a view as chunks see it.
    mutating func compile(types: [DType], accumulatorView: View, _ chunkView: (View) -> ChunkView) {
        for (value, instruction) in expression.instructions.enumerated() where lastUse[value] >= 0 {
            switch instruction {
            case .load(let operand, let view):
                load(value, chunkView(view), operand: operand, type: types[operand])
            case .accumulator:
                let operand = types.count - 1
                load(value, chunkView(accumulatorView), operand: operand, type: types[operand])
            case .index(let view):
                let view = chunkView(view)
                emit(value, ChunkCompiler.variation(of: view), cost: 1) { .addresses(view, row: $0) }
            case .random(let distribution, let operand, let stream, let view):
                let view = chunkView(view)
                emit(value, ChunkCompiler.variation(of: view), cost: 40) {
                    .random(view, distribution, operand: operand, stream: stream, row: $0)
                }
            case .constant(let scalar):
                emit(value, .uniform, cost: 0) { .constant(scalar.rowBits, row: $0) }
            case .unary, .binary, .select, .cast: compute(value, instruction)
            }
        }
    }

    private static func variation(of view: ChunkView) -> Variation {
        guard view.repeated, !view.padded else { return .varying }
        return view.kind == .uniform ? .uniform : .repeated
    }

    private mutating func load(_ value: Int, _ view: ChunkView, operand: Int, type: DType) {
        let variation = ChunkCompiler.variation(of: view)
        let inPlace = view.kind == .contiguous && !view.padded && type.size == 4 && !copied.contains(value)
        if inPlace, variation != .uniform {
            pointed += 1
            rows[value] = -pointed
            body.append(.point(view, operand: operand, row: rows[value]))
        } else {
            // A single chunk is loaded in its turn like any other.
            let variation = variation == .repeated && space.chunks == 1 ? .varying : variation
            emit(value, variation, cost: view.kind == .contiguous ? 1 : 3) {
                .load(view, type, operand: operand, row: $0)
            }
        }
    }

    private mutating func compute(_ value: Int, _ instruction: Expression.Instruction) {
        guard let costed = expression.kernel(of: instruction, type: expression.types[value]) else { return }
        let arguments = instruction.arguments
        let variation = arguments.map { variations[$0] }.max { $0.rawValue < $1.rawValue } ?? .uniform
        let sources = arguments.map { rows[$0] }
        let (x, y, z) = (sources[0], sources.count > 1 ? sources[1] : sources[0], sources.last ?? sources[0])
        // An argument that is read for the last time here leaves its row to the result.
        for argument in Set(arguments) where lastUse[argument] == value && variations[argument] == .varying {
            if rows[argument] >= 0 { freeRows.append(rows[argument]) }
        }
        emit(value, variation, cost: costed.cost) { .compute(costed.kernel, x, y, z, row: $0) }
    }

    private mutating func emit(
        _ value: Int, _ variation: Variation, cost: Int, _ instruction: (Int) -> ChunkInstruction
    ) {
        variations[value] = variation
        if variation == .varying, let free = freeRows.popLast() {
            rows[value] = free
        } else {
            rows[value] = ownedRows
            ownedRows += 1
        }
        let instruction = instruction(rows[value])
        switch variation {
        case .uniform: uniform.append(instruction)
        case .repeated: repeated.append(instruction)
        case .varying:
            body.append(instruction)
            self.cost += cost
        }
    }
}

extension Scalar {
    /// The four bytes of the scalar in a row.
    fileprivate var rowBits: UInt32 {
        switch self {
        case .float(let value): value.bitPattern
        case .int(let value): UInt32(bitPattern: value)
        case .uint8(let value): UInt32(value)
        case .bool(let value): value ? UInt32.max : 0
        }
    }
}

extension Expression.Instruction {
    /// The values that the instruction reads.
    var arguments: [Int] {
        switch self {
        case .load, .index, .random, .constant, .accumulator: []
        case .unary(_, let x), .cast(_, let x): [x]
        case .binary(_, let x, let y): [x, y]
        case .select(let x, let y, let z): [x, y, z]
        }
    }
}

extension Expression {
    /// The kernel of an operation, nil where it is not defined for its arguments' type.
    func kernel(of instruction: Instruction, type: DType) -> ChunkKernels.Costed? {
        switch instruction {
        case .unary(let operation, let x): ChunkKernels.unary(operation, types[x])
        case .binary(let operation, let x, _): ChunkKernels.binary(operation, types[x])
        case .select: ChunkKernels.Costed(kernel: ChunkKernels.select, cost: 1)
        case .cast(_, let x): ChunkKernels.cast(from: types[x], to: type)
        case .load, .index, .random, .constant, .accumulator: nil
        }
    }
}
