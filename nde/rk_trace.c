/* rk_trace.c - explicit Runge-Kutta, traced: the whole step as one graph.

       g_i = y + h sum_j a_ij k_j,   k_i = f(t + c_i h, g_i),   y1 = y + h sum_i b_i k_i                       (1)

   The sums are lincomb nodes, the step factor one fma, so that a stage costs two passes over the state. Where the last
   stage's weights are b, g_s and y1 are the same node. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "rk_trace.h"

static ad_var *vars(rk_tracer *r, int n)
{
    return ad_arena_alloc(r->arena, sizeof(ad_var) * (size_t)(n + 1));
}

static ad_shape time_shape(const rk_tracer *r)
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
    r->f.y    = vars(r, r->parts);
    r->f.dy   = vars(r, r->parts);
    r->f.args = vars(r, r->nargs);
    if (!r->f.y || !r->f.dy || !r->f.args) return AD_NO_MEMORY;
    r->f.t = ad_input(r->f.g, "t", AD_F64, time_shape(r));
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

/* k = f(t, y), inlined into g. */
static ad_status call(rk_tracer *r, ad_graph *g, ad_var t, const ad_var y[], const ad_var args[],
                      ad_var k[])
{
    int     n    = 1 + r->parts + r->nargs;
    ad_var *from = vars(r, n), *to = vars(r, n);
    if (!from || !to) return AD_NO_MEMORY;
    from[0] = r->f.t, to[0] = t;
    for (int p = 0; p < r->parts; p++) from[1 + p] = r->f.y[p], to[1 + p] = y[p];
    for (int i = 0; i < r->nargs; i++)
        from[1 + r->parts + i] = r->f.args[i], to[1 + r->parts + i] = args[i];
    return ad_inline(g, r->f.g, n, from, to, r->parts, r->f.dy, k);
}

/* --- a graph's inputs ---------------------------------------------------------------------------------------------------- */

static ad_status graph_start(rk_tracer *r, rk_graph *w, int most_in, int most_out)
{
    *w     = (rk_graph){ 0 };
    w->in  = vars(r, most_in);
    w->out = vars(r, most_out);
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
    r->lo = input(w, "lo", AD_F64, time_shape(r));
    r->hi = input(w, "hi", AD_F64, time_shape(r));
}

/* t + c h, kept inside [lo, hi]: one ulp inside a piece where the step ends at a break point. */
static ad_var stage_time(const rk_tracer *r, ad_var t, ad_var h, double c)
{
    ad_var s = c == 0 ? t : ad_lincomb(2, (double[]){ 1, c }, (ad_var[]){ t, h });
    if (!r->clamped) return s;
    s = ad_where(ad_lt(s, r->lo), r->lo, s);
    return ad_where(ad_gt(s, r->hi), r->hi, s);
}

/* sum_j w[j] k[j] of part p over the non-zero weights; dead when there is none. */
static ad_var weighted(const rk_tracer *r, int n, const double w[], ad_var *const k[], int p)
{
    double c[NDE_STAGES];
    ad_var x[NDE_STAGES];
    int    m = 0;
    for (int j = 0; j < n; j++)
        if (w[j] != 0) c[m] = w[j], x[m++] = k[j][p];
    (void)r;
    return m ? ad_lincomb(m, c, x) : AD_NONE;
}

/* y + h sum_j w[j] k[j] */
static ad_var advance(const rk_tracer *r, ad_var y, ad_var h, int n, const double w[],
                      ad_var *const k[], int p)
{
    ad_var s = weighted(r, n, w, k, p);
    return s.id < 0 ? y : ad_fma(h, s, y);
}

/* --- error columns --------------------------------------------------------------------------------------------------------- */

/* sum over a sample's numbers, in float64: [n, 1] */
static ad_var sum_squares(ad_var x)
{
    ad_var   q = ad_square(ad_type_of(x) == AD_F64 ? x : ad_cast(x, AD_F64));
    ad_shape s = ad_shape_of(q);
    if (ad_elements(s) == 1) return s.rank == 2 ? q : ad_reshape(q, 2, (long[]){ 1, 1 });
    q = ad_sum(q, ((1 << s.rank) - 1) & ~1, 0);
    return ad_reshape(q, 2, (long[]){ 1, 1 });
}

static ad_var add_all(int n, ad_var x[])
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

static ad_var scale_of(const rk_tracer *r, ad_var y, ad_var y1, int p)
{
    const nde_options *o   = r->spec->o;
    ad_var             big = ad_scale(ad_max(ad_abs(y), ad_abs(y1)), o->rtol);
    if (!o->atol_each) return ad_shift(big, o->atol);
    long at = 0;
    for (int i = 0; i < p; i++) at += ad_elements(r->spec->ode->part[i].shape);
    ad_shape s = r->spec->ode->part[p].shape;
    s.batched  = 0;
    s.dim[0]   = 1;
    return ad_add(big, ad_const_array(big.g, ad_type_of(big), s, o->atol_each + at));
}

/* The columns of error.h over the parts that take part in error control. */
static ad_status columns(rk_tracer *r, rk_graph *w, ad_var h, const ad_var y[], const ad_var y1[],
                         ad_var *const k[], ad_var *const g[])
{
    const nde_tableau *m = r->m;
    ad_var            *x = vars(r, r->parts);
    if (!x) return AD_NO_MEMORY;
    int last = nde_tableau_stiff_stage(m) + 1;
    for (int c = 0; c < NDE_COLUMNS; c++) {
        int count = 0;
        if (!(r->columns >> c & 1)) continue;
        for (int p = 0; p < r->parts; p++) {
            if (r->spec->ode->part[p].no_error) continue;
            ad_var d;
            if (c == 3)
                d = ad_sub(k[last][p], k[last - 1][p]);
            else if (c == 4)
                d = ad_sub(g[last][p], g[last - 1][p]);
            else
                d = ad_mul(h, weighted(r, m->stages, c == 1 ? m->e2 : m->e, k, p));
            if (c < 2) d = ad_div(d, scale_of(r, y[p], y1[p], p));
            x[count++] = sum_squares(d);
        }
        if (count == 0)
            return ad_fail(AD_INVALID, "no part of the state takes part in error control");
        w->out[w->nout++] = add_all(count, x);
    }
    return AD_OK;
}

/* --- the graphs --------------------------------------------------------------------------------------------------------------- */

ad_status nde_rk_trace_start(rk_tracer *r, rk_graph *w)
{
    AD_TRY(graph_start(r, w, 1 + r->parts + r->nargs, r->parts));
    ad_var        t = input(w, "t", AD_F64, time_shape(r));
    const ad_var *y = state(r, w, "y"), *a = args(r, w);
    w->nout = r->parts;
    return call(r, w->g, t, y, a, w->out);
}

ad_status nde_rk_trace_step(rk_tracer *r, rk_graph *w)
{
    const nde_tableau *m    = r->m;
    int                fsal = nde_tableau_fsal(m), s = m->stages, parts = r->parts;
    AD_TRY(graph_start(r, w, 4 + 2 * parts + r->nargs, (s + 2) * parts + NDE_COLUMNS));
    ad_var t = input(w, "t", AD_F64, time_shape(r)), h = input(w, "h", AD_F64, time_shape(r));
    bounds(r, w);
    const ad_var *y = state(r, w, "y"), *carry = fsal ? state(r, w, "k1") : NULL, *a = args(r, w);
    ad_var        hs = r->spec->ode->type == AD_F64 ? h : ad_cast(h, r->spec->ode->type);
    ad_var       *k[NDE_STAGES], *g[NDE_STAGES], *y1 = vars(r, parts);
    for (int i = 0; i < s; i++) {
        k[i] = vars(r, parts), g[i] = vars(r, parts);
        if (!k[i] || !g[i] || !y1) return AD_NO_MEMORY;
        for (int p = 0; p < parts; p++) g[i][p] = advance(r, y[p], hs, i, m->a[i], k, p);
        if (i == 0 && fsal)
            memcpy(k[0], carry, sizeof *carry * (size_t)parts);
        else
            AD_TRY(call(r, w->g, stage_time(r, t, h, m->c[i]), g[i], a, k[i]));
    }
    for (int p = 0; p < parts; p++) w->out[w->nout++] = y1[p] = advance(r, y[p], hs, s, m->b, k, p);
    for (int p = 0; fsal && p < parts; p++) w->out[w->nout++] = k[s - 1][p];
    AD_TRY(columns(r, w, hs, y, y1, k, g));
    for (int i = fsal; i < s - fsal; i++)
        for (int p = 0; p < parts; p++) w->out[w->nout++] = k[i][p];
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
    ad_var t = input(w, "t", AD_F64, time_shape(r)), h = input(w, "h", AD_F64, time_shape(r));
    bounds(r, w);
    const ad_var *y = state(r, w, "y"), *y1 = state(r, w, "y1");
    ad_var       *k[NDE_STAGES];
    for (int i = 0; i < s; i++) k[i] = (ad_var *)state(r, w, "k");
    const ad_var *a  = args(r, w);
    ad_var        hs = r->spec->ode->type == AD_F64 ? h : ad_cast(h, r->spec->ode->type);
    if (m->dense_degree == 0) {
        ad_var *f1 = vars(r, parts);
        if (!f1) return AD_NO_MEMORY;
        if (nde_tableau_fsal(m))
            f1 = k[s - 1];
        else
            AD_TRY(call(r, w->g, stage_time(r, t, h, 1), y1, a, f1));
        return hermite(r, w, hs, y, y1, k[0], f1);
    }
    ad_var *g = vars(r, parts);
    for (int i = s; i < all; i++) {
        k[i] = vars(r, parts);
        if (!k[i] || !g) return AD_NO_MEMORY;
        for (int p = 0; p < parts; p++) g[p] = advance(r, y[p], hs, i, m->a[i], k, p);
        AD_TRY(call(r, w->g, stage_time(r, t, h, m->c[i]), g, a, k[i]));
    }
    for (int q = 1; q <= degree; q++) {
        double b[NDE_STAGES];
        for (int i = 0; i < all; i++) b[i] = m->dense[i][q];
        for (int p = 0; p < parts; p++) {
            ad_var v          = weighted(r, all, b, k, p);
            w->out[w->nout++] = v.id < 0 ? ad_full(w->g, r->spec->ode->type,
                                                   r->spec->ode->part[p].shape, 0)
                                         : ad_mul(hs, v);
        }
    }
    return ad_graph_status(w->g);
}
