import Compute
import ComputeOpenCL

extension Device {
    /// Why a device's tensor cores are not used at a precision, or nil. They are tried with small products of whole
    /// numbers when they are wanted first; where those come out wrong, products are computed as with `Precision.full`.
    public func tensorCoreProblem(at precision: Precision) -> String? {
        (base as? OpenCLDevice)?.tensorCoreProblem(at: precision)
    }
}
