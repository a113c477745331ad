/* A step and the first step as expressions are what the solve takes: h, E, S, U and the state after a step.

   The numbers are those of one formula in two orders of summation, so they agree to some ulps (2 seen, 16 asked); h comes of a
   difference of two evaluations, a hundredth of them in size or less (103 seen, 1000 asked). */
#include <criterion/criterion.h>

#include <costate/adjoint/adjoint.h>
#include <costate/nde/trace.h>

#include "support.h"

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

enum { PARTS = 3, DIM = 6, MOST = 4, IN = 4 + PARTS + 1, OUT = 4 + PARTS };

/* Three parts, the last out of error control; an arg for each sample. */
static const nde_part parts[PARTS] = { { "a", { 2, 1, { 1, 2 } }, 0 },
                                       { "b", { 2, 1, { 1, 3 } }, 0 },
                                       { "c", { 2, 1, { 1, 1 } }, 1 } };
static const nde_arg  args[1]      = { { "rate", { 2, 1, { 1, 1 } }, 0 } };

static void field(const nde_point *at, ad_var *dy, void *ctx)
{
    const ad_var *y = at->part;
    ad_var        t = ad_cast(at->t, at->type);
    (void)ctx;
    dy[0] = ad_mul(at->args[0], ad_tanh(ad_sub(ad_slice(y[1], 1, 0, 2), ad_scale(y[0], 2))));
    dy[1] = ad_add(ad_sin(ad_concat(2, (ad_var[]){ y[0], y[2] }, 1)), ad_cos(ad_scale(t, 3)));
    dy[2] = ad_sum(ad_square(y[0]), 2, 1);
}

typedef struct numbers {
    double y[MOST * DIM], rate[MOST], h[MOST], size[MOST];
    double error[MOST], unscaled[MOST], stiffness[MOST], y1[MOST * DIM];
} numbers;

static nde_ode problem(ad_type type)
{
    return (nde_ode){
        .field_parts = field, .type = type, .parts = PARTS, .part = parts, .nargs = 1, .args = args
    };
}

static void some(numbers *w)
{
    uint64_t seed = 3;
    memset(w, 0, sizeof *w);
    for (int i = 0; i < MOST * DIM; i++) w->y[i] = draw(&seed, -2, 2);
    for (int i = 0; i < MOST; i++) w->rate[i] = draw(&seed, 0.5, 3);
}

/* The user's array of n samples of the type, from and to doubles. */
static void *typed(ad_type type, const double *from, float *f, long n)
{
    for (long i = 0; i < n; i++) f[i] = (float)from[i];
    return type == AD_F32 ? (void *)f : (void *)from;
}

/* --- by expression ---------------------------------------------------------------------------------------------------- */

typedef struct setting {
    nde_options o;
    ad_type     type;
    long        n;
    double      t, end;
} setting;

static void expressions(const setting *c, ad_graph *g, nde_trace *trace, ad_var in[], ad_var out[],
                        int *nout)
{
    ad_shape time = c->o.batching == NDE_PER_SAMPLE ? ad_rows(1) : ad_scalar();
    nde_ode  ode  = problem(c->type);
    ad_var   f[PARTS], size;
    for (int i = 0; i < 4; i++)
        in[i] = ad_input(g, (const char *[]){ "t", "sign", "most", "h" }[i], AD_F64, time);
    for (int p = 0; p < PARTS; p++) in[4 + p] = ad_input(g, "y", c->type, parts[p].shape);
    in[4 + PARTS]    = ad_input(g, "rate", ode.type, args[0].shape);
    nde_trace_step s = { .g = g, .t = in[0], .h = in[3], .y = in + 4, .args = in + 4 + PARTS };
    ok(nde_trace_field(trace, &s, f));
    s.k1 = f;
    ok(nde_trace_initial_step(trace, &s, in[1], in[2], &size));
    s.k1 = NULL;
    ok(nde_trace_step_in(trace, &s));
    *nout          = 0;
    out[(*nout)++] = size, out[(*nout)++] = s.error, out[(*nout)++] = s.unscaled;
    for (int p = 0; p < PARTS; p++) out[(*nout)++] = s.y1[p];
    if (s.stiffness.id >= 0) out[(*nout)++] = s.stiffness;
    cr_expect_eq(s.stiffness.id >= 0, nde_tableau_stiff_stage(c->o.method) >= 0);
}

/* Part-major arrays of n samples: where each part is. */
static void split(const setting *c, void *y, void *part[])
{
    size_t size = ad_type_size(c->type), at = 0;
    for (int p = 0; p < PARTS; p++) {
        part[p] = (char *)y + at;
        at += size * (size_t)(c->n * ad_elements(parts[p].shape));
    }
}

static void by_expression(const setting *c, numbers *w)
{
    ad_graph  *g;
    nde_trace *trace;
    ad_plan   *plan;
    ad_work   *work;
    ad_var     in[IN], out[OUT];
    float      y32[MOST * DIM], rate32[MOST], y1_32[MOST * DIM];
    double     t[MOST], sign[MOST], most[MOST];
    int        nout;
    nde_ode    ode = problem(c->type);
    ok(nde_trace_new(&trace, &ode, &c->o));
    ok(ad_graph_new(&g));
    expressions(c, g, trace, in, out, &nout);
    ad_plan_options po = { "trace", c->n, c->o.batching == NDE_PER_SAMPLE ? AD_ROW_EXACT : 0 };
    ok(ad_plan_new(&plan, IN, in, nout, out, &po));
    ok(ad_work_new(&work, plan));
    for (int i = 0; i < MOST; i++)
        t[i] = c->t, sign[i] = c->end > c->t ? 1 : -1, most[i] = fabs(c->end - c->t);
    void *part[PARTS], *part1[PARTS];
    split(c, typed(c->type, w->y, y32, c->n * DIM), part);
    split(c, c->type == AD_F32 ? (void *)y1_32 : (void *)w->y1, part1);
    const void *from[IN] = { t,       sign,    most,    w->h,
                             part[0], part[1], part[2], typed(c->type, w->rate, rate32, c->n) };
    void *to[OUT] = { w->size, w->error, w->unscaled, part1[0], part1[1], part1[2], w->stiffness };
    ok(ad_execute(plan, work, &(ad_args){ .n = c->n, .in = from, .out = to }));
    if (c->type == AD_F32)
        for (long i = 0; i < c->n * DIM; i++) w->y1[i] = y1_32[i];
    ad_work_free(work), ad_plan_free(plan), ad_graph_free(g), nde_trace_free(trace);
}

/* --- by a solve of the batch as one ------------------------------------------------------------------------------------ */

typedef struct first {
    int    seen;
    double h;
} first;

static int watch(const nde_attempt *a, void *ctx)
{
    first *f = ctx;
    if (!f->seen++) f->h = a->h;
    return 0;
}

/* The first attempt's h into *size; h, E, U, S of the first accepted step, and the state behind it. */
static void by_solve(const setting *c, const double *y, const double *rate, numbers *w)
{
    adj_solver *s;
    setting     d = *c;
    first       f = { 0 };
    float       y32[MOST * DIM], rate32[MOST], state32[MOST * DIM];
    nde_ode     ode = problem(c->type);
    d.o.batching = NDE_JOINT, d.o.observe = watch, d.o.observe_ctx = &f;
    d.o.estimates = NDE_ESTIMATE_UNSCALED;
    if (nde_tableau_stiff_stage(c->o.method) >= 0) d.o.estimates |= NDE_ESTIMATE_STIFFNESS;
    ok(adj_solver_new(&s, &ode, &d.o, NULL, c->n));
    nde_solve_args a = { .n     = c->n,
                         .times = 2,
                         .t     = (double[]){ c->t, c->end },
                         .y0    = typed(c->type, y, y32, c->n * DIM),
                         .args  = (const void *[]){ typed(c->type, rate, rate32, c->n) } };
    ok(adj_solve(s, &a));
    cr_assert_gt(adj_steps(s), 1);
    w->size[0] = fabs(f.h), w->h[0] = adj_step_h(s)[0], w->error[0] = adj_step_error(s)[0];
    w->unscaled[0]  = adj_step_unscaled(s)[0];
    w->stiffness[0] = adj_step_stiffness(s)[0];
    ok(adj_step_state(s, 1, c->type == AD_F32 ? (void *)state32 : (void *)w->y1));
    if (c->type == AD_F32)
        for (long i = 0; i < c->n * DIM; i++) w->y1[i] = state32[i];
    adj_solver_free(s);
}

static void close_to(const setting *c, const char *what, double is, double want)
{
    double ulps = strcmp(what, "first step") ? 16 : 1000;
    double eps  = c->type == AD_F32 ? 0x1p-24 : 0x1p-53;
    cr_expect(fabs(is - want) <= ulps * eps * fabs(want), "%s, %s, %s: %.17g, the solve has %.17g",
              c->o.method->name, c->o.controller ? c->o.controller->name : "default", what, is,
              want);
}

static void compare(const setting *c, const numbers *is, long i, const numbers *want)
{
    close_to(c, "first step", is->size[i], want->size[0]);
    close_to(c, "E", is->error[i], want->error[0]);
    close_to(c, "U", is->unscaled[i], want->unscaled[0]);
    if (nde_tableau_stiff_stage(c->o.method) >= 0)
        close_to(c, "S", is->stiffness[i], want->stiffness[0]);
}

static void check_joint(const setting *c)
{
    numbers is, want;
    some(&is), some(&want);
    by_solve(c, is.y, is.rate, &want);
    is.h[0] = want.h[0];
    by_expression(c, &is);
    compare(c, &is, 0, &want);
    double eps = c->type == AD_F32 ? 0x1p-24 : 0x1p-53;
    cr_expect(distance(c->n * DIM, is.y1, want.y1) <= 8 * eps, "%s: y1", c->o.method->name);
}

/* A sample of the part-major state of n. */
static void sample_of(const setting *c, const double *y, long i, double *one)
{
    long at = 0;
    for (int p = 0; p < PARTS; p++) {
        long d = ad_elements(parts[p].shape);
        for (long j = 0; j < d; j++) *one++ = y[c->n * at + i * d + j];
        at += d;
    }
}

static void check_rows(const setting *c)
{
    numbers is, want[MOST];
    setting one = *c;
    one.n       = 1;
    some(&is);
    for (long i = 0; i < c->n; i++) {
        double y[DIM];
        sample_of(c, is.y, i, y);
        by_solve(&one, y, is.rate + i, &want[i]);
        is.h[i] = want[i].h[0];
    }
    by_expression(c, &is);
    for (long i = 0; i < c->n; i++) compare(c, &is, i, &want[i]);
}

static const nde_tableau *const methods[] = { &nde_tsit5, &nde_dopri5, &nde_bosh3, &nde_dop853 };

Test(trace, every_method_and_controller_is_the_solves)
{
    for (int m = 0; m < 4; m++)
        for (int k = 0; k < nde_controller_count(); k++)
            for (int way = -1; way <= 1; way += 2) {
                setting c = { .o    = { .method     = methods[m],
                                        .controller = nde_controller_at(k),
                                        .rtol       = 1e-5,
                                        .atol       = 1e-6 },
                              .type = AD_F64,
                              .n    = MOST,
                              .t    = 0.3,
                              .end  = 0.3 + 4 * way };
                check_joint(&c);
                c.o.batching = NDE_PER_SAMPLE;
                check_rows(&c);
            }
}

/* The defaults of an nde_options full of zeros, and tolerances for each component. */
Test(trace, tolerances_are_the_solves)
{
    const double each[DIM] = { 1e-3, 1e-5, 1e-4, 1e-2, 1e-6, 1 };
    setting      c         = { .o = { .method = &nde_tsit5 }, .type = AD_F64, .n = 3, .end = 9 };
    check_joint(&c);
    c.o.atol_each = each;
    check_joint(&c);
    c.o.rtol = NDE_ZERO;
    check_joint(&c);
}

Test(trace, float32)
{
    setting c = {
        .o = { .method = &nde_tsit5, .rtol = 1e-2, .atol = 1e-2 }, .type = AD_F32, .n = 3, .end = 9
    };
    check_joint(&c);
    c.o.batching = NDE_PER_SAMPLE;
    check_rows(&c);
}

/* The end, h_max and a constant field bound the step. */
Test(trace, the_first_step_is_bounded)
{
    setting c = { .o = { .method = &nde_tsit5 }, .type = AD_F64, .n = 2, .end = 1e-3 };
    numbers w;
    some(&w);
    by_expression(&c, &w);
    cr_expect_eq(w.size[0], 1e-3);
    c.end = 9, c.o.h_max = 1e-4;
    by_expression(&c, &w);
    cr_expect_eq(w.size[0], 1e-4);
}

/* --- break points, fields that are none ------------------------------------------------------------------------------- */

static ad_var jumping(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var before = ad_lt(at->t, ad_const(at->g, AD_F64, 0.5));
    return ad_sub(ad_where(before, ad_const(at->g, AD_F64, 1), ad_const(at->g, AD_F64, 5)), at->y);
}

/* A step that ends at a break point sees the field before it alone, as the solve's does. */
Test(trace, a_step_to_a_break_point)
{
    static const double breaks[] = { 0.5 };
    double              y = 0.3, t = 0.3, h, lo, hi, stop, is[2], unbounded;
    nde_ode             ode = { .field = jumping, .dim = 1 };
    nde_options         o   = { .h = 1, .nbreaks = 1, .breaks = breaks };
    adj_solver         *s;
    nde_trace          *trace;
    ad_graph           *g;
    ad_plan            *plan;
    ad_work            *work;
    ok(adj_solver_new(&s, &ode, &o, NULL, 1));
    ok(adj_solve(s, &(nde_solve_args){ .n = 1, .times = 2, .t = (double[]){ t, 1 }, .y0 = &y }));
    ok(nde_trace_new(&trace, &ode, &o));
    nde_trace_piece(trace, t, 1, &lo, &hi, &stop);
    cr_expect_eq(stop, 0.5);
    cr_expect_eq(hi, nextafter(0.5, 0));
    h = adj_step_h(s)[0];
    cr_assert_eq(h, stop - t);
    ok(ad_graph_new(&g));
    ad_var in[5];
    for (int i = 0; i < 4; i++) in[i] = ad_input(g, "t", AD_F64, ad_scalar());
    in[4]                = ad_input(g, "y", AD_F64, ad_rows(1));
    nde_trace_step bound = {
        .g = g, .t = in[0], .h = in[1], .lo = in[2], .hi = in[3], .y = in + 4
    };
    nde_trace_step none = { .g = g, .t = in[0], .h = in[1], .y = in + 4 };
    ok(nde_trace_step_in(trace, &bound));
    ok(nde_trace_step_in(trace, &none));
    ok(ad_plan_new(&plan, 5, in, 2, (ad_var[]){ bound.error, none.error },
                   &(ad_plan_options){ "break", 1, 0 }));
    ok(ad_work_new(&work, plan));
    ok(ad_execute(plan, work,
                  &(ad_args){ .n   = 1,
                              .in  = (const void *[]){ &t, &h, &lo, &hi, &y },
                              .out = (void *[]){ &is[0], &unbounded } }));
    is[1] = adj_step_error(s)[0];
    cr_expect_float_eq(is[0], is[1], 1e-15 + 1e-14 * is[1]);
    cr_expect_gt(unbounded, 100 * is[1]);
    ad_work_free(work), ad_plan_free(plan), ad_graph_free(g);
    nde_trace_free(trace), adj_solver_free(s);
}

static int plain(double t, long n, const void *y, void *dy, void *ctx)
{
    (void)t, (void)ctx;
    memcpy(dy, y, (size_t)n * sizeof(double));
    return 0;
}

Test(trace, what_cannot_be_traced_is_told)
{
    nde_trace *t;
    nde_ode    ode  = { .field_plain = plain, .dim = 1 };
    nde_part   lone = { "y", { 2, 1, { 1, 1 } }, 1 };
    cr_assert_eq(nde_trace_new(&t, &ode, NULL), AD_UNSUPPORTED);
    cr_expect_null(t);
    cr_expect(strstr(ad_message(), "plain C function"), "%s", ad_message());
    ode = (nde_ode){ .field = jumping, .parts = 1, .part = &lone };
    cr_assert_eq(nde_trace_new(&t, &ode, NULL), AD_INVALID);
    cr_expect(strstr(ad_message(), "error control"), "%s", ad_message());
}

/* --- memory ---------------------------------------------------------------------------------------------------------------- */

static ad_status traced(void *arg)
{
    (void)arg;
    nde_ode     ode = { .field = jumping, .dim = 2 };
    nde_options o   = { .nbreaks = 1, .breaks = (double[]){ 0.5 } };
    nde_trace  *t;
    ad_graph   *g = NULL;
    ad_var      size, f[1];
    AD_TRY(nde_trace_new(&t, &ode, &o));
    ad_status e = ad_graph_new(&g);
    if (!e) {
        ad_var time      = ad_input(g, "t", AD_F64, ad_scalar()),
               y         = ad_input(g, "y", AD_F64, ad_rows(2));
        nde_trace_step s = { .g = g, .t = time, .h = time, .y = &y, .k1 = f };
        e                = nde_trace_field(t, &s, f);
        if (!e) e = nde_trace_initial_step(t, &s, time, time, &size);
        if (!e) e = nde_trace_step_in(t, &s);
    }
    ad_graph_free(g);
    nde_trace_free(t);
    return e;
}

Test(trace, every_allocation_may_fail)
{
    long runs;
    cr_expect(every_allocation_fails_cleanly(traced, NULL, &runs));
    cr_expect_gt(runs, 5);
}
