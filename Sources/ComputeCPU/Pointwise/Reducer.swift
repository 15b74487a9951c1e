/// How values are combined in a reduction: within a chunk in the type of the elements, between chunks in `Total`.
protocol Reducer {
    associatedtype Element: SIMDScalar
    associatedtype Total
    static var identity: Element { get }
    static var emptyTotal: Total { get }
    static func combine(_ a: SIMD8<Element>, _ b: SIMD8<Element>) -> SIMD8<Element>
    static func combine(_ a: Element, _ b: Element) -> Element
    static func add(_ value: Element, to total: inout Total)
    static func merge(_ a: Total, _ b: Total) -> Total
    static func result(_ total: Total) -> Element
}

/// Chunks of at most 512 elements are summed in Float32, their sums in Float64.
enum FloatSum: Reducer {
    static var identity: Float { 0 }
    static var emptyTotal: Double { 0 }
    @inline(__always) static func combine(_ a: Floats, _ b: Floats) -> Floats { a + b }
    @inline(__always) static func combine(_ a: Float, _ b: Float) -> Float { a + b }
    @inline(__always) static func add(_ value: Float, to total: inout Double) { total += Double(value) }
    @inline(__always) static func merge(_ a: Double, _ b: Double) -> Double { a + b }
    @inline(__always) static func result(_ total: Double) -> Float { Float(total) }
}

/// NaN if any element is.
enum FloatMaximum: Reducer {
    static var identity: Float { -.infinity }
    static var emptyTotal: Float { -.infinity }
    @inline(__always) static func combine(_ a: Floats, _ b: Floats) -> Floats {
        a.replacing(with: b, where: (b .> a) .| (b .!= b))
    }
    @inline(__always) static func combine(_ a: Float, _ b: Float) -> Float { b > a || b.isNaN ? b : a }
    @inline(__always) static func add(_ value: Float, to total: inout Float) { total = combine(total, value) }
    @inline(__always) static func merge(_ a: Float, _ b: Float) -> Float { combine(a, b) }
    @inline(__always) static func result(_ total: Float) -> Float { total }
}

/// Wraps on overflow.
enum IntSum: Reducer {
    static var identity: Int32 { 0 }
    static var emptyTotal: Int32 { 0 }
    @inline(__always) static func combine(_ a: Ints, _ b: Ints) -> Ints { a &+ b }
    @inline(__always) static func combine(_ a: Int32, _ b: Int32) -> Int32 { a &+ b }
    @inline(__always) static func add(_ value: Int32, to total: inout Int32) { total &+= value }
    @inline(__always) static func merge(_ a: Int32, _ b: Int32) -> Int32 { a &+ b }
    @inline(__always) static func result(_ total: Int32) -> Int32 { total }
}

enum IntMaximum: Reducer {
    static var identity: Int32 { .min }
    static var emptyTotal: Int32 { .min }
    @inline(__always) static func combine(_ a: Ints, _ b: Ints) -> Ints { a.replacing(with: b, where: b .> a) }
    @inline(__always) static func combine(_ a: Int32, _ b: Int32) -> Int32 { max(a, b) }
    @inline(__always) static func add(_ value: Int32, to total: inout Int32) { total = max(total, value) }
    @inline(__always) static func merge(_ a: Int32, _ b: Int32) -> Int32 { max(a, b) }
    @inline(__always) static func result(_ total: Int32) -> Int32 { total }
}

extension Reducer {
    /// Reduces the middle axis of a chunk `[outer, middle, inner]` and adds the results to `totals`.
    @inline(__always)
    static func reduce(
        _ row: UnsafeRawPointer, outer: Int, middle: Int, inner: Int, into totals: UnsafeMutablePointer<Total>
    ) {
        for index in 0..<outer {
            let part = row + 4 &* index &* middle &* inner
            let target = totals + index &* inner
            if inner == 1 {
                add(horizontal(part, middle), to: &target[0])
            } else if middle == 1 {
                let elements = part.assumingMemoryBound(to: Element.self)
                for i in 0..<inner { add(elements[i], to: &target[i]) }
            } else {
                vertical(part, middle, inner, into: target)
            }
        }
    }

    /// A run of elements, in eight lanes and then from lane to lane.
    @inline(__always)
    private static func horizontal(_ row: UnsafeRawPointer, _ count: Int) -> Element {
        let elements = row.assumingMemoryBound(to: Element.self)
        var value = identity
        var i = 0
        if count >= 16 {
            var lanes = SIMD8<Element>(repeating: identity)
            while i &+ 8 <= count {
                lanes = combine(lanes, row.loadUnaligned(fromByteOffset: i &* 4, as: SIMD8<Element>.self))
                i &+= 8
            }
            let low = (combine(lanes[0], lanes[4]), combine(lanes[1], lanes[5]))
            let high = (combine(lanes[2], lanes[6]), combine(lanes[3], lanes[7]))
            value = combine(combine(low.0, high.0), combine(low.1, high.1))
        }
        while i < count {
            value = combine(value, elements[i])
            i &+= 1
        }
        return value
    }

    /// Columns, eight at a time.
    @inline(__always)
    private static func vertical(
        _ row: UnsafeRawPointer, _ count: Int, _ width: Int, into totals: UnsafeMutablePointer<Total>
    ) {
        let elements = row.assumingMemoryBound(to: Element.self)
        var column = 0
        while column &+ 8 <= width {
            var lanes = SIMD8<Element>(repeating: identity)
            var offset = column &* 4
            for _ in 0..<count {
                lanes = combine(lanes, row.loadUnaligned(fromByteOffset: offset, as: SIMD8<Element>.self))
                offset &+= width &* 4
            }
            for lane in 0..<8 { add(lanes[lane], to: &totals[column &+ lane]) }
            column &+= 8
        }
        while column < width {
            var value = identity
            var index = column
            for _ in 0..<count {
                value = combine(value, elements[index])
                index &+= width
            }
            add(value, to: &totals[column])
            column &+= 1
        }
    }
}
