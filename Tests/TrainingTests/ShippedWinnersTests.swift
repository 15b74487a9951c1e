import Compute
import ComputeOpenCL
import Devices
import Testing
import Training

/// A shipped table that no step reads any more would be passed over in silence.
@Suite(.enabled(if: DeviceSelection.all.contains { $0.info.isPoCL }))
struct ShippedWinnersTests {
    @Test("each entry of a shipped table is a step of a built-in model, and one of its candidates")
    func areRead() throws {
        let device = try #require(DeviceSelection.all.first { $0.info.isPoCL })
        let steps = try ModelSteps(isQuick: false).collect(for: device.info) { _ in }
        for lanes in [8, 16] {
            let traits = KernelTraits(shape: .cpu, computeUnits: 2, lanes: lanes)
            let candidates = Dictionary(steps.map { ($0.key, $0.candidates(traits)) }) { first, _ in first }
            let table = ShippedWinners.table(traits)
            #expect(!table.isEmpty)
            for (key, winner) in table {
                #expect(candidates[key]?.contains(winner) == true, "\(lanes) lanes, \(key): \(winner)")
                #expect(candidates[key]?.first != winner, "\(lanes) lanes, \(key): what the rule chooses anyway")
            }
        }
    }
}
