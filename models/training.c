#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/checkpoint.h>
#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/models/training.h>

#include "fit_internal.h"

static const uint64_t stream_of_draws  = 0x64726177u;         /* "draw" */
static const uint64_t stream_of_orders = 0x6f726465725f5f00u; /* "order__" and the epoch added */

struct mdl_training {
    mdl_training_spec     spec;
    mdl_training_progress p;
    mdl_end               end;
    long                 *order; /* of the samples in the epoch `ordered` */
    long                  ordered;
    int64_t               iteration;
    uint64_t              seed;
    double                seconds;
};

ad_status mdl_training_new(mdl_training **out, const mdl_training_spec *spec)
{
    *out = NULL;
    if (spec->samples < 1) return ad_fail(AD_INVALID, "there are no samples to train on");
    mdl_training *t = ad_alloc(sizeof *t);
    if (!t) return AD_NO_MEMORY;
    t->spec  = *spec;
    t->seed  = spec->seed;
    t->order = ad_alloc((size_t)spec->samples * sizeof *t->order);
    if (spec->batch > spec->samples) t->spec.batch = spec->samples;
    t->p       = (mdl_training_progress){ .iterations = spec->iterations };
    t->p.test  = (mdl_test){ NAN, NAN, NAN };
    t->ordered = -1;
    if (t->order) {
        *out = t;
        return AD_OK;
    }
    ad_free(t);
    return AD_NO_MEMORY;
}

void mdl_training_free(mdl_training *t)
{
    if (!t) return;
    ad_free(t->order);
    ad_free(t);
}

mdl_end mdl_training_end(const mdl_training *t)
{
    return t->end;
}
const mdl_training_progress *mdl_training_at(const mdl_training *t)
{
    return &t->p;
}

static long per_epoch(const mdl_training *t)
{
    return (t->spec.samples + t->spec.batch - 1) / t->spec.batch;
}

static ad_status step(mdl_training *t)
{
    long epoch = (long)t->iteration / per_epoch(t), total = t->spec.iterations;
    long from = ((long)t->iteration % per_epoch(t)) * t->spec.batch;
    long n    = t->spec.samples - from < t->spec.batch ? t->spec.samples - from : t->spec.batch;
    reg_progress p    = { (double)t->iteration / (double)total,
                          (double)(epoch * per_epoch(t)) / (double)total };
    uint64_t     draw = ad_random_bits(t->seed, stream_of_draws, (uint64_t)t->iteration);
    if (t->ordered != epoch)
        ad_random_permutation(t->seed, stream_of_orders + (uint64_t)epoch, t->spec.samples,
                              t->order);
    t->ordered = epoch;
    t->p.epoch = epoch + 1;
    return t->spec.step(t->spec.model, n, t->order + from, p, draw, &t->p.step);
}

/* An iteration, and a look at the test part where it is time. */
static ad_status iterate(mdl_training *t)
{
    double began = mdl_seconds();
    t->p.test    = (mdl_test){ NAN, NAN, NAN };
    AD_TRY(step(t));
    t->seconds += mdl_seconds() - began;
    t->p.iteration = (long)++t->iteration;
    t->p.seconds   = t->seconds;
    long every     = t->spec.every ? t->spec.every : per_epoch(t);
    if (!t->spec.test || (t->iteration % every && t->iteration < t->spec.iterations)) return AD_OK;
    began       = mdl_seconds();
    ad_status s = t->spec.test(t->spec.model, &t->p.test);
    t->p.test_seconds += mdl_seconds() - began;
    return s;
}

/* The weights that just failed go; those that the last good step began from stay. */
static ad_status retreat(mdl_training *t, ad_status s)
{
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s", ad_message());
    if (s == AD_NO_MEMORY || s == AD_INVALID || s == AD_IO) return s;
    long failed = (long)t->iteration + 1;
    if (mdl_learner_undo(t->spec.learner)) t->iteration--;
    t->p.iteration = (long)t->iteration;
    return ad_fail(s, "iteration %ld: %s", failed, sentence);
}

ad_status mdl_training_run(mdl_training *t, mdl_training_watcher *watch, void *ctx)
{
    t->end = MDL_RUNNING;
    while (t->iteration < t->spec.iterations) {
        ad_status s = iterate(t);
        if (s) {
            t->end = MDL_STUCK;
            return retreat(t, s);
        }
        if (watch && watch(&t->p, ctx)) {
            t->end = MDL_INTERRUPTED;
            return AD_OK;
        }
    }
    t->end = MDL_COMPLETE;
    return AD_OK;
}

enum { COUNTERS = 1, EXTRAS = 3 };

static ad_checkpoint parts(mdl_training *t, ad_counter *counter, ad_tensor *extra)
{
    mdl_learner *l = t->spec.learner;
    counter[0]     = (ad_counter){ "iteration", &t->iteration };
    extra[0]       = (ad_tensor){ "seconds", AD_TENSOR_F64, 1, { 1 }, &t->seconds };
    for (int i = 0; i < t->spec.nextra; i++) extra[1 + i] = t->spec.extra[i];
    return (ad_checkpoint){ .params    = l->params,
                            .theta     = l->theta,
                            .optim     = l->optim,
                            .ema       = t->spec.average,
                            .schedule  = &l->schedule,
                            .seed      = &t->seed,
                            .ncounters = COUNTERS,
                            .counters  = counter,
                            .nextra    = 1 + t->spec.nextra,
                            .extra     = extra };
}

ad_status mdl_training_save(mdl_training *t, const char *path, const char *config)
{
    ad_counter    counter[COUNTERS];
    ad_tensor     extra[EXTRAS];
    ad_checkpoint c = parts(t, counter, extra);
    c.config        = config;
    return ad_checkpoint_save(path, &c);
}

ad_status mdl_training_load(mdl_training *t, const char *path)
{
    ad_counter    counter[COUNTERS];
    ad_tensor     extra[EXTRAS];
    ad_checkpoint c = parts(t, counter, extra);
    AD_TRY(ad_checkpoint_load(path, &c));
    t->p.iteration = (long)t->iteration;
    t->p.seconds   = t->seconds;
    return AD_OK;
}
