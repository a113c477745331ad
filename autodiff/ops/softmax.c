/* softmax.c - log sum exp, softmax and its logarithm over one axis, composed of ordinary operations:

       s = the largest of x where that is finite, else 0,        z = x - s                               (1)
       logsumexp    s + log(sum exp(z))                                                                  (2)
       softmax      exp(z) / sum exp(z)                                                                  (3)
       log_softmax  z - log(sum exp(z))                                                                  (4)

   As functions of (x, s) none of them depends on s: s is a constant to their derivatives, of every order, and exact.
   (4) subtracts s before the logarithm: x - logsumexp(x) would round by an ulp of x, however small the result. Where all of
   x is -Inf, (2) is -Inf and (3), (4) are NaN. */
#include <math.h>

#include "build.h"
#include "reduce.h"

typedef struct shifted {
    ad_var s, z, e, sum; /* of (1); exp(z); sum exp(z), the axis kept as extent 1 */
    int    mask;
} shifted;

static int shift(const char *what, ad_var x, int axis, shifted *v)
{
    ad_graph *g = ad_operands(what, 1, &x);
    if (!g) return 0;
    ad_shape shape = ad_shape_of(x);
    int      a     = ad_axis(shape, axis);
    if (a < 0)
        return ad_graph_fail(g, AD_BAD_SHAPE, "%s: %s has no axis %d", what, SHAPE_TEXT(shape),
                             axis),
               0;
    v->mask    = 1 << a;
    ad_var top = ad_amax(x, v->mask, 1);
    v->s       = ad_where_or_zero(ad_lt(ad_abs(top), ad_constant_for(top, INFINITY)), top);
    v->s       = ad_stop_gradient(v->s);
    v->z       = ad_sub(x, ad_stretch_back(v->s, x, v->mask));
    v->e       = ad_exp(v->z);
    v->sum     = ad_sum(v->e, v->mask, 1);
    return v->sum.id >= 0;
}

ad_var ad_logsumexp(ad_var x, int axis, int keep)
{
    shifted v;
    if (!shift("logsumexp", x, axis, &v)) return AD_NONE;
    ad_var y = ad_add(v.s, ad_log(v.sum));
    return y.id < 0 ? y : ad_as_shape(y, ad_reduced_shape(ad_shape_of(x), v.mask, keep));
}

ad_var ad_softmax(ad_var x, int axis)
{
    shifted v;
    if (!shift("softmax", x, axis, &v)) return AD_NONE;
    return ad_div(v.e, ad_stretch_back(v.sum, x, v.mask));
}

ad_var ad_log_softmax(ad_var x, int axis)
{
    shifted v;
    if (!shift("log_softmax", x, axis, &v)) return AD_NONE;
    return ad_sub(v.z, ad_stretch_back(ad_log(v.sum), x, v.mask));
}
