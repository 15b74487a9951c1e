import Compute
import Tensors

/// Executes one step.
struct ReferenceStep {
    let memory: ReferenceMemory

    func run(_ step: Step) throws {
        switch step {
        case .pointwise(let step): try run(step)
        case .contraction(let step): try run(step)
        case .convolution(let step): try run(step)
        case .gather(let step): try run(step)
        case .scatterAdd(let step): try run(step)
        case .rasterScan(let step): try run(step)
        }
    }

    /// Instances in reverse: none may need what another has written.
    private func run(_ step: RasterScanStep) throws {
        guard memory.places == nil else {
            throw DeviceError.unsupported(device: "reference", what: "a raster scan inside a raster scan")
        }
        for instance in (0..<step.instances).reversed() {
            try step.forEachProgram { program, row, column in
                var inner = memory
                inner.places = step.slots.map { slot in
                    var place = slot.operand
                    place.offset = slot.offset(instance: instance, row: row, column: column)
                    return place
                }
                for part in step.programs[program] { try ReferenceStep(memory: inner).run(part) }
            }
        }
    }

    private func run(_ step: PointwiseStep) throws {
        guard let reduction = step.reduction else {
            for number in shuffled(step.shape.product) {
                let index = unravel(number, step.shape)
                let values = try evaluate(step.body, step.operands, index)
                for store in step.stores {
                    try memory.store(values[store.value], store.destination, store.view.address(index))
                }
            }
            return
        }
        let kept = step.shape.indices.filter { !reduction.axes.contains($0) }
        let keptShape = kept.map { step.shape[$0] }
        let reducedShape = reduction.axes.map { step.shape[$0] }
        let dtype = step.body.types[reduction.value]
        for number in shuffled(keptShape.product) {
            let keptIndex = unravel(number, keptShape)
            var index = [Int](repeating: 0, count: step.shape.count)
            for (axis, coordinate) in zip(kept, keptIndex) { index[axis] = coordinate }
            var total = ReferenceArithmetic.identity(reduction.operation, dtype)
            for inner in 0..<reducedShape.product {
                for (axis, coordinate) in zip(reduction.axes, unravel(inner, reducedShape)) { index[axis] = coordinate }
                let value = try evaluate(step.body, step.operands, index)[reduction.value]
                total = ReferenceArithmetic.combined(reduction.operation, total, value, dtype)
            }
            let values = try evaluate(reduction.epilogue, step.operands, keptIndex, accumulator: total)
            for store in step.stores {
                try memory.store(values[store.value], store.destination, store.view.address(keptIndex))
            }
        }
    }

    private func run(_ step: ContractionStep) throws {
        let shape = [step.batch, step.rows, step.columns]
        func element(_ matrix: Matrix, _ batch: Int, _ row: Int, _ column: Int) throws -> Double {
            try memory.load(
                matrix.operand, batch * matrix.batchStride + row * matrix.rowStride + column * matrix.columnStride)
        }
        guard [step.a, step.b].allSatisfy({ $0.rowStride == 1 || $0.columnStride == 1 }) else {
            throw DeviceError.unsupported(device: "reference", what: "a matrix without a stride of one")
        }
        for number in shuffled(shape.product) {
            let index = unravel(number, shape)
            var sum = 0.0
            for k in 0..<step.depth {
                sum += try element(step.a, index[0], index[1], k) * element(step.b, index[0], k, index[2])
            }
            try finish(sum, step.epilogue, step.destination, index, number)
        }
    }

    private func run(_ step: ConvolutionStep) throws {
        let geometry = step.geometry
        let shapes: [[Int]] =
            switch step.kind {
            case .forward: [geometry.inputShape, geometry.weightShape, geometry.outputShape]
            case .inputGradient: [geometry.outputShape, geometry.weightShape, geometry.inputShape]
            case .weightGradient: [geometry.inputShape, geometry.outputShape, geometry.weightShape]
            }
        func contents(_ operand: Operand, _ shape: [Int]) throws -> [Double] {
            try (0..<shape.product).map { try memory.load(operand, $0) }
        }
        let sums = ReferenceConvolution.result(
            step.kind, geometry, try contents(step.first, shapes[0]), try contents(step.second, shapes[1]))
        let columns = shapes[2][shapes[2].count - 1]
        for number in shuffled(sums.count) {
            try finish(sums[number], step.epilogue, step.destination, [0, number / columns, number % columns], number)
        }
    }

    private func run(_ step: GatherStep) throws {
        for row in 0..<step.count {
            let from = Int(try memory.load(step.indices, row))
            for column in 0..<step.width {
                let value = from >= 0 && from < step.rows ? try memory.load(step.table, from * step.width + column) : 0
                try memory.store(value, step.destination, row * step.width + column)
            }
        }
    }

    private func run(_ step: ScatterAddStep) throws {
        var sums = [Double](repeating: 0, count: step.rows * step.width)
        for i in 0..<step.count {
            let row = Int(try memory.load(step.indices, i))
            guard row >= 0, row < step.rows else { continue }
            for column in 0..<step.width {
                sums[row * step.width + column] += try memory.load(step.source, i * step.width + column)
            }
        }
        for (number, sum) in sums.enumerated() { try memory.store(sum, step.destination, number) }
    }

    private func finish(
        _ sum: Double, _ epilogue: Epilogue?, _ destination: Operand, _ index: [Int], _ number: Int
    ) throws {
        var result = sum
        if let epilogue {
            let values = try evaluate(epilogue.body, epilogue.operands, index, accumulator: sum)
            result = values[epilogue.value]
            for store in epilogue.others {
                try memory.store(values[store.value], store.destination, store.view.address(index))
            }
        }
        try memory.store(result, destination, number)
    }

    /// Every value of an expression at one index.
    private func evaluate(
        _ expression: Expression, _ operands: [Operand], _ index: [Int], accumulator: Double = .nan
    ) throws -> [Double] {
        var values: [Double] = []
        for (instruction, type) in zip(expression.instructions, expression.types) {
            switch instruction {
            case .load(let operand, let view):
                values.append(view.contains(index) ? try memory.load(operands[operand], view.address(index)) : 0)
            case .index(let view):
                values.append(view.contains(index) ? Double(view.address(index)) : 0)
            case .random(let kind, let operand, let stream, let view):
                let key = [try memory.load(operands[operand], 0), try memory.load(operands[operand], 1)]
                let draw = ReferencePhilox.draw(kind, key: key, stream: stream, element: view.address(index))
                values.append(view.contains(index) ? draw : 0)
            case .constant(let scalar): values.append(ReferenceArithmetic.value(of: scalar))
            case .accumulator: values.append(accumulator)
            case .unary(let operation, let a): values.append(ReferenceArithmetic.unary(operation, values[a], type))
            case .binary(let operation, let a, let b):
                values.append(ReferenceArithmetic.binary(operation, values[a], values[b], expression.types[a]))
            case .select(let c, let a, let b): values.append(values[c] != 0 ? values[a] : values[b])
            case .cast(let target, let a):
                values.append(ReferenceArithmetic.cast(values[a], from: expression.types[a], to: target))
            }
        }
        return values
    }

    /// The numbers below `count` in an order that is the same every time, and no natural one.
    private func shuffled(_ count: Int) -> [Int] {
        var random = TestRandom(seed: UInt64(count))
        return (0..<count).shuffled(using: &random)
    }

    private func unravel(_ number: Int, _ shape: [Int]) -> [Int] {
        var (index, rest) = (shape, number)
        for axis in shape.indices.reversed() {
            index[axis] = rest % shape[axis]
            rest /= shape[axis]
        }
        return index
    }
}

extension View {
    func address(_ index: [Int]) -> Int { zip(index, strides).reduce(offset) { $0 + $1.0 * $1.1 } }

    func contains(_ index: [Int]) -> Bool {
        guard let valid else { return true }
        return zip(valid, index).allSatisfy { $0.contains($1) }
    }
}

extension [Int] {
    /// The number of elements of a shape.
    var product: Int { reduce(1, *) }
}
