#include <math.h>
#include <string.h>

#include <costate/autodiff/layers.h>
#include <costate/autodiff/memory.h>
#include <costate/autodiff/optim.h>
#include <costate/autodiff/plan.h>
#include <costate/autodiff/random.h>
#include <costate/autodiff/schedule.h>

#include "judge.h"

enum { CAPACITY = 256 };

struct mdl_judge {
    long       dim, classes, features;
    ad_params *params;
    ad_graph  *graph;
    double    *theta;
    ad_plan   *look, *keep, *back;
    ad_work   *look_work, *keep_work, *back_work;
    double    *x, *logits, *feature, *x_bar; /* padded blocks of CAPACITY rows */
    void      *residual;
};

typedef struct learning {
    ad_graph *graph;
    ad_plan  *keep, *back;
    ad_work  *keep_work, *back_work;
    double   *x, *label, *theta_bar;
    void     *residual;
    int      *labels;
    long     *index, *order;
    ad_optim *optim;
} learning;

static void forget(learning *l)
{
    ad_optim_free(l->optim);
    ad_work_free(l->keep_work);
    ad_work_free(l->back_work);
    ad_plan_free(l->keep);
    ad_plan_free(l->back);
    ad_graph_free(l->graph);
    void *block[] = { l->x, l->label, l->theta_bar, l->labels, l->index, l->order, l->residual };
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) ad_free(block[i]);
}

void mdl_judge_free(mdl_judge *j)
{
    if (!j) return;
    ad_work_free(j->look_work);
    ad_work_free(j->keep_work);
    ad_work_free(j->back_work);
    ad_plan_free(j->look);
    ad_plan_free(j->keep);
    ad_plan_free(j->back);
    ad_graph_free(j->graph);
    ad_params_free(j->params);
    void *block[] = { j->theta, j->x, j->logits, j->feature, j->x_bar, j->residual };
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) ad_free(block[i]);
    ad_free(j);
}

/* (1) */
static ad_var logits_of(ad_var x, ad_params *p, const mdl_judge_options *o, long classes,
                        ad_var *features)
{
    ad_var h = ad_relu(ad_dense(x, p, "judge.0", o->hidden[0]));
    h        = ad_relu(ad_dense(h, p, "judge.1", o->hidden[1]));
    if (features) *features = h;
    return ad_dense(h, p, "judge.2", classes);
}

static ad_status compile(mdl_judge *j, const mdl_judge_options *o)
{
    AD_TRY(ad_graph_new(&j->graph));
    ad_var feature, x = ad_input(j->graph, "x", AD_F64, ad_rows(j->dim));
    ad_var logits = logits_of(x, j->params, o, j->classes, &feature);
    AD_TRY(ad_graph_status(j->graph));
    ad_plan_options po    = { .name = "judge", .capacity = CAPACITY, .flags = AD_PADDED };
    ad_var          out[] = { logits, feature };
    AD_TRY(ad_plan_new(&j->look, 1, &x, 2, out, &po));
    AD_TRY(ad_work_new(&j->look_work, j->look));
    ad_pair_spec spec = { .nin       = 1,
                          .nout      = 1,
                          .in        = &x,
                          .out       = &logits,
                          .pullbacks = 1,
                          .pullback  = &(ad_pullback){ .want_in = "\1" } };
    AD_TRY(ad_plan_pair(&j->keep, &j->back, &spec, &po));
    AD_TRY(ad_work_new(&j->keep_work, j->keep));
    AD_TRY(ad_work_new(&j->back_work, j->back));
    size_t row  = CAPACITY * sizeof(double);
    j->x        = ad_alloc((size_t)j->dim * row);
    j->x_bar    = ad_alloc((size_t)j->dim * row);
    j->logits   = ad_alloc((size_t)j->classes * row);
    j->feature  = ad_alloc((size_t)j->features * row);
    j->residual = ad_alloc(ad_plan_residual_bytes(j->keep) + 1);
    return j->x && j->x_bar && j->logits && j->feature && j->residual ? AD_OK : AD_NO_MEMORY;
}

static ad_status prepare_learning(learning *l, mdl_judge *j, const mdl_judge_options *o,
                                  long samples)
{
    AD_TRY(ad_graph_new(&l->graph));
    ad_var       in[]   = { ad_input(l->graph, "x", AD_F64, ad_rows(j->dim)),
                            ad_input(l->graph, "label", AD_F64, ad_dims(1, (const long[]){ 1 }, 1)) };
    ad_var       logits = logits_of(in[0], j->params, o, j->classes, NULL);
    ad_var       loss   = ad_neg(ad_mean(ad_pick(ad_log_softmax(logits, 1), in[1]), -1, 0));
    ad_pair_spec spec   = { .nin       = 2,
                            .nout      = 1,
                            .in        = in,
                            .out       = &loss,
                            .pullbacks = 1,
                            .pullback  = &(ad_pullback){ .want_in = "\0\0", .want_params = 1 } };
    AD_TRY(ad_plan_pair(&l->keep, &l->back, &spec,
                        &(ad_plan_options){ .name = "judge", .capacity = o->batch }));
    AD_TRY(ad_work_new(&l->keep_work, l->keep));
    AD_TRY(ad_work_new(&l->back_work, l->back));
    l->residual  = ad_alloc(ad_plan_residual_bytes(l->keep) + 1);
    size_t count = (size_t)ad_params_count(j->params), batch = (size_t)o->batch;
    l->x         = ad_alloc(batch * (size_t)j->dim * sizeof(double));
    l->label     = ad_alloc(batch * sizeof(double));
    l->labels    = ad_alloc(batch * sizeof(int));
    l->index     = ad_alloc(batch * sizeof(long));
    l->order     = ad_alloc((size_t)samples * sizeof(long));
    l->theta_bar = ad_alloc(count * sizeof(double));
    j->theta     = ad_alloc(count * sizeof(double));
    if (!l->x || !l->label || !l->labels || !l->index || !l->order || !l->theta_bar ||
        !l->residual || !j->theta)
        return AD_NO_MEMORY;
    AD_TRY(ad_optim_new(&l->optim, ad_optimizer_find("adam"), j->params,
                        &(ad_optim_options){ .rate = o->rate }));
    ad_params_init(j->params, o->seed, j->theta);
    return AD_OK;
}

/* Rows of the next batch: the samples in a new order each time that they have been gone through. */
static ad_status draw(learning *l, const ds_samples *s, const mdl_judge_options *o, long iteration)
{
    long batch = o->batch < s->n ? o->batch : s->n;
    for (long i = 0; i < batch; i++) {
        long at = iteration * batch + i;
        if (at % s->n == 0 || (iteration == 0 && i == 0))
            ad_random_permutation(o->seed, 1 + (uint64_t)(at / s->n), s->n, l->order);
        l->index[i] = l->order[at % s->n];
    }
    AD_TRY(ds_samples_rows(s, batch, l->index, AD_F64, l->x, l->labels));
    for (long i = 0; i < batch; i++) l->label[i] = l->labels[i];
    if (o->noise > 0) {
        for (long i = 0; i < batch * s->dim; i++) {
            double z;
            ad_random_normal(AD_F64, o->seed, 0, (uint64_t)(iteration * batch * s->dim + i), 1, &z);
            l->x[i] += o->noise * z;
        }
    }
    return AD_OK;
}

static ad_status learn(mdl_judge *j, learning *l, const ds_samples *s, const mdl_judge_options *o)
{
    ad_schedule rate;
    AD_TRY(ad_schedule_parse(&rate, "cosine", o->iterations));
    for (long i = 0; i < o->iterations; i++) {
        AD_TRY(draw(l, s, o, i));
        double      loss, one = 1;
        const void *in[]  = { l->x, l->label, &one };
        void       *out[] = { &loss }, *none[] = { NULL, NULL };
        ad_args     a = { .n         = o->batch < s->n ? o->batch : s->n,
                          .in        = in,
                          .out       = out,
                          .theta     = j->theta,
                          .theta_bar = l->theta_bar,
                          .residual  = l->residual };
        AD_TRY(ad_execute(l->keep, l->keep_work, &a));
        a.out = none;
        memset(l->theta_bar, 0, (size_t)ad_params_count(j->params) * sizeof(double));
        AD_TRY(ad_execute(l->back, l->back_work, &a));
        AD_TRY(ad_optim_step(l->optim, ad_schedule_factor(&rate, i), j->theta, l->theta_bar));
    }
    return AD_OK;
}

static mdl_judge_options defaults(const mdl_judge_options *o)
{
    mdl_judge_options d = o ? *o : (mdl_judge_options){ 0 };
    if (!d.hidden[0]) d.hidden[0] = 128;
    if (!d.hidden[1]) d.hidden[1] = 64;
    if (!d.iterations) d.iterations = 2000;
    if (!d.batch) d.batch = 128;
    if (!(d.rate > 0)) d.rate = 2e-3;
    return d;
}

ad_status mdl_judge_new(mdl_judge **out, const ds_samples *train, const mdl_judge_options *given)
{
    *out = NULL;
    if (!train->label || train->classes < 2)
        return ad_fail(AD_INVALID,
                       "%s: a classifier needs samples with labels of two classes or more",
                       train->name);
    mdl_judge_options o = defaults(given);
    learning          l = { 0 };
    mdl_judge        *j = ad_alloc(sizeof *j);
    if (!j) return AD_NO_MEMORY;
    j->dim      = train->dim;
    j->classes  = train->classes;
    j->features = o.hidden[1];
    ad_status s = ad_params_new(&j->params, AD_F64);
    if (!s) s = compile(j, &o);
    if (!s) s = prepare_learning(&l, j, &o, train->n);
    if (!s) s = learn(j, &l, train, &o);
    forget(&l);
    if (s) {
        mdl_judge_free(j);
        return s;
    }
    *out = j;
    return AD_OK;
}

long mdl_judge_classes(const mdl_judge *j)
{
    return j->classes;
}

long mdl_judge_features(const mdl_judge *j)
{
    return j->features;
}

ad_status mdl_judge_look(mdl_judge *j, long n, const double *x, double *logits, double *features)
{
    for (long at = 0; at < n; at += CAPACITY) {
        long m = n - at < CAPACITY ? n - at : CAPACITY;
        memcpy(j->x, x + at * j->dim, (size_t)(m * j->dim) * sizeof *x);
        const void *in[]  = { j->x };
        void       *out[] = { j->logits, j->feature };
        AD_TRY(ad_execute(j->look, j->look_work,
                          &(ad_args){ .n = m, .in = in, .out = out, .theta = j->theta }));
        if (logits)
            memcpy(logits + at * j->classes, j->logits, (size_t)(m * j->classes) * sizeof *x);
        if (features)
            memcpy(features + at * j->features, j->feature, (size_t)(m * j->features) * sizeof *x);
    }
    return AD_OK;
}

ad_status mdl_judge_pull(mdl_judge *j, long n, const double *x, const double *logits_bar,
                         double *x_bar)
{
    for (long at = 0; at < n; at += CAPACITY) {
        long m = n - at < CAPACITY ? n - at : CAPACITY;
        memcpy(j->x, x + at * j->dim, (size_t)(m * j->dim) * sizeof *x);
        const void *in[]  = { j->x, NULL };
        void       *out[] = { j->logits };
        ad_args a = { .n = m, .in = in, .out = out, .theta = j->theta, .residual = j->residual };
        AD_TRY(ad_execute(j->keep, j->keep_work, &a));
        memcpy(j->logits, logits_bar + at * j->classes, (size_t)(m * j->classes) * sizeof *x);
        in[1]  = j->logits;
        out[0] = j->x_bar;
        AD_TRY(ad_execute(j->back, j->back_work, &a));
        memcpy(x_bar + at * j->dim, j->x_bar, (size_t)(m * j->dim) * sizeof *x);
    }
    return AD_OK;
}

long mdl_judge_verdict(const mdl_judge *j, const double *logits, double *confidence)
{
    long   best = 0;
    double sum  = 0;
    for (long k = 1; k < j->classes; k++)
        if (logits[k] > logits[best]) best = k;
    for (long k = 0; k < j->classes; k++) sum += exp(logits[k] - logits[best]);
    if (confidence) *confidence = 1 / sum;
    return best;
}

ad_status mdl_judge_accuracy(mdl_judge *j, const ds_samples *s, double *accuracy)
{
    double   *x      = ad_alloc((size_t)(s->n * s->dim) * sizeof *x);
    double   *logits = ad_alloc((size_t)(s->n * j->classes) * sizeof *x);
    int      *label  = ad_alloc((size_t)s->n * sizeof *label);
    long      right  = 0;
    ad_status code   = x && logits && label ? ds_samples_rows(s, s->n, NULL, AD_F64, x, label)
                                            : AD_NO_MEMORY;
    if (!code) code = mdl_judge_look(j, s->n, x, logits, NULL);
    for (long i = 0; !code && i < s->n; i++)
        right += mdl_judge_verdict(j, logits + i * j->classes, NULL) == label[i];
    *accuracy = (double)right / (double)s->n;
    ad_free(x);
    ad_free(logits);
    ad_free(label);
    return code;
}
