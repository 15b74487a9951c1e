/// The pixel loop of an autoregressive sampler: small programs run at every position of a grid in raster order, each
/// time at another place of their buffers.
///
/// A recurrence is the same with a single column that is not there: `columns` is zero, and a row's program is a step.
///
/// For every row `y`, and then for every column `x` of it, a program runs; all of its steps see what earlier ones have
/// written. `instances` copies of the whole loop run independently, each in memory of its own (a block of images each).
/// Nothing else that is written by one instance may be touched by another.
public struct RasterScanStep: Hashable, Sendable {
    /// Where the memory of an inner slot begins. At row `y` and column `x` of instance `i`, its element 0 is element
    ///
    ///     operand.offset + i * instanceStride
    ///         + ((y / divisor + rowShift + ring) % ring) * rowStride + (x / divisor) * columnStride
    ///
    /// of the buffer in slot `operand.slot`; the divisions truncate, and `-ring <= rowShift <= 0`. A program that runs at
    /// the beginning of a row has `x = 0`.
    public struct Slot: Hashable, Sendable {
        public var operand: Operand
        /// Elements between the memory of neighbouring instances; 0 where all share one.
        public var instanceStride: Int
        /// Positions of the scan to one of the slot, down and across: 2 and 4 for maps of half and quarter size.
        public var divisor: Int
        /// Rows that are kept; an older one is overwritten by a new one.
        public var ring: Int
        /// Rows back from the present one.
        public var rowShift: Int
        public var rowStride: Int
        public var columnStride: Int

        /// A slot that does not move, but for the instance's share.
        public init(
            _ operand: Operand, instanceStride: Int = 0, divisor: Int = 1, ring: Int = 1, rowShift: Int = 0,
            rowStride: Int = 0, columnStride: Int = 0
        ) {
            self.operand = operand
            self.instanceStride = instanceStride
            self.divisor = divisor
            self.ring = ring
            self.rowShift = rowShift
            self.rowStride = rowStride
            self.columnStride = columnStride
        }

        /// The first element at one place of the scan.
        public func offset(instance: Int, row: Int, column: Int) -> Int {
            operand.offset + instance * instanceStride + (row / divisor + rowShift + ring) % ring * rowStride
                + column / divisor * columnStride
        }
    }

    public var rows: Int
    /// Zero where only the rows' programs run.
    public var columns: Int
    public var instances: Int
    /// The slots of the inner steps.
    public var slots: [Slot]
    /// Steps over the inner slots: an operand's slot is an index into `slots`, its offset counts from where that begins,
    /// its type is the slot's.
    public var programs: [[Step]]
    /// The choice of programs repeats after so many rows and columns.
    public var period: Int
    /// The program that runs at the beginning of row `y`: element `y % period`; nil for none.
    public var rowPrograms: [Int?]
    /// The program that runs at row `y` and column `x`: element `y % period * period + x % period`; nil for none.
    public var pixelPrograms: [Int?]
    /// Whether the inner steps are to be run one by one, as launches of their own. Otherwise the device may run the whole
    /// scan as one launch, with the same results.
    public var isReplayed: Bool

    public init(
        rows: Int, columns: Int, instances: Int, slots: [Slot], programs: [[Step]], period: Int, rowPrograms: [Int?],
        pixelPrograms: [Int?], isReplayed: Bool
    ) {
        self.rows = rows
        self.columns = columns
        self.instances = instances
        self.slots = slots
        self.programs = programs
        self.period = period
        self.rowPrograms = rowPrograms
        self.pixelPrograms = pixelPrograms
        self.isReplayed = isReplayed
    }
}

extension RasterScanStep {
    /// Calls `body` for every program of one instance, in order.
    public func forEachProgram(_ body: (_ program: Int, _ row: Int, _ column: Int) throws -> Void) rethrows {
        for row in 0..<rows {
            if let program = rowPrograms[row % period] { try body(program, row, 0) }
            for column in 0..<columns {
                if let program = pixelPrograms[row % period * period + column % period] {
                    try body(program, row, column)
                }
            }
        }
    }
}
