import ComputeCPU
import Layers
import Tensors
import TestSupport
import Testing

/// A module whose inputs are parameters too, to try derivatives with respect to everything at once.
struct Fed<Part: Module>: Module {
    let part: Part
    let inputs: [Parameter]

    /// - Parameter inputs: the shape of each input.
    init(_ part: Part, inputs: [[Int]]) {
        self.part = part
        self.inputs = inputs.map { Parameter($0, .constant(0)) }
    }

    /// Compares the gradient of a projection of the outputs with finite differences, element by element, in double
    /// precision.
    /// - Parameter run: inputs and the module to outputs.
    func check(
        sourceLocation: SourceLocation = #_sourceLocation, _ run: ([Tensor], Part) throws -> [Tensor]
    ) throws {
        let store = try ParameterStore(self, on: CPUDevice(), seed: 1)
        try store.flat.write(Numbers.noise(store.flat.shape[0], seed: 2))
        let outputs = try run(inputs.map { try $0.tensor }, part)
        let terms = try outputs.enumerated().map { number, output in
            try (output * Tensor(Numbers.noise(output.count, seed: UInt64(10 + number)), shape: output.shape)).sum()
        }
        let scalar = try terms.dropFirst().reduce(terms[0]) { try $0 + $1 }
        let values = try store.flat.read().doubles
        func evaluate(_ tensor: Tensor, at values: [Double]) throws -> [Double] {
            let flat = ReferenceArray(shape: [values.count], dtype: .float32, values: values)
            return try ReferenceInterpreter(replacing: [.init(store.flat): flat]).evaluate([tensor])[0].values
        }
        let slopes = try evaluate(store.gradient(of: scalar), at: values)
        let largest = slopes.map(abs).max() ?? 0
        #expect(largest > 0.01, sourceLocation: sourceLocation)
        var far: [String] = []
        for element in values.indices {
            func height(_ distance: Double) throws -> Double {
                var moved = values
                moved[element] += distance
                return try evaluate(scalar, at: moved)[0]
            }
            let coarse = (try height(2e-4) - height(-2e-4)) / 4e-4
            let fine = (try height(1e-4) - height(-1e-4)) / 2e-4
            let difference = (4 * fine - coarse) / 3
            // Written so that NaN is far.
            if !(abs(slopes[element] - difference) < 1e-6 * largest) {
                far.append("element \(element): \(slopes[element]), differences give \(difference)")
            }
        }
        #expect(
            far.isEmpty, "\(far.count) of \(values.count) are off: \(far.prefix(3))", sourceLocation: sourceLocation)
    }
}
