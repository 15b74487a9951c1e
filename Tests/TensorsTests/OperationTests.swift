import TestSupport
import Testing

/// Every operation on every device against the double-precision interpreter.
@Suite struct OperationTests {
    /// Outputs, gradients and second gradients, computed by one plan.
    @Test(arguments: CaseRegistry.all, TestDevices.all)
    func agrees(_ test: OperationCase, _ device: TestDevice) throws {
        CaseRegistry.compileBatch(of: test, on: device.device)
        for problem in try test.disagreements(on: device.device) { Issue.record(Comment(rawValue: problem)) }
    }

    /// Outputs alone, which are then fused in other ways. Compiling is slow: only where it is not needed.
    @Test(arguments: CaseRegistry.all, [TestDevices.cpu])
    func outputsAlone(_ test: OperationCase, _ device: TestDevice) throws {
        for problem in try test.disagreements(on: device.device, outputsOnly: true) {
            Issue.record(Comment(rawValue: problem))
        }
    }

    /// The plan itself, executed as the steps are described.
    @Test(arguments: CaseRegistry.all, [false, true])
    func planAgrees(_ test: OperationCase, outputsOnly: Bool) throws {
        for problem in try test.disagreements(on: TestDevices.reference.device, outputsOnly: outputsOnly) {
            Issue.record(Comment(rawValue: problem))
        }
    }

    @Test func devicesAreThere() {
        let names = TestDevices.all.map(\.description)
        #expect(
            TestDevices.openCL.contains { $0.device.info.kind == .openCLCPU }, "PoCL is missing; there are \(names)")
        #expect(TestDevices.openCL.contains { $0.description.hasSuffix("with GPU kernels") })
    }
}
