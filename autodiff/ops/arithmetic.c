/* arithmetic.c - sums, products and quotients. The builders apply identities that change no value (the sign of a zero
   apart), among them: a constant operand of one element becomes a coefficient. */
#include <math.h>
#include <sleef.h>

#include "../kernels/vmath.h"
#include "build.h"

static double factor_of(ad_var y)
{
    return ad_node_of(y.g, y.id)->k[0];
}

#define NAME          scale
#define F(x)          ((x)*k)
#define REFERENCE(x)  (ad_coefficient(node, 0) * (x))
#define PART(g, x, y) g
#define FACTOR(y)     factor_of(y)
#define FLAGS         AD_CHEAP
#define OWN_BUILDER
#include "unary.inc"

static int power_of_two(double c)
{
    int e;
    return fabs(frexp(c, &e)) == 0.5 && e > -60 && e < 60;
}

/* a (b x) is (a b) x where a or b is a power of two: nothing is rounded. */
ad_var ad_scale(ad_var x, double c)
{
    if (c == 1) return x;
    if (c == -1) return ad_neg(x);
    if (ad_is(x, AD_OP_neg)) return ad_scale(ad_in(x, 0), -c);
    if (ad_is(x, AD_OP_scale) && (power_of_two(c) || power_of_two(factor_of(x))))
        return ad_scale(ad_in(x, 0), c * factor_of(x));
    return ad_unary_k(AD_OP_scale, x, c);
}

#define NAME          shift
#define F(x)          ((x) + k)
#define REFERENCE(x)  ((x) + ad_coefficient(node, 0))
#define PART(g, x, y) g
#define FLAGS         AD_CHEAP
#define OWN_BUILDER
#include "unary.inc"

ad_var ad_shift(ad_var x, double c)
{
    return c == 0 ? x : ad_unary_k(AD_OP_shift, x, c);
}

/* Is c a constant that may become a coefficient of x? */
static int coefficient(ad_var c, ad_var x, double *value)
{
    return ad_constant(c, value) && ad_constant_is(c, *value, x);
}

#define NAME              add
#define F(a, b)           ((a) + (b))
#define REFERENCE(a, b)   ((a) + (b))
#define PART0(g, a, b, y) g
#define PART1(g, a, b, y) g
#define FLAGS             AD_CHEAP | AD_COMMUTES
#define TEXT              "%0 + %1"
#define OWN_BUILDER
#include "binary.inc"

ad_var ad_add(ad_var a, ad_var b)
{
    double c;
    if (coefficient(b, a, &c)) return ad_shift(a, c);
    if (coefficient(a, b, &c)) return ad_shift(b, c);
    if (ad_is(b, AD_OP_neg)) return ad_sub(a, ad_in(b, 0));
    if (ad_is(a, AD_OP_neg)) return ad_sub(b, ad_in(a, 0));
    return ad_commutative(AD_OP_add, a, b);
}

#define NAME              sub
#define F(a, b)           ((a) - (b))
#define REFERENCE(a, b)   ((a) - (b))
#define PART0(g, a, b, y) g
#define PART1(g, a, b, y) g
#define FACTOR1           -1
#define FLAGS             AD_CHEAP
#define TEXT              "%0 - %1"
#define OWN_BUILDER
#include "binary.inc"

ad_var ad_sub(ad_var a, ad_var b)
{
    double c;
    if (coefficient(b, a, &c)) return ad_shift(a, -c);
    if (ad_constant_is(a, 0, b)) return ad_neg(b);
    if (ad_is(b, AD_OP_neg)) return ad_add(a, ad_in(b, 0));
    return ad_binary(AD_OP_sub, a, b);
}

#define NAME              mul
#define F(a, b)           ((a) * (b))
#define REFERENCE(a, b)   ((a) * (b))
#define PART0(g, a, b, y) ad_mul(g, b)
#define PART1(g, a, b, y) ad_mul(g, a)
#define FLAGS             AD_CHEAP | AD_COMMUTES
#define TEXT              "%0 * %1"
#define OWN_BUILDER
#include "binary.inc"

/* 0 x is not 0: x may be infinite. */
ad_var ad_mul(ad_var a, ad_var b)
{
    double c;
    if (coefficient(b, a, &c)) return ad_scale(a, c);
    if (coefficient(a, b, &c)) return ad_scale(b, c);
    if (a.g == b.g && a.id == b.id) return ad_square(a);
    return ad_commutative(AD_OP_mul, a, b);
}

#define NAME              div
#define F(a, b)           ((a) / (b))
#define REFERENCE(a, b)   ((a) / (b))
#define PART0(g, a, b, y) ad_div(g, b)
#define PART1(g, a, b, y) ad_mul(ad_div(g, b), y)
#define FACTOR1           -1
#define FLAGS             AD_CHEAP
#define TEXT              "%0 / %1"
#define LO                0.5
#define HI                2
#define OWN_BUILDER
#include "binary.inc"

ad_var ad_div(ad_var a, ad_var b)
{
    double c;
    if (coefficient(b, a, &c) && power_of_two(c)) return ad_scale(a, 1 / c);
    if (ad_constant_is(a, 1, b)) return ad_reciprocal(b);
    return ad_binary(AD_OP_div, a, b);
}

/* a - n b with n = trunc(a / b), which is constant between the jumps. n comes back from the exact remainder y. */
static ad_var whole_quotient(ad_var a, ad_var b, ad_var y)
{
    return ad_floor(ad_shift(ad_div(ad_sub(a, y), b), 0.5));
}

#define NAME              mod
#define F32(a, b)         V32_SLEEF_EXACT(fmod)(a, b)
#define F64(a, b)         V64_SLEEF_EXACT(fmod)(a, b)
#define REFERENCE(a, b)   fmod(a, b)
#define PART0(g, a, b, y) g
#define PART1(g, a, b, y) ad_mul(g, whole_quotient(a, b, y))
#define FACTOR1           -1
#define LO                0.3
#define HI                4
#include "binary.inc"
