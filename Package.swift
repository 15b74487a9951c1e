// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Tessera",
    products: [
        .library(name: "Tessera", targets: ["Tessera"]),
        .executable(name: "tessera", targets: ["TesseraTool"]),
        // The registry of operation cases, for the benchmarks.
        .library(name: "TesseraTestSupport", targets: ["TestSupport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        // The OpenCL C sources, embedded, and the C that finds the native libraries at run time.
        .target(name: "TesseraKernels", path: "Kernels"),
        .target(name: "COpenCL", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Each target depends only on those above it.
        .target(name: "Compute"),
        .target(name: "ComputeCPU", dependencies: ["Compute", "COpenBLAS"]),
        .target(name: "ComputeOpenCL", dependencies: ["Compute", "COpenCL", "TesseraKernels"]),
        .target(name: "Devices", dependencies: ["Compute", "ComputeCPU", "ComputeOpenCL"]),
        .target(name: "Tensors", dependencies: ["Compute"]),
        .target(name: "Layers", dependencies: ["Tensors", "ComputeCPU"]),
        .target(name: "Models", dependencies: ["Layers"]),
        .target(name: "Datasets", dependencies: ["CPNG", "CZlib"]),
        // The registry of operation cases and the reference: for tests, benchmarks and `tessera doctor`.
        .target(
            name: "Conformance", dependencies: ["Tensors", "ComputeOpenCL"], path: "Tests/TestSupport",
            exclude: ["Checks", "Devices", "Exports.swift"]),
        .target(name: "Training", dependencies: ["Models", "Datasets", "Devices", "ComputeOpenCL"]),
        .target(name: "Tessera", dependencies: ["Training"]),
        .executableTarget(
            name: "TesseraTool",
            dependencies: [
                "Tessera", "Conformance", "ComputeOpenCL",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        // The README's first program. Outside this package it is one of its own: Examples/FirstProgram.
        .executableTarget(
            name: "FirstProgram", dependencies: ["Tessera"], path: "Examples/FirstProgram/Sources/FirstProgram"),

        // One test target a source target. Tests reach `package` declarations, so that they run in release builds.
        .target(
            name: "TestSupport", dependencies: ["Conformance", "Devices"], path: "Tests/TestSupport",
            exclude: ["Cases", "Recurrence", "Reference"]),
        .testTarget(name: "ComputeTests", dependencies: ["TestSupport"]),
        .testTarget(name: "TensorsTests", dependencies: ["TestSupport"]),
        .testTarget(name: "LayersTests", dependencies: ["TestSupport", "Layers"]),
        .testTarget(name: "ModelsTests", dependencies: ["TestSupport", "Models"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets"]),
        .testTarget(name: "TrainingTests", dependencies: ["TestSupport", "Training"]),
        .testTarget(name: "TesseraToolTests", dependencies: ["Tessera", "Conformance", "ComputeOpenCL"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
