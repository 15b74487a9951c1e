// Operations on registers: lane by lane, in loops that a compiler makes vectors of.
#include "machine.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>
#include <unordered_map>

namespace {
// Values of 16 bits, and predicates, stand in the lower part of 32.
template <class T> using Stored = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T> T get(const void *lanes, int lane) {
    const auto bits = static_cast<const Stored<T> *>(lanes)[lane];
    if constexpr (std::is_same_v<T, bool>) return bits != 0;
    else if constexpr (std::is_floating_point_v<T>) { T value; memcpy(&value, &bits, sizeof value); return value; }
    else return static_cast<T>(bits);
}

template <class T> Stored<T> bits(T value) {
    if constexpr (std::is_same_v<T, bool>) return value;
    else if constexpr (std::is_floating_point_v<T>) { Stored<T> b; memcpy(&b, &value, sizeof b); return b; }
    else return static_cast<std::make_unsigned_t<T>>(value);
}

template <class D, auto f, class... S, size_t... n>
void each(Warp &warp, const Instruction &it, std::index_sequence<n...>) {
    auto result = warp.at<Stored<D>>(it.registers[0]);
    const void *operands[] = {warp.file + it.registers[1 + n]...};
    for (int i = 0; i < LANES; i++) {
        const Stored<D> value = bits<D>(static_cast<D>(f(get<S>(operands[n], i)...)));
        result[i] = warp.takesPart[i] ? value : result[i];
    }
}
template <class D, auto f, class... S> void map(Warp &warp, const Instruction &it) {
    each<D, f, S...>(warp, it, std::index_sequence_for<S...>{});
}

using Table = std::unordered_map<std::string, Action>;
template <class T> using Unsigned = std::make_unsigned_t<T>;
template <class T> struct Twice;
template <> struct Twice<int16_t> { using type = int32_t; };
template <> struct Twice<uint16_t> { using type = uint32_t; };
template <> struct Twice<int32_t> { using type = int64_t; };
template <> struct Twice<uint32_t> { using type = uint64_t; };
template <> struct Twice<int64_t> { using type = __int128; };
template <> struct Twice<uint64_t> { using type = unsigned __int128; };

template <class T> T quotient(T a, T b) {
    if (b == 0) return static_cast<T>(-1);
    if constexpr (std::is_signed_v<T>) if (b == -1) return static_cast<T>(0 - static_cast<Unsigned<T>>(a));
    return a / b;
}
template <class T> T remainder(T a, T b) {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<T>) if (b == -1) return 0;
    return a % b;
}
template <class T> T shiftedLeft(T a, uint32_t b) {
    return b >= 8 * sizeof(T) ? T(0) : static_cast<T>(static_cast<Unsigned<T>>(a) << b);
}
template <class T> T shiftedRight(T a, uint32_t b) {
    if (b >= 8 * sizeof(T)) return std::is_signed_v<T> && a < 0 ? T(-1) : T(0);
    return static_cast<T>(a >> b);
}
template <class T> T field(T a, uint32_t position, uint32_t length) {
    position &= 0xff, length &= 0xff;
    constexpr uint32_t width = 8 * sizeof(T);
    const auto source = static_cast<Unsigned<T>>(a);
    if (length == 0) return 0;
    Unsigned<T> found = position >= width ? 0 : source >> position;
    const uint32_t last = std::min(position + length - 1, width - 1);
    const bool sign = std::is_signed_v<T> && (source >> last & 1);
    if (length < width) {
        const Unsigned<T> mask = (Unsigned<T>(1) << length) - 1;
        found &= mask;
        if (sign && last >= position) {
            const uint32_t held = last - position + 1;
            if (held < width) found |= ~((Unsigned<T>(1) << held) - 1);
        }
    }
    return static_cast<T>(found);
}

template <class T> void logic(Table &table, const std::string &type) {
    table["and." + type] = map<T, [](T a, T b) { return a & b; }, T, T>;
    table["or." + type] = map<T, [](T a, T b) { return a | b; }, T, T>;
    table["xor." + type] = map<T, [](T a, T b) { return a ^ b; }, T, T>;
    if constexpr (std::is_same_v<T, bool>) table["not." + type] = map<T, [](T a) { return !a; }, T>;
    else table["not." + type] = map<T, [](T a) { return ~a; }, T>;
    table["mov." + type] = map<T, [](T a) { return a; }, T>;
}

template <class T> void comparisons(Table &table, const std::string &type) {
    table["setp.eq." + type] = map<bool, [](T a, T b) { return a == b; }, T, T>;
    table["setp.ne." + type] = map<bool, [](T a, T b) { return a < b || a > b; }, T, T>;
    table["setp.lt." + type] = map<bool, [](T a, T b) { return a < b; }, T, T>;
    table["setp.le." + type] = map<bool, [](T a, T b) { return a <= b; }, T, T>;
    table["setp.gt." + type] = map<bool, [](T a, T b) { return a > b; }, T, T>;
    table["setp.ge." + type] = map<bool, [](T a, T b) { return a >= b; }, T, T>;
}

template <class T> void selection(Table &table, const std::string &type) {
    table["selp." + type] = map<T, [](T a, T b, bool c) { return c ? a : b; }, T, T, bool>;
    table["mov." + type] = map<T, [](T a) { return a; }, T>;
}

template <class T> void whole(Table &table, const std::string &type) {
    using U = Unsigned<T>;
    using W = typename Twice<T>::type;
    table["add." + type] = map<T, [](T a, T b) { return U(a) + U(b); }, T, T>;
    table["sub." + type] = map<T, [](T a, T b) { return U(a) - U(b); }, T, T>;
    table["mul.lo." + type] = map<T, [](T a, T b) { return static_cast<T>(W(a) * W(b)); }, T, T>;
    table["mul.hi." + type] = map<T, [](T a, T b) { return static_cast<T>(W(a) * W(b) >> 8 * sizeof(T)); }, T, T>;
    table["mad.lo." + type] = map<T, [](T a, T b, T c) { return U(U(W(a) * W(b)) + U(c)); }, T, T, T>;
    if constexpr (sizeof(T) < 8) {
        table["mul.wide." + type] = map<W, [](T a, T b) { return W(a) * W(b); }, T, T>;
        table["mad.wide." + type] = map<W, [](T a, T b, W c) { return W(a) * W(b) + c; }, T, T, W>;
    }
    table["div." + type] = map<T, [](T a, T b) { return quotient<T>(a, b); }, T, T>;
    table["rem." + type] = map<T, [](T a, T b) { return remainder<T>(a, b); }, T, T>;
    table["min." + type] = map<T, [](T a, T b) { return a < b ? a : b; }, T, T>;
    table["max." + type] = map<T, [](T a, T b) { return a > b ? a : b; }, T, T>;
    table["neg." + type] = map<T, [](T a) { return U(0) - U(a); }, T>;
    table["abs." + type] = map<T, [](T a) { return a < 0 ? U(0) - U(a) : U(a); }, T>;
    table["shr." + type] = map<T, [](T a, uint32_t b) { return shiftedRight<T>(a, b); }, T, uint32_t>;
    table["bfe." + type] = map<T, [](T a, uint32_t b, uint32_t c) { return field<T>(a, b, c); }, T, uint32_t, uint32_t>;
    comparisons<T>(table, type);
    selection<T>(table, type);
}

template <class T> void raw(Table &table, const std::string &type) {
    logic<T>(table, type);
    selection<T>(table, type);
    table["setp.eq." + type] = map<bool, [](T a, T b) { return a == b; }, T, T>;
    table["setp.ne." + type] = map<bool, [](T a, T b) { return a != b; }, T, T>;
    table["shl." + type] = map<T, [](T a, uint32_t b) { return shiftedLeft<T>(a, b); }, T, uint32_t>;
    table["shr." + type] = map<T, [](T a, uint32_t b) { return shiftedRight<T>(a, b); }, T, uint32_t>;
}

template <class D, class S> D toWhole(S value) {
    // Of a float: what is not a number is zero, and what is too large the largest.
    if (std::isnan(value)) return 0;
    const double wide = value, low = static_cast<double>(std::numeric_limits<D>::min()),
                 high = static_cast<double>(std::numeric_limits<D>::max());
    return wide <= low ? std::numeric_limits<D>::min() : wide >= high ? std::numeric_limits<D>::max() : D(wide);
}

template <class D, class S> void conversion(Table &table, const std::string &d, const std::string &s) {
    table["cvt." + d + "." + s] = map<D, [](S a) { return static_cast<D>(a); }, S>;
}
template <class D> void conversions(Table &table, const std::string &d) {
    conversion<D, int8_t>(table, d, "s8"), conversion<D, uint8_t>(table, d, "u8");
    conversion<D, int16_t>(table, d, "s16"), conversion<D, uint16_t>(table, d, "u16");
    conversion<D, int32_t>(table, d, "s32"), conversion<D, uint32_t>(table, d, "u32");
    conversion<D, int64_t>(table, d, "s64"), conversion<D, uint64_t>(table, d, "u64");
    table["cvt.rzi." + d + ".f32"] = map<D, [](float a) { return toWhole<D>(std::trunc(a)); }, float>;
    table["cvt.rni." + d + ".f32"] = map<D, [](float a) { return toWhole<D>(std::nearbyint(a)); }, float>;
    table["cvt.rmi." + d + ".f32"] = map<D, [](float a) { return toWhole<D>(std::floor(a)); }, float>;
    table["cvt.rn.f32." + d] = map<float, [](D a) { return static_cast<float>(a); }, D>;
}

uint32_t tf32(float value, bool tiesToEven) {
    if (std::isnan(value)) return 0x7fffffff;
    const uint32_t number = bits(value);
    return (number + (tiesToEven ? 0xfff + (number >> 13 & 1) : 0x1000)) & 0xffffe000;
}
uint32_t bf16(float value) {
    const uint32_t number = bits(value);
    return std::isnan(value) ? 0x7fff : (number + 0x7fff + (number >> 16 & 1)) >> 16;
}

void floating(Table &table) {
    using F = float;
    table["add.rn.f32"] = map<F, [](F a, F b) { return a + b; }, F, F>;
    table["sub.rn.f32"] = map<F, [](F a, F b) { return a - b; }, F, F>;
    table["mul.rn.f32"] = map<F, [](F a, F b) { return a * b; }, F, F>;
    table["div.rn.f32"] = map<F, [](F a, F b) { return a / b; }, F, F>;
    table["rcp.rn.f32"] = map<F, [](F a) { return 1 / a; }, F>;
    table["sqrt.rn.f32"] = map<F, [](F a) { return std::sqrt(a); }, F>;
    table["fma.rn.f32"] = map<F, [](F a, F b, F c) { return std::fma(a, b, c); }, F, F, F>;
    table["neg.f32"] = map<uint32_t, [](uint32_t a) { return a ^ 0x80000000; }, uint32_t>;
    table["abs.f32"] = map<uint32_t, [](uint32_t a) { return a & 0x7fffffff; }, uint32_t>;
    table["min.f32"] = map<F, [](F a, F b) { return std::fmin(a, b); }, F, F>;
    table["max.f32"] = map<F, [](F a, F b) { return std::fmax(a, b); }, F, F>;
    table["min.NaN.f32"] = map<F, [](F a, F b) { return a != a || b != b ? NAN : std::fmin(a, b); }, F, F>;
    table["max.NaN.f32"] = map<F, [](F a, F b) { return a != a || b != b ? NAN : std::fmax(a, b); }, F, F>;
    table["cvt.rni.f32.f32"] = map<F, [](F a) { return std::nearbyint(a); }, F>;
    table["cvt.rzi.f32.f32"] = map<F, [](F a) { return std::trunc(a); }, F>;
    table["cvt.rmi.f32.f32"] = map<F, [](F a) { return std::floor(a); }, F>;
    table["cvt.rpi.f32.f32"] = map<F, [](F a) { return std::ceil(a); }, F>;
    comparisons<F>(table, "f32");
    selection<F>(table, "f32");
    table["setp.ltu.f32"] = map<bool, [](F a, F b) { return !(a >= b); }, F, F>;
    table["setp.leu.f32"] = map<bool, [](F a, F b) { return !(a > b); }, F, F>;
    table["setp.gtu.f32"] = map<bool, [](F a, F b) { return !(a <= b); }, F, F>;
    table["setp.geu.f32"] = map<bool, [](F a, F b) { return !(a < b); }, F, F>;
    table["setp.equ.f32"] = map<bool, [](F a, F b) { return !(a < b || a > b); }, F, F>;
    table["setp.neu.f32"] = map<bool, [](F a, F b) { return !(a == b); }, F, F>;
    table["setp.num.f32"] = map<bool, [](F a, F b) { return a == a && b == b; }, F, F>;
    table["setp.nan.f32"] = map<bool, [](F a, F b) { return a != a || b != b; }, F, F>;
    table["cvt.rn.tf32.f32"] = map<uint32_t, [](F a) { return tf32(a, true); }, F>;
    table["cvt.rna.tf32.f32"] = map<uint32_t, [](F a) { return tf32(a, false); }, F>;
    table["cvt.rn.bf16x2.f32"] = map<uint32_t, [](F a, F b) { return bf16(a) << 16 | bf16(b); }, F, F>;
}

Table all() {
    Table table;
    whole<int16_t>(table, "s16"), whole<uint16_t>(table, "u16");
    whole<int32_t>(table, "s32"), whole<uint32_t>(table, "u32");
    whole<int64_t>(table, "s64"), whole<uint64_t>(table, "u64");
    logic<bool>(table, "pred");
    table["clz.b32"] = map<uint32_t, [](uint32_t a) { return std::countl_zero(a); }, uint32_t>;
    table["popc.b32"] = map<uint32_t, [](uint32_t a) { return std::popcount(a); }, uint32_t>;
    raw<uint16_t>(table, "b16"), raw<uint32_t>(table, "b32"), raw<uint64_t>(table, "b64");
    conversions<int8_t>(table, "s8"), conversions<uint8_t>(table, "u8");
    conversions<int16_t>(table, "s16"), conversions<uint16_t>(table, "u16");
    conversions<int32_t>(table, "s32"), conversions<uint32_t>(table, "u32");
    conversions<int64_t>(table, "s64"), conversions<uint64_t>(table, "u64");
    floating(table);
    return table;
}
} // namespace

Action arithmetic(const std::string &name) {
    static const Table table = all();
    const auto found = table.find(name);
    return found == table.end() ? nullptr : found->second;
}
