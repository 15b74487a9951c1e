import Datasets
import Foundation
import Testing
import Training

/// The built-in digits in a random split: in their own one the writers of the test images are others.
func shuffledDigits() throws -> DatasetSplits {
    let digits = try DatasetCatalog.load("digits")
    let labels = try #require(digits.train.labels) + #require(digits.test.labels)
    return try ImageDataset(
        name: "digits", shape: digits.train.shape, levels: digits.train.levels,
        pixels: digits.train.pixels + digits.test.pixels, labels: labels
    ).split(test: 597, seed: 0)
}

extension TrainingTests {
    /// The classifier whose features measure images.
    @Suite("Feature classifier")
    struct FeatureClassifierTests {
        private let data: DatasetSplits
        private let folder: TemporaryFolder
        private var cache: ClassifierCache { ClassifierCache(folder: folder.path + "/of/its/own") }

        init() throws {
            data = try shuffledDigits()
            folder = try TemporaryFolder()
        }

        /// The one file of a cache.
        private func file(in cache: String = "/of/its/own") throws -> String {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + cache)
            #expect(names.count == 1)
            return folder.path + cache + "/" + (try #require(names.first))
        }

        @Test("it learns the digits, and is the same from the cache", arguments: TestTarget.all)
        func training(on target: TestTarget) throws {
            let trained = try FeatureClassifier(of: data.train, on: target.device, cache: cache)
            #expect(!trained.isFromCache && trained.classes == 10)
            #expect(try trained.accuracy(on: data.train) > 0.99)
            #expect(try trained.accuracy(on: data.test) > 0.96)

            var hasTrained = false
            let loaded = try FeatureClassifier(of: data.train, on: target.device, cache: cache) { hasTrained = true }
            #expect(loaded.isFromCache && !hasTrained)
            #expect(loaded.name == trained.name)
            let (a, b) = (try trained.outputs(of: data.test), try loaded.outputs(of: data.test))
            #expect(a.features.values == b.features.values && a.classes == b.classes)
            #expect(a.features.count == 597 && a.features.dimensions == 64)
            let square = a.features.values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(597 * 64)
            #expect(abs(square - 1) < 0.1)

            let values = data.test.pixels.map { Float($0) * data.test.unitScale }
            #expect(try trained.predictions(of: values) == a.classes)
        }

        @Test("damaged and foreign files are replaced")
        func damage() throws {
            let device = try TestTarget.cpu
            let small = try data.train.images(0..<40)
            let trained = try FeatureClassifier(of: small, on: device, cache: cache)
            let path = try file()
            let sound = try #require(FileManager.default.contents(atPath: path))
            // A bit of the last weight, the end, everything, another network's, and those of other images.
            var flipped = sound
            flipped[flipped.count - 1] ^= 1
            let foreign = Safetensors(tensors: [.init(name: "w", shape: [1], values: [1])])
            try foreign.write(to: path)
            let other = try #require(FileManager.default.contents(atPath: path))
            let elsewhere = ClassifierCache(folder: folder.path + "/elsewhere")
            _ = try FeatureClassifier(of: data.train.images(40..<80), on: device, cache: elsewhere)
            let neighbour = try #require(
                FileManager.default.contents(atPath: file(in: "/elsewhere")))
            for contents in [flipped, sound.dropLast(8), Data(), other, neighbour] {
                try contents.write(to: URL(fileURLWithPath: path))
                let again = try FeatureClassifier(of: small, on: device, cache: cache)
                #expect(!again.isFromCache && again.name == trained.name)
                #expect(FileManager.default.contents(atPath: path) == sound)
            }
            #expect(try FeatureClassifier(of: small, on: device, cache: cache).isFromCache)
        }

        @Test("other images, labels or levels have another file; another name has not")
        func keys() throws {
            func key(_ set: ImageDataset, _ recipe: String = "a") throws -> String {
                cache.key(set, labels: try #require(set.labels), recipe: recipe)
            }
            let set = try data.train.images(0..<20)
            func changed(
                name: String = "digits", levels: Int = 17, pixels: [UInt8]? = nil, labels: [UInt8]? = nil
            ) throws -> ImageDataset {
                try ImageDataset(
                    name: name, shape: set.shape, levels: levels, pixels: pixels ?? set.pixels,
                    labels: labels ?? set.labels)
            }
            var (pixels, labels) = (set.pixels, try #require(set.labels))
            pixels[77] = (pixels[77] + 1) % 17
            labels[3] ^= 1
            let keys = try [
                key(set), key(changed(levels: 18)), key(changed(pixels: pixels)), key(changed(labels: labels)),
                key(set, "b"), key(set.images(0..<19)),
            ]
            #expect(Set(keys).count == keys.count)
            #expect(try key(changed(name: "other")) == keys[0])
        }

        @Test("a cache that cannot be written is no error")
        func noCache() throws {
            let device = try TestTarget.cpu
            let small = try data.train.images(0..<20)
            // A file stands where the folder should be.
            try Data().write(to: URL(fileURLWithPath: folder.path + "/of"))
            #expect(try !FeatureClassifier(of: small, on: device, cache: cache).isFromCache)
            #expect(try !FeatureClassifier(of: small, on: device, cache: ClassifierCache(folder: nil)).isFromCache)
        }

        @Test("any shape from 4x4 up, grey or coloured", arguments: [(4, 4, 1), (5, 17, 3), (33, 9, 3)])
        func shapes(height: Int, width: Int, channels: Int) throws {
            let shape = ImageShape(height: height, width: width, channels: channels)
            // Dark and bright images, of two classes with a number left out.
            let pixels = (0..<12).flatMap { (image: Int) -> [UInt8] in
                let brightness = image % 2 * 128
                return (0..<shape.count).map { (place: Int) in UInt8(brightness + (place * 7 + image) % 100) }
            }
            let set = try ImageDataset(
                name: "steps", shape: shape, pixels: pixels, labels: (0..<12).map { UInt8($0 % 2 * 2) })
            let classifier = try FeatureClassifier(of: set, on: TestTarget.cpu, cache: ClassifierCache(folder: nil))
            #expect(classifier.classes == 3)
            #expect(try classifier.accuracy(on: set) == 1)
        }

        @Test func mistakes() throws {
            let device = try TestTarget.cpu
            let set = try data.train.images(0..<20)
            let unlabelled = try ImageDataset(name: "plain", shape: set.shape, levels: 17, pixels: set.pixels)
            let uniform = try ImageDataset(
                name: "ones", shape: set.shape, levels: 17, pixels: set.pixels, labels: [UInt8](repeating: 1, count: 20)
            )
            for wrong in [unlabelled, uniform, try set.images(0..<0)] {
                #expect {
                    try FeatureClassifier(of: wrong, on: device, cache: cache)
                } throws: { error in
                    guard case .dataMismatch(_, let expected, _) = error as? TrainingError else { return false }
                    return expected.contains("labels")
                }
            }
            let classifier = try FeatureClassifier(of: set, on: device, cache: cache)
            #expect(throws: MetricError.wrongSize(expected: "a multiple of 8x8x1", found: 65)) {
                try classifier.outputs(of: [Float](repeating: 0, count: 65))
            }
            let wide = try ImageDataset(
                name: "wide", shape: ImageShape(height: 4, width: 16, channels: 1), pixels: set.pixels)
            #expect(throws: MetricError.wrongSize(expected: "images of 8x8x1", found: 64)) {
                try classifier.outputs(of: wide)
            }
            var images = [Float](repeating: 0, count: 3 * 64)
            images[70] = .nan
            #expect(throws: MetricError.notFinite(image: 1)) { try classifier.outputs(of: images) }
        }
    }
}
