// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "TesseraFuzzing",
    dependencies: [.package(name: "Tessera", path: "..")],
    targets: [
        // The interface of libFuzzer.
        .target(name: "CFuzzer"),
        .executableTarget(
            name: "tessera-fuzz", dependencies: ["CFuzzer", .product(name: "Tessera", package: "Tessera")]),
    ],
    swiftLanguageModes: [.v6]
)
