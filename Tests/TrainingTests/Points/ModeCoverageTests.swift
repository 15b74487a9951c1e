import Compute
import Devices
import Foundation
import Layers
import Models
import Tensors
import Testing
import Training

@Suite("Mode coverage")
struct ModeCoverageTests {
    /// Two modes, five apart, deviation one.
    private let pair: GaussianMixture

    init() throws { pair = try GaussianMixture(centers: [SIMD2(0, 0), SIMD2(0, 10)], deviation: 1) }

    @Test func threeDeviations() {
        let coverage = ModeCoverage(of: [2.99, 0, 0, 13, 2.2, 2.2, 3.01, 10], in: pair)
        #expect(coverage.modes == 2)
        #expect(coverage.covered == 2)
        // (2.2, 2.2) is 3.11 away from its centre.
        #expect(coverage.shareWithin == 0.5)
        #expect(coverage.divergence == 0)
    }

    /// A tenth of the fair share covers a mode, and less does not.
    @Test(arguments: [(5, 2), (4, 1), (0, 1)]) func leastShare(few: Int, covered: Int) {
        let far = [[Float]](repeating: [0, 10], count: few)
        let points = Array((far + [[Float]](repeating: [0, 0], count: 100 - few)).joined())
        #expect(ModeCoverage(of: points, in: pair).covered == covered)
    }

    /// Points that are nearest to a mode without lying within its reach do not cover it.
    @Test func nearIsNotWithin() {
        let coverage = ModeCoverage(of: [0, 0, 0, 6], in: pair)
        #expect(coverage.covered == 1)
        #expect(coverage.shareWithin == 0.5)
        #expect(coverage.divergence == 0)
    }

    @Test func divergenceFromUniform() {
        let quarter = ModeCoverage(of: [0, 0, 1, 0, 0, 1, 0, 10], in: pair)
        #expect(abs(quarter.divergence - (0.75 * log(1.5) + 0.25 * log(0.5))) < 1e-12)
        #expect(abs(ModeCoverage(of: [0, 0, 1, 0], in: pair).divergence - log(2)) < 1e-12)
    }

    @Test func pointsThatAreNoNumbers() {
        let some = ModeCoverage(of: [.nan, 0, 0, .infinity, 0, 0, 0, 10], in: pair)
        #expect(some.covered == 2)
        #expect(some.shareWithin == 0.5)
        #expect(some.divergence == 0)
        for points in [[], [Float.nan, 0]] {
            let none = ModeCoverage(of: points, in: pair)
            #expect(none.covered == 0)
            #expect(none.shareWithin == 0)
            #expect(none.divergence == .infinity)
        }
    }

    /// The mixture's own points: in two dimensions 1 - exp(-9/2) of them lie within three deviations.
    @Test(arguments: [GaussianMixture.grid, .wideGrid, .ring]) func ownPoints(mixture: GaussianMixture) throws {
        var random = try RandomSource(seed: 6)
        let points = try mixture.points(20_000, random: &random).floats(on: DeviceSelection.choose("cpu"))
        let coverage = ModeCoverage(of: points, in: mixture)
        #expect(coverage.covered == mixture.centers.count)
        let share = 1 - exp(-4.5)
        #expect(abs(coverage.shareWithin - share) < 5 * (share * (1 - share) / 20_000).squareRoot())
        #expect(coverage.divergence < 0.003)
    }
}
