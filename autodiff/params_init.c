#include <math.h>

#include <costate/autodiff/params.h>
#include <costate/autodiff/random.h>

/* Streams of initial values, far from the small numbers that models draw from. */
static const uint64_t first_stream = 0x696e697469616c00u; /* "initial" */

/* Glorot and Bengio 2010, equation 16: U(+-sqrt(6 / (in + out))), a weight being [out, in]. Extents behind the
   second (a convolution's window) count in both. */
static double glorot(ad_shape s)
{
    double out = (double)s.dim[0], in = s.rank > 1 ? (double)s.dim[1] : out, window = 1;
    for (int i = 2; i < s.rank; i++) window *= (double)s.dim[i];
    return sqrt(6 / ((in + out) * window));
}

static double kaiming(const ad_param_view *v)
{
    double in = v->value > 0 ? v->value : (double)v->shape.dim[v->shape.rank - 1];
    return 1 / sqrt(in);
}

/* x = a x + b; the numbers of a view, in the type's own arithmetic */
static void affine(ad_type type, long n, void *x, double a, double b)
{
    if (type == AD_F32) {
        float *f = x;
        for (long i = 0; i < n; i++) f[i] = f[i] * (float)a + (float)b;
    } else {
        double *d = x;
        for (long i = 0; i < n; i++) d[i] = d[i] * a + b;
    }
}

static void fill(ad_type type, long n, void *x, double value)
{
    for (long i = 0; i < n; i++) {
        if (type == AD_F32)
            ((float *)x)[i] = (float)value;
        else
            ((double *)x)[i] = value;
    }
}

void ad_params_init(const ad_params *p, uint64_t seed, void *values)
{
    ad_type type = ad_params_type(p);
    for (int i = 0; i < ad_params_views(p); i++) {
        const ad_param_view *v      = ad_params_view(p, i);
        long                 n      = ad_elements(v->shape);
        void                *x      = (char *)values + (size_t)v->offset * ad_type_size(type);
        uint64_t             stream = first_stream + (uint64_t)i;
        double               bound  = v->init == AD_INIT_GLOROT ? glorot(v->shape) : kaiming(v);
        switch (v->init) {
        case AD_INIT_ZERO: fill(type, n, x, 0); break;
        case AD_INIT_VALUE: fill(type, n, x, v->value); break;
        case AD_INIT_NORMAL:
            ad_random_normal(type, seed, stream, 0, n, x);
            affine(type, n, x, v->value, 0);
            break;
        case AD_INIT_GLOROT:
        case AD_INIT_KAIMING:
            ad_random_uniform(type, seed, stream, 0, n, x);
            affine(type, n, x, 2 * bound, -bound);
            break;
        }
    }
}
