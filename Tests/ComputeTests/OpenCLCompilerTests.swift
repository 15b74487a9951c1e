import Compute
import ComputeOpenCL
import Foundation
import Testing

/// Programs that are compiled in processes of their own: by PoCL with several processors.
@Suite(
    .enabled(if: PoCLCompiler() != nil && OpenCLFixture.isAvailable),
    .enabled(if: ProcessInfo.processInfo.activeProcessorCount > 1))
struct OpenCLCompilerTests {
    /// Enough different kernels for several programs.
    private static let cases = KernelCases.all(.cpu).filter { $0.note.hasPrefix("product") }

    /// Compiles and runs the cases on a new device, with a compiler that is a script. `$OUT` is the file to write, `$LOG` one
    /// beside the cached programs.
    private func run(_ script: String, _ check: (_ device: OpenCLDevice, _ folder: URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tessera-compiler-test-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("compiler")
        let options = "while getopts d:b:o: name; do [ $name = o ] && OUT=$OPTARG; done"
        let text = "#!/bin/sh\n\(options)\nLOG=\(folder.path)/log\n\(script)\n"
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file.path)
        let programs = folder.appendingPathComponent("programs")
        let device = try #require(OpenCLDevice.discover(shape: .cpu, cacheFolder: programs.path).devices.first)
        device.compiler = PoCLCompiler(path: file.path)
        #expect(try OpenCLFixture.mismatches(Self.cases, on: device).isEmpty)
        try check(device, folder)
    }

    private func count(_ folder: URL) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).count
    }

    @Test
    func programsAreCompiledAtOnce() throws {
        try run("echo $OUT >>$LOG\nexec poclcc \"$@\"") { device, folder in
            let log = try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8)
            let results = log.split(separator: "\n")
            // The first one is compiled here.
            #expect(try count(folder.appendingPathComponent("programs")) == results.count + 1)
            #expect(device.compiler != nil)
            #expect(!results.contains { FileManager.default.fileExists(atPath: String($0)) })
        }
    }

    @Test(arguments: ["exit 1", "echo no program >$OUT", "kill -9 $$"])
    func aCompilerThatFailsIsDoneWithout(_ script: String) throws {
        try run(script) { device, _ in #expect(device.compiler == nil) }
    }
}
