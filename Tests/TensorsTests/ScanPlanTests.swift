import Compute
import ComputeOpenCL
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

/// What recurrences become: steps, launches, memory.
@Suite struct ScanPlanTests {
    private static func layer(steps: Int) throws -> [Tensor] {
        try ScanNetwork.lstm(8, steps).everything(ScanNetwork.scanned)
    }

    private static func compiled(_ results: [Tensor], on device: any Device) throws -> Executor.Compiled {
        try Executor.of(device).compile(Graph.canonical(results: results, assignments: []).graph)
    }

    private static func scans(_ plan: Plan) -> [RasterScanStep] {
        plan.steps.compactMap { if case .rasterScan(let scan) = $0.step { scan } else { nil } }
    }

    /// The number of launches has nothing to do with that of steps: one for each scan, and one for what it copies first.
    @Test(arguments: TestDevices.openCL)
    func launchesDoNotGrow(_ test: TestDevice) throws {
        func launches(_ steps: Int) throws -> [Int] {
            let compiled = try ScanPlanTests.compiled(ScanPlanTests.layer(steps: steps), on: test.device)
            let scans = ScanPlanTests.scans(compiled.plan).map(Step.rasterScan)
            return try scans.map { try test.device.prepare([$0]).launches }
        }
        #expect(try launches(3) == [2, 2])
        #expect(try launches(40) == [2, 2])
    }

    /// A scan there and one back, each with two products and what is between them; the weights' gradient is one product
    /// over all steps.
    @Test func stepsOfALayer() throws {
        let plan = try ScanPlanTests.compiled(ScanPlanTests.layer(steps: 12), on: TestDevices.reference.device).plan
        let scans = ScanPlanTests.scans(plan)
        #expect(scans.count == 2)
        for scan in scans {
            #expect(scan.programs.map(\.count) == [2], "\(plan)")
            #expect(scan.rows == 12)
        }
        let depths = plan.steps.compactMap { if case .contraction(let step) = $0.step { step.depth } else { nil } }
        #expect(depths == [12 * 8], "\(plan)")
        #expect(plan.description.contains("scan of 12"))
    }

    /// Equal layers are one kernel, which is told where its memory is.
    @Test func equalLayersShareAKernel() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tessera-scan-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let device = try #require(OpenCLDevice.discover(shape: .cpu, cacheFolder: folder.path).devices.first)
        var x = try ScanNetwork.values([3, 2, 16], 1)
        for layer in 0..<3 {
            let weights = try ScanNetwork.values([3, 16, 16], UInt64(2 + layer)).split([1, 1, 1], axis: 0)
            let body = Cells.simple([try weights[1].reshaped([16, 16])])
            x = try Tensor.scan([x.matmul(weights[0].reshaped([16, 16]))], from: [Tensor.zeros([2, 16])], body: body)
                .outputs[0]
        }
        let scans = ScanPlanTests.scans(try ScanPlanTests.compiled([x], on: TestDevices.reference.device).plan)
        let compiled = Counter()
        device.onCompile = { compiled.add($0) }
        var counts: [Int] = []
        for scan in scans {
            _ = try device.prepare([.rasterScan(scan)])
            counts.append(compiled.total)
        }
        // The first layer's kernel, and the one that copies its constants; the others need no more.
        #expect(counts == [2, 2, 2])
    }

    private final class Counter: Sendable {
        private let sum = Mutex(0)
        func add(_ count: Int) { sum.withLock { $0 += count } }
        var total: Int { sum.withLock { $0 } }
    }

    /// Samplers of one pixel at a time have no form for a recurrence.
    @Test func samplersRefuse() throws {
        let specification = RasterSampler.Specification(
            height: 2, width: 3, channels: 1, uniforms: 1, channelByChannel: false,
            network: { images in
                let (count, shape) = (images.shape[0], images.shape)
                let scan = try Tensor.scan([images], from: []) { inputs, _ in ([], [try inputs[0] * 2]) }
                return (try scan.outputs[0].reshaped([count] + shape.dropFirst()), [])
            }, draw: { parameters, _ in parameters })
        let error = #expect(throws: IncrementalError.self) {
            _ = try RasterSampler(
                specification, block: 1, instances: 1, isReplayed: true, on: TestDevices.cpu.device)
        }
        guard case .unsupported("scan", _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// Without a way back nothing is kept: the memory of a long scan whose last state alone is asked for is that of a
    /// short one.
    @Test func forwardAloneKeepsNothing() throws {
        func slabs(_ steps: Int) throws -> Int {
            let last = Array(try ScanPlanTests.layer(steps: steps).prefix(1))
            let plan = try ScanPlanTests.compiled(last, on: TestDevices.reference.device).plan
            // The input's own function is computed for all steps before.
            return plan.slabs.reduce(0, +) - steps * 8 * 20 * 4
        }
        #expect(try abs(slabs(4) - slabs(64)) < 1024)
    }

    /// Plans are remembered by structure: equal bodies give equal graphs, other bodies and directions others.
    @Test func keys() throws {
        func graph(_ steps: Int, isReversed: Bool = false, factor: Float = 1) throws -> Graph {
            let x = try ScanNetwork.values([steps, 2, 3], UInt64(steps))
            let scan = try Tensor.scan([x], from: [Tensor.zeros([2, 3])], isReversed: isReversed) {
                let next = try ($0[0] * factor + $1[0]).tanh()
                return ([next], [next])
            }
            return Graph.canonical(results: scan.outputs, assignments: []).graph
        }
        #expect(try graph(4) == graph(4))
        #expect(try graph(4) != graph(5))
        #expect(try graph(4) != graph(4, isReversed: true))
        #expect(try graph(4) != graph(4, factor: 2))
    }

    /// Blocks of the batch run side by side where the body leaves them apart.
    @Test func blocks() throws {
        var info = TestDevices.reference.device.info
        info.computeUnits = 4
        func instances(_ network: ScanNetwork) throws -> [Int] {
            let graph = Graph.canonical(results: try network.everything(ScanNetwork.scanned), assignments: []).graph
            return ScanPlanTests.scans(try Lowering.plan(graph, on: info)).map(\.instances)
        }
        #expect(try instances(ScanNetwork.lstm(16, 3)) == [4, 4])
        #expect(try instances(ScanNetwork.lstm(3, 3)) == [3, 3])
        #expect(try instances(ScanNetwork.lstm(1, 3)) == [1, 1])
        let mixed = ScanNetwork(
            description: "mixed", sequence: [3, 4, 2], states: [[4, 2]], weights: [],
            cell: { _ in { ([try $1[0] - $1[0].mean([0], keepingDimensions: true) + $0[0]], []) } })
        #expect(try instances(mixed) == [1, 1])
    }

    /// What cannot be divided and is much for one unit is launched step by step; on the built-in device it makes no
    /// difference.
    @Test func replay() throws {
        func isReplayed(_ size: Int, _ kind: DeviceInfo.Kind) throws -> [Bool] {
            var info = TestDevices.reference.device.info
            (info.computeUnits, info.kind) = (4, kind)
            let weights = try ScanNetwork.values([size, size], 1)
            let scan = try Tensor.scan([ScanNetwork.values([3, 1, size], 2)], from: [Tensor.zeros([1, size])]) {
                ([try ($0[0] + $1[0].matmul(weights)).tanh()], [])
            }
            let graph = Graph.canonical(results: scan.state, assignments: []).graph
            return ScanPlanTests.scans(try Lowering.plan(graph, on: info)).map(\.isReplayed)
        }
        #expect(try isReplayed(64, .openCLCPU) == [false])
        #expect(try isReplayed(1000, .gpu) == [true])
        #expect(try isReplayed(2000, .openCLCPU) == [true])
        #expect(try isReplayed(2000, .cpu) == [false])
    }
}
