/* product.c - the own product kernels against OpenBLAS, one thread: median cycles of a call with warm caches.

       product [repeats]

   One line a shape: [m, k] x [k, n] + bias by the kernel that ad_pack_choose() picks and by gemm over rows set to the
   bias, then sums over rows [m, p]' [m, q]. Cycles are those of a chain of additions, one a cycle, timed at the start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cblas.h>

#include <costate/autodiff/kernels/product.h>
#include <costate/autodiff/memory.h>

enum { SAMPLES = 31 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The best of many short windows: a longer one is cut by the scheduler on a busy machine. */
static double cycles_per_ns(void)
{
    double best = 0;
    for (int i = 0; i < 400; i++) {
        unsigned long x = 1;
        const long    n = 200000;
        double        t = now();
        for (long j = 0; j < n; j++) __asm__ volatile("add $1, %0" : "+r"(x));
        t = (double)n / (now() - t);
        if (t > best) best = t;
    }
    return best;
}

typedef struct work {
    ad_type        type;
    ad_pack_kind   kind;
    long           m, k, n;
    void          *x, *b, *packed, *bias, *y, *c;
    ad_product_fn *product;
} work;

static void own(const work *w)
{
    w->product(w->m, w->k, w->n, w->x, w->packed, w->bias, w->y);
}

static void blas(const work *w)
{
    size_t row = (size_t)w->n * ad_type_size(w->type);
    for (long i = 0; i < w->m; i++) memcpy((char *)w->y + (size_t)i * row, w->bias, row);
    if (w->type == AD_F32) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, w->m, w->n, w->k, 1, w->x, w->k,
                    w->b, w->n, 1, w->y, w->n);
    } else {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, w->m, w->n, w->k, 1, w->x, w->k,
                    w->b, w->n, 1, w->y, w->n);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static long repeats(void (*f)(const work *), const work *w, double ns)
{
    long n = 1;
    f(w);
    for (double t = now(); now() - t < ns; n++) f(w);
    return n;
}

/* Medians of count functions in turns: a neighbour on the machine or a change of clock meets all of them. */
static void medians(int count, void (*const f[])(const work *), const work *w, double ns,
                    double *median)
{
    double sample[2][SAMPLES];
    long   n[2];
    for (int k = 0; k < count; k++) n[k] = repeats(f[k], w, ns);
    for (int i = 0; i < SAMPLES; i++) {
        for (int k = 0; k < count; k++) {
            double t = now();
            for (long j = 0; j < n[k]; j++) f[k](w);
            sample[k][i] = (now() - t) / (double)n[k];
        }
    }
    for (int k = 0; k < count; k++) {
        qsort(sample[k], SAMPLES, sizeof sample[k][0], by_value);
        median[k] = sample[k][SAMPLES / 2];
    }
}

static void *numbers(ad_type type, long n)
{
    void *p = ad_alloc((size_t)n * ad_type_size(type));
    if (!p) exit(1);
    for (long i = 0; i < n; i++) {
        double x = (double)((i * 7919) % 1009) / 1009 - 0.5;
        if (type == AD_F32)
            ((float *)p)[i] = (float)x;
        else
            ((double *)p)[i] = x;
    }
    return p;
}

static void product_line(ad_type type, long m, long k, long n, double clock, double ns)
{
    work w = { type, ad_pack_choose(type, k, n), m, k, n };
    w.x = numbers(type, m * k), w.b = numbers(type, k * n), w.bias = numbers(type, n),
    w.y       = numbers(type, m * n);
    w.packed  = ad_alloc(ad_pack_bytes(type, w.kind, k, n));
    w.product = ad_product(type, w.kind, k, n);
    ad_pack(type, w.kind, w.b, 0, k, n, w.packed);
    double t[2];
    medians(2, (void (*const[])(const work *)){ own, blas }, &w, ns, t);
    double a = t[0], b = t[1];
    printf("%s %-5s [%4ld,%3ld] x [%3ld,%3ld]  own %9.0f  blas %9.0f cycles  ratio %5.2f  %6.1f "
           "GFLOP/s  %s\n",
           type == AD_F32 ? "f32" : "f64", w.kind == AD_PACK_THIN ? "thin" : "wide", m, k, k, n,
           a * clock, b * clock, b / a, 2. * (double)(m * k * n) / a,
           ad_product_prefers_blas(type, m, k, n) ? "blas" : "own");
    ad_free(w.x), ad_free(w.b), ad_free(w.bias), ad_free(w.y), ad_free(w.packed);
}

static void rowdot(const work *w)
{
    ad_dotrows(w->type, 1, &(ad_segment){ w->x, w->b, w->m }, w->k, w->n, w->c, NULL);
}

static void rowsum(const work *w)
{
    ad_sumrows(w->type, 1, &(ad_segment){ NULL, w->b, w->m }, w->n, w->c);
}

static void rowdot_blas(const work *w)
{
    if (w->type == AD_F32) {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, w->k, w->n, w->m, 1, w->x, w->k, w->b,
                    w->n, 1, w->y, w->n);
    } else {
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, w->k, w->n, w->m, 1, w->x, w->k, w->b,
                    w->n, 1, w->y, w->n);
    }
}

static void rowdot_line(ad_type type, long rows, long p, long q, double clock, double ns)
{
    work   w     = { type, AD_PACK_WIDE, rows, p, q };
    size_t bytes = ad_dotrows_bytes(type, p, q) + ad_sumrows_bytes(type, q);
    w.x = numbers(type, rows * p), w.b = numbers(type, rows * q), w.y = numbers(type, p * q),
    w.c = ad_alloc(bytes);
    double t[2], s;
    medians(2, (void (*const[])(const work *)){ rowdot, rowdot_blas }, &w, ns, t);
    memset(w.c, 0, bytes);
    medians(1, (void (*const[])(const work *)){ rowsum }, &w, ns, &s);
    double a = t[0], b = t[1];
    printf("%s rows %4ld [%3ld]' [%3ld]        own %9.0f  blas %9.0f cycles  ratio %5.2f  rowsum "
           "%7.0f\n",
           type == AD_F32 ? "f32" : "f64", rows, p, q, a * clock, b * clock, b / a, s * clock);
    ad_free(w.x), ad_free(w.b), ad_free(w.y), ad_free(w.c);
}

int main(int argc, char **argv)
{
    static const long product[][3] = {
        { 20, 2, 50 },    { 20, 50, 2 },    { 20, 50, 50 },    { 1, 2, 50 },     { 1, 50, 2 },
        { 1, 50, 50 },    { 256, 2, 2 },    { 20, 3, 16 },     { 20, 16, 3 },    { 32, 8, 64 },
        { 32, 64, 8 },    { 20, 64, 1 },    { 33, 16, 16 },    { 64, 32, 32 },   { 128, 64, 64 },
        { 512, 64, 64 },  { 100, 64, 256 }, { 128, 128, 128 }, { 32, 256, 256 }, { 256, 256, 256 },
        { 64, 784, 100 }, { 16, 512, 512 },
    };
    static const long sums[][3] = { { 120, 2, 50 },  { 120, 50, 2 }, { 120, 50, 50 },
                                    { 120, 2, 2 },   { 120, 4, 4 },  { 120, 8, 8 },
                                    { 768, 64, 64 }, { 192, 64, 1 }, { 600, 128, 128 } };
    double            ns        = argc > 1 ? atof(argv[1]) * 1e3 : 2e5;
    double            clock     = cycles_per_ns();
    printf("%.3f cycles a ns, OpenBLAS core %s\n", clock, openblas_get_corename());
    for (int type = AD_F32; type <= AD_F64; type++) {
        for (size_t i = 0; i < sizeof product / sizeof product[0]; i++) {
            product_line((ad_type)type, product[i][0], product[i][1], product[i][2], clock, ns);
        }
        for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
            rowdot_line((ad_type)type, sums[i][0], sums[i][1], sums[i][2], clock, ns);
        }
    }
    return 0;
}
