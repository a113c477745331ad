#include <math.h>
#include <string.h>

#include <costate/autodiff/random.h>
#include <costate/models/data.h>

enum { VALIDATES_FROM = 100 }; /* rows; below, every row is needed for fitting */

static const uint64_t stream_of_split = 0x73706c6974u; /* "split" */

mdl_column mdl_track_column(const mdl_data *d, const mdl_track *k, int column, long n)
{
    return (mdl_column){ n, k->t, k->y + column, d->cols };
}

/* Held out: the end of each series, or whole series. At least two rows (one series) remain. */
static ad_status split(mdl_data *d, const mdl_config *c)
{
    int whole = !strcmp(c->split, "series");
    if (whole && c->holdout > 0 && d->count < 2)
        return ad_fail(AD_INVALID, "split=series: there is only one series; use split=time");
    long *order = ad_alloc((size_t)d->count * sizeof *order);
    if (!order) return AD_NO_MEMORY;
    ad_random_permutation((uint64_t)c->seed, stream_of_split, d->count, order);
    long held = lround(c->holdout * (double)d->count);
    if (held > d->count - 1) held = d->count - 1;
    for (int i = 0; i < d->count; i++) {
        mdl_track *k = &d->track[i];
        k->train     = k->len;
        if (!whole) k->train -= lround(c->holdout * (double)k->len);
        if (k->train < 2) k->train = k->len < 2 ? k->len : 2;
    }
    for (long i = 0; whole && i < held; i++) d->track[order[i]].train = 0;
    ad_free(order);
    for (int i = 0; i < d->count; i++) d->train_rows += d->track[i].train;
    d->validates = c->validation > 0 && d->train_rows >= VALIDATES_FROM;
    for (int i = 0; i < d->count; i++) {
        mdl_track *k = &d->track[i];
        k->fit       = k->train;
        if (d->validates) k->fit -= lround(c->validation * (double)k->train);
    }
    if (d->train_rows >= 4) return AD_OK;
    return ad_fail(AD_INVALID, "there are %ld rows to train on; at least 4 are needed",
                   d->train_rows);
}

/* The training part as a set, to take means and deviations of. */
static ad_status fit_units(mdl_data *d, const ds_series_set *set)
{
    ds_series_set part = *set;
    part.series        = ad_alloc((size_t)set->count * sizeof *part.series);
    if (!part.series) return AD_NO_MEMORY;
    for (int i = 0; i < set->count; i++) {
        part.series[i]     = set->series[i];
        part.series[i].len = d->track[i].train;
    }
    ad_status s = ds_normalise_fit(&d->units, &part, DS_TIME_AS_IS);
    d->spacing  = ds_spacing(set);
    ad_free(part.series);
    return s;
}

static ad_status check_values(const ds_series_set *set)
{
    for (int j = 0; j < set->cols; j++) {
        long n = 0;
        for (int i = 0; i < set->count; i++)
            for (long r = 0; r < set->series[i].len; r++) {
                double y = set->series[i].y[r * set->cols + j];
                if (isinf(y))
                    return ad_fail(AD_INVALID, "%s: column %s, row %ld holds an infinite value",
                                   set->source, set->column[j], r + 1);
                n += !isnan(y);
            }
        if (n < 2)
            return ad_fail(AD_INVALID, "%s: column %s has %s", set->source, set->column[j],
                           n ? "a single value" : "no value");
    }
    return AD_OK;
}

static ad_status copy_tracks(mdl_data *d, const ds_series_set *set)
{
    for (int i = 0; i < d->count; i++) {
        mdl_track       *k = &d->track[i];
        const ds_series *s = &set->series[i];
        size_t           n = (size_t)s->len, bytes = sizeof(double);
        k->t      = ad_alloc(n * bytes);
        k->y      = ad_alloc(n * (size_t)d->cols * bytes);
        k->smooth = ad_alloc(n * (size_t)d->cols * bytes);
        k->slope  = ad_alloc(n * (size_t)d->cols * bytes);
        k->curve  = ad_alloc(n * (size_t)d->cols * bytes);
        if (!k->t || !k->y || !k->smooth || !k->slope || !k->curve) return AD_NO_MEMORY;
        for (long r = 0; r < s->len; r++) k->t[r] = ds_normalise_time(d->units, s->t[r]);
        ds_normalise_rows(d->units, s->len, s->y, k->y);
    }
    return AD_OK;
}

/* One smoother a column, from the longest training part. */
static void choose_smoothers(mdl_data *d)
{
    const mdl_track *longest = d->track;
    for (int i = 1; i < d->count; i++)
        if (d->track[i].train > longest->train) longest = &d->track[i];
    for (int j = 0; j < d->cols; j++) {
        mdl_column c = mdl_track_column(d, longest, j, longest->train);
        mdl_smooth_choose(&d->smoother[j], &c);
    }
}

static void smooth_track(mdl_data *d, mdl_track *k)
{
    for (int j = 0; j < d->cols; j++) {
        mdl_column c = mdl_track_column(d, k, j, k->train);
        for (long r = 0; r < k->train; r++) {
            long      at  = r * d->cols + j;
            mdl_local l   = mdl_smooth_at(&d->smoother[j], &c, k->t[r], r);
            k->smooth[at] = isnan(l.value) ? d->middle[j] : l.value;
            k->slope[at]  = l.slope;
            k->curve[at]  = l.curvature;
        }
    }
}

void mdl_state_at(const mdl_data *d, const mdl_track *k, long row, long known, double *state,
                  double *slope)
{
    for (int j = 0; j < d->cols; j++) {
        mdl_column c = mdl_track_column(d, k, j, known);
        mdl_local  l = mdl_smooth_at(&d->smoother[j], &c, k->t[row], row);
        state[j]     = isnan(l.value) ? d->middle[j] : l.value;
        slope[j]     = l.slope;
    }
}

/* Root of the mean square of slope / deviation, over all. */
static double speed(const mdl_data *d)
{
    double sum = 0, n = 0;
    for (int i = 0; i < d->count; i++)
        for (long r = 0; r < d->track[i].train; r++)
            for (int j = 0; j < d->cols; j++) {
                double v = d->track[i].slope[r * d->cols + j] / d->scale[j];
                if (!isfinite(v)) continue;
                sum += v * v;
                n += 1;
            }
    return n > 0 && sum > 0 ? sqrt(sum / n) : 1 / (10 * d->spacing);
}

/* The model's time runs so that the data move by a deviation a unit. */
static void rescale_time(mdl_data *d, double by)
{
    d->units->t_scale = by;
    d->spacing /= by;
    d->pace /= by;
    for (int i = 0; i < d->count; i++) {
        mdl_track *k = &d->track[i];
        for (long r = 0; r < k->len; r++) k->t[r] /= by;
        for (long r = 0; r < k->train * d->cols; r++) {
            k->slope[r] *= by;
            k->curve[r] *= by * by;
        }
    }
}

static void own_units(mdl_data *d)
{
    d->units->t_shift = 0;
    for (int j = 0; j < d->cols; j++) {
        d->scale[j]       = d->units->std[j];
        d->middle[j]      = d->units->mean[j];
        d->units->std[j]  = 1;
        d->units->mean[j] = 0;
    }
}

static ad_status fill(mdl_data *d, const ds_series_set *set, const mdl_config *c, int own)
{
    d->cols     = set->cols;
    d->count    = set->count;
    d->track    = ad_alloc((size_t)d->count * sizeof *d->track);
    d->scale    = ad_alloc((size_t)d->cols * sizeof *d->scale);
    d->middle   = ad_alloc((size_t)d->cols * sizeof *d->middle);
    d->smoother = ad_alloc((size_t)d->cols * sizeof *d->smoother);
    if (!d->track || !d->scale || !d->middle || !d->smoother) return AD_NO_MEMORY;
    AD_TRY(check_values(set));
    d->rows    = ds_rows(set);
    d->missing = ds_missing(set);
    for (int i = 0; i < d->count; i++) {
        d->track[i].len  = set->series[i].len;
        d->track[i].name = set->series[i].name;
    }
    AD_TRY(split(d, c));
    AD_TRY(fit_units(d, set));
    for (int j = 0; j < d->cols; j++) d->scale[j] = 1;
    if (own) own_units(d);
    AD_TRY(copy_tracks(d, set));
    choose_smoothers(d);
    for (int i = 0; i < d->count; i++) smooth_track(d, &d->track[i]);
    d->pace = 1 / speed(d);
    if (!own) rescale_time(d, d->pace);
    return AD_OK;
}

ad_status mdl_data_new(mdl_data **out, const ds_series_set *set, const mdl_config *c, int own)
{
    *out        = NULL;
    mdl_data *d = ad_alloc(sizeof *d);
    if (!d) return AD_NO_MEMORY;
    ad_status s = fill(d, set, c, own);
    if (s)
        mdl_data_free(d);
    else
        *out = d;
    return s;
}

void mdl_data_free(mdl_data *d)
{
    if (!d) return;
    for (int i = 0; d->track && i < d->count; i++) {
        ad_free(d->track[i].t);
        ad_free(d->track[i].y);
        ad_free(d->track[i].smooth);
        ad_free(d->track[i].slope);
        ad_free(d->track[i].curve);
        ad_free(d->track[i].path);
    }
    ad_free(d->track);
    ds_normalise_free(d->units);
    ad_free(d->scale);
    ad_free(d->middle);
    ad_free(d->smoother);
    ad_free(d);
}
