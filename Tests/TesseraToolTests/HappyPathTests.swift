import Foundation
import Tessera
import Testing

/// Each command on a small run: train, sample, evaluate, reconstruct, interpolate, traverse.
@Suite("The program at work", .serialized)
struct HappyPathTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func succeed(_ arguments: String..., environment: [String: String] = [:]) throws -> Tool.Result {
        let result = try Tool.run(arguments, in: folder.path, environment: environment)
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        #expect(result.errorLines.isEmpty)
        return result
    }

    private func picture(_ name: String) throws -> PNGImage { try PNGImage(contentsOf: "\(folder.path)/\(name)") }

    private func expectFigures(_ line: [String: Any]) {
        for name in ["nats", "bits_per_dim", "elbo", "reconstruction", "kl", "examples_per_second", "seconds"] {
            #expect((line[name] as? Double)?.isFinite == true, "\(name)")
        }
        #expect((line["peak_memory_bytes"] as? Int ?? 0) > 0)
        #expect((line["device"] as? String)?.isEmpty == false)
    }

    @Test("from train to traverse", arguments: ["vae", "conv-vae", "iwae", "autoencoder"])
    func allCommands(model: String) throws {
        let small = model == "conv-vae" ? ["--set", "channels=4"] : ["--set", "hidden=32"]
        let trained = try Tool.run(
            [
                "train", model, "--data", "digits", "--device", "cpu", "--steps", "25", "--set", "latent=3", "--out",
                "run",
            ]
                + ["--batch-size", "64", "--learning-rate", "0.002", "--seed", "3", "--json"] + small, in: folder.path)
        #expect(trained.status == 0 && trained.errorLines.isEmpty)
        let lines = try trained.json()
        let done = try #require(lines.last)
        #expect(done["event"] as? String == "done")
        #expect(lines.dropLast().allSatisfy { $0["event"] as? String != "done" })
        #expect(done["steps"] as? Int == 25)
        if model != "autoencoder" { expectFigures(done) }
        for file in ["config.json", "metrics.jsonl", "model.safetensors", "optimizer.safetensors", "loss.png"] {
            #expect(folder.contents.contains("run/\(file)"), "\(file)")
        }
        #expect(folder.contents.contains("run/samples/epoch-0002.png"))

        if model != "autoencoder" {
            _ = try succeed("sample", "run", "--count", "10", "--seed", "4", "--grid", "s.png", "--device", "cpu")
            // Four columns of 64 pixels and their frames, three rows.
            #expect(try picture("s.png").shape == ImageShape(height: 3 * 66 + 2, width: 4 * 66 + 2, channels: 1))
            let plain = try succeed("sample", "run", "--json", "--device", "cpu").json()
            #expect((plain.last?["picture"] as? String).map { folder.contents.contains($0) } == true)
            let line = try #require(
                try succeed(
                    "evaluate", "run", "--importance-samples", "20", "--per-example", "e.csv", "--device", "cpu",
                    "--json"
                ).json().last)
            expectFigures(line)
            #expect(line["count"] as? Int == 297)
        }
        let evaluated = try succeed("evaluate", "run", "--split", "train", "--device", "cpu", "--json").json()
        #expect(evaluated.last?["count"] as? Int == 1500)
        for command in ["reconstruct", "interpolate", "traverse"] {
            _ = try succeed(command, "run", "--grid", "\(command).png", "--device", "cpu")
            #expect(try picture("\(command).png").pixels.max() ?? 0 > 64)
        }
    }

    @Test("the figures of each image")
    func perExample() throws {
        _ = try succeed("train", "vae", "--steps", "12", "--set", "hidden=16", "--out", "run", "--device", "cpu")
        let line = try #require(
            try succeed("evaluate", "run", "--per-example", "e.csv", "--device", "cpu", "--json").json().last)
        let rows = try String(contentsOfFile: "\(folder.path)/e.csv", encoding: .utf8).split(separator: "\n")
        #expect(rows.first == "index,bound" && rows.count == 298)
        let values = try rows.dropFirst().enumerated().map { index, row in
            let parts = row.split(separator: ",")
            #expect(Int(parts[0]) == index)
            return try #require(Double(parts[1]))
        }
        let nats = try #require(line["nats"] as? Double)
        #expect(abs(values.reduce(0, +) / 297 + nats) < 1e-6)
    }

    @Test("a resumed run ends where an uninterrupted one does")
    func resume() throws {
        func train(_ out: String, _ steps: String, _ more: String...) throws {
            let result = try Tool.run(
                ["train", "vae", "--steps", steps, "--set", "hidden=16", "--out", out, "--device", "cpu"] + more,
                in: folder.path)
            #expect(result.status == 0, "\(result.errors)")
        }
        try train("whole", "30")
        try train("parts", "14")
        try train("parts", "30", "--resume")
        for file in ["model.safetensors", "optimizer.safetensors"] {
            let (whole, parts) = ("\(folder.path)/whole/\(file)", "\(folder.path)/parts/\(file)")
            let expected = try #require(FileManager.default.contents(atPath: whole))
            #expect(FileManager.default.contents(atPath: parts) == expected)
        }
    }

    @Test("a precision is kept with the run, and is nothing to a device without faster arithmetic")
    func precision() throws {
        func train(_ out: String, steps: Int = 12, _ more: String...) throws -> Tool.Result {
            let few = ["--steps", "\(steps)", "--set", "hidden=16", "--out", out, "--device", "cpu"]
            return try Tool.run(["train", "vae"] + few + more, in: folder.path)
        }
        func contents(_ file: String) throws -> Data {
            try #require(FileManager.default.contents(atPath: "\(folder.path)/\(file)"))
        }
        func kept(_ run: String) throws -> String? {
            let object = try JSONSerialization.jsonObject(with: contents("\(run)/config.json")) as? [String: Any]
            return object?["precision"] as? String
        }
        #expect(try train("full").status == 0)
        #expect(try train("fast", "--precision", "fast").status == 0)
        #expect(try kept("full") == "full" && kept("fast") == "fast")
        #expect(try contents("fast/model.safetensors") == contents("full/model.safetensors"))
        #expect(try train("fast", steps: 14, "--resume", "--precision", "fast").status == 0)
        #expect(try train("fast", steps: 16, "--resume").status == 0)
        let other = try train("fast", steps: 18, "--resume", "--precision", "full")
        #expect(other.status != 0 && other.errors.contains("precision"))
        #expect(try train("fine", "--precision", "finest").status != 0)
        for command in ["sample", "evaluate"] {
            _ = try succeed(command, "fast", "--precision", "fastest", "--device", "cpu")
        }
    }

    @Test("lines for people")
    func plainOutput() throws {
        let result = try succeed("train", "vae", "--steps", "23", "--set", "hidden=16", "--device", "cpu")
        #expect(result.output.contains("device: "))
        #expect(result.output.contains("epoch 1/3: loss "))
        #expect(result.output.contains("run: runs/vae-digits-1"))
        #expect(!result.output.contains("\u{1B}") && !result.output.contains("\r"))
        #expect(try succeed("train", "vae", "--steps", "2", "--device", "cpu").output.contains("runs/vae-digits-2"))
    }

    @Test func devices() throws {
        let lines = try succeed("devices", "--json").json()
        let devices = lines.filter { $0["event"] as? String == "device" }
        #expect(devices.count == DeviceSelection.all.count)
        #expect(devices.last?["kind"] as? String == "cpu")
        #expect(lines.last?["event"] as? String == "done")
        #expect(try succeed("devices").output.split(separator: "\n").count == devices.count)
    }

    @Test("the doctor finds nothing wrong with the CPU device")
    func doctor() throws {
        let lines = try succeed("doctor", "--device", "cpu", "--seconds", "5", "--json").json()
        #expect(lines.first?["kind"] as? String == "cpu" && lines.first?["version"] as? String == libraryVersion)
        let speed = try #require(lines.first { $0["event"] as? String == "speed" })
        for name in ["copy_gb_per_second", "product_gflops", "arithmetic_gflops"] {
            #expect((speed[name] as? Double ?? 0) > 0.01, "\(name)")
        }
        let done = try #require(lines.last)
        #expect(done["event"] as? String == "done" && done["failed"] as? Int == 0)
        #expect((done["outputs_checked"] as? Int ?? 0) > 10)
        let text = try succeed("doctor", "--device", "cpu", "--seconds", "0.01").output
        for word in ["tessera \(libraryVersion)", "device: ", "driver", "GB/s", "GFLOP/s", "the time was up"] {
            #expect(text.contains(word), "\(word)")
        }
    }

    @Test("the environment chooses a device, the option outranks it")
    func environment() throws {
        let choice = ["TESSERA_DEVICE": "nonsense"]
        _ = try succeed("train", "vae", "--steps", "1", "--device", "cpu", environment: choice)
        #expect(try Tool.run("train", "vae", "--steps", "1", in: folder.path, environment: choice).status == 1)
    }

    @Test("the times of steps are told on request, and change nothing")
    func timesOfSteps() throws {
        func train(_ debug: String, to run: String) throws -> String {
            let result = try Tool.run(
                "train", "vae", "--data", "digits", "--device", "cpu", "--steps", "12", "--set", "hidden=16", "--out",
                run, in: folder.path, environment: ["TESSERA_DEBUG": debug])
            #expect(result.status == 0, "\(result.errors)")
            return result.errors
        }
        let texts = [try train("", to: "plain"), try train("times", to: "timed")]
        #expect(!texts[0].contains("GFLOP/s"))
        // The training step alone has run often enough.
        #expect(texts[1].components(separatedBy: "GFLOP/s").count == 2 && texts[1].contains(" us in all"))
        let files = try ["plain", "timed"].map {
            try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\($0)/model.safetensors"))
        }
        #expect(files[0] == files[1])
    }

    @Test func help() throws {
        let train = try succeed("train", "--help").output
        let devices = try succeed("--help").output
        for entry in ModelCatalog.entries {
            #expect(train.contains("  \(entry.name) "))
            let keys = try succeed("train", entry.name, "--help").output
            for option in entry.options { #expect(keys.contains("\(option.key)=\(option.defaultValue)")) }
        }
        for command in ["devices", "train", "sample", "evaluate", "reconstruct", "interpolate", "traverse"] {
            #expect(devices.contains("  \(command) "))
        }
    }

    @Test("a folder of IDX files or of PNGs is recognised")
    func folders() throws {
        let digits = try DatasetCatalog.load("digits").train
        for part in ["train", "test"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/png/\(part)", withIntermediateDirectories: true)
            for number in 0..<20 {
                let pixels = digits.pixels[number * 64..<number * 64 + 64].map { $0 * 15 }
                try PNGImage(shape: digits.shape, pixels: pixels).write(to: "\(folder.path)/png/\(part)/\(number).png")
            }
        }
        _ = try succeed(
            "train", "vae", "--data", "png", "--steps", "2", "--batch-size", "5", "--out", "a", "--device", "cpu")
        try FileManager.default.createDirectory(atPath: "\(folder.path)/idx", withIntermediateDirectories: true)
        for (name, count) in [("train", 20), ("t10k", 10)] {
            let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, 8, 0, 0, 0, 8]
            let bytes = header + digits.pixels[..<(count * 64)].map { $0 * 15 }
            try AtomicFile.write(bytes, to: "\(folder.path)/idx/\(name)-images-idx3-ubyte")
        }
        _ = try succeed(
            "train", "vae", "--data", "idx", "--steps", "2", "--batch-size", "5", "--out", "b", "--device", "cpu")
        // A run finds its data again from any folder.
        let other = try TemporaryFolder()
        let result = try Tool.run("evaluate", "\(folder.path)/b", "--device", "cpu", "--json", in: other.path)
        #expect(try result.json().last?["count"] as? Int == 10)
    }
}
