import Compute

/// An expression compiled for interpretation over chunks: every value has a row, rows are reused by lifetime, and what
/// is the same for every chunk is computed once.
final class ChunkProgram: Sendable {
    /// A value's row, written to an operand.
    struct RowStore: Sendable {
        let row: Int
        let view: ChunkView
        let operand: Int
        let type: DType
    }

    let space: ChunkSpace
    /// Operands in the order of `ChunkFrame.bases`; the accumulator, where there is one, follows them.
    let operands: [Operand]
    /// Run once for each frame: what is one number, with how many elements to compute, and then the rest.
    let uniform: [ChunkInstruction]
    let repeated: [ChunkInstruction]
    /// Run for every chunk.
    let body: [ChunkInstruction]
    let stores: [RowStore]
    /// The row of the value that was asked for.
    let resultRow: Int
    let rowCount: Int
    /// Rows that have memory of their own; the rest point into operands.
    let ownedRows: Int
    /// The time of one chunk, in vector additions of one element.
    let chunkCost: Int
    private let tables: ChunkTables

    /// Compiles a checked expression.
    /// - Parameters:
    ///   - plan: how the step's axes are walked; `space` is its shape, cut.
    ///   - operands: of the step, first those that the body reads, then those of the stores.
    ///   - accumulator: the type of the accumulator, contiguous over `shape`.
    ///   - stores: values with the number of their operand and their view.
    ///   - result: a value that a reduction goes on with.
    init(
        _ expression: Expression, shape: [Int], plan: AxisPlan, space: ChunkSpace, operands: [Operand],
        accumulator: DType? = nil, stores: [(value: Int, operand: Int, view: View)] = [], result: Int? = nil
    ) {
        let tables = ChunkTables()
        var compiler = ChunkCompiler(expression, space: space, kept: stores.map(\.value) + (result.map { [$0] } ?? []))
        if stores.count > 1 { compiler.copied = Set(stores.map(\.value)) }
        compiler.compile(
            types: operands.map(\.dtype) + [accumulator ?? .float32], accumulatorView: View(contiguous: shape)
        ) { view in ChunkView(plan.apply(view), in: space, tables: tables) }
        self.space = space
        self.operands = operands
        self.tables = tables
        uniform = compiler.uniform
        repeated = compiler.repeated
        ownedRows = compiler.ownedRows
        body = compiler.numberedBody
        rowCount = compiler.rowCount
        chunkCost = max(1, compiler.cost + 2 * stores.count) * space.length
        self.stores = stores.map { store in
            RowStore(
                row: compiler.row(of: store.value),
                view: ChunkView(plan.apply(store.view), in: space, tables: tables),
                operand: store.operand, type: operands[store.operand].dtype)
        }
        resultRow = result.map { compiler.row(of: $0) } ?? 0
    }

    /// Bytes that a frame takes.
    var frameBytes: Int { headerBytes + ownedRows * ChunkSpace.capacity * 4 }

    /// Pointers to rows and operands, and coordinates, rounded up to a cache line.
    var headerBytes: Int { (8 * (rowCount + operands.count + 1 + space.coordinates.count) + 63) / 64 * 64 }

    /// The fewest chunks that are worth a thread of their own: about 20 microseconds.
    var grain: Int { max(1, 60_000 / chunkCost) }

    /// Runs the program over all of its space and writes the stores.
    /// - Parameter accumulator: the memory that accumulator instructions read.
    func run(_ launch: Launch, accumulator: UnsafeMutableRawPointer? = nil) {
        launch.workers.divide(space.chunks, grain: grain) { worker, chunks in
            let frame = ChunkFrame(self, launch: launch, worker: worker, accumulator: accumulator)
            for chunk in chunks {
                let count = frame.evaluate(chunk, of: self)
                frame.store(count, of: self)
            }
        }
    }
}

/// The memory that one worker interprets a program in.
struct ChunkFrame: ~Copyable {
    let rows: UnsafeMutablePointer<UnsafeMutableRawPointer>
    let bases: UnsafeMutablePointer<UnsafeMutableRawPointer>
    let coordinates: UnsafeMutablePointer<Int>

    /// Lays out the frame in the worker's memory and computes what is the same for every chunk.
    /// - Parameter offset: bytes of the worker's memory that are in use already, a multiple of 64.
    init(
        _ program: ChunkProgram, launch: Launch, worker: Int, accumulator: UnsafeMutableRawPointer? = nil,
        offset: Int = 0
    ) {
        let memory = launch.scratch(worker) + offset
        rows = memory.assumingMemoryBound(to: UnsafeMutableRawPointer.self)
        bases = rows + program.rowCount
        coordinates = UnsafeMutableRawPointer(bases + program.operands.count + 1).assumingMemoryBound(to: Int.self)
        let first = memory + program.headerBytes
        for row in 0..<program.rowCount {
            rows[row] = first + (row < program.ownedRows ? row * ChunkSpace.capacity * 4 : 0)
        }
        for (index, operand) in program.operands.enumerated() { bases[index] = launch.pointer(operand) }
        bases[program.operands.count] = accumulator ?? first
        for index in program.space.coordinates.indices { coordinates[index] = 0 }

        for instruction in program.uniform {
            instruction.execute(self, count: 1)
            let row = rows[instruction.row].assumingMemoryBound(to: UInt32.self)
            row.update(repeating: row[0], count: ChunkSpace.capacity)
        }
        for instruction in program.repeated { instruction.execute(self, count: program.space.length) }
    }

    /// Evaluates the body over one chunk.
    /// - Returns: the chunk's elements.
    @inline(__always)
    func evaluate(_ chunk: Int, of program: ChunkProgram) -> Int {
        let space = program.space
        var rest = chunk
        for index in space.coordinates.indices.reversed() {
            let extent = space.coordinates[index].extent
            coordinates[index] = rest % extent
            rest /= extent
        }
        let start = coordinates[space.splitCoordinate] * space.piece
        let count = min(space.piece, space.shape[space.split] - start) * space.inner
        for instruction in program.body { instruction.execute(self, count: count) }
        return count
    }

    /// Writes the stores of the chunk that was evaluated last.
    @inline(__always)
    func store(_ count: Int, of program: ChunkProgram) {
        for store in program.stores {
            store.view.store(
                store.type, row: rows[store.row], at: coordinates, count: count, to: bases[store.operand])
        }
    }
}
