import Compute
import Synchronization

/// A lazy n-dimensional array: an operation, its inputs, a shape and an element type.
///
/// Nothing is computed until a value is asked for (`evaluate(on:)`) or the tensor is made part of a `CompiledFunction`.
/// Operations check shapes and types when they are written down, and throw `TensorError` there.
public struct Tensor: Sendable {
    package let node: Node

    package init(_ node: Node) { self.node = node }

    package init(_ operation: Operation, _ inputs: [Tensor], shape: [Int], dtype: DType) {
        node = Node(operation: operation, inputs: inputs.map(\.node), shape: shape, dtype: dtype)
    }

    /// The extent of each axis; empty for a scalar.
    public var shape: [Int] { node.shape }
    /// The element type.
    public var dtype: DType { node.dtype }
    /// The number of axes.
    public var rank: Int { node.shape.count }
    /// The number of elements.
    public var count: Int { node.shape.reduce(1, *) }
}

extension Tensor: CustomStringConvertible {
    public var description: String { "Tensor(\(dtype), \(shape))" }
}

/// One vertex of the graph. Immutable, and compared by identity.
package final class Node: @unchecked Sendable {
    package let operation: Operation
    package private(set) var inputs: [Node]
    package let shape: [Int]
    package let dtype: DType
    /// Larger for nodes that are made later.
    let serial: Int

    private static let made = Atomic<Int>(0)

    /// The serial number of the next node, at the least.
    static var nextSerial: Int { made.load(ordering: .relaxed) }

    init(operation: Operation, inputs: [Node], shape: [Int], dtype: DType) {
        self.operation = operation
        self.inputs = inputs
        self.shape = shape
        self.dtype = dtype
        serial = Node.made.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// Takes a long chain of nodes apart in a loop: letting each node release the next would exhaust the stack.
    deinit {
        var orphans = inputs
        inputs = []
        while var orphan = orphans.popLast() {
            if isKnownUniquelyReferenced(&orphan) {
                orphans.append(contentsOf: orphan.inputs)
                orphan.inputs = []
            }
        }
    }
}

/// What a node does with its inputs. Shapes are in the nodes; an operation holds only what they do not say.
package enum Operation: Hashable, Sendable {
    // Leaves.
    case constant(Scalar)
    case source(Source)
    /// The coordinate along an axis, Int32.
    case coordinate(axis: Int)
    /// Input: the key, Int32 [2].
    case random(RandomDistribution, stream: UInt32)

    // Pointwise, over inputs of equal shape.
    case unary(UnaryOperation)
    case binary(BinaryOperation)
    case select
    case cast

    // Movement.
    case reshape
    case permute([Int])
    /// Axes of extent one repeated to the node's shape.
    case expand
    case slice(starts: [Int], steps: [Int])
    case pad(before: [Int])
    case flip(axes: [Int])
    case concatenate(axis: Int)

    // Reductions; the reduced axes (ascending) disappear from the shape.
    case reduce(Reduction.Operation, axes: [Int])

    // `[batch, rows, depth] · [batch, depth, columns]`.
    case contraction
    case convolution(ConvolutionStep.Kind, ConvolutionGeometry)
    /// Inputs: table [rows, width], indices Int32 [count].
    case gather
    /// Inputs: source [count, width], indices Int32 [count]; the shape holds the rows.
    case scatterAdd
    /// A recurrence: inputs and result as `ScanOperation` says.
    case scan(ScanOperation)
}
