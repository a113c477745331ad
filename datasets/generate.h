/* generate.h - trajectories of known systems (internal). */
#ifndef COSTATE_DATASETS_GENERATE_H
#define COSTATE_DATASETS_GENERATE_H

#include <costate/datasets/registry.h>

COSTATE_BEGIN_DECLS

enum { DS_DIM = 4 };

typedef struct ds_system {
    const char *name;
    int         dim;
    const char *column[DS_DIM];
    void (*field)(const double *y, double *dy);
    double y0[DS_DIM];                /* the first series starts here        */
    double low[DS_DIM], high[DS_DIM]; /* the others uniformly in this box    */
    double t1;
    long   n;
} ds_system;

/* n points at equal steps from 0 to t1, each series, errors of some 1e-13 a step; then noise. */
ad_status ds_generate(ds_series_set **out, const ds_system *s, const ds_make_options *o);

COSTATE_END_DECLS
#endif
