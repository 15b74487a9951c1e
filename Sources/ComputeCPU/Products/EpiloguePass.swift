import Compute

/// Where a product or a convolution leaves its Float32 result, and the expression that goes over it then.
struct EpiloguePass: Sendable {
    private let expression: CPUPointwise?
    private let destination: Operand
    private let count: Int
    /// Whether the result stands in scratch memory rather than in the destination: where the types differ, or where
    /// the expression also reads the destination's old contents.
    private let usesScratch: Bool

    /// - Parameter shape: `[batch, rows, columns]`.
    init(_ epilogue: Epilogue?, shape: [Int], destination: Operand, needs: inout BindingNeeds) throws {
        self.destination = destination
        count = shape.reduce(1, *)
        guard shape.allSatisfy({ $0 >= 0 && $0 <= Int(Int32.max) }) else {
            throw needs.malformed("a result of shape \(shape)")
        }
        guard let epilogue else {
            try needs.require(destination, count: count, dtype: .float32)
            expression = nil
            usesScratch = false
            return
        }
        let bytes = EpiloguePass.bytes(destination, 0..<count)
        usesScratch =
            destination.dtype != .float32
            || epilogue.body.instructions.contains { instruction in
                guard case .load(let index, let view) = instruction, epilogue.operands.indices.contains(index),
                    let addresses = view.addresses
                else { return false }
                let operand = epilogue.operands[index]
                guard operand.slot == destination.slot else { return needs.mayShare(operand.slot, destination.slot) }
                return EpiloguePass.bytes(operand, addresses).overlaps(bytes)
            }
        let store = Store(value: epilogue.value, destination: destination, view: View(contiguous: shape))
        expression = try CPUPointwise(
            epilogue.body, shape: shape, operands: epilogue.operands, stores: [store] + epilogue.others,
            accumulator: .float32, needs: &needs)
    }

    /// Bytes of shared memory for the result.
    var sharedScratch: Int { usesScratch ? (count * 4 + 63) / 64 * 64 : 0 }
    var workerScratch: Int { expression?.workerScratch ?? 0 }

    /// Where the result is to be written; `scratch` has `sharedScratch` bytes.
    func result(_ launch: Launch, scratch: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
        usesScratch ? scratch.assumingMemoryBound(to: Float.self) : launch.floats(destination)
    }

    func run(_ launch: Launch, result: UnsafeMutablePointer<Float>) {
        expression?.run(launch, accumulator: UnsafeMutableRawPointer(result))
    }

    private static func bytes(_ operand: Operand, _ elements: Range<Int>) -> Range<Int> {
        let size = operand.dtype.size
        return (operand.offset + elements.lowerBound) * size..<(operand.offset + elements.upperBound) * size
    }
}
