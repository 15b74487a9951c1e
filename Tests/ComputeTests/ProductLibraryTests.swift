import ComputeCPU
import Foundation
import Testing

/// What the CPU device asks of OpenBLAS.
@Suite struct ProductLibraryTests {
    /// Releases of OpenBLAS that are older than a processor take the kernels of Prescott (2004) for it.
    @Test("A processor that OpenBLAS does not know gets kernels for what it can do")
    func kernels() throws {
        let processor = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let hasVectors = processor.contains(" avx2 ") && processor.contains(" fma ")
        let isChosenByHand = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] != nil
        let driver = CPUDevice(threads: 1).info.driver
        #expect(!hasVectors || isChosenByHand || !driver.contains("Prescott"), "\(driver)")
    }
}
