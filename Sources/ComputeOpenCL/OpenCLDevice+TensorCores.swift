import COpenCL
import Compute

extension OpenCLDevice {
    /// What drivers of NVIDIA tell by the extension cl_nv_device_attribute_query, which headers need not have.
    private static let (vendorID, computeCapabilityMajor) = (cl_uint(0x10de), Int32(0x4000))

    /// The tensor cores of a device that says that it is NVIDIA's and has tf32 and bf16: compute capability 8.0 or more.
    static func tensorCores(of device: cl_device_id) -> TensorCores? {
        let extensions = OpenCLQuery.text(of: device, CL_DEVICE_EXTENSIONS).split(separator: " ")
        guard OpenCLQuery.number(of: device, CL_DEVICE_VENDOR_ID, cl_uint.self) == vendorID,
            extensions.contains("cl_nv_device_attribute_query")
        else { return nil }
        let major = OpenCLQuery.number(of: device, computeCapabilityMajor, cl_uint.self)
        return major < 8 ? nil : .ptx(converts: major >= 9)
    }

    /// Why the tensor cores are not used although the device has them, or nil: what the check has found, which is made
    /// when they are wanted first. Products are then computed as with `Precision.full`.
    public func tensorCoreProblem(at precision: Precision) -> String? {
        guard precision != .full, traits.tensorCores != nil else { return nil }
        return tensorChecks.problem(precision) { [self] in
            TensorCheck.problem(precision, on: self) { try prepare($0, traits) }
        }
    }

    /// How kernels are written for steps: with tensor cores where they have been found to be right.
    func traits(for steps: [Step]) -> KernelTraits {
        var traits = traits
        let wanted = Set(steps.flatMap(\.precisions)).subtracting([.full])
        if traits.tensorCores != nil, wanted.contains(where: { tensorCoreProblem(at: $0) != nil }) {
            traits.tensorCores = nil
        }
        return traits
    }
}

/// What has been found out about a device's tensor cores.
final class TensorChecks: @unchecked Sendable {
    private let lock = Lock()
    private var found: [Precision: String?] = [:]

    /// What was found the first time.
    func problem(_ precision: Precision, find: () -> String?) -> String? {
        lock.locked {
            if let known = found[precision] { return known }
            let problem = find()
            found[precision] = .some(problem)
            return problem
        }
    }
}

/// Small products of whole numbers, which tensor cores have to get right to the last bit.
package enum TensorCheck {
    private static let (rows, columns, depth) = (96, 80, 48)

    /// What is wrong with a device's products at a precision; nil for nothing.
    ///
    /// - Parameter prepare: the device's, or what stands for it.
    package static func problem(
        _ precision: Precision, on device: any Device, prepare: ([Step]) throws -> any PreparedSteps
    ) -> String? {
        do {
            let (a, b) = (numbers(rows * depth, seed: 1), numbers(depth * columns, seed: 2))
            let (left, right) = (try buffer(a, device), try buffer(b, device))
            for isTransposed in [false, true] {
                let result = try device.allocate(bytes: 4 * rows * columns)
                let step = ContractionStep(
                    batch: 1, rows: rows, columns: columns, depth: depth,
                    a: matrix(0, rows, depth, isTransposed), b: matrix(1, depth, columns, isTransposed),
                    destination: Operand(slot: 2, dtype: .float32), precision: precision)
                try device.run(prepare([.contraction(step)]), bindings: [left, right, result])
                var found = [Float](repeating: .nan, count: rows * columns)
                try found.withUnsafeMutableBytes { try device.download(result, offset: 0, into: $0) }
                if let problem = mismatch(found, step, a, b) { return problem }
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Whole numbers from -8 to 7, which tf32 and bf16 hold exactly, in no order.
    private static func numbers(_ count: Int, seed: UInt32) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(Int(state >> 28) - 8)
        }
    }

    private static func matrix(_ slot: Int, _ rows: Int, _ columns: Int, _ isTransposed: Bool) -> Matrix {
        Matrix(
            operand: Operand(slot: slot, dtype: .float32), batchStride: 0, rowStride: isTransposed ? 1 : columns,
            columnStride: isTransposed ? rows : 1)
    }

    private static func mismatch(_ found: [Float], _ step: ContractionStep, _ a: [Float], _ b: [Float]) -> String? {
        for row in 0..<rows {
            for column in 0..<columns {
                var exact = Float(0)
                for k in 0..<depth {
                    let x = a[row * step.a.rowStride + k * step.a.columnStride]
                    exact += x * b[k * step.b.rowStride + column * step.b.columnStride]
                }
                let value = found[row * columns + column]
                if value != exact {
                    return "a product of whole numbers gives \(value) in place of \(exact) at \(row), \(column)"
                }
            }
        }
        return nil
    }

    private static func buffer(_ values: [Float], _ device: any Device) throws -> Buffer {
        let buffer = try device.allocate(bytes: 4 * values.count)
        try values.withUnsafeBytes { try device.upload($0, to: buffer, offset: 0) }
        return buffer
    }
}

extension Step {
    /// The precisions of the products in it.
    fileprivate var precisions: [Precision] {
        switch self {
        case .contraction(let step): [step.precision]
        case .convolution(let step): [step.precision]
        case .rasterScan(let step): step.programs.flatMap { $0.flatMap(\.precisions) }
        case .pointwise, .gather, .scatterAdd: []
        }
    }
}
