#include <math.h>

#include <costate/datasets/cloud.h>

/* Four circles around 0 of radius 3/4, 6/4, 9/4 and 3, as likely each. */
static int point(const ds_cloud_draw *d, double x[2])
{
    int    k = (int)(4 * d->u[0]);
    double r = 0.75 * (k + 1), a = 2 * DS_PI * d->u[1];
    x[0] = r * cos(a) + d->z[0];
    x[1] = r * sin(a) + d->z[1];
    return k;
}

static const ds_cloud cloud = { "rings", 4, 0.08, point };

ad_status ds_make_rings(ds_samples **out, const ds_samples_options *o)
{
    return ds_cloud_make(out, &cloud, o);
}

double ds_log_rings(const ds_samples_options *o, const double *x)
{
    double a[4];
    for (int k = 0; k < 4; k++) a[k] = ds_log_ring(0.75 * (k + 1), ds_cloud_noise(&cloud, o), x);
    return ds_log_mean_exp(4, a);
}
