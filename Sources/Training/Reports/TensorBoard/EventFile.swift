import Datasets
import Foundation

/// A file of scalars and images over steps that TensorBoard shows: records of `Event` messages (TensorFlow,
/// core/util/event.proto and core/framework/summary.proto), appended as they come.
public final class EventFile {
    /// How the names of such files begin; TensorBoard looks for it.
    static let namePrefix = "events.out.tfevents."

    public let path: String
    private let descriptor: Int32

    /// Begins a new file.
    ///
    /// - Parameters:
    ///   - folder: which TensorBoard shows as a run.
    ///   - firstStep: the first that will be told of. What older files of the folder tell of it and later ones is not
    ///     shown any more.
    /// - Throws: `DatasetError.cannotWrite`.
    public init(in folder: String, firstStep: Int = 0) throws {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let time = Date().timeIntervalSince1970
        // TensorBoard reads the files of a folder in the order of their names, whose times have to be in that order.
        path = String(format: "%@/%@%.6f.%@.%d", folder, Self.namePrefix, time, host, getpid())
        descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw DatasetError.cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
        try append { $0.add(3, "brain.Event:2") }
        try append(step: firstStep) { event in
            var start = ProtobufMessage()
            start.add(1, 1)
            event.add(7, start)
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Tells numbers of a step, each by its tag; a tag's part before a slash is the group in which it is shown.
    ///
    /// - Throws: `DatasetError.cannotWrite`.
    public func add(_ scalars: [(tag: String, value: Double)], step: Int) throws {
        try append(step: step) { event in
            var summary = ProtobufMessage()
            for scalar in scalars {
                var value = ProtobufMessage()
                value.add(1, scalar.tag)
                value.add(2, Float(scalar.value))
                summary.add(1, value)
            }
            event.add(5, summary)
        }
    }

    /// Shows an image of a step.
    ///
    /// - Parameters:
    ///   - png: the bytes of a PNG file.
    ///   - shape: of the image; 1 channel or 3.
    /// - Throws: `DatasetError.cannotWrite`.
    public func add(png: [UInt8], shape: ImageShape, tag: String, step: Int) throws {
        try append(step: step) { event in
            var image = ProtobufMessage()
            for (field, number) in [shape.height, shape.width, shape.channels].enumerated() {
                image.add(field + 1, number)
            }
            image.add(4, png)
            var value = ProtobufMessage()
            value.add(1, tag)
            value.add(4, image)
            var summary = ProtobufMessage()
            summary.add(1, value)
            event.add(5, summary)
        }
    }

    private func append(step: Int? = nil, _ fill: (inout ProtobufMessage) -> Void) throws {
        var event = ProtobufMessage()
        event.add(1, Date().timeIntervalSince1970)
        if let step { event.add(2, step) }
        fill(&event)
        // One write a record: TensorBoard waits for the rest of one that is cut short.
        let bytes = TFRecord.framed(event.bytes)
        let written = write(descriptor, bytes, bytes.count)
        guard written == bytes.count else {
            let reason = written < 0 ? String(cString: strerror(errno)) : "no space left"
            throw DatasetError.cannotWrite(path: path, reason: reason)
        }
    }
}
