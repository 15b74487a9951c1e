import Foundation
import Tessera

/// OpenBLAS itself, with as many threads as the machine has: found at run time, as the library finds it.
final class OpenBLASPeer {
    private typealias Product =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32,
            Float,
            UnsafeMutablePointer<Float>, Int32
        ) -> Void

    private let product: Product
    private let setThreads: @convention(c) (Int32) -> Void
    let name: String

    /// Nil where there is none.
    init?() {
        // The built-in device sees to it that OpenBLAS has kernels for a processor newer than itself.
        _ = DeviceSelection.all
        guard let library = dlopen("libopenblas.so.0", RTLD_NOW), let product = dlsym(library, "cblas_sgemm"),
            let threads = dlsym(library, "openblas_set_num_threads"), let core = dlsym(library, "openblas_get_corename")
        else { return nil }
        self.product = unsafeBitCast(product, to: Product.self)
        setThreads = unsafeBitCast(threads, to: (@convention(c) (Int32) -> Void).self)
        let coreName = unsafeBitCast(core, to: (@convention(c) () -> UnsafePointer<CChar>).self)
        name = "OpenBLAS \(String(cString: coreName())) x\(ProcessInfo.processInfo.activeProcessorCount)"
    }

    /// Seconds of a product of a workload; nil for one that is none.
    func seconds(_ workload: KernelWorkload) -> Double? {
        let isTransposed = workload.kind == .transposedProduct
        guard isTransposed || workload.kind == .product else { return nil }
        let (rows, columns, depth) = (workload.sizes[0], workload.sizes[1], workload.sizes[2])
        let a = [Float](repeating: 0.5, count: rows * depth)
        let b = [Float](repeating: 0.25, count: depth * columns)
        var c = [Float](repeating: 0, count: rows * columns)
        setThreads(Int32(ProcessInfo.processInfo.activeProcessorCount))
        // The library's CPU device calls OpenBLAS from threads of its own.
        defer { setThreads(1) }
        func run() {
            // Row-major; 112 is transposed, 111 is not.
            product(
                101, isTransposed ? 112 : 111, 111, Int32(rows), Int32(columns), Int32(depth), 1, a,
                Int32(isTransposed ? rows : depth), b, Int32(columns), 0, &c, Int32(columns))
        }
        run()
        return timed(run) {}
    }
}

/// Seconds of one run: the mean of as many as take about 50 ms.
func timed(_ run: () throws -> Void, finish: () throws -> Void) rethrows -> Double {
    func measure(_ runs: Int) throws -> Double {
        try seconds {
            for _ in 0..<runs { try run() }
            try finish()
        } / Double(runs)
    }
    let first = try measure(1)
    return try measure(max(1, Int(0.05 / max(first, 1e-6))))
}
