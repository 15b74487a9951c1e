import Compute

extension Expression {
    /// How many times as long an element takes on a CPU as that of an expression of a few loads and additions.
    var weight: Int { max(1, instructions.reduce(0) { $0 + $1.weight } / 8) }
}

extension Expression.Instruction {
    /// About what it takes in additions.
    fileprivate var weight: Int {
        switch self {
        case .random: 100
        case .unary(let operation, _):
            switch operation {
            case .negate, .absolute, .sign, .not, .floor, .round: 1
            case .sqrt, .rsqrt, .reciprocal: 5
            case .exp, .log, .log1p, .expm1, .sin, .cos, .tanh, .sigmoid, .softplus, .erf: 20
            }
        case .binary(.power, _, _): 40
        case .binary(.divide, _, _), .binary(.remainder, _, _): 5
        case .load, .index, .constant, .accumulator, .binary, .select, .cast: 1
        }
    }
}
