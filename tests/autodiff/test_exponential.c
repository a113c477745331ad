/* test_exponential.c - the own kernels exp, expm1, tanh, sigmoid, softplus, silu, elu: errors in ulp, and the ends of
   the range.

   float32 is swept over its bit patterns against libm in double (error below 1e-8 ulp of float32): every 4001st, or all
   of them with COSTATE_EXHAUSTIVE=1. float64 is sampled against libm in long double. COSTATE_BENCH=1 prints clock
   ticks a thousand elements beside SLEEF's. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <sleef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/op.h>

#include "autodiff/kernels/vmath.h"

enum { BLOCK = 4096 };

static long double sigmoidl(long double x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}
static long double softplusl(long double x)
{
    return (x > 0 ? x : 0) + log1pl(expl(-fabsl(x)));
}
static long double silul(long double x)
{
    return x * sigmoidl(x);
}
static long double elul(long double x)
{
    return x > 0 ? x : expm1l(x);
}
static double sigmoidd(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}
static double softplusd(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}
static double silud(double x)
{
    return x * sigmoidd(x);
}
static double elud(double x)
{
    return x > 0 ? x : expm1(x);
}

/* Bounds of the error. Measured, over all floats:    1.031, 1.517, 2.566, 2.402, 2.886, 3.193, 1.000;
                        over 41 million doubles:      1.014, 1.944, 2.563, 2.443, 2.808, 3.354, 1.157. */
static const struct own {
    ad_opcode op;
    double (*in_double)(double);
    long double (*in_long)(long double);
    double ulp32, ulp64;
} own[] = {
    { AD_OP_exp, exp, expl, 1.1, 1.1 },
    { AD_OP_expm1, expm1, expm1l, 1.6, 2.2 },
    { AD_OP_tanh, tanh, tanhl, 2.7, 2.7 },
    { AD_OP_sigmoid, sigmoidd, sigmoidl, 2.6, 2.6 },
    { AD_OP_softplus, softplusd, softplusl, 3, 3 },
    { AD_OP_silu, silud, silul, 3.6, 3.6 },
    { AD_OP_elu, elud, elul, 1.6, 2.2 },
};
enum { OWN = sizeof own / sizeof *own };

static void apply(ad_opcode op, ad_type type, void *d, const void *x, long n)
{
    ad_op_row(op)->strip[type - 1][0](&(ad_strip_args){ .d = d, .x = { x }, .n = n });
}

static double error32(float got, double want)
{
    int e;
    if (got == (float)want || (isnan(got) && isnan(want))) return 0;
    if (isinf(got) || isinf(want)) return fabs(want) > 0.9999999 * FLT_MAX ? 0.5 : INFINITY;
    frexp(want, &e);
    return fabs(ldexp((double)got - want, FLT_MANT_DIG - (e < FLT_MIN_EXP ? FLT_MIN_EXP : e)));
}

static double error64(double got, long double want)
{
    int e;
    if (got == (double)want) return 0;
    frexpl(want, &e);
    return (double)fabsl(ldexpl(got - want, DBL_MANT_DIG - (e < DBL_MIN_EXP ? DBL_MIN_EXP : e)));
}

/* silu multiplies a logistic that is denormal below these: it keeps no relative accuracy there. */
static int beyond(ad_opcode op, ad_type type, double x)
{
    return op == AD_OP_silu && x < (type == AD_F32 ? -87 : -708);
}

/* The largest error over the bit patterns from, from + step, ... below to. */
static double sweep32(const struct own *f, uint64_t from, uint64_t to, uint64_t step, float *at)
{
    float *x = ad_alloc(BLOCK * sizeof *x), *y = ad_alloc(BLOCK * sizeof *y);
    double worst = 0;
    while (from < to) {
        int n = 0;
        for (; n < BLOCK && from < to; from += step, n++) {
            uint32_t bits = (uint32_t)from;
            memcpy(&x[n], &bits, sizeof bits);
        }
        apply(f->op, AD_F32, y, x, n);
        for (int i = 0; i < n; i++) {
            if (beyond(f->op, AD_F32, (double)x[i])) continue;
            double e = error32(y[i], f->in_double((double)x[i]));
            if (!(e <= worst)) worst = e, *at = x[i];
        }
    }
    ad_free(x);
    ad_free(y);
    return worst;
}

Test(exponential, float32_sweep, .timeout = 3600)
{
    uint64_t step = getenv("COSTATE_EXHAUSTIVE") ? 1 : 4001;
    for (int i = 0; i < OWN; i++) {
        float  at = 0;
        double e  = sweep32(&own[i], 0, (uint64_t)1 << 32, step, &at);
        if (step == 1 || getenv("COSTATE_BENCH"))
            printf("%s, float32: %.3f ulp at %.9g\n", ad_op_row(own[i].op)->name, e, (double)at);
        cr_expect_leq(e, own[i].ulp32, "%s: %g ulp at %.9g", ad_op_row(own[i].op)->name, e,
                      (double)at);
    }
}

/* Doubles of every exponent from 2^-1074 to 2^10, and uniform ones in [-40, 40]. */
static void fill64(double *x, int n)
{
    for (int i = 0; i < n; i++) {
        double u = (rand() + rand() / (double)RAND_MAX) / RAND_MAX;
        x[i]     = i % 3 ? 80 * (u - 0.5) : ldexp(u, rand() % 1084 - 1074) * (rand() % 2 ? 1 : -1);
    }
}

Test(exponential, float64_samples)
{
    double *x = ad_alloc(BLOCK * sizeof *x), *y = ad_alloc(BLOCK * sizeof *y);
    int     blocks = getenv("COSTATE_EXHAUSTIVE") ? 10000 : 20;
    for (int f = 0; f < OWN; f++) {
        double worst = 0, at = 0;
        srand(3);
        for (int b = 0; b < blocks; b++) {
            fill64(x, BLOCK);
            apply(own[f].op, AD_F64, y, x, BLOCK);
            for (int i = 0; i < BLOCK; i++) {
                long double want = own[f].in_long(x[i]);
                if (fabsl(want) > DBL_MAX || beyond(own[f].op, AD_F64, x[i])) continue;
                double e = error64(y[i], want);
                if (!(e <= worst)) worst = e, at = x[i];
            }
        }
        if (blocks > 20 || getenv("COSTATE_BENCH"))
            printf("%s, float64: %.3f ulp at %.17g\n", ad_op_row(own[f].op)->name, worst, at);
        cr_expect_leq(worst, own[f].ulp64, "%s: %g ulp at %.17g", ad_op_row(own[f].op)->name, worst,
                      at);
    }
    ad_free(x);
    ad_free(y);
}

static double at64(ad_opcode op, double x)
{
    double block[L64] = { x }, y[L64];
    apply(op, AD_F64, y, block, 1);
    return y[0];
}

static double at32(ad_opcode op, double x)
{
    float block[L32] = { (float)x }, y[L32];
    apply(op, AD_F32, y, block, 1);
    return (double)y[0];
}

Test(exponential, ends)
{
    static const struct {
        ad_opcode op;
        double    x, y;
    } known[] = {
        { AD_OP_exp, INFINITY, INFINITY },
        { AD_OP_exp, -INFINITY, 0 },
        { AD_OP_exp, 0, 1 },
        { AD_OP_exp, 1e5, INFINITY },
        { AD_OP_expm1, INFINITY, INFINITY },
        { AD_OP_expm1, -INFINITY, -1 },
        { AD_OP_tanh, INFINITY, 1 },
        { AD_OP_tanh, -INFINITY, -1 },
        { AD_OP_sigmoid, INFINITY, 1 },
        { AD_OP_sigmoid, -INFINITY, 0 },
        { AD_OP_sigmoid, 0, 0.5 },
        { AD_OP_softplus, -INFINITY, 0 },
        { AD_OP_elu, -INFINITY, -1 },
        { AD_OP_softplus, INFINITY, INFINITY },
        { AD_OP_elu, INFINITY, INFINITY },
        { AD_OP_silu, INFINITY, INFINITY },
        { AD_OP_log, 0, -INFINITY },
        { AD_OP_sqrt, INFINITY, INFINITY },
        { AD_OP_rsqrt, INFINITY, 0 },
        { AD_OP_rsqrt, 0, INFINITY },
        { AD_OP_relu, -INFINITY, 0 },
        { AD_OP_relu, 1e-42, 1e-42 },
        { AD_OP_floor, -INFINITY, -INFINITY },
        { AD_OP_sign, -INFINITY, -1 },
        { AD_OP_sign, 1e-42, 1 },
        { AD_OP_abs, -1e-42, 1e-42 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *name = ad_op_row(known[i].op)->name;
        cr_expect_eq(at64(known[i].op, known[i].x), known[i].y, "%s(%g), float64", name,
                     known[i].x);
        cr_expect_eq(at32(known[i].op, known[i].x), (double)(float)known[i].y, "%s(%g), float32",
                     name, known[i].x);
    }
    cr_expect(signbit(at64(AD_OP_tanh, -0.0)) && signbit(at32(AD_OP_tanh, -0.0)));
    cr_expect(isnan(at64(AD_OP_log, -1)) && isnan(at32(AD_OP_sqrt, -1)));
    cr_expect_eq(at32(AD_OP_exp, -100), (double)expf(-100.0f), "a denormal result");
}

/* tanh is odd to the bit. */
Test(exponential, tanh_is_odd)
{
    for (double x = 1e-3; x < 20; x *= 1.01) {
        cr_expect_eq(at64(AD_OP_tanh, -x), -at64(AD_OP_tanh, x));
        cr_expect_eq(at32(AD_OP_tanh, -x), -at32(AD_OP_tanh, x));
    }
}

#if defined(__x86_64__)
#define SLEEF_LOOP(name, bits, call)                                                           \
    static void name(const ad_strip_args *s)                                                   \
    {                                                                                          \
        for (long i = 0; i < s->n; i += L##bits)                                               \
            *(v##bits##u *)((real##bits *)s->d +                                               \
                            i) = call(*(const v##bits##u *)((const real##bits *)s->x[0] + i)); \
    }
SLEEF_LOOP(sleef_tanh_32, 32, V32_SLEEF(tanh, u35))
SLEEF_LOOP(sleef_tanh_64, 64, V64_SLEEF(tanh, u35))
SLEEF_LOOP(sleef_exp_32, 32, V32_SLEEF(exp, u10))
SLEEF_LOOP(sleef_exp_64, 64, V64_SLEEF(exp, u10))
SLEEF_LOOP(sleef_expm1_32, 32, V32_SLEEF(expm1, u10))
SLEEF_LOOP(sleef_expm1_64, 64, V64_SLEEF(expm1, u10))

static double ticks(ad_strip_fn *f, ad_type type)
{
    enum { COUNT = 1000, TURNS = 50 };
    void  *x = ad_alloc(COUNT * 8), *d = ad_alloc(COUNT * 8);
    double best = INFINITY;
    for (int i = 0; i < COUNT; i++) {
        if (type == AD_F32)
            ((float *)x)[i] = (float)i / 250 - 2;
        else
            ((double *)x)[i] = i / 250.0 - 2;
    }
    for (int r = 0; r < 200; r++) {
        unsigned long long t = __builtin_ia32_rdtsc();
        for (int k = 0; k < TURNS; k++) f(&(ad_strip_args){ .d = d, .x = { x }, .n = COUNT });
        double c = (double)(__builtin_ia32_rdtsc() - t) / TURNS;
        if (c < best) best = c;
    }
    ad_free(x);
    ad_free(d);
    return best;
}

Test(exponential, bench)
{
    if (!getenv("COSTATE_BENCH")) return;
    printf("clock ticks a thousand elements, float32 and float64\n");
    for (int i = 0; i < OWN; i++)
        printf("%-12s %6.0f %6.0f\n", ad_op_row(own[i].op)->name,
               ticks(ad_op_row(own[i].op)->strip[0][0], AD_F32),
               ticks(ad_op_row(own[i].op)->strip[1][0], AD_F64));
    printf("SLEEF tanh   %6.0f %6.0f\n", ticks(sleef_tanh_32, AD_F32),
           ticks(sleef_tanh_64, AD_F64));
    printf("SLEEF exp    %6.0f %6.0f\n", ticks(sleef_exp_32, AD_F32), ticks(sleef_exp_64, AD_F64));
    printf("SLEEF expm1  %6.0f %6.0f\n", ticks(sleef_expm1_32, AD_F32),
           ticks(sleef_expm1_64, AD_F64));
}
#endif
