import Compute

/// Where a kernel's values are written: the counterpart of `ExpressionEmitter`.
struct StoreEmitter {
    /// A store into a buffer or into scratch memory.
    struct Target {
        var value: Int
        var memory: KernelArgument
        var dtype: DType
        var offset: Int
        var view: View

        init(_ store: Store) {
            value = store.value
            memory = KernelArgument(store.destination)
            dtype = store.destination.dtype
            offset = store.destination.offset
            view = store.view
        }

        init(value: Int, memory: KernelArgument, dtype: DType, view: View) {
            self.value = value
            self.memory = memory
            self.dtype = dtype
            offset = 0
            self.view = view
        }
    }

    private struct Place {
        let value: Int
        let dtype: DType
        let pointer: String
        let base: String
        let innerStride: Int
        let innerStrideText: String
    }

    private let places: [Place]
    private let prefix: String
    private let isAligned: Bool
    private let index: String

    init(
        _ targets: [Target], axes: [String], inner: Int?, prefix: String, isAligned: Bool = false,
        in builder: inout KernelBuilder
    ) {
        self.prefix = prefix
        self.isAligned = isAligned
        index = builder.index
        var places: [Place] = []
        for target in targets {
            let view = target.view
            let pointer = builder.pointer(
                target.memory, target.dtype, offset: target.offset + view.offset, isWritten: true)
            var terms: [String] = []
            for axis in view.shape.indices where axis != inner && view.shape[axis] > 1 && view.strides[axis] != 0 {
                let stride = view.strides[axis]
                terms.append(stride == 1 ? axes[axis] : "\(axes[axis]) * \(builder.number(stride))")
            }
            var stride = 0
            // An axis of one element has text for vectors, too, which never runs.
            if let inner { stride = view.shape[inner] > 1 ? view.strides[inner] : 1 }
            places.append(
                Place(
                    value: target.value, dtype: target.dtype, pointer: pointer,
                    base: terms.isEmpty ? "0" : terms.joined(separator: " + "), innerStride: stride,
                    innerStrideText: stride == 0 || stride == 1 ? "\(stride)" : builder.number(stride)))
        }
        self.places = places
    }

    /// The lines that go where all indices but the inner one are known.
    func rowLines() -> [String] {
        places.enumerated().map { "const \(index) \(prefix)s\($0) = \($1.base);" }
    }

    /// Where it writes neighbours along the inner axis, from index `position` on: addresses of rows that move.
    func places(at position: String) -> [String] {
        places.enumerated().compactMap { number, place in
            guard place.innerStride == 1, place.base != "0" else { return nil }
            return "\(place.pointer) + (\(prefix)s\(number) + \(position))"
        }
    }

    /// Writes `width` neighbours along the inner axis, from index `position` on. All values are computed before.
    func lines(width: Int, at position: String, values: ExpressionEmitter) -> [String] {
        places.enumerated().map { number, place in
            let value = values.value(place.value, width: width)
            let name = place.dtype.memoryName
            let base = "\(place.pointer) + (\(prefix)s\(number)"
            switch place.innerStride {
            case 0: return "store_\(name)1(\(base)), \(value));"
            case 1:
                let aligned = isAligned && width > 1 ? "aligned_" : ""
                return "store_\(aligned)\(name)\(width)(\(base) + \(position)), \(value));"
            default:
                let place = "\(base) + \(position) * \(place.innerStrideText))"
                return width == 1
                    ? "store_\(name)1(\(place), \(value));"
                    : "scatter_\(name)\(width)(\(place), \(places[number].innerStrideText), \(value));"
            }
        }
    }
}
