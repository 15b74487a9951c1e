#define _GNU_SOURCE
#include "MachinePeak.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { most_threads = 256, chains = 12, copy_bytes = 64 << 20 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

#if defined(__x86_64__)
typedef float sixteen __attribute__((vector_size(64)));
typedef float eight __attribute__((vector_size(32)));

// Twelve chains that do not wait for each other, each long enough to hide the latency of one multiply-add.
#define CHAINS(name, vector, features)                                                       \
    __attribute__((target(features), noinline)) static float name(long rounds) {             \
        vector sums[chains], factor = {0}, term = {0};                                       \
        factor += 0.999f;                                                                    \
        term += 0.001f;                                                                      \
        for (int i = 0; i < chains; i++) sums[i] = term * (float)i;                          \
        for (long round = 0; round < rounds; round++) {                                      \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < chains; i++) {            \
                sums[i] = __builtin_elementwise_fma(sums[i], factor, term);                  \
            }                                                                                \
        }                                                                                    \
        float total = 0;                                                                     \
        for (int i = 0; i < chains; i++) total += sums[i][0];                                \
        return total;                                                                        \
    }
CHAINS(chains_of_16, sixteen, "avx512f")
CHAINS(chains_of_8, eight, "avx2,fma")
#endif

typedef struct {
    double seconds;
    double work;
    double taken;
    volatile float sink;
} Job;

static void *multiply(void *argument) {
    Job *job = argument;
    double start = now();
#if defined(__x86_64__)
    int is_wide = __builtin_cpu_supports("avx512f");
    if (is_wide || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) {
        const long rounds = 200000;
        do {
            job->sink += is_wide ? chains_of_16(rounds) : chains_of_8(rounds);
            job->work += 2.0 * (is_wide ? 16 : 8) * chains * (double)rounds;
        } while (now() - start < job->seconds);
    }
#endif
    job->taken = now() - start;
    return NULL;
}

static void *copy(void *argument) {
    Job *job = argument;
    char *from = malloc(copy_bytes), *to = malloc(copy_bytes);
    if (from != NULL && to != NULL) {
        memset(from, 1, copy_bytes);
        memset(to, 2, copy_bytes);
        double start = now();
        do {
            memcpy(to, from, copy_bytes);
            job->sink += to[copy_bytes / 2];
            job->work += 2.0 * copy_bytes;
            job->taken = now() - start;
        } while (job->taken < job->seconds);
    }
    free(from);
    free(to);
    return NULL;
}

static double rate(void *(*body)(void *), int threads, double seconds) {
    if (threads > most_threads) threads = most_threads;
    Job jobs[most_threads];
    pthread_t handles[most_threads];
    int started = 0;
    for (; started < threads; started++) {
        jobs[started] = (Job){.seconds = seconds};
        if (pthread_create(&handles[started], NULL, body, &jobs[started]) != 0) break;
    }
    double sum = 0;
    for (int i = 0; i < started; i++) {
        pthread_join(handles[i], NULL);
        if (jobs[i].taken > 0) sum += jobs[i].work / jobs[i].taken;
    }
    return sum;
}

double machine_peak_flops(int threads, double seconds) { return rate(multiply, threads, seconds); }

double machine_copy_rate(int threads, double seconds) { return rate(copy, threads, seconds); }
