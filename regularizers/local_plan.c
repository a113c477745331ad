/* local_plan.c - local regularization: may it be, and its plan. */
#include <costate/autodiff/memory.h>

#include "local.h"

/* --- may it be? ---------------------------------------------------------------------------------------------------------- */

static const nde_tableau *method_of(const reg_term *t, const reg_context *c)
{
    return t->options >> REG_LOCAL_TSIT5 & 1 ? &nde_tsit5 : c->method;
}

ad_status reg_local_check_error(const reg_term *t, const reg_context *c)
{
    const nde_tableau *m = method_of(t, c);
    if (m->error_order > 0) return AD_OK;
    return ad_fail(AD_UNSUPPORTED,
                   "the regularizer %s needs a step with an embedded error estimate, which %s "
                   "lacks; solve with tsit5, dopri5, bosh3 or dop853, or write %s+tsit5",
                   t->kind->about.name, m->name, t->kind->about.name);
}

ad_status reg_local_check_stiffness(const reg_term *t, const reg_context *c)
{
    const nde_tableau *m = method_of(t, c);
    if (nde_tableau_stiff_stage(m) >= 0 && m->stability > 0) return AD_OK;
    return ad_fail(AD_UNSUPPORTED,
                   "the regularizer %s needs a step whose last two stages share their time, which "
                   "%s lacks; solve with tsit5 or dopri5, or write %s+tsit5",
                   t->kind->about.name, m->name, t->kind->about.name);
}

/* --- its plan ------------------------------------------------------------------------------------------------------------ */

typedef struct local_graph {
    ad_var *in, r;
    char   *want;
    int     nin;
} local_graph;

static ad_var number(local_graph *w, reg_local *l, int per_sample, const char *name)
{
    return w->in[w->nin++] = ad_input(l->at.g, name, AD_F64, per_sample ? ad_rows(1) : ad_scalar());
}

static ad_status trace(reg_local_state *s, const reg_context *c, reg_local *l, local_graph *w)
{
    const nde_ode *ode = c->ode;
    l->at.t            = number(w, l, s->per_sample, "t");
    l->sign            = number(w, l, s->per_sample, "sign");
    l->most            = number(w, l, s->per_sample, "most");
    if (c->solve->nbreaks) {
        l->at.lo = number(w, l, s->per_sample, "lo");
        l->at.hi = number(w, l, s->per_sample, "hi");
    }
    s->first = w->nin;
    l->at.y  = w->in + w->nin;
    for (int p = 0; p < ode->parts; p++) {
        w->want[w->nin] = reg_has(&s->base, REG_LOCAL_STATE) != 0;
        w->in[w->nin++] = ad_input(l->at.g, ode->part[p].name, ode->type, ode->part[p].shape);
    }
    l->at.args = w->in + w->nin;
    for (int i = 0; i < ode->nargs; i++)
        w->in[w->nin++] = ad_input(l->at.g, ode->args[i].name ? ode->args[i].name : "arg",
                                   ode->args[i].type ? ode->args[i].type : ode->type,
                                   ode->args[i].shape);
    return reg_local_express(l, &w->r);
}

static ad_status plans(reg_local_state *s, const reg_context *c, const local_graph *w)
{
    ad_pullback     pb   = { w->want, NULL, 1 };
    ad_pair_spec    pair = { w->nin, 1, w->in, &w->r, 1, &pb };
    ad_plan_options o = { s->base.kind->about.name, c->capacity, s->per_sample ? AD_ROW_EXACT : 0 };
    s->nin            = w->nin;
    AD_TRY(ad_plan_pair(&s->forward, &s->back, &pair, &o));
    AD_TRY(ad_work_new(&s->work, s->forward));
    return ad_work_new(&s->back_work, s->back);
}

static ad_status build(reg_local_state *s, const reg_context *c, ad_graph *g)
{
    int         most = REG_LOCAL_TIMES + c->ode->parts + c->ode->nargs + 1;
    local_graph w = { .in = ad_alloc((size_t)most * sizeof *w.in), .want = ad_alloc((size_t)most) };
    reg_local   l = { .trace     = s->trace,
                      .method    = method_of(&s->base.term, c),
                      .parts     = c->ode->parts,
                      .stiffness = s->stiffness,
                      .options   = s->base.term.options,
                      .at        = { .g = g } };
    ad_status   e = w.in && w.want ? trace(s, c, &l, &w) : AD_NO_MEMORY;
    if (!e) e = plans(s, c, &w);
    ad_free(w.in);
    ad_free(w.want);
    return e;
}

static ad_status rooms(reg_local_state *s, const reg_context *c)
{
    size_t n = (size_t)c->capacity, bytes = n * (size_t)s->dim * s->size;
    size_t whole = (size_t)adj_solver_dim(c->solver) * s->size;
    s->t         = ad_alloc(REG_LOCAL_TIMES * n * sizeof *s->t);
    s->r         = ad_alloc(n * sizeof *s->r);
    s->r_bar     = ad_alloc(n * sizeof *s->r_bar);
    s->step      = ad_alloc(n * sizeof *s->step);
    s->count     = ad_alloc(n * sizeof *s->count);
    s->y         = ad_alloc(s->biased && !s->per_sample ? n * whole : bytes);
    s->y_bar     = ad_alloc(bytes);
    s->one       = ad_alloc(whole);
    s->residual  = ad_alloc(ad_plan_residual_bytes(s->forward));
    s->in        = ad_alloc((size_t)(s->nin + 1) * sizeof *s->in);
    s->out       = ad_alloc((size_t)(s->nin + 1) * sizeof *s->out);
    int all      = s->t && s->r && s->r_bar && s->step && s->count && s->y && s->y_bar && s->one &&
              s->residual && s->in && s->out;
    return all ? AD_OK : AD_NO_MEMORY;
}

/* The first step is OrdinaryDiffEq's whatever the solve's controller is. */
ad_status reg_local_compile(reg_local_state *s, const reg_context *c)
{
    nde_options o = *c->solve;
    ad_graph   *g;
    o.method      = method_of(&s->base.term, c);
    o.controller  = nde_controller_named("ordinarydiffeq");
    s->per_sample = o.batching == NDE_PER_SAMPLE;
    s->size       = ad_type_size(c->ode->type);
    for (int p = 0; p < c->ode->parts; p++) s->dim += ad_elements(c->ode->part[p].shape);
    AD_TRY(nde_trace_new(&s->trace, c->ode, &o));
    AD_TRY(ad_graph_new(&g));
    ad_status e = build(s, c, g);
    ad_graph_free(g);
    return e ? e : rooms(s, c);
}

void reg_local_clear(reg_state *t)
{
    reg_local_state *s     = (reg_local_state *)t;
    void            *all[] = { s->t,     s->r,   s->r_bar,    s->step,      s->count, s->y,
                               s->y_bar, s->one, s->residual, s->theta_bar, s->in,    s->out };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ad_free(all[i]);
    ad_work_free(s->work), ad_work_free(s->back_work);
    ad_plan_free(s->forward), ad_plan_free(s->back);
    nde_trace_free(s->trace);
}
