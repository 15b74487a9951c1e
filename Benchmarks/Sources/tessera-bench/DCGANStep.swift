import ArgumentParser
import Tessera

/// The DCGAN of `peers/torch_peers.py` (Radford et al. 2016): 64 x 64 pixels of three colours, 100 latent numbers, 64
/// features, Adam 2e-4 with betas .5 and .999. A step is one of the discriminator and one of the generator, each a plan.
struct DCGANStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dcgan", abstract: "The training step of a DCGAN, interleaved with PyTorch's.")

    @OptionGroup var options: BenchOptions
    @OptionGroup var peer: PeerOptions
    @Option(help: "Images in a step; PyTorch's script has 16.")
    var batch = 16
    @Flag(help: "Print the two plans and the time of each of their steps.")
    var profile = false

    func run() throws {
        guard batch >= 1 else { throw ValidationError("--batch must be at least 1, found \(batch).") }
        guard peer.python == nil || batch == DCGANStep.peerBatch else {
            throw ValidationError(
                "PyTorch's batch is \(DCGANStep.peerBatch), found --batch \(batch); leave out --batch or --python.")
        }
        let games = try options.devices().map { (device: $0, game: try DCGANGame(batch: batch, on: $0)) }
        if profile {
            for (device, game) in games {
                print("\(device.info.name)")
                print("discriminator\n\(try game.discriminatorStep.profile())")
                print("generator\n\(try game.generatorStep.profile())")
            }
        }
        var table = TimeTable(workload: "dcgan", examples: batch, operations: batch * DCGANGame.imageOperations)
        try table.time(
            rounds: options.rounds,
            games.map { entry in
                (entry.device.info.name, entry.game.launches, { try time(entry.game, on: entry.device) })
            } + [(peer.name, nil, { try peer.best("dcgan", ["--quick"]) })])
        try table.print(reference: peer.name, json: options.json)
    }

    private static let peerBatch = 16

    private func time(_ game: DCGANGame, on device: any Device) throws -> Double {
        let runs = 5
        return try seconds {
            for _ in 0..<runs { try game.step() }
            try device.synchronize()
        } / Double(runs)
    }
}

/// The two networks and their two compiled steps.
struct DCGANGame {
    let discriminatorStep: CompiledFunction
    let generatorStep: CompiledFunction

    var launches: Int { discriminatorStep.launches + generatorStep.launches }

    /// Floating-point operations of both steps for one image, a multiply-add counted as two. The discriminator's step
    /// takes the generator forward, the discriminator forward twice, its weights' gradients twice and its maps' twice
    /// (not the images'); the generator's both forward, back through all of the discriminator without its weights, and
    /// back through the generator.
    static var imageOperations: Int {
        let (images, features) = (1024 * 16 * 3 * 64, 3 * (64 * 16 * 128 * 256))
        let (latent, score) = (100 * 16 * 512, 16 * 512)
        let generator = latent + features + images
        let discriminator = images + features + score
        let discriminatorStep = generator + 4 * discriminator + 2 * (discriminator - images)
        let generatorStep = generator + 2 * discriminator + 2 * generator - latent
        return 2 * (discriminatorStep + generatorStep)
    }

    /// - Parameter runs: how often both are run before they are timed.
    init(batch: Int, on device: any Device, runs: Int = 2) throws {
        let (generator, discriminator) = (try DCGANGame.generator(), try DCGANGame.discriminator())
        let generatorStore = try ParameterStore(generator, on: device)
        let discriminatorStore = try ParameterStore(discriminator, on: device, seed: 1)
        let (images, key) = (Argument([batch, 64, 64, 3]), Argument([2], dtype: .int32))
        let (rate, number) = (Argument([1]), Argument([1]))
        try images.set((0..<(batch * 64 * 64 * 3)).map { Float($0 * 7919 % 1009) / 504 - 1 }, on: device)
        try key.set([Int32(1), 2], on: device)
        try rate.set([Float(2e-4)], on: device)
        try number.set([Float(1)], on: device)

        /// A step that moves the parameters of one network against the gradient of a loss.
        func step(
            _ store: ParameterStore, firstStream: UInt32, _ loss: (Context, Tensor) throws -> Tensor
        ) throws -> CompiledFunction {
            let source = try RandomSource(key: key.tensor, firstStream: firstStream)
            let context = Context(isTraining: true, random: source)
            let noise = try context.random.normal([batch, 1, 1, 100])
            let loss = try loss(context, generator(noise, context))
            let updates = try OptimizerState(Adam(beta1: 0.5), of: store.flat).updates(
                gradient: store.gradient(of: loss), learningRate: rate.tensor, step: number.tensor)
            return try CompiledFunction(on: device, results: [loss], updates: updates + context.updates)
        }
        // Binary cross-entropy of logits: softplus(-s) for "real", softplus(s) for "made".
        discriminatorStep = try step(discriminatorStore, firstStream: 0) { context, fakes in
            let real = try (-discriminator(images.tensor, context)).softplus().mean()
            return try real + discriminator(fakes, context).softplus().mean()
        }
        generatorStep = try step(generatorStore, firstStream: 1) { context, fakes in
            try (-discriminator(fakes, context)).softplus().mean()
        }
        for _ in 0..<runs { try self.step() }
        try device.synchronize()
    }

    func step() throws {
        try discriminatorStep.run()
        try generatorStep.run()
    }

    private static let weights = Initializer.normal(mean: 0, standardDeviation: 0.02)

    /// `[N, 1, 1, 100] -> [N, 64, 64, 3]`.
    private static func generator() throws -> Sequential {
        func doubling(_ inputs: Int, _ outputs: Int) throws -> [any Layer] {
            [
                try ConvTranspose2d(
                    inputs, outputs, kernel: 4, stride: 2, padding: 1, bias: false, initializer: weights)
            ]
        }
        func rectified(_ channels: Int) throws -> [any Layer] { [try BatchNorm2d(channels), Activation.relu] }
        let first: [any Layer] = [try ConvTranspose2d(100, 512, kernel: 4, bias: false, initializer: weights)]
        return Sequential(
            try first + rectified(512) + doubling(512, 256) + rectified(256) + doubling(256, 128) + rectified(128)
                + doubling(128, 64) + rectified(64) + doubling(64, 3) + [Activation.tanh])
    }

    /// `[N, 64, 64, 3] -> [N, 1, 1, 1]`.
    private static func discriminator() throws -> Sequential {
        func halving(_ inputs: Int, _ outputs: Int) throws -> any Layer {
            try Conv2d(inputs, outputs, kernel: 4, stride: 2, padding: 1, bias: false, initializer: weights)
        }
        let leaky = Activation.leakyReLU(slope: 0.2)
        return Sequential(
            try halving(3, 64), leaky, try halving(64, 128), try BatchNorm2d(128), leaky, try halving(128, 256),
            try BatchNorm2d(256), leaky, try halving(256, 512), try BatchNorm2d(512), leaky,
            try Conv2d(512, 1, kernel: 4, bias: false, initializer: weights))
    }
}
