import Datasets
import Foundation

/// A series of numbers in time, the last sixth of it for tests.
public struct Series: Hashable, Sendable {
    /// What it is called.
    public let name: String
    public let values: [Double]
    /// The least nats that any model can need for one more number, on average; nil where nobody knows.
    public let leastNats: Double?

    /// The fewest numbers that can be split into parts.
    public static let leastCount = 24

    /// - Throws: `TrainingError.dataMismatch` for fewer than 24 numbers, for numbers that are not finite, and where those
    ///   of the training part are all equal.
    public init(name: String, values: [Double], leastNats: Double? = nil) throws {
        func require(_ holds: Bool, _ expected: String, _ found: String) throws {
            if !holds { throw TrainingError.dataMismatch(name: name, expected: expected, found: found) }
        }
        try require(values.count >= Self.leastCount, "\(Self.leastCount) numbers or more", "\(values.count)")
        try require(values.allSatisfy(\.isFinite), "finite numbers", "not all finite")
        self.name = name
        self.values = values
        self.leastNats = leastNats
        try require(deviation > 0 && deviation.isFinite, "numbers that differ, and not too far", "\(train[0]) and on")
    }

    /// Numbers for training.
    public var train: ArraySlice<Double> { values[..<(values.count - values.count / 6)] }
    public var test: ArraySlice<Double> { values[train.endIndex...] }

    /// Of the training part.
    public var mean: Double { train.reduce(0, +) / Double(train.count) }
    /// The standard deviation of the training part.
    public var deviation: Double {
        let mean = mean
        return (train.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(train.count)).squareRoot()
    }

    /// The nats that a normal distribution of the training part's mean and deviation needs for each number of the test
    /// part: what a model that knows of no order in time reaches.
    public var independentNats: Double {
        let (mean, deviation) = (mean, deviation)
        let squares = test.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(test.count)
        return log(deviation) + 0.5 * log(2 * Double.pi) + squares / (2 * deviation * deviation)
    }
}

extension Series {
    /// Larger files are refused, in bytes: their numbers take many times as much memory.
    static let largestFile = 64 << 20

    /// Reads a column of a file of numbers, separated by commas, semicolons, tabs or blanks, a line for each moment. A
    /// first line that holds no numbers is a heading.
    /// - Parameter column: 1 for the first.
    /// - Throws: `DatasetError.cannotRead`; `DatasetError.tooLarge`; `DatasetError.malformed` for a line without such a
    ///   number; `TrainingError.dataMismatch`.
    public init(contentsOf path: String, column: Int = 1) throws {
        let data = try ByteReader.contents(of: path, limit: Self.largestFile)
        guard column >= 1 else {
            throw DatasetError.invalidArgument(name: "column", expected: "1 or more", found: "\(column)")
        }
        var values: [Double] = []
        let lines = String(decoding: data, as: UTF8.self).split(omittingEmptySubsequences: false) { $0.isNewline }
        for (number, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let fields = Self.fields(line)
            if let value = column <= fields.count ? Double(fields[column - 1]) : nil {
                values.append(value)
            } else if !values.isEmpty || fields.contains(where: { Double($0) != nil }) || number > 0 {
                throw DatasetError.malformed(
                    path: path, expected: "a number in column \(column) of line \(number + 1)",
                    found: "\"\(line.prefix(40))\"")
            }
        }
        try self.init(name: URL(fileURLWithPath: path).lastPathComponent, values: values)
    }

    /// The fields of a line; blanks separate where nothing else does.
    private static func fields(_ line: Substring) -> [String] {
        let separators: Set<Character> = [",", ";", "\t"]
        let parts =
            line.contains(where: separators.contains)
            ? line.split(omittingEmptySubsequences: false) { separators.contains($0) }
            : line.split(whereSeparator: \.isWhitespace)
        return parts.map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
