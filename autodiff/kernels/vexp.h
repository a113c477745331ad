/* vexp.h - the exponential family on vectors (internal): exp, expm1, tanh, logistic and softplus from one polynomial.

   With n = round(x log2 e), r = x - n ln 2 (Cody and Waite 1980: ln 2 in two parts, the first short enough that n times
   it is exact) and T = 2^n,

       e^r - 1 = q = r + r^2 P(r),        |r| <= ln(2) / 2                                      (1)
       exp(x) = T (1 + q),      expm1(x) = T q + (T - 1)                                        (2)

   and with m = expm1(2 |x|)

       tanh|x| = m / (m + 2)                                                                    (3)

   log1p of e in [0, 1] is 2 atanh(s), s = e / (2 + e), atanh(s) = s + s^3 G(s^2). P and G were fitted by weighted least
   squares on Chebyshev points, coefficient after coefficient rounded and the rest refitted; the relative error of (1)
   is at most 1.5e-8 in float32 and 2e-17 in float64: 0.25 and 0.17 of a unit roundoff. */
#ifndef COSTATE_AUTODIFF_KERNELS_VEXP_H
#define COSTATE_AUTODIFF_KERNELS_VEXP_H

#include "vmath.h"

/* clang-format off */
static const float v32_P[] = { 0.49999997f, 0.166665405f, 0.0416675173f, 0.008366853f, 0.00138633139f };
static const float v32_G[] = { 0.333332062f, 0.200108394f, 0.139999956f, 0.140094444f };
static const double v64_P[] = { 0.5000000000000006, 0.166666666666666, 0.041666666666573315, 0.008333333333383543,
                                0.0013888888932551385, 0.00019841269731735417, 2.4801504169700168e-05,
                                2.755739617527767e-06, 2.7626459309033866e-07, 2.505743339620256e-08 };
static const double v64_G[] = { 0.33333333333333154, 0.20000000000077514, 0.1428571427409239, 0.11111111973705086,
                                0.09090872372943418, 0.07693271022290839, 0.06650605293815152, 0.06052103991489056,
                                0.04174141128328841, 0.08501755821217931 };

/* 2^(i+1) P_i: q / 2 = s + s^2 P_HALF(s) at s = r / 2, with the bits of (1) */
static const float v32_P_HALF[] = { 2 * 0.49999997f, 4 * 0.166665405f, 8 * 0.0416675173f, 16 * 0.008366853f, 32 * 0.00138633139f };
static const double v64_P_HALF[] = { 2 * 0.5000000000000006, 4 * 0.166666666666666, 8 * 0.041666666666573315,
                                     16 * 0.008333333333383543, 32 * 0.0013888888932551385, 64 * 0.00019841269731735417,
                                     128 * 2.4801504169700168e-05, 256 * 2.755739617527767e-06,
                                     512 * 2.7626459309033866e-07, 1024 * 2.505743339620256e-08 };

/* log2 e; ln 2 = ln2_hi + ln2_lo; magic: adding it leaves round(x) in the low bits (the exponent's bias included);
   exp is inf above exp_max, 0 below exp_min; expm1 is -1 below -saturated, tanh 1 above half of it */
#define V32_LOG2E     1.44269504f
#define V32_LN2       0.693147182f
#define V32_LN2_HI    0.693359375f
#define V32_LN2_LO    -2.12194440e-4f
#define V32_MAGIC     12583039.0f /* 1.5 2^23 + 127 */
#define V32_EXP_MAX   89.0f
#define V32_EXP_MIN   -104.0f
#define V32_SATURATED 20.0f
#define V32_MANTISSA  23
#define V64_LOG2E     1.4426950408889634
#define V64_LN2       0.6931471805599453
#define V64_LN2_HI    6.93147180369123816490e-01
#define V64_LN2_LO    1.90821492927058770002e-10
#define V64_MAGIC     6755399441056767.0 /* 1.5 2^52 + 1023 */
#define V64_EXP_MAX   710.0
#define V64_EXP_MIN   -746.0
#define V64_SATURATED 40.0
#define V64_MANTISSA  52
/* clang-format on */

#define BITS 32
#include "vexp.inc"
#undef BITS
#define BITS 64
#include "vexp.inc"
#undef BITS

#define v_exp(x)      V_PICK(x, exp)(x)
#define v_expm1(x)    V_PICK(x, expm1)(x)
#define v_tanh(x)     V_PICK(x, tanh)(x)
#define v_sigmoid(x)  V_PICK(x, sigmoid)(x)
#define v_softplus(x) V_PICK(x, softplus)(x)

#endif
