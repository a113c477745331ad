#include <math.h>

#include <costate/datasets/cloud.h>

/* Evenly over the squares [2i, 2i + 2] x [2j, 2j + 2] of [-4, 4]^2 with i + j even: eight of sixteen. */
static int point(const ds_cloud_draw *d, double x[2])
{
    double a   = 4 * d->u[0] - 2;
    int    odd = (int)floor(a) & 1;
    x[0]       = 2 * a + d->z[0];
    x[1]       = 2 * (d->u[1] + (d->u[2] < 0.5 ? -2 : 0) + odd) + d->z[1];
    return 0;
}

static const ds_cloud cloud = { "checkerboard", 0, 0, point };

ad_status ds_make_checkerboard(ds_samples **out, const ds_samples_options *o)
{
    return ds_cloud_make(out, &cloud, o);
}

/* P(a < N(0, 1) < b), from the tail that keeps its digits. */
static double between(double a, double b)
{
    a *= sqrt(0.5), b *= sqrt(0.5);
    if (a > 0) return 0.5 * (erfc(a) - erfc(b));
    if (b < 0) return 0.5 * (erfc(-b) - erfc(-a));
    return 0.5 * (erf(b) - erf(a));
}

/* Without noise 1/32 on the squares; with it each square's share, a product of two differences of the normal
   distribution. */
double ds_log_checkerboard(const ds_samples_options *o, const double *x)
{
    double s = ds_cloud_noise(&cloud, o), p = 0;
    if (s == 0) {
        int inside = fabs(x[0]) <= 4 && fabs(x[1]) <= 4;
        return inside && fmod(floor(x[0] / 2) + floor(x[1] / 2), 2) == 0 ? -log(32) : -INFINITY;
    }
    for (int i = -2; i < 2; i++)
        for (int j = -2; j < 2; j++)
            if (!((i + j) & 1))
                p += between((2 * i - x[0]) / s, (2 * i + 2 - x[0]) / s) *
                     between((2 * j - x[1]) / s, (2 * j + 2 - x[1]) / s);
    return log(p / 32);
}
