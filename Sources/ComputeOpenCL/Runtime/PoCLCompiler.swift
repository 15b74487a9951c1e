import Glibc

/// Compiles programs for PoCL in processes of their own, by `poclcc`, which comes with PoCL's development files: in one
/// process PoCL compiles one program after the other, whatever the threads.
package struct PoCLCompiler: Sendable {
    private let path: String

    package init(path: String) { self.path = path }

    /// Nil where `PATH` has no `poclcc`.
    package init?() {
        let folders = getenv("PATH").map { String(cString: $0) } ?? ""
        let paths = folders.split(separator: ":").map { String($0) + "/poclcc" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else { return nil }
        self.path = path
    }

    /// Starts to compile a program for PoCL's only device; nil where no process can be started.
    func start(_ source: String, options: String) -> Compilation? {
        var name = Array(((getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp") + "/tessera-XXXXXX").utf8CString)
        guard mkdtemp(&name) != nil else { return nil }
        let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let compilation = Compilation(folder: folder)
        guard compilation.begin(path, source, options) else {
            _ = compilation.finish()
            return nil
        }
        return compilation
    }

    /// A program that is being compiled.
    final class Compilation {
        private let folder: String
        private var process: pid_t?
        private var source: String { folder + "/program.cl" }
        private var result: String { folder + "/program.pocl" }

        fileprivate init(folder: String) { self.folder = folder }

        fileprivate func begin(_ path: String, _ text: String, _ options: String) -> Bool {
            let file = open(source, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard file >= 0 else { return false }
            let isWritten = CacheFile.write(Array(text.utf8), to: file)
            guard close(file) == 0, isWritten else { return false }

            var actions = posix_spawn_file_actions_t()
            guard posix_spawn_file_actions_init(&actions) == 0 else { return false }
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            for output in [1, 2] as [Int32] {
                posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0)
            }
            // It compiles for the first platform: the loader shall not find others.
            var arguments = ["env", path, "-d", "CL_DEVICE_TYPE_ALL", "-b", options, "-o", result, source]
            if getenv("OCL_ICD_VENDORS") == nil { arguments.insert("OCL_ICD_VENDORS=pocl.icd", at: 1) }
            var pointers = arguments.map { strdup($0) } + [nil]
            defer { for pointer in pointers { free(pointer) } }
            var started: pid_t = 0
            guard posix_spawn(&started, "/usr/bin/env", &actions, nil, &pointers, environ) == 0 else { return false }
            process = started
            return true
        }

        /// Waits for the process.
        /// - Returns: the program's binary, where there is one.
        func finish() -> [UInt8]? {
            if let process {
                while waitpid(process, nil, 0) < 0 && errno == EINTR {}
                self.process = nil
            }
            defer {
                unlink(source)
                unlink(result)
                rmdir(folder)
            }
            let file = open(result, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return nil }
            defer { close(file) }
            return CacheFile.bytes(of: file)
        }
    }
}
