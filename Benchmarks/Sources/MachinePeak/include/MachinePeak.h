#pragma once

/// Float32 operations a second of chains of fused multiply-adds in registers, on so many threads together: the most that
/// any program can reach on the processor. 0 on a processor other than x86 with AVX2 and FMA.
double machine_peak_flops(int threads, double seconds);

/// Bytes a second that `memcpy` reads and writes, on so many threads together, from memory to memory.
double machine_copy_rate(int threads, double seconds);
