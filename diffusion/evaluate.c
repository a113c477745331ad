/* A model compiled. Inputs of its plans: v, the numbers of the place, w, args. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "evaluate.h"

enum { V, NUMBERS, W = NUMBERS + DPM_NUMBERS, ARGS, MOST_ARGS = 8, INPUTS = ARGS + MOST_ARGS };

struct dpm_evaluator {
    dpm_model   model;
    long        capacity, n;
    ad_graph   *graph;
    int         inputs;
    ad_var      in[INPUTS], m;
    ad_plan    *plain, *keep, *back[DPM_WANTS];
    ad_work    *plain_work, *keep_work, *back_work[DPM_WANTS];
    void       *block[INPUTS]; /* inputs but v: padded */
    size_t      bytes[INPUTS]; /* of the capacity      */
    void       *bar[INPUTS], *sum[INPUTS];
    const void *theta;
    void       *theta_bar;
    int         want;
};

void dpm_place_numbers(const dpm_place *p, double number[DPM_NUMBERS])
{
    number[DPM_CIN] = p->a.cin, number[DPM_P] = p->a.p, number[DPM_Q] = p->a.q;
    number[DPM_T] = p->at.t, number[DPM_ALPHA] = p->at.alpha, number[DPM_SIGMA] = p->at.sigma;
    number[DPM_LAMBDA] = p->at.lambda, number[DPM_RHO] = p->at.rho;
}

static ad_var ask(dpm_evaluator *e, dpm_at *at, ad_var x, int unconditional)
{
    at->x             = x;
    at->unconditional = unconditional;
    return e->model.network(at, e->model.ctx);
}

/* The graph of m. Numbers that are 1 or 0 are numbers all the same: one graph serves all points. */
static ad_status trace(dpm_evaluator *e)
{
    static const char *const name[] = { "cin", "p", "q", "t", "alpha", "sigma", "lambda", "rho" };
    const dpm_model         *m      = &e->model;
    AD_TRY(ad_graph_new(&e->graph));
    ad_graph *g = e->graph;
    e->in[V]    = ad_input(g, "x", m->type, ad_rows(m->dim));
    for (int i = 0; i < DPM_NUMBERS; i++)
        e->in[NUMBERS + i] = ad_input(g, name[i], AD_F64, ad_scalar());
    e->in[W] = ad_input(g, "guidance", AD_F64, ad_scalar());
    for (int i = 0; i < m->nargs; i++)
        e->in[ARGS + i] = ad_input(g, m->args[i].name, m->args[i].type ? m->args[i].type : m->type,
                                   m->args[i].shape);
    e->inputs         = ARGS + m->nargs;
    const ad_var *num = e->in + NUMBERS;
    dpm_at        at  = { .g      = g,
                          .t      = num[DPM_T],
                          .alpha  = num[DPM_ALPHA],
                          .sigma  = num[DPM_SIGMA],
                          .lambda = num[DPM_LAMBDA],
                          .rho    = num[DPM_RHO],
                          .nargs  = m->nargs,
                          .args   = e->in + ARGS,
                          .theta  = m->theta,
                          .type   = m->type };
    ad_var        x   = ad_mul(e->in[V], ad_cast(num[DPM_CIN], m->type));
    ad_var        net = ask(e, &at, x, 0);
    if (m->guided) {
        ad_var u = ask(e, &at, x, 1);
        net      = ad_add(u, ad_mul(ad_cast(e->in[W], m->type), ad_sub(net, u)));
    }
    e->m = ad_add(ad_mul(e->in[V], ad_cast(num[DPM_P], m->type)),
                  ad_mul(net, ad_cast(num[DPM_Q], m->type)));
    AD_TRY(ad_graph_status(g));
    ad_shape s = ad_shape_of(e->m);
    char     text[64];
    if (!ad_shape_equal(s, ad_rows(m->dim)))
        return ad_fail(AD_BAD_SHAPE, "%s: the network returns %s for x of [n,%ld]", m->name,
                       ad_shape_text(s, text, sizeof text), m->dim);
    return AD_OK;
}

static ad_status compile(dpm_evaluator *e)
{
    ad_plan_options o = { .name = e->model.name, .capacity = e->capacity, .flags = AD_PADDED };
    AD_TRY(ad_plan_new(&e->plain, e->inputs, e->in, 1, &e->m, &o));
    if (!ad_plan_row_independent(e->plain))
        return ad_fail(AD_UNSUPPORTED, "%s: a row of the network's answer depends on other rows",
                       e->model.name);
    return ad_work_new(&e->plain_work, e->plain);
}

static ad_status blocks(dpm_evaluator *e)
{
    for (int i = NUMBERS; i < e->inputs; i++) {
        ad_shape s  = ad_shape_of(e->in[i]);
        e->bytes[i] = (size_t)ad_elements(s) * ad_type_size(ad_type_of(e->in[i])) *
                      (s.batched ? (size_t)e->capacity : 1);
        if (!(e->block[i] = ad_alloc(e->bytes[i]))) return AD_NO_MEMORY;
    }
    return AD_OK;
}

ad_status dpm_evaluator_new(dpm_evaluator **out, const dpm_model *m, long capacity)
{
    if (m->nargs > MOST_ARGS)
        return ad_fail(AD_INVALID, "%s: %d arguments; at most %d", m->name ? m->name : "model",
                       m->nargs, MOST_ARGS);
    dpm_evaluator *e = ad_alloc(sizeof *e);
    if (!e) return AD_NO_MEMORY;
    e->model    = *m;
    e->capacity = capacity;
    if (!m->name) e->model.name = "model";
    if (!m->type) e->model.type = AD_F64;
    ad_status s = trace(e);
    if (!s) s = compile(e);
    if (!s) s = blocks(e);
    if (s) {
        dpm_evaluator_free(e);
        e = NULL;
    }
    *out = e;
    return s;
}

void dpm_evaluator_free(dpm_evaluator *e)
{
    if (!e) return;
    ad_work_free(e->plain_work);
    ad_work_free(e->keep_work);
    for (int i = 0; i < DPM_WANTS; i++) ad_work_free(e->back_work[i]);
    ad_plan_free(e->plain);
    ad_plan_free(e->keep);
    for (int i = 0; i < DPM_WANTS; i++) ad_plan_free(e->back[i]);
    for (int i = 0; i < INPUTS; i++) {
        ad_free(e->block[i]);
        ad_free(e->bar[i]);
        ad_free(e->sum[i]);
    }
    ad_graph_free(e->graph);
    ad_free(e);
}

/* Which input's cotangent a pullback of `want` computes. */
static int wanted(const dpm_evaluator *e, int want, int input)
{
    if (input == V) return 1;
    if (input < W) return want >= DPM_WANT_NUMBERS;
    if (input == W && !e->model.guided) return 0;
    return want >= DPM_WANT_ARGS;
}

ad_status dpm_evaluator_differentiate(dpm_evaluator *e)
{
    if (e->keep) return AD_OK;
    char        want_in[DPM_WANTS][INPUTS];
    ad_pullback back[DPM_WANTS];
    for (int w = 0; w < DPM_WANTS; w++) {
        for (int i = 0; i < e->inputs; i++) want_in[w][i] = (char)wanted(e, w, i);
        back[w] = (ad_pullback){ .want_in     = want_in[w],
                                 .want_params = w >= DPM_WANT_THETA && e->model.theta };
    }
    ad_pair_spec spec = { .nin       = e->inputs,
                          .nout      = 1,
                          .in        = e->in,
                          .out       = &e->m,
                          .pullbacks = DPM_WANTS,
                          .pullback  = back };
    AD_TRY(ad_plan_pair(
        &e->keep, e->back, &spec,
        &(ad_plan_options){ .name = e->model.name, .capacity = e->capacity, .flags = AD_PADDED }));
    AD_TRY(ad_work_new(&e->keep_work, e->keep));
    for (int w = 0; w < DPM_WANTS; w++) AD_TRY(ad_work_new(&e->back_work[w], e->back[w]));
    for (int i = NUMBERS; i < e->inputs; i++) {
        if (!(e->bar[i] = ad_alloc(e->bytes[i]))) return AD_NO_MEMORY;
        if (!(e->sum[i] = ad_alloc(e->bytes[i]))) return AD_NO_MEMORY;
    }
    return AD_OK;
}

size_t dpm_evaluator_residual_bytes(const dpm_evaluator *e)
{
    return e->keep ? ad_plan_residual_bytes(e->keep) : 0;
}

/* bytes of input i for the rows of this run */
static size_t used(const dpm_evaluator *e, int i)
{
    return ad_shape_of(e->in[i]).batched ? e->bytes[i] / (size_t)e->capacity * (size_t)e->n
                                         : e->bytes[i];
}

ad_status dpm_evaluator_load(dpm_evaluator *e, long n, const void *const *args, const void *theta,
                             double w, int record)
{
    e->n     = n;
    e->theta = theta;
    if (e->model.theta && !theta)
        return ad_fail(AD_INVALID, "%s: the model has %ld parameters, the run brings none",
                       e->model.name, ad_params_count(e->model.theta));
    *(double *)e->block[W] = w;
    for (int i = 0; i < e->model.nargs; i++) {
        if (!args || !args[i])
            return ad_fail(AD_INVALID, "%s: the run lacks argument '%s'", e->model.name,
                           e->model.args[i].name);
        memcpy(e->block[ARGS + i], args[i], used(e, ARGS + i));
    }
    ad_args a = { .n = n, .theta = theta };
    AD_TRY(ad_prepare(e->plain, e->plain_work, &a));
    if (!record) return AD_OK;
    AD_TRY(dpm_evaluator_differentiate(e));
    return ad_prepare(e->keep, e->keep_work, &a);
}

static void place_inputs(dpm_evaluator *e, const dpm_place *p, const void *v, const void **in)
{
    double number[DPM_NUMBERS];
    dpm_place_numbers(p, number);
    in[V] = v;
    for (int i = 0; i < DPM_NUMBERS; i++) *(double *)e->block[NUMBERS + i] = number[i];
    for (int i = NUMBERS; i < e->inputs; i++) in[i] = e->block[i];
}

ad_status dpm_evaluate(dpm_evaluator *e, const dpm_place *p, const void *v, void *m, void *residual)
{
    const void *in[INPUTS];
    void       *out[] = { m };
    place_inputs(e, p, v, in);
    ad_args a = { .n = e->n, .in = in, .out = out, .theta = e->theta, .residual = residual };
    return residual ? ad_run(e->keep, e->keep_work, &a) : ad_run(e->plain, e->plain_work, &a);
}

ad_status dpm_evaluator_begin(dpm_evaluator *e, int want, void *theta_bar)
{
    AD_TRY(dpm_evaluator_differentiate(e));
    e->want      = want;
    e->theta_bar = theta_bar;
    for (int i = W; i < e->inputs; i++) memset(e->sum[i], 0, e->bytes[i]);
    ad_args a = { .n = e->n, .theta = e->theta, .theta_bar = theta_bar };
    return ad_prepare(e->back[want], e->back_work[want], &a);
}

static void add(ad_type type, size_t bytes, void *sum, const void *x)
{
    size_t n = bytes / ad_type_size(type);
    for (size_t i = 0; i < n; i++)
        if (type == AD_F32)
            ((float *)sum)[i] += ((const float *)x)[i];
        else
            ((double *)sum)[i] += ((const double *)x)[i];
}

ad_status dpm_evaluate_back(dpm_evaluator *e, const dpm_place *p, const void *v,
                            const void *residual, const void *m_bar, void *v_bar,
                            double *number_bar)
{
    const void *in[INPUTS + 1];
    void       *out[INPUTS] = { v_bar };
    place_inputs(e, p, v, in);
    in[e->inputs] = m_bar;
    for (int i = NUMBERS; i < e->inputs; i++) out[i] = wanted(e, e->want, i) ? e->bar[i] : NULL;
    ad_args a = { .n         = e->n,
                  .in        = in,
                  .out       = out,
                  .theta     = e->theta,
                  .theta_bar = e->theta_bar,
                  .residual  = (void *)residual };
    AD_TRY(ad_run(e->back[e->want], e->back_work[e->want], &a));
    for (int i = W; i < e->inputs; i++)
        if (wanted(e, e->want, i)) add(ad_type_of(e->in[i]), used(e, i), e->sum[i], e->bar[i]);
    for (int i = 0; number_bar && i < DPM_NUMBERS; i++)
        number_bar[i] = *(double *)e->bar[NUMBERS + i];
    return AD_OK;
}

ad_status dpm_evaluator_end(dpm_evaluator *e, void *const *args_bar, double *w_bar)
{
    ad_args a = { .n = e->n, .theta = e->theta, .theta_bar = e->theta_bar };
    AD_TRY(ad_flush(e->back[e->want], e->back_work[e->want], &a));
    for (int i = 0; args_bar && i < e->model.nargs; i++)
        if (args_bar[i]) memcpy(args_bar[i], e->sum[ARGS + i], used(e, ARGS + i));
    if (w_bar) *w_bar = *(double *)e->sum[W];
    return AD_OK;
}
