#include <math.h>

#include <costate/datasets/cloud.h>

/* Half circles (cos a, sin a) and (1 - cos a, 1/2 - sin a), a in [0, pi], as 2 (x, y) - (1, 0.2): scikit-learn's moons
   in FFJORD's frame, where their noise of 0.1 is 0.2. */
static int point(const ds_cloud_draw *d, double x[2])
{
    int    inner = d->u[0] >= 0.5;
    double a = DS_PI * d->u[1], c = cos(a), s = sin(a);
    x[0] = 2 * (inner ? 1 - c : c) - 1 + d->z[0];
    x[1] = 2 * (inner ? 0.5 - s : s) - 0.2 + d->z[1];
    return inner;
}

ad_status ds_make_two_moons(ds_samples **out, const ds_samples_options *o)
{
    static const ds_cloud cloud = { "two-moons", 2, 0.2, point };
    return ds_cloud_make(out, &cloud, o);
}
