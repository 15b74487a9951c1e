import Compute

/// A product or a convolution whose kernel can be chosen, without what the time hardly depends on: where its operands
/// are, and what follows on its result.
package struct TunableStep: Hashable, Sendable {
    package let step: Step
    /// In tables of winners.
    package let key: String
    package let flops: Int
    /// Elements of the two operands and of the result.
    let counts: [Int]

    /// Nil for a step of another kind, or one with nothing to do.
    package init?(_ step: Step) {
        switch step {
        case .contraction(var product):
            guard product.flops > 0 else { return nil }
            product.epilogue = nil
            product.a.operand = Operand(slot: 0, dtype: .float32)
            product.b.operand = Operand(slot: 1, dtype: .float32)
            product.destination = Operand(slot: 2, dtype: .float32)
            self.step = .contraction(product)
            key = product.tuningKey
            flops = product.flops
            func count(_ matrix: Matrix, _ rows: Int, _ columns: Int) -> Int {
                (product.batch - 1) * matrix.batchStride + (rows - 1) * matrix.rowStride
                    + (columns - 1) * matrix.columnStride + 1
            }
            counts = [
                count(product.a, product.rows, product.depth), count(product.b, product.depth, product.columns),
                product.batch * product.rows * product.columns,
            ]
        case .convolution(var convolution):
            guard convolution.geometry.flops > 0 else { return nil }
            convolution.epilogue = nil
            convolution.first = Operand(slot: 0, dtype: .float32)
            convolution.second = Operand(slot: 1, dtype: .float32)
            convolution.destination = Operand(slot: 2, dtype: .float32)
            // What is chosen for is the convolution inside, where it is computed in two steps.
            if let products = ConvolutionProducts(convolution) { convolution.geometry = products.geometry }
            let work = ConvolutionWork(convolution)
            self.step = .convolution(convolution)
            key = convolution.tuningKey
            flops = convolution.geometry.flops
            counts = [work.firstCount, work.secondCount, work.resultCount]
        default: return nil
        }
    }

    /// The names of all candidates on such a device, the rule's first.
    package func candidates(_ traits: KernelTraits) -> [String] {
        switch (step, traits.shape) {
        case (.contraction(let step), .cpu):
            ProductChoice.candidates(for: step, traits).map(\.description)
        case (.contraction(let step), .gpu): GPUChoices(step, traits).candidates.map(\.description)
        case (.convolution(let step), .cpu):
            ConvolutionChoice.candidates(for: step, ConvolutionWork(step), traits).map(\.description)
        case (.convolution(let step), .gpu):
            GPUChoices(step, ConvolutionWork(step), traits).candidates.map(\.description)
        default: []
        }
    }
}
