/* classifier_evaluate.c - a classifier's weights judged in any precision and at any tolerance. */
#include <costate/autodiff/loss.h>
#include <costate/autodiff/memory.h>
#include <costate/models/model.h>

#include "classifier_internal.h"
#include "pass.h"

struct mdl_evaluator {
    mdl_classifier_options o;
    nde_options            solve;
    mdl_classnet          *net;
    nde_solver            *solver;
    long                   count;
    void                  *theta, *y0, *y, *logits;
};

static ad_status build(mdl_evaluator *e, long capacity)
{
    size_t size = ad_type_size(e->o.type), rows = size * (size_t)capacity;
    AD_TRY(mdl_classnet_new(&e->net, &e->o, 0, capacity));
    AD_TRY(nde_solver_new(&e->solver, &e->net->ode, &e->solve, capacity));
    ad_params_freeze(e->net->params);
    e->count  = ad_params_count(e->net->params);
    e->theta  = ad_alloc(size * (size_t)e->count);
    e->y0     = ad_alloc(rows * (size_t)e->net->dim);
    e->y      = ad_alloc(2 * rows * (size_t)e->net->dim);
    e->logits = ad_alloc(rows * (size_t)e->o.classes);
    return e->theta && e->y0 && e->y && e->logits ? AD_OK : AD_NO_MEMORY;
}

ad_status mdl_evaluator_new(mdl_evaluator **out, const mdl_classifier_options *o, ad_type type,
                            const nde_options *solve, long capacity)
{
    *out             = NULL;
    mdl_evaluator *e = ad_alloc(sizeof *e);
    if (!e) return AD_NO_MEMORY;
    e->o = *o;
    if (type) e->o.type = type;
    if (solve) e->o.solve = solve;
    e->o.batch  = capacity;
    ad_status s = mdl_classifier_defaults(&e->o, &e->solve);
    if (!s) s = build(e, capacity);
    if (s)
        mdl_evaluator_free(e);
    else
        *out = e;
    return s;
}

void mdl_evaluator_free(mdl_evaluator *e)
{
    if (!e) return;
    nde_solver_free(e->solver);
    mdl_classnet_free(e->net);
    ad_free(e->theta);
    ad_free(e->y0);
    ad_free(e->y);
    ad_free(e->logits);
    ad_free(e);
}

ad_type mdl_evaluator_type(const mdl_evaluator *e)
{
    return e->o.type;
}
const void *mdl_evaluator_logits(const mdl_evaluator *e)
{
    return e->logits;
}

static ad_status logits_of(mdl_evaluator *e, long n, const char *x)
{
    const void *y0 = x;
    if (e->net->has_input) {
        AD_TRY(mdl_map_forward(&e->net->input, n, e->theta, x, e->y0));
        y0 = e->y0;
    }
    AD_TRY(nde_solve(
        e->solver,
        &(nde_solve_args){
            .n = n, .times = 2, .t = e->net->t, .y0 = y0, .theta = e->theta, .y = e->y }));
    const char *end = (char *)e->y + (size_t)(n * e->net->dim) * ad_type_size(e->o.type);
    return mdl_map_forward(&e->net->output, n, e->theta, end, e->logits);
}

/* What one batch adds; the means are kept as sums meanwhile. */
static ad_status one_batch(mdl_evaluator *e, long n, const char *x, const int *label,
                           mdl_evaluation *sum)
{
    double loss, began = mdl_seconds();
    long   right;
    AD_TRY(logits_of(e, n, x));
    sum->seconds += mdl_seconds() - began;
    AD_TRY(ad_cross_entropy(
        &(ad_class_args){
            .type = e->o.type, .n = n, .k = e->o.classes, .logits = e->logits, .label = label },
        &loss, &right));
    const nde_stats *s = nde_solver_stats(e->solver);
    sum->n += n;
    sum->right += right;
    sum->solves++;
    sum->loss += loss * (double)n;
    sum->nfe += (double)s->nfe;
    sum->nfe_julia += (double)s->nfe_julia;
    sum->nfe_torchdiffeq += (double)s->nfe_torchdiffeq;
    sum->accepted += (double)s->accepted;
    sum->rejected += (double)s->rejected;
    return AD_OK;
}

/* Between sums and means. */
static void scale(mdl_evaluation *m, double n, double solves)
{
    m->loss *= n;
    m->nfe *= solves;
    m->nfe_julia *= solves;
    m->nfe_torchdiffeq *= solves;
    m->accepted *= solves;
    m->rejected *= solves;
    m->seconds *= solves;
}

ad_status mdl_evaluator_run(mdl_evaluator *e, const void *theta, ad_type theta_type,
                            const mdl_labelled *rows, int first, mdl_evaluation *out)
{
    size_t row = (size_t)e->o.inputs * ad_type_size(e->o.type);
    if (first) *out = (mdl_evaluation){ 0 };
    for (long i = 0; i < e->count; i++)
        mdl_put(e->o.type, e->theta, i, mdl_get(theta_type, theta, i));
    scale(out, (double)out->n, (double)out->solves);
    ad_status s = AD_OK;
    for (long at = 0; at < rows->n && !s; at += e->o.batch) {
        long n = rows->n - at < e->o.batch ? rows->n - at : e->o.batch;
        s      = one_batch(e, n, (const char *)rows->x + (size_t)at * row, rows->label + at, out);
    }
    if (out->n) scale(out, 1 / (double)out->n, 1 / (double)out->solves);
    return s;
}
