/* dpm_pullback(): a walk begun, led by the mode, and ended. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "sampler.h"

/* Every value of the program, a block a slot: what the derivatives of coefficients read. */
static ad_status run_whole(dpm_sampler *s)
{
    const dpm_program *p = s->program;
    AD_TRY(dpm_kept_size(&s->whole, p->slots));
    AD_TRY(dpm_run_given(s));
    for (int i = 0; i < p->slots; i++) {
        AD_TRY(dpm_kept_need(&s->whole, i, dpm_state_bytes(s), &s->stats.bytes_kept));
        if (p->def[i] < 0 && (p->last[i] >= 0 || i == DPM_SLOT_X))
            memcpy(s->whole.block[i], dpm_value(s, i), dpm_run_bytes(s));
    }
    for (int i = 0; i < p->ops; i++) {
        if (!(s->method->flags & DPM_LIVE)) {
            AD_TRY(dpm_run_op(s, i, 0));
            s->stats.nfe_again += p->op[i].kind == DPM_OP_EVAL;
        }
        memcpy(s->whole.block[p->op[i].dst], dpm_value(s, p->op[i].dst), dpm_run_bytes(s));
    }
    return AD_OK;
}

/* Marks of a walk, in room that the sampler keeps. */
static ad_status marks(dpm_walk *w)
{
    dpm_sampler       *s = w->s;
    const dpm_program *p = s->program;
    if (p->slots > s->marks) {
        ad_free(s->mark);
        s->marks = 0;
        if (!(s->mark = ad_alloc(2 * (size_t)p->slots))) return AD_NO_MEMORY;
        s->marks = p->slots;
    }
    if (p->ops > s->holds) {
        ad_free(s->held);
        s->holds = 0;
        if (!(s->held = ad_alloc((size_t)p->ops * sizeof(int)))) return AD_NO_MEMORY;
        s->holds = p->ops;
    }
    w->touched = s->mark;
    w->have    = s->mark + p->slots;
    w->frame   = s->held;
    if (p->slots) memset(s->mark, 0, 2 * (size_t)p->slots);
    if (p->ops) memset(s->held, 0, (size_t)p->ops * sizeof(int));
    return AD_OK;
}

static ad_status walk_new(dpm_walk *w)
{
    dpm_sampler *s = w->s;
    AD_TRY(marks(w));
    AD_TRY(dpm_kept_size(&s->bar, s->buffer.count));
    for (int i = 0; i < s->bar.count; i++)
        AD_TRY(dpm_kept_need(&s->bar, i, dpm_state_bytes(s), &s->stats.bytes));
    w->step = s->program->ended;
    return AD_OK;
}

static void walk_free(dpm_walk *w)
{
    ad_free(w->number_bar);
    ad_free(w->coef_bar);
}

/* What is there before the walk: the end, and what the run brings. */
static void at_the_end(dpm_walk *w)
{
    const dpm_program *p = w->s->program;
    for (int i = 0; i < p->results; i++) w->have[p->result[i]] = 1;
    for (int i = DPM_SLOT_MEAN; i < DPM_SLOTS_GIVEN; i++) w->have[i] = 1;
    if (w->c && w->c->out_bar) {
        memcpy(w->s->bar.block[p->buffer[p->result[0]]], w->c->out_bar, dpm_run_bytes(w->s));
        w->touched[p->result[0]] = 1;
    }
}

static ad_status led(dpm_walk *w)
{
    dpm_sampler *s = w->s;
    at_the_end(w);
    switch (w->coef_bar ? DPM_ADJOINT_POINTS : s->o.adjoint) {
    case DPM_ADJOINT_CHECKPOINTS: return dpm_checkpoint_walk(w);
    case DPM_ADJOINT_LAST:
        return dpm_walk_ops(w, dpm_step_begin(s, s->program->ended - s->o.last), s->program->ops);
    default: return dpm_walk_ops(w, 0, s->program->ops);
    }
}

/* A cotangent of what the run brought; zero where nothing arrived. */
static void hand_out(const dpm_walk *w, int slot, void *to)
{
    if (!to) return;
    if (w->touched[slot])
        memcpy(to, w->s->bar.block[w->s->program->buffer[slot]], dpm_run_bytes(w->s));
    else
        memset(to, 0, dpm_run_bytes(w->s));
}

static ad_status handed(dpm_walk *w)
{
    const dpm_cotangents *c = w->c;
    dpm_sampler          *s = w->s;
    const size_t          n = (size_t)s->run.n * (size_t)s->model.dim;
    if (s->o.adjoint == DPM_ADJOINT_LAST && s->o.last < s->program->ended)
        w->touched[DPM_SLOT_X] = 0;
    hand_out(w, DPM_SLOT_MEAN, c->mean_bar);
    hand_out(w, DPM_SLOT_X, c->x_bar);
    if (c->x_bar && c->path_bar)
        dpm_add(s->model.type, (long)n, s->model.dim, 1, NULL, c->path_bar, c->x_bar, 0);
    if (c->coef_bar) memcpy(c->coef_bar, w->coef_bar, (size_t)s->program->terms * sizeof(double));
    if (c->time_bar) AD_TRY(dpm_time_bar(s, w->coef_bar, w->number_bar, c->time_bar));
    return dpm_evaluator_end(s->evaluator, c->args_bar, c->guidance_bar);
}

static ad_status walk(dpm_walk *w)
{
    dpm_sampler          *s    = w->s;
    const dpm_cotangents *c    = w->c;
    int                   more = c->coef_bar || c->time_bar;
    AD_TRY(walk_new(w));
    w->want = c->theta_bar                     ? DPM_WANT_THETA
              : c->args_bar || c->guidance_bar ? DPM_WANT_ARGS
                                               : DPM_WANT_V;
    if (more) {
        w->want       = DPM_WANT_NUMBERS;
        w->coef_bar   = ad_alloc((size_t)s->program->terms * sizeof(double) + 1);
        w->number_bar = ad_alloc((size_t)s->program->places * DPM_NUMBERS * sizeof(double) + 1);
        if (!w->coef_bar || !w->number_bar) return AD_NO_MEMORY;
        AD_TRY(run_whole(s));
    }
    w->recovering = s->o.adjoint == DPM_ADJOINT_REVERSIBLE && !more;
    AD_TRY(dpm_evaluator_begin(s->evaluator, w->want, c->theta_bar));
    AD_TRY(led(w));
    return handed(w);
}

static void nan_fill(ad_type type, size_t n, void *x)
{
    for (size_t i = 0; x && i < n; i++) ad_put(type, x, (long)i, NAN);
}

/* A pullback that failed returns nothing that could be taken for a gradient. */
static void spoil(const dpm_sampler *s, const dpm_cotangents *c)
{
    const size_t n = (size_t)s->run.n * (size_t)s->model.dim;
    nan_fill(s->model.type, n, c->x_bar);
    nan_fill(s->model.type, n, c->mean_bar);
    if (s->model.theta)
        nan_fill(s->model.type, (size_t)ad_params_count(s->model.theta), c->theta_bar);
    for (int i = 0; c->args_bar && i < s->model.nargs; i++) {
        const nde_arg *a = &s->model.args[i];
        nan_fill(a->type ? a->type : s->model.type,
                 (size_t)ad_elements(a->shape) * (a->shape.batched ? (size_t)s->run.n : 1),
                 c->args_bar[i]);
    }
    nan_fill(AD_F64, 1, c->guidance_bar);
    if (s->program) nan_fill(AD_F64, (size_t)s->program->terms, c->coef_bar);
    nan_fill(AD_F64, (size_t)s->steps + 1, c->time_bar);
}

static ad_status check(const dpm_sampler *s, const dpm_cotangents *c)
{
    if (!s->recorded)
        return ad_fail(
            AD_INVALID,
            "sampler %s: a pullback needs a dpm_sample() before it that succeeded, with record = 1",
            s->method->name);
    if (c->theta_bar && !s->model.theta)
        return ad_fail(AD_INVALID, "sampler %s: the model has no parameters to differentiate by",
                       s->method->name);
    if (c->guidance_bar && !s->model.guided)
        return ad_fail(AD_INVALID, "sampler %s: the model is not guided, its scale has no gradient",
                       s->method->name);
    if ((c->coef_bar || c->time_bar) && s->o.adjoint == DPM_ADJOINT_LAST)
        return ad_fail(AD_UNSUPPORTED,
                       "sampler %s: the mode 'last' has no gradient of coefficients and times",
                       s->method->name);
    if (c->time_bar && s->method->flags & DPM_LIVE)
        return ad_fail(AD_UNSUPPORTED,
                       "sampler %s chooses its own points: there is no gradient of the grid",
                       s->method->name);
    return AD_OK;
}

ad_status dpm_pullback(dpm_sampler *s, const dpm_cotangents *c)
{
    double    start = dpm_seconds();
    dpm_walk  w     = { .s = s, .c = c };
    ad_status code  = check(s, c);
    s->stats.nvjp = s->stats.nfe_again = 0;
    if (!code)
        code = s->o.adjoint == DPM_ADJOINT_CONTINUOUS ? dpm_pullback_continuous(s, c) : walk(&w);
    walk_free(&w);
    dpm_kept_free(&s->whole);
    /* a walk from the end uses up the values that it starts from */
    if (s->o.adjoint == DPM_ADJOINT_REVERSIBLE || s->o.adjoint == DPM_ADJOINT_CHECKPOINTS)
        s->recorded = 0;
    if (code) spoil(s, c);
    s->stats.seconds_back = dpm_seconds() - start;
    return code;
}

ad_status dpm_recover_start(dpm_sampler *s, void *x)
{
    if (!(s->method->flags & DPM_REVERSIBLE))
        return ad_fail(AD_UNSUPPORTED,
                       "sampler %s is not reversible; bdia, o-belm, edict and rex are",
                       s->method->name);
    if (!s->recorded)
        return ad_fail(AD_INVALID, "sampler %s: there is no recorded run to walk back",
                       s->method->name);
    dpm_walk  w    = { .s = s, .recovering = 1 };
    ad_status code = walk_new(&w);
    s->recorded    = 0;
    if (!code) at_the_end(&w);
    if (!code) code = dpm_walk_ops(&w, 0, s->program->ops);
    if (!code && !w.have[DPM_SLOT_X])
        code = ad_fail(AD_UNSUPPORTED, "sampler %s: its start cannot be recovered from its end",
                       s->method->name);
    if (!code) memcpy(x, dpm_value(s, DPM_SLOT_X), dpm_run_bytes(s));
    walk_free(&w);
    return code;
}
