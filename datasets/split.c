#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/datasets/split.h>

/* Rows from .. to - 1 of a series. */
typedef struct part {
    int  series;
    long from, to;
} part;

static ad_status copy_parts(ds_series_set **out, const ds_series_set *set, const part *p, int n)
{
    AD_TRY(ds_series_set_like(out, set, n));
    for (int i = 0; i < n; i++) {
        const ds_series *from   = &set->series[p[i].series];
        long             len    = p[i].to - p[i].from;
        ad_status        status = ds_series_new(*out, i, from->name, len);
        if (status) {
            ds_series_set_free(*out);
            *out = NULL;
            return status;
        }
        ds_series *to = &(*out)->series[i];
        memcpy(to->t, from->t + p[i].from, (size_t)len * sizeof *to->t);
        memcpy(to->y, from->y + p[i].from * set->cols,
               (size_t)len * (size_t)set->cols * sizeof *to->y);
    }
    return AD_OK;
}

static ad_status copy_both(const ds_series_set *set, const part *a, int n, const part *b, int m,
                           ds_series_set **train, ds_series_set **rest)
{
    AD_TRY(copy_parts(train, set, a, n));
    ad_status status = copy_parts(rest, set, b, m);
    if (status) {
        ds_series_set_free(*train);
        *train = NULL;
    }
    return status;
}

/* Splits series i after cut(set, i, ctx) rows. */
typedef long cut_rule(const ds_series_set *set, int i, double by);

static ad_status split_rows(const ds_series_set *set, cut_rule *cut, double by,
                            ds_series_set **train, ds_series_set **rest)
{
    part *p = ad_alloc(2 * (size_t)set->count * sizeof *p), *q = p + set->count;
    int   n = 0, m = 0;
    *train = *rest = NULL;
    if (!p) return AD_NO_MEMORY;
    for (int i = 0; i < set->count; i++) {
        long k = cut(set, i, by), len = set->series[i].len;
        if (k >= 2) p[n++] = (part){ i, 0, k };
        if (k < len) q[m++] = (part){ i, k, len };
    }
    ad_status status;
    char      text[DS_CLOCK_TEXT];
    if (n && m)
        status = copy_both(set, p, n, q, m, train, rest);
    else if (cut(set, 0, by) >= 2 || !n)
        status = ad_fail(AD_INVALID,
                         "%s: the split leaves %s; its first series has %ld rows from %s",
                         set->source, n ? "nothing to hold out" : "less than two rows to train on",
                         set->series[0].len, ds_clock_text(&set->clock, set->series[0].t[0], text));
    else
        status = ad_fail(AD_INVALID, "%s: the split leaves nothing to hold out", set->source);
    ad_free(p);
    return status;
}

static long by_fraction(const ds_series_set *set, int i, double held_out)
{
    long len = set->series[i].len;
    return len - lround(held_out * (double)len);
}

static long by_time(const ds_series_set *set, int i, double t)
{
    const ds_series *s = &set->series[i];
    long             k = 0;
    while (k < s->len && s->t[k] <= t) k++;
    return k;
}

static ad_status check_fraction(const ds_series_set *set, double held_out)
{
    if (held_out > 0 && held_out < 1) return AD_OK;
    return ad_fail(AD_INVALID,
                   "%s: %g cannot be held out; give a fraction between 0 and 1, such as 0.25",
                   set->source, held_out);
}

ad_status ds_split_fraction(const ds_series_set *set, double held_out, ds_series_set **train,
                            ds_series_set **rest)
{
    AD_TRY(check_fraction(set, held_out));
    return split_rows(set, by_fraction, held_out, train, rest);
}

ad_status ds_split_time(const ds_series_set *set, double t, ds_series_set **train,
                        ds_series_set **rest)
{
    if (isnan(t)) return ad_fail(AD_INVALID, "%s: the time to split at is NaN", set->source);
    return split_rows(set, by_time, t, train, rest);
}

ad_status ds_split_series(const ds_series_set *set, double held_out, uint64_t seed,
                          ds_series_set **train, ds_series_set **rest)
{
    *train = *rest = NULL;
    AD_TRY(check_fraction(set, held_out));
    long out = lround(held_out * set->count);
    if (out < 1 || out >= set->count)
        return ad_fail(
            AD_INVALID,
            "%s has %d series: holding out %g of them leaves nothing on one side; split by time "
            "instead",
            set->source, set->count, held_out);
    size_t    n      = (size_t)set->count;
    long     *order  = ad_alloc(n * sizeof *order);
    char     *is_out = ad_alloc(n);
    part     *p      = ad_alloc(2 * n * sizeof *p);
    ad_status status = order && is_out && p ? AD_OK : AD_NO_MEMORY;
    if (!status) {
        part *q = p + n;
        int   a = 0, b = 0;
        ad_random_permutation(seed, 0, set->count, order);
        for (long i = 0; i < out; i++) is_out[order[i]] = 1;
        for (int i = 0; i < set->count; i++) {
            part whole = { i, 0, set->series[i].len };
            if (is_out[i])
                q[b++] = whole;
            else
                p[a++] = whole;
        }
        status = copy_both(set, p, a, q, b, train, rest);
    }
    ad_free(order);
    ad_free(is_out);
    ad_free(p);
    return status;
}

/* Writes the windows of a series behind w (NULL: only counts them). */
static long cut_series(const ds_series *s, int i, long length, long stride, long shortest,
                       ds_window *w)
{
    if (s->len < length) {
        if (s->len < shortest) return 0;
        if (w) *w = (ds_window){ i, 0, s->len };
        return 1;
    }
    long n = 0, last = s->len - length;
    for (long start = 0; start <= last; start += stride, n++)
        if (w) w[n] = (ds_window){ i, start, length };
    if (last % stride == 0) return n;
    if (w) w[n] = (ds_window){ i, last, length };
    return n + 1;
}

ad_status ds_windows_cut(ds_windows **out, const ds_series_set *set, long length, long stride,
                         long shortest)
{
    long count = 0;
    *out       = NULL;
    if (length < 2 || stride < 1)
        return ad_fail(
            AD_INVALID,
            "windows of %ld rows, %ld apart, cannot be cut; at least 2 rows and 1 are needed",
            length, stride);
    if (shortest < 2) shortest = 2;
    for (int i = 0; i < set->count; i++)
        count += cut_series(&set->series[i], i, length, stride, shortest, NULL);
    if (!count)
        return ad_fail(AD_INVALID, "%s: no series has the %ld rows of the shortest window",
                       set->source, shortest);
    ds_windows *w = ad_alloc(sizeof *w);
    if (!w) return AD_NO_MEMORY;
    w->at = ad_alloc((size_t)count * sizeof *w->at);
    if (!w->at) {
        ad_free(w);
        return AD_NO_MEMORY;
    }
    for (int i = 0; i < set->count; i++)
        w->count += cut_series(&set->series[i], i, length, stride, shortest, w->at + w->count);
    *out = w;
    return AD_OK;
}

void ds_windows_free(ds_windows *w)
{
    if (!w) return;
    ad_free(w->at);
    ad_free(w);
}

void ds_windows_shuffle(const ds_windows *w, uint64_t seed, uint64_t epoch, long *order)
{
    ad_random_permutation(seed, epoch, w->count, order);
}
