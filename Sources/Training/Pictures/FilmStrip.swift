import Datasets
import Foundation

/// How a model's images became what they are: the first row of the pictures that its training left, from the first epoch
/// at the top to the last. The codes of these images are the same in all of them.
public enum FilmStrip {
    /// Puts the strip together and writes it.
    ///
    /// - Parameters:
    ///   - run: whose `samples` folder holds the pictures.
    ///   - shape: of one image.
    ///   - frames: pictures to take, evenly spread, the first and the last among them; fewer where there are fewer.
    /// - Returns: how many were taken.
    /// - Throws: `TrainingError.noRun` where there are fewer than two pictures; `DatasetError` for pictures of another
    ///   size, and where the strip cannot be written.
    @discardableResult
    public static func write(of run: RunFolder, shape: ImageShape, frames: Int = 12, to path: String) throws -> Int {
        let names = pictures(of: run)
        guard names.count >= 2, frames >= 2 else {
            throw TrainingError.noRun(path: run.path, missing: "second picture in samples/ (or --frames of 2 or more)")
        }
        let taken = min(frames, names.count)
        let chosen = (0..<taken).map { names[$0 * (names.count - 1) / (taken - 1)] }
        var pixels: [UInt8] = []
        var strip: ImageShape?
        var padding: ArraySlice<UInt8> = []
        for name in chosen {
            let picture = try PNGImage(contentsOf: "\(run.samples)/\(name)", channels: shape.channels)
            let row = ImageGrid.rowHeight(of: shape)
            let wanted = strip ?? picture.shape
            guard picture.shape.width == wanted.width, picture.shape.height > row else {
                throw DatasetError.shapeMismatch(
                    path: "\(run.samples)/\(name)", expected: wanted, found: picture.shape)
            }
            strip = wanted
            let line = picture.shape.width * picture.shape.channels
            pixels += picture.pixels[..<(row * line)]
            padding = picture.pixels[..<(ImageGrid.defaultPadding * line)]
        }
        guard let strip else { return 0 }
        pixels += padding
        let whole = ImageShape(
            height: taken * ImageGrid.rowHeight(of: shape) + ImageGrid.defaultPadding, width: strip.width,
            channels: strip.channels)
        try PNGImage(shape: whole, pixels: pixels).write(to: path)
        return taken
    }

    /// The names of a run's pictures, in the order of the epochs.
    static func pictures(of run: RunFolder) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: run.samples)) ?? [])
            .filter { $0.hasPrefix("epoch-") && $0.hasSuffix(".png") }
            // Numbers of more than four digits are longer.
            .sorted { ($0.count, $0) < ($1.count, $1) }
    }
}
