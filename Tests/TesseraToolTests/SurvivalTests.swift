import Foundation
import Tessera
import Testing

/// Nothing is lost: a run that is killed, told to end, or cannot write goes on from its last checkpoint, and ends with
/// the bits of a run that nobody interrupted. `Scripts/check-survival` kills more often.
@Suite("Survival", .serialized)
struct SurvivalTests {
    private let folder: TemporaryFolder
    /// For the classifier that evaluations of a game train.
    private let cache: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        cache = try TemporaryFolder()
    }

    /// Small models with one optimizer and with two.
    private static let models = [
        ["vae", "--set", "hidden=16", "--set", "latent=3"], ["gan", "--set", "hidden=8", "--set", "latent=2"],
    ]

    private func train(
        _ model: [String], _ out: String, _ more: [String],
        whileRunning: (Process, () -> String) throws -> Void = { _, _ in }
    ) throws -> Tool.Result {
        try Tool.run(
            ["train"] + model + ["--out", out, "--device", "cpu", "--batch-size", "100"] + more, in: folder.path,
            environment: ["TESSERA_CACHE_DIR": cache.path], whileRunning: whileRunning)
    }

    private func contents(_ name: String) throws -> Data {
        try #require(FileManager.default.contents(atPath: "\(folder.path)/\(name)"), "\(name)")
    }

    private func expectEqual(_ run: String, _ other: String, _ note: String = "") throws {
        for file in ["model.safetensors", "optimizer.safetensors", "best.safetensors"] {
            #expect(try contents("\(run)/\(file)") == contents("\(other)/\(file)"), "\(file) \(note)")
        }
    }

    private var temporaryFiles: [String] { folder.contents.filter { $0.hasSuffix(".tmp") } }

    @Test("kill -9 at any moment", arguments: models)
    func killed(model: [String]) throws {
        let length = ["--steps", "90", "--checkpoint-steps", "15"]
        _ = try train(model, "warm", ["--steps", "1"])
        let start = ContinuousClock.now
        #expect(try train(model, "whole", length).status == 0)
        let duration = start.duration(to: .now) / Duration.milliseconds(1)
        for trial in 1...3 {
            let out = "killed-\(trial)"
            let moment = Double.random(in: 0..<duration)
            let killed = try train(model, out, length) { process, _ in
                usleep(UInt32(moment * 1000))
                kill(process.processIdentifier, SIGKILL)
            }
            let note = "killed after \(moment) of \(duration) ms"
            #expect(killed.status == SIGKILL || killed.status == 0, "\(note)")
            let hasBegun = FileManager.default.fileExists(atPath: "\(folder.path)/\(out)/config.json")
            let resumed = try train(model, out, length + (hasBegun ? ["--resume"] : []))
            #expect(resumed.status == 0 || resumed.errors.contains("90 steps already"), "\(note): \(resumed.errors)")
            try expectEqual(out, "whole", note)
            #expect(temporaryFiles.isEmpty)
        }
    }

    @Test(
        "a signal ends training with a checkpoint, from which it goes on to the bit", arguments: models,
        [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func signals(model: [String], signal: (number: Int32, status: Int32)) throws {
        let endless = ["--steps", "100000", "--checkpoint-steps", "50000", "--json"]
        let stopped = try train(model, "parts", endless) { process, output in
            while process.isRunning, !output().contains(#""event": "step""#) { usleep(1000) }
            kill(process.processIdentifier, signal.number)
        }
        #expect(stopped.status == signal.status)
        let last = try #require(try stopped.json().last)
        #expect(last["event"] as? String == "stopped")
        let step = try #require(last["step"] as? Int)
        #expect(step > 0 && step < 100_000)
        #expect(stopped.errorLines.count == 1)
        #expect(stopped.errors.contains("stopped at step \(step) of 100000") && stopped.errors.contains("--resume"))
        let model = model
        let length = ["--steps", "\(step + 7)", "--checkpoint-steps", "50000"]
        #expect(try train(model, "parts", length + ["--resume"]).status == 0)
        #expect(try train(model, "whole", length).status == 0)
        try expectEqual("parts", "whole")
    }

    @Test("a second signal ends the program at once")
    func secondSignal() throws {
        // Steps of a second or more.
        let slow = ["vae", "--set", "hidden=2000", "--set", "layers=2", "--batch-size", "1500", "--json"]
        let result = try Tool.run(
            ["train"] + slow + ["--out", "run", "--device", "cpu"], in: folder.path
        ) { process, output in
            while process.isRunning, !output().contains(#""event": "began""#) { usleep(1000) }
            kill(process.processIdentifier, SIGINT)
            usleep(50_000)
            kill(process.processIdentifier, SIGINT)
        }
        #expect(result.status == 130)
        #expect(!result.output.contains("stopped") && !result.errors.contains("stopped"))
        #expect(!folder.contents.contains("run/optimizer.safetensors"))
        #expect(folder.contents.contains("run/config.json"))
    }

    @Test("a run that was cut off before its first checkpoint begins anew, from where it started")
    func beforeTheFirstCheckpoint() throws {
        let model = Self.models[0]
        #expect(try train(model, "first", ["--steps", "5", "--seed", "9"]).status == 0)
        let start = ["--from", "first", "--seed", "4"]
        let endless = ["--steps", "100000", "--checkpoint-steps", "100000"]
        let killed = try train(model, "killed", start + endless) { process, _ in
            let config = "\(folder.path)/killed/config.json"
            while process.isRunning, !FileManager.default.fileExists(atPath: config) { usleep(100) }
            kill(process.processIdentifier, SIGKILL)
        }
        #expect(killed.status == SIGKILL)
        #expect(!folder.contents.contains("killed/optimizer.safetensors"))
        let resumed = try train(model, "killed", ["--steps", "20", "--resume"])
        #expect(resumed.status == 0 && resumed.errors.contains("no checkpoint yet"))
        #expect(try train(model, "whole", start + ["--steps", "20"]).status == 0)
        #expect(try contents("killed/model.safetensors") == contents("whole/model.safetensors"))
        #expect(try train(model, "fresh", ["--steps", "20", "--seed", "4"]).status == 0)
        #expect(try contents("killed/model.safetensors") != contents("fresh/model.safetensors"))
    }

    @Test("a damaged checkpoint gives way to the one before it", arguments: models)
    func damaged(model: [String]) throws {
        #expect(try train(model, "whole", ["--steps", "45"]).status == 0)
        #expect(try train(model, "parts", ["--steps", "15"]).status == 0)
        #expect(try train(model, "parts", ["--steps", "30", "--resume"]).status == 0)
        #expect(folder.contents.contains("parts/optimizer-1.safetensors"))
        let newest = try contents("parts/optimizer.safetensors")
        // Half of it is zeros, as after a loss of power: the size is right.
        let torn = newest.prefix(newest.count / 2) + Data(count: newest.count - newest.count / 2)
        try torn.write(to: URL(fileURLWithPath: "\(folder.path)/parts/optimizer.safetensors"))
        let resumed = try train(model, "parts", ["--steps", "45", "--resume"])
        #expect(resumed.status == 0)
        let warnings = resumed.errorLines.filter { $0.hasPrefix("warning: ") && $0.contains("optimizer.safetensors") }
        #expect(warnings.count == 1 && warnings[0].contains("that of step 15"), "\(resumed.errors)")
        try expectEqual("parts", "whole")
        #expect(try contents("parts/optimizer.safetensors.damaged") == torn)
    }

    // MARK: - No room, and no permission

    /// Trains a run, tries to go on with it in a shell that is hampered, and expects one line, another status than 0, and
    /// files as they were; then goes on unhampered.
    ///
    /// - Parameter shell: text in which `"$@"` is the program with its arguments.
    private func hampered(_ model: [String], by shell: String, words: [String]) throws {
        let model = [model[0], "--set", model[0] == "vae" ? "hidden=64" : "hidden=128"]
        #expect(try train(model, "run", ["--steps", "15"]).status == 0)
        #expect(try train(model, "whole", ["--steps", "30"]).status == 0)
        let files = ["optimizer.safetensors", "model.safetensors", "best.safetensors"]
        let before = try files.map { try contents("run/\($0)") }
        let tool = try #require(Tool.path)
        let arguments = ["train"] + model + ["--out", "run", "--resume", "--steps", "30", "--device", "cpu"]
        let result = try Tool.run(
            ["-c", shell, "sh", tool] + arguments, in: folder.path, environment: ["TESSERA_CACHE_DIR": cache.path],
            program: "/bin/sh")
        #expect(result.status == 1)
        // A game may warn that its images are all alike.
        let errors = result.errorLines.filter { !$0.hasPrefix("warning: ") }
        #expect(errors.count == 1 && errors.allSatisfy { $0.hasPrefix("error: ") }, "\(result.errors)")
        for word in words { #expect(errors.first?.contains(word) == true, "\(word): \(result.errors)") }
        #expect(try files.map { try contents("run/\($0)") } == before)
        #expect(temporaryFiles.isEmpty)
        let resumed = try train(model, "run", ["--steps", "30", "--resume"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        try expectEqual("run", "whole")
    }

    @Test("a checkpoint that is too large for the limit on files", arguments: models)
    func fileSizeLimit(model: [String]) throws {
        try hampered(
            model, by: #"ulimit -f 16; exec "$@""#,
            words: ["File too large", "safetensors", "step 15", "--resume"])
    }

    private static let canMount =
        (try? Tool.run(["-c", "unshare -rm true"], in: "/", program: "/bin/sh").status) == 0

    @Test(
        "a full disk", .enabled(if: canMount, "this system does not let tests mount a file system"), arguments: models)
    func fullDisk(model: [String]) throws {
        // The run is copied to a disk that has no room for another checkpoint, and back.
        try hampered(
            model,
            by: """
                unshare -rm sh -c '
                mkdir disk && mount -t tmpfs -o size=$(($(du -s -B1 run | cut -f1) + 40960)) none disk &&
                cp -r run/. disk && mkdir bound && mount --bind run bound && mount --bind disk run || exit 99
                "$@"; status=$?; rm -rf bound/* && cp -r run/. bound && exit $status' sh "$@"; status=$?
                rmdir disk bound; exit $status
                """, words: ["No space left on device", "step 15", "--resume"])
    }

    @Test(
        "a read-only folder", .enabled(if: canMount, "this system does not let tests mount a file system"),
        arguments: models)
    func readOnlyFolder(model: [String]) throws {
        try hampered(
            model,
            by: """
                exec unshare -rm sh -c 'mount --bind run run && mount -o remount,bind,ro run && exec "$@"' sh "$@"
                """, words: ["run/metrics.jsonl", "Read-only file system"])
    }

    @Test("a folder that cannot be made, and an output that is full")
    func noFolder() throws {
        let model = Self.models[0]
        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/file"))
        let before = folder.contents
        let result = try train(model, "file/run", ["--steps", "3"])
        #expect(result.status == 1 && result.errorLines.count == 1 && result.errors.contains("file/run"))
        #expect(folder.contents == before)
        // What the program tells cannot be written; what it keeps can.
        let full = try Tool.run(
            ["-c", #""$@" > /dev/full"#, "sh", try #require(Tool.path), "train"] + model
                + ["--steps", "15", "--out", "run", "--device", "cpu"], in: folder.path, program: "/bin/sh")
        #expect(full.status == 1 && full.errors.contains("output could not be written"))
        #expect(full.errorLines.count == 1)
        #expect(folder.contents.contains("run/model.safetensors"))
    }
}
