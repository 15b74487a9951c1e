import Compute
import ComputeOpenCL

/// Finds the variants of kernels that are to blame for cases which fail on an OpenCL device: those in whose place others
/// make a case pass.
public struct VariantSearch {
    /// A variant, and the case that it spoiled.
    public struct Finding: Hashable, Sendable {
        public let variant: String
        public let caseName: String
    }

    private let device: OpenCLDevice
    public private(set) var findings: [Finding] = []
    /// Cases that fail whatever is replaced.
    public private(set) var unexplained: [String] = []

    /// Variants tried one after the other in the place of one that is replaced.
    private static let mostReplacements = 4

    public init(on device: OpenCLDevice) { self.device = device }

    /// The variants found so far.
    public var variants: Set<String> { Set(findings.map(\.variant)) }

    /// Looks for what is to blame for each of some cases. What is found for one is replaced for the next.
    ///
    /// - Parameters:
    ///   - limit: seconds after which no other case is looked at; they count as unexplained.
    ///   - progress: told the name of each case.
    /// - Throws: what opening the device again throws.
    public mutating func run(_ cases: [OperationCase], limit: Double, progress: (String) -> Void = { _ in }) throws {
        let start = ContinuousClock.now
        for test in cases {
            guard start.duration(to: .now) / Duration.seconds(1) < limit else {
                unexplained.append(test.name)
                continue
            }
            progress(test.name)
            let first = try attempt(test, avoiding: [])
            // Another case's finding may have been the cause of this one, too.
            if first.passes { continue }
            guard let culprits = try culprits(of: test, used: first.used) else {
                unexplained.append(test.name)
                continue
            }
            findings += culprits.sorted().map { Finding(variant: $0, caseName: test.name) }
        }
    }

    /// The least set of variants whose replacement lets a case pass, as far as it is easily found: one variant with what
    /// takes its place, or else all, less those that can stay.
    private func culprits(of test: OperationCase, used: Set<String>) throws -> Set<String>? {
        for variant in used.sorted() {
            var (avoided, known) = (Set([variant]), used)
            for _ in 0..<VariantSearch.mostReplacements {
                let result = try attempt(test, avoiding: avoided)
                if result.passes { return avoided }
                // What came in its place may be wrong in the same way.
                let fresh = result.used.subtracting(known)
                if fresh.isEmpty { break }
                avoided.formUnion(fresh)
                known.formUnion(fresh)
            }
        }
        var left = used
        guard try attempt(test, avoiding: left).passes else { return nil }
        for variant in used.sorted() where try attempt(test, avoiding: left.subtracting([variant])).passes {
            left.remove(variant)
        }
        return left
    }

    /// Runs a case on the device opened anew, without what has been found and without `variants`.
    private func attempt(
        _ test: OperationCase, avoiding variants: Set<String>
    ) throws -> (passes: Bool, used: Set<String>) {
        let device = try device.opened(avoiding: self.variants.union(variants))
        let problems = [true, false].contains { outputsOnly in
            guard outputsOnly || test.derivatives > .none else { return false }
            // An error is a failure: where nothing is left in the place of a variant, too.
            let found = try? test.disagreements(on: device, outputsOnly: outputsOnly)
            return found?.isEmpty != true
        }
        return (!problems, device.usedVariants)
    }
}
