/* How fast this machine multiplies and adds, in single precision, and moves memory: both by several threads. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define LANES 16
#define CHAINS 12 /* products that do not wait for each other: latency times width of the units */

#define TURNS 4000000L
#define TRIALS 15

typedef float Lanes __attribute__((vector_size(4 * LANES)));

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

typedef struct {
    long count, turns;
    float *memory, found;
} Work;

static void *multiply(void *given) {
    Work *work = given;
    Lanes sum[CHAINS], factor, term;
    for (int k = 0; k < LANES; k++) factor[k] = 0.999f, term[k] = 0.001f;
    for (int c = 0; c < CHAINS; c++)
        for (int k = 0; k < LANES; k++) sum[c][k] = c + k;
    for (long i = 0; i < work->turns; i++)
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++) sum[c] = sum[c] * factor + term;
    for (int c = 0; c < CHAINS; c++)
        for (int k = 0; k < LANES; k++) work->found += sum[c][k];
    return 0;
}

static void *move(void *given) {
    Work *work = given;
    for (long turn = 0; turn < work->turns; turn++) {
        for (long i = 0; i < work->count; i++) work->memory[i] = work->memory[i] * 0.999f + 0.001f;
        __asm__ volatile("" ::: "memory");
    }
    return 0;
}

static double together(void *(*what)(void *), Work *work, int threads) {
    pthread_t others[threads];
    double begin = now();
    for (int t = 1; t < threads; t++) pthread_create(&others[t], 0, what, &work[t]);
    what(&work[0]);
    for (int t = 1; t < threads; t++) pthread_join(others[t], 0);
    return now() - begin;
}

/* Floating-point operations in a second: a product and a sum are two. */
double peak(int threads) {
    Work work[threads];
    double best = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        for (int t = 0; t < threads; t++) work[t] = (Work){0, TURNS, 0, 0};
        double seconds = together(multiply, work, threads);
        double rate = 2.0 * LANES * CHAINS * (double)TURNS * threads / seconds;
        if (rate > best) best = rate;
    }
    return best;
}

/* Bytes in a second, read and written in place, in memory of so many bytes in all. */
double bandwidth(int threads, long bytes) {
    Work work[threads];
    double best = 0;
    long count = bytes / (long)sizeof(float) / threads, turns = 1 + 50000000 / (bytes + 1);
    for (int t = 0; t < threads; t++) {
        work[t].memory = aligned_alloc(64, (count * sizeof(float) + 127) / 64 * 64);
        for (long i = 0; i < count; i++) work[t].memory[i] = 1;
        work[t].count = count, work[t].turns = turns;
    }
    for (int trial = 0; trial < TRIALS; trial++) {
        double seconds = together(move, work, threads);
        double rate = 2.0 * count * sizeof(float) * threads * turns / seconds;
        if (rate > best) best = rate;
    }
    for (int t = 0; t < threads; t++) free(work[t].memory);
    return best;
}
