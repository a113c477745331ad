#include <math.h>
#include <stdio.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/datasets/generate.h>

/* The classical Runge-Kutta step. */
static void rk4(const ds_system *s, double h, const double *y, double *y1)
{
    double k[4][DS_DIM] = { { 0 } }, z[DS_DIM];
    s->field(y, k[0]);
    for (int i = 0; i < s->dim; i++) z[i] = y[i] + h / 2 * k[0][i];
    s->field(z, k[1]);
    for (int i = 0; i < s->dim; i++) z[i] = y[i] + h / 2 * k[1][i];
    s->field(z, k[2]);
    for (int i = 0; i < s->dim; i++) z[i] = y[i] + h * k[2][i];
    s->field(z, k[3]);
    for (int i = 0; i < s->dim; i++)
        y1[i] = y[i] + h / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
}

/* Step doubling (Hairer, Norsett, Wanner I, II.4): two half steps w and one whole y1 differ by d = w - y1, the error of w
   is about d / 15, and w + d / 15 is of order 5. Returns the greatest |d / 15| / (1 + |w|). */
static double doubled(const ds_system *s, double h, const double *y, double *out)
{
    double whole[DS_DIM], half[DS_DIM], error = 0;
    rk4(s, h, y, whole);
    rk4(s, h / 2, y, half);
    rk4(s, h / 2, half, out);
    for (int i = 0; i < s->dim; i++) {
        double d = (out[i] - whole[i]) / 15;
        error    = fmax(error, fabs(d) / (1 + fabs(out[i])));
        out[i] += d;
    }
    return error;
}

/* From y over an interval, in place; *h is the step to try first and next time. */
static void advance(const ds_system *s, double interval, double *h, double *y)
{
    const double tolerance = 1e-13;
    double       done      = 0, y1[DS_DIM];
    while (done < interval) {
        double step  = fmin(*h, interval - done);
        int    last  = step == interval - done;
        double error = doubled(s, step, y, y1);
        double scale = 0.9 * pow(tolerance / fmax(error, 1e-16), 0.2);
        double next  = step * fmin(4, fmax(0.2, scale));
        if (error > tolerance && step > 1e-9 * interval) {
            *h = next;
            continue;
        }
        for (int i = 0; i < s->dim; i++) y[i] = y1[i];
        if (!last || next > *h) *h = next;
        done = last ? interval : done + step;
    }
}

static void run(const ds_system *s, double t1, uint64_t seed, int series, ds_series *out)
{
    double y[DS_DIM], u[DS_DIM], h = 1e-3;
    ad_random_uniform(AD_F64, seed, 2 * (uint64_t)series, 0, s->dim, u);
    for (int i = 0; i < s->dim; i++)
        y[i] = series ? s->low[i] + (s->high[i] - s->low[i]) * u[i] : s->y0[i];
    for (long k = 0; k < out->len; k++) {
        out->t[k] = t1 * (double)k / (double)(out->len - 1);
        if (k) advance(s, out->t[k] - out->t[k - 1], &h, y);
        for (int i = 0; i < s->dim; i++) out->y[k * s->dim + i] = y[i];
    }
}

/* Adds noise of the given deviation, in units of each series' own, to column j. */
static void add_noise(ds_series *s, int cols, int j, double noise, const double *normal)
{
    double mean = 0, square = 0;
    for (long k = 0; k < s->len; k++) mean += s->y[k * cols + j] / (double)s->len;
    for (long k = 0; k < s->len; k++) square += pow(s->y[k * cols + j] - mean, 2) / (double)s->len;
    for (long k = 0; k < s->len; k++)
        s->y[k * cols + j] += noise * sqrt(square) * normal[k * cols + j];
}

static ad_status fill(ds_series_set *set, const ds_system *s, const ds_make_options *o, long n,
                      double t1)
{
    for (int j = 0; j < s->dim; j++) {
        set->column[j] = ad_strdup(s->column[j]);
        if (!set->column[j]) return AD_NO_MEMORY;
    }
    double *normal = ad_alloc((size_t)(n * s->dim) * sizeof *normal);
    if (!normal) return AD_NO_MEMORY;
    ad_status status = AD_OK;
    for (int i = 0; i < set->count && !status; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i + 1);
        status = ds_series_new(set, i, name, n);
        if (status) break;
        run(s, t1, o->seed, i, &set->series[i]);
        ad_random_normal(AD_F64, o->seed, 2 * (uint64_t)i + 1, 0, n * s->dim, normal);
        for (int j = 0; j < s->dim && o->noise > 0; j++)
            add_noise(&set->series[i], s->dim, j, o->noise, normal);
    }
    ad_free(normal);
    return status;
}

ad_status ds_generate(ds_series_set **out, const ds_system *s, const ds_make_options *o)
{
    long   n  = o->n ? o->n : s->n;
    double t1 = o->t1 != 0 ? o->t1 : s->t1;
    *out      = NULL;
    if (n < 2 || n > 100000000 || !(t1 > 0) || !(t1 <= 1e4) || !(o->noise >= 0) ||
        !isfinite(o->noise) || o->series < 0)
        return ad_fail(
            AD_INVALID,
            "%s: n=%ld, t1=%g, noise=%g, series=%d cannot be made; n is from 2, t1 above 0 and at "
            "most 10000, noise from 0, series from 1",
            s->name, n, t1, o->noise, o->series);
    ds_series_set *set;
    AD_TRY(ds_series_set_new(&set, s->name, "t", s->dim, o->series ? o->series : 1));
    ad_status status = fill(set, s, o, n, t1);
    if (!status)
        status = ds_note(set, "generated: %ld points to t = %g, noise %g, seed %llu", n, t1,
                         o->noise, (unsigned long long)o->seed);
    if (status)
        ds_series_set_free(set);
    else
        *out = set;
    return status;
}
