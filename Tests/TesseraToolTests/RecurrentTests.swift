import Foundation
import Tessera
import Testing

/// PixelRNNs and series of numbers through the program.
@Suite("Recurrent models", .serialized)
struct RecurrentTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) throws -> Tool.Result {
        try Tool.run(arguments + ["--device", "cpu"], in: folder.path)
    }

    private func succeed(_ arguments: [String]) throws -> Tool.Result {
        let result = try run(arguments)
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        return result
    }

    private func picture(_ name: String) throws -> PNGImage { try PNGImage(contentsOf: "\(folder.path)/\(name)") }

    @Test("train, evaluate, sample in three ways, complete", arguments: ["row-lstm", "diagonal-bilstm"])
    func pixels(model: String) throws {
        _ = try succeed(
            ["train", model, "--steps", "10", "--out", "run", "--set", "hidden=3", "--set", "layers=1"]
                + ["--set", "kernel=3", "--set", "levels=2"])
        let line = try #require(try succeed(["evaluate", "run", "--json"]).json().last)
        #expect((line["nats"] as? Double)?.isFinite == true)
        #expect((line["measure"] as? String)?.contains("exact") == true)
        for sampler in ["naive", "cached", "fixed-point"] {
            _ = try succeed(
                ["sample", "run", "--count", "4", "--seed", "5", "--sampler", sampler, "--grid", "\(sampler).png"])
        }
        #expect(try picture("naive.png") == picture("cached.png"))
        #expect(try picture("naive.png") == picture("fixed-point.png"))
        _ = try succeed(
            ["complete", "run", "--given-rows", "4", "--count", "2", "--samples", "1", "--grid", "completed.png"])
    }

    @Test("a file of numbers: predicted, continued, drawn")
    func series() throws {
        let numbers = try GeneratedSeries.cycle.series(count: 200).values
        let text = "time,value\n" + numbers.enumerated().map { "\($0.offset),\($0.element)\n" }.joined()
        try AtomicFile.write(Array(text.utf8), to: "\(folder.path)/numbers.csv")
        let small = ["--steps", "20", "--hidden", "4", "--components", "2", "--window", "8", "--batch-size", "4"]
        let lines = try succeed(
            ["sequence", "numbers.csv", "--column", "2", "--cell", "gru", "--paths", "3", "--length", "7", "--json"]
                + ["--simulation", "ways.csv", "--plot", "ways.png"] + small
        ).json()
        let done = try #require(lines.last)
        #expect(done["event"] as? String == "done" && done["test_count"] as? Int == 33)
        for name in ["test_nats", "independent_nats"] { #expect((done[name] as? Double)?.isFinite == true) }
        let rows = try String(contentsOfFile: "\(folder.path)/ways.csv", encoding: .utf8).split(separator: "\n")
        #expect(rows.count == 8 && rows[0] == "path1,path2,path3")
        #expect(rows.dropFirst().allSatisfy { $0.split(separator: ",").compactMap { Double($0) }.count == 3 })
        #expect(try picture("ways.png").shape.channels == 3)
        #expect(try succeed(["sequence", "fork"] + small).output.contains("the least possible 0.5026"))
    }

    @Test(
        "what is wrong with a series, in one line",
        arguments: [
            (["numbers.csv"], ["numbers.csv"]), (["cycle", "--hidden", "0"], ["hidden", "4096"]),
            (["cycle", "--window", "6000"], ["cycle", "6000"]), (["cycle", "--paths", "0"], ["--paths"]),
            (["cycle", "--steps", "0"], ["steps"]),
        ])
    func failures(arguments: [String], words: [String]) throws {
        let result = try run(["sequence"] + arguments)
        #expect(result.status == 1 && result.errorLines.count == 1, "\(result.errors)")
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(folder.contents.isEmpty)
    }
}
