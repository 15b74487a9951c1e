import Compute
import Tensors
import TestSupport
import Testing

/// The measure itself, against numbers from elsewhere.
@Suite struct ReferenceTests {
    /// The known answers that come with Random123, the implementation of the paper's authors.
    @Test func philoxKnownAnswers() {
        let ones = UInt32.max
        #expect(
            ReferencePhilox.words(counter: [0, 0, 0, 0], key: [0, 0])
                == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
        #expect(
            ReferencePhilox.words(counter: [ones, ones, ones, ones], key: [ones, ones])
                == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
        #expect(
            ReferencePhilox.words(
                counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], key: [0xa409_3822, 0x299f_31d0])
                == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    }

    private func values(_ tensor: Tensor) throws -> [Double] {
        try ReferenceInterpreter().evaluate([tensor])[0].values
    }

    @Test func movementByHand() throws {
        let x = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(try values(x.transposed()) == [1, 4, 2, 5, 3, 6])
        #expect(try values(x.padded(before: [1, 0], after: [0, 1])) == [0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0])
        #expect(try values(x.sliced(0..<3, axis: 1, step: 2).flipped([0])) == [4, 6, 1, 3])
        #expect(try values(Tensor.concatenate([x, x.sliced(1..<2, axis: 1)], axis: 1)) == [1, 2, 3, 2, 4, 5, 6, 5])
        #expect(try values(x.sum([0])) == [5, 7, 9])
        #expect(try values(x.maximum(over: [1])) == [3, 6])
        #expect(try values(x.argmax(axis: 0)) == [1, 1, 1])
        #expect(try values(x.variance()).map { ($0 * 1000).rounded() } == [2917])
    }

    @Test func productsByHand() throws {
        let x = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        #expect(try values(x.matmul(x)) == [7, 10, 15, 22])
        let image = try Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9] as [Float], shape: [1, 3, 3, 1])
        // A kernel that adds the pixel on the right to ten times the pixel itself.
        let weights = try Tensor([10, 1] as [Float], shape: [2, 1, 1])
        let window = ConvolutionWindow(sameSizeTaps: [.init(dy: 0, dx: 0), .init(dy: 0, dx: 1)])
        #expect(try values(image.convolved(weights, window: window)) == [12, 23, 30, 45, 56, 60, 78, 89, 90])
        #expect(try values(image.transposeConvolved(weights, window: window)) == [10, 21, 32, 40, 54, 65, 70, 87, 98])
        let indices = try Tensor([2, 0, 2, -1] as [Int32], shape: [4])
        let rows = try Tensor([1, 2, 4, 8] as [Float], shape: [4, 1])
        #expect(try values(rows.gathered(indices)) == [4, 1, 4, 0])
        #expect(try values(rows.scatterAdded(indices, rows: 3)) == [2, 0, 5])
    }

    /// Differences do find a wrong gradient.
    @Test func differencesFindMistakes() throws {
        let x = try Tensor([0.3, -1.2, 2] as [Float], shape: [3])
        let scalar = try x.exp().sum()
        let check = FiniteDifferences()
        #expect(try check.disagreement(of: [x.exp()], scalar: scalar, targets: [x]) == nil)
        #expect(try check.disagreement(of: [x.exp() * 1.00001], scalar: scalar, targets: [x]) != nil)
        #expect(try check.disagreement(of: [x.exp().flipped([0])], scalar: scalar, targets: [x]) != nil)
    }

    @Test func namesAreUnique() {
        let names = CaseRegistry.all.map(\.name)
        let repeated = Dictionary(grouping: names) { $0 }.filter { $0.value.count > 1 }.keys
        #expect(repeated.isEmpty, "\(repeated)")
    }
}
