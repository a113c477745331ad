/* measure.h - what the benchmarks share: the clock, the times of a call, the line of bench/README.md. */
#ifndef COSTATE_BENCH_MEASURE_H
#define COSTATE_BENCH_MEASURE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <costate/costate.h>

static inline void must(ad_status status)
{
    if (!status) return;
    fprintf(stderr, "%s: %s\n", ad_status_name(status), ad_message());
    exit(1);
}

static inline double clock_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static inline double now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Times of single calls in ms: their median, the least, and what nine in ten do not exceed. */
typedef struct times_taken {
    double median, least, p90;
} times_taken;

enum { MOST_CALLS = 20000, LEAST_CALLS = 7 };

/* Some calls that do not count (0.1 s of them, two at least), then single ones for a second. */
static inline times_taken measure(void (*call)(void *), void *ctx)
{
    static double taken[MOST_CALLS];
    double        end = now_ms() + 100;
    int           n   = 0;
    for (int i = 0; i < 2 || now_ms() < end; i++) call(ctx);
    end = now_ms() + 1000;
    while (n < MOST_CALLS && (n < LEAST_CALLS || now_ms() < end)) {
        double start = now_ms();
        call(ctx);
        taken[n++] = now_ms() - start;
    }
    qsort(taken, (size_t)n, sizeof *taken, ascending);
    return (times_taken){ taken[n / 2], taken[0], taken[9 * n / 10] };
}

/* What a line says beside the times; what is 0 or NULL is left out. */
typedef struct line {
    const char        *work;
    const times_taken *times;
    const nde_stats   *stats;
    double             error, value, first, norm;
    long               samples; /* per sample: steps and nfe are those of all, told as their mean */
    const char        *peer;    /* costate                                                        */
    const char        *note;
} line;

/* The most that this process has held in memory. (getrusage() would count what it was forked from.) */
static inline double peak_mib(void)
{
    char  text[128];
    long  kib = 0;
    FILE *f   = fopen("/proc/self/status", "r");
    while (f && fgets(text, sizeof text, f) && sscanf(text, "VmHWM: %ld", &kib) != 1) continue;
    if (f) fclose(f);
    return (double)kib / 1024;
}

static inline void print_line(const line *l)
{
    printf("{\"work\": \"%s\", \"peer\": \"%s\"", l->work, l->peer ? l->peer : "costate");
    if (l->times)
        printf(", \"ms\": %.5g, \"min\": %.5g, \"p90\": %.5g", l->times->median, l->times->least,
               l->times->p90);
    long m = l->samples ? l->samples : 1;
    if (l->stats)
        printf(", \"steps\": %ld, \"rejected\": %ld, \"nfe\": %ld", l->stats->accepted / m,
               l->stats->rejected / m, l->stats->nfe / m);
    if (l->note || l->samples)
        printf(", \"note\": \"%s\"", l->note ? l->note : "steps: mean of the samples");
    if (l->error != 0) printf(", \"error\": %.5g", l->error);
    if (l->value != 0) printf(", \"value\": %.9g", l->value);
    if (l->norm != 0) printf(", \"norm\": %.5g", l->norm);
    if (l->first != 0) printf(", \"first\": %.5g", l->first);
    if (peak_mib() > 0) printf(", \"peak_mib\": %.4g", peak_mib());
    puts("}");
    fflush(stdout);
}

/* |y - exact| / |exact|, 2-norms of n numbers */
static inline double relative_error(long n, const double *y, const double *exact)
{
    double off = 0, size = 0;
    for (long i = 0; i < n; i++) {
        off += (y[i] - exact[i]) * (y[i] - exact[i]);
        size += exact[i] * exact[i];
    }
    return sqrt(off / size);
}

static inline double square_sum(long n, const float *x)
{
    double sum = 0;
    for (long i = 0; i < n; i++) sum += (double)x[i] * x[i];
    return sum;
}

/* n numbers from from to to; the last is exactly to */
static inline void spaced(int n, double from, double to, double *t)
{
    for (int i = 0; i < n; i++) t[i] = from + (to - from) * i / (n - 1);
    t[n - 1] = to;
}

/* count numbers of size bytes each of FOLDER/name; without the file the program says so in a line and ends. */
static inline void read_input(int argc, char **argv, const char *work, const char *name, void *to,
                              size_t size, size_t count)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", argc > 1 ? argv[1] : "build/bench", name);
    FILE *f = fopen(path, "rb");
    if (f && fread(to, size, count, f) == count) {
        fclose(f);
        return;
    }
    printf("{\"work\": \"%s\", \"peer\": \"costate\", \"note\": \"skipped: %s is not there; "
           "bench/spiral_data.py writes it\"}\n",
           work, path);
    exit(0);
}

/* 2-50-2 as torchdiffeq's demo has it: f(y) = tanh(y^3 W1' + b1) W2' + b2. */
enum { HIDDEN = 50, WEIGHTS = 50 * 3 + 2 * 51 };

static inline ad_var spiral_field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var h = ad_tanh(ad_dense(ad_powi(at->y, 3), at->theta, "hidden", HIDDEN));
    return ad_dense(h, at->theta, "out", 2);
}

/* theta from W1 and W2 as spiral.bin has them, biases zero */
static inline void spiral_weights(const ad_params *layout, const float *w1, const float *w2,
                                  float *theta)
{
    memset(theta, 0, sizeof *theta * WEIGHTS);
    int hidden = ad_params_find(layout, "hidden.weight"),
        out    = ad_params_find(layout, "out.weight");
    memcpy(theta + ad_params_view(layout, hidden)->offset, w1, sizeof *w1 * 2 * HIDDEN);
    memcpy(theta + ad_params_view(layout, out)->offset, w2, sizeof *w2 * 2 * HIDDEN);
}

/* theta from the views' values one behind the other, in the order of the names */
static inline void load_views(const ad_params *layout, int n, const char *const name[],
                              const float *values, float *theta)
{
    for (int i = 0; i < n; i++) {
        const ad_param_view *v = ad_params_view(layout, ad_params_find(layout, name[i]));
        long                 m = ad_elements(v->shape);
        memcpy(theta + v->offset, values, sizeof *values * (size_t)m);
        values += m;
    }
}

#endif
