import TestSupport
import Testing

/// Gradients as the interpreter evaluates them against differences of the function, all in double precision: the rules
/// by themselves, no device.
@Suite struct GradientRuleTests {
    @Test(arguments: CaseRegistry.all.filter { $0.derivatives > .none })
    func firstDerivatives(_ test: OperationCase) throws {
        let assembled = try test.assembled()
        let disagreement = try FiniteDifferences().disagreement(
            of: assembled.gradients, scalar: assembled.projection, targets: assembled.targets)
        #expect(disagreement == nil)
    }

    @Test(arguments: CaseRegistry.all.filter { $0.derivatives > .first })
    func secondDerivatives(_ test: OperationCase) throws {
        let assembled = try test.assembled()
        let disagreement = try FiniteDifferences().disagreement(
            of: assembled.secondGradients, scalar: assembled.norm, targets: assembled.targets)
        #expect(disagreement == nil)
    }
}
