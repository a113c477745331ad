/* chunks.h - a model whose plans run in chunks of rows, for test_chunks.c and main_chunks.c: products of whole and of ragged
   rows, a thin one, time beside the features, noise, a broadcast column, sums over rows that are read and that are kept. */
#ifndef COSTATE_TESTS_CHUNKS_H
#define COSTATE_TESTS_CHUNKS_H

#include <costate/autodiff/layers.h>
#include <costate/autodiff/plan.h>
#include <costate/autodiff/threads.h>

#include "support.h"

enum { ROWS = 500, IN = 40, HIDDEN = 64, WIDE = 50, OUT = 3, COUNT = 12000 };

typedef struct model {
    ad_type    type;
    ad_params *theta;
    ad_graph  *g;
    ad_plan   *forward, *back;
} model;

static ad_var cast(const model *m, ad_var x)
{
    return m->type == AD_F32 ? ad_cast(x, AD_F32) : x;
}

/* in: x [n, IN], t [1]; out: y [n, OUT], hidden [n, WIDE], the sums over rows of y [OUT] */
static ad_status model_new(model *m, ad_type type, long capacity, unsigned flags)
{
    *m = (model){ .type = type };
    AD_TRY(ad_params_new(&m->theta, type));
    AD_TRY(ad_graph_new(&m->g));
    ad_var x = ad_input(m->g, "x", type, ad_rows(IN)), t = ad_input(m->g, "t", AD_F64, ad_scalar());
    ad_var h = ad_tanh(ad_dense(x, m->theta, "a", HIDDEN));
    ad_var w = ad_param(m->g, m->theta, "time", ad_vector(HIDDEN), AD_INIT_NORMAL, 1);
    h        = ad_mul(h, ad_sin(ad_mul(cast(m, t), w)));
    h        = ad_add(h, ad_normal(m->g, type, ad_rows(HIDDEN), 7));
    h        = ad_mul(h, ad_uniform(m->g, type, ad_rows(1), 8));
    ad_var v = ad_tanh(ad_dense(h, m->theta, "b", WIDE));
    ad_var u = ad_tanh(ad_dense(ad_concat(2, (ad_var[]){ v, x }, 1), m->theta, "c", WIDE));
    ad_var y = ad_dense(ad_add(u, v), m->theta, "d", OUT), out[3] = { y, u };
    out[2]            = ad_tanh(ad_sum(y, 1, 0));
    ad_pair_spec spec = { 2, 3, (ad_var[]){ x, t }, out, 1, &(ad_pullback){ NULL, NULL, 1 } };
    return ad_plan_pair(&m->forward, &m->back, &spec,
                        &(ad_plan_options){ "model", capacity, flags });
}

static void model_free(model *m)
{
    ad_plan_free(m->forward), ad_plan_free(m->back);
    ad_graph_free(m->g);
    ad_params_free(m->theta);
}

typedef struct result {
    _Alignas(64) char y[(ROWS + 32) * OUT * 8];
    _Alignas(64) char u[(ROWS + 32) * WIDE * 8];
    _Alignas(64) char sum[256], x_bar[(ROWS + 32) * IN * 8];
    _Alignas(64) double t_bar[32];
    _Alignas(64) char theta_bar[COUNT * 8];
} result;

static void fill(ad_type type, uint64_t *s, long n, void *to)
{
    for (long i = 0; i < n; i++)
        if (type == AD_F32)
            ((float *)to)[i] = (float)draw(s, -1, 1);
        else
            ((double *)to)[i] = draw(s, -1, 1);
}

/* Forward and backward of n rows, twice: the sums of both are flushed together. */
static ad_status model_run(const model *m, long n, result *r)
{
    void       *x = ad_alloc(ROWS * IN * 8), *theta = ad_alloc(COUNT * 8);
    void       *bar[3] = { ad_alloc(ROWS * OUT * 8), ad_alloc(ROWS * WIDE * 8), ad_alloc(64) };
    void       *frame  = ad_alloc(ad_plan_residual_bytes(m->forward));
    double      t[32]  = { 0.3 };
    const void *in[5]  = { x, t, bar[0], bar[1], bar[2] };
    ad_work    *work = NULL, *back = NULL;
    uint64_t    seed = 5;
    if (!x || !theta || !bar[0] || !bar[1] || !bar[2] || !frame) return AD_NO_MEMORY;
    ad_params_init(m->theta, 1, theta);
    fill(m->type, &seed, ROWS * IN, x);
    fill(m->type, &seed, ROWS * OUT, bar[0]);
    fill(m->type, &seed, ROWS * WIDE, bar[1]);
    fill(m->type, &seed, OUT, bar[2]);
    memset(r, 0, sizeof *r);
    ad_args a = { .n        = n,
                  .in       = in,
                  .out      = (void *[]){ r->y, r->u, r->sum },
                  .theta    = theta,
                  .residual = frame,
                  .seed     = 11 },
            b = a;
    b.out = (void *[]){ r->x_bar, r->t_bar }, b.theta_bar = r->theta_bar;
    ad_status e = ad_work_new(&work, m->forward);
    if (!e) e = ad_work_new(&back, m->back);
    if (!e) e = ad_prepare(m->forward, work, &a);
    if (!e) e = ad_prepare(m->back, back, &b);
    for (int i = 0; !e && i < 2; i++) {
        e = ad_run(m->forward, work, &a);
        if (!e) e = ad_run(m->back, back, &b);
    }
    if (!e) e = ad_flush(m->back, back, &b);
    ad_work_free(work), ad_work_free(back);
    ad_free(x), ad_free(theta), ad_free(frame);
    for (int i = 0; i < 3; i++) ad_free(bar[i]);
    return e;
}

/* Behind n rows the arrays may hold anything. */
static int same(const model *m, long n, const result *a, const result *b)
{
    size_t size = ad_type_size(m->type), rows = (size_t)n * size;
    return !memcmp(a->y, b->y, rows * OUT) && !memcmp(a->u, b->u, rows * WIDE) &&
           !memcmp(a->x_bar, b->x_bar, rows * IN) && !memcmp(a->sum, b->sum, OUT * size) &&
           a->t_bar[0] == b->t_bar[0] && !memcmp(a->theta_bar, b->theta_bar, COUNT * size);
}

#endif
