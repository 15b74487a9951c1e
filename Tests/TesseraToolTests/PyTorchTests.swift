import Foundation
import Tessera
import Testing

/// Our files in other people's programs and theirs in ours.
@Suite("PyTorch", .serialized, .enabled(if: Python.has("torch", "safetensors"), "\(Python.why("torch, safetensors"))"))
struct PyTorchTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A model, how the script makes it, and what it is to compute, from images and codes.
    private struct Peer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let model: @Sendable () throws -> any GenerativeModel
        let settings: [String]
    }

    private static func peer(
        _ name: String, _ images: (Int, Int, Int, levels: Int), _ keys: [String: String], _ settings: [String]
    ) -> Peer {
        Peer(
            testDescription: "\(name) \(images)",
            model: {
                let space = try ImageSpace(
                    height: images.0, width: images.1, channels: images.2, levels: images.levels)
                return try ModelCatalog.entry(name).model(for: space, settings: keys)
            }, settings: [name] + settings)
    }

    private static let peers = [
        peer(
            "vae", (5, 4, 3, 256), ["hidden": "12", "layers": "2", "latent": "3"],
            ["dimensions=60", "hidden=12", "layers=2", "latent=3"]),
        peer(
            "conv-vae", (8, 12, 3, 256), ["channels": "5", "hidden": "12", "latent": "3"],
            ["height=8", "width=12", "channels=3", "first=5", "hidden=12", "latent=3"]),
        peer(
            "pixelcnn", (6, 5, 1, 2), ["hidden": "6", "blocks": "2", "kernel": "5"],
            ["channels=1", "levels=2", "hidden=6", "blocks=2", "kernel=5"]),
        // The channels of a pixel see each other in turn.
        peer(
            "pixelcnn", (5, 6, 3, 4), ["hidden": "7", "blocks": "2", "kernel": "3"],
            ["channels=3", "levels=4", "hidden=7", "blocks=2", "kernel=3"]),
    ]

    @Test("weights go both ways, and outputs are equal to 1e-4", arguments: peers)
    private func roundTrip(_ peer: Peer) throws {
        let device = try DeviceSelection.choose("cpu")
        let model = try peer.model()
        let store = try ParameterStore(model, on: device, seed: 3)
        var random = try RandomSource(seed: 5)
        let shape = [4, model.images.height, model.images.width, model.images.channels]
        let inputs = [
            "images": try random.uniform(shape), "codes": try random.normal([4, 3]),
        ]
        func file(_ tensors: [String: Tensor]) throws -> Safetensors {
            Safetensors(
                tensors: try tensors.map { name, tensor in
                    .init(name: name, shape: tensor.shape, values: try tensor.floats(on: device))
                })
        }
        func outputs() throws -> Safetensors {
            let context = try Context()
            let (images, codes) = (try #require(inputs["images"]), try #require(inputs["codes"]))
            if let model = model as? any VariationalAutoencoder {
                return try file([
                    "posterior": model.posteriorParameters(images, context), "decoded": model.decode(codes, context),
                ])
            }
            let pixels = try #require(model as? any AutoregressiveModel)
            return try file(["parameters": pixels.pixelParameters(images, context)])
        }
        let weights = Safetensors(
            tensors: try store.read().map { .init(name: $0.name, shape: $0.shape, values: $0.values) })
        try weights.write(to: "\(folder.path)/m.safetensors")
        var values = try outputs()
        values.tensors += try file(inputs).tensors
        try values.write(to: "\(folder.path)/m-values.safetensors")

        let result = try Python.run(
            script: "pytorch/round_trip.py", [folder.path, "m"] + peer.settings, in: folder.path)
        #expect(result.status == 0, "\(result.output)\(result.errors)")

        let theirs = try Safetensors(contentsOf: "\(folder.path)/m-torch.safetensors")
        try store.write(theirs.byName.mapValues { ($0.shape, $0.values) })
        let expected = try Safetensors(contentsOf: "\(folder.path)/m-torch-values.safetensors").byName
        let found = try outputs()
        #expect(Set(found.byName.keys) == Set(expected.keys))
        for tensor in found.tensors {
            let reference = try #require(expected[tensor.name])
            #expect(tensor.shape == reference.shape)
            let differences = zip(tensor.values, reference.values).map { abs($0 - $1) }
            #expect(differences.count > 0 && differences.allSatisfy { $0 <= 1e-4 })
            // Other weights than before.
            let before = try #require(values.byName[tensor.name])
            #expect(zip(tensor.values, before.values).contains { abs($0 - $1) > 1e-2 })
        }
    }

    @Test("the files of a run load by their names, and a file by PyTorch takes the place of the model's")
    func files() throws {
        func train(_ steps: String, _ more: [String]) throws {
            let arguments = ["train", "vae", "--steps", steps, "--out", "run", "--device", "cpu"] + more
            let result = try Tool.run(arguments, in: folder.path)
            #expect(result.status == 0, "\(result.errors)")
        }
        try train("3", ["--set", "hidden=16", "--set", "latent=2", "--average-decay", "0.9"])
        let code = """
            import numpy, safetensors, safetensors.numpy, safetensors.torch
            for name in ("model", "optimizer", "best"):
                path = f"run/{name}.safetensors"
                by_torch = safetensors.torch.load_file(path)
                by_numpy = safetensors.numpy.load_file(path)
                assert by_torch.keys() == by_numpy.keys() and all(
                    (by_torch[key].numpy() == by_numpy[key]).all() for key in by_torch)
                with safetensors.safe_open(path, framework="pt") as file:
                    assert file.metadata()["step"] == "3", file.metadata()
            model = safetensors.torch.load_file("run/model.safetensors")
            assert model["encoder.layers.0.weight"].shape == (64, 16), model.keys()
            for tensor in model.values():
                tensor.zero_()
            safetensors.torch.save_file(model, "run/model.safetensors")
            """
        let python = try Python.run(code: code, [], in: folder.path)
        #expect(python.status == 0, "\(python.errors)")
        // A decoder of zeros makes every pixel grey.
        let sample = try Tool.run("sample", "run", "--grid", "s.png", "--device", "cpu", in: folder.path)
        #expect(sample.status == 0, "\(sample.errors)")
        let levels = Set(try PNGImage(contentsOf: "\(folder.path)/s.png").pixels)
        #expect(levels.count == 2 && levels.contains { (120...136).contains($0) })
    }
}
