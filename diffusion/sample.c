/* A sampler is made: options checked, points placed, program and model compiled, buffers laid out. */
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "found.h"
#include "sampler.h"

/* --- blocks that are made when they are needed ------------------------------------------------------------------------ */

ad_status dpm_kept_size(dpm_kept *k, int count)
{
    if (count <= k->count) return AD_OK;
    void **p = ad_realloc(k->block, (size_t)k->count * sizeof *p, (size_t)count * sizeof *p);
    if (!p) return AD_NO_MEMORY;
    k->block = p;
    k->count = count;
    return AD_OK;
}

ad_status dpm_kept_need(dpm_kept *k, int i, size_t bytes, size_t *counted)
{
    if (k->block[i]) return AD_OK;
    if (!(k->block[i] = ad_alloc(bytes ? bytes : 1))) return AD_NO_MEMORY;
    if (counted) *counted += bytes;
    return AD_OK;
}

void dpm_kept_free(dpm_kept *k)
{
    for (int i = 0; i < k->count; i++) ad_free(k->block[i]);
    ad_free(k->block);
    *k = (dpm_kept){ 0 };
}

/* --- options ---------------------------------------------------------------------------------------------------------- */

static int takes(const dpm_method *m, const char *option)
{
    size_t n = strlen(option);
    for (const char *p = m->takes; (p = strstr(p, option)); p += n)
        if ((p == m->takes || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0')) return 1;
    return 0;
}

/* What is set must be something that the sampler takes. */
static ad_status check_taken(const dpm_method *m, const dpm_options *o)
{
    const struct {
        const char *name;
        int         set;
    } row[] = {
        { "solver-type", o->solver_type != NULL },
        { "singlestep", o->singlestep != NULL },
        { "variant", o->variant != NULL },
        { "lower-order-final", o->lower_order_final != 0 },
        { "no-corrector", o->no_corrector },
        { "eta", o->eta != 0 },
        { "churn", o->churn != 0 || o->churn_min != 0 || o->churn_max != 0 || o->churn_noise != 0 },
        { "gamma", o->gamma != 0 },
        { "mixing", o->mixing != 0 },
        { "zeta", o->zeta != 0 },
        { "tableau", o->tableau != NULL },
        { "rtol", o->rtol != 0 },
        { "atol", o->atol != 0 },
        { "statistics", o->statistics != NULL },
        { "skip-most", o->skip_most != 0 },
        { "noise-level", o->noise_level != 0 },
        { "invert", o->invert },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (row[i].set && !takes(m, row[i].name))
            return ad_fail(AD_INVALID, "sampler %s does not take --%s%s%s", m->name, row[i].name,
                           *m->takes ? "; it takes " : "", m->takes);
    if (o->prediction && o->prediction != m->form && !(m->flags & DPM_FORM))
        return ad_fail(AD_INVALID,
                       "sampler %s integrates %s alone; it does not take --prediction %s", m->name,
                       dpm_prediction_name(m->form), dpm_prediction_name(o->prediction));
    if (o->prediction && o->prediction != DPM_EPSILON && o->prediction != DPM_X0)
        return ad_fail(AD_INVALID,
                       "a sampler integrates epsilon or x0, not %s: --prediction noise or data",
                       dpm_prediction_name(o->prediction));
    int own = m->order ? m->order : 1;
    if (o->order && o->order != own &&
        (!(m->flags & DPM_ORDERS) || o->order < 1 || o->order > m->order_most))
        return m->flags & DPM_ORDERS ? ad_fail(AD_INVALID, "sampler %s has orders 1 to %d, not %d",
                                               m->name, m->order_most, o->order)
                                     : ad_fail(AD_INVALID, "sampler %s has order %d alone, not %d",
                                               m->name, own, o->order);
    return AD_OK;
}

static ad_status check_adjoint(const dpm_method *m, const dpm_options *o)
{
    if (o->adjoint == DPM_ADJOINT_REVERSIBLE && !(m->flags & DPM_REVERSIBLE))
        return ad_fail(AD_INVALID,
                       "sampler %s cannot be walked back: the adjoint 'reversible' is for bdia, "
                       "o-belm, edict and rex; "
                       "'points' gives the same gradient",
                       m->name);
    if (o->adjoint == DPM_ADJOINT_CHECKPOINTS && m->flags & DPM_LIVE)
        return ad_fail(AD_INVALID,
                       "sampler %s decides by values: the adjoint 'checkpoints' cannot run its "
                       "steps again; take 'points'",
                       m->name);
    if (o->adjoint == DPM_ADJOINT_LAST && (o->last < 1 || o->last > o->grid.steps))
        return ad_fail(AD_INVALID,
                       "the adjoint 'last' needs a number of steps from 1 to %ld, not %ld",
                       o->grid.steps, o->last);
    if (o->adjoint == DPM_ADJOINT_CONTINUOUS &&
        (m->flags & DPM_STOCHASTIC || o->invert || o->inpaint || o->clip || o->threshold > 0))
        return ad_fail(AD_INVALID,
                       "the continuous adjoint is that of the probability-flow ODE: no noise, "
                       "inversion, inpainting or "
                       "clipping (sampler %s)",
                       m->name);
    return AD_OK;
}

/* Where the grid starts and ends, and whether the method can do so. */
static ad_status check_ends(const dpm_method *m, const dpm_options *o, const dpm_point *point,
                            long steps)
{
    const dpm_point *noise = &point[o->invert ? steps : 0], *data = &point[o->invert ? 0 : steps];
    if (data->sigma == 0 && (!(m->flags & DPM_TO_ZERO) || o->invert))
        return ad_fail(AD_INVALID,
                       "sampler %s cannot %s at sigma = 0, where log(alpha / sigma) is infinite; "
                       "end the grid before "
                       "it (--t-end, --final min), or take ddim, euler or heun",
                       m->name, o->invert ? "start" : "end");
    if (noise->alpha == 0 && (!(m->flags & DPM_FROM_ZERO) || o->invert))
        return ad_fail(AD_INVALID,
                       "sampler %s cannot %s at alpha = 0, where sigma / alpha is infinite; begin "
                       "the grid after it "
                       "(--t-begin %g), or take a schedule that keeps some signal",
                       m->name, o->invert ? "end" : "start", point[o->invert ? steps - 1 : 1].t);
    return AD_OK;
}

static ad_status place(dpm_sampler *s)
{
    dpm_options *o = &s->o;
    s->steps       = o->found ? o->found->steps : o->grid.steps;
    if (s->steps < 1)
        return ad_fail(AD_INVALID, "sampler %s: %ld steps; at least 1 is needed", s->method->name,
                       s->steps);
    o->grid.steps = s->steps;
    if (s->steps < s->method->min_steps)
        return ad_fail(AD_INVALID, "sampler %s needs at least %ld steps, not %ld", s->method->name,
                       s->method->min_steps, s->steps);
    if (!(s->point = ad_alloc((size_t)(s->steps + 1) * sizeof *s->point))) return AD_NO_MEMORY;
    if (o->found) {
        o->grid.name = "list";
        o->grid.list = o->found->times;
    }
    AD_TRY(dpm_grid_make(o->schedule, &o->grid, s->point));
    for (long i = 0; o->invert && 2 * i < s->steps; i++) {
        dpm_point p            = s->point[i];
        s->point[i]            = s->point[s->steps - i];
        s->point[s->steps - i] = p;
    }
    return check_ends(s->method, o, s->point, s->steps);
}

static ad_status make(dpm_sampler *s)
{
    const dpm_method *m = s->method;
    if (!s->o.schedule)
        return ad_fail(AD_INVALID, "sampler %s: no noise schedule is given", m->name);
    if (!m->make)
        return ad_fail(AD_INVALID, "sampler %s is no sequence of steps of one model: %s", m->name,
                       m->about);
    AD_TRY(check_taken(m, &s->o));
    AD_TRY(place(s));
    AD_TRY(check_adjoint(m, &s->o));
    if (!(m->flags & DPM_LIVE)) {
        AD_TRY(dpm_build_program(&s->program, m, &s->o, &s->model, s->steps, s->point, NULL));
        if (s->o.found) AD_TRY(dpm_found_apply(s->o.found, s));
    }
    AD_TRY(dpm_evaluator_new(&s->evaluator, &s->model, s->capacity));
    if (!(s->spare = ad_alloc(dpm_state_bytes(s)))) return AD_NO_MEMORY;
    if (!(s->sorted = ad_alloc((size_t)s->model.dim * sizeof *s->sorted))) return AD_NO_MEMORY;
    if (!s->program) return AD_OK;
    AD_TRY(dpm_kept_size(&s->buffer, s->program->buffers));
    for (int i = 0; i < s->buffer.count; i++)
        AD_TRY(dpm_kept_need(&s->buffer, i, dpm_state_bytes(s), &s->stats.bytes));
    return AD_OK;
}

ad_status dpm_sampler_new(dpm_sampler **out, const dpm_model *m, const dpm_options *o,
                          long capacity)
{
    const dpm_method *method = dpm_method_find(o->sampler ? o->sampler : "dpmpp-2m");
    *out                     = NULL;
    if (!method) return AD_INVALID;
    if (capacity < 1 || m->dim < 1)
        return ad_fail(AD_INVALID, "sampler %s: %ld samples of %ld numbers; at least one of each",
                       method->name, capacity, m->dim);
    dpm_sampler *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    s->model    = *m;
    s->o        = *o;
    s->method   = method;
    s->capacity = capacity;
    if (!s->model.type) s->model.type = AD_F64;
    if (!s->model.prediction) s->model.prediction = DPM_EPSILON;
    ad_status code = make(s);
    s->stats.steps = s->steps;
    if (code) {
        dpm_sampler_free(s);
        s = NULL;
    }
    *out = s;
    return code;
}

void dpm_sampler_free(dpm_sampler *s)
{
    if (!s) return;
    dpm_kept *kept[] = { &s->buffer, &s->bar,      &s->source, &s->residual,
                         &s->frame,  &s->snapshot, &s->whole };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) dpm_kept_free(kept[i]);
    for (int i = 0; i < s->pooled; i++) ad_free(s->pool.block[i]);
    ad_free(s->pool.block);
    ad_free(s->mark);
    ad_free(s->held);
    ad_free(s->spare);
    ad_free(s->sorted);
    ad_free(s->point);
    dpm_program_free(s->program);
    dpm_evaluator_free(s->evaluator);
    ad_free(s);
}

/* --- what can be asked ------------------------------------------------------------------------------------------------ */

const dpm_stats *dpm_sampler_stats(const dpm_sampler *s)
{
    return &s->stats;
}

long dpm_sampler_steps(const dpm_sampler *s)
{
    return s->steps;
}

const dpm_point *dpm_sampler_points(const dpm_sampler *s)
{
    return s->point;
}

long dpm_sampler_nfe(const dpm_sampler *s)
{
    return s->method->flags & DPM_LIVE ? 0 : s->program->places;
}

const dpm_options *dpm_sampler_options(const dpm_sampler *s)
{
    return &s->o;
}

long dpm_sampler_coefficients(const dpm_sampler *s)
{
    return s->program ? s->program->terms : 0;
}

double *dpm_sampler_coefficient(dpm_sampler *s)
{
    return s->program ? s->program->coef : NULL;
}
