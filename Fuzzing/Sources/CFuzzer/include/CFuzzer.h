#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer with the arguments of a command line. `callback` gets each input, and returns 0.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
