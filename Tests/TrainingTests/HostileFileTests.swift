import Datasets
import Foundation
import Testing
import Training

extension TrainingTests {
    /// Files under the names of a run's that are no files, or larger than any could be: an error at once, no waiting and no
    /// memory.
    @Suite("Hostile files")
    struct HostileFileTests {
        private let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        /// A pipe nobody writes to, a folder, and a file of a size that takes no place on the disk.
        private func hostile(_ path: String, bytes: Int) -> [(name: String, make: () throws -> Void)] {
            [
                ("a pipe", { #expect(mkfifo(path, 0o600) == 0) }),
                (
                    "a folder",
                    { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }
                ),
                (
                    "too large",
                    {
                        #expect(FileManager.default.createFile(atPath: path, contents: nil))
                        #expect(truncate(path, bytes) == 0)
                    }
                ),
            ]
        }

        @Test func configurations() throws {
            let run = RunFolder(folder.path)
            for (name, make) in hostile(run.config, bytes: 100 << 30) {
                try make()
                #expect(throws: CheckpointError.self, "\(name)") { try run.description() }
                try FileManager.default.removeItem(atPath: run.config)
            }
        }

        @Test func series() throws {
            let path = "\(folder.path)/series.csv"
            for (name, make) in hostile(path, bytes: 100 << 30) {
                try make()
                #expect(throws: DatasetError.self, "\(name)") { try Series(contentsOf: path) }
                try FileManager.default.removeItem(atPath: path)
            }
        }

        @Test func weights() throws {
            let path = "\(folder.path)/model.safetensors"
            for (name, make) in hostile(path, bytes: 100 << 30) {
                try make()
                #expect(throws: CheckpointError.self, "\(name)") { try Safetensors(contentsOf: path) }
                try FileManager.default.removeItem(atPath: path)
            }
        }
    }
}
