import Testing

import Training

@Suite struct LookaheadTests {
    @Test("Slow steps are waited for one by one, fast ones in large numbers")
    func adaptsToSteps() {
        var slow = Lookahead()
        for _ in 0..<20 { slow.adapt(seconds: 2.5 * Double(slow.limit)) }
        #expect(slow.limit == 1)

        var fast = Lookahead()
        for _ in 0..<20 { fast.adapt(seconds: 0.001 * Double(fast.limit)) }
        #expect((250...500).contains(fast.limit))
        // Something else slows the machine down.
        for _ in 0..<20 { fast.adapt(seconds: 0.1 * Double(fast.limit)) }
        #expect((3...10).contains(fast.limit))
    }

    @Test("The host waits after as many steps as the limit says")
    func waits() {
        var lookahead = Lookahead()
        var waits = 0
        for _ in 0..<7 { lookahead.stepQueued { waits += 1 } }
        // After 1 + 2 + 4: nothing here takes any time.
        #expect(waits == 3)
        #expect(lookahead.limit == 8)
    }
}
