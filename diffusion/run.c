/* A run: instructions one after the other. */
#include <math.h>
#include <string.h>
#include <time.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "sampler.h"

double dpm_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

size_t dpm_state_bytes(const dpm_sampler *s)
{
    return (size_t)s->capacity * (size_t)s->model.dim * ad_type_size(s->model.type);
}

/* The first number that is not finite: its row. */
static long bad_row(const dpm_sampler *s, const void *x)
{
    for (long i = 0; i < dpm_run_numbers(s); i++) {
        double v = ad_get(s->model.type, x, i);
        if (!isfinite(v)) return i / s->model.dim;
    }
    return 0;
}

static ad_status not_finite(const dpm_sampler *s, const dpm_op *op, const void *m)
{
    const dpm_point *at = &s->program->place[op->place].at;
    return ad_fail(AD_NONFINITE_FIELD,
                   "sampler %s: %s returned a number that is not finite at evaluation %d, step %ld "
                   "of %ld (t = %g, sigma = %g), "
                   "row %ld; the state may have blown up (more steps, a lower order) or the model "
                   "is not made for that noise level",
                   s->method->name, s->model.name ? s->model.name : "the model", op->place + 1,
                   op->step + 1, s->steps, at->t, at->sigma, s->run.first + bad_row(s, m));
}

static ad_status evaluate(dpm_sampler *s, const dpm_op *op, int keep)
{
    void *m        = dpm_value(s, op->dst);
    void *residual = NULL;
    if (keep && s->o.adjoint == DPM_ADJOINT_TAPE) {
        AD_TRY(dpm_evaluator_differentiate(s->evaluator));
        size_t bytes         = dpm_evaluator_residual_bytes(s->evaluator);
        s->stats.bytes_model = bytes;
        AD_TRY(dpm_kept_size(&s->residual, s->program->places));
        AD_TRY(dpm_kept_need(&s->residual, op->place, bytes, &s->stats.bytes_kept));
        residual = s->residual.block[op->place];
    }
    AD_TRY(dpm_evaluate(s->evaluator, &s->program->place[op->place], dpm_value(s, op->src), m,
                        residual));
    if (!dpm_finite(s->model.type, dpm_run_numbers(s), m)) return not_finite(s, op, m);
    return AD_OK;
}

static void linear(dpm_sampler *s, const dpm_op *op)
{
    enum { AT_ONCE = 32 };
    const dpm_program *p = s->program;
    dpm_part           part[AT_ONCE];
    void              *y = dpm_value(s, op->dst);
    int                n = op->terms < AT_ONCE ? op->terms : AT_ONCE;
    for (int i = 0; i < op->terms; i++) {
        const dpm_term *t    = &p->term[op->first + i];
        const double   *each = t->each < 0 ? NULL : p->each + t->each;
        const double    c    = p->coef[op->first + i];
        if (i < n) part[i] = (dpm_part){ c, each, dpm_value(s, t->slot) };
        if (i == n - 1) dpm_sum(s->model.type, dpm_run_numbers(s), p->dim, n, part, y);
        if (i >= n)
            dpm_add(s->model.type, dpm_run_numbers(s), p->dim, c, each, dpm_value(s, t->slot), y,
                    0);
    }
}

static ad_status keep_source(dpm_sampler *s, int i)
{
    AD_TRY(dpm_kept_size(&s->source, s->program->ops));
    if (!s->source.block[i] && s->pooled) s->source.block[i] = s->pool.block[--s->pooled];
    AD_TRY(dpm_kept_need(&s->source, i, dpm_state_bytes(s), &s->stats.bytes_kept));
    memcpy(s->source.block[i], dpm_value(s, s->program->op[i].src), dpm_run_bytes(s));
    return AD_OK;
}

ad_status dpm_run_op(dpm_sampler *s, int i, int keep)
{
    const dpm_op *op    = &s->program->op[i];
    const ad_type t     = s->model.type;
    int           reads = op->kind == DPM_OP_EVAL || op->kind == DPM_OP_PROJECT;
    if (keep && reads && !(s->method->flags & DPM_LIVE))
        AD_TRY(keep_source(s, i)); /* live: every value stays */
    switch (op->kind) {
    case DPM_OP_EVAL: return evaluate(s, op, keep);
    case DPM_OP_LIN: linear(s, op); break;
    case DPM_OP_NOISE:
        ad_random_normal(t, s->run.seed, op->stream, (uint64_t)(s->run.first * s->model.dim),
                         dpm_run_numbers(s), dpm_value(s, op->dst));
        break;
    case DPM_OP_PROJECT: {
        dpm_cut cut = dpm_run_cut(s);
        dpm_project(t, dpm_run_numbers(s), s->model.dim, &cut, s->sorted, dpm_value(s, op->src),
                    dpm_value(s, op->dst));
        break;
    }
    case DPM_OP_BLEND:
        dpm_blend(t, dpm_run_numbers(s), dpm_value(s, DPM_SLOT_MASK), dpm_value(s, op->src),
                  dpm_value(s, op->other), dpm_value(s, op->dst));
        break;
    }
    return AD_OK;
}

int dpm_step_begin(const dpm_sampler *s, long step)
{
    return step <= 0                   ? 0
           : step >= s->program->ended ? s->program->ops
                                       : s->program->step_end[step - 1];
}

ad_status dpm_run_ops(dpm_sampler *s, int from, int to, int keep)
{
    for (int i = from; i < to; i++) AD_TRY(dpm_run_op(s, i, keep));
    return AD_OK;
}

/* A slot that is given and read: NULL where the run brings nothing: zeros. */
static ad_status given(dpm_sampler *s, int slot, const void *x)
{
    if (s->program->last[slot] < 0 && slot != DPM_SLOT_X) return AD_OK;
    if (x)
        memcpy(dpm_value(s, slot), x, dpm_run_bytes(s));
    else
        memset(dpm_value(s, slot), 0, dpm_run_bytes(s));
    return AD_OK;
}

ad_status dpm_run_given(dpm_sampler *s)
{
    const dpm_run *r = &s->run;
    AD_TRY(given(s, DPM_SLOT_X, r->x));
    AD_TRY(given(s, DPM_SLOT_MEAN, r->mean));
    AD_TRY(given(s, DPM_SLOT_KNOWN, r->known));
    AD_TRY(given(s, DPM_SLOT_MASK, r->mask));
    if (s->program->last[DPM_SLOT_ONES] < 0) return AD_OK;
    for (long i = 0; i < dpm_run_numbers(s); i++)
        ad_put(s->model.type, dpm_value(s, DPM_SLOT_ONES), i, 1);
    return AD_OK;
}

/* Sources are kept from this instruction on. */
static int keep_from(const dpm_sampler *s)
{
    switch (s->o.adjoint) {
    case DPM_ADJOINT_POINTS:
    case DPM_ADJOINT_TAPE: return 0;
    case DPM_ADJOINT_LAST: return dpm_step_begin(s, s->program->ended - s->o.last);
    case DPM_ADJOINT_CHECKPOINTS: return dpm_step_begin(s, dpm_checkpoint_tail(s));
    default: return s->program->ops;
    }
}

static ad_status states(dpm_sampler *s, long step)
{
    const dpm_run *r    = &s->run;
    int            slot = step ? s->program->step_slot[step - 1] : DPM_SLOT_X;
    if (r->path && slot >= 0)
        memcpy((char *)r->path + (size_t)step * dpm_run_bytes(s), dpm_value(s, slot),
               dpm_run_bytes(s));
    if (r->record && s->o.adjoint == DPM_ADJOINT_CHECKPOINTS) return dpm_checkpoint_pass(s, step);
    return AD_OK;
}

ad_status dpm_run_told(dpm_sampler *s, long done, long all)
{
    const dpm_run *r = &s->run;
    s->stats.nfe     = done;
    if (r->watch && r->watch(done, all, r->watch_ctx))
        return ad_fail(AD_CANCELLED, "sampler %s: cancelled after %ld of %ld evaluations",
                       s->method->name, done, all);
    return AD_OK;
}

static ad_status straight(dpm_sampler *s)
{
    const dpm_program *p    = s->program;
    long               step = 0, done = 0;
    int                from = s->run.record ? keep_from(s) : p->ops;
    AD_TRY(dpm_run_given(s));
    AD_TRY(states(s, 0));
    for (int i = 0; i < p->ops; i++) {
        for (; step < p->ended && p->step_end[step] == i; step++) AD_TRY(states(s, step + 1));
        AD_TRY(dpm_run_op(s, i, i >= from));
        if (p->op[i].kind == DPM_OP_EVAL) AD_TRY(dpm_run_told(s, ++done, p->places));
    }
    for (; step < p->ended; step++) AD_TRY(states(s, step + 1));
    return AD_OK;
}

static ad_status check(const dpm_sampler *s, const dpm_run *r)
{
    if (r->n < 1 || r->n > s->capacity)
        return ad_fail(AD_INVALID, "sampler %s: a run of %ld samples; it was made for 1 to %ld",
                       s->method->name, r->n, s->capacity);
    if (!r->x || !r->out)
        return ad_fail(AD_INVALID, "sampler %s: a run needs a start x and a place for out",
                       s->method->name);
    if (r->guidance != 0 && !s->model.guided)
        return ad_fail(AD_INVALID,
                       "sampler %s: guidance %g of a model that is not guided (dpm_model.guided)",
                       s->method->name, r->guidance == DPM_ZERO ? 0 : r->guidance);
    if (!s->o.inpaint && (r->known || r->mask))
        return ad_fail(AD_INVALID,
                       "sampler %s: known and mask are for inpainting, which the options do not "
                       "ask for (dpm_options.inpaint)",
                       s->method->name);
    if (s->o.inpaint && (!r->known || !r->mask))
        return ad_fail(AD_INVALID, "sampler %s: inpainting needs known and mask, [n,%ld] each",
                       s->method->name, s->model.dim);
    if (!dpm_finite(s->model.type, r->n * s->model.dim, r->x))
        return ad_fail(AD_NONFINITE_STATE, "sampler %s: the start is not finite", s->method->name);
    return AD_OK;
}

static ad_status go(dpm_sampler *s)
{
    const dpm_run *r = &s->run;
    double         w = r->guidance == 0 ? 1 : r->guidance == DPM_ZERO ? 0 : r->guidance;
    AD_TRY(dpm_evaluator_load(s->evaluator, r->n, r->args, r->theta, w, r->record));
    AD_TRY(s->method->flags & DPM_LIVE ? dpm_run_live(s) : straight(s));
    const void *x = dpm_value(s, s->program->result[0]);
    if (!dpm_finite(s->model.type, dpm_run_numbers(s), x))
        return ad_fail(
            AD_NONFINITE_STATE,
            "sampler %s: the sample of row %ld is not finite after %ld steps; more steps or a "
            "lower order may help",
            s->method->name, r->first + bad_row(s, x), s->steps);
    memcpy(r->out, x, dpm_run_bytes(s));
    return AD_OK;
}

ad_status dpm_sample(dpm_sampler *s, const dpm_run *r)
{
    double start = dpm_seconds();
    s->recorded  = 0;
    AD_TRY(check(s, r));
    s->run       = *r;
    s->stats.nfe = s->stats.nvjp = s->stats.nfe_again = 0;
    AD_TRY(go(s));
    s->recorded      = r->record;
    s->stats.seconds = dpm_seconds() - start;
    return AD_OK;
}
