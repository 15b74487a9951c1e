import Foundation
import Tessera
import Testing

/// What is wrong is named in one line on standard error, with what to do; the status tells it, and no file is left.
@Suite("Bad input", .serialized)
struct BadInputTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// - Parameter words: each must be in the line.
    private func fail(
        _ arguments: [String], status: Int32 = 1, words: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = folder.contents
        let result = try Tool.run(arguments, in: folder.path)
        #expect(result.status == status, sourceLocation: sourceLocation)
        #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
        let line = result.errorLines.first ?? ""
        #expect(line.hasPrefix("error: "), sourceLocation: sourceLocation)
        for word in words { #expect(line.contains(word), "\(line)", sourceLocation: sourceLocation) }
        #expect(folder.contents == before, sourceLocation: sourceLocation)
    }

    private func write(_ bytes: some Sequence<UInt8>, _ name: String) throws {
        let url = URL(fileURLWithPath: "\(folder.path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    @Test(
        "arguments",
        arguments: [
            (["train", "glow"], 1, ["glow", "vae"]), (["train", "glow", "--help"], 1, ["glow", "vae"]),
            (["train", "vae", "--device", "tpu"], 1, ["tpu", "0: "]),
            (["train", "vae", "--device", "99"], 1, ["99"]),
            (["train", "vae", "--set", "depth=3"], 1, ["depth", "hidden"]),
            (["train", "vae", "--set", "hidden=many"], 1, ["hidden", "many", "65536"]),
            (["train", "vae", "--set", "hidden"], 1, ["hidden", "key=value"]),
            (["train", "vae", "--set", "decoder=poisson"], 1, ["poisson", "bernoulli|gaussian|logistic"]),
            (["train", "vae", "--set", "levels=18"], 1, ["18", "17"]),
            (["train", "vae", "--data", "faces"], 1, ["faces", "digits"]),
            (["train", "vae", "--data", "mnist", "--data-dir", "nowhere"], 1, ["nowhere", "train-images-idx3-ubyte"]),
            (["train", "vae", "--steps", "0"], 1, ["steps", "0"]),
            (["train", "vae", "--epochs=-3"], 1, ["epochs", "-3"]),
            (["train", "vae", "--batch-size", "5000"], 1, ["batch size", "1500"]),
            (["train", "vae", "--learning-rate=-1"], 1, ["learning rate"]),
            (["train", "conv-vae", "--set", "stages=4"], 1, ["16", "8x8"]),
            (["train", "vae", "--steps", "1", "--out", "/proc/none/run"], 1, ["/proc/none/run"]),
            (["train", "vae", "--steps", "5", "--epochs", "5"], 64, ["--steps"]),
            (["train", "vae", "--resume"], 64, ["--out"]),
            (["train", "vae", "--resume", "--out", "none"], 1, ["none"]),
            (["train"], 64, ["model"]), (["train", "vae", "--step", "4"], 64, ["--step"]), (["fly"], 64, ["fly"]),
            (["train", "vae", "--seed", "-1"], 64, ["seed"]),
            (["sample", "none"], 1, ["none", "config.json"]), (["evaluate", "none"], 1, ["none"]),
            (["reconstruct", "none", "--grid", "g.png"], 1, ["none"]), (["traverse", "none"], 64, ["--grid"]),
        ] as [([String], Int32, [String])])
    func arguments(_ arguments: [String], status: Int32, words: [String]) throws {
        try fail(arguments, status: status, words: words)
    }

    @Test func lossThatIsNoNumber() throws {
        try fail(
            ["train", "vae", "--steps", "60", "--learning-rate", "1e20", "--out", "run", "--device", "cpu"],
            words: ["the loss", "step 2", "lower the learning rate"])
    }

    @Test func damagedData() throws {
        try write([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 8, 1, 2, 3], "idx/train-images-idx3-ubyte")
        try write([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1], "idx/t10k-images-idx3-ubyte")
        try fail(["train", "vae", "--data", "idx"], words: ["train-images-idx3-ubyte", "592", "19"])
        try write([0x1F, 0x8B, 8, 0, 1, 2, 3], "gz/train-images-idx3-ubyte.gz")
        try write([0x1F, 0x8B, 8, 0, 1, 2, 3], "gz/t10k-images-idx3-ubyte.gz")
        try fail(["train", "vae", "--data", "gz"], words: ["idx3-ubyte.gz"])
        try write(Array("no picture".utf8), "png/a.png")
        try write(Array("no picture".utf8), "png/b.png")
        try fail(["train", "vae", "--data", "png"], words: ["png"])
        try FileManager.default.createDirectory(atPath: "\(folder.path)/empty", withIntermediateDirectories: true)
        try fail(["train", "vae", "--data", "empty"], words: ["empty"])
    }

    @Test func damagedRuns() throws {
        let trained = try Tool.run(
            ["train", "vae", "--steps", "11", "--set", "hidden=16", "--out", "run", "--device", "cpu"], in: folder.path)
        #expect(trained.status == 0)
        let cpu = ["--device", "cpu"]
        try fail(["train", "vae", "--out", "run"], words: ["run", "--resume"])
        try fail(["train", "vae", "--out", "run", "--resume"] + cpu + ["--steps", "11"], words: ["11 steps"])
        let more = ["train", "vae", "--out", "run", "--resume", "--steps", "22"]
        try fail(["train", "iwae"] + more.dropFirst(2) + cpu, words: ["vae", "iwae"])
        try fail(more + ["--set", "hidden=17"], words: ["hidden", "16", "17"])
        try fail(more + ["--batch-size", "17"], words: ["128", "17"])
        try fail(more + ["--seed", "1"], words: ["seed"])
        try fail(["evaluate", "run", "--importance-samples", "5001"], words: ["5000"])
        try fail(["evaluate", "run", "--per-example", "no/such/folder.csv"] + cpu, words: ["no/such/folder.csv"])
        try fail(["sample", "run", "--count", "0"], words: ["--count"])
        try fail(["sample", "run", "--grid", "no/such/folder.png"] + cpu, words: ["no/such/folder.png"])
        try write([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1], "other/train-images-idx3-ubyte")
        try write([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1], "other/t10k-images-idx3-ubyte")
        try fail(["evaluate", "run", "--data", "other"] + cpu, words: ["8x8x1", "1x1x1"])

        let model = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/run/model.safetensors"))
        try write(model.dropLast(100), "run/model.safetensors")
        try fail(["sample", "run"] + cpu, words: ["model.safetensors", "\(model.count)", "\(model.count - 100)"])
        try write([0xFF] + model.dropFirst(), "run/model.safetensors")
        try fail(["sample", "run"] + cpu, words: ["model.safetensors"])
        let optimizer = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/run/optimizer.safetensors"))
        try write(optimizer.dropLast(100), "run/optimizer.safetensors")
        try fail(more + cpu, words: ["optimizer.safetensors"])
        try write(Array("{}".utf8), "run/config.json")
        try fail(["sample", "run"] + cpu, words: ["config.json"])
    }
}
