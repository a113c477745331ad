/* powers.c - squares, roots, powers. */
#include <math.h>
#include <sleef.h>

#include "../kernels/vmath.h"
#include "build.h"

#define NAME          sqrt
#define F(x)          v_sqrt(x)
#define REFERENCE(x)  sqrt(x)
#define PART(g, x, y) ad_div(g, y)
#define FACTOR(y)     0.5
#define LO            0.1
#define HI            4
#include "unary.inc"

#define NAME          rsqrt
#define F(x)          (1 / v_sqrt(x))
#define REFERENCE(x)  (1 / sqrt(x))
#define PART(g, x, y) ad_mul(g, ad_div(y, x))
#define FACTOR(y)     -0.5
#define LO            0.1
#define HI            4
#include "unary.inc"

#define NAME          square
#define F(x)          ((x) * (x))
#define REFERENCE(x)  ((x) * (x))
#define PART(g, x, y) ad_mul(g, x)
#define FACTOR(y)     2
#define FLAGS         AD_CHEAP
#define TEXT          "%0^2"
#include "unary.inc"

#define NAME          omsq
#define F(x)          v_fma(-(x), x, v_like(x, 1))
#define REFERENCE(x)  fma(-(x), x, 1)
#define PART(g, x, y) ad_mul(g, x)
#define FACTOR(y)     -2
#define FLAGS         AD_CHEAP
#define TEXT          "1 - %0^2"
#include "unary.inc"

#define NAME          reciprocal
#define F(x)          (1 / (x))
#define REFERENCE(x)  (1 / (x))
#define PART(g, x, y) ad_mul(g, ad_square(y))
#define FACTOR(y)     -1
#define FLAGS         AD_CHEAP
#define TEXT          "1 / %0"
#define LO            0.4
#define HI            2
#define OWN_BUILDER
#include "unary.inc"

/* rsqrt is computed as the reciprocal of the root: the same number. */
ad_var ad_reciprocal(ad_var x)
{
    if (ad_is(x, AD_OP_sqrt)) return ad_rsqrt(ad_in(x, 0));
    return ad_unary(AD_OP_reciprocal, x);
}

/* d/da a^b = b a^(b-1). At a = b = 0 the exponent is replaced by 0, so that 0 times infinity does not arise. */
static ad_var pow_by_base(ad_var a, ad_var b)
{
    double c;
    if (ad_constant(b, &c)) return ad_mul(b, ad_pow(a, ad_shift(b, -1)));
    ad_var zero = ad_constant_for(a, 0), one = ad_constant_for(a, 1);
    ad_var both = ad_mul(ad_eq(a, zero), ad_eq(b, zero));
    return ad_mul(b, ad_pow(a, ad_shift(ad_where(both, one, b), -1)));
}

/* d/db a^b = a^b log a; 0 where a is 0, the limit for b > 0. */
static ad_var pow_by_exponent(ad_var a, ad_var y)
{
    ad_var zero = ad_constant_for(a, 0), one = ad_constant_for(a, 1);
    return ad_mul(y, ad_log(ad_where(ad_eq(a, zero), one, a)));
}

#define NAME              pow
#define F32(a, b)         V32_SLEEF(pow, u10)(a, b)
#define F64(a, b)         V64_SLEEF(pow, u10)(a, b)
#define REFERENCE(a, b)   pow(a, b)
#define PART0(g, a, b, y) ad_mul(g, pow_by_base(a, b))
#define PART1(g, a, b, y) ad_mul(g, pow_by_exponent(a, y))
#define TEXT              "%0 ^ %1"
#define LO                0.3
#define HI                2
#define OWN_BUILDER
#include "binary.inc"

/* A constant exponent: whole ones up to 16 become products (exact for negative a), halves roots. */
ad_var ad_pow(ad_var a, ad_var b)
{
    double c;
    if (!ad_constant(b, &c) || !ad_constant_is(b, c, a)) return ad_binary(AD_OP_pow, a, b);
    if (c == floor(c) && fabs(c) <= 16) return ad_powi(a, (int)c);
    if (c == 0.5) return ad_sqrt(a);
    if (c == -0.5) return ad_rsqrt(a);
    return ad_binary(AD_OP_pow, a, b);
}
