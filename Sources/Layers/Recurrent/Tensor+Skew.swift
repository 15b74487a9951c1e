import Tensors

extension Tensor {
    /// Each row of an image shifted to the right by its number, so that diagonals become columns: `[N, rows, W, C]` ->
    /// `[N, rows, W + rows - 1, C]`, zeros elsewhere (van den Oord, Kalchbrenner & Kavukcuoglu 2016, "Pixel recurrent
    /// neural networks", figure 3).
    ///
    /// With `rows` zeros after each row, reading on in rows that are one shorter shifts each by one more.
    package func skewed() throws -> Tensor {
        let (count, rows, width, channels) = (shape[0], shape[1], shape[2], shape[3])
        let diagonals = width + rows - 1
        return try padded(before: [0, 0, 0, 0], after: [0, 0, rows, 0])
            .reshaped([count, rows * (width + rows), channels]).sliced(0..<rows * diagonals, axis: 1)
            .reshaped([count, rows, diagonals, channels])
    }

    /// What `skewed` was made of: `[N, rows, W + rows - 1, C]` -> `[N, rows, W, C]`.
    package func unskewed() throws -> Tensor {
        let (count, rows, diagonals, channels) = (shape[0], shape[1], shape[2], shape[3])
        return try reshaped([count, rows * diagonals, channels]).padded(before: [0, 0, 0], after: [0, rows, 0])
            .reshaped([count, rows, diagonals + 1, channels]).sliced(0..<diagonals + 1 - rows, axis: 2)
    }
}
