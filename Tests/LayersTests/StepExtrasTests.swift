import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Clipping, averaging and schedules")
struct StepExtrasTests {
    @Test(arguments: TestDevice.all)
    func clippingScalesDownOnly(_ on: TestDevice) throws {
        let gradient = try Tensor([3, 0, -4] as [Float], shape: [3])
        for (maximum, factor) in [(1 as Float, 1 / 5.000001), (2.5, 2.5 / 5.000001), (100, 1.0)] {
            let clipped = try clippedByGlobalNorm(gradient, maximum: maximum)
            Numbers.expectClose(
                try clipped.gradient.floats(on: on.device), [3 * factor, 0, -4 * factor], tolerance: 1e-6)
            Numbers.expectClose([try clipped.norm.scalar(on: on.device)], [5], tolerance: 1e-6)
        }
        #expect(try clippedByGlobalNorm(Tensor.zeros([3]), maximum: 1).gradient.floats(on: on.device) == [0, 0, 0])
        #expect(throws: LayerError.self) { try clippedByGlobalNorm(gradient, maximum: 0) }
    }

    @Test(arguments: TestDevice.all)
    func averagesFollowTheNewParameters(_ on: TestDevice) throws {
        let parameters = try Variable([1, -2], shape: [2], on: on.device)
        let average = try ExponentialMovingAverage(of: parameters, decay: 0.75)
        #expect(try average.shadow.read() == [1, -2])
        let optimizer = try OptimizerState(SGD(), of: parameters)
        var updates = try optimizer.updates(
            gradient: Tensor([1, 2] as [Float], shape: [2]), learningRate: Tensor(0.5), step: Tensor(1))
        updates.append(try average.update(following: updates))
        let step = try CompiledFunction(on: on.device, results: [], updates: updates)
        var (p, shadow) = ([1.0, -2], [1.0, -2])
        for _ in 0..<5 {
            try step.run()
            for i in 0..<2 {
                p[i] -= 0.5 * Double(i + 1)
                shadow[i] = 0.75 * shadow[i] + 0.25 * p[i]
            }
        }
        Numbers.expectClose(try parameters.read(), p)
        Numbers.expectClose(try average.shadow.read(), shadow)
    }

    @Test("an average that knows the step forgets the first values soon", arguments: TestDevice.all)
    func averagesWarmUp(_ on: TestDevice) throws {
        let parameters = try Variable([3], shape: [1], on: on.device)
        let average = try ExponentialMovingAverage(of: parameters, decay: 0.6)
        try average.shadow.write([100])
        try average.restart()
        #expect(try average.shadow.read() == [3])
        let number = Argument([1])
        let change = try Update(parameters, to: parameters.tensor + 1)
        let step = try CompiledFunction(
            on: on.device, results: [], updates: [change, average.update(following: [change], step: number.tensor)])
        var (p, shadow) = (3.0, 3.0)
        for t in 1...30 {
            try number.set([Float(t)], on: on.device)
            try step.run()
            p += 1
            let decay = min(0.6, Double(1 + t) / Double(10 + t))
            shadow = decay * shadow + (1 - decay) * p
        }
        Numbers.expectClose(try average.shadow.read(), [shadow])
    }

    @Test(arguments: TestDevice.all)
    func swappingPutsBothBack(_ on: TestDevice) throws {
        struct Stop: Error {}
        let parameters = try Variable([1, 2, 3], shape: [3], on: on.device)
        let average = try ExponentialMovingAverage(of: parameters, decay: 0.5)
        try average.shadow.write([4, 5, 6])
        let seen = try average.whileSwapped { (try parameters.read(), try average.shadow.read()) }
        #expect(seen == ([4, 5, 6], [1, 2, 3]))
        #expect(try parameters.read() == [1, 2, 3])
        #expect(throws: Stop.self) { try average.whileSwapped { throw Stop() } }
        #expect(try parameters.read() == [1, 2, 3])
        #expect(try average.shadow.read() == [4, 5, 6])
        #expect(throws: LayerError.self) { try ExponentialMovingAverage(of: parameters, decay: 1) }
    }

    @Test func schedules() {
        #expect(LearningRateSchedule.constant(0.1).value(at: 99) == 0.1)
        let exponential = LearningRateSchedule.exponential(initial: 2, decay: 0.5)
        #expect([1, 2, 4].map(exponential.value) == [2, 1, 0.25])
        let cosine = LearningRateSchedule.cosine(initial: 3, final: 1, steps: 10)
        #expect(cosine.value(at: 1) == 3)
        #expect(abs(cosine.value(at: 6) - 2) < 1e-12)
        #expect(abs(cosine.value(at: 4) - (2 + cos(0.3 * Double.pi))) < 1e-12)
        #expect([11, 12, 1000].map(cosine.value) == [1, 1, 1])
        let stepwise = LearningRateSchedule.stepwise(initial: 1, factor: 0.1, every: 3)
        #expect([1, 3, 4, 6, 7].map(stepwise.value) == [1, 1, 0.1, 0.1, pow(0.1, 2)])
        let warm = LearningRateSchedule.warmUp(steps: 4, then: exponential)
        #expect([1, 2, 4, 5, 6].map(warm.value) == [0.5, 1, 2, 2, 1])
        #expect(LearningRateSchedule.warmUp(steps: 0, then: exponential).value(at: 1) == 2)
        #expect(exponential.value(at: 0) == 2)
        #expect(LearningRateSchedule.cosine(initial: 1, steps: 0).value(at: 2) == 0)
    }

    @Test func schedulesSurviveJSON() throws {
        let schedule = LearningRateSchedule.warmUp(steps: 10, then: .cosine(initial: 1, final: 0.1, steps: 5))
        let data = try JSONEncoder().encode(schedule)
        #expect(try JSONDecoder().decode(LearningRateSchedule.self, from: data) == schedule)
    }
}
