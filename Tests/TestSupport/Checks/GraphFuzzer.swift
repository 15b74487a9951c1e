import Compute
import Tensors

/// Random graphs: operations of every kind put together at random, from a seed. Values stay within reach of Float32, so
/// that every evaluation has to agree.
public struct GraphFuzzer {
    var random: TestRandom
    /// Leaves out what has kinks, where gradients may rightly differ.
    let isSmooth: Bool
    var pool: [Entry] = []
    var leaves: [Tensor] = []

    /// A tensor, and a bound on the size of its elements.
    struct Entry {
        var tensor: Tensor
        var bound: Float
    }

    public init(seed: UInt64, isSmooth: Bool = false) {
        random = TestRandom(seed: seed)
        self.isSmooth = isSmooth
    }

    /// A random graph over new leaves and those given.
    /// - Returns: Float32 tensors to compute: the last ones made, and some of the others.
    public mutating func outputs(operations: Int, from given: [Tensor] = []) throws -> [Tensor] {
        for tensor in given { pool.append(Entry(tensor: tensor, bound: 2)) }
        for _ in 0..<(given.isEmpty ? 3 : 1) { pool.append(try leaf(shape())) }
        for _ in 0..<operations {
            guard let made = try next() else { continue }
            pool.append(try bounded(made))
        }
        let last = pool.suffix(1 + random.int(0..<3)).map(\.tensor)
        let others = (0..<random.int(0..<3)).map { _ in pool[random.int(0..<pool.count)].tensor }
        return last + others
    }

    /// A random graph with the gradients of the sum of its outputs with respect to its leaves.
    public mutating func outputsWithGradients(operations: Int) throws -> [Tensor] {
        let outputs = try outputs(operations: operations)
        var total = Tensor(0)
        for output in outputs { total = try total + output.square().mean() }
        return try outputs + gradients(of: total, withRespectTo: Array(leaves.prefix(4)))
    }

    /// A tensor of a shape, made from a random one of the pool.
    public mutating func value(of shape: [Int]) throws -> Tensor {
        let count = shape.reduce(1, *)
        let fitting = pool.filter { $0.tensor.count == count }.map(\.tensor)
        if !fitting.isEmpty { return try fitting[random.int(0..<fitting.count)].reshaped(shape) }
        return try pick().tensor.mean().broadcast(to: shape)
    }

    private mutating func leaf(_ shape: [Int]) throws -> Entry {
        let tensor = try InputSpec.floats(shape).tensor(&random)
        leaves.append(tensor)
        return Entry(tensor: tensor, bound: 2)
    }

    private mutating func shape() -> [Int] {
        let extents = [1, 2, 3, 4, 5, 6, 8, 12]
        return (0..<random.int(1..<4)).map { _ in extents[random.int(0..<extents.count)] }
    }

    mutating func pick() -> Entry {
        // The most recent ones more often, so that graphs grow deep.
        let first = random.chance(0.6) ? max(0, pool.count - 4) : 0
        return pool[random.int(first..<pool.count)]
    }

    private func bounded(_ entry: Entry) throws -> Entry {
        entry.bound <= 20 ? entry : Entry(tensor: try (entry.tensor / entry.bound * 4).tanh(), bound: 1)
    }

    private mutating func next() throws -> Entry? {
        let x = pick()
        guard x.tensor.count <= 600 else {
            return Entry(tensor: try x.tensor.reshaped([-1]).sliced(0..<48, axis: 0), bound: x.bound)
        }
        switch random.int(0..<16) {
        case 0, 1: return try unary(x)
        case 2, 3, 4: return try binary(x)
        case 5, 6, 7, 8: return try movement(x)
        case 9: return try joined(x)
        case 10: return try reduced(x)
        case 11: return try product(x)
        case 12: return try convolved(x)
        case 13: return try indexed(x)
        case 14: return try chosen(x)
        default: return try composed(x)
        }
    }
}
