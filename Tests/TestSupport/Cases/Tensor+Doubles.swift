import Compute
import Tensors

extension Tensor {
    /// The elements of a tensor of any type, computed on a device.
    public func doubles(on device: any Device) throws -> [Double] {
        switch dtype {
        case .float32: try floats(on: device).map { Double($0) }
        case .int32: try integers(on: device).map { Double($0) }
        case .uint8, .bool: try bytes(on: device).map { Double($0) }
        }
    }

    /// Tensors computed in one plan, and brought to the host: an OpenCL device takes long to compile many.
    public static func doubles(_ tensors: [Tensor], on device: any Device) throws -> [[Double]] {
        try evaluate(tensors, on: device).map { try $0.doubles(on: device) }
    }
}
