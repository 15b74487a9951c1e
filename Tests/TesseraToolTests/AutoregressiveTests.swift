import Foundation
import Tessera
import Testing

/// The autoregressive models through the program: exact likelihoods, samplers, completion.
@Suite("Autoregressive models", .serialized)
struct AutoregressiveTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func succeed(_ arguments: [String]) throws -> Tool.Result {
        let result = try Tool.run(arguments, in: folder.path)
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        return result
    }

    /// A folder of IDX files whose test images are all black-and-white images of 3x3 pixels.
    private func writeEveryImage() throws {
        let pixels = (0..<512).flatMap { image in (0..<9).map { UInt8(image >> $0 & 1) * 255 } }
        for (part, count) in [("train", 100), ("t10k", 512)] {
            let data = "\(folder.path)/data"
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            func write(_ name: String, _ extents: [Int], _ bytes: some Collection<UInt8>) throws {
                let sizes = extents.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] as [UInt8] }
                let header: [UInt8] = [0, 0, 8, UInt8(extents.count)] + sizes
                try Data(header + bytes).write(to: URL(fileURLWithPath: "\(data)/\(part)-\(name)"))
            }
            // Training sees images with few white pixels.
            let images = part == "train" ? Array(pixels.prefix(count * 9)) : pixels
            try write("images-idx3-ubyte", [count, 3, 3], images)
            try write("labels-idx1-ubyte", [count], [UInt8](repeating: 0, count: count))
        }
    }

    @Test(
        "the probabilities of all images add up to one",
        arguments: [
            ("pixelcnn", ["hidden=4", "blocks=2", "kernel=3"]),
            ("gated-pixelcnn", ["hidden=4", "layers=2", "kernel=3"]),
            ("pixelcnn++", ["filters=4", "resolutions=2", "components=2"]),
        ])
    func normalization(model: String, settings: [String]) throws {
        try writeEveryImage()
        let keys = (settings + ["levels=2"]).flatMap { ["--set", $0] }
        _ = try succeed(
            [
                "train", model, "--data", "data", "--device", "cpu", "--steps", "40", "--batch-size", "20", "--out",
                "run",
            ]
                + ["--learning-rate", "0.01"] + keys)
        _ = try succeed(["evaluate", "run", "--device", "cpu", "--per-example", "all.csv"])
        let rows = try String(contentsOfFile: "\(folder.path)/all.csv", encoding: .utf8).split(separator: "\n")
        #expect(rows.first == "index,log_likelihood")
        let values = try rows.dropFirst().map { try #require(Double($0.split(separator: ",")[1])) }
        #expect(values.count == 512)
        #expect(abs(values.map { exp($0) }.reduce(0, +) - 1) < 1e-4)
        // It has learned something: the images are not all as likely.
        #expect((values.max() ?? 0) - (values.min() ?? 0) > 1)
    }

    @Test("samplers, classes and completions")
    func pictures() throws {
        _ = try succeed(
            ["train", "gated-pixelcnn", "--device", "cpu", "--steps", "30", "--out", "run", "--set", "hidden=4"]
                + ["--set", "layers=2", "--set", "levels=4", "--set", "classes=10", "--set", "kernel=3"])
        var pictures: [PNGImage] = []
        for sampler in ["naive", "cached", "fixed-point"] {
            _ = try succeed(
                [
                    "sample", "run", "--device", "cpu", "--count", "6", "--seed", "5", "--sampler", sampler, "--class",
                    "3",
                ]
                    + ["--temperature", "0.8", "--grid", "\(sampler).png"])
            pictures.append(try PNGImage(contentsOf: "\(folder.path)/\(sampler).png"))
        }
        #expect(pictures[0] == pictures[1] && pictures[0] == pictures[2])
        _ = try succeed(["sample", "run", "--device", "cpu", "--count", "6", "--seed", "5", "--grid", "other.png"])
        #expect(try PNGImage(contentsOf: "\(folder.path)/other.png") != pictures[0])

        _ = try succeed(
            [
                "complete", "run", "--device", "cpu", "--given-rows", "8", "--count", "2", "--samples", "1", "--grid",
                "c.png",
            ])
        // With every row given, completions are the images themselves.
        let shown = try PNGImage(contentsOf: "\(folder.path)/c.png")
        let third = (shown.shape.width - 2) / 3
        func column(_ number: Int) -> [UInt8] {
            (0..<shown.shape.height).flatMap { row in
                (0..<third).map { shown.pixels[row * shown.shape.width + 2 + number * third + $0 - 2] }
            }
        }
        #expect(column(1) == column(2))

        for (arguments, word) in [
            (["sample", "run", "--class", "10"], "0 to 9"), (["sample", "run", "--temperature", "0"], "above 0"),
            (["complete", "run", "--given-rows", "9", "--grid", "x.png"], "0 to 8"),
        ] {
            let result = try Tool.run(arguments + ["--device", "cpu"], in: folder.path)
            #expect(result.status == 1 && result.errors.contains(word), "\(result.errors)")
            #expect(!folder.contents.contains("x.png"))
        }
    }
}
