#include <math.h>

#include <costate/datasets/cloud.h>

/* +-(v / 2 - a cos a, w / 2 + a sin a) / 3 with a = 3 pi sqrt(u): three half turns, evenly along the arc, thickened by
   v and w uniform in [0, 1]. */
static int point(const ds_cloud_draw *d, double x[2])
{
    int    k = d->u[0] >= 0.5;
    double a = 3 * DS_PI * sqrt(d->u[1]), sign = k ? -1. / 3 : 1. / 3;
    x[0] = sign * (0.5 * d->u[2] - a * cos(a)) + d->z[0];
    x[1] = sign * (0.5 * d->u[3] + a * sin(a)) + d->z[1];
    return k;
}

ad_status ds_make_two_spirals(ds_samples **out, const ds_samples_options *o)
{
    static const ds_cloud cloud = { "two-spirals", 2, 0.1, point };
    return ds_cloud_make(out, &cloud, o);
}
