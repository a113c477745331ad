#include <math.h>
#include <string.h>
#include <time.h>

#include "collocate.h"
#include "fit_internal.h"

#define LAST_PART 0.7 /* of the plan: where the validation part joins */

enum { TURNS = 13, WINDOW_LEAST = 8, WINDOW_MOST = 100, STUCK = 20 };

double mdl_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Some two turns: a sine of deviation 1 and angular velocity w has pace 1 / w, and 13 paces are 4 pi. */
static void choose_window(mdl_fit *f)
{
    const mdl_data *d       = f->d;
    long            longest = 2, rows = f->c->window;
    for (int i = 0; i < d->count; i++)
        if (d->track[i].fit > longest) longest = d->track[i].fit;
    if (rows == 0) rows = (long)fmin(fmax(TURNS * d->pace / d->spacing, WINDOW_LEAST), WINDOW_MOST);
    if (f->fitted || rows > longest) rows = longest;
    f->window = rows < 2 ? 2 : rows;
    f->first  = f->window < 3 ? f->window : 3;
}

static ad_status new_solver(mdl_fit *f)
{
    f->atol = ad_alloc((size_t)f->m->dim * sizeof *f->atol);
    if (!f->atol) return AD_NO_MEMORY;
    for (int k = 0; k < f->m->dim; k++) f->atol[k] = f->c->atol * f->m->size[k];
    nde_options     o = { .method    = nde_method(f->c->method),
                          .rtol      = f->c->rtol,
                          .atol_each = f->atol,
                          .max_steps = f->c->max_steps,
                          .batching  = f->batch->joint ? NDE_JOINT : NDE_PER_SAMPLE };
    reg_term        term[REG_MOST];
    reg_solver_spec spec = {
        .ode = &f->m->ode, .solve = &o, .term = term, .capacity = f->batch->capacity
    };
    AD_TRY(reg_parse(f->c->regularizer, REG_MOST, term, &spec.terms));
    f->terms = spec.terms;
    return reg_solver_new(&f->solver, &spec);
}

static ad_status new_parts(mdl_fit *f)
{
    const mdl_config *c    = f->c;
    size_t            size = (size_t)f->m->count * ad_type_size(f->m->ode.type);
    long              n    = f->fitted && f->d->count < c->batch ? f->d->count : c->batch;
    int joint = (!f->m->absolute && mdl_data_is_regular(f->d)) || (f->fitted && f->d->count == 1);
    AD_TRY(ad_loss_find(c->loss, &f->loss));
    AD_TRY(mdl_config_schedule(c, &f->schedule));
    choose_window(f);
    AD_TRY(mdl_batch_new(&f->batch, f->m, f->d, n, f->window, joint));
    f->trial     = ad_alloc((size_t)n * sizeof *f->trial);
    f->last      = ad_alloc((size_t)f->d->count * sizeof *f->last);
    f->all       = ad_alloc((size_t)f->d->count * sizeof *f->all);
    f->theta_bar = ad_alloc(size);
    f->average   = ad_alloc(size);
    f->kept      = ad_alloc(size);
    f->moved     = ad_alloc((size_t)ad_params_views(f->m->params) + 1);
    if (!f->trial || !f->last || !f->all || !f->theta_bar || !f->average || !f->kept || !f->moved)
        return AD_NO_MEMORY;
    for (int i = 0; i < f->d->count; i++) {
        f->last[i] = f->d->track[i].fit;
        f->all[i]  = f->d->track[i].train;
    }
    memcpy(f->kept, f->m->theta, size);
    ad_optim_options o = { .rate = c->lr, .clip = c->clip, .weight_decay = AD_OPTIM_ZERO };
    AD_TRY(ad_optim_new(&f->optim, ad_optimizer_find(c->optimizer), f->m->params, &o));
    if (c->ema > 0) AD_TRY(ad_ema_new(&f->ema, f->m->params, c->ema, 1));
    mdl_fit_choose_trials(f);
    return new_solver(f);
}

/* Fitted starts begin at the smoothed data. */
static void set_starts(mdl_fit *f)
{
    mdl_model *m = f->m;
    double    *y = f->batch->start; /* room for a state */
    for (int i = 0; f->fitted && i < f->d->count; i++) {
        mdl_model_start(m, f->d->track[i].smooth, f->d->track[i].slope, y);
        for (int k = 0; k < m->dim; k++)
            mdl_put(m->ode.type, m->theta, m->start + i * m->dim + k, y[k]);
    }
}

ad_status mdl_fit_new(mdl_fit **out, mdl_model *m, mdl_data *d, const mdl_config *c)
{
    *out       = NULL;
    mdl_fit *f = ad_alloc(sizeof *f);
    if (!f) return AD_NO_MEMORY;
    f->m = m, f->d = d, f->c = c;
    f->fitted              = m->start >= 0;
    f->seed                = (uint64_t)c->seed;
    f->number[FIT_BEST]    = INFINITY;
    f->number[FIT_CUT]     = 1;
    f->number[FIT_PLANNED] = (double)c->iterations;
    f->p.validation = f->p.loss = f->p.best = NAN;
    f->p.iterations                         = c->iterations;
    for (int i = 0; f->fitted && i < d->count; i++) d->track[i].fit = d->track[i].train;
    ad_status s = new_parts(f);
    if (s) {
        mdl_fit_free(f);
        return s;
    }
    set_starts(f);
    *out = f;
    return AD_OK;
}

void mdl_fit_free(mdl_fit *f)
{
    if (!f) return;
    reg_solver_free(f->solver);
    mdl_batch_free(f->batch);
    ad_optim_free(f->optim);
    ad_ema_free(f->ema);
    ad_free(f->trial);
    ad_free(f->last);
    ad_free(f->all);
    ad_free(f->theta_bar);
    ad_free(f->average);
    ad_free(f->kept);
    ad_free(f->moved);
    ad_free(f->atol);
    ad_free(f);
}

static size_t theta_bytes(const mdl_fit *f)
{
    return (size_t)f->m->count * ad_type_size(f->m->ode.type);
}

static ad_status take_average(mdl_fit *f)
{
    ad_type type = f->m->ode.type;
    memcpy(f->average, f->m->theta, theta_bytes(f));
    if (!f->ema || !f->ema->updates) return AD_OK;
    AD_TRY(ad_ema_read(f->ema, f->average));
    for (long i = 0; i < f->m->count; i++) /* known constants stay what they are, to the bit */
        if (f->m->step[i] == 0) mdl_put(type, f->average, i, mdl_get(type, f->m->theta, i));
    return AD_OK;
}

/* The candidate is measured where there is a validation part; else it is what is kept. */
static ad_status consider(mdl_fit *f)
{
    AD_TRY(take_average(f));
    if (f->trials) {
        double loss;
        AD_TRY(mdl_fit_validate(f, &loss));
        f->p.validation = f->number[FIT_LATEST] = loss;
        f->since_best = f->number[FIT_FRACTION] > 0.5 ? f->since_best + 1 : 0;
        if (!(loss < f->number[FIT_BEST])) return AD_OK;
        f->number[FIT_BEST] = loss;
        f->since_best       = 0;
    }
    memcpy(f->kept, f->average, theta_bytes(f));
    return AD_OK;
}

/* What an iteration adds to p: 1 / iterations, until a third of the time is spent; from then on as much as the time left asks
   for, at dt seconds an iteration now and more as windows grow. A run well inside its budget never depends on the clock. */
static double advance(mdl_fit *f, double dt)
{
    double p = f->number[FIT_FRACTION], least = 1 / (double)f->c->iterations;
    double budget = f->c->time_budget, left = budget - f->number[FIT_SECONDS];
    if (budget <= 0 || left > 0.67 * budget) return least;
    double growth = p < 0.5 ? (double)f->window / (double)mdl_fit_horizon(f) : 1;
    return left > 0 ? fmax(least, (1 - p) * dt * growth / left) : 1;
}

static ad_status iterate(mdl_fit *f, double *dt)
{
    double loss, from = mdl_seconds();
    AD_TRY(mdl_fit_step(f, &loss));
    f->iteration++;
    f->p.validation = NAN;
    f->p.loss       = loss;
    if (f->iteration % f->c->every == 0) AD_TRY(consider(f));
    double now = mdl_seconds(), took = now - from;
    *dt                     = *dt > 0 ? 0.9 * *dt + 0.1 * took : took;
    f->number[FIT_SECONDS]  = now - f->began;
    f->number[FIT_FRACTION] = fmin(1, f->number[FIT_FRACTION] + advance(f, *dt));
    return AD_OK;
}

static void tell(mdl_fit *f)
{
    f->p.iteration = (long)f->iteration;
    f->p.fraction  = f->number[FIT_FRACTION];
    f->p.best      = f->trials ? f->number[FIT_BEST] : NAN;
    f->p.seconds   = f->number[FIT_SECONDS];
    f->p.failures  = (long)f->failures;
}

/* The last part of the plan, with the validation part among the training data: what comes right before a forecast tells most
   about it. It goes on from where training stands, or, where that has become much worse than the best, from the best. */
static ad_status use_all(mdl_fit *f)
{
    AD_TRY(take_average(f));
    f->number[FIT_WHOLE]    = 1;
    f->number[FIT_FRACTION] = fmax(f->number[FIT_FRACTION], LAST_PART);
    int worse               = f->number[FIT_LATEST] > 2 * f->number[FIT_BEST];
    memcpy(f->m->theta, worse ? f->kept : f->average, theta_bytes(f));
    if (f->ema) {
        f->ema->updates = 0;
        memset(f->ema->average, 0, theta_bytes(f));
    }
    mdl_fit_use_all(f);
    return AD_OK;
}

static int should_use_all(const mdl_fit *f)
{
    if (!f->trials || f->fitted) return 0;
    if (f->number[FIT_FRACTION] >= LAST_PART) return 1;
    return f->number[FIT_FRACTION] > 0.5 && f->c->patience && f->since_best >= f->c->patience;
}

static mdl_end where(const mdl_fit *f)
{
    if (f->number[FIT_FRACTION] >= 1 - 1e-12 || f->iteration >= f->c->iterations)
        return MDL_COMPLETE;
    if (f->in_a_row >= STUCK) return MDL_STUCK;
    return MDL_RUNNING;
}

static ad_status warm_up(mdl_fit *f)
{
    double loss;
    if (f->number[FIT_WARM] != 0) return AD_OK;
    AD_TRY(mdl_collocate(f->m, f->d, f->c->warm_start, &loss));
    f->number[FIT_WARM] = 1;
    return consider(f);
}

ad_status mdl_fit_run(mdl_fit *f, mdl_watcher *watch, void *ctx)
{
    double dt = 0;
    f->began  = mdl_seconds() - f->number[FIT_SECONDS];
    AD_TRY(warm_up(f));
    while ((f->end = where(f)) == MDL_RUNNING) {
        AD_TRY(iterate(f, &dt));
        if (should_use_all(f)) AD_TRY(use_all(f));
        tell(f);
        if (watch && watch(&f->p, ctx)) {
            f->end = MDL_INTERRUPTED;
            return AD_OK;
        }
    }
    if (f->end == MDL_STUCK)
        return ad_fail_at(f->p.status, "training is stuck: %d failed iterations in a row: ", STUCK);
    return consider(f);
}

mdl_end mdl_fit_end(const mdl_fit *f)
{
    return f->end;
}
const mdl_progress *mdl_fit_progress(const mdl_fit *f)
{
    return &f->p;
}
long mdl_fit_window(const mdl_fit *f)
{
    return f->window;
}
int mdl_fit_joint(const mdl_fit *f)
{
    return f->batch->joint;
}

ad_status mdl_fit_finish(mdl_fit *f)
{
    memcpy(f->m->theta, f->kept, theta_bytes(f));
    return AD_OK;
}
