import Datasets
import Testing

struct ImageDatasetTests {
    private let shape = ImageShape(height: 1, width: 2, channels: 1)

    /// Image i has the pixels (2i, 2i + 1) and the label i.
    private func numbered(_ count: Int) throws -> ImageDataset {
        try ImageDataset(
            name: "numbered", shape: shape, pixels: (0..<count * 2).map { UInt8($0) },
            labels: (0..<count).map { UInt8($0) })
    }

    @Test func partsThatDoNotFit() throws {
        func make(
            shape: ImageShape? = nil, levels: Int = 4, pixels: [UInt8] = [0, 3], labels: [UInt8]? = [1],
            classNames: [String]? = ["a", "b"]
        ) throws {
            _ = try ImageDataset(
                name: "x", shape: shape ?? self.shape, levels: levels, pixels: pixels, labels: labels,
                classNames: classNames)
        }
        try make()
        #expect(throws: DatasetError.self) { try make(shape: ImageShape(height: 0, width: 2, channels: 1)) }
        #expect(throws: DatasetError.self) { try make(shape: ImageShape(height: 1 << 60, width: 16, channels: 1)) }
        #expect(throws: DatasetError.self) { try make(levels: 1) }
        #expect(throws: DatasetError.self) { try make(levels: 257) }
        #expect(throws: DatasetError.self) { try make(levels: 3) }
        #expect(throws: DatasetError.self) { try make(pixels: [0, 1, 2]) }
        #expect(throws: DatasetError.self) { try make(labels: [1, 1]) }
        #expect(throws: DatasetError.self) { try make(classNames: ["a"]) }
    }

    @Test func choosing() throws {
        let set = try numbered(5)
        let middle = try set.images(1..<3)
        #expect(middle.pixels == [2, 3, 4, 5])
        #expect(middle.labels == [1, 2])
        #expect(try set.images(2..<2).count == 0)
        let chosen = try set.images(at: [4, 0, 4])
        #expect(chosen.pixels == [8, 9, 0, 1, 8, 9])
        #expect(chosen.labels == [4, 0, 4])
        #expect(throws: DatasetError.self) { try set.images(3..<6) }
        #expect(throws: DatasetError.self) { try set.images(-1..<2) }
        #expect(throws: DatasetError.self) { try set.images(at: [5]) }
        #expect(throws: DatasetError.self) { try set.batch([-1]) }
    }

    @Test func splitsShareNothingAndLoseNothing() throws {
        let set = try numbered(20)
        let splits = try set.split(test: 6, seed: 3)
        let train = splits.train.labels ?? []
        let test = splits.test.labels ?? []
        #expect(train.count == 14)
        #expect(test.count == 6)
        #expect(Set(train + test) == Set(0..<20))
        #expect(try set.split(test: 6, seed: 3).test.labels == test)
        #expect(try set.split(test: 6, seed: 4).test.labels != test)
        #expect(throws: DatasetError.self) { try set.split(test: 21, seed: 3) }
    }

    @Test func splitsMustAgree() throws {
        let coarse = try ImageDataset(name: "coarse", shape: shape, levels: 2, pixels: [0, 1])
        #expect(throws: DatasetError.self) { try DatasetSplits(train: numbered(2), test: coarse) }
        let both = try DatasetSplits(train: numbered(2), test: numbered(1)).map { try $0.quantized(levels: 2) }
        #expect(both.train.levels == 2)
        #expect(both.test.levels == 2)
    }

    @Test func quantizing() throws {
        let all = try ImageDataset(
            name: "all", shape: ImageShape(height: 1, width: 256, channels: 1), pixels: Array(0...255))
        #expect(try all.quantized(levels: 256).pixels == all.pixels)
        let four = try all.quantized(levels: 4)
        #expect(four.levels == 4)
        #expect(four.pixels == (0..<256).map { UInt8($0 / 64) })
        let digits = try ImageDataset(
            name: "levels", shape: ImageShape(height: 1, width: 17, channels: 1), levels: 17, pixels: Array(0...16))
        #expect(try digits.quantized(levels: 2).pixels == (0..<17).map { $0 <= 8 ? 0 : 1 })
        #expect(try digits.quantized(levels: 16).pixels == [0] + (0..<16).map { UInt8($0) })
        #expect(throws: DatasetError.self) { try digits.quantized(levels: 18) }
        #expect(throws: DatasetError.self) { try digits.quantized(levels: 1) }
    }

    @Test func binarizing() throws {
        let each = 20_000
        let pixels = (0...16).flatMap { [UInt8](repeating: $0, count: each) }
        let set = try ImageDataset(
            name: "levels", shape: ImageShape(height: 1, width: 1, channels: 1), levels: 17, pixels: pixels)
        let drawn = try set.binarized(seed: 5)
        #expect(drawn.levels == 2)
        for level in 0...16 {
            let ones = drawn.pixels[level * each..<(level + 1) * each].reduce(0) { $0 + Int($1) }
            let probability = Double(level) / 16
            // Five standard deviations; none for black and white, which must stay so.
            let allowed = 5 * (Double(each) * probability * (1 - probability)).squareRoot()
            #expect(abs(Double(ones) - probability * Double(each)) <= allowed, "level \(level)")
        }
        #expect(try set.binarized(seed: 5).pixels == drawn.pixels)
        #expect(try set.binarized(seed: 6).pixels != drawn.pixels)
    }
}
