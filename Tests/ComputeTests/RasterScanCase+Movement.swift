import Compute

// MARK: Slots that move in every way

extension RasterScanCase {
    /// What is written at (y, x) is read at (y, x + 1) and (y + 1, x - 1), and `shift` rows further down; a ring keeps
    /// `rows` rows, of odd sizes and beginning at an odd place.
    static func ring(rows: Int) -> RasterScanCase {
        let (height, width, channels) = (6, 7, 5)
        // A pixel more at either end of a row of the ring.
        let stored = (width + 2) * channels
        func state(row: Int, column: Int) -> Slot {
            Slot(
                floats(1, 3 + (1 + column) * channels), ring: rows, rowShift: row, rowStride: stored,
                columnStride: channels)
        }
        let image = Slot(floats(0, 1), ring: height, rowStride: width * channels, columnStride: channels)
        let output = Slot(floats(2, 1), ring: height, rowStride: width * channels, columnStride: channels)
        let slots = [
            image, state(row: 0, column: 0), state(row: 0, column: -1), state(row: -1, column: 1),
            state(row: 1 - rows, column: 0), state(row: -rows, column: 1), output,
        ]
        var pixel = StepBuilder([channels])
        var sum = pixel.load(floats(0))
        for (slot, factor) in [(2, Float(0.5)), (3, 0.25), (4, -0.3), (5, 0.2)] {
            sum = pixel.add(sum, factor, pixel.load(floats(slot)))
        }
        pixel.store(pixel.unary(.tanh, sum), floats(1))
        var copy = StepBuilder([channels])
        copy.store(copy.load(floats(1)), floats(6))
        return RasterScanCase(
            note: "ring of \(rows) rows", scan: scan(height, width, slots, [[pixel.step, copy.step]]),
            memory: [
                .noise(count: 1 + height * width * channels, seed: 1), .noise(count: 3 + rows * stored, seed: 2),
                .zeros(count: 1 + height * width * channels),
            ])
    }

    /// Maps of full and half size: every other place of every other row computes a half-size pixel, which the four
    /// around it use; one kind of place has no program at all; even rows begin with a summary of the row before.
    static var pyramid: RasterScanCase {
        let (height, width, channels) = (5, 6, 3)
        let halfWidth = (width + 1) / 2
        let half = Slot(
            floats(1), divisor: 2, ring: (height + 1) / 2, rowStride: halfWidth * channels, columnStride: channels)
        let full = Slot(floats(0), ring: height, rowStride: width * channels, columnStride: channels)
        let wholeRow = Slot(floats(0), ring: height, rowShift: -1, rowStride: width * channels)
        let summary = Slot(floats(2), divisor: 2, ring: 2, rowStride: channels)
        let output = Slot(floats(3), ring: height, rowStride: width * channels, columnStride: channels)
        let slots = [full, half, wholeRow, summary, output]

        var coarse = StepBuilder([channels])
        coarse.store(coarse.add(coarse.load(floats(0)), 0.5, coarse.load(floats(3))), floats(1))
        var fine = StepBuilder([channels])
        let sum = fine.add(fine.load(floats(0)), -0.5, fine.load(floats(1)))
        fine.store(fine.unary(.sigmoid, sum), floats(4))
        var odd = StepBuilder([channels])
        odd.store(odd.add(odd.load(floats(1)), 2, odd.load(floats(3))), floats(0))
        var row = StepBuilder([width, channels])
        let value = row.load(floats(2))
        var total = StepBuilder([channels], accumulator: .float32)
        total.store(total.binary(.multiply, total.accumulator, total.constant(0.1)), floats(3))
        let summarise = row.reduced(.sum, axes: [0], value, epilogue: total)
        return RasterScanCase(
            note: "half-size maps, four kinds of places",
            scan: scan(
                height, width, slots, [[coarse.step, fine.step], [fine.step], [odd.step, fine.step], [summarise]],
                period: 2, rowPrograms: [3, nil], pixelPrograms: [0, 1, nil, 2]),
            memory: [
                .noise(count: height * width * channels, seed: 3),
                .noise(count: (height + 1) / 2 * halfWidth * channels, seed: 4), .noise(count: 2 * channels, seed: 5),
                .noise(count: height * width * channels, seed: 6),
            ])
    }

    /// Three blocks of images with state of their own and the same weights: products with epilogues, through a scratch
    /// slot that each needs from the one before, and odd distances between the blocks.
    static var instances: RasterScanCase {
        let (height, width, batch, channels, hidden, blocks) = (3, 4, 3, 5, 7, 3)
        let block = height * width * batch * channels + 1
        let scratchBlock = batch * (hidden + channels) + 3
        let pixels = Slot(
            floats(0, 2), instanceStride: block, ring: height, rowStride: width * batch * channels,
            columnStride: batch * channels)
        let weights = Slot(floats(1, 1))
        let scratch = Slot(floats(2, 1), instanceStride: scratchBlock)
        let state = Slot(floats(3), instanceStride: batch * channels)
        // The last one is the scratch slot by another number.
        let slots = [pixels, weights, scratch, state, scratch]
        var bias = StepBuilder([1, batch, hidden], accumulator: .float32)
        let biased = bias.binary(
            .add, bias.accumulator, bias.load(floats(1, channels * hidden * 2), strides: [0, 0, 1]))
        let activated = bias.unary(.tanh, biased)
        let first = ContractionStep(
            batch: 1, rows: batch, columns: hidden, depth: channels,
            a: Matrix(operand: floats(3), batchStride: 0, rowStride: channels, columnStride: 1),
            b: Matrix(operand: floats(1), batchStride: 0, rowStride: hidden, columnStride: 1),
            epilogue: bias.epilogue(activated), destination: floats(2))
        // The second matrix lies transposed. The result stands where its epilogue reads the old values.
        var residual = StepBuilder([1, batch, channels], accumulator: .float32)
        let old = residual.add(residual.load(floats(3)), 0.25, residual.load(floats(4, batch * hidden)))
        let mixed = residual.add(old, 0.5, residual.accumulator)
        let second = ContractionStep(
            batch: 1, rows: batch, columns: channels, depth: hidden,
            a: Matrix(operand: floats(2), batchStride: 0, rowStride: hidden, columnStride: 1),
            b: Matrix(operand: floats(1, channels * hidden), batchStride: 0, rowStride: 1, columnStride: hidden),
            epilogue: residual.epilogue(mixed), destination: floats(2, batch * hidden))
        var last = StepBuilder([batch, channels])
        let next = last.add(last.load(floats(2, batch * hidden)), 0.5, last.load(floats(0)))
        last.store(next, floats(0))
        last.store(last.unary(.tanh, next), floats(3))
        return RasterScanCase(
            note: "instances with products",
            scan: scan(
                height, width, instances: blocks, slots, [[.contraction(first), .contraction(second), last.step]]),
            memory: [
                .noise(count: 2 + blocks * block, seed: 7), .noise(count: 1 + 2 * channels * hidden + hidden, seed: 8),
                .noise(count: 1 + blocks * scratchBlock, seed: 9), .noise(count: blocks * batch * channels, seed: 10),
            ])
    }

    /// Vectors of four whose slots move by so many elements of Float32, and of UInt8, along a row and from row to row.
    static func alignment(_ columnStride: Int, _ rowStride: Int) -> RasterScanCase {
        let (height, width, length) = (3, 5, 16)
        func slot(_ number: Int, _ type: DType) -> Slot {
            let operand = Operand(slot: number, offset: 4, dtype: type)
            return Slot(operand, ring: height, rowStride: rowStride, columnStride: columnStride)
        }
        let slots = [slot(0, .float32), slot(1, .float32), slot(2, .uint8)]
        var pixel = StepBuilder([2, length])
        let strides = [4 * length, 1]
        let sum = pixel.add(
            pixel.load(floats(0), strides: strides), 0.5, pixel.load(floats(1), strides: strides))
        pixel.store(sum, floats(1), strides: strides)
        let byte = pixel.cast(
            pixel.binary(.multiply, pixel.constant(10), pixel.unary(.absolute, sum)), to: .uint8)
        pixel.store(byte, Operand(slot: 2, dtype: .uint8), strides: strides)
        let count = 4 + height * rowStride + 5 * length
        return RasterScanCase(
            note: "slots that move by \(columnStride) and \(rowStride) elements",
            scan: scan(height, width, slots, [[pixel.step]]),
            memory: [.noise(count: count, seed: 11), .noise(count: count, seed: 12), .zeros(.uint8, count: count)])
    }

    /// A program that runs only where the pixels above and to the left are inside the buffer, which it reads: the slots
    /// would leave it at any other place.
    static var corner: RasterScanCase {
        let (height, width) = (2, 2)
        let here = Slot(floats(0), ring: height, rowStride: width, columnStride: 1)
        var diagonal = StepBuilder([1])
        let sum = diagonal.add(diagonal.load(floats(0, -1)), 3, diagonal.load(floats(0, -3)))
        diagonal.store(sum, floats(0))
        return RasterScanCase(
            note: "negative offsets",
            scan: scan(
                height, width, [here], [[diagonal.step], []], period: 2, rowPrograms: [nil, 1],
                pixelPrograms: [nil, 1, nil, 0]),
            memory: [.noise(count: height * width, seed: 21)])
    }

    /// One number, one more at every place, which is also written to the place.
    static func counter(rows: Int, columns: Int) -> RasterScanCase {
        let slots = [Slot(ints(0)), Slot(ints(1), ring: rows, rowStride: columns, columnStride: 1)]
        var count = StepBuilder([1])
        let next = count.binary(.add, count.load(ints(0)), count.integer(1))
        count.store(next, ints(0))
        count.store(next, ints(1))
        return RasterScanCase(
            note: "a counter", scan: scan(rows, columns, slots, [[count.step]]),
            memory: [.zeros(.int32, count: 1), .zeros(.int32, count: rows * columns)])
    }
}
