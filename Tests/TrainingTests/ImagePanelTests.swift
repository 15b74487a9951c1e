import Compute
import Datasets
import Devices
import Foundation
import Layers
import Models
import Testing
import Training

extension TrainingTests {
    /// Pictures of a model: how many images, where, and from what.
    @Suite("Image panels")
    struct ImagePanelTests {
        private let data: DatasetSplits

        init() throws { data = try DatasetCatalog.load("digits") }

        private func placed(_ name: String, latent: Int) throws -> (any GenerativeModel, any Device) {
            let model = try ModelCatalog.entry(name).model(
                for: ImageSpace(data.train), settings: ["latent": "\(latent)", "hidden": "16"])
            let device = try TestTarget.cpu
            _ = try ParameterStore(model, on: device, seed: 4)
            return (model, device)
        }

        @Test("image i of a seed is the same whatever the count")
        func samples() throws {
            let (model, device) = try placed("vae", latent: 4)
            let few = try ImagePanel.samples(of: model, count: 3, seed: 9, on: device)
            let many = try ImagePanel.samples(of: model, count: 130, seed: 9, on: device)
            #expect(few.count == 3 && many.count == 130)
            #expect(Array(many.values[..<few.values.count]) == few.values)
            #expect(Array(many.values[4096..<4160]) != Array(many.values[..<64]))
            #expect(try ImagePanel.samples(of: model, count: 3, seed: 10, on: device).values != few.values)
            let drawn = try ImagePanel.samples(of: model, count: 3, seed: 9, drawingPixels: true, on: device)
            #expect(drawn.values.allSatisfy { $0 == 0 || $0 == 1 })
        }

        @Test("reconstructions stand below their originals")
        func reconstructions() throws {
            let (model, device) = try placed("autoencoder", latent: 4)
            let panel = try ImagePanel.reconstructions(of: model, images: data.test, count: 11, on: device)
            // Two rows of eight, then two more with three images each.
            #expect(panel.count == 32 && panel.columns == 8)
            let scale = data.test.unitScale
            for image in 0..<11 {
                let place = image < 8 ? image : image + 8
                let shown = Array(panel.values[place * 64..<place * 64 + 64])
                let original = data.test.pixels[image * 64..<image * 64 + 64].map { Float($0) * scale }
                #expect(zip(shown, original).allSatisfy { abs($0 - $1) < 1e-6 })
                let below = (place + 8) * 64
                #expect(Array(panel.values[below..<below + 64]) != shown)
            }
        }

        @Test("an interpolation begins and ends with reconstructions")
        func interpolations() throws {
            let (model, device) = try placed("autoencoder", latent: 4)
            let panel = try ImagePanel.interpolations(of: model, images: data.test, rows: 3, columns: 5, on: device)
            #expect(panel.count == 15 && panel.columns == 5)
            let both = try ImagePanel.reconstructions(of: model, images: data.test, count: 6, on: device)
            for row in 0..<3 {
                for (column, image) in [(0, 2 * row), (4, 2 * row + 1)] {
                    let (start, other) = ((row * 5 + column) * 64, (8 + image) * 64)
                    let shown = Array(panel.values[start..<start + 64])
                    let expected = Array(both.values[other..<other + 64])
                    #expect(zip(shown, expected).allSatisfy { abs($0 - $1) < 1e-5 })
                }
            }
        }

        @Test(
            "a traversal is a plane for two numbers, and rows for more",
            arguments: [("vae", 2), ("vae", 1), ("vae", 30), ("autoencoder", 2), ("autoencoder", 12)])
        func traversals(name: String, latent: Int) throws {
            let (model, device) = try placed(name, latent: latent)
            let panel = try ImagePanel.traversal(of: model, images: data.test, on: device)
            #expect(panel.count == (latent == 2 ? 256 : 11 * min(latent, 10)))
            #expect(panel.values.allSatisfy { (0...1).contains($0) })
            // The first row and column change along it.
            let (first, last) = (panel.values[..<64], panel.values[640..<704])
            #expect(Array(first) != Array(last))
        }

        @Test func refusals() throws {
            let (model, device) = try placed("autoencoder", latent: 4)
            #expect(throws: ModelError.self) { try ImagePanel.samples(of: model, count: 1, on: device) }
            #expect(throws: TrainingError.self) { try ImagePanel.traversal(of: model, on: device) }
            let (vae, _) = try placed("vae", latent: 4)
            #expect(throws: TrainingError.self) { try ImagePanel.samples(of: vae, count: 0, on: device) }
        }
    }
}
