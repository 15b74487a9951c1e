import Compute
import Tensors

extension OperationCase {
    /// Runs the case on a device and compares everything with the interpreter: outputs, gradients, second gradients.
    /// One plan computes them all.
    /// - Parameter outputsOnly: leaves the derivatives out, so that the outputs are fused as they are where nothing else is
    ///   asked for.
    /// - Returns: what disagrees, each in one line.
    public func disagreements(on device: any Device, outputsOnly: Bool = false) throws -> [String] {
        let assembled = try assembled()
        let wanted = outputsOnly ? assembled.outputs : assembled.everything
        let kinds =
            assembled.outputs.map { _ in ("output", tolerance) }
            + assembled.gradients.map { _ in ("gradient", gradientTolerance) }
            + assembled.secondGradients.map { _ in ("second gradient", secondTolerance) }
        let results = try Tensor.doubles(wanted, on: device)
        let references = try ReferenceInterpreter().evaluate(wanted)
        var problems: [String] = []
        for (number, (kind, (result, reference))) in zip(kinds, zip(results, references)).enumerated() {
            if let text = kind.1.disagreement(result, reference) { problems.append("\(kind.0) (\(number)): \(text)") }
        }
        return problems
    }
}
