// Loads and stores for one vector width, included before prelude.cl under the same macros, and with V(type) the vector
// of a type. For each element type:
//   load(p)             WIDTH neighbours
//   gather(p, stride)   WIDTH elements, `stride` apart
//   partial(p, stride, x, first, last)
//                       the same, with zero in each lane whose index x + lane is outside first ..< last
//   store(p, value), scatter(p, stride, value)
// The pointers need no more than element alignment; load_aligned and store_aligned have that of the vector.

#if WIDTH == 1
#define LOAD(type, p) (*(p))
#define LOAD_ALIGNED(type, p) (*(p))
#define STORE(type, p, value) (*(p) = (value))
#define STORE_ALIGNED(type, p, value) (*(p) = (value))
static I T(u_to_i)(U x) { return as_int(x); }
static U T(i_to_u)(I x) { return as_uint(x); }
#define WIDEN(x) ((int)(x))
#define NARROW(x) ((uchar)(x))
#else
typedef V(float) T(float_e) __attribute__((aligned(4)));
typedef V(int) T(int_e) __attribute__((aligned(4)));
typedef V(uchar) T(uchar_e) __attribute__((aligned(1)));
#define LOAD(type, p) (*(const __global T(type##_e) *)(p))
#define LOAD_ALIGNED(type, p) (*(const __global V(type) *)(p))
#define STORE(type, p, value) (*(__global T(type##_e) *)(p) = (value))
#define STORE_ALIGNED(type, p, value) (*(__global V(type) *)(p) = (value))
static I T(u_to_i)(U x) { return T(as_int)(x); }
static U T(i_to_u)(I x) { return T(as_uint)(x); }
static WIDE T(u_to_wide)(U x) { return AS_WIDE(x); }
static U T(wide_to_u)(WIDE x) { return T(as_uint)(x); }
#define WIDEN(x) T(convert_int)(x)
#define NARROW(x) T(convert_uchar)(x)
#endif

// One element type: its name here, in memory, in a register, and the conversions between the two.
#define MEMORY(name, type, R, FROM, TO)                                                                              \
    static R T(load_##name)(const __global type *p) { return FROM(LOAD(type, p)); }                                  \
    static R T(load_aligned_##name)(const __global type *p) { return FROM(LOAD_ALIGNED(type, p)); }                  \
    static R T(gather_##name)(const __global type *p, long stride) {                                                 \
        V(type) lanes;                                                                                               \
        for (int lane = 0; lane < WIDTH; ++lane) ((type *)&lanes)[lane] = p[lane * stride];                          \
        return FROM(lanes);                                                                                          \
    }                                                                                                                \
    static R T(partial_##name)(const __global type *p, long stride, long x, long first, long last) {                 \
        if (x >= first && x + WIDTH <= last) {                                                                       \
            if (stride == 1) return T(load_##name)(p);                                                               \
            return T(gather_##name)(p, stride);                                                                      \
        }                                                                                                            \
        V(type) lanes = (V(type))(0);                                                                                \
        for (int lane = 0; lane < WIDTH; ++lane) {                                                                   \
            if (x + lane >= first && x + lane < last) ((type *)&lanes)[lane] = p[lane * stride];                     \
        }                                                                                                            \
        return FROM(lanes);                                                                                          \
    }                                                                                                                \
    static void T(store_##name)(__global type *p, R value) { STORE(type, p, TO(value)); }                            \
    static void T(store_aligned_##name)(__global type *p, R value) { STORE_ALIGNED(type, p, TO(value)); }            \
    static void T(scatter_##name)(__global type *p, long stride, R value) {                                          \
        V(type) lanes = TO(value);                                                                                   \
        for (int lane = 0; lane < WIDTH; ++lane) p[lane * stride] = ((type *)&lanes)[lane];                          \
    }

#define SAME(x) (x)
#define FROM_BOOL(x) M(WIDEN(x) != 0)
#define TO_BOOL(x) NARROW((x) & 1)

MEMORY(float, float, F, SAME, SAME)
MEMORY(int, int, I, SAME, SAME)
MEMORY(uint8, uchar, I, WIDEN, NARROW)
MEMORY(bool, uchar, I, FROM_BOOL, TO_BOOL)

#undef LOAD
#undef LOAD_ALIGNED
#undef STORE
#undef STORE_ALIGNED
#undef WIDEN
#undef NARROW
#undef MEMORY
#undef SAME
#undef FROM_BOOL
#undef TO_BOOL
