import Compute
import ComputeOpenCL
import Testing

@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLDeviceTests {
    typealias Slot = OpenCLFixture.Slot

    @Test func describesItself() throws {
        let info = try OpenCLFixture.device().info
        #expect(!info.name.isEmpty && info.name.first != " " && info.name.last != " ")
        #expect(!info.platform.isEmpty && !info.driver.isEmpty)
        #expect(info.computeUnits >= 1 && info.memory > 1 << 20 && info.largestAllocation <= info.memory)
        #expect(info.kind != .cpu)
    }

    @Test func bytesGoThereAndBack() throws {
        let device = try OpenCLFixture.device()
        let buffer = try device.allocate(bytes: 1000)
        #expect(buffer.bytes == 1000)
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try bytes.withUnsafeBytes { try device.upload($0, to: buffer, offset: 0) }
        var part = [UInt8](repeating: 0, count: 10)
        try part.withUnsafeMutableBytes { try device.download(buffer, offset: 500, into: $0) }
        #expect(part == Array(bytes[500..<510]))
    }

    @Test func rangesOutsideABufferAreRefused() throws {
        let device = try OpenCLFixture.device()
        let buffer = try device.allocate(bytes: 16)
        var bytes = [UInt8](repeating: 0, count: 8)
        for offset in [9, -1, Int.max] {
            #expect(throws: DeviceError.self) {
                try bytes.withUnsafeBytes { try device.upload($0, to: buffer, offset: offset) }
            }
            #expect(throws: DeviceError.self) {
                try bytes.withUnsafeMutableBytes { try device.download(buffer, offset: offset, into: $0) }
            }
        }
    }

    @Test func uploadsMayReuseTheirSourceWhileWorkIsQueued() throws {
        let device = try OpenCLFixture.device()
        let count = 100_000
        let step = PointwiseStep.map(count: count, from: .float32, to: .float32) { .unary(.tanh, $0) }
        let prepared = try device.prepare([step])
        let x = try device.allocate(bytes: 4 * count)
        let y = try device.allocate(bytes: 4 * count)
        var source = [Float](repeating: 0, count: count)
        var sums: [Float] = []
        for round in 1...5 {
            for index in source.indices { source[index] = Float(round) / 10 }
            try source.withUnsafeBytes { try device.upload($0, to: x, offset: 0) }
            // Overwritten before the device may have read it.
            for index in source.indices { source[index] = -9 }
            try device.run(prepared, bindings: [x, y])
            var last: Float = 0
            try withUnsafeMutableBytes(of: &last) { try device.download(y, offset: 4 * (count - 1), into: $0) }
            sums.append(last)
        }
        let expected: [Float] = [0.09966799, 0.19737532, 0.29131261, 0.37994896, 0.46211716]
        for (found, wanted) in zip(sums, expected) { #expect(abs(found - wanted) < 1e-6) }
    }

    @Test func memoryIsCountedAndReused() throws {
        let device = try OpenCLFixture.device(.gpu)
        let before = device.memory.inUse
        do {
            let buffer = try device.allocate(bytes: 3_000_000)
            #expect(device.memory.inUse >= before + buffer.bytes)
        }
        let after = device.memory
        #expect(after.pooled >= 3_000_000 && after.peak >= 3_000_000)
    }

    @Test func tooMuchMemoryIsRefusedWithFigures() throws {
        let device = try OpenCLFixture.device()
        let limit = device.info.largestAllocation
        #expect(
            throws: DeviceError.allocationTooLarge(device: device.info.name, requested: limit + 1, limit: limit)
        ) { try device.allocate(bytes: limit + 1) }
        // More than there is, in allocations that are each allowed; memory is not touched.
        var kept: [Buffer] = []
        do {
            for _ in 0...device.info.memory / limit + 1 { kept.append(try device.allocate(bytes: limit)) }
            Issue.record("all of \(kept.count) buffers of \(limit) bytes were allocated")
        } catch DeviceError.outOfMemory(_, let requested, let inUse, let total) {
            #expect(requested == limit && inUse > 0 && total == device.info.memory)
        }
        kept = []
        // The device goes on working.
        _ = try device.allocate(bytes: 1000)
    }

    @Test func wrongBindingsAreRefused() throws {
        let device = try OpenCLFixture.device()
        let step = PointwiseStep.map(count: 100, from: .float32, to: .float32) { .unary(.exp, $0) }
        let prepared = try device.prepare([step])
        let large = try device.allocate(bytes: 400)
        let small = try device.allocate(bytes: 399)
        #expect(throws: DeviceError.self) { try device.run(prepared, bindings: [large, small]) }
        #expect(throws: DeviceError.self) { try device.run(prepared, bindings: [large]) }
        let other = try OpenCLFixture.device(.gpu)
        let foreign = try other.allocate(bytes: 400)
        #expect(throws: DeviceError.self) { try device.run(prepared, bindings: [large, foreign]) }
        #expect(throws: DeviceError.self) { try other.run(prepared, bindings: [foreign, foreign]) }
    }

    @Test func profilesEachStep() throws {
        let device = try OpenCLFixture.device()
        let steps = [UnaryOperation.exp, .log, .sqrt].map { operation in
            PointwiseStep.map(count: 1000, from: .float32, to: .float32) { .unary(operation, $0) }
        }
        let prepared = try device.prepare(steps)
        let buffers = try (0..<2).map { _ in try device.allocate(bytes: 4000) }
        let seconds = try device.profile(prepared, bindings: buffers)
        #expect(seconds.count == 3 && seconds.allSatisfy { $0 > 0 && $0 < 60 })
    }

    @Test func isUsedFromManyThreads() async throws {
        let device = try OpenCLFixture.device()
        try await withThrowingTaskGroup(of: Double.self) { group in
            for task in 0..<8 {
                group.addTask {
                    let count = 1000 + task
                    let step = PointwiseStep.map(count: count, from: .float32, to: .float32) { .unary(.negate, $0) }
                    let values = (0..<count).map { Double($0 + task) }
                    let slots = [Slot(.float32, values), Slot.zeros(count: count)]
                    let result = try OpenCLFixture.run([step], slots, on: device)[1]
                    return zip(result, values).reduce(0) { $0 + abs($1.0 + $1.1) }
                }
            }
            for try await difference in group { #expect(difference == 0) }
        }
    }
}
