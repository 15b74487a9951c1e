import Compute
import Tensors

extension ReferenceInterpreter {
    /// Movement operations: for each index of the result, the index of the input it comes from.
    func moved(_ node: Node, _ inputs: [ReferenceArray]) -> ReferenceArray {
        let input = inputs[0]
        func gathered(_ source: ([Int]) -> [Int]?) -> ReferenceArray {
            ReferenceArray(shape: node.shape, dtype: node.dtype) { index in source(index).map { input[$0] } ?? 0 }
        }
        switch node.operation {
        case .permute(let axes):
            return gathered { index in
                var source = index
                for (axis, from) in axes.enumerated() { source[from] = index[axis] }
                return source
            }
        case .expand:
            return gathered { index in zip(index, input.shape).map { $1 == 1 ? 0 : $0 } }
        case .slice(let starts, let steps):
            return gathered { index in index.indices.map { starts[$0] + index[$0] * steps[$0] } }
        case .pad(let before):
            return gathered { index in
                let source = zip(index, before).map { $0 - $1 }
                return zip(source, input.shape).allSatisfy { $0 >= 0 && $0 < $1 } ? source : nil
            }
        case .flip(let axes):
            return gathered { index in
                index.indices.map { axes.contains($0) ? input.shape[$0] - 1 - index[$0] : index[$0] }
            }
        case .concatenate(let axis):
            return ReferenceArray(shape: node.shape, dtype: node.dtype) { index in
                var source = index
                for part in inputs {
                    if source[axis] < part.shape[axis] { return part[source] }
                    source[axis] -= part.shape[axis]
                }
                return .nan
            }
        default:
            return ReferenceArray(shape: node.shape, dtype: node.dtype, values: input.values)
        }
    }
}
