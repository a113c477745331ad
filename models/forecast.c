#include <math.h>
#include <string.h>

#include <costate/models/forecast.h>

#include "linear.h"

enum { NEWTON = 12, STEPS = 4096 };

struct mdl_forecaster {
    const mdl_model *m;
    const mdl_data  *d;
    nde_solver      *solver; /* dim + 1 starts together */
    double          *t, *x, *trial, *rows, *jtj, *jtr;
    void            *y0, *y;
    size_t           room_t; /* times that fit y and t  */
    long             steps;
    double          *step_t, *step_h;
    double          *atol; /* the solver reads it */
};

static int note_step(const nde_attempt *a, void *ctx)
{
    mdl_forecaster *f = ctx;
    if (!a->accepted || f->steps >= STEPS) return 0;
    f->step_t[f->steps]   = a->t;
    f->step_h[f->steps++] = a->h;
    return 0;
}

ad_status mdl_forecaster_new(mdl_forecaster **out, const mdl_model *m, const mdl_data *d,
                             const mdl_config *c)
{
    *out              = NULL;
    mdl_forecaster *f = ad_alloc(sizeof *f);
    if (!f) return AD_NO_MEMORY;
    size_t dim = (size_t)m->dim, x = sizeof(double);
    f->m = m, f->d = d;
    f->x        = ad_alloc(dim * x);
    f->trial    = ad_alloc(dim * x);
    f->rows     = ad_alloc((dim + 1) * dim * x);
    f->jtj      = ad_alloc(2 * dim * dim * x);
    f->jtr      = ad_alloc(3 * dim * x);
    f->y0       = ad_alloc((dim + 1) * dim * x);
    f->step_t   = ad_alloc(STEPS * x);
    f->step_h   = ad_alloc(STEPS * x);
    ad_status s = AD_NO_MEMORY;
    f->atol     = ad_alloc(dim * x);
    if (f->x && f->trial && f->rows && f->jtj && f->jtr && f->y0 && f->step_t && f->step_h &&
        f->atol) {
        double tight = m->ode.type == AD_F32 ? 1e-5 : 1e-6;
        for (int k = 0; k < m->dim; k++) f->atol[k] = 1e-6 * m->size[k];
        nde_options o = { .method      = nde_method(c->method),
                          .rtol        = fmin(tight, c->rtol),
                          .atol_each   = f->atol,
                          .max_steps   = 200000,
                          .observe     = note_step,
                          .observe_ctx = f };
        s             = nde_solver_new(&f->solver, &m->ode, &o, m->dim + 1);
    }
    if (s)
        mdl_forecaster_free(f);
    else
        *out = f;
    return s;
}

void mdl_forecaster_free(mdl_forecaster *f)
{
    if (!f) return;
    nde_solver_free(f->solver);
    ad_free(f->t);
    ad_free(f->x);
    ad_free(f->trial);
    ad_free(f->rows);
    ad_free(f->jtj);
    ad_free(f->jtr);
    ad_free(f->y0);
    ad_free(f->y);
    ad_free(f->step_t);
    ad_free(f->step_h);
    ad_free(f->atol);
    ad_free(f);
}

int mdl_forecaster_dim(const mdl_forecaster *f)
{
    return f->m->dim;
}

static ad_status reserve(mdl_forecaster *f, size_t times)
{
    if (times <= f->room_t) return AD_OK;
    ad_free(f->t);
    ad_free(f->y);
    f->room_t = 0;
    f->t      = ad_alloc(times * sizeof(double));
    f->y      = ad_alloc(times * (size_t)((f->m->dim + 1) * f->m->dim) * sizeof(double));
    if (!f->t || !f->y) return AD_NO_MEMORY;
    f->room_t = times;
    return AD_OK;
}

/* Solves from n starts f->rows over f->t[0 .. times). */
static ad_status solve(mdl_forecaster *f, long n, long times)
{
    f->steps = 0;
    mdl_pack(f->m, n, f->rows, f->y0);
    return nde_solve(
        f->solver,
        &(nde_solve_args){
            .n = n, .times = (int)times, .t = f->t, .y0 = f->y0, .theta = f->m->theta, .y = f->y });
}

static void state_of(const mdl_forecaster *f, long n, long time)
{
    size_t state = (size_t)(n * f->m->dim) * ad_type_size(f->m->ode.type);
    mdl_unpack(f->m, n, (char *)f->y + (size_t)time * state, f->rows);
}

ad_status mdl_forecast(mdl_forecaster *f, double t0, const double *y0, long n, const double *t,
                       double *y, double *all)
{
    const mdl_model *m = f->m;
    AD_TRY(reserve(f, (size_t)n + 1));
    f->t[0] = t0;
    memcpy(f->t + 1, t, (size_t)n * sizeof *t);
    memcpy(f->rows, y0, (size_t)m->dim * sizeof *y0);
    for (long i = 0; i < n * m->cols; i++) y[i] = NAN;
    ad_status s = solve(f, 1, n + 1);
    for (long i = 0; i < n; i++) {
        state_of(f, 1, i + 1);
        if (all) memcpy(all + i * m->dim, f->rows, (size_t)m->dim * sizeof *all);
        for (int j = 0; j < m->cols; j++) y[i * m->cols + j] = f->rows[m->shown[j]];
    }
    return s;
}

long mdl_forecast_steps(const mdl_forecaster *f, const double **t, const double **h)
{
    *t = f->step_t;
    *h = f->step_h;
    return f->steps;
}

/* --- the start --- */

typedef struct newton {
    const mdl_track *k;
    long             s, r; /* rows */
    const double    *x0;
    double           change; /* of a component, in its size, for the Jacobian */
} newton;

/* (1) at f->trial alone. */
static double cost(mdl_forecaster *f, const newton *w)
{
    const mdl_model *m   = f->m;
    double           sum = 0;
    memcpy(f->rows, f->trial, (size_t)m->dim * sizeof(double));
    if (solve(f, 1, w->r - w->s + 1)) return INFINITY;
    for (long i = w->s; i <= w->r; i++) {
        state_of(f, 1, i - w->s);
        for (int j = 0; j < m->cols; j++) {
            double e = (f->rows[m->shown[j]] - w->k->y[i * m->cols + j]) / f->d->scale[j];
            if (!isnan(w->k->y[i * m->cols + j])) sum += e * e;
        }
    }
    for (int k = 0; k < m->dim; k++) {
        double e = (f->trial[k] - w->x0[k]) / m->size[k];
        sum += 1e-3 * e * e;
    }
    return isnan(sum) ? INFINITY : sum;
}

/* J'J and J'r of (1) at f->x, in units of size. */
static ad_status normal_equations(mdl_forecaster *f, const newton *w)
{
    const mdl_model *m   = f->m;
    int              dim = m->dim;
    double          *g   = f->jtr + 2 * dim;
    memset(f->jtj, 0, (size_t)(dim * dim) * sizeof(double));
    memset(f->jtr, 0, (size_t)dim * sizeof(double));
    for (int i = 0; i <= dim; i++)
        for (int k = 0; k < dim; k++)
            f->rows[i * dim + k] = f->x[k] + (i == k + 1 ? w->change * m->size[k] : 0);
    AD_TRY(solve(f, dim + 1, w->r - w->s + 1));
    for (long i = w->s; i <= w->r; i++) {
        state_of(f, dim + 1, i - w->s);
        for (int j = 0; j < m->cols; j++) {
            int    c = m->shown[j];
            double y = w->k->y[i * m->cols + j], e = (f->rows[c] - y) / f->d->scale[j];
            if (isnan(y)) continue;
            for (int k = 0; k < dim; k++)
                g[k] = (f->rows[(k + 1) * dim + c] - f->rows[c]) / (w->change * f->d->scale[j]);
            for (int k = 0; k < dim; k++) {
                f->jtr[k] -= g[k] * e;
                for (int l = 0; l < dim; l++) f->jtj[k * dim + l] += g[k] * g[l];
            }
        }
    }
    for (int k = 0; k < dim; k++) {
        f->jtj[k * dim + k] += 1e-3;
        f->jtr[k] -= 1e-3 * (f->x[k] - w->x0[k]) / m->size[k];
    }
    return AD_OK;
}

static ad_status iterate(mdl_forecaster *f, const newton *w)
{
    const mdl_model *m   = f->m;
    int              dim = m->dim;
    double           now, damping = 1e-3;
    double          *a = f->jtj + dim * dim, *b = f->jtr + dim;
    memcpy(f->trial, f->x, (size_t)dim * sizeof(double));
    now = cost(f, w);
    for (int i = 0; i < NEWTON && isfinite(now); i++) {
        AD_TRY(normal_equations(f, w));
        double next = INFINITY;
        for (; damping < 1e6; damping *= 10) {
            memcpy(a, f->jtj, (size_t)(dim * dim) * sizeof(double));
            memcpy(b, f->jtr, (size_t)dim * sizeof(double));
            if (!mdl_solve_spd(dim, a, damping, 1, b)) continue;
            for (int k = 0; k < dim; k++) f->trial[k] = f->x[k] + m->size[k] * b[k];
            next = cost(f, w);
            if (next < now) break;
        }
        if (!(next < now)) break;
        memcpy(f->x, f->trial, (size_t)dim * sizeof(double));
        int done = now - next < 1e-6 * now;
        now      = next;
        damping *= 0.1;
        if (done) break;
    }
    return isfinite(now) ? AD_OK : AD_NONFINITE_STATE;
}

static ad_status smoothed(mdl_forecaster *f, const mdl_track *k, long row, long known, double *y0)
{
    size_t  n     = (size_t)f->m->cols;
    double *state = ad_alloc(2 * n * sizeof *state);
    if (!state) return AD_NO_MEMORY;
    mdl_state_at(f->d, k, row, known, state, state + n);
    mdl_model_start(f->m, state, state + n, y0);
    ad_free(state);
    for (int c = 0; k->path && c < f->m->dim; c++) {
        int shown = 0;
        for (int j = 0; j < f->m->cols; j++) shown |= f->m->shown[j] == c;
        if (!shown) y0[c] = k->path[row * f->m->dim + c];
    }
    return AD_OK;
}

static ad_status path_of(mdl_forecaster *f, mdl_track *k, const double *y0)
{
    int     dim = f->m->dim;
    size_t  n   = (size_t)k->len;
    double *y   = ad_alloc(n * (size_t)f->m->cols * sizeof *y);
    ad_free(k->path);
    k->path = ad_alloc(n * (size_t)dim * sizeof *k->path);
    if (!y || !k->path) {
        ad_free(y);
        return AD_NO_MEMORY;
    }
    memcpy(k->path, y0, (size_t)dim * sizeof *y0);
    ad_status s = mdl_forecast(f, k->t[0], y0, k->len - 1, k->t + 1, y, k->path + dim);
    ad_free(y);
    if (s) {
        ad_free(k->path);
        k->path = NULL;
    }
    return s == AD_NO_MEMORY ? s : AD_OK;
}

ad_status mdl_forecast_paths(mdl_forecaster *f, mdl_data *d)
{
    const mdl_model *m = f->m;
    for (int i = 0; i < d->count && m->start >= 0; i++) {
        for (int c = 0; c < m->dim; c++)
            f->trial[c] = mdl_get(m->ode.type, m->theta, m->start + i * m->dim + c);
        if (d->track[i].train >= 2) AD_TRY(path_of(f, &d->track[i], f->trial));
    }
    return AD_OK;
}

ad_status mdl_forecast_start(mdl_forecaster *f, const mdl_track *k, long r, long rows, double *y0)
{
    const mdl_model *m = f->m;
    long             s = r - rows + 1 > 0 ? r - rows + 1 : 0;
    AD_TRY(smoothed(f, k, r, r + 1, y0));
    if (s >= r) return AD_OK;
    double *x0 = ad_alloc((size_t)m->dim * sizeof *x0);
    if (!x0) return AD_NO_MEMORY;
    ad_status status = reserve(f, (size_t)(r - s + 1));
    if (!status) status = smoothed(f, k, s, r + 1, x0);
    if (!status) {
        newton w = { k, s, r, x0, m->ode.type == AD_F32 ? 1e-2 : 1e-4 };
        memcpy(f->t, k->t + s, (size_t)(r - s + 1) * sizeof(double));
        memcpy(f->x, x0, (size_t)m->dim * sizeof(double));
        status = iterate(f, &w);
        if (!status) memcpy(f->rows, f->x, (size_t)m->dim * sizeof(double));
        if (!status) status = solve(f, 1, r - s + 1);
        if (!status) {
            state_of(f, 1, r - s);
            memcpy(y0, f->rows, (size_t)m->dim * sizeof(double));
        }
    }
    ad_free(x0);
    return status == AD_NO_MEMORY ? status : AD_OK;
}
