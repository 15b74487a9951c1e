import Compute
import Datasets
import Devices
import Foundation
import Models
import Testing
import Training

/// Tests that use devices run one after the other: they look at the memory of a device, and would share its threads.
@Suite("Training", .serialized)
enum TrainingTests {}

/// A folder that goes with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("tessera-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Devices by name, for the test report.
struct TestTarget: Sendable, CustomTestStringConvertible {
    let device: any Device
    var testDescription: String { "\(device.info.kind.rawValue) \(device.info.name)" }

    static let all = DeviceSelection.all.map(TestTarget.init)
    static let pocl = all.first { $0.device.info.isPoCL }
    static var cpu: any Device { get throws { try DeviceSelection.choose("cpu") } }
}

/// A small VAE of the digits.
func smallVAE(_ data: DatasetSplits) throws -> VAE {
    var configuration = VAE.Configuration()
    (configuration.hidden, configuration.latent) = (64, 8)
    return try VAE(images: ImageSpace(data.train), configuration: configuration)
}

extension Trainer {
    /// The trained parameters, bit by bit.
    func parameterBits() throws -> [UInt32] {
        try model.namedParameters().flatMap { try $0.parameter.read().map(\.bitPattern) }
    }
}
