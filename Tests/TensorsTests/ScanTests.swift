import Compute
import Tensors
import TestSupport
import Testing

/// Recurrences against the same steps written out.
@Suite struct ScanTests {
    /// In double precision, no device: the operation and its gradients mean what the steps written out mean.
    @Test(arguments: ScanNetwork.all)
    func meansTheSame(_ network: ScanNetwork) throws {
        let expected = try ReferenceInterpreter().evaluate(network.everything(ScanNetwork.unrolled))
        let found = try ReferenceInterpreter().evaluate(network.everything(ScanNetwork.scanned))
        for (number, (found, expected)) in zip(found, expected).enumerated() {
            let problem = Tolerance(relative: 1e-9, normwise: 1e-9).disagreement(found.values, expected)
            #expect(problem == nil, "result \(number)")
        }
    }

    @Test(arguments: ScanNetwork.all, TestDevices.all + [TestDevices.reference])
    func agreesWithSteps(_ network: ScanNetwork, _ test: TestDevice) throws {
        let expected = try ReferenceInterpreter().evaluate(network.everything(ScanNetwork.unrolled))
        let found = try Tensor.doubles(network.everything(ScanNetwork.scanned), on: test.device)
        for (number, (found, expected)) in zip(found, expected).enumerated() {
            let problem = Tolerance.gradient.disagreement(found, expected)
            #expect(problem == nil, "result \(number)")
        }
    }

    /// Random bodies: what nobody thought of putting into a recurrence.
    @Test(arguments: [TestDevices.reference, TestDevices.cpu], 0..<4)
    func randomBodies(_ test: TestDevice, block: Int) throws {
        // Loose: conditioning varies, and what a wrong plan computes is not nearly right.
        let tolerance = Tolerance(relative: 2e-3, normwise: 2e-3, absolute: 1e-4)
        for seed in block * 25..<block * 25 + 25 {
            let fuzzer = ScanFuzzer(seed: UInt64(30_000 + seed))
            let expected = try ReferenceInterpreter().evaluate(fuzzer.everything(isUnrolled: true))
            let found = try Tensor.doubles(fuzzer.everything(isUnrolled: false), on: test.device)
            for (number, (found, expected)) in zip(found, expected).enumerated() {
                let problem = tolerance.disagreement(found, expected)
                #expect(problem == nil, "seed \(seed), result \(number)")
            }
        }
    }

    /// Equal scans are one, and others share a plan with them.
    @Test(arguments: TestDevices.all)
    func twoScansInOnePlan(_ test: TestDevice) throws {
        let network = ScanNetwork.lstm(4, 3)
        let (first, second) = (try network.everything(ScanNetwork.scanned), try network.everything(ScanNetwork.scanned))
        // Leaves differ, so that nothing is merged.
        let results = [first[2], second[2], try first[2] + second[2].flipped([0])]
        let expected = try ReferenceInterpreter().evaluate(results)
        let found = try Tensor.doubles(results, on: test.device)
        for (found, expected) in zip(found, expected) {
            #expect(Tolerance.gradient.disagreement(found, expected) == nil)
        }
    }

    // MARK: - Mistakes

    @Test func mistakes() throws {
        let x = try ScanNetwork.values([3, 2, 4], 1)
        let zeros = try Tensor.zeros([2, 4])
        func thrown(_ body: () throws -> Void) -> TensorError? { #expect(throws: TensorError.self) { try body() } }
        let nested = thrown {
            _ = try Tensor.scan([x], from: [zeros]) { inputs, state in
                let inner = try Tensor.scan([inputs[0]], from: [Tensor.zeros([4])]) { ([try $0[0] + $1[0]], []) }
                return ([try state[0] + inner.state[0]], [])
            }
        }
        guard case .unsupported("scan", _, _) = nested else {
            Issue.record("\(String(describing: nested))")
            return
        }
        let counting = thrown {
            _ = try Tensor.scan([x], from: [Tensor(Int32(0)).broadcast(to: [2])]) {
                ([try $1[0] + Tensor(Int32(1))], [])
            }
        }
        guard case .typeMismatch("scan", _, _) = counting else {
            Issue.record("\(String(describing: counting))")
            return
        }
        let growing = thrown {
            _ = try Tensor.scan([x], from: [zeros]) { ([try Tensor.concatenate([$1[0], $0[0]])], []) }
        }
        let uneven = thrown {
            _ = try Tensor.scan([x, Tensor.zeros([4, 2])], from: [zeros]) { ([$1[0]], []) }
        }
        for error in [growing, uneven] {
            guard case .shapeMismatch("scan", _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}
