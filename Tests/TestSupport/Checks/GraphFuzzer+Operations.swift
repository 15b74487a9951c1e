import Compute
import Tensors

extension GraphFuzzer {
    mutating func unary(_ x: Entry) throws -> Entry {
        let t = x.tensor
        switch random.int(0..<(isSmooth ? 6 : 9)) {
        case 0: return Entry(tensor: try t.tanh(), bound: 1)
        case 1: return Entry(tensor: try t.sigmoid(), bound: 1)
        case 2: return Entry(tensor: try (t * 0.5).sin(), bound: 1)
        case 3: return Entry(tensor: try -t, bound: x.bound)
        case 4: return Entry(tensor: try (t.tanh() * 2).exp(), bound: 8)
        case 5: return Entry(tensor: try (t.square() + 0.5).sqrt(), bound: x.bound + 1)
        case 6: return Entry(tensor: try t.absolute(), bound: x.bound)
        case 7: return Entry(tensor: try t.maximum(0), bound: x.bound)
        default: return Entry(tensor: try t.clamped(-0.7, 0.9), bound: 1)
        }
    }

    mutating func binary(_ x: Entry) throws -> Entry {
        let y = try partner(of: x)
        switch random.int(0..<(isSmooth ? 4 : 6)) {
        case 0: return Entry(tensor: try x.tensor + y.tensor, bound: x.bound + y.bound)
        case 1: return Entry(tensor: try x.tensor - y.tensor, bound: x.bound + y.bound)
        case 2: return Entry(tensor: try x.tensor * y.tensor, bound: x.bound * y.bound)
        case 3: return Entry(tensor: try x.tensor / (y.tensor.square() + 1), bound: x.bound)
        case 4: return Entry(tensor: try x.tensor.maximum(y.tensor), bound: max(x.bound, y.bound))
        default: return Entry(tensor: try y.tensor.minimum(x.tensor), bound: max(x.bound, y.bound))
        }
    }

    /// Something that broadcasts with `x`.
    private mutating func partner(of x: Entry) throws -> Entry {
        for _ in 0..<6 {
            let y = pick()
            if (try? x.tensor.equal(y.tensor)) != nil { return y }
            if y.tensor.count == x.tensor.count {
                return Entry(tensor: try y.tensor.reshaped(x.tensor.shape), bound: y.bound)
            }
        }
        let y = pick()
        if x.tensor.rank > 0, random.chance(0.5) {
            // One number for each index of an axis, from whatever there is.
            let axis = random.int(0..<x.tensor.rank)
            let extent = x.tensor.shape[axis]
            let flat = try y.tensor.flattened()
            if flat.count >= extent {
                let shape = x.tensor.shape.indices.map { $0 == axis ? extent : 1 }
                return Entry(tensor: try flat.sliced(0..<extent, axis: 0).reshaped(shape), bound: y.bound)
            }
        }
        return Entry(tensor: try y.tensor.mean(), bound: y.bound)
    }

    mutating func movement(_ x: Entry) throws -> Entry {
        let t = x.tensor
        guard t.rank > 0 else { return Entry(tensor: try t.broadcast(to: [2, 3]), bound: x.bound) }
        let axis = random.int(0..<t.rank)
        let extent = t.shape[axis]
        switch random.int(0..<8) {
        case 0, 1: return Entry(tensor: try t.reshaped(factored(t.count)), bound: x.bound)
        case 2, 3: return Entry(tensor: try t.permuted(Array(0..<t.rank).shuffled(using: &random)), bound: x.bound)
        case 4:
            guard extent > 1 else { return Entry(tensor: try t.flipped([axis]), bound: x.bound) }
            let start = random.int(0..<(extent - 1))
            let end = random.int((start + 1)..<(extent + 1))
            return Entry(tensor: try t.sliced(start..<end, axis: axis, step: random.int(1..<4)), bound: x.bound)
        case 5:
            let before = t.shape.map { _ in random.int(0..<3) }
            let after = t.shape.map { _ in random.int(0..<2) }
            return Entry(tensor: try t.padded(before: before, after: after), bound: x.bound)
        case 6: return Entry(tensor: try t.flipped([axis]), bound: x.bound)
        default:
            let repeated = t.shape.map { $0 == 1 ? random.int(1..<4) : $0 }
            return Entry(tensor: try t.broadcast(to: [random.int(1..<3)] + repeated), bound: x.bound)
        }
    }

    /// A random shape of `count` elements.
    private mutating func factored(_ count: Int) -> [Int] {
        var (rest, shape) = (count, [Int]())
        for _ in 0..<random.int(1..<4) where rest > 1 {
            let divisors = (1...rest).filter { rest % $0 == 0 }
            let extent = divisors[random.int(0..<divisors.count)]
            shape.append(extent)
            rest /= extent
        }
        return shape + [rest]
    }

    mutating func joined(_ x: Entry) throws -> Entry {
        guard x.tensor.rank > 0 else { return Entry(tensor: try Tensor.stack([x.tensor, x.tensor]), bound: x.bound) }
        let axis = random.int(0..<x.tensor.rank)
        var parts = [x]
        for _ in 0..<random.int(1..<3) {
            let y = try partner(of: x)
            let isFitting = (try? y.tensor.broadcast(to: x.tensor.shape)) != nil
            parts.append(isFitting ? Entry(tensor: try y.tensor.broadcast(to: x.tensor.shape), bound: y.bound) : x)
        }
        if random.chance(0.5), x.tensor.shape[axis] > 1 {
            parts[1].tensor = try parts[1].tensor.sliced(1..<x.tensor.shape[axis], axis: axis)
        }
        parts.shuffle(using: &random)
        return Entry(
            tensor: try Tensor.concatenate(parts.map(\.tensor), axis: axis), bound: parts.map(\.bound).max() ?? 0)
    }

    mutating func reduced(_ x: Entry) throws -> Entry {
        let axes = (0..<x.tensor.rank).filter { _ in random.chance(0.5) }
        let keeps = random.chance(0.5)
        switch random.int(0..<(isSmooth ? 2 : 3)) {
        case 0:
            let count = axes.reduce(1) { $0 * x.tensor.shape[$1] }
            return Entry(tensor: try x.tensor.sum(axes, keepingDimensions: keeps), bound: x.bound * Float(count))
        case 1: return Entry(tensor: try x.tensor.mean(axes, keepingDimensions: keeps), bound: x.bound)
        default: return Entry(tensor: try x.tensor.maximum(over: axes, keepingDimensions: keeps), bound: x.bound)
        }
    }

    mutating func product(_ x: Entry) throws -> Entry {
        let count = x.tensor.count
        let depths = [1, 2, 3, 4, 5, 6, 8, 12].filter { count % $0 == 0 }
        let depth = depths[random.int(0..<depths.count)]
        let left = try x.tensor.reshaped([count / depth, depth])
        if random.chance(0.3), count <= 64 {
            let bound = x.bound * x.bound * Float(max(depth, count / depth))
            return Entry(
                tensor: random.chance(0.5) ? try left.matmul(left.transposed()) : try left.transposed().matmul(left),
                bound: bound)
        }
        if random.chance(0.3), x.tensor.rank >= 3 {
            let width = x.tensor.shape[x.tensor.rank - 1]
            return Entry(
                tensor: try x.tensor.matmul(x.tensor.transposed()), bound: x.bound * x.bound * Float(width))
        }
        let columns = random.int(1..<7)
        let right = try InputSpec.floats([depth, columns]).tensor(&random)
        leaves.append(right)
        let result = try left.matmul(random.chance(0.3) ? right.tanh() : right)
        return Entry(tensor: result, bound: x.bound * 2 * Float(depth))
    }

    mutating func convolved(_ x: Entry) throws -> Entry? {
        let channels = [1, 2, 3, 4].filter { x.tensor.count % $0 == 0 }
        let depth = channels[random.int(0..<channels.count)]
        let pixels = x.tensor.count / depth
        let widths = (1...8).filter { pixels % $0 == 0 }
        let width = widths[random.int(0..<widths.count)]
        let image = try x.tensor.reshaped([1, pixels / width, width, depth])
        let window = ConvolutionWindow(
            kernel: (random.int(1..<4), random.int(1..<4)), stride: (random.int(1..<3), random.int(1..<3)),
            padding: (random.int(0..<2), random.int(0..<2)), dilation: (1, random.int(1..<3)))
        let filters = random.int(1..<6)
        let isTransposed = random.chance(0.3)
        let shape = [window.taps.count] + (isTransposed ? [filters, depth] : [depth, filters])
        let weights = try InputSpec.floats(shape, -1...1).tensor(&random)
        let result =
            isTransposed
            ? try? image.transposeConvolved(weights, window: window) : try? image.convolved(weights, window: window)
        guard let result else { return nil }
        leaves.append(weights)
        return Entry(tensor: result, bound: x.bound * Float(window.taps.count * depth))
    }

    mutating func indexed(_ x: Entry) throws -> Entry {
        guard x.tensor.rank > 0 else { return try unary(x) }
        let rows = x.tensor.shape[0]
        if random.chance(0.5) {
            let indices = try InputSpec.integers([random.int(1..<9)], -1...rows).tensor(&random)
            return Entry(tensor: try x.tensor.gathered(indices), bound: x.bound)
        }
        let indices = try InputSpec.integers([rows], 0...4).tensor(&random)
        return Entry(tensor: try x.tensor.scatterAdded(indices, rows: 4), bound: x.bound * Float(rows))
    }

    /// Selections, draws, and positions.
    mutating func chosen(_ x: Entry) throws -> Entry {
        let t = x.tensor
        switch random.int(0..<5) {
        case 0:
            let y = try partner(of: x)
            return Entry(
                tensor: try Tensor.select(t.less(0.123), y.tensor, t * 0.5), bound: max(x.bound, y.bound))
        case 1: return Entry(tensor: try t.less(0.321).cast(to: .float32) * t, bound: x.bound)
        case 2:
            var source = try RandomSource(seed: random.next())
            return Entry(tensor: try t + source.uniform(t.shape), bound: x.bound + 1)
        case 3:
            var source = try RandomSource(seed: random.next())
            return Entry(tensor: try t * source.normal(t.shape).tanh(), bound: x.bound)
        default:
            guard t.rank > 0 else { return Entry(tensor: try t + 1, bound: x.bound + 1) }
            let position = try Tensor.coordinates(t.shape, axis: random.int(0..<t.rank)) % 3
            return Entry(tensor: try t * position.cast(to: .float32), bound: 2 * x.bound)
        }
    }

    mutating func composed(_ x: Entry) throws -> Entry {
        let t = x.tensor
        guard t.rank > 0 else { return try unary(x) }
        let axis = random.int(0..<t.rank)
        switch random.int(0..<4) {
        case 0: return Entry(tensor: try t.softmax(axis: axis), bound: 1)
        case 1: return Entry(tensor: try t.logSumExp(axis: axis), bound: x.bound + 4)
        case 2:
            let centred = try t - t.mean([axis], keepingDimensions: true)
            return Entry(
                tensor: try centred * (centred.square().mean([axis], keepingDimensions: true) + 0.1).rsqrt(), bound: 4)
        default:
            let sum = try t.sum([axis], keepingDimensions: true)
            return Entry(tensor: try t / (sum.square() + 1), bound: x.bound)
        }
    }
}
