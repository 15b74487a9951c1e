import Compute

/// One launch of a reduction: over the whole of the reduced axes, or over pieces of them into scratch memory.
///
/// How a reduction is cut into pieces depends on its shape and on the class of the device alone, so that a sum has the
/// same bits every time.
struct ReductionKernel {
    /// A cut of the reduced range: `pieces` of `length` each, the last one perhaps shorter.
    struct Cut {
        /// The axis that is cut; on GPUs the reduced axes count as one, and this is not used.
        var axis: Int
        var length: Int
        var pieces: Int
    }

    let shape: [Int]
    let body: Expression
    let operands: [Operand]
    let operation: Reduction.Operation
    let value: Int
    let reducedAxes: [Int]
    /// Over the kept axes, before them an axis of the pieces where there is a cut.
    let epilogue: Expression
    let stores: [StoreEmitter.Target]
    let cut: Cut?
    let traits: KernelTraits
    let isWide: Bool

    var keptAxes: [Int] { shape.indices.filter { !reducedAxes.contains($0) } }
    var keptCount: Int { keptAxes.reduce(1) { $0 * shape[$1] } }
    var reducedCount: Int { reducedAxes.reduce(1) { $0 * shape[$1] } }
    var dtype: DType { body.types[value] }
    var isFloat: Bool { dtype == .float32 }
    private var isSum: Bool { operation == .sum }

    func launch() throws(DeviceError) -> Launch {
        switch traits.shape {
        case .gpu:
            return try KernelBuilder.build(traits: traits, bakesNumbers: true, isWide: isWide, gpu)
        case .cpu:
            let lastIsReduced = reducedAxes.last == shape.count - 1
            return try KernelBuilder.build(
                traits: traits, bakesNumbers: false, isWide: isWide, lastIsReduced ? cpuRows : cpuColumns)
        }
    }

    /// The index variables of the epilogue: those of the kept axes, before them the piece's number.
    var epilogueAxes: [String] { (cut == nil ? [] : ["piece"]) + keptAxes.map { "i\($0)" } }

    // MARK: Texts of the combining operation.

    var start: String {
        if isSum { return isFloat ? "0.0f" : "0" }
        return isFloat ? "-INFINITY" : "INT_MIN"
    }

    /// Combines two values that are not yet part of a long sum.
    func combine(_ a: String, _ b: String, width: Int) -> String {
        if isSum { return "\(a) + \(b)" }
        return isFloat ? "t_max\(width)(\(a), \(b))" : "max(\(a), \(b))"
    }

    /// Adds a value to a total; long sums of Float32 are compensated.
    func accumulate(_ total: String, _ lost: String, _ value: String, width: Int) -> String {
        if isSum && isFloat { return "t_sum\(width)(&\(total), &\(lost), \(value));" }
        return "\(total) = \(combine(total, value, width: width));"
    }

    /// The lanes of a value as one.
    func fold(_ value: String, width: Int) -> String {
        if width == 1 { return value }
        return "fold_\(isSum ? "sum" : "max")_\(isFloat ? "float" : "int")\(width)(\(value))"
    }

    /// Declares a total, and what its sum has lost where that is kept.
    func declareTotal(_ name: String, _ lost: String, width: Int, count: Int = 1) -> [String] {
        let type = dtype.registerType(width)
        if count == 1 {
            return ["\(type) \(name) = (\(type))(\(start));", "\(type) \(lost) = (\(type))(0);"]
        }
        return [
            "\(type) \(name)[\(count)], \(lost)[\(count)];",
            "for (int j = 0; j < \(count); ++j) { \(name)[j] = (\(type))(\(start)); \(lost)[j] = (\(type))(0); }",
        ]
    }

    /// Loops over some reduced axes around lines; where there is a cut, over the piece's part of its axis.
    func reducedLoops(_ axes: [Int], _ body: [String], _ builder: inout KernelBuilder) -> [String] {
        var lines = body
        for axis in axes.reversed() {
            let name = "i\(axis)"
            let extent = builder.number(shape[axis])
            var head = "for (\(builder.index) \(name) = 0; \(name) < \(extent); ++\(name))"
            if let cut, cut.axis == axis {
                let length = builder.number(cut.length)
                head =
                    "for (\(builder.index) \(name) = piece * \(length), end_\(name) = min(\(name) + \(length), \(extent));"
                    + " \(name) < end_\(name); ++\(name))"
            }
            lines = LoopText.block(head, lines)
        }
        return lines
    }
}
