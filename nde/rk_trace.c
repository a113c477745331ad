/* rk_trace.c - the graphs of an explicit Runge-Kutta method: their inputs and outputs; rk_expression.c has what lies between. */
#include <costate/autodiff/memory.h>

#include "rk_trace.h"

/* --- a graph's inputs ---------------------------------------------------------------------------------------------------- */

static ad_status graph_start(rk_tracer *r, rk_graph *w, int most_in, int most_out)
{
    *w     = (rk_graph){ 0 };
    w->in  = nde_rk_vars(r, most_in);
    w->out = nde_rk_vars(r, most_out);
    if (!w->in || !w->out) return AD_NO_MEMORY;
    return ad_graph_new(&w->g);
}

static ad_var input(rk_graph *w, const char *name, ad_type type, ad_shape shape)
{
    return w->in[w->nin++] = ad_input(w->g, name, type, shape);
}

static const ad_var *state(rk_tracer *r, rk_graph *w, const char *name)
{
    const ad_var *first = w->in + w->nin;
    for (int p = 0; p < r->parts; p++)
        input(w, name, r->spec->ode->type, r->spec->ode->part[p].shape);
    return first;
}

static const ad_var *args(rk_tracer *r, rk_graph *w)
{
    const ad_var  *first = w->in + w->nin;
    const nde_ode *ode   = r->spec->ode;
    for (int i = 0; i < r->nargs; i++)
        input(w, ode->args[i].name ? ode->args[i].name : "arg",
              ode->args[i].type ? ode->args[i].type : ode->type, ode->args[i].shape);
    return first;
}

static void bounds(rk_tracer *r, rk_graph *w)
{
    if (!r->clamped) return;
    r->lo = input(w, "lo", AD_F64, nde_rk_time_shape(r));
    r->hi = input(w, "hi", AD_F64, nde_rk_time_shape(r));
}

/* --- the graphs --------------------------------------------------------------------------------------------------------------- */

ad_status nde_rk_trace_start(rk_tracer *r, rk_graph *w)
{
    AD_TRY(graph_start(r, w, 1 + r->parts + r->nargs, r->parts));
    ad_var        t = input(w, "t", AD_F64, nde_rk_time_shape(r));
    const ad_var *y = state(r, w, "y"), *a = args(r, w);
    w->nout = r->parts;
    return nde_rk_call(r, w->g, t, y, a, w->out);
}

ad_status nde_rk_trace_step(rk_tracer *r, rk_graph *w)
{
    int fsal = nde_tableau_fsal(r->m), s = r->m->stages, parts = r->parts;
    AD_TRY(graph_start(r, w, 4 + 2 * parts + r->nargs, (s + 2) * parts + NDE_COLUMNS));
    rk_expression e = { .g = w->g };
    e.t             = input(w, "t", AD_F64, nde_rk_time_shape(r));
    e.h             = input(w, "h", AD_F64, nde_rk_time_shape(r));
    bounds(r, w);
    e.y    = state(r, w, "y");
    e.k1   = fsal ? state(r, w, "k1") : NULL;
    e.args = args(r, w);
    AD_TRY(nde_rk_express(r, &e));
    for (int p = 0; p < parts; p++) w->out[w->nout++] = e.y1[p];
    for (int p = 0; fsal && p < parts; p++) w->out[w->nout++] = e.k[s - 1][p];
    for (int c = 0; c < NDE_COLUMNS; c++)
        if (r->columns >> c & 1) w->out[w->nout++] = e.column[c];
    for (int i = fsal; i < s - fsal; i++)
        for (int p = 0; p < parts; p++) w->out[w->nout++] = e.k[i][p];
    return ad_graph_status(w->g);
}

int nde_rk_degree(const nde_tableau *m)
{
    return m->dense_degree > 0 ? m->dense_degree : 3;
}

int nde_rk_dense_evaluations(const nde_tableau *m)
{
    return m->dense_degree > 0 ? m->dense_stages : !nde_tableau_fsal(m);
}

/* Cubic Hermite: c1 = h k1, c2 = 3 (y1 - y) - h (2 k1 + f1), c3 = 2 (y - y1) + h (k1 + f1). */
static ad_status hermite(rk_tracer *r, rk_graph *w, ad_var h, const ad_var y[], const ad_var y1[],
                         const ad_var k1[], const ad_var f1[])
{
    for (int p = 0; p < r->parts; p++) {
        ad_var d = ad_sub(y1[p], y[p]), h1 = ad_mul(h, k1[p]), h2 = ad_mul(h, f1[p]);
        w->out[p]                = h1;
        w->out[r->parts + p]     = ad_lincomb(3, (double[]){ 3, -2, -1 }, (ad_var[]){ d, h1, h2 });
        w->out[2 * r->parts + p] = ad_lincomb(3, (double[]){ -2, 1, 1 }, (ad_var[]){ d, h1, h2 });
    }
    w->nout = 3 * r->parts;
    return ad_graph_status(w->g);
}

ad_status nde_rk_trace_dense(rk_tracer *r, rk_graph *w)
{
    const nde_tableau *m = r->m;
    int s = m->stages, parts = r->parts, all = s + m->dense_stages, degree = nde_rk_degree(m);
    AD_TRY(graph_start(r, w, 4 + (s + 2) * parts + r->nargs, degree * parts));
    ad_var t = input(w, "t", AD_F64, nde_rk_time_shape(r)),
           h = input(w, "h", AD_F64, nde_rk_time_shape(r));
    bounds(r, w);
    const ad_var *y = state(r, w, "y"), *y1 = state(r, w, "y1");
    ad_var       *k[NDE_STAGES];
    for (int i = 0; i < s; i++) k[i] = (ad_var *)state(r, w, "k");
    const ad_var *a  = args(r, w);
    ad_var        hs = r->spec->ode->type == AD_F64 ? h : ad_cast(h, r->spec->ode->type);
    if (m->dense_degree == 0) {
        ad_var *f1 = nde_rk_vars(r, parts);
        if (!f1) return AD_NO_MEMORY;
        if (nde_tableau_fsal(m))
            f1 = k[s - 1];
        else
            AD_TRY(nde_rk_call(r, w->g, nde_rk_stage_time(r, t, h, 1), y1, a, f1));
        return hermite(r, w, hs, y, y1, k[0], f1);
    }
    ad_var *g = nde_rk_vars(r, parts);
    for (int i = s; i < all; i++) {
        k[i] = nde_rk_vars(r, parts);
        if (!k[i] || !g) return AD_NO_MEMORY;
        for (int p = 0; p < parts; p++) g[p] = nde_rk_advance(y[p], hs, i, m->a[i], k, p);
        AD_TRY(nde_rk_call(r, w->g, nde_rk_stage_time(r, t, h, m->c[i]), g, a, k[i]));
    }
    for (int q = 1; q <= degree; q++) {
        double b[NDE_STAGES];
        for (int i = 0; i < all; i++) b[i] = m->dense[i][q];
        for (int p = 0; p < parts; p++) {
            ad_var v          = nde_rk_weighted(all, b, k, p);
            w->out[w->nout++] = v.id < 0 ? ad_full(w->g, r->spec->ode->type,
                                                   r->spec->ode->part[p].shape, 0)
                                         : ad_mul(hs, v);
        }
    }
    return ad_graph_status(w->g);
}
