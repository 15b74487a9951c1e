import Foundation
import Tessera
import Testing

/// The games through the program: from training to the figures of generated images.
@Suite("Adversarial models", .serialized)
struct AdversarialTests {
    private let folder: TemporaryFolder
    /// For the classifier that an evaluation trains.
    private let cache: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        cache = try TemporaryFolder()
    }

    private func run(_ arguments: [String]) throws -> Tool.Result {
        // A film is put together without a device.
        let device = arguments[0] == "film" ? [] : ["--device", "cpu"]
        return try Tool.run(
            arguments + device, in: folder.path, environment: ["TESSERA_CACHE_DIR": cache.path])
    }

    private func succeed(_ arguments: String...) throws -> Tool.Result {
        let result = try run(arguments)
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        return result
    }

    private func fail(_ arguments: String..., words: [String]) throws {
        let before = folder.contents
        let result = try run(arguments)
        #expect(result.status == 1 && result.errorLines.count == 1, "\(arguments): \(result.errors)")
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(folder.contents == before)
    }

    private func picture(_ name: String) throws -> PNGImage { try PNGImage(contentsOf: "\(folder.path)/\(name)") }

    @Test("train, sample, interpolate, traverse, evaluate")
    func allCommands() throws {
        let lines = try succeed(
            "train", "dcgan", "--steps", "3", "--batch-size", "32", "--out", "run", "--json", "--set", "channels=4",
            "--set", "latent=3", "--set", "classes=10", "--set", "noise=0.1"
        ).json()
        let done = try #require(lines.last)
        #expect(done["event"] as? String == "done" && done["steps"] as? Int == 3)
        for name in ["discriminator_loss", "generator_loss", "real_score", "fake_score"] {
            let steps = lines.filter { $0["event"] as? String == "epoch" }
            #expect(steps.last?[name] is Double, "\(name)")
        }
        for file in ["config.json", "metrics.jsonl", "model.safetensors", "optimizer.safetensors", "loss.png"] {
            #expect(folder.contents.contains("run/\(file)"), "\(file)")
        }
        #expect(folder.contents.contains("run/samples/epoch-0001.png"))

        _ = try succeed("sample", "run", "--count", "12", "--seed", "4", "--grid", "turn.png")
        _ = try succeed("sample", "run", "--count", "12", "--seed", "4", "--class", "3", "--grid", "three.png")
        _ = try succeed("sample", "run", "--count", "12", "--seed", "4", "--class", "3", "--grid", "again.png")
        #expect(try picture("turn.png").shape == picture("three.png").shape)
        #expect(try picture("turn.png") != picture("three.png") && picture("three.png") == picture("again.png"))
        _ = try succeed("interpolate", "run", "--seed", "1", "--grid", "i.png")
        _ = try succeed("traverse", "run", "--grid", "t.png")
        for (name, columns, rows) in [("i.png", 10, 8), ("t.png", 11, 3)] {
            #expect(try picture(name).shape == ImageShape(height: rows * 66 + 2, width: columns * 66 + 2, channels: 1))
        }

        let line = try #require(try succeed("evaluate", "run", "--json").json().last)
        for name in ["fid", "fid_floor", "kid", "kid_error", "kid_floor", "class_accuracy", "diversity"] {
            #expect((line[name] as? Double)?.isFinite == true, "\(name)")
            // The last evaluation of training was of the same images.
            #expect(line[name] as? Double == done[name] as? Double, "\(name)")
        }
        #expect(line["count"] as? Int == 297 && line["nats"] == nil && line["loss"] == nil)
        #expect((line["measure"] as? String)?.contains("not Inception") == true)
        let text = try succeed("evaluate", "run").output
        #expect(text.contains("297 generated images: fid ") && text.contains("fid and kid: "))

        try fail("reconstruct", "run", "--grid", "r.png", words: ["dcgan cannot reconstruct images"])
        try fail("evaluate", "run", "--importance-samples", "5", words: ["dcgan cannot be evaluated"])
        try fail("evaluate", "run", "--per-example", "e.csv", words: ["dcgan cannot be evaluated"])
        try fail("sample", "run", "--class", "10", "--grid", "s.png", words: ["class", "0 to 9", "10"])
        try fail("sample", "run", "--temperature", "0.5", "--grid", "s.png", words: ["--temperature"])
    }

    @Test("a film of the epochs, and a run that goes on")
    func film() throws {
        let settings = ["--set", "hidden=8", "--set", "latent=2"]
        func train(_ steps: String, _ more: [String]) throws {
            let result = try run(["train", "gan", "--steps", steps, "--out", "run"] + more)
            #expect(result.status == 0, "\(result.errors)")
        }
        try train("11", settings)
        try fail("film", "run", "--grid", "film.png", words: ["run", "second picture"])
        try train("22", ["--resume"])
        try train("33", ["--resume"])
        #expect(folder.contents.contains("run/film.png"))
        #expect(try succeed("film", "run", "--grid", "film.png").output.hasPrefix("3 epochs: "))
        #expect(try picture("film.png") == picture("run/film.png"))
        // The first rows of the epochs' pictures, one below the other.
        let strip = try picture("film.png")
        #expect(strip.shape == ImageShape(height: 3 * 66 + 2, width: 8 * 66 + 2, channels: 1))
        let row = 66 * strip.shape.width
        for epoch in 1...3 {
            let whole = try picture("run/samples/epoch-000\(epoch).png")
            #expect(strip.pixels[(epoch - 1) * row..<epoch * row] == whole.pixels[..<row])
        }
        #expect(try run(["film", "run", "--frames", "2", "--grid", "two.png"]).status == 0)
        #expect(try picture("two.png").pixels[row..<2 * row] == strip.pixels[2 * row..<3 * row])
        try fail("film", "run", "--frames", "1", "--grid", "one.png", words: ["--frames", "2 to 100"])
    }

    @Test(
        "wrong keys",
        arguments: [
            ("gan", "depth=3", ["depth", "penalty"]), ("dcgan", "loss=elbo", ["elbo", "non-saturating"]),
            ("dcgan", "latent=0", ["latent", "65536"]), ("wgan-gp", "normalization=batch", ["penalty", "batch"]),
            ("wgan", "clip=-1", ["clip", "-1"]), ("gan", "smoothing=1", ["smoothing"]),
            ("gan", "steps=0", ["steps", "1000"]), ("gan", "optimizer=sgd", ["adam|rmsprop"]),
        ] as [(String, String, [String])])
    func wrongKeys(model: String, setting: String, words: [String]) throws {
        try fail("train", model, "--steps", "1", "--set", setting, words: words)
    }

    @Test("points: modes are counted and drawn")
    func points() throws {
        let small = ["--steps", "20", "--hidden", "8", "--layers", "1", "--batch-size", "32"]
        let result = try run(["points", "hinge", "--modes", "ring", "--plot", "p.png", "--json"] + small)
        #expect(result.status == 0, "\(result.errors)")
        let done = try #require(try result.json().last)
        #expect(done["event"] as? String == "done" && done["steps"] as? Int == 20)
        for name in ["covered_modes", "share_within_3_sigma", "mode_kl_divergence"] {
            #expect((done[name] as? Double)?.isFinite == true, "\(name)")
        }
        #expect(try picture("p.png").shape == ImageShape(height: 640, width: 640, channels: 3))
        try fail("points", "wgan-gp", "--hidden", "0", words: ["--hidden", "8192"])
        try fail("points", "wgan-gp", "--steps", "0", words: ["steps"])
        #expect(try run(["points", "elbo"]).status != 0)
    }

    @Test("training that diverges is told in one line, with what may help")
    func divergence() throws {
        let words = ["'s loss is infinite", "lower the learning rate"]
        try fail(
            "train", "gan", "--steps", "20", "--learning-rate", "1e20", "--out", "run", "--set", "hidden=8", "--set",
            "loss=least-squares", words: words)
    }
}
