// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "TesseraBenchmarks",
    dependencies: [
        .package(name: "Tessera", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        // What the processor can do at the most.
        .target(name: "MachinePeak"),
        .target(name: "CLBlastPeer"),
        .executableTarget(
            name: "tessera-bench",
            dependencies: [
                "CLBlastPeer",
                "MachinePeak",
                .product(name: "Tessera", package: "Tessera"),
                .product(name: "TesseraTestSupport", package: "Tessera"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
