/* rk_expression.c - explicit Runge-Kutta as expressions in a caller's graph.

       g_i = y + h sum_j a_ij k_j,   k_i = f(t + c_i h, g_i),   y1 = y + h sum_i b_i k_i                       (1)

   The sums are lincomb nodes, the step factor one fma, so that a stage costs two passes over the state. Where the last
   stage's weights are b, g_s and y1 are the same node. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "rk_trace.h"

ad_var *nde_rk_vars(rk_tracer *r, int n)
{
    return ad_arena_alloc(r->arena, sizeof(ad_var) * (size_t)(n + 1));
}

ad_shape nde_rk_time_shape(const rk_tracer *r)
{
    return r->spec->o->batching == NDE_PER_SAMPLE ? ad_rows(1) : ad_scalar();
}

/* --- the field ---------------------------------------------------------------------------------------------------------- */

static ad_status fit(rk_tracer *r, int p)
{
    const nde_ode *ode  = r->spec->ode;
    ad_shape       want = ode->part[p].shape;
    ad_var         v    = r->f.dy[p];
    char           a[64], b[64];
    if (v.id < 0) {
        AD_TRY(ad_graph_status(r->f.g));
        return ad_fail(AD_INVALID, "the field returned nothing for the state '%s'",
                       ode->part[p].name);
    }
    if (ad_type_of(v) != ode->type)
        return ad_fail(AD_BAD_SHAPE,
                       "the field's derivative of '%s' is %s, the state is %s; cast it",
                       ode->part[p].name, ad_type_of(v) == AD_F32 ? "float32" : "float64",
                       ode->type == AD_F32 ? "float32" : "float64");
    if (!ad_shape_equal(ad_shape_of(v), want)) r->f.dy[p] = ad_broadcast(v, want);
    if (ad_graph_status(r->f.g))
        return ad_fail(AD_BAD_SHAPE, "the field's derivative of '%s' has shape %s, the state %s",
                       ode->part[p].name, ad_shape_text(ad_shape_of(v), a, sizeof a),
                       ad_shape_text(want, b, sizeof b));
    return AD_OK;
}

ad_status nde_rk_trace_field(rk_tracer *r)
{
    const nde_ode *ode = r->spec->ode;
    AD_TRY(ad_graph_new(&r->f.g));
    r->f.y    = nde_rk_vars(r, r->parts);
    r->f.dy   = nde_rk_vars(r, r->parts);
    r->f.args = nde_rk_vars(r, r->nargs);
    if (!r->f.y || !r->f.dy || !r->f.args) return AD_NO_MEMORY;
    r->f.t = ad_input(r->f.g, "t", AD_F64, nde_rk_time_shape(r));
    for (int p = 0; p < r->parts; p++)
        r->f.y[p] = ad_input(r->f.g, ode->part[p].name, ode->type, ode->part[p].shape);
    for (int i = 0; i < r->nargs; i++)
        r->f.args[i] = ad_input(r->f.g, ode->args[i].name ? ode->args[i].name : "arg",
                                ode->args[i].type ? ode->args[i].type : ode->type,
                                ode->args[i].shape);
    nde_point at = { r->f.g,   r->f.t,    r->f.y[0],  r->parts, r->f.y,
                     r->nargs, r->f.args, ode->theta, ode->type };
    for (int p = 0; p < r->parts; p++) r->f.dy[p] = AD_NONE;
    if (ode->field)
        r->f.dy[0] = ode->field(&at, ode->ctx);
    else
        ode->field_parts(&at, r->f.dy, ode->ctx);
    AD_TRY(ad_graph_status(r->f.g));
    for (int p = 0; p < r->parts; p++) AD_TRY(fit(r, p));
    return ad_graph_status(r->f.g);
}

ad_status nde_rk_call(rk_tracer *r, ad_graph *g, ad_var t, const ad_var y[], const ad_var args[],
                      ad_var k[])
{
    int     n    = 1 + r->parts + r->nargs;
    ad_var *from = nde_rk_vars(r, n), *to = nde_rk_vars(r, n);
    if (!from || !to) return AD_NO_MEMORY;
    from[0] = r->f.t, to[0] = t;
    for (int p = 0; p < r->parts; p++) from[1 + p] = r->f.y[p], to[1 + p] = y[p];
    for (int i = 0; i < r->nargs; i++)
        from[1 + r->parts + i] = r->f.args[i], to[1 + r->parts + i] = args[i];
    return ad_inline(g, r->f.g, n, from, to, r->parts, r->f.dy, k);
}

/* --- the sums of (1) ----------------------------------------------------------------------------------------------------- */

ad_var nde_rk_stage_time(const rk_tracer *r, ad_var t, ad_var h, double c)
{
    ad_var s = c == 0 ? t : ad_lincomb(2, (double[]){ 1, c }, (ad_var[]){ t, h });
    if (!r->clamped) return s;
    s = ad_where(ad_lt(s, r->lo), r->lo, s);
    return ad_where(ad_gt(s, r->hi), r->hi, s);
}

ad_var nde_rk_weighted(int n, const double w[], ad_var *const k[], int p)
{
    double c[NDE_STAGES];
    ad_var x[NDE_STAGES];
    int    m = 0;
    for (int j = 0; j < n; j++)
        if (w[j] != 0) c[m] = w[j], x[m++] = k[j][p];
    return m ? ad_lincomb(m, c, x) : AD_NONE;
}

ad_var nde_rk_advance(ad_var y, ad_var h, int n, const double w[], ad_var *const k[], int p)
{
    ad_var s = nde_rk_weighted(n, w, k, p);
    return s.id < 0 ? y : ad_fma(h, s, y);
}

/* --- error columns --------------------------------------------------------------------------------------------------------- */

ad_var nde_rk_sum_squares(ad_var x)
{
    ad_var   q = ad_square(ad_type_of(x) == AD_F64 ? x : ad_cast(x, AD_F64));
    ad_shape s = ad_shape_of(q);
    if (ad_elements(s) == 1) return s.rank == 2 ? q : ad_reshape(q, 2, (long[]){ 1, 1 });
    q = ad_sum(q, ((1 << s.rank) - 1) & ~1, 0);
    return ad_reshape(q, 2, (long[]){ 1, 1 });
}

ad_var nde_rk_add_all(int n, ad_var x[])
{
    enum { AT_ONCE = 32 };
    static const double ones[AT_ONCE] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                          1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    while (n > 1) {
        int m = 0;
        for (int i = 0; i < n; i += AT_ONCE)
            x[m++] = ad_lincomb(n - i < AT_ONCE ? n - i : AT_ONCE, ones, x + i);
        n = m;
    }
    return x[0];
}

ad_var nde_rk_scale(const rk_tracer *r, ad_var size, int p)
{
    const nde_options *o   = r->spec->o;
    ad_var             big = ad_scale(size, o->rtol);
    if (!o->atol_each) return ad_shift(big, o->atol);
    long at = 0;
    for (int i = 0; i < p; i++) at += ad_elements(r->spec->ode->part[i].shape);
    ad_shape s = r->spec->ode->part[p].shape;
    s.batched  = 0;
    s.dim[0]   = 1;
    return ad_add(big, ad_const_array(big.g, ad_type_of(big), s, o->atol_each + at));
}

/* The columns of error.h over the parts that take part in error control. */
static ad_status columns(rk_tracer *r, rk_expression *w, ad_var h)
{
    const nde_tableau *m = r->m;
    ad_var            *x = nde_rk_vars(r, r->parts);
    if (!x) return AD_NO_MEMORY;
    int last = nde_tableau_stiff_stage(m) + 1;
    for (int c = 0; c < NDE_COLUMNS; c++) {
        int count = 0;
        if (!(r->columns >> c & 1)) continue;
        for (int p = 0; p < r->parts; p++) {
            if (r->spec->ode->part[p].no_error) continue;
            ad_var d;
            if (c == 3)
                d = ad_sub(w->k[last][p], w->k[last - 1][p]);
            else if (c == 4)
                d = ad_sub(w->at[last][p], w->at[last - 1][p]);
            else
                d = ad_mul(h, nde_rk_weighted(m->stages, c == 1 ? m->e2 : m->e, w->k, p));
            if (c < 2) d = ad_div(d, nde_rk_scale(r, ad_max(ad_abs(w->y[p]), ad_abs(w->y1[p])), p));
            x[count++] = nde_rk_sum_squares(d);
        }
        if (count == 0)
            return ad_fail(AD_INVALID, "no part of the state takes part in error control");
        w->column[c] = nde_rk_add_all(count, x);
    }
    return AD_OK;
}

/* --- the step --------------------------------------------------------------------------------------------------------------- */

ad_status nde_rk_express(rk_tracer *r, rk_expression *w)
{
    const nde_tableau *m     = r->m;
    int                parts = r->parts, s = m->stages;
    ad_var             h = r->spec->ode->type == AD_F64 ? w->h : ad_cast(w->h, r->spec->ode->type);
    w->y1                = nde_rk_vars(r, parts);
    if (!w->y1) return AD_NO_MEMORY;
    for (int i = 0; i < s; i++) {
        w->k[i] = nde_rk_vars(r, parts), w->at[i] = nde_rk_vars(r, parts);
        if (!w->k[i] || !w->at[i]) return AD_NO_MEMORY;
        for (int p = 0; p < parts; p++)
            w->at[i][p] = nde_rk_advance(w->y[p], h, i, m->a[i], w->k, p);
        if (i == 0 && w->k1)
            memcpy(w->k[0], w->k1, sizeof *w->k1 * (size_t)parts);
        else
            AD_TRY(nde_rk_call(r, w->g, nde_rk_stage_time(r, w->t, w->h, m->c[i]), w->at[i],
                               w->args, w->k[i]));
    }
    for (int p = 0; p < parts; p++) w->y1[p] = nde_rk_advance(w->y[p], h, s, m->b, w->k, p);
    return columns(r, w, h);
}
