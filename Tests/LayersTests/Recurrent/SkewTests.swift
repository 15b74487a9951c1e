import Layers
import Tensors
import TestSupport
import Testing

@Suite("Skewed images")
struct SkewTests {
    @Test(arguments: TestDevice.all)
    func rowsMoveRight(_ on: TestDevice) throws {
        let image = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [1, 3, 2, 1])
        let skewed = try image.skewed()
        #expect(skewed.shape == [1, 3, 4, 1])
        #expect(try skewed.floats(on: on.device) == [1, 2, 0, 0, 0, 3, 4, 0, 0, 0, 5, 6])
    }

    @Test("and back", arguments: [(1, 1), (1, 4), (4, 1), (3, 5), (5, 3)])
    func inverse(size: (rows: Int, width: Int)) throws {
        let shape = [2, size.rows, size.width, 3]
        let values = Numbers.noise(shape.reduce(1, *), seed: 1)
        let skewed = try Tensor(values, shape: shape).skewed()
        #expect(skewed.shape == [2, size.rows, size.rows + size.width - 1, 3])
        #expect(try skewed.unskewed().floats(on: TestDevice.first) == values)
    }
}
