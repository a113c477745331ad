/* rk_step.c - explicit Runge-Kutta behind the table of step.h: its plans, and the pointers they run on. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "rk_trace.h"

/* One traced function compiled: alone, or with its pullbacks. */
typedef struct rk_plan {
    ad_plan *forward, *back[NDE_PULLS]; /* start and dense have one */
    ad_work *work, *back_work[NDE_PULLS];
    int      nin, nout;
} rk_plan;

typedef struct rk_step {
    nde_step     base;
    int          parts, nargs, clamped, gradient;
    rk_plan      start, step, dense;
    const void **in; /* pointers of a run: inputs, then cotangents of outputs */
    void       **out;
    void        *frame;   /* residuals of start and dense pullbacks */
    double      *ignored; /* where times' cotangents go that nobody wants */
} rk_step;

static void plan_free(rk_plan *p)
{
    ad_work_free(p->work);
    ad_plan_free(p->forward);
    for (int i = 0; i < NDE_PULLS; i++) {
        ad_work_free(p->back_work[i]);
        ad_plan_free(p->back[i]);
    }
}

static void nde_rk_step_free(nde_step *base)
{
    rk_step *s = (rk_step *)base;
    plan_free(&s->start);
    plan_free(&s->step);
    plan_free(&s->dense);
    ad_free(s->in);
    ad_free(s->out);
    ad_free(s->frame);
    ad_free(s->ignored);
    ad_free(s);
}

/* --- building ------------------------------------------------------------------------------------------------------------- */

static ad_status compile(rk_step *s, rk_plan *p, const rk_graph *w, const char *name, int pullbacks,
                         const ad_pullback *pb, const nde_step_spec *spec)
{
    unsigned        exact = spec->o->batching == NDE_PER_SAMPLE ? AD_ROW_EXACT : 0;
    ad_plan_options o     = { name, spec->capacity, AD_PADDED | exact };
    p->nin = w->nin, p->nout = w->nout;
    if (!s->gradient) {
        AD_TRY(ad_plan_new(&p->forward, w->nin, w->in, w->nout, w->out, &o));
    } else {
        ad_pair_spec pair = { w->nin, w->nout, w->in, w->out, pullbacks, pb };
        AD_TRY(ad_plan_pair(&p->forward, p->back, &pair, &o));
    }
    AD_TRY(ad_work_new(&p->work, p->forward));
    s->base.bytes += ad_plan_block_bytes(p->forward);
    for (int i = 0; s->gradient && i < pullbacks; i++) {
        AD_TRY(ad_work_new(&p->back_work[i], p->back[i]));
        s->base.bytes += ad_plan_block_bytes(p->back[i]);
    }
    return AD_OK;
}

/* Which of a step's inputs and outputs each pullback deals with (nde_pull); outputs are states, rows, k. */
static ad_status compile_step(rk_step *s, rk_tracer *r, const nde_step_spec *spec)
{
    rk_graph  w;
    ad_status e = nde_rk_trace_step(r, &w);
    int   carry = s->base.has_carry, first = 2 + 2 * s->clamped, states = (1 + carry) * s->parts;
    char *lean   = ad_arena_alloc(r->arena, (size_t)w.nin + 1),
         *full   = ad_arena_alloc(r->arena, (size_t)w.nin + 1);
    char *out    = ad_arena_alloc(r->arena, (size_t)w.nout + 1),
         *rows   = ad_arena_alloc(r->arena, (size_t)w.nout + 1);
    int before_k = states;
    for (int c = 0; c < NDE_COLUMNS; c++) before_k += (int)(r->columns >> c & 1);
    if (!e && (!lean || !full || !out || !rows)) e = AD_NO_MEMORY;
    if (!e) {
        for (int i = 0; i < w.nin; i++) lean[i] = i >= first, full[i] = i < 2 || i >= first;
        for (int i = 0; i < w.nout; i++) out[i] = i < states, rows[i] = i < before_k;
        ad_pullback pb[NDE_PULLS] = { { lean, out, 1 }, { full, NULL, 1 }, { lean, rows, 1 } };
        e = compile(s, &s->step, &w, "step", spec->gradient > 1 ? 3 : 2, pb, spec);
    }
    ad_graph_free(w.g);
    return e;
}

static ad_status compile_other(rk_step *s, rk_tracer *r, rk_plan *p, int dense,
                               const nde_step_spec *spec)
{
    rk_graph  w;
    ad_status e     = dense ? nde_rk_trace_dense(r, &w) : nde_rk_trace_start(r, &w);
    int       times = dense ? 2 : 1, first = dense ? 2 + 2 * s->clamped : 1;
    char     *in = ad_arena_alloc(r->arena, (size_t)w.nin + 1);
    if (!e && !in) e = AD_NO_MEMORY;
    if (!e) {
        for (int i = 0; i < w.nin; i++) in[i] = i < times || i >= first;
        ad_pullback pb = { in, NULL, 1 };
        e              = compile(s, p, &w, dense ? "dense" : "start", 1, &pb, spec);
    }
    ad_graph_free(w.g);
    return e;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static ad_status rk_build(rk_step *s, rk_tracer *r, const nde_step_spec *spec)
{
    AD_TRY(nde_rk_trace_field(r));
    AD_TRY(compile_step(s, r, spec));
    AD_TRY(compile_other(s, r, &s->start, 0, spec));
    AD_TRY(compile_other(s, r, &s->dense, 1, spec));
    int most     = s->step.nin + s->step.nout + s->dense.nin + s->dense.nout + 8;
    s->in        = ad_alloc(sizeof *s->in * (size_t)most);
    s->out       = ad_alloc(sizeof *s->out * (size_t)most);
    s->ignored   = ad_alloc(2 * sizeof(double) * (size_t)spec->capacity + AD_PAD);
    size_t frame = s->gradient ? larger(ad_plan_residual_bytes(s->start.forward),
                                        ad_plan_residual_bytes(s->dense.forward))
                               : 0;
    s->frame     = ad_alloc(frame + 8);
    if (!s->in || !s->out || !s->ignored || !s->frame) return AD_NO_MEMORY;
    if (s->gradient) {
        s->base.residual       = ad_plan_residual_bytes(s->step.forward);
        s->base.residuals      = ad_plan_residuals(s->step.forward);
        s->base.residual_array = ad_plan_residual(s->step.forward, 0);
    }
    return AD_OK;
}

static int uses_e2(const nde_tableau *m)
{
    for (int i = 0; i < m->stages; i++)
        if (m->e2[i] != 0) return 1;
    return 0;
}

static ad_status choose_columns(const nde_step_spec *spec, const nde_tableau *m, unsigned *columns)
{
    const nde_options *o       = spec->o;
    int                stepped = o->fixed_step > 0 || o->nsteps_given > 0;
    *columns                   = 0;
    if (m->error_order > 0 && !stepped) *columns |= 1u | (uses_e2(m) ? 2u : 0);
    if (o->estimates && m->error_order == 0 && (o->estimates & NDE_ESTIMATE_UNSCALED))
        return ad_fail(AD_UNSUPPORTED,
                       "%s has no embedded error estimate; tsit5, dopri5 or bosh3 have one",
                       m->name);
    if (o->estimates & NDE_ESTIMATE_UNSCALED) *columns |= 1u | 4u | (uses_e2(m) ? 2u : 0);
    if (!(o->estimates & NDE_ESTIMATE_STIFFNESS)) return AD_OK;
    if (nde_tableau_stiff_stage(m) < 0)
        return ad_fail(
            AD_UNSUPPORTED,
            "%s has no stiffness estimate: its last two stages do not share their time; tsit5 and "
            "dopri5 have one",
            m->name);
    *columns |= 8u | 16u;
    return AD_OK;
}

extern const nde_step_class nde_rk_class;

ad_status nde_rk_step_new(nde_step **out, const nde_step_spec *spec)
{
    *out                 = NULL;
    const nde_tableau *m = spec->o->method;
    rk_step           *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    s->base         = (nde_step){ .ops               = &nde_rk_class,
                                  .method            = m,
                                  .layout            = spec->layout,
                                  .stages            = m->stages,
                                  .has_carry         = nde_tableau_fsal(m),
                                  .degree            = nde_rk_degree(m),
                                  .evaluations       = m->stages - nde_tableau_fsal(m),
                                  .dense_evaluations = nde_rk_dense_evaluations(m) };
    s->parts        = spec->ode->parts;
    s->nargs        = spec->ode->nargs;
    s->clamped      = spec->o->nbreaks > 0;
    s->gradient     = spec->gradient;
    rk_tracer r     = { .spec    = spec,
                        .m       = m,
                        .arena   = ad_arena_new(),
                        .parts   = s->parts,
                        .nargs   = s->nargs,
                        .clamped = s->clamped };
    ad_status e     = r.arena ? choose_columns(spec, m, &r.columns) : AD_NO_MEMORY;
    s->base.columns = r.columns;
    if (!e) e = rk_build(s, &r, spec);
    ad_graph_free(r.f.g);
    ad_arena_free(r.arena);
    if (e) {
        nde_rk_step_free(&s->base);
        return e;
    }
    *out = &s->base;
    return AD_OK;
}

/* --- running ---------------------------------------------------------------------------------------------------------------- */

static int put_state(const rk_step *s, const void **in, int at, const char *state)
{
    for (int p = 0; p < s->parts; p++) in[at++] = state + s->base.layout->offset[p];
    return at;
}

static int put_out(const rk_step *s, void **out, int at, char *state)
{
    for (int p = 0; p < s->parts; p++) out[at++] = state ? state + s->base.layout->offset[p] : NULL;
    return at;
}

static int put_args(const rk_step *s, const void **in, int at)
{
    for (int i = 0; i < s->nargs; i++) in[at++] = s->base.ports.args[i];
    return at;
}

static ad_args run_args(rk_step *s, long n, void *residual)
{
    const nde_ports *q = &s->base.ports;
    return (ad_args){ .n         = n,
                      .in        = s->in,
                      .out       = s->out,
                      .theta     = q->theta,
                      .theta_bar = q->theta_bar,
                      .residual  = residual,
                      .seed      = q->seed };
}

static int put_times(rk_step *s, const nde_attempt_io *io)
{
    int at      = 0;
    s->in[at++] = io->t, s->in[at++] = io->h;
    if (s->clamped) s->in[at++] = io->lo, s->in[at++] = io->hi;
    return at;
}

static void put_step_inputs(rk_step *s, const nde_attempt_io *io)
{
    int at = put_state(s, s->in, put_times(s, io), io->y);
    if (s->base.has_carry) at = put_state(s, s->in, at, io->carry);
    put_args(s, s->in, at);
}

static ad_status rk_forward(nde_step *base, const nde_attempt_io *io)
{
    rk_step *s = (rk_step *)base;
    put_step_inputs(s, io);
    int at = put_out(s, s->out, 0, io->y1), c = base->has_carry;
    if (c) at = put_out(s, s->out, at, io->carry1);
    for (int q = 0; q < NDE_COLUMNS; q++)
        if (base->columns >> q & 1) s->out[at++] = io->rows[q];
    for (int i = c; i < base->stages - c; i++) at = put_out(s, s->out, at, io->k[i]);
    ad_args a = run_args(s, io->n, io->residual);
    return ad_run(s->step.forward, s->step.work, &a);
}

static ad_status rk_start(nde_step *base, const nde_attempt_io *io)
{
    rk_step *s = (rk_step *)base;
    s->in[0]   = io->t;
    put_args(s, s->in, put_state(s, s->in, 1, io->y));
    put_out(s, s->out, 0, io->carry1);
    ad_args a = run_args(s, io->n, s->frame);
    return ad_run(s->start.forward, s->start.work, &a);
}

static int put_dense_inputs(rk_step *s, const nde_attempt_io *io)
{
    int at = put_state(s, s->in, put_times(s, io), io->y);
    at     = put_state(s, s->in, at, io->y1);
    for (int i = 0; i < s->base.stages; i++) at = put_state(s, s->in, at, io->k[i]);
    return put_args(s, s->in, at);
}

static ad_status rk_dense(nde_step *base, const nde_attempt_io *io, char *const coefficient[])
{
    rk_step *s = (rk_step *)base;
    put_dense_inputs(s, io);
    for (int q = 0, at = 0; q < base->degree; q++) at = put_out(s, s->out, at, coefficient[q]);
    ad_args a = run_args(s, io->n, s->frame);
    return ad_run(s->dense.forward, s->dense.work, &a);
}

static int put_args_bar(rk_step *s, int at)
{
    for (int i = 0; i < s->nargs; i++) s->out[at++] = s->base.ports.args_bar[i];
    return at;
}

static ad_status rk_pullback(nde_step *base, const nde_attempt_io *io, const nde_attempt_bar *bar,
                             nde_pull what)
{
    rk_step *s = (rk_step *)base;
    if (what == NDE_PULL_ROWS && !s->step.back[what]) what = NDE_PULL_FULL;
    int          c = base->has_carry, at = s->step.nin, full = what == NDE_PULL_FULL;
    const void **in = s->in;
    put_step_inputs(s, io);
    at = put_state(s, in, at, bar->y1);
    if (c) at = put_state(s, in, at, bar->carry1);
    for (int q = 0; what != NDE_PULL_STATES && q < NDE_COLUMNS; q++)
        if (base->columns >> q & 1) in[at++] = bar->rows[q];
    for (int i = c; full && i < base->stages - c; i++) at = put_state(s, in, at, bar->k[i]);
    at           = 0;
    s->out[at++] = full ? (void *)bar->t : NULL;
    s->out[at++] = full ? (void *)bar->h : NULL;
    if (s->clamped) s->out[at++] = NULL, s->out[at++] = NULL;
    at = put_out(s, s->out, at, bar->y);
    if (c) at = put_out(s, s->out, at, bar->carry);
    put_args_bar(s, at);
    ad_args a = run_args(s, io->n, io->residual);
    return ad_run(s->step.back[what], s->step.back_work[what], &a);
}

/* The start, and the interpolant, are run again for their residuals: one evaluation, and as many as dense stages. */
static ad_status rk_start_pullback(nde_step *base, const nde_attempt_io *io, const char *carry_bar,
                                   char *y_bar, double *t_bar)
{
    rk_step *s = (rk_step *)base;
    AD_TRY(rk_start(base, io));
    put_state(s, s->in, s->start.nin, carry_bar);
    s->out[0] = t_bar ? t_bar : s->ignored;
    put_args_bar(s, put_out(s, s->out, 1, y_bar));
    ad_args a = run_args(s, io->n, s->frame);
    return ad_run(s->start.back[0], s->start.back_work[0], &a);
}

static ad_status rk_dense_pullback(nde_step *base, const nde_attempt_io *io,
                                   char *const coefficient_bar[], nde_attempt_bar *bar,
                                   char *y1_bar)
{
    rk_step *s  = (rk_step *)base;
    int      at = s->dense.nin;
    put_dense_inputs(s, io);
    for (int q = 0; q < base->degree; q++) at = put_state(s, s->in, at, coefficient_bar[q]);
    at           = 0;
    s->out[at++] = bar->t;
    s->out[at++] = bar->h;
    if (s->clamped) s->out[at++] = NULL, s->out[at++] = NULL;
    at = put_out(s, s->out, at, bar->y);
    at = put_out(s, s->out, at, y1_bar);
    for (int i = 0; i < base->stages; i++) at = put_out(s, s->out, at, bar->k[i]);
    put_args_bar(s, at);
    ad_args a = run_args(s, io->n, s->frame);
    return ad_run(s->dense.back[0], s->dense.back_work[0], &a);
}

/* --- once a solve -------------------------------------------------------------------------------------------------------------- */

static ad_status each_plan(rk_step *s,
                           ad_status (*call)(const ad_plan *, ad_work *, const ad_args *),
                           int forward)
{
    rk_plan *all[3] = { &s->start, &s->step, &s->dense };
    ad_args  a      = run_args(s, 1, s->frame);
    for (int i = 0; i < 3; i++) {
        if (forward) AD_TRY(call(all[i]->forward, all[i]->work, &a));
        for (int v = 0; v < NDE_PULLS; v++)
            if (all[i]->back[v]) AD_TRY(call(all[i]->back[v], all[i]->back_work[v], &a));
    }
    return AD_OK;
}

static ad_status rk_prepare(nde_step *base)
{
    return each_plan((rk_step *)base, ad_prepare, 1);
}

static ad_status rk_flush(nde_step *base)
{
    return each_plan((rk_step *)base, ad_flush, 0);
}

const nde_step_class nde_rk_class = {
    .name           = "explicit Runge-Kutta",
    .prepare        = rk_prepare,
    .start          = rk_start,
    .forward        = rk_forward,
    .dense          = rk_dense,
    .pullback       = rk_pullback,
    .start_pullback = rk_start_pullback,
    .dense_pullback = rk_dense_pullback,
    .flush          = rk_flush,
    .free           = nde_rk_step_free,
};
