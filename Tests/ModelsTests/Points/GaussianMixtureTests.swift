import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

struct GaussianMixtureTests {
    @Test func placesOfTheModes() {
        let grid = GaussianMixture.grid
        #expect(Set(grid.centers).count == 25)
        #expect(grid.centers.allSatisfy { [-2, -1, 0, 1, 2].contains($0.x) && [-2, -1, 0, 1, 2].contains($0.y) })
        let ring = GaussianMixture.ring
        #expect(ring.centers.count == 8)
        for (center, next) in zip(ring.centers, ring.centers.dropFirst() + ring.centers.prefix(1)) {
            #expect(abs((center * center).sum() - 4) < 1e-5)
            // Side by side on the circle: 45 degrees apart.
            #expect(abs((center * next).sum() - 4 * Float(0.5).squareRoot()) < 1e-5)
        }
    }

    /// Shares, means and deviations of points drawn on a device, each mode's by itself.
    @Test(arguments: TestDevices.all, [GaussianMixture.grid, .ring])
    func pointsAreOfTheMixture(_ device: TestDevice, mixture: GaussianMixture) throws {
        let count = 40_000
        var random = try RandomSource(seed: 3)
        let points = try mixture.points(count, random: &random).floats(on: device.device)
        #expect(points.count == 2 * count)
        var members = mixture.centers.map { _ in [SIMD2<Double>]() }
        for index in 0..<count {
            let point = SIMD2(points[2 * index], points[2 * index + 1])
            let offsets = mixture.centers.map { point - $0 }
            let mode = try #require(
                offsets.indices.min { (offsets[$0] * offsets[$0]).sum() < (offsets[$1] * offsets[$1]).sum() })
            members[mode].append(SIMD2<Double>(offsets[mode]) / Double(mixture.deviation))
        }
        let fair = Double(count) / Double(mixture.centers.count)
        for offsets in members {
            let number = Double(offsets.count)
            // Five deviations of each statistic.
            #expect(abs(number - fair) < 5 * fair.squareRoot())
            let mean = offsets.reduce(SIMD2(), +) / number
            #expect(max(abs(mean.x), abs(mean.y)) < 5 / number.squareRoot())
            let squares = offsets.reduce(SIMD2()) { $0 + $1 * $1 } / number
            #expect(max(abs(squares.x - 1), abs(squares.y - 1)) < 5 * (2 / number).squareRoot())
            let product = offsets.reduce(0) { $0 + $1.x * $1.y } / number
            #expect(abs(product) < 5 / number.squareRoot())
        }
    }

    @Test func settingsOutOfRange() {
        #expect(throws: ModelError.self) { try GaussianMixture(centers: [], deviation: 1) }
        for deviation in [0, -1, Float.nan, .infinity] {
            #expect(throws: ModelError.self) { try GaussianMixture(centers: [.zero], deviation: deviation) }
        }
    }
}
