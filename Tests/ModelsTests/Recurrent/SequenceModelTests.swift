import Compute
import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The distribution of the next number.
@Suite("Sequence model")
struct SequenceModelTests {
    /// Two narrow components and a wide one.
    private let parameters: [Float] = [0.5, 0, 1, -2, 1, 0.5, -1.5, -0.7, 0.3]

    private func model() throws -> SequenceModel {
        var configuration = SequenceModel.Configuration()
        (configuration.hidden, configuration.components) = (2, 3)
        return try SequenceModel(configuration)
    }

    private func densities(_ points: [Double], on device: any Device) throws -> [Double] {
        let rows = try Tensor(parameters, shape: [1, 9]).broadcast(to: [points.count, 9])
        return try model().logDensity(of: Tensor(points.map(Float.init), shape: [points.count]), parameters: rows)
            .floats(on: device).map { exp(Double($0)) }
    }

    @Test("a density that integrates to one", arguments: TestDevices.all)
    func density(_ device: TestDevice) throws {
        let (weights, total) = ([0.5, 0, 1].map(exp), exp(0.5) + 1 + exp(1))
        let points = (-800...800).map { Double($0) / 100 }
        let found = try densities(points, on: device.device)
        #expect(abs(found.reduce(0, +) / 100 - 1) < 1e-4)
        var expected = 0.0
        for part in 0..<3 {
            let (mean, deviation) = (Double(parameters[3 + part]), exp(Double(parameters[6 + part])))
            let z = (0.25 - mean) / deviation
            let normal = exp(-z * z / 2) / (deviation * (2 * Double.pi).squareRoot())
            expected += weights[part] / total * normal
        }
        #expect(abs(try densities([0.25], on: device.device)[0] - expected) < 1e-5)
    }

    @Test("draws follow it", arguments: TestDevices.all)
    func draws(_ device: TestDevice) throws {
        let count = 40_000
        var random = try RandomSource(seed: 3)
        let rows = try Tensor(parameters, shape: [1, 9]).broadcast(to: [count, 9])
        let drawn = try model().draw(parameters: rows, random: &random).floats(on: device.device)
        // The share below each of some points against the integral of the density, in steps of 0.01.
        let points = (-800...800).map { (Double($0) + 0.5) / 100 }
        let found = try densities(points, on: device.device)
        for limit in [-2.2, -1.5, 0, 0.9, 1.6, 3] {
            let expected = zip(points, found).map { $0 < limit ? $1 / 100 : 0 }.reduce(0, +)
            let share = Double(drawn.count { Double($0) < limit }) / Double(count)
            let deviation = (expected * (1 - expected) / Double(count)).squareRoot()
            #expect(abs(share - expected) < 5 * deviation + 1e-3)
        }
    }
}
