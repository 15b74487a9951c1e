import Compute

// How a view of an operation's input becomes a view of its result, without touching memory.
extension View {
    /// The view of a movement operation's result, or `nil` where only a copy can do it.
    func moved(by operation: Operation, to newShape: [Int]) -> View? {
        switch operation {
        case .reshape: return reshaped(to: newShape)
        case .permute(let axes): return permuted(axes)
        case .expand: return expanded(to: newShape)
        case .slice(let starts, let steps): return sliced(starts: starts, steps: steps, to: newShape)
        case .pad(let before): return padded(before: before, to: newShape)
        case .flip(let axes): return flipped(axes)
        default: return nil
        }
    }

    private func permuted(_ axes: [Int]) -> View {
        View(
            shape: axes.map { shape[$0] }, strides: axes.map { strides[$0] }, offset: offset,
            valid: valid.map { valid in axes.map { valid[$0] } })
    }

    private func expanded(to newShape: [Int]) -> View {
        var result = self
        for axis in shape.indices where shape[axis] != newShape[axis] {
            result.shape[axis] = newShape[axis]
            result.strides[axis] = 0
            if let range = valid?[axis] { result.valid?[axis] = range.isEmpty ? 0..<0 : 0..<newShape[axis] }
        }
        return result
    }

    private func sliced(starts: [Int], steps: [Int], to newShape: [Int]) -> View {
        var result = self
        result.shape = newShape
        for axis in shape.indices {
            let (start, step, extent) = (starts[axis], steps[axis], newShape[axis])
            result.offset += start * strides[axis]
            result.strides[axis] *= step
            if let range = valid?[axis] {
                let first = { (bound: Int) in min(max((bound - start + step - 1) / step, 0), extent) }
                let low = range.lowerBound <= start ? 0 : first(range.lowerBound)
                let high = range.upperBound <= start ? 0 : first(range.upperBound)
                result.valid?[axis] = low..<max(low, high)
            }
        }
        return result.normalized
    }

    private func padded(before: [Int], to newShape: [Int]) -> View {
        var result = self
        result.shape = newShape
        result.valid = shape.indices.map { axis in
            let range = valid?[axis] ?? 0..<shape[axis]
            return (range.lowerBound + before[axis])..<(range.upperBound + before[axis])
        }
        for axis in shape.indices { result.offset -= before[axis] * strides[axis] }
        return result.normalized
    }

    private func flipped(_ axes: [Int]) -> View {
        var result = self
        for axis in axes {
            result.offset += (shape[axis] - 1) * strides[axis]
            result.strides[axis] = -strides[axis]
            if let range = valid?[axis] {
                result.valid?[axis] = (shape[axis] - range.upperBound)..<(shape[axis] - range.lowerBound)
            }
        }
        return result
    }

    /// Without bounds that exclude nothing.
    private var normalized: View {
        guard let valid, zip(valid, shape).allSatisfy({ $0 == 0..<$1 }) else { return self }
        var result = self
        result.valid = nil
        return result
    }

    /// Axes split and merged where strides allow it. Axes with bounds can only stay as they are.
    func reshaped(to newShape: [Int]) -> View? {
        if newShape == shape { return self }
        if count == 0 { return View(contiguous: newShape) }
        // Axes of extent one carry nothing, unless bounds make them wholly invalid.
        for axis in shape.indices where shape[axis] == 1 {
            if let range = valid?[axis], range != 0..<1 { return nil }
        }
        let old = shape.indices.filter { shape[$0] != 1 }
        var strides = [Int](repeating: 0, count: newShape.count)
        var bounds = newShape.map { 0..<$0 }
        var (i, j) = (0, 0)
        while i < old.count || j < newShape.count {
            if j < newShape.count, newShape[j] == 1 {
                j += 1
                continue
            }
            guard i < old.count, j < newShape.count else { return nil }
            // The shortest runs of old and new axes that hold the same number of elements.
            var (oldEnd, newEnd) = (i + 1, j + 1)
            var (oldCount, newCount) = (shape[old[i]], newShape[j])
            while oldCount != newCount {
                if oldCount < newCount {
                    guard oldEnd < old.count else { return nil }
                    oldCount *= shape[old[oldEnd]]
                    oldEnd += 1
                } else {
                    guard newEnd < newShape.count else { return nil }
                    newCount *= newShape[newEnd]
                    newEnd += 1
                }
            }
            let run = old[i..<oldEnd]
            let isWhole = run.allSatisfy { valid == nil || valid?[$0] == 0..<shape[$0] }
            let isOneToOne = run.count == 1 && newShape[j..<newEnd].filter { $0 != 1 }.count == 1
            guard isWhole || isOneToOne else { return nil }
            for (a, b) in zip(run, run.dropFirst()) where self.strides[a] != self.strides[b] * shape[b] { return nil }
            var stride = self.strides[run[run.endIndex - 1]]
            for axis in (j..<newEnd).reversed() where newShape[axis] != 1 {
                strides[axis] = stride
                stride *= newShape[axis]
                if let valid, isOneToOne { bounds[axis] = valid[run[run.startIndex]] }
            }
            (i, j) = (oldEnd, newEnd)
        }
        return View(shape: newShape, strides: strides, offset: offset, valid: valid == nil ? nil : bounds).normalized
    }
}
