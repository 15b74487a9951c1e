/// Mistakes in how layers are put together or filled.
public enum LayerError: Error, Hashable, Sendable {
    /// A parameter used before its model was placed on a device.
    case notPlaced(shape: [Int])
    /// Values given by name that do not fit the model.
    case parameterMismatch(name: String, expected: String, found: String)
    /// A setting outside its range.
    case badSetting(layer: String, setting: String, expected: String, found: String)
}

extension LayerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notPlaced(let shape):
            "a parameter of shape \(shape) has no memory yet; make a ParameterStore of its model on a device first"
        case .parameterMismatch(let name, let expected, let found):
            "parameter \(name): expected \(expected), got \(found)"
        case .badSetting(let layer, let setting, let expected, let found):
            "\(layer): \(setting) must be \(expected), got \(found)"
        }
    }
}
