import CFuzzer
import Foundation

// tessera-fuzz READER [CORPUS] [libFuzzer's options]: Scripts/fuzz builds it with what it needs, and runs all readers.

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("error: \(message)\n".utf8))
    exit(2)
}

guard CommandLine.arguments.count >= 3, let reader = Reader(rawValue: CommandLine.arguments[1]) else {
    fail("usage: tessera-fuzz \(Reader.allCases.map(\.rawValue).joined(separator: "|")) CORPUS [options]")
}

/// What the callback works with; libFuzzer calls it from one thread.
nonisolated(unsafe) var work = (reader: reader, folder: "")

do {
    // Files of the system's memory, where there are such: inputs are written and read millions of times.
    let memory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    work.folder = "\(memory)/tessera-fuzz-\(getpid())"
    try FileManager.default.createDirectory(atPath: work.folder, withIntermediateDirectories: true)
    try reader.prepare(work.folder)
    let corpus = CommandLine.arguments[2]
    try FileManager.default.createDirectory(atPath: corpus, withIntermediateDirectories: true)
    for (number, seed) in try reader.seeds().enumerated() {
        guard try seed.withUnsafeBytes({ try reader.isSound($0, in: work.folder) }) else {
            fail("the reader does not take seed \(number)")
        }
        try Data(seed).write(to: URL(fileURLWithPath: "\(corpus)/seed-\(number)"))
    }
} catch {
    fail("\(error)")
}

// The arguments without the reader's name.
var arguments: [UnsafeMutablePointer<CChar>?] =
    ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)).map { strdup($0) } + [nil]
var count = Int32(arguments.count - 1)
let status = arguments.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress
    return LLVMFuzzerRunDriver(&count, &start) { data, size in
        do {
            try work.reader.read(UnsafeRawBufferPointer(start: data, count: size), in: work.folder)
        } catch {
            FileHandle.standardError.write(Data("not an error of the library: \(error)\n".utf8))
            abort()
        }
        return 0
    }
}
try? FileManager.default.removeItem(atPath: work.folder)
exit(status)
