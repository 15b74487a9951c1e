import Datasets
import Foundation
import Testing

struct AtomicFileTests {
    private struct Failure: Error, Equatable {}

    @Test func writesAndReplaces() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        for contents in [[1, 2, 3], [], [UInt8](repeating: 7, count: 3_000_000)] {
            try AtomicFile.write(contents, to: path)
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == contents)
            #expect(try folder.names == ["file"])
        }
    }

    @Test func piecesComeInOrder() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        try AtomicFile.write(to: path) { writer in
            for number in 0..<10 { try writer.append([UInt8(number), 0]) }
        }
        let contents = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(contents == (0..<10).flatMap { [UInt8($0), 0] })
    }

    @Test func failureLeavesTheOldFileAndNothingElse() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([5], "file")
        #expect(throws: Failure()) {
            try AtomicFile.write(to: path) { writer in
                try writer.append([1, 2, 3])
                throw Failure()
            }
        }
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [5])
        #expect(try folder.names == ["file"])
    }

    @Test("the last moment before a file is replaced comes when its bytes are there, and can still refuse")
    func beforeReplacing() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([5], "file")
        #expect(throws: Failure()) {
            try AtomicFile.write(to: path, beforeReplacing: { throw Failure() }, { try $0.append([1]) })
        }
        #expect(try folder.names == ["file"])
        var sizes: [Int?] = []
        func look() throws {
            let temporary = try #require(try folder.names.first { $0.hasSuffix(".tmp") })
            for name in ["file", temporary] {
                sizes.append(FileManager.default.contents(atPath: "\(folder.path)/\(name)")?.count)
            }
        }
        try AtomicFile.write(to: path, beforeReplacing: look) { try $0.append([1, 2, 3]) }
        #expect(sizes == [1, 3])
        #expect(try folder.names == ["file"])
    }

    @Test func leftoversOfKilledWriters() throws {
        let folder = try TemporaryFolder()
        for name in [".file.1x2y.tmp", ".hidden", "file.tmp", "file"] { try folder.write([1], name) }
        AtomicFile.removeLeftovers(in: folder.path)
        #expect(try Set(folder.names) == [".hidden", "file.tmp", "file"])
        AtomicFile.removeLeftovers(in: folder.path + "/missing")
    }

    @Test func whereNothingCanBeWritten() throws {
        let folder = try TemporaryFolder()
        let missing = "\(folder.path)/missing/file"
        #expect(throws: DatasetError.cannotWrite(path: missing, reason: "No such file or directory")) {
            try AtomicFile.write([1], to: missing)
        }
        // A folder of that name, found only when the temporary file is there.
        try folder.write([1], "taken/inner")
        let taken = "\(folder.path)/taken"
        #expect(throws: DatasetError.cannotWrite(path: taken, reason: "Is a directory")) {
            try AtomicFile.write([1], to: taken)
        }
        #expect(try folder.names == ["taken"])
    }
}
