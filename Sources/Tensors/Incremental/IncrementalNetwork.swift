import Compute

/// The network that draws one pixel after the other, derived from the graph of the whole network.
///
/// At each pixel it computes the values at one position from kept values at earlier ones. What depends on rows above only
/// (a vertical stack) is computed for a whole row at the row's beginning.
struct IncrementalNetwork {
    typealias Update = (place: ScanPlace, value: Tensor)

    /// Draws a pixel: parameters [N, P], uniform numbers [N, U] -> [N, C].
    typealias Draw = (_ parameters: Tensor, _ uniforms: Tensor) throws -> Tensor

    let analysis: CausalAnalysis
    let memory = ScanMemory()
    /// The largest scale: the choice of programs repeats after so many rows and columns.
    let period: Int
    /// What the program at the beginning of a row of each phase writes.
    private(set) var rowPrograms: [[Update]] = []
    /// What the program at a pixel of each phase writes, `period` phases of columns for each of rows.
    private(set) var pixelPrograms: [[Update]] = []

    /// - Parameters:
    ///   - output: the parameters of every pixel, [N, H, W, P].
    ///   - image: the leaf [N, H, W, C] that they depend on.
    ///   - batchSources: further leaves that hold something for each image.
    ///   - channelByChannel: whether the channels of a pixel are drawn one after the other, each with the network
    ///     evaluated anew.
    /// - Throws: `IncrementalError`.
    init(
        of output: Tensor, image: Source, batchSources: Set<Source>, uniforms: Int, channelByChannel: Bool, draw: Draw
    ) throws {
        let analysis = try CausalAnalysis(of: output, image: image)
        self.analysis = analysis
        period = analysis.layouts.values.map(\.scale).max() ?? 1
        guard let layout = analysis.layout(of: output.node), layout.scale == 1, output.rank == 4 else {
            throw IncrementalError.unsupported(
                operation: "an output", shape: output.shape, why: "it must have parameters for each pixel of the image")
        }
        guard layout.reach < .here || (channelByChannel && layout.reach == .here) else {
            throw IncrementalError.notCausal(
                what: "the network", rows: layout.reach.rows, columns: layout.reach.columns)
        }

        let (batch, channels) = (analysis.batch, image.shape[3])
        let pixels = memory.place(.init(memory: .pixels), shape: [batch, channels])
        let numbers = memory.place(.init(memory: .uniforms), shape: [batch, uniforms])
        let isGiven = try memory.place(.init(memory: .isGiven), shape: [1]).tensor.greater(Tensor(0.5))
        func builder(_ moment: ProgramBuilder.Moment) -> ProgramBuilder {
            ProgramBuilder(
                analysis, memory: memory, moment: moment, batchSources: batchSources, pixel: pixels.tensor)
        }
        let rows = (0..<period).map { builder(.row(phase: $0)) }
        let columns = (0..<period * period).map { builder(.pixel(row: $0 / period, column: $0 % period)) }

        // Programs ask for kept values, which other programs must then compute, which ask for more.
        var known = -1
        while known < memory.caches.count {
            known = memory.caches.count
            for builder in rows { _ = try builder.values(of: kept(by: builder)) }
            for builder in columns { _ = try builder.values(of: kept(by: builder) + [output.node]) }
        }

        rowPrograms = try rows.map { try updates(of: $0) }
        pixelPrograms = try columns.map { builder in
            let pixel: Tensor
            if channelByChannel {
                var drawn: [Tensor] = []
                for channel in 0..<channels {
                    let zeros = try Tensor.zeros([batch, channels - channel])
                    builder.pixel = try Tensor.select(
                        isGiven, pixels.tensor, Tensor.concatenate(drawn + [zeros], axis: 1))
                    let parameters = try builder.values(of: [output.node])[0]
                    drawn.append(try draw(parameters, numbers.tensor).sliced(channel..<(channel + 1), axis: 1))
                }
                pixel = try Tensor.concatenate(drawn, axis: 1)
            } else {
                pixel = try draw(builder.values(of: [output.node])[0], numbers.tensor)
            }
            builder.pixel = try Tensor.select(isGiven, pixels.tensor, pixel)
            return try updates(of: builder) + [(pixels, builder.pixel)]
        }
    }

    /// The nodes whose values a program computes and keeps.
    private func kept(by builder: ProgramBuilder) -> [Node] {
        memory.caches.filter { $0.layout.isOfRow == builder.isOfRow && builder.isActive($0.layout) }.map(\.node)
    }

    private func updates(of builder: ProgramBuilder) throws -> [Update] {
        let nodes = kept(by: builder)
        let places = try nodes.map { node in
            let count = builder.isOfRow ? analysis.layout(of: node)?.width : nil
            return try memory.cache(of: node, analysis, count: count, ofRow: builder.isOfRow)
        }
        return Array(zip(places, try builder.values(of: nodes)).map { (place: $0, value: $1) })
    }
}
