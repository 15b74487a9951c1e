import Compute

/// Decides among the variants of kernels on one device.
///
/// A variant is one of the ways to compute a step, known by a text that says which kernel it is and what is chosen for
/// it, such as `matmul_cpu form 0 tile 6x1 packed b`. The texts stand in files and tables; one that no step has any more
/// is passed over.
///
/// Among the candidates for a step the choice changes time and never bits: all of them add up the same numbers in the
/// same order. So a table may come and go between two runs with the same seed. Only where a variant is known to give
/// wrong results may a spare one take its place whose sums are in another order.
package struct VariantPolicy: Sendable {
    /// The fastest candidate for a step, by the step's key.
    package var winners: [String: String] = [:]
    /// Variants that gave wrong results on this device.
    package var failing: Set<String> = []
    /// What to say of where `failing` comes from.
    var failingSource = "the device's list of failing variants"
    /// For tests.
    package var fault: KernelFault?

    package init(winners: [String: String] = [:], failing: Set<String> = [], fault: KernelFault? = nil) {
        self.winners = winners
        self.failing = failing
        self.fault = fault
    }

    /// The variant to use: the winner for the key, or else the first that does not fail.
    ///
    /// - Parameters:
    ///   - candidates: what may win; the default first.
    ///   - spares: what remains where all of those fail.
    /// - Throws: `DeviceError.unavailable` where everything fails.
    func choose<Variant: CustomStringConvertible>(
        among candidates: [Variant], spares: [Variant], key: String?, what: String
    ) throws(DeviceError) -> Variant {
        if let key, let winner = winners[key], !failing.contains(winner),
            let variant = candidates.first(where: { $0.description == winner })
        {
            return variant
        }
        let all = candidates + spares
        if let variant = failing.isEmpty ? all.first : all.first(where: { !failing.contains($0.description) }) {
            return variant
        }
        let names = all.map(\.description).joined(separator: ", ")
        throw .unavailable(
            what: what,
            reason: "every variant of its kernel (\(names)) is on \(failingSource). Use another device (tessera "
                + "devices lists them), or another driver; tessera doctor makes the list anew if its file is removed")
    }
}

/// A wrong kernel, to test what happens then: in the text of one variant some text is replaced.
package struct KernelFault: Sendable {
    package var variant: String
    package var text: String
    package var replacement: String

    package init(variant: String, text: String, replacement: String) {
        self.variant = variant
        self.text = text
        self.replacement = replacement
    }
}

extension LaunchPlan {
    /// Chooses among variants, and notes which one is used.
    mutating func choose<Variant: CustomStringConvertible>(
        among candidates: [Variant], spares: [Variant] = [], key: String? = nil, what: String
    ) throws(DeviceError) -> Variant {
        let variant = try traits.variants.choose(among: candidates, spares: spares, key: key, what: what)
        variants.insert(variant.description)
        return variant
    }

    /// A kernel's source, made wrong where a test wants that.
    func source(_ source: KernelSource, of variant: String) -> KernelSource {
        guard let fault = traits.variants.fault, fault.variant == variant else { return source }
        return KernelSource(text: source.text.replacing(fault.text, with: fault.replacement), widths: source.widths)
    }
}
