import ComputeCPU
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The gradient of each player's loss with respect to its own parameters, by finite differences in double precision.
@Suite("Gradients of games")
struct GameGradientTests {
    /// A game and its settings.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var settings: [String: String] = [:]
        /// Two halvings have a discriminator's batch normalisation between them.
        var side = 8
        var channels = 1
        var testDescription: String {
            ([name] + settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        }
    }

    private static let cases: [Case] = [
        Case(name: "gan", settings: ["loss": "minimax"]),
        Case(name: "dcgan", settings: ["channels": "2", "smoothing": "0.1", "noise": "0.5"], side: 16),
        Case(
            name: "dcgan", settings: ["loss": "least-squares", "smoothing": "0.2", "normalization": "none"], channels: 3
        ),
        Case(name: "dcgan", settings: ["loss": "hinge", "normalization": "spectral", "classes": "2"]),
        Case(name: "wgan", settings: ["channels": "2"], side: 16),
        Case(name: "wgan-gp", settings: ["classes": "3"]),
        Case(name: "gan", settings: ["normalization": "spectral", "penalty": "10", "dropout": "0"]),
    ]

    private let count = 3

    /// - Parameter loss: of the game, and the gradient's group of parameters.
    private func check(
        _ game: TinyGame, group: Int, sourceLocation: SourceLocation = #_sourceLocation,
        loss: (Context) throws -> LossTerms
    ) throws {
        var interpreter = ReferenceInterpreter(replacing: try state(of: game))
        let scalar = try loss(game.context(count)).values.mean()
        let flat = game.store.groups[group].flat
        let values = try flat.read().map(Double.init)
        let slopes = try interpreter.evaluate([game.store.groups[group].gradient(of: scalar)])[0].values
        let largest = slopes.map(abs).max() ?? 0
        #expect(largest > 0.01, sourceLocation: sourceLocation)
        for element in stride(from: 0, to: values.count, by: max(values.count / 25, 1)) {
            func height(_ distance: Double) throws -> Double {
                var moved = values
                moved[element] += distance
                interpreter.replacements[.init(flat)] = ReferenceArray(
                    shape: [moved.count], dtype: .float32, values: moved)
                return try interpreter.evaluate([scalar])[0].values[0]
            }
            let coarse = (try height(2e-4) - height(-2e-4)) / 4e-4
            let fine = (try height(1e-4) - height(-1e-4)) / 2e-4
            let difference = (4 * fine - coarse) / 3
            #expect(
                abs(slopes[element] - difference) < 2e-6 * largest,
                "element \(element): \(slopes[element]), \(difference)", sourceLocation: sourceLocation)
        }
    }

    /// The values of all parameters. The directions of spectral norms are those of the singular vectors: elsewhere the
    /// gradient, which takes them as constants, is not that of the whole function.
    private func state(of game: TinyGame) throws -> [ReferenceInterpreter.Leaf: ReferenceArray] {
        var interpreter = ReferenceInterpreter()
        func place(_ values: [Double], _ leaf: ReferenceInterpreter.Leaf) {
            interpreter.replacements[leaf] = ReferenceArray(shape: [values.count], dtype: .float32, values: values)
        }
        for group in game.store.groups { place(try group.flat.read().map(Double.init), .init(group.flat)) }
        let kept = game.store.parameters.filter { !$0.parameter.isTrainable }
        for (_, parameter) in kept {
            for node in topologicalOrder(of: [try parameter.tensor.node]) {
                guard case .source(let source) = node.operation else { continue }
                place(try parameter.read().map(Double.init), .init(source))
            }
        }
        guard kept.contains(where: { $0.name.hasSuffix("direction") }) else { return interpreter.replacements }
        let context = try game.context(count)
        _ = try game.model.discriminatorLoss(game.images(count), progress: Tensor(0.25), context)
        let norms = context.updates
        for _ in 0..<150 {
            let results = try interpreter.evaluate(norms.map(\.value))
            for (update, result) in zip(norms, results) { place(result.values, .init(update.variable)) }
        }
        return interpreter.replacements
    }

    @Test("the discriminator's", arguments: cases)
    func discriminator(_ tested: Case) throws {
        let game = try TinyGame(
            tested.name, tested.settings, side: tested.side, channels: tested.channels, on: CPUDevice())
        let images = try game.images(count)
        try check(game, group: 1) { try game.model.discriminatorLoss(images, progress: Tensor(0.25), $0) }
    }

    @Test("the generator's", arguments: cases)
    func generator(_ tested: Case) throws {
        let game = try TinyGame(
            tested.name, tested.settings, side: tested.side, channels: tested.channels, on: CPUDevice())
        try check(game, group: 0) { try game.model.generatorLoss(count: count, progress: Tensor(0.25), $0) }
    }

    @Test("the gradient of the penalty on all devices is the reference's", arguments: TestDevices.all)
    func penaltyOnDevices(_ on: TestDevice) throws {
        let game = try TinyGame("wgan-gp", on: on.device)
        let context = try game.context(count)
        let loss = try game.model.discriminatorLoss(game.images(count), progress: Tensor(0), context).values.mean()
        let gradient = try game.store.groups[1].gradient(of: loss)
        let expected = try ReferenceInterpreter(replacing: state(of: game)).evaluate([gradient])[0].values
        let found = try gradient.floats(on: on.device)
        let largest = expected.map(abs).max() ?? 0
        #expect(largest > 0.01)
        for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) < 1e-4 * largest) }
    }
}
