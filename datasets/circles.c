#include <math.h>

#include <costate/datasets/cloud.h>

/* Two circles around 0 of radius 1 (class 0) and 1/2 (class 1), as likely each: scikit-learn's circles with factor 0.5 and
   noise 0.06, which torchdiffeq's example of a flow is trained on. (There the angles are evenly spaced.) */
static int point(const ds_cloud_draw *d, double x[2])
{
    int    inner = d->u[0] >= 0.5;
    double r = inner ? 0.5 : 1, a = 2 * DS_PI * d->u[1];
    x[0] = r * cos(a) + d->z[0];
    x[1] = r * sin(a) + d->z[1];
    return inner;
}

static const ds_cloud cloud = { "circles", 2, 0.06, point };

ad_status ds_make_circles(ds_samples **out, const ds_samples_options *o)
{
    return ds_cloud_make(out, &cloud, o);
}

double ds_log_circles(const ds_samples_options *o, const double *x)
{
    double s    = ds_cloud_noise(&cloud, o);
    double a[2] = { ds_log_ring(1, s, x), ds_log_ring(0.5, s, x) };
    return ds_log_mean_exp(2, a);
}
