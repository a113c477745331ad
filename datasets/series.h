/* series.h - data sets: one or many time series over the same columns.

   A series is a matrix y [len, cols] observed at strictly increasing times t [len]; NaN is a missing value. A set
   holds the names, the series, and how its times were written, so that a forecast writes them the same way. */
#ifndef COSTATE_DATASETS_SERIES_H
#define COSTATE_DATASETS_SERIES_H

#include <costate/autodiff/status.h>
#include <costate/datasets/clock.h>

COSTATE_BEGIN_DECLS

typedef struct ds_series {
    char   *name; /* the id in its file, or "1", "2", ...   */
    long    len;
    double *t; /* [len], strictly increasing             */
    double *y; /* [len][cols], NaN: missing              */
} ds_series;

typedef struct ds_series_set {
    char      *source; /* the file, or the name of a built-in data set               */
    char      *note;   /* what the reader decided by itself, a sentence a line; ""   */
    char      *time;   /* name of the time column; "time" when there was none        */
    ds_clock   clock;  /* how times are written                                      */
    int        cols;
    char     **column; /* [cols]                                                     */
    int        count;
    ds_series *series; /* [count]                                                    */
} ds_series_set;

/* An empty set with room for cols names and count series, all NULL; the caller fills it with ad_strdup() and
   ds_series_new(). ds_series_set_free() takes a set at any stage of that, and NULL. */
ad_status ds_series_set_new(ds_series_set **out, const char *source, const char *time, int cols,
                            int count);
void      ds_series_set_free(ds_series_set *set);

/* Room for len rows in series[i]; its name is copied. */
ad_status ds_series_new(ds_series_set *set, int i, const char *name, long len);

/* A set of the same names and clock, with room for count series. */
ad_status ds_series_set_like(ds_series_set **out, const ds_series_set *set, int count);

/* Adds a sentence to set->note. */
ad_status ds_note(ds_series_set *set, const char *format, ...) COSTATE_PRINTF(2, 3);

long   ds_rows(const ds_series_set *set);    /* over all series                          */
long   ds_missing(const ds_series_set *set); /* values that are NaN                      */
double ds_spacing(const ds_series_set *set); /* median step of time over all series      */

COSTATE_END_DECLS
#endif
