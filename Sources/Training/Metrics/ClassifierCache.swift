import ComputeOpenCL
import Datasets
import Foundation
import Layers

/// Weights of classifiers on disk, so that a classifier is trained once on a machine and figures stay comparable.
///
/// The folder is `classifiers` in that of compiled programs: `$TESSERA_CACHE_DIR`, `$XDG_CACHE_HOME/tessera` or
/// `~/.cache/tessera`, the first that is set. A file is named after the SHA-256 of everything that decides the weights
/// but the device: recipe, images, labels. A file that is damaged or another's is not read, and is replaced; where
/// nothing can be written, nothing is kept.
package struct ClassifierCache: Sendable {
    private static let checksumName = "sha256"
    private static let keyName = "key"

    /// Where files are kept; nil for nowhere.
    let folder: String?

    package init(folder: String?) { self.folder = folder }

    package static var standard: ClassifierCache {
        ClassifierCache(folder: ProgramCache.standardFolder.map { $0 + "/classifiers" })
    }

    /// What names the classifier of these images with these labels.
    package func key(_ set: ImageDataset, labels: [UInt8], recipe: String) -> String {
        let description = "\(recipe) \(set.shape) \(set.levels) levels \(set.count) images"
        let all = Array(description.utf8) + SHA256.hash(set.pixels) + SHA256.hash(labels)
        return SHA256.hexadecimal(SHA256.hash(all))
    }

    private func path(_ key: String) -> String? { folder.map { "\($0)/\(key).safetensors" } }

    /// Fills a store from the file of a key.
    /// - Returns: whether there is one, whole and of that key.
    func read(_ key: String, into store: ParameterStore) -> Bool {
        guard let path = path(key), let file = try? Safetensors(contentsOf: path),
            file.metadata[Self.keyName] == key,
            file.metadata[Self.checksumName] == Self.checksum(file.tensors)
        else { return false }
        return (try? store.load(file.byName.mapValues { ($0.shape, $0.values) }, path: path)) != nil
    }

    /// Writes the weights of a store; does nothing where it cannot.
    func write(_ weights: Safetensors, as key: String) {
        guard let folder, let path = path(key) else { return }
        // For this user alone, as the compiled programs are.
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var file = weights
        file.metadata = [Self.keyName: key, Self.checksumName: Self.checksum(weights.tensors)]
        try? file.write(to: path)
    }

    /// The SHA-256 of names and values, in the order of the file.
    static func checksum(_ tensors: [Safetensors.Tensor]) -> String {
        var bytes: [UInt8] = []
        for tensor in tensors {
            bytes += "\(tensor.name) \(tensor.shape) ".utf8
            tensor.withBytes { bytes += $0 }
        }
        return SHA256.hexadecimal(SHA256.hash(bytes))
    }
}
