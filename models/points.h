/* points.h - the field at points of the smoothed data, and how far it is from their slopes (internal). */
#ifndef COSTATE_MODELS_POINTS_H
#define COSTATE_MODELS_POINTS_H

#include <costate/autodiff/plan.h>

#include "collocate.h"

enum { MDL_POINTS = 256 }; /* in a step */

/* Points of the smoothed data, the field there, and its pullback. */
typedef struct mdl_points {
    mdl_model   *m;
    ad_graph    *g;
    ad_plan     *forward, *backward;
    ad_work     *fw, *bw;
    void        *residual, *t, *y, *f, *f_bar, *theta_bar;
    double      *state, *slope, *value, *bar, *weight; /* [MDL_POINTS][dim] */
    const void **in;
    void       **out;
    const void **back_in;
    int          nparts;
    int          validating; /* 1: points of the validation part */
} mdl_points;

ad_status mdl_points_new(mdl_points *p, mdl_model *m);
void      mdl_points_clear(mdl_points *p);

/* n points, all of them where there are no more than MDL_POINTS, scaled so that every component counts alike. */
long mdl_points_draw(mdl_points *p, const mdl_data *d, long iteration);
/* f of (1) in collocate.h, at n points, into p->value. */
ad_status mdl_points_field(mdl_points *p, const mdl_data *d, long n);
/* (1) over n points and its gradient into p->theta_bar. */
ad_status mdl_points_gradient(mdl_points *p, const mdl_data *d, long n, double *loss);

#endif
