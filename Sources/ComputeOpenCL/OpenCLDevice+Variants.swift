import Compute
import Glibc

extension OpenCLDevice {
    /// The same device once more, whose kernels are never of some variants, beside those that fail anyway.
    package func opened(avoiding variants: Set<String>) throws(DeviceError) -> OpenCLDevice {
        var options = options
        options.policy = traits.variants
        options.policy?.failing.formUnion(variants)
        let device = try OpenCLDevice(id, of: platform, options)
        device.compiler = lock.locked { compiler }
        return device
    }

    /// Puts variants on this device's list of those that give wrong results. Devices opened later do not use them.
    /// - Throws: `DeviceError.unavailable` where the list cannot be written.
    package func list(failing variants: Set<String>) throws(DeviceError) {
        try records.write(failing: records.failing().union(variants))
    }

    /// The variants on the list, and its file.
    package var listedVariants: (variants: Set<String>, path: String?) { (records.failing(), records.failingPath) }

    /// Keeps the fastest variants for some steps, by the steps' keys, beside those for other steps. Devices opened later
    /// use them.
    ///
    /// - Returns: the file.
    /// - Throws: `DeviceError.unavailable` where the table cannot be written.
    @discardableResult
    package func keep(winners: [String: String]) throws(DeviceError) -> String? {
        try records.write(winners: records.winners().merging(winners) { $1 })
        return records.winnersPath
    }
}

extension DeviceRecords {
    /// What the device's kernels are chosen by when it is opened.
    /// - Parameter setting: the environment variable's value; `nil` where it is not set.
    package func policy(
        _ traits: KernelTraits, setting: String? = getenv(environmentVariable).map { String(cString: $0) }
    ) -> VariantPolicy {
        var policy = VariantPolicy(failing: failing())
        if let failingPath { policy.failingSource = "the list of failing variants, \(failingPath)" }
        if setting != "off" {
            policy.winners = ShippedWinners.table(traits).merging(winners()) { $1 }
        }
        return policy
    }
}
