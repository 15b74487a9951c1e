import Foundation
import Tessera
import Testing

/// The first program of the README is the one in Examples, and does what it says.
@Suite("First program")
struct FirstProgramTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let built = Tool.built("FirstProgram")

    @Test func readmeShowsIt() throws {
        let program = try String(
            contentsOfFile: "\(Self.root)/Examples/FirstProgram/Sources/FirstProgram/main.swift", encoding: .utf8)
        let readme = try String(contentsOfFile: "\(Self.root)/README.md", encoding: .utf8)
        #expect(readme.contains("```swift\n\(program)```"))
        #expect(program.split(separator: "\n", omittingEmptySubsequences: false).count < 25)
    }

    @Test(.enabled(if: built != nil, "it is a target of its own"))
    func runs() throws {
        let folder = try TemporaryFolder()
        let result = try Tool.run([], in: folder.path, environment: ["TESSERA_DEVICE": "cpu"], program: Self.built)
        #expect(
            result.status == 0 && result.errorLines.isEmpty, "status \(result.status): \(result.errors)\(result.output)"
        )
        #expect(try PNGImage(contentsOf: "\(folder.path)/digits.png").shape.width == 8 * 66 + 2)
    }
}
