/* The program backwards: cotangents of linear combinations, one vjp an evaluation.

   bar(dst) is complete when the instruction that writes dst is met, since all readers stand behind it:
       LIN    bar(slot_i) += c_i bar(dst),   dL/dc_i = <bar(dst), slot_i>
       EVAL   bar(v) += (dm/dv)' bar(dst), and so for theta, args, w and the numbers of the place.
   A cotangent lives where its value lived (program.h), in buffers of its own. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "sampler.h"

enum { MOST_FRAMES = 64 };

static void *bar(const dpm_walk *w, int slot)
{
    return w->s->bar.block[w->s->program->buffer[slot]];
}

/* Does anything want this slot's cotangent? Not of draws, nor of what is known. */
static int deaf(const dpm_walk *w, int slot)
{
    const dpm_program *p = w->s->program;
    if (p->def[slot] >= 0) return p->op[p->def[slot]].kind == DPM_OP_NOISE;
    return slot == DPM_SLOT_ONES || slot == DPM_SLOT_KNOWN || slot == DPM_SLOT_MASK;
}

static const void *value_of(const dpm_walk *w, int slot)
{
    return w->s->whole.count ? w->s->whole.block[slot] : dpm_value(w->s, slot);
}

/* --- values that are not there: recovered from the end (reversible), or evaluated again ------------------------------ */

static ad_status need(dpm_walk *w, int slot);

struct needing {
    dpm_walk *w;
    ad_status status;
};

static void need_one(int slot, void *ctx)
{
    struct needing *n = ctx;
    if (!n->status) n->status = need(n->w, slot);
}

/* An evaluation run again with its residuals, which stay until its own pullback. */
static ad_status again(dpm_walk *w, int i, const void *v, void *m)
{
    dpm_sampler  *s     = w->s;
    const dpm_op *op    = &s->program->op[i];
    size_t        bytes = dpm_evaluator_residual_bytes(s->evaluator);
    int           free  = 0;
    while (free < MOST_FRAMES && w->frames >> free & 1) free++;
    if (free == MOST_FRAMES)
        return ad_fail(AD_UNSUPPORTED,
                       "sampler %s: a step needs the residuals of more than %d evaluations at once",
                       s->method->name, MOST_FRAMES);
    s->stats.bytes_model = bytes;
    AD_TRY(dpm_kept_size(&s->frame, free + 1));
    AD_TRY(dpm_kept_need(&s->frame, free, bytes, &s->stats.bytes_kept));
    AD_TRY(dpm_evaluate(s->evaluator, &s->program->place[op->place], v, m, s->frame.block[free]));
    s->stats.nfe_again++;
    w->frames |= (uint64_t)1 << free;
    w->frame[i] = free + 1;
    return AD_OK;
}

static ad_status need(dpm_walk *w, int slot)
{
    dpm_sampler *s = w->s;
    if (w->have[slot]) return AD_OK;
    int i = s->program->def[slot];
    if (i < 0)
        return ad_fail(AD_UNSUPPORTED, "sampler %s: its start cannot be recovered from its end",
                       s->method->name);
    struct needing n = { w, AD_OK };
    dpm_program_reads(s->program, &s->program->op[i], need_one, &n);
    AD_TRY(n.status);
    if (s->program->op[i].kind == DPM_OP_EVAL && w->c)
        AD_TRY(again(w, i, dpm_value(s, s->program->op[i].src), dpm_value(s, slot)));
    else {
        AD_TRY(dpm_run_op(s, i, 0));
        s->stats.nfe_again += s->program->op[i].kind == DPM_OP_EVAL;
    }
    w->have[slot] = 1;
    return AD_OK;
}

/* dst = sum c_i slot_i, solved for one of its terms. */
static ad_status recover(dpm_walk *w, const dpm_op *op)
{
    dpm_sampler       *s = w->s;
    const dpm_program *p = s->program;
    if (op->kind != DPM_OP_LIN || op->recover < 0 || w->have[p->term[op->first + op->recover].slot])
        return AD_OK;
    if (!w->have[op->dst])
        return ad_fail(AD_UNSUPPORTED, "sampler %s: step %ld cannot be walked back",
                       s->method->name, op->step + 1);
    int    slot = p->term[op->first + op->recover].slot;
    double c    = p->coef[op->first + op->recover];
    void  *x    = dpm_value(s, slot);
    if (c == 0)
        return ad_fail(AD_INVALID, "sampler %s: step %ld has a factor 0 and cannot be walked back",
                       s->method->name, op->step + 1);
    dpm_add(s->model.type, dpm_run_numbers(s), p->dim, 1 / c, NULL, dpm_value(s, op->dst), x, 1);
    for (int k = 0; k < op->terms; k++) {
        if (k == op->recover) continue;
        const dpm_term *t = &p->term[op->first + k];
        AD_TRY(need(w, t->slot));
        dpm_add(s->model.type, dpm_run_numbers(s), p->dim, -p->coef[op->first + k] / c,
                t->each < 0 ? NULL : p->each + t->each, dpm_value(s, t->slot), x, 0);
    }
    w->have[slot] = 1;
    return AD_OK;
}

/* What an evaluation or a projection read. */
static ad_status source_of(dpm_walk *w, int i, const void **v)
{
    dpm_sampler  *s  = w->s;
    const dpm_op *op = &s->program->op[i];
    *v               = NULL;
    if (s->whole.count)
        *v = s->whole.block[op->src];
    else if (i < s->source.count && s->source.block[i] && !w->recovering)
        *v = s->source.block[i];
    else if (s->method->flags & DPM_LIVE)
        *v = dpm_value(s, op->src);
    if (*v) return AD_OK;
    AD_TRY(need(w, op->src));
    *v = dpm_value(s, op->src);
    return AD_OK;
}

/* --- cotangents ------------------------------------------------------------------------------------------------------ */

static void pull_linear(dpm_walk *w, const dpm_op *op)
{
    dpm_sampler       *s = w->s;
    const dpm_program *p = s->program;
    for (int k = 0; k < op->terms; k++) {
        int             at   = op->first + k;
        const dpm_term *t    = &p->term[at];
        const double   *each = t->each < 0 ? NULL : p->each + t->each;
        if (w->coef_bar)
            w->coef_bar[at] += dpm_dot(s->model.type, dpm_run_numbers(s), p->dim, each,
                                       bar(w, op->dst), value_of(w, t->slot));
        if (deaf(w, t->slot)) continue;
        dpm_add(s->model.type, dpm_run_numbers(s), p->dim, p->coef[at], each, bar(w, op->dst),
                bar(w, t->slot), !w->touched[t->slot]);
        w->touched[t->slot] = 1;
    }
}

static ad_status pull_evaluation(dpm_walk *w, int i)
{
    dpm_sampler  *s  = w->s;
    const dpm_op *op = &s->program->op[i];
    const void   *v;
    AD_TRY(source_of(w, i, &v));
    const void *residual = NULL;
    if (s->o.adjoint == DPM_ADJOINT_TAPE && op->place < s->residual.count)
        residual = s->residual.block[op->place];
    if (!residual && !w->frame[i]) AD_TRY(again(w, i, v, s->spare));
    if (!residual) residual = s->frame.block[w->frame[i] - 1];
    void *v_bar = w->touched[op->src] ? s->spare : bar(w, op->src);
    AD_TRY(dpm_evaluate_back(
        s->evaluator, &s->program->place[op->place], v, residual, bar(w, op->dst), v_bar,
        w->number_bar ? w->number_bar + (size_t)op->place * DPM_NUMBERS : NULL));
    s->stats.nvjp++;
    if (w->touched[op->src])
        dpm_add(s->model.type, dpm_run_numbers(s), s->model.dim, 1, NULL, v_bar, bar(w, op->src),
                0);
    w->touched[op->src] = 1;
    return AD_OK;
}

static ad_status pull_projection(dpm_walk *w, int i)
{
    dpm_sampler  *s   = w->s;
    const dpm_op *op  = &s->program->op[i];
    dpm_cut       cut = dpm_run_cut(s);
    const void   *x;
    AD_TRY(source_of(w, i, &x));
    dpm_add_projected(s->model.type, dpm_run_numbers(s), s->model.dim, &cut, s->sorted, x,
                      bar(w, op->dst), bar(w, op->src), !w->touched[op->src]);
    w->touched[op->src] = 1;
    return AD_OK;
}

static void pull_blend(dpm_walk *w, const dpm_op *op)
{
    dpm_sampler *s      = w->s;
    const void  *mask   = value_of(w, DPM_SLOT_MASK);
    int          part[] = { op->src, op->other };
    for (int k = 0; k < 2; k++) {
        if (deaf(w, part[k])) continue;
        dpm_add_masked(s->model.type, dpm_run_numbers(s), mask, k, bar(w, op->dst), bar(w, part[k]),
                       !w->touched[part[k]]);
        w->touched[part[k]] = 1;
    }
}

static ad_status pull(dpm_walk *w, int i)
{
    const dpm_op *op = &w->s->program->op[i];
    switch (op->kind) {
    case DPM_OP_EVAL: return pull_evaluation(w, i);
    case DPM_OP_LIN: pull_linear(w, op); break;
    case DPM_OP_PROJECT: return pull_projection(w, i);
    case DPM_OP_BLEND: pull_blend(w, op); break;
    case DPM_OP_NOISE: break;
    }
    return AD_OK;
}

/* dL/d(state of a step), where L names it. */
static void seed_path(dpm_walk *w, int ended)
{
    dpm_sampler       *s = w->s;
    const dpm_program *p = s->program;
    for (; w->step > 0 && p->step_end[w->step - 1] == ended; w->step--) {
        int slot = p->step_slot[w->step - 1];
        if (!w->c || !w->c->path_bar || slot < 0) continue;
        const char *x = (const char *)w->c->path_bar +
                        (size_t)w->step * (size_t)dpm_run_numbers(s) * ad_type_size(s->model.type);
        dpm_add(s->model.type, dpm_run_numbers(s), s->model.dim, 1, NULL, x, bar(w, slot),
                !w->touched[slot]);
        w->touched[slot] = 1;
    }
}

ad_status dpm_walk_ops(dpm_walk *w, int from, int to)
{
    for (int i = to - 1; i >= from; i--) {
        const dpm_op *op = &w->s->program->op[i];
        seed_path(w, i + 1);
        if (w->recovering) AD_TRY(recover(w, op));
        if (w->c && w->touched[op->dst]) AD_TRY(pull(w, i));
        w->touched[op->dst] = w->have[op->dst] = 0;
        if (w->frame[i]) w->frames &= ~((uint64_t)1 << (w->frame[i] - 1));
        w->frame[i] = 0;
    }
    return AD_OK;
}
