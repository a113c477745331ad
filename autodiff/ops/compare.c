/* compare.c - comparisons (1 or 0, 0 for NaN), the smaller and the larger, selection. */
#include <math.h>

#include "../kernels/vmath.h"
#include "build.h"

#define HOLDS(m, x) v_select(m, v_like(x, 1), v_like(x, 0))

#define NAME            lt
#define F(a, b)         HOLDS(v_lt(a, b), a)
#define REFERENCE(a, b) ((a) < (b))
#define FLAGS           AD_CHEAP
#define TEXT            "%0 < %1"
#include "binary.inc"

#define NAME            le
#define F(a, b)         HOLDS(v_le(a, b), a)
#define REFERENCE(a, b) ((a) <= (b))
#define FLAGS           AD_CHEAP
#define TEXT            "%0 <= %1"
#include "binary.inc"

#define NAME            gt
#define F(a, b)         HOLDS(v_lt(b, a), a)
#define REFERENCE(a, b) ((a) > (b))
#define FLAGS           AD_CHEAP
#define TEXT            "%0 > %1"
#include "binary.inc"

#define NAME            ge
#define F(a, b)         HOLDS(v_le(b, a), a)
#define REFERENCE(a, b) ((a) >= (b))
#define FLAGS           AD_CHEAP
#define TEXT            "%0 >= %1"
#include "binary.inc"

#define NAME            eq
#define F(a, b)         HOLDS(v_eq(a, b), a)
#define REFERENCE(a, b) ((a) == (b))
#define FLAGS           AD_CHEAP | AD_COMMUTES
#define TEXT            "%0 == %1"
#define OWN_BUILDER
#include "binary.inc"

ad_var ad_eq(ad_var a, ad_var b)
{
    return ad_commutative(AD_OP_eq, a, b);
}

/* NaN if either is NaN; of equal operands the second is returned and the first receives the gradient. */
#define NAME              min
#define F(a, b)           v_select(v_ne(a, a), a, v_lesser(a, b))
#define REFERENCE(a, b)   (isnan(a) || (a) < (b) ? (a) : (b))
#define PART0(g, a, b, y) ad_where_or_zero(ad_le(a, b), g)
#define PART1(g, a, b, y) ad_zero_or_where(ad_le(a, b), g)
#define FLAGS             AD_CHEAP
#include "binary.inc"

#define NAME              max
#define F(a, b)           v_select(v_ne(a, a), a, v_greater(a, b))
#define REFERENCE(a, b)   (isnan(a) || (a) > (b) ? (a) : (b))
#define PART0(g, a, b, y) ad_where_or_zero(ad_ge(a, b), g)
#define PART1(g, a, b, y) ad_zero_or_where(ad_ge(a, b), g)
#define FLAGS             AD_CHEAP
#include "binary.inc"
