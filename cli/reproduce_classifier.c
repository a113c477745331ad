/* reproduce_classifier.c - images, a neural ODE that classifies them, and its judge.

   Pixels / 255 and nothing else; batches without replacement, the last one of an epoch as short as it is; the evaluations of f of
   one joint solve for the first 512 training images, counted as OrdinaryDiffEq counts (3 + 6 attempts for tsit5); accuracy on
   the test images. The same weights are solved in the other precision too. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/datasets/samples.h>
#include <costate/models/classifier.h>

#include "json.h"
#include "reproduce_classifier.h"

enum { JUDGED = 512, GLANCE = 1024, TRAINED = 10000, REPEATS = 5, ORDER = 1, DRAW = 2 };

typedef struct images {
    ds_samples *train, *test;
} images;

typedef struct state {
    const repro_network *network;
    nde_options          solve;
    mdl_classifier      *c;
    mdl_evaluator       *own, *other;
    void                *x; /* [max(batch, JUDGED), dim] of either type */
    int                 *label;
    long                *order, epoch; /* of the images in this epoch, from 0; -1: none yet */
} state;

const repro_column repro_image_columns[REPRO_IMAGE_COLUMNS] = {
    { "accuracy_train", "train %", 2, 0 },
    { "accuracy_test", "test %", 2, 0 },
    { "nfe", "NFE", 1, 0 },
    { "nfe_other", "other NFE", 1, 0 },
    REPRO_COSTS,
};

/* --- the images ---------------------------------------------------------------------------------------------------------- */

static ad_status read_part(const repro *r, ds_part part, long n, ds_samples **out)
{
    if (r->data_path || !r->quick)
        return ds_samples_make(out, "mnist",
                               &(ds_samples_options){ .dir = r->data_path, .part = part, .n = n });
    return ds_samples_make(out, "digits", &(ds_samples_options){ .part = part, .n = n });
}

ad_status repro_images_open(repro *r)
{
    images *d = r->data = ad_alloc(sizeof *d);
    if (!d) return AD_NO_MEMORY;
    AD_TRY(read_part(r, DS_TRAIN, r->train, &d->train));
    AD_TRY(read_part(r, DS_TEST, r->test, &d->test));
    snprintf(r->about_data, sizeof r->about_data, "%s, %ld training and %ld test images",
             r->data_path ? "MNIST" : "8 x 8 digits (without --data, in place of MNIST)",
             d->train->n, d->test->n);
    return AD_OK;
}

void repro_images_close(repro *r)
{
    images *d = r->data;
    if (!d) return;
    ds_samples_free(d->train);
    ds_samples_free(d->test);
    ad_free(d);
}

/* --- the trial ----------------------------------------------------------------------------------------------------------- */

static mdl_classifier_options options(const repro_trial *t, const state *s)
{
    const images *d = t->r->data;
    return (mdl_classifier_options){
        .inputs  = d->train->dim,
        .classes = d->train->classes,
        .last    = s->network->last,
        .type    = t->type,
        .batch   = t->batch,
        .solve   = &s->solve,
        .terms   = t->terms,
        .term    = t->term,
        .learn   = { .optimizer = s->network->optimizer,
                     .o         = { .rate = s->network->rate, .beta1 = 0.9 },
                     .seed      = (uint64_t)t->seed },
    };
}

ad_status repro_classifier_start(repro_trial *t, const repro_network *n)
{
    const images *d = t->r->data;
    state        *s = t->state = ad_alloc(sizeof *s);
    long          most         = t->batch > JUDGED ? t->batch : JUDGED;
    if (!s) return AD_NO_MEMORY;
    s->network                   = n;
    s->epoch                     = -1;
    s->solve                     = (nde_options){ .rtol       = t->rtol,
                                                  .atol       = t->rtol,
                                                  .controller = nde_controller_named("ordinarydiffeq") };
    mdl_classifier_options o     = options(t, s);
    ad_type                other = t->type == AD_F32 ? AD_F64 : AD_F32;
    AD_TRY(mdl_classifier_new(&s->c, &o));
    AD_TRY(mdl_evaluator_new(&s->own, &o, t->type, &s->solve, JUDGED));
    AD_TRY(mdl_evaluator_new(&s->other, &o, other, &s->solve, JUDGED));
    s->x     = ad_alloc((size_t)(most * d->train->dim) * sizeof(double));
    s->label = ad_alloc((size_t)most * sizeof *s->label);
    s->order = ad_alloc((size_t)(d->train->n > most ? d->train->n : most) * sizeof *s->order);
    if (!s->x || !s->label || !s->order) return AD_NO_MEMORY;
    t->learner = mdl_classifier_learner(s->c);
    return AD_OK;
}

void repro_classifier_stop(repro_trial *t)
{
    state *s = t->state;
    if (!s) return;
    mdl_classifier_free(s->c);
    mdl_evaluator_free(s->own);
    mdl_evaluator_free(s->other);
    ad_free(s->x);
    ad_free(s->label);
    ad_free(s->order);
    ad_free(s);
    t->state = NULL;
}

/* The images of this iteration into s->x. */
static ad_status next_batch(repro_trial *t, mdl_labelled *b, long *per_epoch)
{
    const images *d     = t->r->data;
    state        *s     = t->state;
    long          batch = t->batch < d->train->n ? t->batch : d->train->n;
    *per_epoch          = (d->train->n + batch - 1) / batch;
    long epoch          = (long)(t->iteration / *per_epoch);
    long at             = (long)(t->iteration % *per_epoch) * batch;
    if (epoch != s->epoch)
        ad_random_permutation(ad_random_bits((uint64_t)t->seed, ORDER, (uint64_t)epoch), 0,
                              d->train->n, s->order);
    s->epoch = epoch;
    *b = (mdl_labelled){ at + batch > d->train->n ? d->train->n - at : batch, s->x, s->label };
    return ds_samples_rows(d->train, b->n, s->order + at, t->type, s->x, s->label);
}

static void log_step(const repro_trial *t, const state *s, const mdl_step *step, json_t *line)
{
    json_t *values = json_array(), *lambdas = json_array();
    json_object_set_new(line, "accuracy_batch",
                        cli_json_number(100. * (double)step->right / (double)step->n));
    json_object_set_new(line, "rate", cli_json_number(step->rate));
    for (int i = 0; i < t->terms; i++) {
        const reg_result *x = reg_result_of(mdl_classifier_solver(s->c), i);
        json_array_append_new(values, cli_json_number(x->value));
        json_array_append_new(lambdas, cli_json_number(x->lambda));
    }
    json_object_set_new(line, "regularizers", values);
    json_object_set_new(line, "coefficients", lambdas);
}

ad_status repro_classifier_step(repro_trial *t, json_t *line)
{
    state       *s = t->state;
    mdl_labelled b;
    mdl_step     step;
    long         per_epoch;
    AD_TRY(next_batch(t, &b, &per_epoch));
    t->learner->optim->o.rate = s->network->rate /
                                (1 + s->network->decay * (double)(t->iteration + 1));
    AD_TRY(mdl_classifier_step(s->c, &b, repro_progress(t, per_epoch), repro_draw(t, DRAW), &step));
    long nvjp = adj_solver_stats(reg_adjoint(mdl_classifier_solver(s->c)))->nvjp;
    repro_note_step(t,
                    &(repro_step){ step.loss, step.penalty, step.norm, step.solve.nfe_julia,
                                   step.solve.nfe, nvjp },
                    line);
    log_step(t, s, &step, line);
    return AD_OK;
}

/* --- the judge ----------------------------------------------------------------------------------------------------------- */

/* The first n images of a set, 512 at a time. */
static ad_status judge(const repro_trial *t, mdl_evaluator *e, const ds_samples *d, long n,
                       mdl_evaluation *out)
{
    state *s     = t->state;
    long   all   = n < d->n ? n : d->n;
    long  *index = s->order; /* redrawn after this */
    s->epoch     = -1;
    for (long at = 0; at < all; at += JUDGED) {
        long rows = all - at < JUDGED ? all - at : JUDGED;
        for (long i = 0; i < rows; i++) index[i] = at + i;
        AD_TRY(ds_samples_rows(d, rows, index, mdl_evaluator_type(e), s->x, s->label));
        AD_TRY(mdl_evaluator_run(e, t->learner->theta, t->type,
                                 &(mdl_labelled){ rows, s->x, s->label }, at == 0, out));
    }
    return AD_OK;
}

static double percent(const mdl_evaluation *e)
{
    return 100. * (double)e->right / (double)e->n;
}

/* The paper's NFE, and those of the same weights in the other precision. */
static ad_status count_evaluations(const repro_trial *t, json_t *into)
{
    const images  *d = t->r->data;
    const state   *s = t->state;
    mdl_evaluation own, other;
    AD_TRY(judge(t, s->own, d->train, JUDGED, &own));
    AD_TRY(judge(t, s->other, d->train, JUDGED, &other));
    json_object_set_new(into, "nfe", cli_json_number(own.nfe_julia));
    json_object_set_new(into, "nfe_other", cli_json_number(other.nfe_julia));
    json_object_set_new(into, "rejected", cli_json_number(own.rejected));
    return AD_OK;
}

/* Processor time of a prediction for 512 images, the least of some: neighbours on the machine do not count. */
static ad_status time_prediction(const repro_trial *t, json_t *into)
{
    const images *d    = t->r->data;
    const state  *s    = t->state;
    double        best = INFINITY;
    for (int i = 0; i < REPEATS; i++) {
        mdl_evaluation e;
        int64_t        began = repro_cpu();
        AD_TRY(judge(t, s->own, d->train, JUDGED, &e));
        best = fmin(best, 1e-9 * (double)(repro_cpu() - began));
    }
    json_object_set_new(into, "prediction_cpu_seconds", cli_json_number(best));
    return AD_OK;
}

ad_status repro_classifier_measure(repro_trial *t, int last, json_t *into)
{
    const images  *d = t->r->data;
    const state   *s = t->state;
    mdl_evaluation test, train;
    AD_TRY(judge(t, s->own, d->test, last ? d->test->n : GLANCE, &test));
    json_object_set_new(into, "accuracy_test", cli_json_number(percent(&test)));
    json_object_set_new(into, "loss_test", cli_json_number(test.loss));
    AD_TRY(count_evaluations(t, into));
    if (!last) return AD_OK;
    AD_TRY(judge(t, s->own, d->train, TRAINED, &train));
    json_object_set_new(into, "accuracy_train", cli_json_number(percent(&train)));
    json_object_set_new(into, "loss_train", cli_json_number(train.loss));
    return time_prediction(t, into);
}
