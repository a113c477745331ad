/* A sampler is made: points placed, program and model compiled, buffers laid out. */
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

ad_status dpm_sampler_place(const dpm_sampler *s, const dpm_grid_options *g, dpm_point *point)
{
    AD_TRY(dpm_grid_make(s->o.schedule, g, point));
    for (long i = 0; s->o.invert && 2 * i < s->steps; i++) {
        dpm_point p         = point[i];
        point[i]            = point[s->steps - i];
        point[s->steps - i] = p;
    }
    return dpm_check_ends(s->method, &s->o, point, s->steps);
}

ad_status dpm_sampler_room(dpm_sampler *s, const dpm_program *p)
{
    AD_TRY(dpm_kept_size(&s->buffer, p->buffers));
    for (int i = 0; i < s->buffer.count; i++)
        AD_TRY(dpm_kept_need(&s->buffer, i, dpm_state_bytes(s), &s->stats.bytes));
    return AD_OK;
}

static ad_status place(dpm_sampler *s)
{
    dpm_options *o = &s->o;
    s->steps       = o->found ? o->found->steps : o->grid.steps;
    if (s->steps < 1 || s->steps > DPM_STEPS_MOST)
        return ad_fail(AD_INVALID, "sampler %s: %ld steps; at least 1 is needed, at most %d",
                       s->method->name, s->steps, DPM_STEPS_MOST);
    o->grid.steps = s->steps;
    if (s->steps < s->method->min_steps)
        return ad_fail(AD_INVALID, "sampler %s needs at least %ld steps, not %ld", s->method->name,
                       s->method->min_steps, s->steps);
    if (!(s->point = ad_alloc((size_t)(s->steps + 1) * sizeof *s->point))) return AD_NO_MEMORY;
    if (o->found) {
        o->grid.name = "list";
        o->grid.list = o->found->times;
    }
    return dpm_sampler_place(s, &o->grid, s->point);
}

/* Some draw noise where their options say so. */
static ad_status check_noise(const dpm_sampler *s)
{
    const dpm_program *p = s->program;
    for (int i = 0; s->o.adjoint == DPM_ADJOINT_CONTINUOUS && i < p->ops; i++)
        if (p->op[i].kind == DPM_OP_NOISE)
            return ad_fail(AD_INVALID,
                           "the continuous adjoint is that of the probability-flow ODE, and "
                           "sampler %s draws noise with these options",
                           s->method->name);
    return AD_OK;
}

static ad_status make(dpm_sampler *s)
{
    const dpm_method *m = s->method;
    if (!s->o.schedule)
        return ad_fail(AD_INVALID, "sampler %s: no noise schedule is given", m->name);
    if (!m->make)
        return ad_fail(AD_INVALID, "sampler %s is no sequence of steps of one model: %s", m->name,
                       m->about);
    AD_TRY(dpm_check_model(&s->model, s->capacity));
    AD_TRY(dpm_check_options(m, &s->o));
    AD_TRY(place(s));
    AD_TRY(dpm_check_adjoint(m, &s->o));
    if (!(m->flags & DPM_LIVE)) {
        AD_TRY(dpm_build_program(&s->program, m, &s->o, &s->model, s->steps, s->point, NULL));
        AD_TRY(check_noise(s));
        if (s->o.found) AD_TRY(dpm_found_apply(s->o.found, s));
    }
    AD_TRY(dpm_evaluator_new(&s->evaluator, &s->model, s->capacity));
    if (!(s->spare = ad_alloc(dpm_state_bytes(s)))) return AD_NO_MEMORY;
    if (!(s->sorted = ad_alloc((size_t)s->model.dim * sizeof *s->sorted))) return AD_NO_MEMORY;
    return s->program ? dpm_sampler_room(s, s->program) : AD_OK;
}

ad_status dpm_sampler_new(dpm_sampler **out, const dpm_model *m, const dpm_options *o,
                          long capacity)
{
    const dpm_method *method = dpm_method_find(o->sampler ? o->sampler : "dpmpp-2m");
    *out                     = NULL;
    if (!method) return AD_INVALID;
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
