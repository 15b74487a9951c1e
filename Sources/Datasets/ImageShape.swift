/// The shape of one image, channels last.
public struct ImageShape: Hashable, Sendable, Codable, CustomStringConvertible {
    public let height: Int
    public let width: Int
    public let channels: Int

    public init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// Values in one image: height x width x channels.
    public var count: Int { height * width * channels }

    public var description: String { "\(height)x\(width)x\(channels)" }
}

extension ImageShape {
    /// The largest height and width that a reader accepts.
    public static let maximumSide = 16_384
    /// The most channels that a reader accepts.
    public static let maximumChannels = 16

    /// Whether every extent is positive and within the limits, so that products of extents cannot overflow.
    package var isReasonable: Bool {
        (1...Self.maximumSide).contains(height) && (1...Self.maximumSide).contains(width)
            && (1...Self.maximumChannels).contains(channels)
    }

    /// What `isReasonable` asks for, in words.
    package static let reasonable = "height and width 1 to \(maximumSide), channels 1 to \(maximumChannels)"
}
