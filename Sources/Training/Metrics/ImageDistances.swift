/// How far some images are from real ones, and of how many images that was measured.
public struct ImageDistances: Sendable {
    /// The number of images measured: the FID depends on it, so compare figures of equal counts.
    public let count: Int
    /// The Fréchet distance of the features (`FrechetDistance`).
    public let fid: Double
    /// The kernel distance of the features (`KernelDistance`), which may be below zero.
    public let kid: Double
    /// Its standard error.
    public let kidError: Double
    /// How many of the images are taken for each class: one class far ahead, or some that are missing, tell of modes
    /// that were dropped.
    public let classCounts: [Int]
}
