import Compute
import ComputeOpenCL
import TestSupport
import Testing

/// Raster scans on every device, in both forms, against the literal execution of their description.
@Suite struct RasterScanTests {
    @Test(arguments: TestDevices.all, [true, false])
    func scans(device: TestDevice, isReplayed: Bool) throws {
        var cases = RasterScanCase.all
        if let device = device.device as? OpenCLDevice {
            if !isReplayed {
                // Devices say so where they cannot.
                for scan in cases where !scan.suitsOneLaunch {
                    #expect(throws: DeviceError.self, "\(scan.note)") {
                        try device.prepare([scan.step(isReplayed: false)])
                    }
                }
                cases.removeAll { !$0.suitsOneLaunch }
            }
            try device.compile(ahead: cases.map { [$0.step(isReplayed: isReplayed)] })
        }
        for scan in cases { try compare(device.device, scan, isReplayed: isReplayed) }
    }

    private func compare(_ device: any Device, _ scan: RasterScanCase, isReplayed: Bool) throws {
        let expected = try scan.results(on: ReferenceDevice(), isReplayed: isReplayed)
        let found = try scan.results(on: device, isReplayed: isReplayed)
        for (slot, (found, expected)) in zip(found, expected).enumerated() {
            let isFloat = scan.memory[slot].dtype == .float32
            // The numbers of one place go into those of the next: errors add up.
            let wrong = OpenCLFixture.mismatch(
                found, expected, relative: isFloat ? 1e-4 : 0, absolute: isFloat ? 2e-5 : 0)
            if let wrong { Issue.record("\(scan.note), slot \(slot): \(wrong)") }
        }
    }

    /// More launches than are queued at once.
    @Test(arguments: TestDevices.all)
    func longReplaysKeepTheirOrder(device: TestDevice) throws {
        let (rows, columns) = (97, 89)
        let scan = RasterScanCase.counter(rows: rows, columns: columns)
        let found = try OpenCLFixture.run([scan.step(isReplayed: true)], scan.memory, on: device.device)
        #expect(found[0] == [Double(rows * columns)])
        #expect(found[1] == (1...rows * columns).map(Double.init))
    }

    /// Offsets and buffers that a kernel keeps from run to run must not be taken for those of the next.
    @Test(arguments: TestDevices.all)
    func aPreparedReplayRunsOnOtherBuffers(device: TestDevice) throws {
        let device = device.device
        let scan = RasterScanCase.counter(rows: 2, columns: 3)
        let prepared = try device.prepare([scan.step(isReplayed: true)])
        for start: Int32 in [10, 20] {
            let counter = try device.allocate(bytes: 4)
            let places = try device.allocate(bytes: 24)
            try withUnsafeBytes(of: start) { try device.upload($0, to: counter, offset: 0) }
            try device.run(prepared, bindings: [counter, places])
            var found = [Int32](repeating: 0, count: 6)
            try found.withUnsafeMutableBytes { try device.download(places, offset: 0, into: $0) }
            #expect(found == (1...6).map { start + $0 })
        }
    }

    @Test(arguments: TestDevices.all)
    func aReplayIsOneStepOfManyLaunches(device: TestDevice) throws {
        let scan = RasterScanCase.counter(rows: 4, columns: 5)
        let prepared = try device.device.prepare([scan.step(isReplayed: true), scan.step(isReplayed: true)])
        #expect(prepared.launches == 2 * 20)
        let bindings = try [device.device.allocate(bytes: 4), device.device.allocate(bytes: 80)]
        #expect(try device.device.profile(prepared, bindings: bindings).count == 2)
    }

    /// Scans without positions, instances or programs do nothing.
    @Test(arguments: TestDevices.all, [true, false])
    func emptyScansDoNothing(device: TestDevice, isReplayed: Bool) throws {
        let counter = RasterScanCase.counter(rows: 2, columns: 2)
        let changes: [(inout RasterScanStep) -> Void] = [
            { $0.rows = 0 }, { $0.columns = 0 }, { $0.instances = 0 }, { $0.pixelPrograms = [nil] },
            { $0.programs = [[]] },
        ]
        for change in changes {
            var scan = counter
            change(&scan.scan)
            let found = try OpenCLFixture.run([scan.step(isReplayed: isReplayed)], scan.memory, on: device.device)
            #expect(found == counter.memory.map(\.values))
        }
    }

    // MARK: Bad input

    /// Changes that make a scan impossible wherever it runs.
    private static let malformed: [(what: String, change: @Sendable (inout RasterScanStep) -> Void)] = [
        ("a scan in a scan", { $0.programs[0].append(.rasterScan($0)) }),
        ("a slot that is not there", { $0.slots.removeLast() }),
        ("a slot of another type", { $0.slots[0].operand.dtype = .float32 }),
        ("a slot in no buffer", { $0.slots[0].operand.slot = -1 }),
        ("a start before the buffer", { $0.slots[1].operand.offset = -1 }),
        ("a row stride that leads out of the buffer", { $0.slots[1].rowStride = -1 }),
        ("an instance before the buffer", { ($0.instances, $0.slots[0].instanceStride) = (2, -1) }),
        ("a divisor of zero", { $0.slots[1].divisor = 0 }),
        ("a ring of no rows", { $0.slots[1].ring = 0 }),
        ("a shift to a later row", { $0.slots[1].rowShift = 1 }),
        ("a shift by more than the ring", { $0.slots[1].rowShift = -4 }),
        ("a period of zero", { ($0.period, $0.rowPrograms, $0.pixelPrograms) = (0, [], []) }),
        ("programs for another period", { $0.pixelPrograms = [0, 0] }),
        ("no row programs", { $0.rowPrograms = [] }),
        ("a program that is not there", { $0.pixelPrograms = [1] }),
        ("a negative number of rows", { $0.rows = -1 }),
    ]

    @Test(arguments: TestDevices.all, [true, false])
    func impossibleScansAreRefused(device: TestDevice, isReplayed: Bool) throws {
        for (what, change) in RasterScanTests.malformed {
            var scan = RasterScanCase.counter(rows: 3, columns: 2)
            change(&scan.scan)
            #expect(throws: DeviceError.self, "\(what)") {
                try device.device.prepare([scan.step(isReplayed: isReplayed)])
            }
        }
    }

    /// The last element that the last position of the last instance reaches decides.
    @Test(arguments: TestDevices.all, [true, false])
    func buffersMustHoldWhatTheScanReaches(device: TestDevice, isReplayed: Bool) throws {
        let device = device.device
        var scan = RasterScanCase.counter(rows: 3, columns: 2)
        scan.scan.instances = 4
        scan.scan.slots[0].instanceStride = 1
        scan.scan.slots[1].instanceStride = 6
        let prepared = try device.prepare([scan.step(isReplayed: isReplayed)])
        func run(_ sizes: [Int]) throws {
            let buffers = try sizes.map { try device.allocate(bytes: $0) }
            try device.run(prepared, bindings: buffers)
            try device.synchronize()
        }
        try run([16, 96])
        #expect(throws: DeviceError.self) { try run([12, 96]) }
        #expect(throws: DeviceError.self) { try run([16, 92]) }
        #expect(throws: DeviceError.self) { try run([16]) }
    }
}
