#include <math.h>
#include <string.h>

#include <costate/models/evaluate.h>

enum { MOST = 100 };

/* Rows first .. last - 1 of a track are to be forecast. */
static void range(const mdl_data *d, const mdl_track *k, mdl_part part, long *first, long *last)
{
    *first = k->train;
    *last  = k->len;
    if (part == MDL_HELD_OUT && k->train == 0 && d->count > 1)
        *first = (k->len + 3) / 4; /* a whole series */
    if (part == MDL_HELD_OUT) return;
    *last  = k->train;
    *first = part == MDL_VALIDATION ? k->fit : (k->train + 1) / 2;
    if (part == MDL_VALIDATION && !d->validates) *first = *last;
}

static long longest(const mdl_data *d, mdl_part part)
{
    long most = 0, first, last;
    for (int i = 0; i < d->count; i++) {
        range(d, &d->track[i], part, &first, &last);
        if (first > 0 && last - first > most) most = last - first;
    }
    return most;
}

static long origins_of(const mdl_data *d, int i, mdl_part part, long h)
{
    long first, last;
    range(d, &d->track[i], part, &first, &last);
    return first > 0 && last - first >= h ? last - first - h + 1 : 0;
}

typedef struct judge {
    mdl_score                *s;
    mdl_forecaster           *f;
    const mdl_autoregression *a;
    const mdl_data           *d;
    long                      rows;
    double                   *y, *y0, *sum, *count; /* [h][cols], [dim], [methods][h], [h] */
} judge;

static void add_errors(judge *j, int method, const mdl_track *k, long r)
{
    int cols = j->d->cols;
    for (long i = 0; i < j->s->horizon; i++)
        for (int c = 0; c < cols; c++) {
            double want = k->y[(r + 1 + i) * cols + c],
                   e    = (j->y[i * cols + c] - want) / j->d->scale[c];
            if (isnan(want)) continue;
            j->sum[method * j->s->horizon + i] += isnan(e) ? INFINITY : e * e;
            if (method == MDL_MODEL) j->count[i] += 1;
        }
}

static ad_status from_origin(judge *j, const mdl_track *k, long r)
{
    long          h = j->s->horizon;
    const double *t = k->t + r + 1;
    AD_TRY(mdl_forecast_start(j->f, k, r, j->rows, j->y0));
    ad_status s = mdl_forecast(j->f, k->t[r], j->y0, h, t, j->y, NULL);
    if (s == AD_NO_MEMORY) return s;
    j->s->failed += s != AD_OK;
    add_errors(j, MDL_MODEL, k, r);
    if (!j->a) return AD_OK;
    mdl_persistence_forecast(j->d, k, r, h, j->y);
    add_errors(j, MDL_PERSISTENCE, k, r);
    AD_TRY(mdl_autoregression_forecast(j->a, j->d, k, r, h, t, j->y));
    add_errors(j, MDL_AUTOREGRESSION, k, r);
    return AD_OK;
}

static ad_status all_origins(judge *j, const mdl_judging *o)
{
    const mdl_data *d     = j->d;
    long            total = 0, first, last;
    for (int i = 0; i < d->count; i++) total += origins_of(d, i, o->part, j->s->horizon);
    long n = total < o->origins ? total : o->origins;
    for (long i = 0; i < n; i++) {
        long k = n > 1 ? i * (total - 1) / (n - 1) : 0;
        int  s = 0;
        while (k >= origins_of(d, s, o->part, j->s->horizon))
            k -= origins_of(d, s++, o->part, j->s->horizon);
        range(d, &d->track[s], o->part, &first, &last);
        AD_TRY(from_origin(j, &d->track[s], first - 1 + k));
    }
    j->s->origins = n;
    return AD_OK;
}

static void means(judge *j)
{
    mdl_score *s = j->s;
    for (int m = 0; m < MDL_METHODS; m++) {
        double sum = 0, n = 0;
        for (long i = 0; i < s->horizon; i++) {
            s->curve[m][i] = j->count[i] > 0 ? sqrt(j->sum[m * s->horizon + i] / j->count[i]) : NAN;
            sum += j->sum[m * s->horizon + i];
            n += j->count[i];
        }
        s->error[m] = n > 0 ? sqrt(sum / n) : NAN;
    }
}

ad_status mdl_judge_forecasts(mdl_score **out, mdl_forecaster *f, const mdl_autoregression *a,
                              const mdl_data *d, const mdl_judging *o)
{
    *out         = NULL;
    mdl_score *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    long most  = longest(d, o->part);
    s->horizon = o->horizon ? o->horizon : MOST;
    if (s->horizon > most) s->horizon = most;
    size_t  h = (size_t)s->horizon, dim = (size_t)mdl_forecaster_dim(f);
    double *block = ad_alloc((3 * h + h * (size_t)d->cols + dim + 4 * h + 1) * sizeof *block);
    s->curve[0]   = block;
    if (!block) {
        ad_free(s);
        return AD_NO_MEMORY;
    }
    s->curve[1]   = block + h;
    s->curve[2]   = block + 2 * h;
    double   *sum = block + 3 * h;
    judge     j = { s,   f,          a, d, o->rows, sum + 4 * h, sum + 4 * h + h * (size_t)d->cols,
                    sum, sum + 3 * h };
    ad_status status = s->horizon > 0 ? all_origins(&j, o) : AD_OK;
    if (status) {
        mdl_score_free(s);
        return status;
    }
    means(&j);
    *out = s;
    return AD_OK;
}

void mdl_score_free(mdl_score *s)
{
    if (s) ad_free(s->curve[0]);
    ad_free(s);
}

ad_status mdl_choose_rows(long *rows, mdl_forecaster *f, const mdl_data *d, const mdl_config *c,
                          long window)
{
    static const long trial[] = { 1, 2, 4, 8, 16, 32, 64 };
    double            least   = INFINITY;
    *rows                     = c->assimilate ? c->assimilate : 1;
    for (int i = 0; i < 7 && !c->assimilate && trial[i] <= window; i++) {
        mdl_judging j = { d->validates ? MDL_VALIDATION : MDL_TRAINING, c->horizon, 12, trial[i] };
        mdl_score  *s;
        if (j.horizon == 0 && longest(d, j.part) / 2 < MOST)
            j.horizon = (longest(d, j.part) + 1) / 2;
        AD_TRY(mdl_judge_forecasts(&s, f, NULL, d, &j));
        if (s->origins && s->error[MDL_MODEL] < least) {
            least = s->error[MDL_MODEL];
            *rows = trial[i];
        }
        mdl_score_free(s);
    }
    return AD_OK;
}
