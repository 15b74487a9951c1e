import Foundation
import Layers
import Tensors

/// A mixture of equally likely round Gaussians in the plane: the data of the customary toys of adversarial training.
public struct GaussianMixture: Hashable, Sendable {
    /// The centres of the modes.
    public let centers: [SIMD2<Float>]
    /// The deviation of each mode along either axis.
    public let deviation: Float

    /// 25 modes on the grid {-2, -1, 0, 1, 2}², deviation 0.05 (Azadi et al. 2019, "Discriminator rejection sampling";
    /// Turner et al. 2019). Gulrajani et al. 2017 and Lin et al. 2018 (PacGAN) set the modes twice as far apart.
    public static let grid = GaussianMixture(side: 5, spacing: 1, deviation: 0.05)

    /// 25 modes on the grid {-4, -2, 0, 2, 4}², deviation 0.05, divided by 2√2, the deviation of the whole (the code of
    /// Gulrajani et al. 2017; Lin et al. 2018 without the division): modes half as wide for their distance as `grid`'s.
    public static let wideGrid = GaussianMixture(
        side: 5, spacing: Float(0.5).squareRoot(), deviation: 0.05 / Float(8).squareRoot())

    /// 8 modes on a circle of radius 2, deviation 0.02 (Metz et al. 2017, "Unrolled generative adversarial networks";
    /// the code of Gulrajani et al. 2017 divides it by √2).
    public static let ring = GaussianMixture(modes: 8, radius: 2, deviation: 0.02)

    /// - Throws: `ModelError.badOption` without a centre, or with a deviation that is not above 0.
    public init(centers: [SIMD2<Float>], deviation: Float) throws {
        guard !centers.isEmpty else {
            throw ModelError.badOption(key: "centers", expected: "one centre or more", found: "none")
        }
        guard deviation > 0, deviation.isFinite else {
            throw ModelError.badOption(key: "deviation", expected: "a number above 0", found: "\(deviation)")
        }
        self.centers = centers
        self.deviation = deviation
    }

    private init(side: Int, spacing: Float, deviation: Float) {
        let places = (0..<side).map { (Float($0) - Float(side - 1) / 2) * spacing }
        centers = places.flatMap { x in places.map { SIMD2(x, $0) } }
        self.deviation = deviation
    }

    private init(modes: Int, radius: Float, deviation: Float) {
        centers = (0..<modes).map { mode in
            let angle = 2 * Float.pi * Float(mode) / Float(modes)
            return SIMD2(cos(angle), sin(angle)) * radius
        }
        self.deviation = deviation
    }

    /// New points, Float32 [count, 2], each of a mode drawn by chance.
    public func points(_ count: Int, random: inout RandomSource) throws -> Tensor {
        let table = try Tensor(centers.flatMap { [$0.x, $0.y] }, shape: [centers.count, 2])
        // Rounding might lead to the number of modes itself.
        let modes = try (random.uniform([count]) * Float(centers.count)).floor().minimum(
            Tensor(Float(centers.count - 1)))
        return try table.gathered(modes.cast(to: .int32)) + random.normal([count, 2]) * deviation
    }
}
