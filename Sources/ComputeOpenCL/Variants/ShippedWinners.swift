/// Tables of winners that come with the library, for devices that `tessera tune` has been run on. A table of the device
/// itself goes before them.
enum ShippedWinners {
    /// The table for a device, empty where there is none.
    static func table(_ traits: KernelTraits) -> [String: String] {
        traits.shape == .cpu && traits.registers.lanes == 8 ? avx2 : [:]
    }

    static let avx2: [String: String] = [:]
}
