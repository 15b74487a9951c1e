import Compute
import ComputeCPU
import Glibc
import Testing

/// Philox and what the CPU device draws from it.
@Suite struct CPURandomTests {
    @Test("The known answers of the authors' library")
    func knownAnswers() {
        let all = UInt32.max
        #expect(
            Philox.words(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
                == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            Philox.words(counter: SIMD4(repeating: all), key: SIMD2(repeating: all))
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            Philox.words(
                counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
                key: SIMD2(0xa409_3822, 0x299f_31d0))
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    func draw(_ distribution: RandomDistribution, _ view: View, key: [Int32], stream: UInt32) throws -> HostSlot {
        let type: DType = distribution == .bits ? .int32 : .float32
        var body = Expression()
        let value = body.append(.random(distribution, operand: 0, stream: stream, view: view), type: type)
        let step = PointwiseStep(
            shape: view.shape, body: body, operands: [Operand(slot: 0, offset: 1, dtype: .int32)],
            stores: [
                Store(value: value, destination: Operand(slot: 1, dtype: type), view: View(contiguous: view.shape))
            ])
        return try CPUDevice(threads: 2).results(
            of: [.pointwise(step)], slots: [HostSlot([99] + key), HostSlot(room: view.count)])[1]
    }

    @Test("Each element is drawn by its address, stream and key")
    func distributions() throws {
        let key: [Int32] = [-5, 1_234_567]
        let words = SIMD2(UInt32(bitPattern: key[0]), UInt32(bitPattern: key[1]))
        // Transposed, with a far offset: the address is the element, beyond 32 bits too.
        let view = View(shape: [40, 30], strides: [1, 40], offset: 1 << 33)
        let (bits, uniform, normal) = (
            try draw(.bits, view, key: key, stream: 7).ints, try draw(.uniform, view, key: key, stream: 7).floats,
            try draw(.normal, view, key: key, stream: 7).floats
        )
        for row in 0..<40 {
            for column in 0..<30 {
                let element = UInt64(1 << 33 + row + 40 * column)
                let word = Philox.words(
                    counter: SIMD4(UInt32(truncatingIfNeeded: element), UInt32(element >> 32), 7, 0), key: words)
                let index = row * 30 + column
                #expect(bits[index] == Int32(bitPattern: word.x))
                #expect(uniform[index] == Float(word.x >> 8) * 0x1p-24)
                let radius = (-2 * log((Double(word.x >> 8) + 1) * 0x1p-24)).squareRoot()
                let expected = radius * cos(2 * .pi * Double(word.y >> 8) * 0x1p-24)
                #expect(abs(Double(normal[index]) - expected) < 2e-6)
            }
        }
    }

    @Test("The moments of both distributions")
    func moments() throws {
        let count = 200_000
        let view = View(contiguous: [count])
        func moment(_ values: [Float], _ power: Int) -> Double {
            values.reduce(0) { $0 + pow(Double($1), Double(power)) } / Double(count)
        }
        let uniform = try draw(.uniform, view, key: [1, 2], stream: 0).floats
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(moment(uniform, 1) - 0.5) < 0.003)
        #expect(abs(moment(uniform, 2) - 1.0 / 3) < 0.003)
        let normal = try draw(.normal, view, key: [1, 2], stream: 1).floats
        #expect(abs(moment(normal, 1)) < 0.01)
        #expect(abs(moment(normal, 2) - 1) < 0.02)
        #expect(abs(moment(normal, 4) - 3) < 0.15)
    }
}
