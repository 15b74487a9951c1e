import Compute

/// What follows a product, element by element: its epilogue, and the pointwise steps right behind it that go over the same
/// elements. They are computed while the sums are in registers.
struct ScanEpilogue {
    var body: Expression
    var operands: [Operand]
    /// Over `[batch, rows, columns]`; the first is the product's own.
    var stores: [Store]

    init(of product: ContractionStep) {
        let shape = [product.batch, product.rows, product.columns]
        var body = product.epilogue?.body ?? Expression()
        let value = product.epilogue?.value ?? body.append(.accumulator, type: .float32)
        self.body = body
        operands = product.epilogue?.operands ?? []
        stores = [Store(value: value, destination: product.destination, view: View(contiguous: shape))]
        stores += product.epilogue?.others ?? []
    }

    /// Appends a step whose views are all contiguous or constant.
    mutating func append(_ step: PointwiseStep, shape: [Int]) {
        // Loads of what has just been computed take the value itself.
        let computed = stores
        var numbers: [Int] = []
        for (instruction, type) in zip(step.body.instructions, step.body.types) {
            guard case .load(let number, let view) = instruction else {
                numbers.append(body.append(instruction.renumbered(numbers), type: type))
                continue
            }
            let operand = step.operands[number]
            if let store = computed.last(where: { $0.isElement(of: operand, view) }) {
                numbers.append(store.value)
                continue
            }
            let known = operands.firstIndex(of: operand)
            if known == nil { operands.append(operand) }
            let load = Expression.Instruction.load(
                operand: known ?? operands.count - 1, view: view.isContiguous ? view.over(shape) : view.repeated(shape))
            numbers.append(body.append(load, type: type))
        }
        for store in step.stores {
            stores.append(
                Store(value: numbers[store.value], destination: store.destination, view: store.view.over(shape)))
        }
    }
}

extension Store {
    /// Whether a contiguous load finds at each index what the store has written there.
    fileprivate func isElement(of operand: Operand, _ other: View) -> Bool {
        destination == operand && other.isContiguous && view.offset == other.offset
    }
}

extension View {
    /// A contiguous view, over another shape of as many elements.
    fileprivate func over(_ shape: [Int]) -> View {
        View(shape: shape, strides: View.rowMajorStrides(shape), offset: offset)
    }

    /// A view of one element, over another shape.
    fileprivate func repeated(_ shape: [Int]) -> View {
        View(shape: shape, strides: shape.map { _ in 0 }, offset: offset)
    }

    fileprivate var isConstant: Bool {
        valid == nil && shape.indices.allSatisfy { strides[$0] == 0 || shape[$0] == 1 }
    }
}

/// Finds the pointwise steps of a raster scan's program that can be computed with the product before them.
struct ScanFusion {
    /// The epilogues of all products of a program, by their place.
    private(set) var epilogues: [Int: ScanEpilogue] = [:]
    /// The places of the steps that are in them.
    private(set) var fused: Set<Int> = []

    init(program: Int, _ memory: ScanMemory, copies: ScanCopies) {
        let steps = memory.scan.programs[program]
        for (index, step) in steps.enumerated() {
            guard case .contraction(let product) = step else { continue }
            let shape = [product.batch, product.rows, product.columns]
            var epilogue = ScanEpilogue(of: product)
            // What the product reads of other elements than the one it computes.
            let elsewhere =
                [product.left, product.right] + (copies.copiesOfProducts[index] ?? []).compactMap(copies.source)
            for (next, candidate) in steps.enumerated().dropFirst(index + 1) {
                guard case .pointwise(let pointwise) = candidate, copies.stores[next] == nil,
                    ScanFusion.goes(pointwise, with: epilogue, shape, elsewhere, program, memory)
                else { break }
                epilogue.append(pointwise, shape: shape)
                fused.insert(next)
            }
            epilogues[index] = epilogue
        }
    }

    /// Whether a step can be computed together with what is there already, element after element.
    private static func goes(
        _ step: PointwiseStep, with epilogue: ScanEpilogue, _ shape: [Int], _ elsewhere: [MemoryAccess],
        _ program: Int, _ memory: ScanMemory
    ) -> Bool {
        guard step.reduction == nil, step.shape.reduce(1, *) == shape.reduce(1, *), !shape.contains(0),
            step.stores.allSatisfy({ $0.view.isContiguous })
        else { return false }
        for instruction in step.body.instructions {
            switch instruction {
            case .load(_, let view): if !view.isContiguous && !view.isConstant { return false }
            case .index, .random, .accumulator: return false
            case .constant, .unary, .binary, .select, .cast: break
            }
        }
        let (reads, writes) = memory.accesses(.pointwise(step))
        let written = epilogue.stores.map(MemoryAccess.init)
        let read = epilogue.body.reads(of: epilogue.operands)
        // Each element may be read and written again by itself, but not by the others.
        func clash(_ a: MemoryAccess, _ b: MemoryAccess) -> Bool {
            let isSame =
                a.operand == b.operand && a.view.isContiguous && b.view.isContiguous && a.view.offset == b.view.offset
            return !isSame && memory.mayOverlap(a, b, in: program)
        }
        return !reads.contains { read in written.contains { clash($0, read) } }
            && !writes.contains { write in
                elsewhere.contains { memory.mayOverlap($0, write, in: program) }
                    || (written + read).contains { clash($0, write) }
            }
    }
}
