/* test_lincomb.c - the kernels of linear combinations and of casts. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "autodiff/kernels/strip.h"

enum { N = 77, ROOM = 160, TERMS = 20 };

typedef struct terms {
    double      c[TERMS];
    float      *x32[TERMS];
    double     *x64[TERMS];
    const void *p32[TERMS], *p64[TERMS];
} terms;

static terms terms_new(void)
{
    terms t;
    for (int j = 0; j < TERMS; j++) {
        t.c[j]   = cos(3.0 * j) * 2;
        t.p32[j] = t.x32[j] = ad_alloc(ROOM * sizeof(float));
        t.p64[j] = t.x64[j] = ad_alloc(ROOM * sizeof(double));
        for (int i = 0; i < ROOM; i++) t.x32[j][i] = (float)(t.x64[j][i] = sin(i + 7.0 * j));
    }
    return t;
}

static void terms_free(terms *t)
{
    for (int j = 0; j < TERMS; j++) ad_free(t->x32[j]), ad_free(t->x64[j]);
}

static float chain32(const terms *t, int m, int i)
{
    float y = (float)t->c[0] * t->x32[0][i];
    for (int j = 1; j < m; j++) y = fmaf((float)t->c[j], t->x32[j][i], y);
    return y;
}

static double chain64(const terms *t, int m, int i)
{
    double y = t->c[0] * t->x64[0][i];
    for (int j = 1; j < m; j++) y = fma(t->c[j], t->x64[j][i], y);
    return y;
}

/* Bit for bit the chain of the definition, for every number of terms and every length. */
Test(lincomb, is_the_chain)
{
    static const long lengths[] = { 1, 5, 16, 33, 64, N };
    terms             t         = terms_new();
    float            *d32       = ad_alloc(ROOM * sizeof *d32);
    double           *d64       = ad_alloc(ROOM * sizeof *d64);
    for (int m = 1; m <= TERMS; m++)
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            ad_lincomb_kernel(AD_F32)(d32, m, t.c, t.p32, lengths[l]);
            ad_lincomb_kernel(AD_F64)(d64, m, t.c, t.p64, lengths[l]);
            for (int i = 0; i < lengths[l]; i++) {
                cr_expect_eq(d32[i], chain32(&t, m, i), "%d terms, element %d", m, i);
                cr_expect_eq(d64[i], chain64(&t, m, i), "%d terms, element %d", m, i);
            }
        }
    ad_free(d32);
    ad_free(d64);
    terms_free(&t);
}

Test(lincomb, in_place_of_any_term)
{
    for (int m = 1; m <= TERMS; m++)
        for (int j = 0; j < m; j++) {
            terms t = terms_new();
            float want[N];
            for (int i = 0; i < N; i++) want[i] = chain32(&t, m, i);
            ad_lincomb_kernel(AD_F32)(t.x32[j], m, t.c, t.p32, N);
            cr_expect_arr_eq(t.x32[j], want, sizeof want, "%d terms, in place of %d", m, j);
            terms_free(&t);
        }
}

Test(cast, both_ways)
{
    double *a = ad_alloc(ROOM * sizeof *a), *b = ad_alloc(ROOM * sizeof *b);
    float  *f = ad_alloc(ROOM * sizeof *f);
    for (int i = 0; i < N; i++)
        a[i] = ldexp(sin(i), i * 4 - 160); /* denormal and infinite floats among them */
    a[3] = NAN;
    ad_cast_kernel(AD_F64, AD_F32)(f, a, N);
    ad_cast_kernel(AD_F32, AD_F64)(b, f, N);
    for (int i = 0; i < N; i++) {
        if (i == 3)
            cr_expect(isnan(f[i]) && isnan(b[i]));
        else
            cr_expect(f[i] == (float)a[i] && b[i] == (double)f[i], "element %d", i);
    }
    ad_cast_kernel(AD_F64, AD_F32)(a, a, N); /* narrowing in place */
    cr_expect_arr_eq(a, f, N * sizeof *f);
    ad_free(a);
    ad_free(b);
    ad_free(f);
}
