import Foundation
import Tessera
import Testing

/// What the program tells about itself.
@Suite("Help")
struct HelpTests {
    private func output(_ arguments: String...) throws -> String {
        let result = try Tool.run(arguments, in: "/")
        #expect(result.status == 0 && result.errors.isEmpty, "\(arguments): \(result.errors)")
        return result.output
    }

    /// The commands that the program lists.
    private func commands() throws -> [String] {
        let lines = try output("--help").split(separator: "\n", omittingEmptySubsequences: false)
        let list = lines.drop { !$0.hasPrefix("SUBCOMMANDS:") }.dropFirst().prefix { !$0.isEmpty }
        // Further lines of a description are indented more.
        return list.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    @Test("each command says how it is used and what each of its options does")
    func everyCommand() throws {
        let commands = try commands()
        #expect(commands.count >= 12 && commands.contains("train") && commands.contains("doctor"))
        for command in commands {
            for flag in ["--help", "-h"] {
                let text = try output(command, flag)
                #expect(text.contains("OVERVIEW: ") && text.contains("USAGE: tessera \(command)"), "\(text)")
            }
            let lines = try output(command, "--help").split(separator: "\n").map(String.init)
            for (line, next) in zip(lines, lines.dropFirst() + [""])
            where line.hasPrefix("  -") || line.hasPrefix("  <") {
                // The text begins in column 26, or below.
                let hasText = line.count > 26 || next.hasPrefix("        ")
                #expect(hasText, "\(command): \(line)")
                // Nothing is asked for twice.
                #expect(lines.count { $0 == line } == 1, "\(command): \(line)")
            }
        }
        #expect(try output("help", "train").contains("USAGE: tessera train"))
        #expect(try output("--version") == "\(libraryVersion)\n")
    }

    @Test("completions for shells", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let script = try output("--generate-completion-script", shell)
        for word in try commands() + ["--checkpoint-steps", "--tensorboard", "--device"] {
            // Fish has the names of options without dashes.
            #expect(script.contains(shell == "fish" ? word.replacingOccurrences(of: "--", with: "") : word), "\(word)")
        }
        guard shell == "bash" else { return }
        let folder = try TemporaryFolder()
        try AtomicFile.write(Array(script.utf8), to: "\(folder.path)/tessera.bash")
        // What the shell would offer after "tessera tra".
        let asked = """
            source tessera.bash; COMP_WORDS=(tessera tra); COMP_CWORD=1; COMP_LINE='tessera tra'; COMP_POINT=11
            _tessera tessera tra tessera; echo "${COMPREPLY[@]}"
            """
        let result = try Tool.run(["-c", asked], in: folder.path, program: "/bin/bash")
        #expect(result.output.contains("train") && result.output.contains("traverse"), "\(result.errors)")
        #expect(!result.output.contains("sample"))
    }
}
