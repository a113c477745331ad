#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/models/model.h>

#include "pass.h"
#include "score_internal.h"

static ad_status range(const char *what, double x, double least, double most)
{
    if (x >= least && x <= most) return AD_OK;
    return ad_fail(AD_INVALID, "a score's %s is %g; it must lie in [%g, %g]", what, x, least, most);
}

static double or_default(double x, double standard)
{
    return x == 0 ? standard : x == DPM_ZERO ? 0 : x;
}

static ad_status defaults(mdl_scorer_options *o)
{
    if (!o->hidden) o->hidden = 128;
    if (!o->depth) o->depth = 3;
    if (!o->embedding) o->embedding = 32;
    if (!o->activation) o->activation = "silu";
    if (!o->prediction) o->prediction = DPM_EPSILON;
    if (!o->levels) o->levels = "t";
    if (!o->weighting) o->weighting = "own";
    if (!o->type) o->type = AD_F32;
    if (!o->batch) o->batch = 256;
    o->sigma_data      = or_default(o->sigma_data, 1);
    o->level_mean      = o->level_deviation == 0 ? -1.2 : o->level_mean;
    o->level_deviation = or_default(o->level_deviation, 1.2);
    o->dropout         = or_default(o->dropout, 0.1);
    o->average         = or_default(o->average, 0.999);
    AD_TRY(range("dimension", (double)o->dim, 1, 1e6));
    AD_TRY(range("number of classes", (double)o->classes, 0, 1e6));
    AD_TRY(range("hidden width", (double)o->hidden, 1, 1e6));
    AD_TRY(range("depth", (double)o->depth, 1, 1000));
    AD_TRY(range("batch", (double)o->batch, 1, 1e9));
    AD_TRY(range("sigma_data", o->sigma_data, 1e-6, 1e6));
    AD_TRY(range("label dropout", o->dropout, 0, 1));
    AD_TRY(range("average", o->average, 0, 1 - 1e-9));
    return range("weight of the Fokker-Planck residual", o->fokker_planck, 0, 1e9);
}

/* v is a rotation of (x0, e) on the circle alpha^2 + sigma^2 = 1 alone, and samplers take it so. */
static ad_status fits_schedule(const mdl_scorer_options *o)
{
    if (o->prediction != DPM_V) return AD_OK;
    const dpm_schedule *s = o->schedule;
    dpm_point           p = dpm_schedule_at(s, 0.5 * (s->o.t_begin + s->o.t_end));
    double              r = p.alpha * p.alpha + p.sigma * p.sigma;
    if (r > 1 - 1e-6 && r < 1 + 1e-6) return AD_OK;
    return ad_fail(AD_INVALID,
                   "v is predicted where alpha^2 + sigma^2 = 1; halfway along %s it is %g: take a "
                   "variance preserving schedule (vp-linear, cosine), or predict epsilon",
                   s->kind->name, r);
}

static ad_status buffers(mdl_scorer *s)
{
    size_t rows = (size_t)s->o.batch, number = ad_type_size(s->o.type), dim = (size_t)s->o.dim;
    for (int i = 0; i < SCORE_INPUTS; i++) {
        int wide      = i == SCORE_X || i == SCORE_WANT || i == SCORE_STATE;
        s->rows.in[i] = ad_alloc(rows * (wide ? dim : 1) * (i < SCORE_T ? number : sizeof(double)));
        if (!s->rows.in[i]) return AD_NO_MEMORY;
    }
    s->noise = ad_alloc(rows * dim * sizeof(double));
    s->theta = ad_alloc(number * (size_t)s->learner->count);
    return s->noise && s->theta ? AD_OK : AD_NO_MEMORY;
}

static ad_status build(mdl_scorer *s)
{
    int level, weight;
    AD_TRY(defaults(&s->o));
    AD_TRY(fits_schedule(&s->o));
    AD_TRY(mdl_scorer_choices(&s->o, &level, &weight));
    s->levels    = (mdl_scorer_levels)level;
    s->weighting = (mdl_scorer_weighting)weight;
    s->net       = (mdl_score_network){ .dim        = s->o.dim,
                                        .classes    = s->o.classes,
                                        .hidden     = s->o.hidden,
                                        .depth      = s->o.depth,
                                        .embedding  = s->o.embedding,
                                        .activation = ad_activation_find(s->o.activation),
                                        .prediction = s->o.prediction,
                                        .sigma_data = s->o.sigma_data,
                                        .type       = s->o.type };
    if (!s->net.activation) return AD_INVALID;
    AD_TRY(mdl_score_network_init(&s->net));
    AD_TRY(mdl_scorer_graph_new(&s->graph, s));
    AD_TRY(mdl_learner_new(&s->learner, s->net.params, &s->o.learn));
    if (s->o.average > 0) AD_TRY(ad_ema_new(&s->average, s->net.params, s->o.average, 0));
    return buffers(s);
}

ad_status mdl_scorer_new(mdl_scorer **out, const mdl_scorer_options *o)
{
    *out          = NULL;
    mdl_scorer *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    s->o             = *o;
    ad_status status = build(s);
    if (status)
        mdl_scorer_free(s);
    else
        *out = s;
    return status;
}

void mdl_scorer_free(mdl_scorer *s)
{
    if (!s) return;
    ad_ema_free(s->average);
    mdl_learner_free(s->learner);
    mdl_scorer_graph_clear(&s->graph);
    mdl_score_network_clear(&s->net);
    for (int i = 0; i < SCORE_INPUTS; i++) ad_free(s->rows.in[i]);
    ad_free(s->noise);
    ad_free(s->theta);
    ad_free(s);
}

mdl_learner *mdl_scorer_learner(const mdl_scorer *s)
{
    return s->learner;
}
ad_ema *mdl_scorer_average(const mdl_scorer *s)
{
    return s->average;
}
const mdl_scorer_options *mdl_scorer_about(const mdl_scorer *s)
{
    return &s->o;
}
dpm_model mdl_scorer_model(const mdl_scorer *s)
{
    return mdl_score_network_model(&s->net);
}

ad_status mdl_scorer_weights(const mdl_scorer *s, void *theta)
{
    if (s->average && s->average->updates > 0) return ad_ema_read(s->average, theta);
    memcpy(theta, s->learner->theta, (size_t)s->learner->count * ad_type_size(s->o.type));
    return AD_OK;
}

static ad_status run_forward(mdl_scorer *s, long n, const void *theta, uint64_t draw, double *loss,
                             double *penalty)
{
    double  value[SCORE_OUTPUTS];
    void   *out[SCORE_OUTPUTS] = { value, value + 1, value + 2 };
    ad_args a                  = { .n        = n,
                                   .in       = (const void *const *)s->rows.in,
                                   .out      = out,
                                   .theta    = theta,
                                   .residual = s->graph.residual,
                                   .seed     = draw };
    AD_TRY(ad_execute(s->graph.forward, s->graph.fw, &a));
    *loss    = mdl_get(s->o.type, &value[SCORE_OUT_LOSS], 0);
    *penalty = mdl_get(s->o.type, &value[SCORE_OUT_PENALTY], 0);
    return AD_OK;
}

ad_status mdl_scorer_loss(mdl_scorer *s, long n, const double *x, const int *label, uint64_t draw,
                          double *loss, double *penalty)
{
    AD_TRY(range("batch", (double)n, 1, (double)s->o.batch));
    AD_TRY(mdl_scorer_weights(s, s->theta));
    mdl_scorer_draw(s, n, x, label, draw, 1);
    return run_forward(s, n, s->theta, draw, loss, penalty);
}

/* What a step is taken on. */
typedef struct pass {
    mdl_scorer   *s;
    long          n;
    const double *x;
    const int    *label;
    uint64_t      draw;
} pass;

static ad_status forward(void *ctx, mdl_step *step)
{
    pass *p = ctx;
    mdl_scorer_draw(p->s, p->n, p->x, p->label, p->draw, 0);
    return run_forward(p->s, p->n, p->s->learner->theta, p->draw, &step->loss, &step->penalty);
}

static ad_status backward(void *ctx)
{
    pass       *p = ctx;
    mdl_scorer *s = p->s;
    double      one, zero = 0;
    mdl_put(s->o.type, &one, 0, 1);
    const void *in[SCORE_INPUTS + SCORE_OUTPUTS] = { NULL };
    for (int i = 0; i < SCORE_INPUTS; i++) in[i] = s->rows.in[i];
    for (int i = 0; i < SCORE_OUTPUTS; i++)
        in[SCORE_INPUTS + i] = i == SCORE_OUT_ALL ? &one : &zero;
    void   *out[SCORE_INPUTS] = { NULL };
    ad_args a                 = { .n         = p->n,
                                  .in        = in,
                                  .out       = out,
                                  .theta     = s->learner->theta,
                                  .theta_bar = s->learner->theta_bar,
                                  .residual  = s->graph.residual,
                                  .seed      = p->draw };
    return ad_execute(s->graph.backward, s->graph.bw, &a);
}

static mdl_pass pass_of(const mdl_scorer *s)
{
    return (mdl_pass){ "score", s->o.batch, s->learner, NULL, 0, forward, backward };
}

ad_status mdl_scorer_gradient(mdl_scorer *s, long n, const double *x, const int *label,
                              uint64_t draw, mdl_step *step)
{
    mdl_pass way = pass_of(s);
    *step        = (mdl_step){ .n = n, .right = -1 };
    return mdl_pass_gradient(&way, &(pass){ s, n, x, label, draw }, step);
}

/* The decay of update k is min(d, (1 + k) / (10 + k)): a short training's average is not one of its first, random weights. */
static void take_average(ad_ema *e, const void *theta)
{
    const double d = e->decay, k = (double)e->updates;
    e->decay = fmin(d, (1 + k) / (10 + k));
    ad_ema_update(e, theta);
    e->decay = d; /* what a checkpoint holds */
}

ad_status mdl_scorer_step(mdl_scorer *s, long n, const double *x, const int *label, uint64_t draw,
                          mdl_step *step)
{
    AD_TRY(mdl_scorer_gradient(s, n, x, label, draw, step));
    if (s->average) take_average(s->average, s->learner->theta);
    AD_TRY(mdl_learner_step(s->learner, step->loss));
    step->rate = s->learner->rate;
    return AD_OK;
}
