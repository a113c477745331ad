#include <math.h>

#include <costate/datasets/cloud.h>

/* Five arms: (r, t) = (1 + 0.3 z, 0.1 z'), turned by -(2 pi k / 5 + exp(r) / 4), times 2 (Johnson, Duvenaud, Wiltschko,
   Datta, Adams 2016). The noise is the deviation across an arm; along it, it is three times that. */
static int point(const ds_cloud_draw *d, double x[2])
{
    int    k = (int)(5 * d->u[0]);
    double r = 1 + 1.5 * d->z[0], t = 0.5 * d->z[1], a = 2 * DS_PI * k / 5 + 0.25 * exp(r);
    x[0] = 2 * (r * cos(a) + t * sin(a));
    x[1] = 2 * (t * cos(a) - r * sin(a));
    return k;
}

ad_status ds_make_pinwheel(ds_samples **out, const ds_samples_options *o)
{
    static const ds_cloud cloud = { "pinwheel", 5, 0.2, point };
    return ds_cloud_make(out, &cloud, o);
}
