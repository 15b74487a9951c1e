import Foundation

/// One axis of a plot: the range of values, the marks on it, and where a value lies.
package struct PlotAxis {
    package struct Tick {
        package let value: Double
        package let label: String
    }

    package let range: ClosedRange<Double>
    package let isLogarithmic: Bool
    package let ticks: [Tick]

    /// An axis for values that spread over `values`; about `count` marks at round numbers.
    ///
    /// - Parameter widens: whether the range grows to the next marks.
    package init(covering values: ClosedRange<Double>, isLogarithmic: Bool, count: Int, widens: Bool) {
        self.isLogarithmic = isLogarithmic
        if isLogarithmic {
            (range, ticks) = Self.logarithmic(values)
        } else {
            (range, ticks) = Self.linear(values, count: count, widens: widens)
        }
    }

    /// The place of a value: 0 at the start of the axis, 1 at its end.
    package func position(_ value: Double) -> Double {
        if isLogarithmic {
            let low = log10(range.lowerBound)
            return (log10(value) - low) / (log10(range.upperBound) - low)
        }
        return (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    }

    /// Marks at multiples of 1, 2 or 5 times a power of ten (P. Heckbert 1990, "Nice numbers for graph labels",
    /// Graphics Gems).
    private static func linear(
        _ values: ClosedRange<Double>, count: Int, widens: Bool
    ) -> (ClosedRange<Double>, [Tick]) {
        var low = values.lowerBound
        var high = values.upperBound
        // One value alone, or values whose difference is lost in rounding, get room around them.
        let least = max(max(abs(low), abs(high)) * 1e-9, 1e-300)
        if high - low <= least {
            let room = max(abs(low) * 0.1, least, 1e-9)
            low -= room
            high += room
        }
        let step = niceStep((high - low) / Double(max(1, count)))
        if widens {
            low = (low / step).rounded(.down) * step
            high = (high / step).rounded(.up) * step
        }
        let first = (low / step - 1e-6).rounded(.up)
        let last = (high / step + 1e-6).rounded(.down)
        let ticks = stride(from: first, through: last, by: 1).map { number in
            Tick(value: number * step, label: label(number * step, step: step))
        }
        return (low...high, ticks)
    }

    /// The smallest of 1, 2, 5 times a power of ten that is not below `step`.
    private static func niceStep(_ step: Double) -> Double {
        let power = pow(10, log10(step).rounded(.down))
        let factor = [1.0, 2, 5].first { step / power <= $0 + 1e-9 } ?? 10
        return factor * power
    }

    /// Marks at powers of ten, and at 2 and 5 times them where there are few.
    private static func logarithmic(_ values: ClosedRange<Double>) -> (ClosedRange<Double>, [Tick]) {
        let low = values.lowerBound
        let high = max(values.upperBound, low * 2)
        let decades = log10(high) - log10(low)
        let factors: [Double] = decades < 3 ? [1, 2, 5] : [1]
        let first = Int(log10(low).rounded(.down))
        let last = Int(log10(high).rounded(.up))
        // With very many decades, every second, third, ... power has a mark.
        let powers = stride(from: first, through: last, by: 1 + (last - first) / 10)
        var ticks: [Tick] = []
        for power in powers {
            for factor in factors {
                let value = factor * pow(10, Double(power))
                if value >= low * (1 - 1e-9), value <= high * (1 + 1e-9) {
                    ticks.append(Tick(value: value, label: label(value, step: value)))
                }
            }
        }
        return (low...high, ticks)
    }

    /// A number with as many places as the step needs; with an exponent where it would be long.
    private static func label(_ value: Double, step: Double) -> String {
        if value == 0 { return "0" }
        if abs(value) >= 1e6 || step < 1e-5 {
            let power = Int(log10(abs(value)).rounded(.down))
            let places = max(0, power - Int((log10(step) + 1e-9).rounded(.down)))
            let mantissa = String(format: "%.\(min(places, 12))f", value / pow(10, Double(power)))
            return "\(mantissa)e\(power)"
        }
        let places = max(0, -Int((log10(step) + 1e-9).rounded(.down)))
        return String(format: "%.\(places)f", value)
    }
}
