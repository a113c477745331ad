#include <stdio.h>
#include <string.h>

#include <costate/autodiff/layers.h>

ad_var ad_identity(ad_var x)
{
    return x;
}

static const struct {
    const char    *name;
    ad_activation *f;
} table[] = {
    { "tanh", ad_tanh }, { "relu", ad_relu },         { "elu", ad_elu },
    { "silu", ad_silu }, { "gelu", ad_gelu },         { "sigmoid", ad_sigmoid },
    { "sin", ad_sin },   { "softplus", ad_softplus }, { "identity", ad_identity },
};

enum { ACTIVATIONS = sizeof table / sizeof table[0] };

const char *ad_activation_name(int i)
{
    return i >= 0 && i < ACTIVATIONS ? table[i].name : NULL;
}

ad_activation *ad_activation_find(const char *name)
{
    for (int i = 0; i < ACTIVATIONS; i++)
        if (!strcmp(table[i].name, name)) return table[i].f;
    char   known[256];
    size_t at = 0;
    for (int i = 0; i < ACTIVATIONS; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, " %s", table[i].name);
    ad_fail(AD_INVALID, "no activation is called %s; there are%s", name, known);
    return NULL;
}

static ad_var fail_type(ad_var x, const ad_params *theta, const char *name)
{
    return ad_graph_fail(x.g, AD_BAD_SHAPE,
                         "layer %s: the input is float%d and the parameters are float%d: "
                         "ad_cast() the input",
                         name, (int)ad_type_size(ad_type_of(x)) * 8,
                         (int)ad_type_size(ad_params_type(theta)) * 8);
}

/* "name.weight" in text; 0 when the name is too long. */
static int join(char *text, size_t size, const char *name, const char *what)
{
    int n = snprintf(text, size, "%s.%s", name, what);
    return n > 0 && (size_t)n < size;
}

ad_var ad_dense_with(ad_var x, ad_params *theta, const char *name, long width,
                     const ad_dense_options *o)
{
    if (x.id < 0) return x;
    char     weight[256], bias[256];
    ad_shape s = ad_shape_of(x);
    if (!join(weight, sizeof weight, name, "weight") || !join(bias, sizeof bias, name, "bias"))
        return ad_graph_fail(x.g, AD_INVALID, "layer name %.40s...: at most %d characters", name,
                             (int)sizeof weight - 8);
    if (!theta)
        return ad_graph_fail(x.g, AD_INVALID, "layer %s: there are no parameters (theta is NULL)",
                             name);
    if (s.rank < 1 || (s.rank == 1 && s.batched))
        return ad_graph_fail(x.g, AD_BAD_SHAPE,
                             "layer %s: the input has no axis of features; "
                             "reshape it to [n,1]",
                             name);
    if (ad_type_of(x) != ad_params_type(theta)) return fail_type(x, theta, name);
    long    in = s.dim[s.rank - 1];
    ad_init wi = o && o->init ? o->init : AD_INIT_KAIMING;
    ad_init bi = wi == AD_INIT_KAIMING ? AD_INIT_KAIMING : AD_INIT_ZERO;
    double  wv = o && wi != AD_INIT_KAIMING ? o->value : (double)in;
    ad_var  w  = ad_param(x.g, theta, weight, ad_matrix(width, in), wi, wv);
    ad_var  b  = AD_NONE;
    if (!o || !o->no_bias) b = ad_param(x.g, theta, bias, ad_vector(width), bi, (double)in);
    return ad_affine(x, w, 1, b);
}

ad_var ad_dense(ad_var x, ad_params *theta, const char *name, long width)
{
    return ad_dense_with(x, theta, name, width, NULL);
}

ad_var ad_mlp(ad_var x, ad_params *theta, const char *name, int depth, const long widths[],
              ad_activation *activation)
{
    for (int i = 0; i < depth; i++) {
        char layer[256];
        snprintf(layer, sizeof layer, "%.230s.%d", name, i);
        if (i > 0 && activation) x = activation(x);
        x = ad_dense(x, theta, layer, widths[i]);
    }
    return x;
}
