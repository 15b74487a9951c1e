// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "FirstProgram",
    dependencies: [.package(name: "Tessera", path: "../..")],
    targets: [
        .executableTarget(name: "FirstProgram", dependencies: [.product(name: "Tessera", package: "Tessera")])
    ])
