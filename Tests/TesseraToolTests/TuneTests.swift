import Foundation
import Tessera
import Testing

@Suite("Tune", .enabled(if: DeviceSelection.all.contains { $0.info.isPoCL }))
struct TuneTests {
    @Test("steps of the models are tuned, and what wins is kept")
    func keepsWinners() throws {
        let folder = try TemporaryFolder()
        let cache = folder.path + "/cache"
        let result = try Tool.run(
            ["tune", "--device", "pocl", "--quick", "--only", "product 1x64x784x400", "--json"], in: folder.path,
            environment: ["TESSERA_CACHE_DIR": cache])
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        let lines = try result.json()
        #expect(lines.map { $0["event"] as? String } == ["device", "tuned", "done"])
        let (tuned, done) = (lines[1], lines[2])
        #expect((tuned["step"] as? String)?.hasPrefix("product 1x64x784x400 ") == true)
        #expect((tuned["default"] as? String)?.hasPrefix("matmul_cpu form 0 tile ") == true)
        #expect((tuned["candidates"] as? Int ?? 0) > 1 && tuned["wrong"] as? String == "")
        #expect((tuned["gain"] as? Double ?? 0) >= 1)
        #expect(done["steps"] as? Int == 1 && done["wrong"] as? Int == 0)
        let table = try #require(done["table"] as? String)
        #expect(table.hasPrefix(cache) && FileManager.default.fileExists(atPath: table))
    }

    @Test("a device without kernels to choose among is refused")
    func needsOpenCL() throws {
        let result = try Tool.run(["tune", "--device", "cpu"], in: "/")
        #expect(result.status == 1 && result.errorLines.count == 1)
        #expect(result.errors.contains("is not an OpenCL one"))
    }
}
