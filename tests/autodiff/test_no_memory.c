/* Every n-th allocation failing, for graphs, derivatives, plans, pairs and the eager mode: AD_NO_MEMORY, nothing live. */
#include <criterion/criterion.h>

#include <costate/autodiff/layers.h>
#include <costate/autodiff/loss.h>
#include <costate/autodiff/plan.h>

#include "support.h"

enum { N = 5 };

typedef struct model {
    ad_params *theta;
    ad_graph  *g;
    ad_var     in[2], out[2]; /* x, want; loss, y */
} model;

static ad_status model_new(model *m)
{
    *m = (model){ 0 };
    AD_TRY(ad_params_new(&m->theta, AD_F64));
    AD_TRY(ad_graph_new(&m->g));
    m->in[0]  = ad_input(m->g, "x", AD_F64, ad_rows(3));
    m->in[1]  = ad_input(m->g, "want", AD_F64, ad_rows(2));
    ad_var h  = ad_mlp(m->in[0], m->theta, "f", 3, (long[]){ 40, 4, 2 }, ad_tanh);
    ad_var r  = ad_concat(3, (ad_var[]){ h, ad_exp(h), ad_slice(m->in[0], 1, 0, 1) }, 1);
    m->out[1] = ad_add(ad_slice(r, 1, 1, 3), ad_normal(m->g, AD_F64, ad_rows(2), 1));
    m->out[0] = ad_loss_mse(m->out[1], m->in[1]);
    return ad_graph_status(m->g);
}

static void model_free(model *m)
{
    ad_graph_free(m->g);
    ad_params_free(m->theta);
}

static double numbers[4096]; /* plenty of zeros for every array of a run */
static double results[8][512];

static ad_args run_args(void *residual)
{
    static const void *const in[]  = { numbers, numbers, numbers, numbers };
    static void *const       out[] = { results[0], results[1], results[2], results[3] };
    return (ad_args){ .n         = N,
                      .in        = in,
                      .out       = out,
                      .theta     = numbers,
                      .theta_bar = results[4],
                      .residual  = residual };
}

/* --- graphs ------------------------------------------------------------------------------------------------------------ */

static ad_status derive(model *m)
{
    ad_var grad[2], hv[1], x = m->in[0], y = m->out[1], dot = ad_full(m->g, AD_F64, ad_rows(3), 1);
    int    view[8], count;
    AD_TRY(ad_gradient(m->out[0], 2, m->in, grad));
    AD_TRY(ad_hvp(m->out[0], 1, &x, &dot, hv));
    AD_TRY(ad_jvp(1, &x, &dot, 1, &y, hv));
    if (ad_jacobian(y, x, 1).id < 0) return ad_graph_status(m->g);
    if (ad_jacobian(y, x, 0).id < 0) return ad_graph_status(m->g);
    AD_TRY(ad_params_unused(m->theta, 1, m->out, 8, view, &count));
    char *text = ad_graph_text(m->g, 0, NULL);
    if (!text) return AD_NO_MEMORY;
    ad_free(text);
    return AD_OK;
}

static ad_status graphs(void *arg)
{
    model m;
    (void)arg;
    ad_status e = model_new(&m);
    if (!e) e = derive(&m);
    model_free(&m);
    return e;
}

/* --- plans ------------------------------------------------------------------------------------------------------------- */

static ad_status run_plan(const model *m, unsigned flags, int nout)
{
    ad_plan  *plan;
    ad_work  *work = NULL;
    ad_status e    = ad_plan_new(&plan, 2, m->in, nout, m->out + 2 - nout,
                                 &(ad_plan_options){ "plan", N, flags });
    ad_args   a    = run_args(NULL);
    if (!e) e = ad_work_new(&work, plan);
    if (!e) e = ad_execute(plan, work, &a);
    char *text = e ? NULL : ad_plan_text(plan);
    if (!e && !text) e = AD_NO_MEMORY;
    ad_free(text);
    ad_work_free(work);
    ad_plan_free(plan);
    return e;
}

static ad_status plans(void *arg)
{
    model     m;
    ad_status e     = model_new(&m);
    unsigned  flags = *(unsigned *)arg;
    if (!e) e = run_plan(&m, flags, flags & AD_ROW_EXACT ? 1 : 2); /* the loss couples rows */
    model_free(&m);
    return e;
}

static ad_status run_pair(const model *m)
{
    ad_plan     *forward, *back[2];
    ad_work     *work[3] = { NULL };
    ad_pullback  pb[2]   = { { NULL, NULL, 1 }, { (char[]){ 1, 0 }, (char[]){ 1, 0 }, 0 } };
    ad_pair_spec spec    = { 2, 2, m->in, m->out, 2, pb };
    ad_status    e       = ad_plan_pair(&forward, back, &spec, &(ad_plan_options){ "pair", N, 0 });
    void        *frame   = e ? NULL : ad_alloc(ad_plan_residual_bytes(forward));
    if (!e && !frame) e = AD_NO_MEMORY;
    ad_args a = run_args(frame);
    if (!e) e = ad_work_new(&work[0], forward);
    if (!e) e = ad_execute(forward, work[0], &a);
    for (int i = 0; i < 2; i++) {
        if (!e) e = ad_work_new(&work[1 + i], back[i]);
        if (!e) e = ad_execute(back[i], work[1 + i], &a);
    }
    for (int i = 0; i < 3; i++) ad_work_free(work[i]);
    ad_plan_free(forward), ad_plan_free(back[0]), ad_plan_free(back[1]);
    ad_free(frame);
    return e;
}

static ad_status pairs(void *arg)
{
    model m;
    (void)arg;
    ad_status e = model_new(&m);
    if (!e) e = run_pair(&m);
    model_free(&m);
    return e;
}

static ad_status eager(void *arg)
{
    model m;
    (void)arg;
    ad_status e = model_new(&m);
    ad_args   a = run_args(NULL);
    if (!e) e = ad_eager(2, m.in, 2, m.out, &a);
    model_free(&m);
    return e;
}

static void all_fail(const char *what, ad_status (*body)(void *), void *arg)
{
    long runs;
    cr_expect(every_allocation_fails_cleanly(body, arg, &runs), "%s", what);
    cr_expect_gt(runs, 10, "%s: %ld allocations", what, runs);
}

Test(no_memory, graphs_and_derivatives)
{
    all_fail("graphs", graphs, NULL);
}

Test(no_memory, plans)
{
    unsigned flags[3] = { 0, AD_PADDED, AD_ROW_EXACT };
    for (int i = 0; i < 3; i++) all_fail("plans", plans, &flags[i]);
}

Test(no_memory, pairs)
{
    all_fail("pairs", pairs, NULL);
}

Test(no_memory, eager)
{
    all_fail("eager", eager, NULL);
}
