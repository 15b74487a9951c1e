import Compute

// Products of a raster scan: the functions of raster_scan_cpu.cl and raster_scan_gpu.cl.
extension RasterScanText {
    mutating func addProduct(
        _ step: ContractionStep, _ segments: ScanSegments?, _ epilogue: ScanEpilogue
    ) throws(DeviceError) {
        if [step.batch, step.rows, step.columns].contains(0) { return }
        let left =
            segments
            ?? ScanSegments(
                sources: [step.a.operand], width: step.depth, rowStride: step.a.rowStride,
                columnStride: step.a.columnStride)
        let names = left.sources.indices.map { "a\($0)" }
        var macros = [
            "FUNCTION": "STEP", "ROWS": "\(step.rows)", "COLUMNS": "\(step.columns)", "DEPTH": "\(step.depth)",
            "BATCH": "\(step.batch)", "A_ROW_STRIDE": "\(left.rowStride)", "A_COLUMN_STRIDE": "\(left.columnStride)",
            "A_BATCH_STRIDE": "\(step.a.batchStride)",
            "SEGMENTS": "\(names.count)", "SEGMENT_DEPTH": "\(left.width)", "A_NAMES": names.joined(separator: ", "),
            "A_POINTERS": names.map { "__global const float *\($0)" }.joined(separator: ", "),
        ]
        let run = View(
            shape: [step.batch, step.rows, left.width],
            strides: [step.a.batchStride, left.rowStride, left.columnStride])
        var sources: [ScanPlace] = []
        for source in left.sources { sources.append(place(MemoryAccess(operand: source, view: run))) }
        let right: ScanPlace
        let file: String
        switch traits.shape {
        case .cpu:
            file = "raster_scan_cpu"
            let tile = traits.registers.scan(rows: step.rows, columns: step.columns)
            macros["FLOATS"] = "JOIN(STEP, floats)"
            macros["TILE_ROWS"] = "\(tile.rows)"
            macros["TILE_VECTORS"] = "\(tile.vectors)"
            macros["SHARES_B"] = step.b.batchStride == 0 ? "1" : "0"
            right = panels(ScanPanels(step, width: tile.vectors * 16), of: step)
        case .gpu:
            file = "raster_scan_gpu"
            macros["B_ROW_STRIDE"] = "\(step.b.rowStride)"
            macros["B_COLUMN_STRIDE"] = "\(step.b.columnStride)"
            macros["B_BATCH_STRIDE"] = "\(step.b.batchStride)"
            macros["ITEM_ROWS"] = "\(itemRows(step))"
            macros["LOADS_4"] = isAlwaysAligned(left, sources, step.a.batchStride) ? "1" : "0"
            right = place(step.right)
        }
        var widths = [1]
        if traits.shape == .cpu && step.columns >= 16 { widths.append(16) }
        let views = epilogue.body.instructions.compactMap(\.view) + epilogue.stores.map(\.view)
        let after = ScanStores(epilogue, widths: widths, functionBuilder(isWide: views.areWide))
        let text = after.definitions + (try ProgramText.instance(of: file, macros: macros))
        call(
            text,
            sources.map { ("const __global float *", $0) } + [("const __global float *", right)]
                + after.builder.pointers(places(after.numbers)),
            widths: after.builder.widths.union([1]))
    }

    /// The panels of a product's right operand: packed before the scan, or by a call.
    private mutating func panels(_ panels: ScanPanels, of step: ContractionStep) -> ScanPlace {
        if let known = place(panels, from: step.b.operand) { return known }
        let target = scratch(.packed, count: panels.count)
        let text = """
            static void STEP(const __global float *b, __global float *packed_b) {
                for (int panel = 0; panel < \(panels.panels); panel++)
                    LOCAL(pack)(b, packed_b, \(panels.arguments), panel);
            }

            """
        call(text, [("const __global float *", place(step.right)), ("__global float *", target)])
        return target
    }

    /// Rows of one item: few enough that all items have something to do.
    private func itemRows(_ step: ContractionStep) -> Int {
        var rows = min(step.rows, 16)
        while rows > 1, step.batch * ceilingDivide(step.rows, rows) * step.columns < traits.groupSize { rows -= 1 }
        return rows
    }

    /// Whether every fourth element along the depth is aligned as a vector of four, wherever the scan is.
    private func isAlwaysAligned(_ a: ScanSegments, _ sources: [ScanPlace], _ batchStride: Int) -> Bool {
        a.columnStride == 1 && a.rowStride % 4 == 0 && batchStride % 4 == 0
            && sources.allSatisfy { $0.slot.offsetStep % 4 == 0 }
    }
}

/// The epilogue of a product as functions and macros: `STORE_n(acc, batch, row, col)` computes and stores what follows from
/// the sums of columns `col ..< col + n`; `STORE_PARAMETERS` are its parameters, each with a comma before it.
struct ScanStores {
    let definitions: String
    let builder: KernelBuilder
    /// What the numbers of the builder's pointers mean.
    let numbers: OperandNumbers

    init(_ epilogue: ScanEpilogue, widths: [Int], _ empty: KernelBuilder) {
        var builder = empty
        var numbers = OperandNumbers()
        let axes = ["batch", "row", "col"]
        let values = ExpressionEmitter(
            epilogue.body, roots: epilogue.stores.map(\.value),
            operands: numbers.operands(epilogue.operands, of: [epilogue.body]), axes: axes, inner: 2, prefix: "",
            in: &builder)
        let targets = epilogue.stores.map { store in
            StoreEmitter.Target(
                Store(value: store.value, destination: numbers.number(store.destination), view: store.view))
        }
        let stores = StoreEmitter(targets, axes: axes, inner: 2, prefix: "", in: &builder)
        let bodies = widths.map { width in
            let lines = values.lines(width: width, at: "col", accumulator: "acc", builder: &builder)
            return (width, lines + stores.lines(width: width, at: "col", values: values))
        }
        let index = builder.index
        let parameters = builder.parameters.map { ", " + $0 }.joined()
        let names = builder.parameters.map { ", " + KernelBuilder.name(ofParameter: $0) }.joined()
        var text = "#define STORE_PARAMETERS \(parameters)\n"
        for (width, lines) in bodies {
            let type = DType.float32.registerType(width)
            let head = "\(type) acc, \(index) batch, \(index) row, \(index) col"
            text += "static void JOIN(STEP, store\(width))(\(head)\(parameters)) {\n"
            for line in builder.prologue + values.rowLines() + stores.rowLines() + lines { text += "    \(line)\n" }
            text += "}\n#define STORE_\(width)(acc, batch, row, col) "
            text += "JOIN(STEP, store\(width))(acc, batch, row, col\(names))\n"
        }
        definitions = text
        self.builder = builder
        self.numbers = numbers
    }
}
