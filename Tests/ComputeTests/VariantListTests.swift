import Compute
import ComputeOpenCL
import Foundation
import TestSupport
import Testing

/// Tables of winners and lists of failing variants on disk, and what finds the latter.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct VariantListTests {
    typealias Shape = OpenCLFixture.Shape

    /// A product whose choice the tests look at.
    private static let step = Step.contraction(
        ContractionStep(
            batch: 1, rows: 96, columns: 64, depth: 32,
            a: Matrix(operand: Operand(slot: 0, dtype: .float32), batchStride: 0, rowStride: 32, columnStride: 1),
            b: Matrix(operand: Operand(slot: 1, dtype: .float32), batchStride: 0, rowStride: 64, columnStride: 1),
            destination: Operand(slot: 2, dtype: .float32)))

    /// A folder of its own, removed at the end.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let name = "tessera-variants-test-\(UInt64.random(in: 0 ... .max))"
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func device(
        _ folder: String, _ shape: Shape = .cpu, fault: KernelFault? = nil
    ) throws -> OpenCLDevice {
        let found = OpenCLDevice.discover(shape: shape == .cpu ? .cpu : .gpu, cacheFolder: folder, fault: fault)
        return try #require(found.devices.first)
    }

    /// The variants that a device, opened now, uses for the product.
    private func used(_ folder: String, _ shape: Shape = .cpu) throws -> Set<String> {
        let device = try device(folder, shape)
        _ = try device.prepare([Self.step])
        return device.usedVariants
    }

    @Test(arguments: Shape.allCases)
    func winnersAreUsedByDevicesOpenedLater(_ shape: Shape) throws {
        try withFolder { folder in
            let device = try device(folder, shape)
            let tunable = try #require(TunableStep(Self.step))
            let names = tunable.candidates(device.traits)
            try #require(names.count > 1)
            for name in [names[1], names[0]] {
                let path = try #require(try device.keep(winners: [tunable.key: name, "another step": "a variant"]))
                #expect(try used(folder, shape) == [name])
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600)
            }
            // What no kernel is called any more is passed over, and so is what would change the order of the sums.
            for name in ["matmul_cpu form 9", "matmul_cpu form 1 tile 6x1", ""] {
                try device.keep(winners: [tunable.key: name])
                #expect(try used(folder, shape) == [names[0]])
            }
            // The list and the table do not get in each other's way.
            try device.list(failing: [names[0]])
            try device.keep(winners: [tunable.key: names[0]])
            #expect(try used(folder, shape) == [names[1]])
        }
    }

    @Test func damagedFilesAreIgnored() throws {
        try withFolder { folder in
            let device = try device(folder)
            let tunable = try #require(TunableStep(Self.step))
            let names = tunable.candidates(device.traits)
            let path = try #require(try device.keep(winners: [tunable.key: names[1]]))
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            var flipped = good
            flipped[good.count - 2] ^= 1
            for damage in [flipped, good.prefix(60), Data(), Data("nonsense".utf8)] {
                try damage.write(to: URL(fileURLWithPath: path))
                #expect(try used(folder) == [names[0]])
            }
            try device.keep(winners: [tunable.key: names[1]])
            #expect(try used(folder) == [names[1]])
        }
    }

    @Test func aFolderThatCannotBeWrittenIsToldOf() throws {
        let device = try device("/proc/nowhere/cache")
        #expect(throws: DeviceError.self) { try device.keep(winners: ["step": "variant"]) }
        #expect(throws: DeviceError.self) { try device.list(failing: ["variant"]) }
    }

    @Test(arguments: Shape.allCases)
    func whereAllVariantsFailAnErrorSaysSo(_ shape: Shape) throws {
        try withFolder { folder in
            var seen: Set<String> = []
            for _ in 0..<100 {
                let device = try device(folder, shape)
                do {
                    _ = try device.prepare([Self.step])
                } catch DeviceError.unavailable(let what, let reason) {
                    #expect(what.contains("a product on \(device.info.name)"))
                    #expect(reason.contains("list of failing variants") && reason.contains(folder))
                    #expect(seen.count >= 2)
                    return
                }
                let fresh = device.usedVariants
                #expect(fresh.isDisjoint(with: seen))
                seen.formUnion(fresh)
                try device.list(failing: fresh)
            }
            Issue.record("no error, after \(seen.sorted())")
        }
    }

    /// Cases by name, the variant that is made wrong, and how.
    private static let faults: [(shape: Shape, case: String, variant: String, text: String, replacement: String)] = [
        (.cpu, "matmul", "matmul_cpu", "acc[i][j] = 0.0f", "acc[i][j] = 0.5f"),
        (.gpu, "matmul", "matmul_gpu", "acc[i][j] = 0.0f", "acc[i][j] = 0.5f"),
        (.cpu, "convol", "convolution_cpu kind 0", "acc[i][j] = 0.0f", "acc[i][j] = 0.5f"),
        (.gpu, "convol", "convolution_gpu", "acc[i][j] = 0.0f", "acc[i][j] = 0.5f"),
        (.cpu, "tanh", "pointwise_cpu vectors", "<= stop", "< stop"),
        (.cpu, "sum", "reduction_cpu vectors", "<= stop", "< stop"),
        (.cpu, "softmax", "row_run_cpu", "<= stop", "< stop"),
    ]

    @Test(arguments: VariantListTests.faults.indices)
    func wrongVariantsAreFoundAndNotUsedAgain(_ index: Int) throws {
        let given = Self.faults[index]
        try withFolder { folder in
            // A case that uses such a variant, and does not need it.
            let cases = CaseRegistry.all.filter { $0.name.contains(given.case) }.prefix(8)
            var found: (test: OperationCase, variant: String)?
            for test in cases where found == nil {
                let sound = try device(folder, given.shape)
                _ = try test.disagreements(on: sound)
                let variants = sound.usedVariants.filter { $0.hasPrefix(given.variant) }.sorted()
                let spare = variants.first { (try? test.disagreements(on: sound.opened(avoiding: [$0]))) == [] }
                found = spare.map { (test, $0) }
            }
            let (test, variant) = try #require(found, "no case uses \(given.variant)")
            let fault = KernelFault(variant: variant, text: given.text, replacement: given.replacement)

            let broken = try device(folder, given.shape, fault: fault)
            var check = ParityCheck([test])
            check.run(on: broken, limit: 600)
            try #require(!check.failures.isEmpty, "\(variant) is not wrong in \(test.name)")
            var search = VariantSearch(on: broken)
            try search.run([test], limit: 600)
            #expect(search.variants == [variant])
            #expect(search.unexplained.isEmpty)

            try broken.list(failing: search.variants)
            let next = try device(folder, given.shape, fault: fault)
            #expect(next.listedVariants.variants == [variant])
            var again = ParityCheck([test])
            again.run(on: next, limit: 600)
            #expect(again.failures.isEmpty)
            #expect(!next.usedVariants.contains(variant))
        }
    }

    @Test func theTunerDropsWrongCandidates() throws {
        try withFolder { folder in
            let tunable = try #require(TunableStep(Self.step))
            let names = tunable.candidates(try device(folder).traits)
            let fault = KernelFault(variant: names[1], text: "acc[i][j] = 0.0f", replacement: "acc[i][j] = 0.5f")
            let broken = try device(folder, fault: fault)
            let result = try #require(try StepTuner(on: broken, rounds: 3).tune(tunable))
            #expect(result.wrong == [names[1]])
            #expect(result.rule == names[0] && names.contains(result.winner) && result.winner != names[1])
            #expect(result.candidates == names.count && result.gain >= 1)
        }
    }
}
