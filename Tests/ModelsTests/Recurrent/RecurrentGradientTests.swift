import ComputeCPU
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The gradient of a PixelRNN's loss with respect to its parameters, by finite differences in double precision.
@Suite("PixelRNN: gradients")
struct RecurrentGradientTests {
    @Test(arguments: SmallPixelRNN.allCases, [1, 2])
    func loss(_ kind: SmallPixelRNN, channels: Int) throws {
        let space = try ImageSpace(height: 3, width: 2, channels: channels, levels: 2)
        let model = try kind.model(space, hidden: 2, layers: 2)
        let store = try SmallModels.place(model, on: CPUDevice())
        var random = TestRandom(seed: 4)
        let pixels = (0..<2 * space.dimensions).map { _ in Float(random.int(0..<2)) }
        let scalar = try model.loss(Tensor(pixels, shape: space.batchShape(2)), Context()).values.mean()
        let values = try store.flat.read().map(Double.init)
        func evaluate(_ tensor: Tensor, at values: [Double]) throws -> [Double] {
            let parameters = ReferenceArray(shape: [values.count], dtype: .float32, values: values)
            return try ReferenceInterpreter(replacing: [.init(store.flat): parameters]).evaluate([tensor])[0].values
        }
        let slopes = try evaluate(store.gradient(of: scalar), at: values)
        let largest = slopes.map(abs).max() ?? 0
        #expect(largest > 0.01)
        for element in stride(from: 0, to: values.count, by: 5) {
            func height(_ distance: Double) throws -> Double {
                var moved = values
                moved[element] += distance
                return try evaluate(scalar, at: moved)[0]
            }
            let coarse = (try height(2e-4) - height(-2e-4)) / 4e-4
            let fine = (try height(1e-4) - height(-1e-4)) / 2e-4
            #expect(abs(slopes[element] - (4 * fine - coarse) / 3) < 1e-6 * largest, "element \(element)")
        }
    }
}
