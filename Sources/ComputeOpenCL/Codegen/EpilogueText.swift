import Compute

/// An epilogue as functions and macros that a product's or convolution's kernel calls.
///
/// `EPILOGUE_n(acc, batch, row, col)` gives what is stored for columns `col ..< col + n` from their results `acc`;
/// on CPUs `EPILOGUE_FETCH(batch, row, col)` asks early for what it will load, and where it will store;
/// `EPILOGUE_PARAMETERS` are its parameters in the kernel's list, starting with a comma; `OUT_T` is the stored type.
struct EpilogueText {
    /// Goes before the kernel's text, which undefines the macros at its end; empty without an epilogue.
    let definitions: String
    /// The values of the parameters, to be appended to the kernel's own.
    let arguments: [KernelArgument]
    /// The vector widths whose shared functions are used.
    let widths: Set<Int>

    /// - Parameter widths: those of the macros that the kernel uses.
    init(_ epilogue: Epilogue?, destination: DType, widths: [Int], traits: KernelTraits) {
        guard let epilogue else {
            definitions = ""
            arguments = []
            self.widths = []
            return
        }
        let views = epilogue.body.instructions.compactMap(\.view) + epilogue.others.map(\.view)
        let axes = ["batch", "row", "col"]
        var builder = KernelBuilder(
            traits: traits, bakesNumbers: false, isWide: views.areWide, prefix: "epilogue_")
        let values = ExpressionEmitter(
            epilogue.body, roots: [epilogue.value] + epilogue.others.map(\.value), operands: epilogue.operands,
            axes: axes, inner: 2, prefix: "", in: &builder)
        let others = StoreEmitter(
            epilogue.others.map(StoreEmitter.Target.init), axes: axes, inner: 2, prefix: "", in: &builder)
        // The lines first: they complete the parameters.
        let bodies = widths.map { width in
            let lines = values.lines(width: width, at: "col", accumulator: "acc", builder: &builder)
            return (
                width, lines + others.lines(width: width, at: "col", values: values),
                values.value(epilogue.value, width: width)
            )
        }
        let index = builder.index
        let parameters = builder.parameters.map { ", " + $0 }.joined()
        let names = builder.parameters.map { ", " + KernelBuilder.name(ofParameter: $0) }.joined()
        var text = "#define EPILOGUE_PARAMETERS \(parameters)\n#define OUT_T \(destination.memoryType)\n"
        for (width, lines, value) in bodies {
            let suffix = width == 1 ? "" : "\(width)"
            let type = destination.memoryType + suffix
            let result =
                switch destination {
                case .float32, .int32: value
                case .uint8: "convert_\(type)(\(value))"
                case .bool: "convert_\(type)((\(value)) & 1)"
                }
            let head = "float\(suffix) acc, \(index) batch, \(index) row, \(index) col"
            text += "static \(type) LOCAL(epilogue\(width))(\(head)\(parameters)) {\n"
            for line in builder.prologue + values.rowLines() + others.rowLines() + lines { text += "    \(line)\n" }
            text += "    return \(result);\n}\n"
            text += "#define EPILOGUE_\(width)(acc, batch, row, col) "
            text += "LOCAL(epilogue\(width))(acc, batch, row, col\(names))\n"
        }
        if traits.shape == .cpu {
            text += "static void LOCAL(epilogue_fetch)(\(index) batch, \(index) row, \(index) col\(parameters)) {\n"
            for line in builder.prologue + values.rowLines() + others.rowLines() { text += "    \(line)\n" }
            for place in values.places(at: "col") + others.places(at: "col") { text += "    FETCH(\(place));\n" }
            text += "}\n#define EPILOGUE_FETCH(batch, row, col) LOCAL(epilogue_fetch)(batch, row, col\(names))\n"
        }
        definitions = text
        arguments = builder.arguments
        self.widths = builder.widths
    }

}
