#include <math.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/normalise.h>

ad_status ds_normalise_new(ds_normalise **out, int cols)
{
    *out            = NULL;
    ds_normalise *n = ad_alloc(sizeof *n);
    if (!n) return AD_NO_MEMORY;
    n->cols    = cols;
    n->t_scale = 1;
    n->mean    = ad_alloc((size_t)cols * sizeof *n->mean);
    n->std     = ad_alloc((size_t)cols * sizeof *n->std);
    if (!n->mean || !n->std) {
        ds_normalise_free(n);
        return AD_NO_MEMORY;
    }
    for (int j = 0; j < cols; j++) n->std[j] = 1;
    *out = n;
    return AD_OK;
}

void ds_normalise_free(ds_normalise *n)
{
    if (!n) return;
    ad_free(n->mean);
    ad_free(n->std);
    ad_free(n);
}

/* The power of two next to the column's largest number: squares of what is divided by it neither overflow nor vanish. */
static double size_of(const ds_series_set *set, int j)
{
    double most = 0;
    int    e    = 0;
    for (int i = 0; i < set->count; i++)
        for (long r = 0; r < set->series[i].len; r++)
            most = fmax(most, fabs(set->series[i].y[r * set->cols + j])); /* fmax passes over NaN */
    frexp(most, &e);
    return most > 0 ? ldexp(1, e < 1000 ? e : 1000) : 1;
}

/* Mean and deviation of column j by Welford's recurrence (1962), which does not cancel: m += (y - m) / k and
   s += (y - m_old)(y - m_new). */
static void fit_column(ds_normalise *n, const ds_series_set *set, int j)
{
    double m = 0, s = 0, k = 0, size = size_of(set, j);
    for (int i = 0; i < set->count; i++)
        for (long r = 0; r < set->series[i].len; r++) {
            double y = set->series[i].y[r * set->cols + j] / size;
            if (isnan(y)) continue;
            double step = y - m;
            k += 1;
            m += step / k;
            s += step * (y - m);
        }
    double std = k > 0 ? sqrt(s / k) : 0;
    n->mean[j] = m * size;
    n->std[j]  = std > 1e-12 * fabs(m) ? std * size : 1; /* constant but for rounding */
}

/* Root of the mean of (dz/dt)^2 over all neighbouring rows and columns where both values are there. */
static double speed(const ds_normalise *n, const ds_series_set *set)
{
    double sum = 0, k = 0;
    for (int i = 0; i < set->count; i++) {
        const ds_series *s = &set->series[i];
        for (long r = 1; r < s->len; r++)
            for (int j = 0; j < set->cols; j++) {
                const double *y = &s->y[r * set->cols + j];
                double        v = (y[0] - y[-set->cols]) / n->std[j] / (s->t[r] - s->t[r - 1]);
                if (!isfinite(v)) continue;
                sum += v * v;
                k += 1;
            }
    }
    return k > 0 ? sqrt(sum / k) : 0;
}

static double longest(const ds_series_set *set)
{
    double span = 0;
    for (int i = 0; i < set->count; i++) {
        const ds_series *s = &set->series[i];
        if (s->len) span = fmax(span, s->t[s->len - 1] - s->t[0]);
    }
    return span;
}

static double time_scale(const ds_normalise *n, const ds_series_set *set, ds_time_scale scale)
{
    switch (scale) {
    case DS_TIME_SPEED: return 1 / speed(n, set);
    case DS_TIME_SPACING: return ds_spacing(set);
    case DS_TIME_SPAN: return longest(set);
    default: return 1;
    }
}

ad_status ds_normalise_fit(ds_normalise **out, const ds_series_set *set, ds_time_scale scale)
{
    AD_TRY(ds_normalise_new(out, set->cols));
    ds_normalise *n = *out;
    for (int j = 0; j < set->cols; j++) fit_column(n, set, j);
    double start = INFINITY;
    for (int i = 0; i < set->count; i++)
        if (set->series[i].len) start = fmin(start, set->series[i].t[0]);
    n->t_shift = isfinite(start) ? start : 0;
    n->t_scale = time_scale(n, set, scale);
    if (!isfinite(n->t_scale) || n->t_scale <= 0) n->t_scale = ds_spacing(set); /* nothing moves */
    if (!isfinite(n->t_scale) || n->t_scale <= 0) n->t_scale = 1;
    return AD_OK;
}

void ds_normalise_rows(const ds_normalise *n, long rows, const double *in, double *out)
{
    for (long r = 0; r < rows; r++)
        for (int j = 0; j < n->cols; j++, in++, out++) *out = (*in - n->mean[j]) / n->std[j];
}

void ds_normalise_undo_rows(const ds_normalise *n, long rows, const double *in, double *out)
{
    for (long r = 0; r < rows; r++)
        for (int j = 0; j < n->cols; j++, in++, out++) *out = *in * n->std[j] + n->mean[j];
}

double ds_normalise_time(const ds_normalise *n, double t)
{
    return (t - n->t_shift) / n->t_scale;
}

double ds_normalise_undo_time(const ds_normalise *n, double s)
{
    return s * n->t_scale + n->t_shift;
}

static ad_status same_columns(const ds_normalise *n, const ds_series_set *set)
{
    if (n->cols == set->cols) return AD_OK;
    return ad_fail(AD_BAD_SHAPE, "%s has %d columns, but the normalisation was fitted on %d",
                   set->source, set->cols, n->cols);
}

ad_status ds_normalise_apply(const ds_normalise *n, ds_series_set *set)
{
    AD_TRY(same_columns(n, set));
    for (int i = 0; i < set->count; i++) {
        ds_series *s = &set->series[i];
        ds_normalise_rows(n, s->len, s->y, s->y);
        for (long k = 0; k < s->len; k++) s->t[k] = ds_normalise_time(n, s->t[k]);
    }
    return AD_OK;
}

ad_status ds_normalise_undo(const ds_normalise *n, ds_series_set *set)
{
    AD_TRY(same_columns(n, set));
    for (int i = 0; i < set->count; i++) {
        ds_series *s = &set->series[i];
        ds_normalise_undo_rows(n, s->len, s->y, s->y);
        for (long k = 0; k < s->len; k++) s->t[k] = ds_normalise_undo_time(n, s->t[k]);
    }
    return AD_OK;
}
