#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer with the arguments of a command line. `callback` gets each input, and returns 0.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

/// Changes an input of `size` bytes in one of libFuzzer's ways, in its place, where there is room for `most`.
/// Returns the new size.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
