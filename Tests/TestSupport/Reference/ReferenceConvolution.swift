import Compute

/// Convolutions straight from the sum in `ConvolutionGeometry`: one visit for each product.
package enum ReferenceConvolution {
    package static func result(
        _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry, _ first: [Double], _ second: [Double]
    ) -> [Double] {
        let shape =
            switch kind {
            case .forward: geometry.outputShape
            case .inputGradient: geometry.inputShape
            case .weightGradient: geometry.weightShape
            }
        var result = [Double](repeating: 0, count: shape.reduce(1, *))
        eachProduct(geometry) { x, y, w in
            switch kind {
            case .forward: result[y] += first[x] * second[w]
            case .inputGradient: result[x] += first[y] * second[w]
            case .weightGradient: result[w] += first[x] * second[y]
            }
        }
        return result
    }

    /// Calls `visit` with the positions in x, y and w of every product whose pixel lies inside the image.
    private static func eachProduct(_ g: ConvolutionGeometry, _ visit: (_ x: Int, _ y: Int, _ w: Int) -> Void) {
        for n in 0..<g.batch {
            for oy in 0..<g.outputHeight {
                for ox in 0..<g.outputWidth {
                    for (t, tap) in g.taps.enumerated() {
                        let (iy, ix) = (oy * g.strideY + tap.dy, ox * g.strideX + tap.dx)
                        guard iy >= 0, iy < g.height, ix >= 0, ix < g.width else { continue }
                        let input = ((n * g.height + iy) * g.width + ix) * g.inputChannels
                        let output = ((n * g.outputHeight + oy) * g.outputWidth + ox) * g.outputChannels
                        for c in 0..<g.inputChannels {
                            for d in 0..<g.outputChannels {
                                visit(input + c, output + d, (t * g.inputChannels + c) * g.outputChannels + d)
                            }
                        }
                    }
                }
            }
        }
    }
}
