import Compute
import ComputeOpenCL
import Testing

/// Convolutions that CPU kernels compute by minimal filtering.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLWinogradTests {
    typealias Kind = ConvolutionStep.Kind

    /// Tiles of so many results a side, by the rule.
    static let geometries: [(name: String, side: Int, geometry: ConvolutionGeometry)] = {
        let geometry = OpenCLConvolutionTests.geometry
        func taps(_ height: Int, _ width: Int, from y: Int, _ x: Int) -> [ConvolutionGeometry.Tap] {
            OpenCLConvolutionTests.taps(height, width, from: y, x)
        }
        let (square, three, pairs) = (taps(4, 4, from: -1, -1), taps(3, 3, from: -1, -1), taps(2, 2, from: 0, 0))
        let (many, wide) = (taps(6, 6, from: -2, -2), taps(4, 6, from: -1, -2))
        let some = taps(4, 4, from: -3, 0).enumerated().filter { ![6, 12].contains($0.offset) }.map(\.element)
        return [
            ("a DCGAN's", 2, geometry(5, (16, 16), (32, 48), (8, 8), (2, 2), square)),
            ("a DCGAN's, larger", 4, geometry(5, (32, 32), (48, 32), (16, 16), (2, 2), square)),
            ("odd sides", 2, geometry(3, (23, 21), (48, 32), (11, 10), (2, 2), square)),
            ("odd sides, larger", 4, geometry(17, (14, 14), (32, 48), (7, 7), (2, 2), square)),
            ("taps missing, in no order", 2, geometry(5, (16, 16), (32, 32), (8, 8), (2, 2), some.reversed())),
            ("taps missing, larger", 4, geometry(16, (16, 16), (32, 32), (8, 8), (2, 2), some.reversed())),
            ("three taps of each parity", 2, geometry(5, (16, 16), (32, 32), (8, 8), (2, 2), many)),
            ("three of each, larger", 4, geometry(17, (16, 16), (32, 32), (8, 8), (2, 2), many)),
            ("three taps and two", 2, geometry(5, (16, 16), (32, 32), (8, 8), (2, 2), taps(6, 4, from: -2, -1))),
            ("two taps and three, larger", 4, geometry(16, (16, 16), (32, 32), (8, 8), (2, 2), wide)),
            // Several blocks of rows and columns, the last ones less than whole.
            ("many channels", 2, geometry(17, (8, 8), (112, 144), (4, 4), (2, 2), square)),
            ("many channels, larger", 4, geometry(1, (35, 37), (112, 144), (35, 37), (1, 1), three)),
            ("dense", 2, geometry(1, (16, 17), (64, 32), (16, 17), (1, 1), three)),
            ("dense, larger", 4, geometry(4, (16, 17), (32, 64), (16, 17), (1, 1), three)),
            ("masked", 2, geometry(2, (12, 11), (32, 64), (12, 11), (1, 1), Array(three.prefix(5)))),
            ("masked, larger", 4, geometry(4, (20, 19), (64, 32), (20, 19), (1, 1), Array(three.prefix(5)))),
            ("two taps", 2, geometry(2, (12, 12), (32, 32), (11, 11), (1, 1), pairs)),
            ("two taps, larger", 4, geometry(8, (13, 12), (32, 32), (12, 11), (1, 1), pairs)),
            // So many tiles that the weights are transformed before.
            ("many tiles", 2, geometry(58, (6, 6), (96, 128), (6, 6), (1, 1), three)),
            ("many tiles, larger", 4, geometry(2, (94, 95), (32, 32), (94, 95), (1, 1), Array(three.prefix(5)))),
            ("many strided tiles", 4, geometry(1, (158, 159), (32, 32), (79, 80), (2, 2), square)),
        ]
    }()

    /// The names of a step's variants, on a device of two units, whatever the machine has: more want more work to do.
    private static func variants(_ step: Step) throws -> [String] {
        var traits = try OpenCLFixture.device(.cpu).traits
        traits.computeUnits = 2
        return try #require(TunableStep(step)).candidates(traits)
    }

    /// A macro that the kernels of steps begin with.
    private static func macro(_ name: String, _ steps: [Step]) throws -> Int? {
        let traits = KernelTraits(shape: .cpu, computeUnits: 2)
        let lines = try KernelListing.kernels(of: steps, traits: traits)[0].text.split(separator: "\n")
        return lines.first { $0.hasPrefix("#define \(name) ") }.flatMap { Int($0.split(separator: " ")[2]) }
    }

    @Test func convolutions() throws {
        var cases: [OpenCLFixture.Case] = []
        for (number, (name, side, geometry)) in Self.geometries.enumerated() {
            for kind in [Kind.forward, .inputGradient, .weightGradient] {
                let after = OpenCLConvolutionTests.After.allCases[(number + cases.count) % 3]
                let one = OpenCLConvolutionTests.fixtureCase(kind, geometry, after, "\(name), \(kind), then \(after)")
                let variant = try Self.variants(one.steps[0]).first
                #expect(variant?.hasPrefix("winograd_cpu") == true, "\(one.note): \(variant ?? "none")")
                #expect(try Self.macro("SIDE", one.steps) == side, "\(one.note)")
                let isAhead = kind != .weightGradient && name.contains("tiles")
                #expect(try (Self.macro("AHEAD", one.steps) ?? 0) == (isAhead ? 1 : 0), "\(one.note)")
                cases.append(side == 4 ? OpenCLConvolutionTests.inLargeTiles(one) : one)
            }
        }
        for (_, side, geometry) in Self.geometries.filter({ $0.name.hasPrefix("masked") }) {
            let one = KernelCases.weightGradientWithSums(geometry)
            cases.append(side == 4 ? OpenCLConvolutionTests.inLargeTiles(one) : one)
        }
        try OpenCLFixture.compare(cases, .cpu)
    }

    /// Where each pixel has to have the bits that a sampler computes for it alone.
    @Test func pixelwiseConvolutionsAreLeftAsTheyAre() throws {
        for (name, _, geometry) in Self.geometries {
            for kind in [Kind.forward, .inputGradient] {
                let one = OpenCLConvolutionTests.fixtureCase(kind, geometry, .nothing, "")
                guard case .convolution(var step) = one.steps[0] else { continue }
                step.isPixelwise = true
                let variant = try Self.variants(.convolution(step)).first
                #expect(variant?.hasPrefix("convolution_cpu") == true, "\(name), \(kind)")
            }
        }
    }
}
