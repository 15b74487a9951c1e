import Compute
import ComputeOpenCL
import Testing

/// Convolutions that CPU kernels compute by minimal filtering.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLWinogradTests {
    typealias Kind = ConvolutionStep.Kind

    static let geometries: [(name: String, kinds: [Kind], geometry: ConvolutionGeometry)] = {
        let geometry = OpenCLConvolutionTests.geometry
        func taps(_ height: Int, _ width: Int, from y: Int, _ x: Int) -> [ConvolutionGeometry.Tap] {
            OpenCLConvolutionTests.taps(height, width, from: y, x)
        }
        let all: [Kind] = [.forward, .inputGradient, .weightGradient]
        // A forward convolution that sees no line below its own has to have the bits that a sampler computes.
        let gradients: [Kind] = [.inputGradient, .weightGradient]
        let square = taps(4, 4, from: -1, -1)
        let some = taps(4, 4, from: -3, 0).enumerated().filter { ![6, 12].contains($0.offset) }.map(\.element)
        return [
            ("a DCGAN's", all, geometry(5, (16, 16), (32, 48), (8, 8), (2, 2), square)),
            ("odd sides", all, geometry(3, (23, 21), (48, 32), (11, 10), (2, 2), square)),
            ("taps missing, in no order", gradients, geometry(5, (16, 16), (32, 32), (8, 8), (2, 2), some.reversed())),
            (
                "three taps of each parity", all,
                geometry(5, (16, 16), (32, 32), (8, 8), (2, 2), taps(6, 6, from: -2, -2))
            ),
            ("three taps and two", all, geometry(5, (16, 16), (32, 32), (8, 8), (2, 2), taps(6, 4, from: -2, -1))),
            // Several blocks of rows and columns, the last ones less than whole.
            ("many channels", all, geometry(17, (8, 8), (112, 144), (4, 4), (2, 2), square)),
            ("dense", all, geometry(1, (16, 17), (64, 32), (16, 17), (1, 1), taps(3, 3, from: -1, -1))),
            (
                "masked", gradients,
                geometry(2, (12, 11), (32, 64), (12, 11), (1, 1), Array(taps(3, 3, from: -1, -1).prefix(5)))
            ),
            ("two taps", all, geometry(2, (12, 12), (32, 32), (11, 11), (1, 1), taps(2, 2, from: 0, 0))),
        ]
    }()

    /// The names of a step's variants, on a device of two units, whatever the machine has: more want more work to do.
    private static func variants(_ step: Step) throws -> [String] {
        var traits = try OpenCLFixture.device(.cpu).traits
        traits.computeUnits = 2
        return try #require(TunableStep(step)).candidates(traits)
    }

    @Test func convolutions() throws {
        var cases: [OpenCLFixture.Case] = []
        for (number, (name, kinds, geometry)) in Self.geometries.enumerated() {
            for kind in kinds {
                let after = OpenCLConvolutionTests.After.allCases[(number + cases.count) % 3]
                let one = OpenCLConvolutionTests.fixtureCase(kind, geometry, after, "\(name), \(kind), then \(after)")
                let variants = try Self.variants(one.steps[0])
                #expect(variants.first?.hasPrefix("winograd_cpu") == true, "\(one.note): \(variants)")
                cases.append(one)
            }
        }
        let masked = Self.geometries.filter { $0.name == "masked" }.map(\.geometry)
        try OpenCLFixture.compare(cases + masked.map(KernelCases.weightGradientWithSums), .cpu)
    }

    /// A causal network's convolutions, whose pixels a sampler computes one by one with the same bits.
    @Test func causalConvolutionsAreLeftAsTheyAre() throws {
        for (rows, taps) in [(0, 5), (0, 6), (-1, 6)] {
            let geometry = OpenCLConvolutionTests.geometry(
                2, (12, 12), (64, 64), (12, 12), (1, 1),
                Array(OpenCLConvolutionTests.taps(3, 3, from: rows - 1, -1).prefix(taps)))
            func first(_ kind: Kind) throws -> String? {
                try Self.variants(OpenCLConvolutionTests.fixtureCase(kind, geometry, .nothing, "").steps[0]).first
            }
            #expect(try first(.forward)?.hasPrefix("convolution_cpu") == true)
            #expect(try first(.inputGradient)?.hasPrefix("winograd_cpu") == true)
        }
    }
}
