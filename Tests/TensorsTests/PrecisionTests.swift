import Compute
import ComputeCPU
import Tensors
import TestSupport
import Testing

/// A precision that the user chooses, from tensors down to the device.
@Suite struct PrecisionTests {
    private static func operands() throws -> (Tensor, Tensor) {
        var random = TestRandom(seed: 5)
        return (try InputSpec.floats([48, 40]).tensor(&random), try InputSpec.floats([40, 36]).tensor(&random))
    }

    @Test func viewsOfADevice() throws {
        let device = CPUDevice()
        let fast = device.with(precision: .fast)
        #expect(device.precision == .full && fast.precision == .fast)
        #expect(device.with(precision: .full) === device && fast.with(precision: .full) === device)
        #expect(fast === device.with(precision: .fast) && fast !== device.with(precision: .fastest))
        #expect(fast.with(precision: .fastest) === device.with(precision: .fastest))
        #expect(fast.base === device && device.base === device && fast.info == device.info)
    }

    /// Memory is the device's: a variable is trained with one precision and read with another.
    @Test func memoryIsShared() throws {
        let device = CPUDevice()
        let fast = device.with(precision: .fast)
        let variable = try Variable([1, 2], shape: [2], on: device)
        try CompiledFunction(on: fast, results: [], updates: [Update(variable, to: variable.tensor * 3)]).run()
        #expect(try variable.read() == [3, 6])
        let argument = Argument([2])
        try argument.set([Float(5), 7], on: fast)
        let sum = try (argument.tensor + variable.tensor).evaluate(on: fast)
        #expect(try (sum * 2).floats(on: device) == [16, 26])
        #expect(throws: TensorError.self) { try (sum * 2).floats(on: CPUDevice()) }
    }

    /// What has no tensor cores computes the same bits, and keeps a plan for each precision.
    @Test(arguments: TestDevices.all)
    func permitsAndDoesNotPromise(_ test: TestDevice) throws {
        let (a, b) = try Self.operands()
        let product = try a.matmul(b)
        let full = try product.floats(on: test.device)
        for precision in [Precision.fast, .fastest] where !test.device.info.tensorCores {
            #expect(try product.floats(on: test.device.with(precision: precision)) == full)
        }
    }

    @Test(.enabled(if: TestDevices.tensorCores != nil))
    func tensorCoresAreUsedWhereTheyAreAskedFor() throws {
        let device = try #require(TestDevices.tensorCores).device
        let (a, b) = try Self.operands()
        let product = try a.matmul(b)
        let exact = try ReferenceInterpreter().evaluate([product])[0].values
        func error(_ precision: Precision) throws -> Double {
            let found = try product.floats(on: device.with(precision: precision))
            return zip(found, exact).map { abs(Double($0) - $1) }.max() ?? .nan
        }
        let errors = try [Precision.full, .fast, .fastest, .full].map(error)
        #expect(errors[0] < 1e-5 && errors[3] == errors[0])
        #expect(errors[1] > 1e-4 && errors[1] < 1e-2)
        #expect(errors[2] > 4 * errors[1] && errors[2] < 1e-1)
    }

    /// What `tessera doctor` runs on a device with tensor cores: the cases agree, and would not with coarser factors.
    @Test(.enabled(if: TestDevices.tensorCores != nil))
    func doctorsCases() throws {
        let device = try #require(TestDevices.tensorCores).device
        let cases = CaseRegistry.products(at: .fast)
        let names = [
            "matmul of a long sum", "convolution 33 to 35 channels of stride 2",
            "transposed convolution 40 to 36 channels",
        ]
        let few = cases.filter { names.contains($0.name) }
        #expect(few.count == names.count && cases.count > 60)
        var check = ParityCheck(few)
        check.run(on: device.with(precision: .fast), limit: 1000)
        #expect(check.failures.isEmpty && check.isComplete, "\(check.failures)")
        var one = few[0]
        one.derivatives = .none
        var coarse = ParityCheck([one])
        coarse.run(on: device.with(precision: .fastest), limit: 1000)
        #expect(coarse.failures.map(\.name) == [one.name])
    }
}
