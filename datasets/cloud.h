/* cloud.h - points of the plane, drawn (internal).

   Sample i is a function of (seed, part, i) alone: four uniform and two normal numbers. `noise` is the standard
   deviation of what is added to both coordinates, in the plane that is returned. Figures and sizes are those of the
   code of Grathwohl, Chen, Bettencourt, Sutskever, Duvenaud 2019 (FFJORD) where it has them. */
#ifndef COSTATE_DATASETS_CLOUD_H
#define COSTATE_DATASETS_CLOUD_H

#include <costate/datasets/samples.h>

COSTATE_BEGIN_DECLS

#define DS_PI 3.14159265358979323846

typedef struct ds_cloud_draw {
    double u[4]; /* uniform in (0, 1) */
    double z[2]; /* noise times normal */
} ds_cloud_draw;

typedef struct ds_cloud {
    const char *name;
    int         classes;                               /* 0: no labels      */
    double      noise;                                 /* unless asked else */
    int (*point)(const ds_cloud_draw *d, double x[2]); /* returns the label */
} ds_cloud;

ad_status ds_cloud_make(ds_samples **out, const ds_cloud *c, const ds_samples_options *o);

/* The noise under the options, 0 for none. */
double ds_cloud_noise(const ds_cloud *c, const ds_samples_options *o);

/* log(sum_k exp(a[k]) / n) */
double ds_log_mean_exp(int n, const double a[]);

/* log of the density at x of a point drawn evenly on a circle around 0, plus N(0, sigma^2) in both coordinates. */
double ds_log_ring(double radius, double sigma, const double x[2]);

COSTATE_END_DECLS
#endif
