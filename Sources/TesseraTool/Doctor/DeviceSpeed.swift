import Tessera

/// How fast a device is, measured: memory, matrix products, and arithmetic in registers, which no product can exceed.
struct DeviceSpeed {
    /// Bytes read and written a second, in units of 10^9.
    let copy: Double
    /// Floating-point operations a second in a product of two square matrices, in units of 10^9.
    let product: Double
    /// The same in independent chains of multiplications and additions on each of many numbers.
    let arithmetic: Double

    /// Rows and columns of the matrices.
    static let productSize = 1024

    /// The product against the best that was measured.
    var productShare: Double { product / max(product, arithmetic) }

    /// - Throws: what the device throws.
    init(_ device: any Device) throws {
        copy = try Self.copyRate(device)
        product = try Self.productRate(device)
        arithmetic = try Self.arithmeticRate(device)
    }

    /// Floating-point operations a second in a product of two square matrices, in units of 10^9.
    static func productRate(_ device: any Device) throws -> Double {
        let size = Self.productSize
        var random = try RandomSource(seed: 1)
        let (a, b) = (try random.normal([size, size]), try random.normal([size, size]))
        let matrices = try Tensor.evaluate([a, b], on: device)
        return try rate(of: matrices[0].matmul(matrices[1]), work: 2 * Double(size * size * size), on: device)
    }

    private static func copyRate(_ device: any Device) throws -> Double {
        let most = min(device.info.largestAllocation, device.info.memory / 8)
        let count = max(min(256 << 20, most) / 4, 1)
        let numbers = try Tensor(0).broadcast(to: [count]).evaluate(on: device)
        return try rate(of: numbers + 1, work: 8 * Double(count), on: device)
    }

    private static func arithmeticRate(_ device: any Device) throws -> Double {
        let (count, chains, links) = (1 << 20, 8, 16)
        var random = try RandomSource(seed: 2)
        let numbers = try random.uniform([count]).evaluate(on: device)
        var sum = Tensor(0)
        for chain in 0..<chains {
            var x = try numbers + Float(chain)
            for _ in 0..<links { x = try x * 0.999 + numbers }
            sum = try sum + x
        }
        return try rate(of: sum, work: Double(count * chains * (2 * links + 2)), on: device)
    }

    /// The best of several runs, in units of 10^9 a second.
    private static func rate(of tensor: Tensor, work: Double, on device: any Device) throws -> Double {
        let function = try CompiledFunction(on: device, results: [tensor])
        try function.run()
        try device.synchronize()
        var best = Double.infinity
        let watch = Stopwatch()
        while watch.seconds < 0.5 {
            let round = Stopwatch()
            try function.run()
            try device.synchronize()
            best = min(best, round.seconds)
        }
        return work / max(best, 1e-9) * 1e-9
    }
}
