import Layers
import Tensors

/// A model of images given small versions of them: super-resolution. Training and evaluation make the small versions of
/// the images themselves; to draw, they are made of `Context.originals`.
public protocol EnlargingModel: AutoregressiveModel {
    /// Pixels of an image, down and across, to one of its small version; nil for a model that is given none.
    var enlargement: Int? { get }
}

extension EnlargingModel {
    /// The small version of each image, its pixels the means of squares, each repeated to the size of the image:
    /// [N, height, width, channels] -> the same.
    public func repeatedSmallVersion(of images: Tensor) throws -> Tensor {
        guard let factor = enlargement else { return images }
        let shape = images.shape
        let split = [shape[0], shape[1] / factor, factor, shape[2] / factor, factor, shape[3]]
        return try images.reshaped(split).mean([2, 4], keepingDimensions: true).broadcast(to: split).reshaped(shape)
    }

    public var measure: String {
        let given = enlargement == nil ? "" : " given its small version"
        return binarizes
            ? "-log p of the binarised image\(given), exact"
            : "-log p of the \(images.levels)-level pixels\(given), exact"
    }
}

extension ImageSpace {
    /// - Throws: `ModelError.badImages` for sides that are no multiples of a number.
    func requireMultiple(of factor: Int) throws {
        guard height % factor == 0, width % factor == 0 else {
            throw ModelError.badImages(
                expected: "a height and width that are multiples of \(factor)", found: "\(height)x\(width)")
        }
    }
}
