import Compute

// MARK: Steps of every kind

extension RasterScanCase {
    /// A softmax over long rows, and a sum over many that goes through scratch memory of the device's own.
    static func reductions(long count: Int) -> RasterScanCase {
        let (height, width, rows, classes) = (2, 3, 3, 259)
        let pixel = rows * classes
        let logits = Slot(floats(0, 1), ring: height, rowStride: width * pixel, columnStride: pixel)
        let slots = [
            logits, Slot(floats(1)), Slot(floats(2, 1)),
            Slot(floats(3), ring: height, rowStride: width, columnStride: 1),
        ]
        var largest = StepBuilder([rows, classes])
        let value = largest.load(floats(0))
        var maximum = StepBuilder([rows], accumulator: .float32)
        maximum.store(maximum.accumulator, floats(1))
        var sum = StepBuilder([rows, classes])
        let shifted = sum.binary(.subtract, sum.load(floats(0)), sum.load(floats(1), strides: [1, 0]))
        let power = sum.unary(.exp, shifted)
        var scale = StepBuilder([rows], accumulator: .float32)
        scale.store(scale.unary(.reciprocal, scale.accumulator), floats(1, rows))
        var divide = StepBuilder([rows, classes])
        let again = divide.binary(.subtract, divide.load(floats(0)), divide.load(floats(1), strides: [1, 0]))
        let share = divide.binary(
            .multiply, divide.unary(.exp, again), divide.load(floats(1, rows), strides: [1, 0]))
        divide.store(share, floats(0))
        // As many elements to one result, from where the first factor begins at this place.
        var long = StepBuilder([count])
        let product = long.binary(.multiply, long.load(floats(2)), long.load(floats(0), strides: [0]))
        var one = StepBuilder([], accumulator: .float32)
        one.store(one.accumulator, floats(3), strides: [])
        return RasterScanCase(
            note: "reductions",
            scan: scan(
                height, width, slots,
                [
                    [
                        largest.reduced(.maximum, axes: [1], value, epilogue: maximum),
                        sum.reduced(.sum, axes: [1], power, epilogue: scale), divide.step,
                        long.reduced(.sum, axes: [0], product, epilogue: one),
                    ]
                ]),
            memory: [
                .noise(count: 1 + height * width * pixel, seed: 13), .zeros(count: 2 * rows),
                .noise(count: 1 + count, seed: 14), .zeros(count: height * width),
            ])
    }

    /// Every kind of product: packed matrices, dot products, sums cut along the depth; all move.
    ///
    /// - Parameter isSmall: whether depths are those that a simulator gets through, where no sum is cut.
    static func products(isSmall: Bool) -> RasterScanCase {
        let (height, width) = (2, 2)
        // (batch, rows, columns, depth, whether a and b lie transposed)
        let sizes: [(Int, Int, Int, Int, Bool, Bool)] = [
            (1, 9, 33, 20, false, false), (2, 5, 1, 40, false, true), (1, 3, 4, isSmall ? 50 : 200, false, true),
            (1, 4, 6, isSmall ? 40 : 2100, true, false), (1, isSmall ? 35 : 300, 5, 3, false, false),
            (1, 2, isSmall ? 34 : 256, isSmall ? 19 : 520, true, true),
        ]
        var steps: [Step] = []
        let results = 300 * 5 + 7
        let slots = [
            Slot(floats(0, 1), ring: height, rowStride: 3, columnStride: 5),
            Slot(floats(1, 2), ring: height, rowStride: 1, columnStride: 7),
            Slot(floats(2, 3), ring: height, rowStride: width * results, columnStride: results),
        ]
        var room = 0
        for (batch, rows, columns, depth, turnsA, turnsB) in sizes {
            let a = Matrix(
                operand: floats(0, 11), batchStride: rows * depth, rowStride: turnsA ? 1 : depth,
                columnStride: turnsA ? rows : 1)
            let b = Matrix(
                operand: floats(1, 4), batchStride: 0, rowStride: turnsB ? 1 : columns,
                columnStride: turnsB ? depth : 1)
            var scale = StepBuilder([batch, rows, columns], accumulator: .float32)
            let small = scale.binary(.multiply, scale.accumulator, scale.constant(0.01))
            let old = scale.add(small, 0.5, scale.load(floats(2, 1)))
            steps.append(
                .contraction(
                    ContractionStep(
                        batch: batch, rows: rows, columns: columns, depth: depth, a: a, b: b,
                        epilogue: scale.epilogue(old), destination: floats(2, 1))))
            room = max(room, batch * rows * depth, depth * columns)
        }
        return RasterScanCase(
            note: "products of every kind", scan: scan(height, width, slots, [steps]),
            memory: [
                .noise(count: room + 40, seed: 15), .noise(count: room + 40, seed: 16),
                .noise(count: 3 + height * width * results, seed: 17),
            ])
    }

    /// The three kinds of convolutions, of a small image at every place.
    static var convolutions: RasterScanCase {
        let (height, width) = (2, 3)
        let taps = [(-1, -1), (-1, 0), (-1, 1), (0, -1)].map { ConvolutionGeometry.Tap(dy: $0.0, dx: $0.1) }
        let geometry = ConvolutionGeometry(
            batch: 2, height: 3, width: 4, inputChannels: 3, outputHeight: 3, outputWidth: 4, outputChannels: 5,
            strideY: 1, strideX: 1, taps: taps)
        let (x, y) = (geometry.inputShape.reduce(1, *), geometry.outputShape.reduce(1, *))
        let slots = [
            Slot(floats(0, 1), ring: height, rowStride: width * x, columnStride: x),
            Slot(floats(1, 1), ring: height, rowStride: 1, columnStride: 3),
            Slot(floats(2, 1), ring: height, rowStride: width * y, columnStride: y),
            Slot(floats(3, 2), ring: 2, rowStride: geometry.weightShape.reduce(1, *)),
        ]
        func convolution(_ kind: ConvolutionStep.Kind, _ first: Int, _ second: Int, _ result: Int) -> Step {
            .convolution(
                ConvolutionStep(
                    kind: kind, geometry: geometry, first: floats(first), second: floats(second),
                    destination: floats(result)))
        }
        return RasterScanCase(
            note: "convolutions",
            scan: scan(
                height, width, slots,
                [
                    [
                        convolution(.forward, 0, 1, 2), convolution(.weightGradient, 0, 2, 3),
                        convolution(.inputGradient, 2, 1, 0),
                    ]
                ]),
            memory: [
                .noise(count: 1 + height * width * x, seed: 18),
                .noise(count: 11 + geometry.weightShape.reduce(1, *), seed: 19), .zeros(count: 1 + height * width * y),
                .zeros(count: 2 + 2 * geometry.weightShape.reduce(1, *)),
            ])
    }

    /// Rows by indices that move, and sums of rows by the same.
    static var indexed: RasterScanCase {
        let (height, width, rows, count, length) = (3, 3, 6, 4, 5)
        let slots = [
            Slot(floats(0, 1)), Slot(ints(1, 1), ring: height, rowStride: width * count, columnStride: count),
            Slot(floats(2, 1), ring: height, rowStride: width * count * length, columnStride: count * length),
            Slot(floats(3, 1), ring: 2, rowStride: rows * length + 1, columnStride: 0),
        ]
        let gather = GatherStep(
            table: floats(0), rows: rows, width: length, indices: ints(1), count: count, destination: floats(2))
        let scatter = ScatterAddStep(
            source: floats(2), indices: ints(1), count: count, rows: rows, width: length, destination: floats(3))
        var mix = StepBuilder([rows, length])
        mix.store(mix.add(mix.load(floats(0)), 0.25, mix.load(floats(3))), floats(0))
        let indices = (0..<1 + height * width * count).map { Double($0 * 5 % 8 - 1) }
        return RasterScanCase(
            note: "gather and scatter-add",
            scan: scan(height, width, slots, [[.gather(gather), .scatterAdd(scatter), mix.step]]),
            memory: [
                .noise(count: 1 + rows * length, seed: 20), .init(.int32, indices),
                .zeros(count: 1 + height * width * count * length), .zeros(count: 1 + 2 * (rows * length + 1)),
            ])
    }

    /// Random numbers by a key that each place has made of the one before it.
    static var random: RasterScanCase {
        let (height, width, count) = (2, 4, 6)
        let slots = [
            Slot(ints(0, 3), ring: height, rowStride: 2 * width, columnStride: 2),
            Slot(ints(0, 1), ring: height, rowStride: 2 * width, columnStride: 2),
            Slot(floats(1), ring: height, rowStride: width * count, columnStride: count),
        ]
        var key = StepBuilder([2])
        key.store(key.binary(.add, key.load(ints(0)), key.load(ints(1))), ints(0))
        var draw = StepBuilder([count])
        draw.store(draw.random(.uniform, key: ints(0), stream: 7), floats(2))
        return RasterScanCase(
            note: "random numbers", scan: scan(height, width, slots, [[key.step, draw.step]]),
            memory: [
                .init(.int32, (0..<3 + 2 * height * width).map { Double($0 * 1001 - 5000) }),
                .zeros(count: height * width * count),
            ])
    }
}
