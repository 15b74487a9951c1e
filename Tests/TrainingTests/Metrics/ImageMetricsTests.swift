import Datasets
import Testing
import Training

extension TrainingTests {
    /// FID and KID of images that are made worse.
    @Suite("Image metrics")
    struct ImageMetricsTests {
        private let data: DatasetSplits
        private let metrics: ImageMetrics
        /// Of the test images, in 0...1.
        private let real: [Float]

        init() throws {
            let data = try shuffledDigits()
            metrics = try ImageMetrics(data, on: TestTarget.cpu, cache: ClassifierCache(folder: nil))
            real = data.test.pixels.map { Float($0) * data.test.unitScale }
            self.data = data
        }

        @Test("the floor is that of the test images, small and within its error of zero")
        func floor() throws {
            let floor = metrics.floor
            #expect(floor.count == 597 && metrics.count == 597 && metrics.referenceCount == 1200)
            // The order of the images decides nothing but the subsets of the kernel distance.
            let again = try metrics.distances(of: real)
            #expect(abs(again.fid - floor.fid) < 1e-3 * floor.fid)
            #expect(abs(again.kid - floor.kid) < 4 * (again.kidError + floor.kidError))
            #expect(floor.classCounts.reduce(0, +) == 597 && again.classCounts == floor.classCounts)
            #expect(floor.classCounts.allSatisfy { $0 > 40 })
            #expect(metrics.name.contains("digits") && metrics.name.contains("not Inception"))
        }

        @Test("more noise is farther away")
        func noise() throws {
            var generator = SplitMix64(seed: 5)
            let noise = real.map { _ in Float.random(in: -1...1, using: &generator) }
            // Of the same images in the same order, so that only the noise makes the difference.
            var last = try metrics.distances(of: real)
            for strength in [0.2, 0.4, 0.8, 1.6] as [Float] {
                let distances = try metrics.distances(of: zip(real, noise).map { $0 + strength * $1 })
                #expect(distances.fid > 1.1 * last.fid)
                #expect(distances.kid > last.kid)
                last = distances
            }
            #expect(last.fid > 5 * metrics.floor.fid)
            #expect(last.kid > metrics.floor.kid + 4 * (last.kidError + metrics.floor.kidError))
        }

        @Test("blurred images, and images of one class, are farther away than the floor")
        func blurAndCollapse() throws {
            let blurred = try metrics.distances { range in
                range.flatMap { image in
                    (0..<64).map { place -> Float in
                        let (row, column) = (place / 8, place % 8)
                        let near = [(0, 0), (0, 1), (1, 0), (1, 1)].map { y, x in
                            real[image * 64 + min(7, row + y) * 8 + min(7, column + x)]
                        }
                        return near.reduce(0, +) / 4
                    }
                }
            }
            let labels = try #require(data.test.labels)
            let fours = labels.indices.filter { labels[$0] == 4 }
            let collapsed = try metrics.distances { range in
                range.flatMap { number in
                    let image = fours[number % fours.count]
                    return real[image * 64..<(image + 1) * 64]
                }
            }
            for distances in [blurred, collapsed] {
                #expect(distances.count == 597)
                #expect(distances.fid > 2 * metrics.floor.fid)
                #expect(distances.kid > metrics.floor.kid + 4 * distances.kidError)
            }
            #expect(collapsed.classCounts[4] > 540)
        }

        @Test("batches give what the images at once give")
        func batches() throws {
            var asked: [Range<Int>] = []
            let streamed = try metrics.distances(count: 250) { range in
                asked.append(range)
                return Array(real[range.lowerBound * 64..<range.upperBound * 64])
            }
            #expect(asked == [0..<200, 200..<250])
            let whole = try metrics.distances(of: Array(real[..<(250 * 64)]))
            #expect(streamed.fid == whole.fid && streamed.kid == whole.kid && streamed.kidError == whole.kidError)
            #expect(streamed.count == 250)
        }

        @Test func mistakes() throws {
            #expect(throws: MetricError.wrongSize(expected: "200 x 8x8x1", found: 64)) {
                try metrics.distances { _ in [Float](repeating: 0, count: 64) }
            }
            #expect(throws: MetricError.tooFewImages(what: "kernel distance", expected: 4, found: 3)) {
                try metrics.distances(of: [Float](repeating: 0, count: 3 * 64))
            }
        }
    }
}
