#include <math.h>

#include <costate/datasets/cloud.h>

/* Centres at 2 sqrt(2) (cos(k pi / 4), sin(k pi / 4)), deviation sqrt(1/8): radius 4 and deviation 1/2, both over
   sqrt(2). */
#define RADIUS 2.82842712474619009760

static int point(const ds_cloud_draw *d, double x[2])
{
    int k = (int)(8 * d->u[0]);
    x[0]  = RADIUS * cos(k * DS_PI / 4) + d->z[0];
    x[1]  = RADIUS * sin(k * DS_PI / 4) + d->z[1];
    return k;
}

static const ds_cloud cloud = { "eight-gaussians", 8, 0.35355339059327376, point };

ad_status ds_make_eight_gaussians(ds_samples **out, const ds_samples_options *o)
{
    return ds_cloud_make(out, &cloud, o);
}

double ds_log_eight_gaussians(const ds_samples_options *o, const double *x)
{
    double a[8], s = pow(ds_cloud_noise(&cloud, o), 2);
    for (int k = 0; k < 8; k++) {
        double dx = x[0] - RADIUS * cos(k * DS_PI / 4), dy = x[1] - RADIUS * sin(k * DS_PI / 4);
        a[k] = -(dx * dx + dy * dy) / (2 * s);
    }
    return ds_log_mean_exp(8, a) - log(2 * DS_PI * s);
}
