/* split.h - training and held-out parts, and the windows that training runs over. */
#ifndef COSTATE_DATASETS_SPLIT_H
#define COSTATE_DATASETS_SPLIT_H

#include <costate/datasets/series.h>

COSTATE_BEGIN_DECLS

/* Each series' first rows and the rest: the first len - round(held_out len) rows train; 0 < held_out < 1. Both parts
   are copies. Training keeps at least two rows and the held-out part one, or it is AD_INVALID. */
ad_status ds_split_fraction(const ds_series_set *set, double held_out, ds_series_set **train,
                            ds_series_set **rest);

/* Rows up to and including time t, and the rows after it. A series that has fewer than two rows up to t is left out
   of train, one without rows after t out of rest; AD_INVALID if that leaves either part empty. */
ad_status ds_split_time(const ds_series_set *set, double t, ds_series_set **train,
                        ds_series_set **rest);

/* Whole series, round(held_out count) of them drawn by seed; both parts keep the order of the set. */
ad_status ds_split_series(const ds_series_set *set, double held_out, uint64_t seed,
                          ds_series_set **train, ds_series_set **rest);

/* Rows start .. start + length - 1 of a series. */
typedef struct ds_window {
    int  series;
    long start, length;
} ds_window;

typedef struct ds_windows {
    long       count;
    ds_window *at;
} ds_windows;

/* Windows of length rows, a stride apart, and the last that fits. A series shorter than length gives one window of
   its own length, if that is at least shortest rows (2 when 0); AD_INVALID if none is left. */
ad_status ds_windows_cut(ds_windows **out, const ds_series_set *set, long length, long stride,
                         long shortest);
void      ds_windows_free(ds_windows *w);

/* A permutation of the windows that depends on (seed, epoch) alone: order[count]. */
void ds_windows_shuffle(const ds_windows *w, uint64_t seed, uint64_t epoch, long *order);

COSTATE_END_DECLS
#endif
