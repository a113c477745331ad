/* norm.c - the norm of a whole gradient, summed in float64 in eight lanes: a fixed order, which the compiler turns
   into vectors. */
#include <math.h>

#include <costate/autodiff/optim.h>

enum { LANES = 8 };

#define REAL    float
#define SQUARES squares_f32
#define SCALE   scale_f32
#include "norm_loops.inc"
#define REAL    double
#define SQUARES squares_f64
#define SCALE   scale_f64
#include "norm_loops.inc"

static double squares(ad_type type, long n, const void *g, double c)
{
    return type == AD_F32 ? squares_f32(n, g, c) : squares_f64(n, g, c);
}

static double number(ad_type type, const void *g, long i)
{
    return type == AD_F32 ? (double)((const float *)g)[i] : ((const double *)g)[i];
}

double ad_norm(ad_type type, long n, const void *g)
{
    double sum = squares(type, n, g, 1), most = 0;
    if (sum > 1e-280 && sum < INFINITY) return sqrt(sum);
    for (long i = 0; i < n; i++) { /* squares out of range, or something that is no number */
        double x = fabs(number(type, g, i));
        if (isnan(x)) return x;
        if (x > most) most = x;
    }
    if (most == 0 || isinf(most)) return most;
    int e = ilogb(most);
    e     = e < -1000 ? -1000 : e;
    return ldexp(sqrt(squares(type, n, g, ldexp(1, -e))), e);
}

ad_status ad_clip_norm(ad_type type, long n, void *g, double max_norm, double *norm)
{
    double r = ad_norm(type, n, g);
    if (norm) *norm = r;
    if (!isfinite(r))
        return ad_fail(AD_NONFINITE_STATE, "the gradient's norm is %g: it cannot be clipped to %g",
                       r, max_norm);
    if (!(r > max_norm)) return AD_OK;
    if (type == AD_F32)
        scale_f32(n, g, max_norm / r);
    else
        scale_f64(n, g, max_norm / r);
    return AD_OK;
}
