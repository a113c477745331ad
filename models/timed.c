#include <stdio.h>

#include <costate/autodiff/layers.h>

#include "timed.h"

enum { NAME = 96 };

static ad_var view(const nde_point *at, const char *name, const char *what, ad_shape shape,
                   ad_init init, double fan_in)
{
    char text[NAME];
    snprintf(text, sizeof text, "%s.%s", name, what);
    return ad_param(at->g, at->theta, text, shape, init, fan_in);
}

/* t [1], or [n, 1] where each sample has its own time; column [out, 1]: t column. */
static ad_var times(const nde_point *at, ad_var column, long out)
{
    return ad_mul(ad_cast(at->t, at->type), ad_reshape(column, 1, (long[]){ out }));
}

ad_var mdl_timed_dense(const nde_point *at, const char *name, ad_var x, long out, ad_init init)
{
    if (x.id < 0) return x;
    long    in    = ad_shape_of(x).dim[1];
    ad_init bi    = init == AD_INIT_KAIMING ? init : AD_INIT_ZERO;
    ad_var  w     = view(at, name, "weight", ad_matrix(out, in + 1), init, (double)(in + 1));
    ad_var  b     = view(at, name, "bias", ad_vector(out), bi, (double)(in + 1));
    ad_var  rest  = ad_slice(w, 1, 0, in);
    ad_var  moved = times(at, ad_slice(w, 1, in, in + 1), out);
    if (ad_shape_of(at->t).batched) return ad_add(ad_affine(x, rest, 1, b), moved);
    return ad_affine(x, rest, 1, ad_add(b, moved));
}

ad_var mdl_squash_dense(const nde_point *at, const char *name, ad_var x, long out)
{
    if (x.id < 0) return x;
    char layer[NAME];
    snprintf(layer, sizeof layer, "%s.layer", name);
    ad_var y     = ad_dense(x, at->theta, layer, out);
    ad_var slope = view(at, name, "gate.weight", ad_matrix(out, 1), AD_INIT_KAIMING, 1);
    ad_var start = view(at, name, "gate.bias", ad_vector(out), AD_INIT_KAIMING, 1);
    ad_var shift = view(at, name, "shift.weight", ad_matrix(out, 1), AD_INIT_KAIMING, 1);
    ad_var gate  = ad_sigmoid(ad_add(times(at, slope, out), start));
    return ad_add(ad_mul(y, gate), times(at, shift, out));
}
