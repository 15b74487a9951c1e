/// A small symmetric matrix in Float64.
package struct SymmetricMatrix: Sendable, Equatable {
    package let size: Int
    /// size x size, row-major.
    package private(set) var elements: [Double]

    /// - Parameter element: of row and column, asked for on and below the diagonal.
    package init(_ size: Int, _ element: (Int, Int) -> Double) {
        self.size = size
        elements = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            for column in 0...row {
                let value = element(row, column)
                elements[row * size + column] = value
                elements[column * size + row] = value
            }
        }
    }

    package subscript(row: Int, column: Int) -> Double { elements[row * size + column] }

    package var trace: Double { (0..<size).reduce(0) { $0 + self[$1, $1] } }

    /// The matrix in another basis: `Bᵀ A B`, where column k of B is `basis[k]`.
    package func transformed(by basis: [[Double]]) -> SymmetricMatrix {
        let images = basis.map { vector in
            (0..<size).map { row in (0..<size).reduce(0.0) { $0 + self[row, $1] * vector[$1] } }
        }
        return SymmetricMatrix(basis.count) { row, column in
            zip(basis[row], images[column]).reduce(0.0) { $0 + $1.0 * $1.1 }
        }
    }
}

extension SymmetricMatrix {
    /// Eigenvalues, in no order, and eigenvectors of length one, as `vectors[k]` to `values[k]`: cyclic Jacobi rotations
    /// (Golub & Van Loan, Matrix Computations, section 8.5), until what is off the diagonal is rounding.
    package func eigensystem() -> (values: [Double], vectors: [[Double]]) {
        var rotated = self
        var vectors = (0..<size).map { k in (0..<size).map { $0 == k ? 1.0 : 0 } }
        let scale = elements.reduce(0) { $0 + $1 * $1 }
        // Convergence is quadratic: about eight sweeps; the limit is for matrices that are not finite.
        for _ in 0..<50 {
            let offDiagonal = rotated.offDiagonalSquares
            guard offDiagonal > scale * 1e-32 else { break }
            for p in 0..<size {
                for q in (p + 1)..<max(size, p + 1) { rotated.rotate(p, q, &vectors) }
            }
        }
        return ((0..<size).map { rotated[$0, $0] }, vectors)
    }

    private var offDiagonalSquares: Double {
        var sum = 0.0
        for row in 0..<size {
            for column in 0..<row { sum += 2 * self[row, column] * self[row, column] }
        }
        return sum
    }

    /// The rotation in the plane of `p` and `q` that makes their element zero.
    private mutating func rotate(_ p: Int, _ q: Int, _ vectors: inout [[Double]]) {
        let off = self[p, q]
        guard off != 0 else { return }
        let ratio = (self[q, q] - self[p, p]) / (2 * off)
        let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (1 + ratio * ratio).squareRoot())
        let cosine = 1 / (1 + tangent * tangent).squareRoot()
        let sine = tangent * cosine
        for k in 0..<size {
            let (a, b) = (self[k, p], self[k, q])
            elements[k * size + p] = cosine * a - sine * b
            elements[k * size + q] = sine * a + cosine * b
        }
        for k in 0..<size {
            let (a, b) = (self[p, k], self[q, k])
            elements[p * size + k] = cosine * a - sine * b
            elements[q * size + k] = sine * a + cosine * b
            let (x, y) = (vectors[p][k], vectors[q][k])
            vectors[p][k] = cosine * x - sine * y
            vectors[q][k] = sine * x + cosine * y
        }
    }
}
