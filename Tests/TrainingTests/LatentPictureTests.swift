import Compute
import Datasets
import Foundation
import Layers
import Models
import Tensors
import Testing
import Training

extension TrainingTests {
    /// Pictures of a model that has codes of no images.
    @Suite("Pictures of games")
    struct LatentPictureTests {
        private let data: DatasetSplits

        init() throws { data = try DatasetCatalog.load("digits") }

        private func placed(_ settings: [String: String] = [:]) throws -> (any AdversarialModel, any Device) {
            let model = try smallGame("gan", data.train, settings)
            let device = try TestTarget.cpu
            _ = try ParameterStore(model, on: device, seed: 4)
            return (model, device)
        }

        private func length(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

        private func angle(_ a: [Double], _ b: [Double]) -> Double {
            acos(min(1, zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / (length(a) * length(b))))
        }

        @Test("spherical interpolation turns evenly")
        func sphericalInterpolation() {
            let (start, stop) = ([3.0, 0, 0], [0, 1.5, 2.598_076_211_353_316])
            let path = (0...8).map { ImagePanel.sphericalInterpolation(start, stop, Double($0) / 8) }
            for (ends, found) in [(start, path[0]), (stop, path[8])] {
                for (a, b) in zip(ends, found) { #expect(abs(a - b) < 1e-12) }
            }
            for (number, point) in path.enumerated() {
                // Ends of one length: the way between them keeps it, where a straight line would not.
                #expect(abs(length(point) - 3) < 1e-9)
                #expect(abs(angle(start, point) - Double(number) / 8 * .pi / 2) < 1e-9)
            }
            // Ends of different lengths: still even in the plane of the two, and from one length to the other.
            let longer = stop.map { $0 * 4 }
            let middle = ImagePanel.sphericalInterpolation(start, longer, 0.5)
            #expect(abs(middle[0] - 3 * 0.5.squareRoot()) < 1e-9)
            #expect(abs(angle(longer, middle) - atan(0.25)) < 1e-9)
        }

        @Test("vectors along one line")
        func parallelVectors() {
            for (start, stop) in [([1.0, 2], [1.0, 2]), ([1, 2], [2, 4]), ([1, 2], [-1, -2])] {
                for fraction in [0, 0.25, 1] {
                    let point = ImagePanel.sphericalInterpolation(start, stop, fraction)
                    for i in 0..<2 { #expect(abs(point[i] - (start[i] + fraction * (stop[i] - start[i]))) < 1e-12) }
                }
            }
            // A zero has no direction; the way from it is one of numbers all the same.
            #expect(ImagePanel.sphericalInterpolation([0, 0], [1, 1], 0.5).allSatisfy { (0...1).contains($0) })
        }

        @Test("an interpolation leads from the picture of one code to that of another, row by row")
        func interpolations() throws {
            let (model, device) = try placed()
            let panel = try ImagePanel.interpolations(of: model, seed: 3, rows: 2, columns: 5, on: device)
            #expect(panel.count == 10 && panel.columns == 5)
            func image(_ number: Int) -> [Float] { Array(panel.values[number * 64..<(number + 1) * 64]) }
            func distance(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } }
            for row in 0..<2 {
                let (first, last) = (image(5 * row), image(5 * row + 4))
                let whole = distance(first, last)
                #expect(whole > 1)
                for column in 1..<5 {
                    let step = distance(image(5 * row + column - 1), image(5 * row + column))
                    #expect(step > 0.01 * whole && step < whole, "\(row), \(column)")
                }
            }
            #expect(image(0) != image(5))
            // With two columns there are the ends alone, of the same codes.
            let ends = try ImagePanel.interpolations(of: model, seed: 3, rows: 2, columns: 2, on: device)
            for (a, b) in zip(ends.values, image(0) + image(4) + image(5) + image(9)) { #expect(abs(a - b) < 1e-6) }
            let other = try ImagePanel.interpolations(of: model, seed: 4, rows: 2, columns: 2, on: device)
            #expect(other.values != ends.values)
        }

        @Test("a row of an interpolation is of one class")
        func interpolationsOfClasses() throws {
            let (model, device) = try placed(["classes": "10"])
            let panel = try ImagePanel.interpolations(of: model, seed: 3, rows: 3, columns: 2, on: device)
            #expect(panel.count == 6)
            // Without its classes' weights, the first row stays and the others change.
            let weight = try #require(
                model.generatorPart.namedParameters().first { $0.parameter.shape == [18, 32] }?.parameter)
            let values = try weight.read()
            try weight.write(Array(values[..<(9 * 32)]) + [Float](repeating: 0, count: 9 * 32))
            let without = try ImagePanel.interpolations(of: model, seed: 3, rows: 3, columns: 2, on: device)
            #expect(without.values[..<128] == panel.values[..<128])
            for row in 1..<3 { #expect(without.values[(row * 128)...] != panel.values[(row * 128)...]) }
        }

        @Test("samples of one class, and of all in turn")
        func samplesOfAClass() throws {
            let (model, device) = try placed(["classes": "10"])
            let turn = try ImagePanel.samples(of: model, count: 70, seed: 2, on: device)
            let threes = try ImagePanel.samples(of: model, count: 70, seed: 2, label: 3, on: device)
            #expect(turn.count == 70 && threes.count == 70)
            // The codes are the same, so that images agree where the class does.
            for image in 0..<70 {
                let range = image * 64..<(image + 1) * 64
                #expect((turn.values[range] == threes.values[range]) == (image % 10 == 3), "\(image)")
            }
            for label in [-1, 10] as [Int32] {
                #expect(throws: TrainingError.badSetting(name: "class", expected: "0 to 9", found: "\(label)")) {
                    try ImagePanel.samples(of: model, count: 1, label: label, on: device)
                }
            }
            let (plain, _) = try placed()
            #expect(throws: TrainingError.self) {
                try ImagePanel.samples(of: plain, count: 1, label: 0, on: device)
            }
        }

        @Test("a traversal is a plane for two numbers, rows for more, and of one class", arguments: [2, 3])
        func traversals(latent: Int) throws {
            let (model, device) = try placed(["latent": "\(latent)", "classes": "10"])
            let panel = try ImagePanel.traversal(of: model, on: device)
            #expect(panel.count == (latent == 2 ? 256 : 33))
            // In the middle of each row is the picture of the mean code.
            guard latent == 3 else { return }
            let context = try Context()
            context.labels = try Tensor([0] as [Int32], shape: [1])
            let mean = try model.decode(Tensor.zeros([1, 3]), context).floats(on: device)
            for row in 0..<3 {
                let start = (row * 11 + 5) * 64
                for (a, b) in zip(panel.values[start..<start + 64], mean) { #expect(abs(a - b) < 1e-6) }
            }
        }

        @Test func refusals() throws {
            let (model, device) = try placed()
            #expect(throws: ModelError.self) {
                try ImagePanel.reconstructions(of: model, images: data.test, on: device)
            }
            #expect(throws: ModelError.self) {
                try ImagePanel.interpolations(of: model, images: data.test, on: device)
            }
            let encoder = try Autoencoder(images: ImageSpace(data.train))
            _ = try ParameterStore(encoder, on: device, seed: 4)
            #expect(throws: ModelError.self) { try ImagePanel.interpolations(of: encoder, on: device) }
        }
    }
}
