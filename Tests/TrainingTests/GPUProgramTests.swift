import Compute
import ComputeOpenCL
import Devices
import Foundation
import Testing
import Training

/// Where the programs are to go, and the processor that they are for.
private let folder = ProcessInfo.processInfo.environment["TESSERA_PROGRAMS"].map(URL.init(fileURLWithPath:))
private let processor = ProcessInfo.processInfo.environment["TESSERA_ARCH"] ?? "sm_90"

/// The programs of the built-in models as an NVIDIA GPU's driver is given them, written for `Scripts/check-ptx`, which
/// compiles them.
@Suite(.enabled(if: folder != nil))
struct GPUProgramTests {
    private static var traits: KernelTraits {
        var traits = KernelTraits(shape: .gpu, computeUnits: 132)
        traits.hasNativeMath = true
        traits.parameterBytes = 4352
        traits.tensorCores = .ptx(converts: !processor.hasPrefix("sm_8"))
        return traits
    }

    private static func write(_ plans: [[Step]], as name: String) throws {
        let folder = try #require(folder)
        for (number, plan) in plans.enumerated() {
            let text = try KernelListing.program(of: plan, traits: traits)
            try text.write(to: folder.appending(path: "\(name)-\(number).cl"), atomically: true, encoding: .utf8)
        }
    }

    @Test(arguments: [Precision.full, .fast, .fastest])
    func models(_ precision: Precision) throws {
        let device = try DeviceSelection.choose("cpu").info
        for workload in ModelSteps(isQuick: precision != .full).workloads {
            let plans = try ModelSteps.plans(of: workload, on: device, precision: precision)
            try Self.write(plans, as: "\(workload.model)-\(workload.channels)-\(precision)")
        }
    }

    /// Large products with each layout of the factors, and such as fill no tile.
    @Test(arguments: [Precision.full, .fast, .fastest])
    func products(_ precision: Precision) throws {
        var plans: [[Step]] = []
        for (size, transposed) in [
            (4096, (false, false)), (4096, (true, false)), (4096, (false, true)), (4091, (false, false)),
        ] {
            func matrix(_ slot: Int, _ isTransposed: Bool) -> Matrix {
                Matrix(
                    operand: Operand(slot: slot, dtype: .float32), batchStride: 0, rowStride: isTransposed ? 1 : size,
                    columnStride: isTransposed ? size : 1)
            }
            let step = ContractionStep(
                batch: 1, rows: size, columns: size, depth: size, a: matrix(0, transposed.0),
                b: matrix(1, transposed.1), destination: Operand(slot: 2, dtype: .float32))
            plans.append([Step.contraction(step).with(precision: precision)])
        }
        try Self.write(plans, as: "product-\(precision)")
    }
}
