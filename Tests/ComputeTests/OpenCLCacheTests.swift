import Compute
import ComputeOpenCL
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLCacheTests {
    /// A folder of its own, removed at the end.
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let name = "tessera-cache-test-\(UInt64.random(in: 0 ... .max))"
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    /// Runs a step on a new device with this cache.
    /// - Returns: how many kernels were compiled.
    private func run(_ folder: URL) throws -> Int {
        let found = OpenCLDevice.discover(shape: .cpu, cacheFolder: folder.path)
        let device = try #require(found.devices.first)
        let compiled = Counter()
        device.onCompile = { compiled.add($0) }
        let step = PointwiseStep.map(count: 100, from: .float32, to: .float32) { .unary(.negate, $0) }
        let slots = [OpenCLFixture.Slot(.float32, (0..<100).map(Double.init)), .zeros(count: 100)]
        let result = try OpenCLFixture.run([step], slots, on: device)[1]
        #expect(result == (0..<100).map { -Double($0) })
        return compiled.total
    }

    private final class Counter: Sendable {
        private let sum = Mutex(0)
        func add(_ count: Int) { sum.withLock { $0 += count } }
        var total: Int { sum.withLock { $0 } }
    }

    private func files(_ folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    }

    @Test func compilesOnceAndReadsAfterwards() throws {
        try withFolder { folder in
            #expect(try run(folder) == 1)
            #expect(try files(folder).count == 1)
            let mode = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            #expect(try run(folder) == 0)
        }
    }

    /// A check of the registry takes a program for the outputs of some cases, and one for their derivatives.
    @Test func casesAreCompiledTogether() throws {
        try withFolder { folder in
            let found = OpenCLDevice.discover(shape: .cpu, cacheFolder: folder.path)
            let device = try #require(found.devices.first)
            var check = ParityCheck(Array(CaseRegistry.all.filter { $0.derivatives > .none }.prefix(3)))
            check.run(on: device, limit: 1000)
            #expect(check.isComplete && check.failures.isEmpty)
            #expect(try files(folder).count == 2)
        }
    }

    /// A constant is a parameter, but for those that say more of an operation, such as a half.
    @Test func stepsThatDifferInAConstantShareAKernel() throws {
        try withFolder { folder in
            let found = OpenCLDevice.discover(shape: .cpu, cacheFolder: folder.path)
            let device = try #require(found.devices.first)
            let compiled = Counter()
            device.onCompile = { compiled.add($0) }
            var totals: [Int] = []
            for factor in [Float(0.3), -7.25, 0.5] {
                let view = View(contiguous: [100])
                var body = Expression()
                let x = body.append(.load(operand: 0, view: view), type: .float32)
                let constant = body.append(.constant(.float(factor)), type: .float32)
                let y = body.append(.binary(.multiply, x, constant), type: .float32)
                let step = PointwiseStep(
                    shape: [100], body: body, operands: [Operand(slot: 0, dtype: .float32)],
                    stores: [Store(value: y, destination: Operand(slot: 1, dtype: .float32), view: view)])
                let slots = [OpenCLFixture.Slot(.float32, (0..<100).map(Double.init)), .zeros(count: 100)]
                let result = try OpenCLFixture.run([.pointwise(step)], slots, on: device)[1]
                #expect(result == (0..<100).map { Double(Float($0) * factor) })
                totals.append(compiled.total)
            }
            #expect(totals == [1, 1, 2])
        }
    }

    /// Adds a hundred numbers of each of some slots, from `offset` on, into the next slot.
    private func sum(of count: Int, from offset: Int = 0) -> Step {
        let view = View(contiguous: [4, 25])
        var body = Expression()
        var value = body.append(.load(operand: 0, view: view), type: .float32)
        for operand in 1..<count {
            let next = body.append(.load(operand: operand, view: view), type: .float32)
            value = body.append(.binary(.add, value, next), type: .float32)
        }
        return .pointwise(
            PointwiseStep(
                shape: [4, 25], body: body,
                operands: (0..<count).map { Operand(slot: $0, offset: offset, dtype: .float32) },
                stores: [Store(value: value, destination: Operand(slot: count, dtype: .float32), view: view)]))
    }

    /// A step at another place is no kernel of its own; on GPUs, where numbers are part of the text, neither, but where there
    /// would be too many parameters: those have their places in the text, too.
    @Test(arguments: [(20, 1), (70, 2)])
    func stepsAtOtherPlacesShareAKernel(_ count: Int, _ kernels: Int) throws {
        let steps = [sum(of: count), sum(of: count, from: 3)]
        let text = try KernelListing.program(of: steps, traits: KernelTraits(shape: .gpu, computeUnits: 2))
        #expect(text.components(separatedBy: "WORK_FUNCTION void ").count - 1 == kernels)
        let values = (0..<count).map { slot in
            OpenCLFixture.Slot(.float32, (0..<103).map { Double($0 * slot % 7) })
        }
        for step in steps {
            try OpenCLFixture.compare([step], values + [.zeros(count: 100)], .gpu)
        }
    }

    /// On CPUs the kernels of a program are functions of one, but that of many parameters.
    @Test func aProgramHasOneKernel() throws {
        for (counts, kernels) in [([2, 3, 4], 1), ([2, 20, 4], 2), ([20, 30], 2)] {
            let steps = counts.map { sum(of: $0) }
            let cpu = try KernelListing.program(of: steps, traits: KernelTraits(shape: .cpu, computeUnits: 2))
            let gpu = try KernelListing.program(of: steps, traits: KernelTraits(shape: .gpu, computeUnits: 2))
            #expect(cpu.components(separatedBy: "__kernel void ").count - 1 == kernels)
            #expect(gpu.components(separatedBy: "WORK_FUNCTION void ").count - 1 == counts.count)
        }
        let device = try #require(OpenCLDevice.discover(shape: .cpu).devices.first)
        for count in [2, 20] {
            let slots = (0..<count).map { slot in
                OpenCLFixture.Slot(.float32, (0..<100).map { Double($0 + slot) })
            }
            let result = try OpenCLFixture.run([sum(of: count)], slots + [.zeros(count: 100)], on: device)[count]
            #expect(result == (0..<100).map { Double($0 * count + count * (count - 1) / 2) })
        }
    }

    @Test func damagedFilesAreRebuilt() throws {
        try withFolder { folder in
            _ = try run(folder)
            let file = try #require(try files(folder).first)
            let good = try Data(contentsOf: file)
            var flipped = good
            flipped[good.count / 2] ^= 1
            var wrongMagic = good
            wrongMagic[0] ^= 1
            let damages = [
                flipped, wrongMagic, good.prefix(good.count / 2), Data(), good + Data([0]), Data("nonsense".utf8),
            ]
            for damage in damages {
                try damage.write(to: file)
                #expect(try run(folder) == 1)
                // Written anew: the next process need not compile.
                #expect(try run(folder) == 0)
            }
        }
    }

    @Test func soundFilesOfAnotherProgramAreRefusedByTheDriver() throws {
        try withFolder { folder in
            _ = try run(folder)
            let file = try #require(try files(folder).first)
            // Magic, length and checksum are right; the payload is no program.
            let payload = [UInt8]("not a program".utf8)
            var bytes = [UInt8]("TSRAPRG1".utf8)
            bytes += (0..<8).map { $0 == 0 ? UInt8(payload.count) : 0 }
            bytes += SHA256.hash(payload) + payload
            try Data(bytes).write(to: file)
            #expect(try run(folder) == 1)
        }
    }

    /// A program is code: where another user may have put it, it is not run.
    @Test func filesThatOthersMayWriteAreNotRead() throws {
        try withFolder { folder in
            _ = try run(folder)
            let file = try #require(try files(folder).first)
            for mode in [0o620, 0o602, 0o666] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
                #expect(try run(folder) == 1)
                #expect(try run(folder) == 0)
            }
        }
    }

    /// A pipe has no end, and a folder no contents.
    @Test func whatIsNoFileIsNotRead() throws {
        try withFolder { folder in
            _ = try run(folder)
            let file = try #require(try files(folder).first)
            try FileManager.default.removeItem(at: file)
            #expect(mkfifo(file.path, 0o600) == 0)
            #expect(try run(folder) == 1)
            #expect(try run(folder) == 0)
            try FileManager.default.removeItem(at: file)
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
            #expect(try run(folder) == 1)
        }
    }

    @Test func worksWithoutAFolder() throws {
        let impossible = URL(fileURLWithPath: "/proc/nowhere/cache")
        #expect(try run(impossible) == 1)
    }

    @Test func hashesKnownMessages() {
        #expect(
            SHA256.hexadecimal(SHA256.hash("".utf8))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            SHA256.hexadecimal(SHA256.hash("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        // A message whose padding takes a block of its own.
        let long = Array(repeating: UInt8(ascii: "a"), count: 119)
        #expect(
            SHA256.hexadecimal(SHA256.hash(long))
                == "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb")
    }
}
