/* test_strips.c - every elementwise operation's strip kernels against its scalar reference (double, libm). */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/op.h>

enum { N = 67, ROOM = 128 };

/* The largest error in ulp beyond the rounding of the reference: what SLEEF states (u10, u15, u35), what
   test_exponential.c measures of our own, the sum of the roundings for composites. gelu's argument is rounded, which
   erfc amplifies by 2 z^2 + 1 <= 5 on the domain; powi's error doubles with each squaring. */
static const struct {
    ad_opcode op;
    double    ulp[2];
} bounds[] = {
    { AD_OP_exp, { 1.2, 1.2 } }, { AD_OP_expm1, { 2, 2 } },     { AD_OP_log, { 3.5, 1 } },
    { AD_OP_log1p, { 1, 1 } },   { AD_OP_rsqrt, { 1.5, 1.5 } }, { AD_OP_sin, { 3.5, 1 } },
    { AD_OP_cos, { 3.5, 1 } },   { AD_OP_tan, { 3.5, 1 } },     { AD_OP_asin, { 3.5, 1 } },
    { AD_OP_acos, { 3.5, 1 } },  { AD_OP_atan, { 3.5, 1 } },    { AD_OP_sinh, { 3.5, 1 } },
    { AD_OP_cosh, { 3.5, 1 } },  { AD_OP_tanh, { 2.6, 2.6 } },  { AD_OP_sigmoid, { 3, 3 } },
    { AD_OP_elu, { 2, 2 } },     { AD_OP_silu, { 3.5, 3.5 } },  { AD_OP_gelu, { 5.5, 5.5 } },
    { AD_OP_erf, { 1, 1 } },     { AD_OP_softplus, { 3, 3 } },  { AD_OP_powi, { 2, 2 } },
    { AD_OP_pow, { 1, 1 } },     { AD_OP_atan2, { 3.5, 1 } },
};

static double bound_of(ad_opcode op, ad_type type)
{
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (bounds[i].op == op) return bounds[i].ulp[type - 1] + (type == AD_F64 ? 1 : 0.5);
    return 0.5; /* arithmetic: the rounding itself */
}

static const double coefficient = 1.7;
static const long   exponent    = -3;

static int has_strips(ad_opcode op)
{
    const ad_op *row = ad_op_row(op);
    return (row->flags & AD_ELEMENTWISE) && row->strip[0][0];
}

static double get(const void *p, long i, ad_type type)
{
    return type == AD_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static void set(void *p, long i, double v, ad_type type)
{
    if (type == AD_F32)
        ((float *)p)[i] = (float)v;
    else
        ((double *)p)[i] = v;
}

/* The distance in units of the last place of `want`, whose last place is not below the smallest denormal. */
static double ulps(double got, double want, ad_type type)
{
    if (got == want || (isnan(got) && isnan(want))) return 0;
    int digits = type == AD_F32 ? FLT_MANT_DIG : DBL_MANT_DIG;
    int least  = type == AD_F32 ? FLT_MIN_EXP : DBL_MIN_EXP, e;
    frexp(want, &e);
    return fabs(ldexp(got - want, digits - (e < least ? least : e)));
}

typedef struct strips {
    ad_type type;
    void   *x[3], *d;
} strips;

static strips strips_new(ad_opcode op, ad_type type)
{
    const ad_op *row = ad_op_row(op);
    double       lo = row->lo, hi = row->hi;
    strips       s = { .type = type, .d = ad_alloc(ROOM * 8) };
    if (lo == 0 && hi == 0) lo = -2, hi = 2;
    srand(7 + (unsigned)op);
    for (int j = 0; j < 3; j++) {
        s.x[j] = ad_alloc(ROOM * 8);
        for (int i = 0; i < ROOM; i++) set(s.x[j], i, lo + (hi - lo) * rand() / RAND_MAX, type);
    }
    set(s.x[1], 5, get(s.x[0], 5, type), type); /* a tie */
    return s;
}

static void strips_free(strips *s)
{
    for (int j = 0; j < 3; j++) ad_free(s->x[j]);
    ad_free(s->d);
}

static void apply(ad_opcode op, const strips *s, int mask, void *d, long from, long n)
{
    ad_strip_args a    = { .d = d, .n = n, .k = &coefficient, .attr = &exponent };
    size_t        size = ad_type_size(s->type);
    for (int j = 0; j < 3; j++)
        a.x[j] = (char *)s->x[j] + (mask >> j & 1 ? 0 : (size_t)from * size);
    ad_op_row(op)->strip[s->type - 1][mask](&a);
}

static double reference(ad_opcode op, const strips *s, int mask, long i)
{
    /* the coefficient as the type has it */
    double  k    = s->type == AD_F32 ? (double)(float)coefficient : coefficient, x[3];
    ad_node node = { .op = op, .type = s->type, .nk = 1, .k = &k, .nattr = 1, .attr = &exponent };
    for (int j = 0; j < 3; j++) x[j] = get(s->x[j], mask >> j & 1 ? 0 : i, s->type);
    return ad_op_row(op)->scalar(x, &node);
}

#define EACH_KERNEL(op, type, mask)                                           \
    for (ad_opcode op = 0; op < AD_OPS; op++)                                 \
        for (ad_type type = AD_F32; type <= AD_F64 && has_strips(op); type++) \
            for (int mask = 0; mask < 8; mask++)                              \
                if (ad_op_row(op)->strip[type - 1][mask])

Test(strips, every_elementwise_operation_has_kernels)
{
    int found = 0;
    for (ad_opcode op = 0; op < AD_OPS; op++) {
        const ad_op *row = ad_op_row(op);
        if (!(row->flags & AD_ELEMENTWISE)) continue;
        cr_assert_not_null(row->scalar, "%s", row->name);
        if (op == AD_OP_cast || op == AD_OP_lincomb) continue; /* kernels/strip.h */
        int masks = 1 << (row->arity - 1);
        for (int type = 0; type < 2; type++) {
            cr_assert_not_null(row->strip[type][0], "%s", row->name);
            for (int j = 0; j < row->arity && masks > 1; j++)
                cr_assert_not_null(row->strip[type][1 << j], "%s, operand %d one element",
                                   row->name, j);
        }
        found++;
    }
    cr_assert_geq(found, 49);
}

Test(strips, values)
{
    EACH_KERNEL(op, type, mask)
    {
        strips s = strips_new(op, type);
        apply(op, &s, mask, s.d, 0, N);
        for (long i = 0; i < N; i++) {
            double got = get(s.d, i, type), want = reference(op, &s, mask, i);
            double e = ulps(got, want, type);
            cr_expect(e <= bound_of(op, type),
                      "%s, type %d, mask %d, element %ld: %.17g for %.17g (%g ulp)",
                      ad_op_row(op)->name, type, mask, i, got, want, e);
        }
        strips_free(&s);
    }
}

/* An element has the same bits alone as in a strip, wherever it stands, and in place. */
Test(strips, lanes)
{
    EACH_KERNEL(op, type, mask)
    {
        strips s    = strips_new(op, type);
        size_t size = ad_type_size(type);
        char  *one  = ad_alloc(ROOM * 8);
        apply(op, &s, mask, s.d, 0, N);
        for (long i = 0; i < N; i++) {
            apply(op, &s, mask, one, i, 1);
            cr_expect_arr_eq(one, (char *)s.d + (size_t)i * size, size, "%s, mask %d, element %ld",
                             ad_op_row(op)->name, mask, i);
        }
        for (int j = 0; j < 3; j++) {
            if (mask >> j & 1) continue;
            strips t = s;
            memcpy(one, s.x[j], ROOM * size);
            t.x[j] = one;
            apply(op, &t, mask, one, 0, N);
            cr_expect_arr_eq(one, s.d, N * size, "%s, mask %d, in place of operand %d",
                             ad_op_row(op)->name, mask, j);
        }
        ad_free(one);
        strips_free(&s);
    }
}

/* ... whatever stands beside it: numbers of every size, infinities, NaN. */
Test(strips, lanes_beside_anything)
{
    static const double wild[] = { 0.3,  -1e-30,    5,   130, -4e4,  1e5, 2e13, 1e15,
                                   1e30, -INFINITY, NAN, 17,  1e-40, 99,  3e4,  -14.5 };
    EACH_KERNEL(op, type, mask)
    {
        strips s    = strips_new(op, type);
        size_t size = ad_type_size(type);
        char  *one  = ad_alloc(ROOM * 8);
        for (int j = 0; j < 3; j++)
            for (long i = 0; i < N && !(mask >> j & 1); i++) {
                double v = wild[(i * (j + 1) + i / 16) % 16];
                if (type == AD_F32)
                    ((float *)s.x[j])[i] = (float)v;
                else
                    ((double *)s.x[j])[i] = v;
            }
        apply(op, &s, mask, s.d, 0, N);
        for (long i = 0; i < N; i++) {
            apply(op, &s, mask, one, i, 1);
            const char *d = (char *)s.d + (size_t)i * size;
            int nan       = type == AD_F32 ? isnan(*(const float *)one) && isnan(*(const float *)d)
                                           : isnan(*(const double *)one) && isnan(*(const double *)d);
            cr_expect(nan || memcmp(one, d, size) == 0, "%s, mask %d, element %ld",
                      ad_op_row(op)->name, mask, i);
        }
        ad_free(one);
        strips_free(&s);
    }
}

/* Behind whole vectors nothing is written: n = 16 floats or 8 doubles. */
Test(strips, stay_within_whole_vectors)
{
    EACH_KERNEL(op, type, mask)
    {
        strips s    = strips_new(op, type);
        long   n    = 3 * 64 / (long)ad_type_size(type);
        char  *past = (char *)s.d + 3 * 64, mark[64];
        memset(past, 0x5a, 64);
        memset(mark, 0x5a, 64);
        apply(op, &s, mask, s.d, 0, n);
        cr_expect_arr_eq(past, mark, 64, "%s, mask %d", ad_op_row(op)->name, mask);
        strips_free(&s);
    }
}

static int is_comparison(ad_opcode op)
{
    return op == AD_OP_lt || op == AD_OP_le || op == AD_OP_gt || op == AD_OP_ge || op == AD_OP_eq;
}

/* One NaN operand gives NaN; comparisons give 0; where() is asked for the operand it selects. */
Test(strips, nan_passes)
{
    EACH_KERNEL(op, type, mask)
    {
        for (int j = 0; j < ad_op_row(op)->arity; j++) {
            strips s = strips_new(op, type);
            if (op == AD_OP_where) {
                for (long i = 0; i < ROOM; i++) set(s.x[0], i, j == 1, type);
                if (j == 0) {
                    strips_free(&s);
                    continue;
                }
            }
            set(s.x[j], 0, NAN, type);
            set(s.x[j], 20, NAN, type);
            apply(op, &s, mask, s.d, 0, N);
            for (long i = 0; i <= 20; i += 20) {
                double got = get(s.d, i, type);
                cr_expect(is_comparison(op) ? got == 0 : isnan(got), "%s, operand %d, mask %d: %g",
                          ad_op_row(op)->name, j, mask, got);
            }
            strips_free(&s);
        }
    }
}
