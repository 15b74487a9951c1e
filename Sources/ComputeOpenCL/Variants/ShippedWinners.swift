/// Tables of winners that come with the library, for devices that `tessera tune` has been run on. A table of the device
/// itself goes before them.
package enum ShippedWinners {
    /// The table for a device, empty where there is none.
    package static func table(_ traits: KernelTraits) -> [String: String] {
        traits.shape == .cpu && traits.registers.lanes == 8 ? avx2 : [:]
    }

    /// Measured by `tessera tune --quick` on two cores of an AMD EPYC (Zen 3: 16 registers of 8 lanes, 32 KiB and 512 KiB
    /// of cache a core) with PoCL 3.1. For its other steps nothing was clearly faster than what the rules choose.
    static let avx2: [String: String] = [
        "convolution forward 32x28x28x1 to 28x28x32 stride 1x1 taps 24 in -3...0,-3...3":
            "convolution_cpu kind 0 tile 6x1 by place",
        "convolution forward 32x28x28x1 to 28x28x64 stride 1x1 taps 21 in -3...-1,-3...3":
            "convolution_cpu kind 0 tile 6x1 by place across",
        "convolution forward 32x28x28x1 to 28x28x64 stride 1x1 taps 3 in 0...0,-3...-1":
            "convolution_cpu kind 0 tile 6x1 packed by place across",
        "convolution forward 64x28x28x1 to 28x28x32 stride 1x1 taps 24 in -3...0,-3...3":
            "convolution_cpu kind 0 tile 6x1 by place across",
        "product 1x100x4096x128 a 1,100,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed b",
        "product 1x128x4096x1 a 1,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x128x4096x100 a 100,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed b",
        "product 1x25088x16x32 a 32,1,0 b 16,1,0":
            "matmul_cpu form 0 tile 6x1",
        "product 1x50176x32x16 a 16,1,0 b 32,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x64x4096x100 a 100,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed a packed b",
    ]
}
