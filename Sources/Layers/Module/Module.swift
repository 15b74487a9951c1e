import Tensors

/// A part of a model: a struct or class whose stored properties hold parameters and further modules.
///
/// Parameters are found by reflection over stored properties, and are named by the path to them: the weight of the
/// third element of a property `blocks` is `blocks.2.weight`. Optionals, arrays and dictionaries are looked into
/// (a dictionary in the order of its keys as text).
public protocol Module {}

/// A module that maps one tensor to one tensor.
public protocol Layer: Module {
    /// - Throws: `TensorError` where the input does not fit.
    func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor
}

extension Module {
    /// Every parameter with its dotted name, in the order of declaration. A parameter held twice is listed once, under
    /// its first name.
    public func namedParameters() -> [(name: String, parameter: Parameter)] {
        var search = ParameterSearch()
        search.visit(self, path: "")
        return search.found
    }

    /// The number of trainable numbers.
    public var parameterCount: Int {
        namedParameters().reduce(0) { $0 + ($1.parameter.isTrainable ? $1.parameter.count : 0) }
    }
}

/// A walk over stored properties that collects parameters.
private struct ParameterSearch {
    var found: [(name: String, parameter: Parameter)] = []
    /// Parameters and modules of class type already met: what is shared counts once, and a cycle ends.
    private var met: Set<ObjectIdentifier> = []

    mutating func visit(_ value: Any, path: String) {
        if let parameter = value as? Parameter {
            if met.insert(ObjectIdentifier(parameter)).inserted { found.append((path, parameter)) }
            return
        }
        let mirror = Mirror(reflecting: value)
        func join(_ label: String) -> String { path.isEmpty ? label : "\(path).\(label)" }
        switch mirror.displayStyle {
        case .optional:
            for child in mirror.children { visit(child.value, path: path) }
        case .collection:
            for (index, child) in mirror.children.enumerated() { visit(child.value, path: join(String(index))) }
        case .dictionary:
            let pairs = mirror.children.compactMap { child -> (String, Any)? in
                let pair = Array(Mirror(reflecting: child.value).children)
                return pair.count == 2 ? (String(describing: pair[0].value), pair[1].value) : nil
            }
            for (key, value) in pairs.sorted(by: { $0.0 < $1.0 }) { visit(value, path: join(key)) }
        case .tuple:
            visit(children: Array(mirror.children), join)
        default:
            guard value is any Module else { return }
            if mirror.displayStyle == .class {
                guard met.insert(ObjectIdentifier(value as AnyObject)).inserted else { return }
            }
            // What a superclass declares comes first.
            let levels = sequence(first: mirror, next: \.superclassMirror)
            visit(children: levels.reversed().flatMap(\.children), join)
        }
    }

    private mutating func visit(children: [Mirror.Child], _ join: (String) -> String) {
        for child in children {
            guard let label = child.label else { continue }
            visit(child.value, path: join(label.hasPrefix(".") ? String(label.dropFirst()) : label))
        }
    }
}
