import Compute
import ComputeOpenCL
import Datasets
import Models
import Tensors

/// The products and convolutions that the built-in models' training steps and samplers are made of, as their plans have
/// them: what a tuner should know.
package struct ModelSteps {
    /// A model on images of one size.
    package struct Workload: Sendable {
        package let model: String
        let height: Int
        let width: Int
        package let channels: Int
    }

    /// Whether a subset is enough.
    let isQuick: Bool

    package init(isQuick: Bool) { self.isQuick = isQuick }

    package var workloads: [Workload] {
        func grey(_ name: String) -> Workload { Workload(model: name, height: 28, width: 28, channels: 1) }
        if isQuick { return ["vae", "pixelcnn", "gated-pixelcnn", "dcgan"].map(grey) }
        let colour = ["conv-vae", "pixelcnn++", "dcgan"].map {
            Workload(model: $0, height: 32, width: 32, channels: 3)
        }
        return ModelCatalog.entries.map { grey($0.name) } + colour
    }

    /// The steps of all workloads on such a device, each once, the longest first; and products that benchmarks ask for.
    ///
    /// - Parameter progress: told of each workload before it is planned.
    /// - Throws: what making the models and their plans throws.
    package func collect(for device: DeviceInfo, progress: (Workload) -> Void) throws -> [TunableStep] {
        var steps = try ModelSteps.squares.map { try ModelSteps.square($0, on: device) }.flatMap { $0 }
        for workload in workloads {
            progress(workload)
            steps += try ModelSteps.plans(of: workload, on: device).flatMap { $0 }
        }
        var seen: Set<String> = []
        return steps.compactMap { TunableStep($0) }.filter { seen.insert($0.key).inserted }
            .sorted { $0.flops == $1.flops ? $0.key < $1.key : $0.flops > $1.flops }
    }

    private static let squares = [512, 1024, 2048]

    private static func square(_ size: Int, on device: DeviceInfo) throws -> [Step] {
        let recorder = RecordingDevice(describedBy: device)
        let (a, b) = (Argument([size, size]), Argument([size, size]))
        _ = try CompiledFunction(on: recorder, results: [a.tensor.matmul(b.tensor)])
        return recorder.plans.flatMap { $0 }
    }

    /// The plans of a model's training step and samplers on such a device.
    ///
    /// - Throws: what making the model and its plans throws.
    package static func plans(
        of workload: Workload, on device: DeviceInfo, precision: Precision = .full
    ) throws -> [[Step]] {
        let recorder = RecordingDevice(describedBy: device)
        let entry = try ModelCatalog.entry(workload.model)
        var configuration = TrainingConfiguration(entry.recipe)
        configuration.precision = precision
        let shape = ImageShape(height: workload.height, width: workload.width, channels: workload.channels)
        let count = configuration.batchSize
        let images = try ImageDataset(
            name: workload.model, shape: shape, pixels: (0..<count * shape.count).map { UInt8($0 % 251) },
            labels: (0..<count).map { UInt8($0 % 10) })
        let trainer = try Trainer(
            entry.model(for: ImageSpace(images)), data: DatasetSplits(train: images, test: images),
            configuration: configuration, on: recorder)
        try trainer.prepareStep()
        if let model = trainer.model as? any AutoregressiveModel {
            for method in [SamplingMethod.cached, .naive] {
                let sampler = AutoregressiveSampler(model, method: method, on: recorder)
                _ = try sampler.samples(SamplingRequest(count: samples))
            }
        } else if trainer.model is any SamplingModel {
            _ = try ImagePanel.samples(of: trainer.model, count: samples, on: recorder)
        }
        return recorder.plans
    }

    /// Images that are drawn together.
    private static let samples = 64
}
