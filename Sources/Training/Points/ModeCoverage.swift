import Foundation
import Models

/// How well points stand for a mixture of Gaussians (Srivastava et al. 2017, "VEEGAN", section 4; Lin et al. 2018,
/// "PacGAN", section 4.1).
public struct ModeCoverage: Hashable, Sendable {
    /// A mode is covered if this share of its fair share of all points, or more, lie within three deviations of it.
    public static let leastShare = 0.1
    /// How far from a centre a point still belongs to it, in deviations.
    public static let reach: Float = 3

    /// Modes of the mixture.
    public let modes: Int
    /// Modes that are covered.
    public let covered: Int
    /// The share of all points that lie within three deviations of the nearest centre; of the mixture's own points it is
    /// 1 - exp(-9/2) = 0.989.
    public let shareWithin: Double
    /// The divergence KL(q | uniform), in nats, of the shares q of the points that are nearest to each centre: 0 where
    /// all modes have equal shares, the logarithm of their number where one has all. Points that are not finite have no
    /// nearest centre; it is infinite where there are no others.
    public let divergence: Double

    /// - Parameter points: x and y of one point after the other.
    public init(of points: [Float], in mixture: GaussianMixture) {
        let centers = mixture.centers
        let limit = (Self.reach * mixture.deviation) * (Self.reach * mixture.deviation)
        var nearest = [Int](repeating: 0, count: centers.count)
        var within = nearest
        for index in stride(from: 0, to: points.count - 1, by: 2) {
            let point = SIMD2(points[index], points[index + 1])
            var (mode, least) = (-1, Float.infinity)
            for (number, center) in centers.enumerated() {
                let distance = ((point - center) * (point - center)).sum()
                if distance < least { (mode, least) = (number, distance) }
            }
            guard mode >= 0 else { continue }
            nearest[mode] += 1
            if least <= limit { within[mode] += 1 }
        }
        let count = Double(points.count / 2)
        let fairShare = count / Double(centers.count)
        modes = centers.count
        covered = within.count { $0 > 0 && Double($0) >= Self.leastShare * fairShare }
        shareWithin = count > 0 ? Double(within.reduce(0, +)) / count : 0
        let assigned = Double(nearest.reduce(0, +))
        divergence =
            assigned == 0
            ? .infinity
            : nearest.reduce(0) { sum, number in
                let share = Double(number) / assigned
                return number == 0 ? sum : sum + share * log(share * Double(centers.count))
            }
    }
}
