import Compute
import ComputeOpenCL
import Foundation
import Testing

/// Which tables of winners a device's kernels are chosen by.
@Suite struct VariantTableTests {
    /// A processor that a table comes with the library for.
    private static let traits = KernelTraits(shape: .cpu, computeUnits: 2, lanes: 8)

    @Test("the device's own table goes before the shipped one; TESSERA_TUNING=off leaves both out")
    func order() throws {
        let shipped = ShippedWinners.table(Self.traits)
        let (known, _) = try #require(shipped.min { $0.key < $1.key })
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tessera-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let records = DeviceRecords(folder: folder.path, identity: ["a device"])
        #expect(records.policy(Self.traits, setting: nil).winners == shipped)
        try records.write(winners: [known: "another", "a step": "a variant"])
        var both = shipped
        both[known] = "another"
        both["a step"] = "a variant"
        #expect(records.policy(Self.traits, setting: nil).winners == both)
        #expect(records.policy(Self.traits, setting: "on").winners == both)
        #expect(records.policy(Self.traits, setting: "off").winners.isEmpty)
        let other = DeviceRecords(folder: folder.path, identity: ["another device"])
        #expect(other.policy(Self.traits, setting: nil).winners == shipped)
    }

    /// Tiles with more sums than there are registers go through memory; few sums wait for one another.
    @Test("a CPU's tiles lie inside the result and fill the registers", arguments: [(8, 3...6), (16, 4...25)])
    func registers(lanes: Int, sums: ClosedRange<Int>) throws {
        let traits = KernelTraits(shape: .cpu, computeUnits: 2, lanes: lanes)
        for rows in [1, 2, 3, 4, 5, 9, 64, 400] {
            for columns in [16, 17, 40, 100, 400, 784] {
                // Whole sums, and sums split over the depth.
                for depth in [64, 4096] {
                    let tunable = try #require(TunableStep(Self.product(rows, columns, depth)))
                    let name = try #require(tunable.candidates(traits).first)
                    let tile = try #require(name.firstMatch(of: /tile (\d+)x(\d+)/))
                    let (height, across) = (try #require(Int(tile.1)), try #require(Int(tile.2)))
                    let vectors = (columns + 15) / 16
                    #expect(height <= rows && across <= vectors, "\(rows)x\(columns)x\(depth): \(name)")
                    let isFilled = sums.contains(height * across) || height * across == rows * vectors
                    #expect(isFilled && height * across <= sums.upperBound, "\(rows)x\(columns)x\(depth): \(name)")
                }
            }
        }
    }

    private static func product(_ rows: Int, _ columns: Int, _ depth: Int) -> Step {
        func matrix(_ slot: Int, _ columns: Int) -> Matrix {
            Matrix(
                operand: Operand(slot: slot, dtype: .float32), batchStride: 0, rowStride: columns, columnStride: 1)
        }
        return .contraction(
            ContractionStep(
                batch: 1, rows: rows, columns: columns, depth: depth, a: matrix(0, depth), b: matrix(1, columns),
                destination: Operand(slot: 2, dtype: .float32)))
    }

    /// With two compute units: results that fill large tiles, medium ones, and neither.
    @Test(
        "a GPU's tiles compute at most twice what the smallest would",
        arguments: [
            (300, 200, "128x128"), (150, 60, "64x64"), (150, 6, "32x32"), (6, 150, "32x32"),
        ])
    func tiles(rows: Int, columns: Int, tile: String) throws {
        let tunable = try #require(TunableStep(Self.product(rows, columns, 40)))
        let names = tunable.candidates(KernelTraits(shape: .gpu, computeUnits: 2, lanes: 8))
        #expect(names.first?.contains("tile \(tile)x") == true, "\(names)")
    }

    @Test("no table is shipped for a device of another kind")
    func others() {
        #expect(ShippedWinners.table(KernelTraits(shape: .gpu, computeUnits: 2, lanes: 16)).isEmpty)
        #expect(ShippedWinners.table(KernelTraits(shape: .cpu, computeUnits: 2, lanes: 4)).isEmpty)
    }
}
