// How the kernels that follow are declared: as functions, called by kernels that are made for the program. They begin with
//
//   WORK_FUNCTION void NAME(ITEM_PARAMETERS ...)
//
// and have the item's number from ITEM_ID(dimension), and how many there are of the first dimension from ITEM_COUNT.
//
// Where a work-group has one item (FUNCTIONS), one kernel calls the function whose number it is given, and gives it the
// item's (DispatchKernel.swift). PoCL makes three functions of a kernel, compiles everything that each of them inlines, and
// links it; whatever asks for the item's number is inlined. A function that is handed it is compiled once.
//
// Where groups have many items, each launch has a kernel, which gives some groups to one function and some to another, where
// it is several launches in one (GroupKernel.swift). A function has its group's number from GROUP_ID(dimension), and its
// local memory from group_memory, of as many bytes as the constant says that is defined beside it:
//
//   GROUP_MEMORY(NAME, bytes);

#ifdef FUNCTIONS
#ifdef __clang__
#define WORK_FUNCTION static __attribute__((noinline))
#else
#define WORK_FUNCTION static
#endif
#define ITEM_PARAMETERS const size_t item_0, const size_t item_1, const size_t item_2, const size_t items_0,
#define ITEM_ID(dimension) ((dimension) == 0 ? item_0 : (dimension) == 1 ? item_1 : item_2)
#define ITEM_COUNT items_0
#else
#ifdef __clang__
#define WORK_FUNCTION static inline __attribute__((always_inline))
#else
#define WORK_FUNCTION static inline
#endif
#define ITEM_PARAMETERS \
    const uint group_0, const uint group_1, const uint group_2, const uint groups_0, __local uint4 *const group_memory,
#define GROUP_ID(dimension) ((dimension) == 0 ? group_0 : (dimension) == 1 ? group_1 : group_2)
#define ITEM_ID(dimension) \
    ((dimension) == 0 ? (size_t)group_0 * get_local_size(0) + get_local_id(0) : (size_t)GROUP_ID(dimension))
#define ITEM_COUNT ((size_t)groups_0 * get_local_size(0))
#define GROUP_MEMORY(name, bytes) enum { JOIN(name, memory) = (bytes) }
#endif
