import Compute
import Glibc

/// What has been found out about a device and its driver, kept beside the compiled programs: which variants of kernels
/// are the fastest, and which give wrong results.
///
/// A file is named after device, driver, platform and class of kernels, so that another driver begins with nothing. Its
/// lines begin with those four, for people. A damaged file is removed, as if there were none.
package struct DeviceRecords: Sendable {
    /// Changed whenever files of before must not be read any more.
    private static let format = "tessera-variants-1"
    private static let magic = "TSRAVAR1"
    /// Set to `off`, it leaves out all tables of winners, that of the device and the shipped ones.
    package static let environmentVariable = "TESSERA_TUNING"

    let folder: String?
    let identity: [String]

    package init(folder: String?, identity: [String]) {
        self.folder = folder
        self.identity = identity
    }

    var winnersPath: String? { path(".winners") }
    var failingPath: String? { path(".failing") }

    /// Winners by the steps' keys.
    func winners() -> [String: String] {
        var winners: [String: String] = [:]
        for line in lines(winnersPath) {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            if parts.count == 2 { winners[String(parts[0])] = String(parts[1]) }
        }
        return winners
    }

    func failing() -> Set<String> { Set(lines(failingPath).map(String.init)) }

    /// - Throws: `DeviceError.unavailable` where the file cannot be written.
    package func write(winners: [String: String]) throws(DeviceError) {
        try write(winners.map { "\($0)\t\($1)" }, to: winnersPath, what: "the table of fastest variants")
    }

    /// The same.
    func write(failing: Set<String>) throws(DeviceError) {
        try write(Array(failing), to: failingPath, what: "the list of failing variants")
    }

    private func path(_ ending: String) -> String? {
        folder.map { $0 + "/" + CacheFile.name(of: [DeviceRecords.format] + identity) + ending }
    }

    /// The lines after the head.
    private func lines(_ path: String?) -> [Substring] {
        guard let path, let bytes = CacheFile.read(path, magic: DeviceRecords.magic) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.dropFirst().filter { !$0.isEmpty }
    }

    private func write(_ lines: [String], to path: String?, what: String) throws(DeviceError) {
        let text = ([identity.joined(separator: "; ")] + lines.sorted()).joined(separator: "\n") + "\n"
        guard let folder, let path,
            CacheFile.write(Array(text.utf8), magic: DeviceRecords.magic, to: path, in: folder)
        else {
            throw .unavailable(
                what: "\(what) of \(identity.first ?? "the device")",
                reason: "it cannot be written to \(folder ?? "a folder, for there is none"): set TESSERA_CACHE_DIR to "
                    + "a folder that can be written")
        }
    }
}
