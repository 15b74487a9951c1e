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

    /// With two compute units: results that fill large tiles, medium ones, and neither.
    @Test(
        "a GPU's tiles compute at most twice what the smallest would",
        arguments: [
            (300, 200, "128x128"), (150, 60, "64x64"), (150, 6, "32x32"), (6, 150, "32x32"),
        ])
    func tiles(rows: Int, columns: Int, tile: String) throws {
        func matrix(_ slot: Int, _ columns: Int) -> Matrix {
            Matrix(
                operand: Operand(slot: slot, dtype: .float32), batchStride: 0, rowStride: columns, columnStride: 1)
        }
        let step = ContractionStep(
            batch: 1, rows: rows, columns: columns, depth: 40, a: matrix(0, 40), b: matrix(1, columns),
            destination: Operand(slot: 2, dtype: .float32))
        let tunable = try #require(TunableStep(.contraction(step)))
        let names = tunable.candidates(KernelTraits(shape: .gpu, computeUnits: 2, lanes: 8))
        #expect(names.first?.contains("tile \(tile)x") == true, "\(names)")
    }

    @Test("no table is shipped for a device of another kind")
    func others() {
        #expect(ShippedWinners.table(KernelTraits(shape: .gpu, computeUnits: 2, lanes: 8)).isEmpty)
        #expect(ShippedWinners.table(KernelTraits(shape: .cpu, computeUnits: 2, lanes: 16)).isEmpty)
    }
}
