/// Tables of winners that come with the library, for devices that `tessera tune` has been run on. A table of the device
/// itself goes before them.
package enum ShippedWinners {
    /// The table for a device, empty where there is none.
    package static func table(_ traits: KernelTraits) -> [String: String] {
        guard traits.shape == .cpu else { return [:] }
        return switch traits.registers.lanes {
        case 16: avx512
        case 8: avx2
        default: [:]
        }
    }

    /// Measured by `tessera tune` on two cores of an AMD EPYC (Zen 3: 16 registers of 8 lanes, 32 KiB and 512 KiB
    /// of cache a core) with PoCL 3.1. For its other steps nothing was clearly faster than what the rules choose.
    static let avx2: [String: String] = [
        "convolution forward 128x7x7x128 to 4x4x256 stride 2x2 taps 9 in -1...1,-1...1":
            "convolution_cpu kind 0 tile 6x1 packed by place across",
        "convolution forward 16x28x28x1 to 28x28x32 stride 1x1 taps 24 in -3...0,-3...3":
            "convolution_cpu kind 0 tile 6x1 by place across",
        "convolution forward 16x28x28x2 to 28x28x32 stride 1x1 taps 2 in -1...0,-1...-1":
            "convolution_cpu kind 0 tile 6x1 by place across",
        "convolution forward 16x28x28x32 to 14x14x32 stride 2x2 taps 4 in -1...0,-1...0":
            "convolution_cpu kind 0 tile 6x1 by place across",
        "convolution forward 16x32x32x32 to 16x16x32 stride 2x2 taps 4 in -1...0,-1...0":
            "convolution_cpu kind 0 tile 6x1 across",
        "convolution forward 16x32x32x32 to 16x16x32 stride 2x2 taps 6 in -1...0,-1...1":
            "convolution_cpu kind 0 tile 6x1 by place across",
        "convolution forward 16x32x32x4 to 32x32x32 stride 1x1 taps 3 in -1...-1,-1...1":
            "convolution_cpu kind 0 tile 6x1 across",
        "convolution forward 32x28x28x1 to 28x28x32 stride 1x1 taps 24 in -3...0,-3...3":
            "convolution_cpu kind 0 tile 6x1 by place across",
        "convolution forward 64x28x28x32 to 14x14x32 stride 2x2 taps 6 in -1...0,-1...1 pixelwise":
            "convolution_cpu kind 0 tile 6x1 packed by place across",
        "convolution forward 64x32x32x32 to 16x16x32 stride 2x2 taps 6 in -1...0,-1...1 pixelwise":
            "convolution_cpu kind 0 tile 6x1 packed by place across",
        "convolution forward 64x7x7x128 to 4x4x256 stride 2x2 taps 9 in -1...1,-1...1":
            "convolution_cpu kind 0 tile 6x1 packed by place across",
        "convolution forward 64x8x8x64 to 8x8x32 stride 1x1 taps 4 in -1...0,-1...0 pixelwise":
            "convolution_cpu kind 0 tile 6x1 by place across",
        "convolution inputGradient 128x7x7x128 to 4x4x256 stride 2x2 taps 9 in -1...1,-1...1":
            "convolution_cpu kind 1 tile 6x1 packed",
        "convolution inputGradient 16x14x14x32 to 7x7x32 stride 2x2 taps 6 in 0...1,-1...1":
            "convolution_cpu kind 1 tile 6x1 packed by place across",
        "convolution inputGradient 16x16x16x32 to 8x8x32 stride 2x2 taps 6 in 0...1,-1...1":
            "convolution_cpu kind 1 tile 6x1 packed by place across",
        "convolution inputGradient 64x14x14x32 to 7x7x32 stride 2x2 taps 6 in 0...1,-1...1 pixelwise":
            "convolution_cpu kind 1 tile 6x1 packed by place across",
        "convolution inputGradient 64x7x7x128 to 4x4x256 stride 2x2 taps 9 in -1...1,-1...1":
            "convolution_cpu kind 1 tile 6x1 packed",
        "convolution weightGradient 16x32x32x4 to 32x32x32 stride 1x1 taps 6 in -2...-1,-1...1":
            "convolution_cpu kind 2 tile 2x2 split",
        "product 1x100x4096x128 a 1,100,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed b",
        "product 1x100x4096x64 a 1,100,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed b across",
        "product 1x1024x32x128 a 128,1,0 b 32,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x1024x32x64 a 64,1,0 b 32,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x128x400x40 a 40,1,0 b 1,40,0":
            "matmul_cpu form 0 tile 6x1 packed b across",
        "product 1x128x4096x1 a 1,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x128x4096x100 a 100,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed b across",
        "product 1x128x4096x256 a 256,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed b across",
        "product 1x128x512x1 a 1,1,0 b 512,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x128x512x784 a 784,1,0 b 512,1,0":
            "matmul_cpu form 0 tile 6x1 packed b",
        "product 1x1792x32x16 a 16,1,0 b 32,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x1792x32x32 a 32,1,0 b 32,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x1792x64x32 a 32,1,0 b 64,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x200x200x640 a 1,200,0 b 200,1,0":
            "matmul_cpu form 0 tile 6x1 packed b across",
        "product 1x256x3136x128 a 1,256,0 b 3136,1,0":
            "matmul_cpu form 0 tile 6x1 packed b across",
        "product 1x3136x32x64 a 64,1,0 b 32,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x4096x256x128 a 1,4096,0 b 256,1,0":
            "matmul_cpu form 0 tile 6x1 packed a packed b across",
        "product 1x4096x32x64 a 64,1,0 b 32,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x512x784x128 a 1,512,0 b 784,1,0":
            "matmul_cpu form 0 tile 6x1 packed a packed b across",
        "product 1x64x200x50 a 50,1,0 b 200,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x64x256x20 a 20,1,0 b 256,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x64x400x20 a 20,1,0 b 400,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x64x4096x1 a 1,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 across",
        "product 1x64x4096x100 a 100,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed a packed b",
        "product 1x64x4096x256 a 256,1,0 b 4096,1,0":
            "matmul_cpu form 0 tile 6x1 packed a packed b",
        "product 1x784x200x128 a 1,784,0 b 200,1,0":
            "matmul_cpu form 0 tile 6x1 packed b across",
    ]

    /// The same on two cores of an AMD EPYC (Zen 4: 32 registers of 16 lanes, 32 KiB and 1 MiB of cache a core): what won
    /// twice, by a twentieth and more.
    static let avx512: [String: String] = [
        "convolution forward 128x28x28x1 to 14x14x64 stride 2x2 taps 16 in -1...2,-1...2":
            "convolution_cpu kind 0 tile 12x2 by place across",
        "convolution forward 16x28x28x2 to 28x28x32 stride 1x1 taps 6 in -2...-1,-1...1 pixelwise":
            "convolution_cpu kind 0 tile 12x2 by place",
        "convolution forward 16x32x32x4 to 32x32x32 stride 1x1 taps 3 in -1...-1,-1...1 pixelwise":
            "convolution_cpu kind 0 tile 12x2 packed",
        "convolution forward 64x32x32x4 to 32x32x32 stride 1x1 taps 3 in -1...-1,-1...1 pixelwise":
            "convolution_cpu kind 0 tile 12x2 packed",
        "convolution forward 64x7x7x128 to 4x4x256 stride 2x2 taps 9 in -1...1,-1...1":
            "convolution_cpu kind 0 tile 6x4 by place across",
        "convolution inputGradient 16x14x14x32 to 7x7x32 stride 2x2 taps 6 in 0...1,-1...1":
            "convolution_cpu kind 1 tile 12x2 packed by place",
        "convolution inputGradient 16x14x14x32 to 7x7x32 stride 2x2 taps 6 in 0...1,-1...1 pixelwise":
            "convolution_cpu kind 1 tile 12x2 packed by place",
        "convolution inputGradient 16x28x28x32 to 14x14x32 stride 2x2 taps 4 in -1...0,-1...0":
            "convolution_cpu kind 1 tile 12x2 packed by place",
        "convolution inputGradient 16x28x28x32 to 14x14x32 stride 2x2 taps 6 in -1...0,-1...1":
            "convolution_cpu kind 1 tile 12x2 packed by place",
        "convolution inputGradient 16x28x28x32 to 14x14x32 stride 2x2 taps 6 in 0...1,-1...1":
            "convolution_cpu kind 1 tile 12x2 packed by place",
        "convolution inputGradient 16x28x28x32 to 14x14x32 stride 2x2 taps 6 in 0...1,-1...1 pixelwise":
            "convolution_cpu kind 1 tile 12x2 packed by place",
        "convolution inputGradient 16x8x8x64 to 8x8x32 stride 1x1 taps 4 in -1...0,-1...0":
            "winograd_cpu kind 1 tile 6x4",
        "convolution inputGradient 32x28x28x16 to 28x28x16 stride 1x1 taps 5 in -1...0,-1...1":
            "convolution_cpu kind 1 tile 12x1 packed by place",
        "convolution inputGradient 64x14x14x32 to 7x7x32 stride 2x2 taps 6 in 0...1,-1...1 pixelwise":
            "convolution_cpu kind 1 tile 12x2 packed by place",
        "convolution weightGradient 32x28x28x32 to 28x28x64 stride 1x1 taps 2 in 0...0,-1...0":
            "convolution_cpu kind 2 tile 11x2 split",
        "product 1x128x256x40 a 40,1,0 b 1,40,0":
            "matmul_cpu form 0 tile 12x2 packed b",
        "product 1x65536x100x32 a 32,1,0 b 100,1,0":
            "matmul_cpu form 0 tile 12x2 packed b across",
    ]
}
