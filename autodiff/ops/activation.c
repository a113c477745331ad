/* activation.c - the activation functions of networks, and erf. */
#include <math.h>
#include <sleef.h>

#include "../kernels/vexp.h"
#include "build.h"

static const double SQRT_HALF = 0.70710678118654752440, TWO_OVER_SQRT_PI = 1.12837916709551257390,
                    ONE_OVER_SQRT_2PI = 0.39894228040143267794;

static double reference_sigmoid(double x)
{
    double e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

/* y (1 - y) */
#define NAME          sigmoid
#define F(x)          v_sigmoid(x)
#define REFERENCE(x)  reference_sigmoid(x)
#define PART(g, x, y) ad_mul(g, ad_mul(y, ad_shift(ad_neg(y), 1)))
#define WIDE          4
#include "unary.inc"

/* The derivative at 0 is 0. */
#define NAME          relu
#define F(x)          v_greater(v_like(x, 0), x)
#define REFERENCE(x)  (x <= 0 ? 0 : x)
#define PART(g, x, y) ad_where_or_zero(ad_gt(x, ad_constant_for(x, 0)), g)
#define FLAGS         AD_CHEAP
#include "unary.inc"

/* x, or e^x - 1 where that is smaller in size: below 0; the derivative there is y + 1. */
static ad_var elu_slope(ad_var x, ad_var y)
{
    ad_var one = ad_constant_for(x, 1);
    return ad_where(ad_gt(x, ad_constant_for(x, 0)), one, ad_shift(y, 1));
}

#define NAME          elu
#define F(x)          v_select(v_lt(v_like(x, 0), x), x, v_expm1(x))
#define REFERENCE(x)  (x > 0 ? x : expm1(x))
#define PART(g, x, y) ad_mul(g, elu_slope(x, y))
#include "unary.inc"

/* x s(x); with s = sigmoid(x) the derivative is s + y (1 - s). */
static ad_var silu_slope(ad_var x, ad_var y)
{
    ad_var s = ad_sigmoid(x);
    return ad_fma(y, ad_shift(ad_neg(s), 1), s);
}

#define NAME          silu
#define F(x)          (x * v_sigmoid(x))
#define REFERENCE(x)  (x * reference_sigmoid(x))
#define PART(g, x, y) ad_mul(g, silu_slope(x, y))
#define WIDE          2
#include "unary.inc"

/* Hendrycks & Gimpel 2016: x Phi(x), Phi(x) = erfc(-x / sqrt 2) / 2 (erfc, so that the lower tail keeps its digits).
   The derivative is Phi(x) + x phi(x). */
static ad_var gelu_slope(ad_var x)
{
    ad_var Phi = ad_scale(ad_shift(ad_erf(ad_scale(x, SQRT_HALF)), 1), 0.5);
    ad_var phi = ad_scale(ad_exp(ad_scale(ad_square(x), -0.5)), ONE_OVER_SQRT_2PI);
    return ad_fma(x, phi, Phi);
}

#define NAME          gelu
#define F32(x)        (x * 0.5f * V32_SLEEF(erfc, u15)(x * -(float)SQRT_HALF))
#define F64(x)        (x * 0.5 * V64_SLEEF(erfc, u15)(x * -SQRT_HALF))
#define REFERENCE(x)  (0.5 * x * erfc(-SQRT_HALF * x))
#define PART(g, x, y) ad_mul(g, gelu_slope(x))
#include "unary.inc"

#define NAME          erf
#define F32(x)        V32_SLEEF(erf, u10)(x)
#define F64(x)        V64_SLEEF(erf, u10)(x)
#define REFERENCE(x)  erf(x)
#define PART(g, x, y) ad_mul(g, ad_exp(ad_neg(ad_square(x))))
#define FACTOR(y)     TWO_OVER_SQRT_PI
#include "unary.inc"

#define NAME          softplus
#define F(x)          v_softplus(x)
#define REFERENCE(x)  ((x <= 0 ? 0 : x) + log1p(exp(-fabs(x))))
#define PART(g, x, y) ad_mul(g, ad_sigmoid(x))
#define WIDE          2
#include "unary.inc"
