// How the kernels that follow are declared. Those for all devices, and those for CPUs, begin with
//
//   WORK_FUNCTION void NAME(ITEM_PARAMETERS ...)
//
// and have the item's number from ITEM_ID(dimension), and how many there are of the first dimension from ITEM_COUNT.
//
// Where work-groups have many items they are kernels. Where a group has one item (FUNCTIONS) they are functions, which a
// kernel made for the program (DispatchKernel.swift) calls by their number, and gives the item's. PoCL makes three functions
// of a kernel, compiles everything that each of them inlines, and links it; whatever asks for the item's number is inlined.
// A function that is handed it is compiled once.

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
#define WORK_FUNCTION __kernel
#define ITEM_PARAMETERS
#define ITEM_ID(dimension) get_global_id(dimension)
#define ITEM_COUNT get_global_size(0)
#endif
