/* registry.h - built-in data sets: recorded ones and generators.

   A data set is one file with a function that fills a set, and one line of registry.def. */
#ifndef COSTATE_DATASETS_REGISTRY_H
#define COSTATE_DATASETS_REGISTRY_H

#include <costate/datasets/series.h>

COSTATE_BEGIN_DECLS

/* What a generator is asked for; recorded data refuse all of it. */
typedef struct ds_make_options {
    long     n;      /* points a series: the generator's own number                        */
    double   t1;     /* end of time: the generator's own                                   */
    double   noise;  /* 0: standard deviation of added noise, in deviations of the column  */
    uint64_t seed;   /* 0                                                                  */
    int      series; /* 1; further ones start elsewhere                                    */
} ds_make_options;

typedef ad_status ds_fill(ds_series_set **out, const ds_make_options *o);

typedef struct ds_dataset {
    const char *name, *description, *source;
    ds_fill    *fill;
} ds_dataset;

int               ds_dataset_count(void);
const ds_dataset *ds_dataset_at(int i);
const ds_dataset *ds_dataset_find(
    const char *name); /* NULL, with a sentence that names the nearest */

/* o may be NULL. */
ad_status ds_make(ds_series_set **out, const char *name, const ds_make_options *o);

/* "NAME" or "NAME:n=200,t1=25,noise=0.05,seed=1,series=4". */
ad_status ds_make_spec(ds_series_set **out, const char *spec);

COSTATE_END_DECLS
#endif
