import Compute
import ComputeCPU
import Testing

/// Memory, bounds and errors of the CPU device.
@Suite struct CPUDeviceTests {
    let device = CPUDevice(threads: 2)

    static func fill(_ count: Int, slot: Int = 0, offset: Int = 0) -> Step {
        var body = Expression()
        let one = body.append(.constant(.float(1)), type: .float32)
        return .pointwise(
            PointwiseStep(
                shape: [count], body: body, operands: [],
                stores: [
                    Store(
                        value: one, destination: Operand(slot: slot, offset: offset, dtype: .float32),
                        view: View(contiguous: [count]))
                ]))
    }

    @Test("The device says what it is")
    func info() {
        #expect(device.info.kind == .cpu)
        #expect(device.info.platform == "built-in")
        #expect(device.info.name.contains("2 threads") && device.info.name.contains("OpenBLAS"))
        #expect(device.info.memory > 1 << 26)
        #expect(CPUDevice(threads: 0).info.computeUnits == 1)
    }

    @Test("Memory is counted, returned and used again")
    func memory() throws {
        let start = device.memory
        #expect(start.inUse == 0)
        var buffer: Buffer? = try device.allocate(bytes: 1_000_000)
        let held = device.memory
        #expect(held.inUse >= 1_000_000 && held.inUse < 1_200_000 && held.pooled == 0)
        #expect(buffer?.bytes == 1_000_000)
        buffer = nil
        let returned = device.memory
        #expect(returned.inUse == 0 && returned.pooled == held.inUse && returned.peak == held.inUse)
        buffer = try device.allocate(bytes: 999_000)
        #expect(device.memory.pooled == 0)
        #expect(try device.allocate(bytes: 0).bytes == 0)
    }

    @Test("Running out of memory is an error with numbers in it")
    func outOfMemory() throws {
        let total = device.info.memory
        #expect(throws: DeviceError.outOfMemory(device: device.info.name, requested: total + 1, inUse: 0, total: total))
        {
            try device.allocate(bytes: total + 1)
        }
        #expect(throws: DeviceError.self) { try device.allocate(bytes: -1) }
        // Live buffers count.
        let held = try device.allocate(bytes: 1 << 20)
        #expect(throws: DeviceError.self) { try device.allocate(bytes: total - (1 << 19)) }
        #expect(held.bytes == 1 << 20)
    }

    @Test("Copies stay inside their buffers")
    func copies() throws {
        let buffer = try device.allocate(bytes: 8)
        let bytes: [UInt8] = [1, 2, 3, 4]
        try bytes.withUnsafeBytes { try device.upload($0, to: buffer, offset: 4) }
        var back = [UInt8](repeating: 0, count: 2)
        try back.withUnsafeMutableBytes { try device.download(buffer, offset: 5, into: $0) }
        #expect(back == [2, 3])
        for offset in [5, -1, Int.max] {
            #expect(throws: DeviceError.self) {
                try bytes.withUnsafeBytes { try device.upload($0, to: buffer, offset: offset) }
            }
            #expect(throws: DeviceError.self) {
                var target = bytes
                try target.withUnsafeMutableBytes { try device.download(buffer, offset: offset, into: $0) }
            }
        }
        let stranger = try CPUDevice(threads: 1).allocate(bytes: 8)
        #expect(throws: DeviceError.self) {
            try bytes.withUnsafeBytes { try device.upload($0, to: stranger, offset: 0) }
        }
    }

    @Test("Bindings are checked before anything runs")
    func bindings() throws {
        let steps = try device.prepare([CPUDeviceTests.fill(16, slot: 1, offset: 4)])
        let small = try device.allocate(bytes: 79)
        let large = try device.allocate(bytes: 80)
        try device.run(steps, bindings: [small, large])
        #expect(throws: DeviceError.self) { try device.run(steps, bindings: [large]) }
        #expect(throws: DeviceError.self) { try device.run(steps, bindings: [large, small]) }
        let stranger = try CPUDevice(threads: 1).allocate(bytes: 80)
        #expect(throws: DeviceError.self) { try device.run(steps, bindings: [small, stranger]) }
        #expect(throws: DeviceError.self) { try device.run(steps, bindings: [small, Buffer(bytes: 80)]) }
    }

    @Test("Malformed steps are refused when they are prepared")
    func malformed() throws {
        let view = View(contiguous: [4])
        let operand = Operand(slot: 0, dtype: .float32)
        func refuse(_ what: String, operands: [Operand] = [operand], _ build: (inout Expression) -> Int) {
            var body = Expression()
            let value = build(&body)
            let step = PointwiseStep(
                shape: [4], body: body, operands: operands,
                stores: [Store(value: value, destination: operand, view: view)])
            #expect(throws: DeviceError.self, "\(what)") { try device.prepare([.pointwise(step)]) }
        }
        refuse("an operand that is not there") { $0.append(.load(operand: 1, view: view), type: .float32) }
        refuse("a view of another shape") {
            $0.append(.load(operand: 0, view: View(contiguous: [5])), type: .float32)
        }
        refuse("a view that starts before the memory") {
            $0.append(.load(operand: 0, view: View(shape: [4], strides: [-1])), type: .float32)
        }
        refuse("a later argument") { $0.append(.unary(.exp, 3), type: .float32) }
        refuse("a type that is not the operation's") {
            let int = $0.append(.constant(.int(1)), type: .int32)
            return $0.append(.unary(.exp, int), type: .int32)
        }
        refuse("a store of another type") { $0.append(.constant(.int(1)), type: .int32) }
        refuse("a value that is not there") { _ in 9 }
        refuse("an accumulator of nothing") { $0.append(.accumulator, type: .float32) }
        refuse("a negative slot", operands: [Operand(slot: -1, dtype: .float32)]) {
            $0.append(.load(operand: 0, view: view), type: .float32)
        }
    }

    @Test("A profile has a time for each step")
    func profile() throws {
        let steps = try device.prepare([CPUDeviceTests.fill(16), CPUDeviceTests.fill(1_000_000)])
        let buffer = try device.allocate(bytes: 4_000_000)
        let seconds = try device.profile(steps, bindings: [buffer])
        #expect(seconds.count == 2 && steps.launches == 2)
        #expect(seconds.allSatisfy { $0 > 0 && $0 < 10 })
    }

    @Test("Calls from many threads are serialised")
    func concurrentRuns() async throws {
        let device = device
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let found = try device.results(
                        of: [CPUDeviceTests.fill(30_000)], slots: [HostSlot(room: 30_000)])
                    #expect(found[0].floats.allSatisfy { $0 == 1 })
                }
            }
            try await group.waitForAll()
        }
    }
}
