import Compute
import ComputeOpenCL
import TestSupport
import Testing

/// Products and convolutions on tensor cores, whose instructions are emulated here; the rest is what a GPU runs.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLTensorTests {
    typealias Slot = OpenCLFixture.Slot
    typealias Tap = ConvolutionGeometry.Tap

    private static let emulating = OpenCLDevice.discover(shape: .gpu, emulatingTensorCores: true)

    private static var hasTensorCores: Bool { (try? OpenCLFixture.device(.gpu).info.tensorCores) == true }

    private static func device() throws -> OpenCLDevice {
        try #require(emulating.devices.first, "no OpenCL device: \(emulating.problems)")
    }

    /// A number rounded to tf32, ties away from zero, or to bf16, ties to even.
    private static func rounded(_ value: Double, _ precision: Precision) -> Double {
        let x = Float(value)
        guard x.isFinite, x != 0, precision != .full else { return value }
        let unit = x.ulp * (precision == .fast ? 0x1p13 : 0x1p16)
        return Double((x / unit).rounded(precision == .fast ? .toNearestOrAwayFromZero : .toNearestOrEven) * unit)
    }

    /// A step whose first two slots are its factors, with the depth of its sums.
    struct Case {
        var step: Step
        var slots: [Slot]
        var depth: Int
        var note: String
    }

    /// Compares with double precision: closely where the factors are rounded first, and where they are not within what
    /// their rounding can do.
    private func compare(_ cases: [Case], _ precision: Precision) throws {
        var steps: [Step] = []
        var slots: [Slot] = []
        for one in cases {
            steps.append(one.step.with(precision: precision).shifted(by: slots.count))
            slots += one.slots
        }
        let device = try Self.device()
        let results = try OpenCLFixture.run(steps, slots, on: device)
        var first = 0
        for one in cases {
            var held = one.slots
            for slot in 0..<2 {
                let values = held[slot].values.map { Self.rounded($0, precision) }
                held[slot] = Slot(.float32, values)
            }
            let result = 4
            let found = results[first + result]
            let close = try OpenCLFixture.run([one.step], held, on: ReferenceDevice())
            let isFloat = one.slots[result].dtype == .float32
            // Behind the result, in some cases, is the sum that it follows from.
            for slot in result..<one.slots.count {
                let isExact = one.slots[slot].dtype != .float32
                if let worst = OpenCLFixture.mismatch(
                    results[first + slot], close[slot], relative: isExact ? 0 : 5e-6,
                    absolute: isExact ? 0 : 1e-6 + 2e-7 * Double(one.depth))
                {
                    Issue.record("\(one.note), factors rounded, slot \(slot): \(worst)")
                }
            }
            first += one.slots.count
            guard isFloat else { continue }
            let error = 1e-6 + 2e-7 * Double(one.depth)
            // The factors are at most 1, and so is what an epilogue makes of a difference.
            let exact = try OpenCLFixture.run([one.step], one.slots, on: ReferenceDevice())[result]
            let bound = error + 2.01 * precision.unitRoundoff * Double(one.depth)
            if let worst = OpenCLFixture.mismatch(found, exact, relative: 5e-6, absolute: bound) {
                Issue.record("\(one.note): \(worst)")
            }
            let isRounded = OpenCLFixture.mismatch(found, exact, relative: 5e-6, absolute: error) != nil
            #expect(isRounded, "\(one.note) is computed as with full")
        }
    }

    private static func product(
        _ batch: Int, _ size: [Int], _ transposed: (a: Bool, b: Bool), aligned: Bool = false,
        storing dtype: DType? = nil
    ) -> Case {
        let (rows, columns, depth) = (size[0], size[1], size[2])
        let offsets = aligned ? (a: 4, b: 8) : (a: 1, b: 3)
        let a = Matrix(
            operand: Operand(slot: 0, offset: offsets.a, dtype: .float32), batchStride: batch > 1 ? rows * depth : 0,
            rowStride: transposed.a ? 1 : depth, columnStride: transposed.a ? rows : 1)
        // All share one right matrix.
        let b = Matrix(
            operand: Operand(slot: 1, offset: offsets.b, dtype: .float32), batchStride: 0,
            rowStride: transposed.b ? 1 : columns, columnStride: transposed.b ? depth : 1)
        let results = [batch, rows, columns]
        let count = results.reduce(1, *)
        let step = ContractionStep(
            batch: batch, rows: rows, columns: columns, depth: depth, a: a, b: b,
            epilogue: dtype.map { OpenCLProductTests.epilogue(results, storing: $0, slots: (2, 3), sumIn: 5) },
            destination: Operand(slot: 4, offset: 5, dtype: dtype ?? .float32))
        return Case(
            step: .contraction(step),
            slots: [
                .noise(count: batch * rows * depth + offsets.a), .noise(count: depth * columns + offsets.b, seed: 2),
                .noise(count: columns + 1, seed: 3), .noise(count: count + 2, seed: 4),
                .zeros(dtype ?? .float32, count: count + 7), .zeros(count: count + 6),
            ], depth: depth,
            note: "\(batch)x\(size) \(transposed)\(aligned ? " aligned" : "") storing \(dtype?.description ?? "sums")")
    }

    /// Every tile, odd sizes and such as are read in vectors, every pair of layouts, batches, and a depth that is split.
    @Test func products() throws {
        try compare(
            [
                Self.product(1, [33, 70, 129], (false, false)),
                Self.product(2, [45, 37, 19], (true, false), storing: .float32),
                Self.product(1, [130, 140, 50], (false, true)),
                Self.product(1, [132, 260, 36], (true, false), aligned: true, storing: .float32),
                Self.product(1, [260, 64, 200], (false, false), aligned: true),
                Self.product(1, [131, 61, 40], (true, true)),
                Self.product(3, [64, 96, 48], (true, true), aligned: true),
                Self.product(1, [64, 64, 3000], (false, true), aligned: true, storing: .float32),
            ], .fast)
    }

    @Test func otherTypesOfResults() throws {
        try compare([Self.product(1, [40, 48, 32], (false, true), aligned: true, storing: .bool)], .fast)
    }

    @Test func productsOfBFloat16() throws {
        try compare(
            [
                Self.product(1, [132, 136, 52], (false, false), aligned: true),
                Self.product(2, [45, 37, 19], (true, true), storing: .float32),
                Self.product(1, [64, 64, 1000], (false, true)),
                Self.product(1, [130, 132, 36], (true, false)),
                Self.product(1, [140, 64, 40], (true, true), aligned: true),
            ], .fastest)
    }

    private static func geometry(
        _ batch: Int, _ input: (Int, Int), _ channels: (Int, Int), _ output: (Int, Int), _ stride: Int, _ taps: [Tap]
    ) -> ConvolutionGeometry {
        ConvolutionGeometry(
            batch: batch, height: input.0, width: input.1, inputChannels: channels.0, outputHeight: output.0,
            outputWidth: output.1, outputChannels: channels.1, strideY: stride, strideX: stride, taps: taps)
    }

    private static func taps(_ height: Int, _ width: Int, from y: Int, _ x: Int, dilation: Int = 1) -> [Tap] {
        (0..<height).flatMap { row in (0..<width).map { Tap(dy: y + row * dilation, dx: x + $0 * dilation) } }
    }

    /// Channels that are read in vectors and such as are not, strides, a mask, dilation with a tap that meets nothing, and
    /// a window as large as the image.
    static let geometries: [ConvolutionGeometry] = [
        geometry(2, (9, 8), (36, 40), (9, 8), 1, taps(3, 3, from: -1, -1)),
        geometry(3, (11, 10), (33, 35), (5, 5), 2, taps(4, 4, from: -1, -1)),
        geometry(5, (8, 8), (64, 132), (8, 8), 1, Array(taps(3, 3, from: -1, -1).prefix(5))),
        geometry(1, (12, 11), (34, 32), (12, 11), 1, taps(2, 2, from: -2, -2, dilation: 3) + [Tap(dy: 20, dx: 0)]),
        geometry(40, (4, 4), (17, 40), (1, 1), 1, taps(4, 4, from: 0, 0)),
    ]

    @Test(arguments: [ConvolutionStep.Kind.forward, .inputGradient, .weightGradient])
    func convolutions(_ kind: ConvolutionStep.Kind) throws {
        try compare(Self.geometries.enumerated().map { Self.convolution(kind, $1, $0) }, .fast)
    }

    @Test func convolutionsOfBFloat16() throws {
        let kinds = [ConvolutionStep.Kind.forward, .inputGradient, .weightGradient]
        try compare(kinds.map { Self.convolution($0, Self.geometries[0], 1) }, .fastest)
    }

    private static func convolution(
        _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry, _ number: Int
    ) -> Case {
        let (x, y, w) = (geometry.inputShape, geometry.outputShape, geometry.weightShape)
        let (first, second, result, depth) =
            switch kind {
            case .forward: (x, w, y, w[0] * w[1])
            case .inputGradient: (y, w, x, w[0] * w[2])
            case .weightGradient: (x, y, w, y[0] * y[1] * y[2])
            }
        let count = result.reduce(1, *)
        let columns = result[result.count - 1]
        let shape = [1, count / columns, columns]
        let epilogue =
            number % 2 == 0 ? nil : OpenCLProductTests.epilogue(shape, storing: .float32, slots: (2, 3))
        // The second geometry's operands begin anywhere.
        let offset = number == 1 ? 1 : 4
        let step = ConvolutionStep(
            kind: kind, geometry: geometry, first: Operand(slot: 0, offset: offset, dtype: .float32),
            second: Operand(slot: 1, offset: 2 * offset, dtype: .float32), epilogue: epilogue,
            destination: Operand(slot: 4, offset: 3, dtype: .float32))
        return Case(
            step: .convolution(step),
            slots: [
                .noise(count: first.reduce(1, *) + offset), .noise(count: second.reduce(1, *) + 2 * offset, seed: 2),
                .noise(count: columns + 1, seed: 3), .noise(count: count + 2, seed: 4), .zeros(count: count + 4),
            ], depth: depth, note: "\(kind) of geometry \(number)")
    }

    /// Gradients of biases, which are added up beside those of weights, of numbers that are not rounded: of each tile, with
    /// a depth that is split and not.
    @Test func gradientsOfBiases() throws {
        let device = try Self.device()
        var cases = OpenCLWeightGradientTests.cases([
            [64, 64, 3000], [70, 50, 45], [200, 68, 21], [130, 150, 21], [33, 300, 35],
        ])
        cases += OpenCLWeightGradientTests.cases(Self.geometries)
        for one in cases {
            let steps = [one.steps[0].with(precision: .fast), one.steps[1]]
            let kernels = try KernelListing.kernels(of: steps, traits: device.traits)
            let own = kernels.count { !$0.text.contains("define SUMS 1") }
            #expect(own == 0, "\(one.note): a kernel for the sums alone")
            let found = try OpenCLFixture.run(steps, one.slots, on: device)[3]
            let exact = try OpenCLFixture.run(one.steps, one.slots, on: ReferenceDevice())[3]
            if let worst = OpenCLFixture.mismatch(found, exact, relative: 1e-6, absolute: one.absolute) {
                Issue.record("\(one.note): \(worst)")
            }
        }
    }

    /// Factors half way between two of the format, and numbers that are none.
    @Test(arguments: [Precision.fast, .fastest])
    func roundingAndSpecialNumbers(_ precision: Precision) throws {
        let (rows, columns, depth) = (32, 32, 16)
        // One factor a row of A; B has ones in one row, so that results are the factors as they were rounded.
        let half = precision == .fast ? 0x1p-11 : 0x1p-8
        let ties: [Double] = [1 + half, 1 + 3 * half, -(1 + half), -(1 + 3 * half), 1 + half + 0x1p-23, 1.5 - half / 2]
        let special: [Double] = [.infinity, -.infinity, 0, 0x1p-126, -0x1p-126]
        let factors = ties + special
        var a = [Double](repeating: 0, count: rows * depth)
        for (row, factor) in factors.enumerated() { a[row * depth + row % depth] = factor }
        var b = [Double](repeating: 0, count: depth * columns)
        for k in 0..<depth { b[k * columns + k] = 1 }
        // NaN of all bits and of few, in rows of their own.
        var slots = [Slot(.float32, a), Slot(.float32, b), .zeros(count: rows * columns)]
        for (row, bits) in [(20, UInt32(0x7fff_ffff)), (21, 0xffff_ffff), (22, 0x7f80_0001)] {
            slots[0].values[row * depth] = Double(Float(bitPattern: bits))
        }
        func matrix(_ slot: Int, _ stride: Int) -> Matrix {
            Matrix(operand: Operand(slot: slot, dtype: .float32), batchStride: 0, rowStride: stride, columnStride: 1)
        }
        let step = ContractionStep(
            batch: 1, rows: rows, columns: columns, depth: depth, a: matrix(0, depth), b: matrix(1, columns),
            destination: Operand(slot: 2, dtype: .float32), precision: precision)
        let found = try OpenCLFixture.run([.contraction(step)], slots, on: Self.device())[2]
        for (row, factor) in factors.enumerated() where factor.isFinite {
            #expect(found[row * columns + row % depth] == Self.rounded(factor, precision), "\(factor)")
        }
        // Infinity times one, and times nought beside it.
        func result(_ row: Int, _ column: Int) -> Double { found[row * columns + column] }
        let infinite = ties.count
        #expect(result(infinite, infinite) == Double.infinity)
        #expect(result(infinite, infinite + 1).isNaN)
        #expect(result(infinite + 1, infinite + 1) == -Double.infinity)
        for row in 20...22 {
            let numbers = (0..<columns).filter { !result(row, $0).isNaN }
            #expect(numbers.isEmpty, "row \(row)")
        }
    }

    /// With `full` a device with tensor cores computes what one without computes, bit for bit, by as many launches; and so
    /// does one without, whatever the precision.
    @Test(.disabled(if: hasTensorCores, "the device has tensor cores, and none without is at hand"))
    func fullIsFull() throws {
        let cases = [
            Self.product(1, [130, 140, 50], (false, false), storing: .float32),
            Self.product(1, [64, 64, 3000], (true, true)),
            Self.convolution(.forward, Self.geometries[0], 0), Self.convolution(.inputGradient, Self.geometries[1], 1),
            Self.convolution(.weightGradient, Self.geometries[2], 2),
        ]
        let (with, without) = (try Self.device(), try OpenCLFixture.device(.gpu))
        #expect(with.info.tensorCores && !without.info.tensorCores)
        for one in cases {
            let plain = try OpenCLFixture.run([one.step], one.slots, on: without)
            let full = try OpenCLFixture.run([one.step], one.slots, on: with)
            #expect(full.map(\.bits) == plain.map(\.bits), "\(one.note)")
            let fast = try OpenCLFixture.run([one.step.with(precision: .fast)], one.slots, on: without)
            #expect(fast.map(\.bits) == plain.map(\.bits), "\(one.note)")
            #expect(try with.prepare([one.step]).launches == without.prepare([one.step]).launches)
        }
    }

    /// Products inside a scan that is run launch by launch know their precision, too.
    @Test func precisionReachesInnerSteps() {
        let product = Self.product(1, [64, 64, 64], (false, false)).step
        let scan = RasterScanStep(
            rows: 1, columns: 0, instances: 1, slots: [], programs: [[product]], period: 1, rowPrograms: [0],
            pixelPrograms: [nil], isReplayed: true)
        guard case .rasterScan(let fast) = Step.rasterScan(scan).with(precision: .fast),
            case .contraction(let inner) = fast.programs[0][0]
        else {
            Issue.record("another step")
            return
        }
        #expect(inner.precision == .fast)
    }

    /// What is run before tensor cores are trusted sees a device that is wrong.
    @Test(arguments: [Precision.fast, .fastest])
    func check(_ precision: Precision) throws {
        let device = try Self.device()
        #expect(device.tensorCoreProblem(at: precision) == nil)
        let wrong = SpoilingDevice(device)
        let problem = TensorCheck.problem(precision, on: wrong) { try device.prepare($0) }
        #expect(problem?.contains("whole numbers") == true)
        let failing = TensorCheck.problem(precision, on: device) { _ in
            throw DeviceError.buildFailed(device: "a device", kernel: "mma", log: "no such instruction")
        }
        #expect(failing?.contains("no such instruction") == true)
    }
}

extension [Double] {
    fileprivate var bits: [UInt64] { map(\.bitPattern) }
}

/// A device whose results are off by the last bit of one number.
private final class SpoilingDevice: Device {
    private let device: any Device

    init(_ device: any Device) { self.device = device }

    var info: DeviceInfo { device.info }
    var memory: MemoryUsage { device.memory }
    func allocate(bytes: Int) throws -> Buffer { try device.allocate(bytes: bytes) }
    func prepare(_ steps: [Step]) throws -> any PreparedSteps { try device.prepare(steps) }
    func synchronize() throws { try device.synchronize() }

    func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws {
        try device.upload(source, to: buffer, offset: offset)
    }

    func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        try device.download(buffer, offset: offset, into: destination)
        let last = destination.count - 4
        let bits = destination.load(fromByteOffset: last, as: UInt32.self) ^ 1
        destination.storeBytes(of: bits, toByteOffset: last, as: UInt32.self)
    }

    func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws { try device.run(steps, bindings: bindings) }

    func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double] {
        try device.profile(steps, bindings: bindings)
    }
}
