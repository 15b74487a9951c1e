import Devices
import Testing
import Training

struct ModelStepsTests {
    @Test func collectsWhatTrainingStepsAndSamplersAreMadeOf() throws {
        let device = try DeviceSelection.choose("cpu").info
        var models: [String] = []
        let steps = try ModelSteps(isQuick: true).collect(for: device) { models.append($0.model) }
        #expect(models == ["vae", "pixelcnn", "gated-pixelcnn", "dcgan"])
        let keys = steps.map(\.key)
        #expect(Set(keys).count == keys.count)
        // The encoder's first layer, and the decoder's last one from a sample.
        #expect(keys.contains { $0.hasPrefix("product 1x128x400x784 ") })
        #expect(keys.contains { $0.hasPrefix("product 1x64x784x400 ") })
        for kind in ["forward", "inputGradient", "weightGradient"] {
            #expect(keys.contains { $0.hasPrefix("convolution \(kind) ") })
        }
        #expect(steps.map(\.flops) == steps.map(\.flops).sorted(by: >))
    }
}
