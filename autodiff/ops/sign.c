/* sign.c - what works on the sign or the whole part. */
#include <math.h>

#include "../kernels/vmath.h"
#include "build.h"

#define NAME          neg
#define F(x)          (-(x))
#define REFERENCE(x)  (-(x))
#define PART(g, x, y) g
#define FACTOR(y)     -1
#define FLAGS         AD_CHEAP
#define TEXT          "-%0"
#define OWN_BUILDER
#include "unary.inc"

/* -(-x) is x, -(c x) is (-c) x, -(a - b) stays (the sign of a zero). */
ad_var ad_neg(ad_var x)
{
    if (ad_is(x, AD_OP_neg)) return ad_in(x, 0);
    if (ad_is(x, AD_OP_scale)) return ad_scale(ad_in(x, 0), -ad_node_of(x.g, x.id)->k[0]);
    return ad_unary(AD_OP_neg, x);
}

/* The derivative at 0 is 0. */
#define NAME          abs
#define F(x)          v_abs(x)
#define REFERENCE(x)  fabs(x)
#define PART(g, x, y) ad_mul(g, ad_sign(x))
#define FLAGS         AD_CHEAP
#define TEXT          "|%0|"
#include "unary.inc"

#define NAME sign
#define F(x) \
    v_select(v_lt(v_like(x, 0), x), v_like(x, 1), v_select(v_lt(x, v_like(x, 0)), v_like(x, -1), x))
#define REFERENCE(x) (x > 0 ? 1 : x < 0 ? -1 : x)
#define FLAGS        AD_CHEAP
#include "unary.inc"

#define NAME         floor
#define F(x)         v_floor(x)
#define REFERENCE(x) floor(x)
#define FLAGS        AD_CHEAP
#include "unary.inc"

#define NAME         stop_gradient
#define F(x)         (x)
#define REFERENCE(x) (x)
#define FLAGS        AD_CHEAP
#include "unary.inc"
