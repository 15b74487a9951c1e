import Foundation
import Tessera
import Testing

/// Event files, as the real TensorBoard reads them.
@Suite("TensorBoard", .serialized)
struct TensorBoardTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func train(_ steps: String, _ more: String...) throws {
        let arguments = ["train", "vae", "--steps", steps, "--out", "run", "--device", "cpu", "--tensorboard"] + more
        let result = try Tool.run(arguments, in: folder.path)
        #expect(result.status == 0, "\(result.errors)")
    }

    private var eventFiles: [String] {
        folder.contents.filter { $0.contains("tfevents") }.sorted()
    }

    @Test(
        "scalars and images are read back",
        .enabled(if: Python.has("tensorboard"), "\(Python.why("tensorboard"))"))
    func readBack() throws {
        try train("22", "--set", "hidden=16", "--checkpoint-steps", "11")
        // What a process wrote that was killed after its last checkpoint must not be shown beside what comes anew.
        try EventFile(in: "\(folder.path)/run", firstStep: 23).add([("training/loss", 1e9)], step: 33)
        try train("44", "--resume")
        #expect(eventFiles.count == 3)
        let code = """
            import json
            from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
            events = EventAccumulator("run", size_guidance={"scalars": 0, "images": 0})
            events.Reload()
            tags = events.Tags()
            print(json.dumps({
                "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
                "images": {tag: [[e.step, e.width, e.height, e.encoded_image_string[:4].hex()]
                                 for e in events.Images(tag)] for tag in tags["images"]},
                "age": min(e.wall_time for e in events.Scalars("training/loss"))}))
            """
        let python = try Python.run(code: code, [], in: folder.path)
        #expect(python.status == 0, "\(python.errors)")
        let read = try #require(try python.json().last)
        let scalars = try #require(read["scalars"] as? [String: [[Double]]])
        // The record of the run tells the same.
        let lines = try String(contentsOfFile: "\(folder.path)/run/metrics.jsonl", encoding: .utf8)
            .split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        for (group, event) in [("training", "step"), ("test", "evaluation")] {
            for name in ["loss", "reconstruction", "kl"] {
                let told = lines.filter { $0["event"] as? String == event }.compactMap { line -> [Float]? in
                    guard let step = line["step"] as? Double, let value = line[name] as? Double else { return nil }
                    return [Float(step), Float(value)]
                }
                #expect(told.map { $0[0] } == [11, 22, 33, 44])
                #expect(scalars["\(group)/\(name)"].map { $0.map { $0.map { Float($0) } } } == told)
            }
        }
        let images = try #require((read["images"] as? [String: [[Any]]])?["images"])
        #expect(images.map { $0[0] as? Int } == [11, 22, 33, 44])
        let shape = try PNGImage.header(path: "\(folder.path)/run/samples/epoch-0004.png")
        for image in images {
            #expect(image[1] as? Int == shape.width && image[2] as? Int == shape.height)
            #expect(image[3] as? String == "89504e47")
        }
        let age = try #require(read["age"] as? Double)
        #expect(abs(age - Date().timeIntervalSince1970) < 3600)
    }

    @Test("a run without a checkpoint leaves no event file")
    func nothingIsLeft() throws {
        let result = try Tool.run(
            "train", "vae", "--steps", "60", "--learning-rate", "1e20", "--out", "run", "--tensorboard", "--device",
            "cpu", in: folder.path)
        #expect(result.status == 1)
        #expect(folder.contents.isEmpty)
    }
}
