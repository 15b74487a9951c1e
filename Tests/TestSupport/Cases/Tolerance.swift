import Compute
import Foundation

/// How far a Float32 result may be from the double-precision one:
/// `|result - reference| <= relative * |reference| + normwise * max |reference| + absolute`, the maximum over the whole
/// array. Subnormal results may be flushed to zero. Infinities, NaN and integers have to agree exactly.
public struct Tolerance: Sendable, Hashable {
    public var relative: Double
    public var normwise: Double
    public var absolute: Double

    public init(relative: Double = 0, normwise: Double = 0, absolute: Double = 0) {
        self.relative = relative
        self.normwise = normwise
        self.absolute = absolute
    }

    /// The reference rounded to Float32, to the last bit.
    public static let exact = Tolerance()
    /// A few roundings.
    public static let rounding = Tolerance(relative: 5e-7)
    /// An elementary function as OpenCL's full profile bounds it: up to 16 units in the last place.
    public static let function = Tolerance(relative: 2e-6, normwise: 2e-7)
    /// A sum whose terms may cancel.
    public static let sum = Tolerance(relative: 1e-6, normwise: 2e-6)
    /// Several sums and functions, one after the other.
    public static let composed = Tolerance(relative: 5e-6, normwise: 5e-6)
    /// Gradients, of which some are small differences of large terms.
    public static let gradient = Tolerance(relative: 1e-5, normwise: 1e-5)
    public static let secondGradient = Tolerance(relative: 5e-5, normwise: 5e-5)

    /// The worst disagreement, in words, or `nil` where there is none.
    public func disagreement(_ result: [Double], _ reference: ReferenceArray) -> String? {
        guard result.count == reference.count else {
            return "\(result.count) elements in place of \(reference.count)"
        }
        let isFloat = reference.dtype == .float32
        let largest = reference.values.lazy.map(abs).filter(\.isFinite).max() ?? 0
        let subnormal = Double(Float.leastNormalMagnitude)
        var worst: (excess: Double, text: String)?
        for (index, pair) in zip(result, reference.values).enumerated() {
            let (found, exact) = (pair.0, pair.1)
            let wanted = isFloat ? Double(Float(exact)) : exact
            if found == wanted || found.isNaN && wanted.isNaN { continue }
            let allowed =
                isFloat ? relative * abs(exact) + normwise * largest + max(absolute, subnormal) : 0
            var excess = abs(found - exact) / allowed
            if !excess.isFinite || !found.isFinite || !wanted.isFinite { excess = .infinity }
            if excess > 1, excess > worst?.excess ?? 0 {
                worst = (excess, "element \(index) of \(reference.shape): \(found), expected \(exact)")
            }
        }
        return worst.map { "\($0.text) (\(Float($0.excess)) times the tolerance)" }
    }
}
