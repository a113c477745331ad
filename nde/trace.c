/* trace.c - a step and the automatic first step in a caller's graph. */
#include <float.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/nde/trace.h>

#include "rk_trace.h"
#include "solver.h"

struct nde_trace {
    nde_ode       ode; /* completed */
    nde_part      only;
    nde_options   o; /* defaults filled in */
    nde_step_spec spec;
    rk_tracer     r;
    long          dim; /* numbers of a sample under error control */
};

/* --- made and unmade -------------------------------------------------------------------------------------------------- */

static double or_default(double v, double d)
{
    return v == 0 ? d : v == NDE_ZERO ? 0 : v;
}

static void complete(nde_trace *t)
{
    nde_ode     *ode = &t->ode;
    nde_options *o   = &t->o;
    if (!ode->type) ode->type = AD_F64;
    if (!ode->parts) {
        t->only   = (nde_part){ "y", ad_rows(ode->dim), 0 };
        ode->part = &t->only, ode->parts = 1;
    }
    if (!o->method) o->method = &nde_tsit5;
    if (!o->controller) o->controller = nde_controller_at(0);
    o->rtol = or_default(o->rtol, 1e-3), o->atol = or_default(o->atol, 1e-6);
    for (int p = 0; p < ode->parts; p++)
        if (!ode->part[p].no_error) t->dim += ad_elements(ode->part[p].shape);
}

static unsigned columns_of(const nde_tableau *m)
{
    unsigned columns = m->error_order > 0 ? 1u | 4u : 0;
    for (int i = 0; i < m->stages; i++)
        if (m->e2[i] != 0) columns |= 2u;
    return columns | (nde_tableau_stiff_stage(m) >= 0 ? 8u | 16u : 0);
}

static ad_status copy_breaks(nde_trace *t)
{
    size_t  bytes = sizeof(double) * (size_t)t->o.nbreaks;
    double *list  = ad_arena_alloc(t->r.arena, bytes + sizeof *list);
    if (!list) return AD_NO_MEMORY;
    if (bytes) memcpy(list, t->o.breaks, bytes);
    t->o.breaks = list;
    return AD_OK;
}

ad_status nde_trace_new(nde_trace **out, const nde_ode *ode, const nde_options *o)
{
    *out = NULL;
    if (ode->field_plain)
        return ad_fail(AD_UNSUPPORTED,
                       "the field is a plain C function, which cannot be part of an expression; "
                       "write it with the operations of autodiff/ops.h");
    if (!ode->field == !ode->field_parts)
        return ad_fail(AD_INVALID, "a problem has exactly one field, this one has %d",
                       ode->field ? 2 : 0);
    nde_trace *t = ad_alloc(sizeof *t);
    if (!t) return AD_NO_MEMORY;
    t->ode = *ode;
    if (o) t->o = *o;
    complete(t);
    t->spec     = (nde_step_spec){ .ode = &t->ode, .o = &t->o };
    t->r        = (rk_tracer){ .spec    = &t->spec,
                               .m       = t->o.method,
                               .arena   = ad_arena_new(),
                               .parts   = t->ode.parts,
                               .nargs   = t->ode.nargs,
                               .columns = columns_of(t->o.method) };
    ad_status e = t->r.arena ? copy_breaks(t) : AD_NO_MEMORY;
    if (!e && t->dim == 0)
        e = ad_fail(AD_INVALID, "no part of the state takes part in error control");
    if (!e) e = nde_rk_trace_field(&t->r);
    if (e) {
        nde_trace_free(t);
        return e;
    }
    *out = t;
    return AD_OK;
}

void nde_trace_free(nde_trace *t)
{
    if (!t) return;
    ad_graph_free(t->r.f.g);
    ad_arena_free(t->r.arena);
    ad_free(t);
}

void nde_trace_piece(const nde_trace *t, double from, double end, double *lo, double *hi,
                     double *stop)
{
    nde_piece(&t->o, from, end, lo, hi, stop);
}

/* --- norms ------------------------------------------------------------------------------------------------------------ */

static ad_var number(ad_var like, double v)
{
    return ad_const(like.g, AD_F64, v);
}

/* The mean over the batch where it is stepped as one. */
static ad_var over_batch(const nde_trace *t, ad_var q)
{
    return t->o.batching == NDE_PER_SAMPLE ? q : ad_mean(q, 1, 0);
}

/* num / sqrt(den), 0 with derivative 0 where zero is not 0 */
static ad_var ratio(ad_var zero, ad_var num, ad_var den)
{
    ad_var safe = ad_where(zero, number(den, 1), den);
    return ad_where(zero, number(den, 0), ad_div(num, ad_sqrt(safe)));
}

static ad_var safe_sqrt(ad_var q)
{
    ad_var zero = ad_eq(q, number(q, 0));
    return ad_where(zero, number(q, 0), ad_sqrt(ad_where(zero, number(q, 1), q)));
}

/* The estimates of error.h from their columns. */
static void estimates(const nde_trace *t, const rk_expression *e, nde_trace_step *s)
{
    ad_var q[NDE_COLUMNS];
    for (int c = 0; c < NDE_COLUMNS; c++)
        q[c] = t->r.columns >> c & 1 ? ad_scale(over_batch(t, e->column[c]), 1.0 / (double)t->dim)
                                     : AD_NONE;
    s->error = s->unscaled = s->stiffness = AD_NONE;
    if (t->r.columns & 2)
        s->error = ratio(ad_eq(q[0], number(q[0], 0)), q[0],
                         ad_lincomb(2, (double[]){ 1, 0.01 }, (ad_var[]){ q[0], q[1] }));
    else if (t->r.columns & 1)
        s->error = safe_sqrt(q[0]);
    if (t->r.columns & 4) s->unscaled = safe_sqrt(q[2]);
    if (t->r.columns & 8)
        s->stiffness = ratio(ad_max(ad_eq(q[3], number(q[3], 0)), ad_eq(q[4], number(q[4], 0))),
                             safe_sqrt(q[3]), q[4]);
}

/* RMS of x / (atol + rtol |y|) over the numbers under error control */
static ad_status norm(nde_trace *t, const ad_var x[], const ad_var y[], ad_var *d)
{
    ad_var *q     = nde_rk_vars(&t->r, t->r.parts);
    int     count = 0;
    if (!q) return AD_NO_MEMORY;
    for (int p = 0; p < t->r.parts; p++)
        if (!t->ode.part[p].no_error)
            q[count++] = nde_rk_sum_squares(ad_div(x[p], nde_rk_scale(&t->r, ad_abs(y[p]), p)));
    *d = safe_sqrt(ad_scale(over_batch(t, nde_rk_add_all(count, q)), 1.0 / (double)t->dim));
    return AD_OK;
}

/* --- expressions -------------------------------------------------------------------------------------------------------- */

static void bound(nde_trace *t, const nde_trace_step *s)
{
    t->r.clamped = s->lo.g != NULL;
    t->r.lo = s->lo, t->r.hi = s->hi;
}

ad_status nde_trace_field(nde_trace *t, const nde_trace_step *s, ad_var f[])
{
    bound(t, s);
    return nde_rk_call(&t->r, s->g, nde_rk_stage_time(&t->r, s->t, s->t, 0), s->y, s->args, f);
}

ad_status nde_trace_step_in(nde_trace *t, nde_trace_step *s)
{
    rk_expression e = { .g = s->g, .t = s->t, .h = s->h, .y = s->y, .k1 = s->k1, .args = s->args };
    bound(t, s);
    AD_TRY(nde_rk_express(&t->r, &e));
    s->y1 = e.y1;
    memcpy(s->k, e.k, sizeof s->k);
    estimates(t, &e, s);
    return ad_graph_status(s->g);
}

/* nde_initial_guess() */
static ad_var guess(ad_var d0, ad_var d1)
{
    ad_var least = number(d0, 1e-5), one = number(d0, 1);
    ad_var small = ad_max(ad_lt(d0, least), ad_lt(d1, least));
    ad_var h     = ad_div(ad_where(small, one, d0), ad_where(small, one, d1));
    return ad_where(small, number(d0, 1e-6), ad_scale(h, 0.01));
}

/* nde_initial_step() */
static ad_var refine(ad_var h0, ad_var d1, ad_var d2, int order)
{
    ad_var d    = ad_max(d1, d2);
    ad_var tiny = ad_le(d, number(d, 1e-15));
    ad_var h    = ad_pow(ad_scale(ad_reciprocal(ad_where(tiny, number(d, 1), d)), 0.01),
                         number(d, 1.0 / order));
    h           = ad_where(tiny, ad_max(number(d, 1e-6), ad_scale(h0, 1e-3)), h);
    return ad_where(ad_le(d2, number(d, DBL_MAX)), ad_min(ad_scale(h0, 100), h),
                    ad_scale(h0, 1e-3));
}

ad_status nde_trace_initial_step(nde_trace *t, const nde_trace_step *s, ad_var sign, ad_var most,
                                 ad_var *size)
{
    int     parts = t->r.parts, order = t->o.method->order + !t->o.controller->initial_step_order;
    ad_var *y = nde_rk_vars(&t->r, parts), *f = nde_rk_vars(&t->r, parts), d0, d1, d2;
    if (!y || !f) return AD_NO_MEMORY;
    AD_TRY(norm(t, s->y, s->y, &d0));
    AD_TRY(norm(t, s->k1, s->y, &d1));
    ad_var h0 = ad_min(guess(d0, d1), most), h = ad_mul(sign, h0);
    ad_var hs = t->ode.type == AD_F64 ? h : ad_cast(h, t->ode.type);
    for (int p = 0; p < parts; p++) y[p] = ad_fma(hs, s->k1[p], s->y[p]);
    bound(t, s);
    AD_TRY(nde_rk_call(&t->r, s->g, nde_rk_stage_time(&t->r, s->t, h, 1), y, s->args, f));
    for (int p = 0; p < parts; p++) f[p] = ad_sub(f[p], s->k1[p]);
    AD_TRY(norm(t, f, s->y, &d2));
    *size = ad_min(refine(h0, d1, ad_div(d2, h0), order), most);
    if (t->o.h_max > 0) *size = ad_min(*size, number(*size, t->o.h_max));
    return ad_graph_status(s->g);
}
