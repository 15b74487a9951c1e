import Datasets
import Foundation

/// The record of a run, `metrics.jsonl`: a line of JSON for each report, appended as it comes.
struct MetricsFile {
    let path: String

    init(_ path: String) { self.path = path }

    /// - Throws: `DatasetError.cannotWrite`.
    func append(_ line: JSONLine) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw DatasetError.cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        // One write a line: a line is there whole or not at all.
        let bytes = Array("\(line)\n".utf8)
        let written = write(descriptor, bytes, bytes.count)
        guard written == bytes.count else {
            let reason = written < 0 ? String(cString: strerror(errno)) : "no space left"
            throw DatasetError.cannotWrite(path: path, reason: reason)
        }
    }

    /// The lines that are sound JSON objects, as text and as values; none if there is no file.
    private func lines() -> [(text: String, members: [String: Any])] {
        guard let contents = FileManager.default.contents(atPath: path) else { return [] }
        return String(decoding: contents, as: UTF8.self).split(separator: "\n").compactMap { line in
            guard let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                return nil
            }
            return (String(line), value)
        }
    }

    /// Takes away what was reported after a step, and lines cut short: a resumed run reports it anew.
    /// - Throws: `DatasetError.cannotWrite`.
    func removeAfter(step: Int) throws {
        let kept = lines().filter { ($0.members["step"] as? Int).map { $0 <= step } ?? true }
        try AtomicFile.write(Array(kept.map { $0.text + "\n" }.joined().utf8), to: path)
    }

    /// Draws the losses over the steps: of training, and on the test images; those of a game's two networks.
    /// - Throws: `DatasetError`.
    func plot(to picture: String, title: String) throws {
        let lines = lines()
        func points(_ event: String, _ name: String) -> [(x: Double, y: Double)] {
            lines.filter { $0.members["event"] as? String == event }.compactMap { line in
                guard let x = line.members["step"] as? Double, let y = line.members[name] as? Double else {
                    return nil
                }
                return (x, y)
            }
        }
        let curves = [
            ("training", "step", "loss"), ("test", "evaluation", "loss"),
            ("discriminator", "step", "discriminator_loss"), ("generator", "step", "generator_loss"),
        ]
        let series = curves.map { PlotSeries(name: $0.0, points: points($0.1, $0.2)) }
        let isGame = !series[2].points.isEmpty
        try LinePlot(
            title: "\(title): loss", xLabel: "step", yLabel: "loss", series: Array(isGame ? series[2...] : series[..<2])
        ).write(to: picture)
    }
}
