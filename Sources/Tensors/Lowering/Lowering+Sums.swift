import Compute

extension Lowering {
    /// The kernels with sums over the rows of a matrix right behind the product that has it as its right factor, where nobody
    /// wants them before: the gradients of a bias and of its weights, of which devices may make one launch.
    func withSumsBehindProducts(_ kernels: [Kernel]) -> [Kernel] {
        var products: [Int: Int] = [:]  // The first product of each right factor.
        for (index, kernel) in kernels.enumerated() {
            if let factor = rightFactor(kernel), products[factor] == nil { products[factor] = index }
        }
        var followers: [Int: Int] = [:]
        for (index, kernel) in kernels.enumerated() where !kernel.onlyAssigns {
            guard let matrix = summedRows(kernel), let product = products[matrix], followers[product] == nil,
                product < index || !isRead(kernel, by: kernels[index...product])
            else { continue }
            followers[product] = index
        }
        let moved = Set(followers.values)
        return kernels.indices.filter { !moved.contains($0) }.flatMap { index in
            [kernels[index]] + (followers[index].map { [kernels[$0]] } ?? [])
        }
    }

    /// The matrix that a kernel's product has on its right side.
    private func rightFactor(_ kernel: Kernel) -> Int? {
        guard let heart = kernel.heart else { return nil }
        switch graph.vertices[heart].operation {
        case .contraction, .convolution(.weightGradient, _): return operandBase(of: graph.vertices[heart].inputs[1])
        default: return nil
        }
    }

    /// The matrix whose rows a kernel adds up, and nothing else.
    private func summedRows(_ kernel: Kernel) -> Int? {
        guard let heart = kernel.heart, case .reduce(.sum, let axes) = graph.vertices[heart].operation,
            kernel.roots.count == 1, kernel.reads.count == 1, let read = kernel.reads.first?.key
        else { return nil }
        let input = graph.vertices[heart].inputs[0]
        let rank = graph.vertices[input].shape.count
        guard axes == Array(0..<rank - 1), graph.vertices[input].count == graph.vertices[read].count else { return nil }
        return read
    }

    /// Whether any of some kernels reads what one computes.
    private func isRead(_ kernel: Kernel, by others: ArraySlice<Kernel>) -> Bool {
        let written = Set(kernel.roots.map { storage(of: $0.target) })
        return others.contains { $0.reads.keys.contains { written.contains(storage(of: $0)) } }
    }
}
