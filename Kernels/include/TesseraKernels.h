#pragma once
/// The text of an embedded OpenCL C source by its file name without `.cl`, NUL-terminated, or NULL.
const char *tessera_kernel_source(const char *name);
