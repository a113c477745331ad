/* fit_step.c - an iteration: windows drawn, solved, pulled back; a parameter step. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/random.h>

#include "collocate.h"
#include "fit_internal.h"

static const uint64_t stream_of_windows = 0x77696e646f77u, /* "window" */
    stream_of_terms                     = 0x7465726d73u;   /* "terms": what regularizers draw */

/* 3 rows at p = 0, the longest window from p = 1/2 on, geometrically between. */
long mdl_fit_horizon(const mdl_fit *f)
{
    double p = fmin(1, 2 * f->number[FIT_FRACTION]);
    return lround((double)f->first * pow((double)f->window / (double)f->first, p));
}

static long starts_of(const mdl_fit *f, int series, long h)
{
    long rows = f->last[series];
    return rows < 2 ? 0 : rows <= h ? 1 : rows - h + 1;
}

/* Windows are a function of seed, iteration and their number alone. */
static long draw(mdl_fit *f, long h)
{
    long total = 0, n = 0;
    for (int i = 0; i < f->d->count; i++) total += starts_of(f, i, h);
    n = total < f->batch->capacity ? total : f->batch->capacity;
    for (long i = 0; i < n; i++) {
        uint64_t element = (uint64_t)f->iteration * (uint64_t)f->batch->capacity + (uint64_t)i;
        uint64_t bits    = ad_random_bits(f->seed, stream_of_windows, element);
        long     k       = total <= n ? i : (long)(bits % (uint64_t)total);
        int      s       = 0;
        while (k >= starts_of(f, s, h)) k -= starts_of(f, s++, h);
        f->batch->at[i] = (mdl_window){ s, k };
    }
    return n;
}

/* Fitted starts: whole series from their first row. */
static long draw_series(mdl_fit *f)
{
    long n = 0;
    for (int i = 0; i < f->d->count && n < f->batch->capacity; i++) {
        int s = (int)((i + f->iteration * f->batch->capacity) % f->d->count);
        if (f->last[s] >= 2) f->batch->at[n++] = (mdl_window){ s, 0 };
    }
    return n;
}

static void start_states(mdl_fit *f, long n)
{
    const mdl_model *m = f->m;
    for (long i = 0; i < n; i++) {
        mdl_window       w  = f->batch->at[i];
        const mdl_track *k  = &f->d->track[w.series];
        double          *y0 = f->batch->start + i * m->dim;
        long             at = w.row * m->cols;
        if (!f->fitted) mdl_model_start(m, k->smooth + at, k->slope + at, y0);
        for (int j = 0; f->fitted && j < m->dim; j++)
            y0[j] = mdl_get(m->ode.type, m->theta, m->start + w.series * m->dim + j);
    }
}

/* The starts' cotangent joins that of the other parameters. */
static void add_start_bar(mdl_fit *f)
{
    const mdl_model *m = f->m;
    mdl_unpack(m, f->batch->n, f->batch->y0_bar, f->batch->row);
    for (long i = 0; i < f->batch->n; i++)
        for (int k = 0; k < m->dim; k++)
            mdl_put(m->ode.type, f->theta_bar, m->start + f->batch->at[i].series * m->dim + k,
                    f->batch->row[i * m->dim + k]);
}

static void count_work(mdl_fit *f)
{
    const nde_stats *s = adj_solver_stats(reg_adjoint(f->solver));
    f->p.nfe           = s->nfe;
    f->p.accepted      = s->accepted;
    f->p.rejected      = s->rejected;
}

/* The windows solved with the regularizers at work. */
static ad_status solve_windows(mdl_fit *f)
{
    nde_solve_args a    = mdl_batch_args(f->batch, f->m->theta);
    double         p    = f->number[FIT_FRACTION];
    uint64_t       draw = ad_random_bits(f->seed, stream_of_terms, (uint64_t)f->iteration);
    return reg_solve(f->solver, &a, (reg_progress){ p, p }, draw);
}

/* Their values, and, as often as validation, the norms of their gradients. */
static ad_status note_terms(mdl_fit *f)
{
    if (f->terms && f->iteration % f->c->every == 0) AD_TRY(reg_measure(f->solver));
    f->p.terms = f->terms;
    for (int i = 0; i < f->terms; i++) f->p.term[i] = *reg_result_of(f->solver, i);
    return AD_OK;
}

static ad_status gradient(mdl_fit *f, long h, double *loss)
{
    const mdl_model *m = f->m;
    long             n = f->fitted ? draw_series(f) : draw(f, h);
    start_states(f, n);
    mdl_batch_gather(f->batch, n, h, f->last, f->fitted);
    ad_status s = solve_windows(f);
    count_work(f);
    if (s) return s;
    *loss = mdl_batch_loss(f->batch, f->loss, 1);
    if (!isfinite(*loss + reg_value(f->solver)))
        return ad_fail(AD_NONFINITE_STATE, "the loss%s is not finite",
                       f->terms ? " with its regularizers" : "");
    AD_TRY(note_terms(f));
    memset(f->theta_bar, 0, (size_t)m->count * ad_type_size(m->ode.type));
    adj_cotangents bar = { .y_bar     = f->batch->y_bar,
                           .y0_bar    = f->fitted ? f->batch->y0_bar : NULL,
                           .theta_bar = f->theta_bar };
    AD_TRY(reg_pullback(f->solver, &bar));
    if (f->fitted) add_start_bar(f);
    return AD_OK;
}

static int can_go_on(ad_status s)
{
    return s == AD_NONFINITE_STATE || s == AD_NONFINITE_FIELD || s == AD_STEP_LIMIT ||
           s == AD_STEP_UNDERFLOW;
}

/* A solve that fails says that the model is not fit for that horizon yet: try half of it, down to two rows. */
static ad_status solve(mdl_fit *f, double *loss)
{
    ad_status s = AD_OK;
    for (long h = mdl_fit_horizon(f);; h /= 2) {
        f->p.horizon = h;
        s            = gradient(f, h, loss);
        if (s == AD_OK || !can_go_on(s)) return s;
        f->failures++;
        *loss = NAN;
        if (h < 4) return s;
    }
}

/* Back to what was kept, at half the rate. */
static void retreat(mdl_fit *f)
{
    memcpy(f->m->theta, f->kept, (size_t)f->m->count * ad_type_size(f->m->ode.type));
    f->number[FIT_CUT] *= 0.5;
    f->in_a_row++;
}

/* Loshchilov and Hutter 2019: off the weights, not part of the gradient. */
static void decay(mdl_fit *f, double rate)
{
    mdl_model *m = f->m;
    double     c = 1 - rate * f->c->weight_decay;
    for (long i = 0; c != 1 && i < m->count; i++)
        if (m->decays[i]) mdl_put(m->ode.type, m->theta, i, c * mdl_get(m->ode.type, m->theta, i));
}

/* Which parameters has a gradient reached yet? */
static void note_moved(mdl_fit *f)
{
    const ad_params *p = f->m->params;
    for (int v = 0; v < ad_params_views(p); v++) {
        const ad_param_view *view = ad_params_view(p, v);
        for (long i = 0; !f->moved[v] && i < ad_elements(view->shape); i++)
            f->moved[v] = mdl_get(f->m->ode.type, f->theta_bar, view->offset + i) != 0;
    }
}

const char *mdl_fit_unmoved(const mdl_fit *f, int i)
{
    const ad_params *p = f->m->params;
    if (f->iteration == f->from) return NULL; /* nothing was tried */
    for (int v = 0; v < ad_params_views(p); v++)
        if (!f->moved[v] && i-- == 0) return ad_params_view(p, v)->name;
    return NULL;
}

ad_status mdl_fit_step(mdl_fit *f, double *loss)
{
    mdl_model *m = f->m;
    *loss        = NAN;
    ad_status s  = solve(f, loss);
    if (s == AD_OK) {
        long   i = lround(f->number[FIT_FRACTION] * (double)f->c->iterations);
        double r = ad_schedule_factor(&f->schedule, i) * f->number[FIT_CUT];
        note_moved(f);
        mdl_to_steps(m, m->theta, f->theta_bar);
        s = ad_optim_step(f->optim, r, m->theta, f->theta_bar);
        mdl_from_steps(m, m->theta);
        f->p.gradient_norm = f->optim->norm;
        f->p.rate          = r * f->optim->o.rate;
        if (!s) decay(f, f->p.rate);
        if (s) f->failures++;
    }
    f->p.status = s;
    if (s && !can_go_on(s)) return s;
    if (s) {
        retreat(f);
        return AD_OK;
    }
    f->in_a_row = 0;
    ad_schedule_observe(&f->schedule, *loss);
    if (f->ema) ad_ema_update(f->ema, m->theta);
    return AD_OK;
}
