#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/checkpoint.h>
#include <costate/autodiff/memory.h>
#include <costate/models/class_names.h>
#include <costate/models/classifier_task.h>
#include <costate/models/model.h>

#include "sampled.h"

enum { PATH = 4096 };

static const mdl_samples_config *common(const mdl_classifier_task *t)
{
    return &t->config->samples;
}

/* o points into t's settings and into c. */
static void options_of(const mdl_classifier_task *t, const mdl_sampled *c, long inputs,
                       long classes, mdl_classifier_options *o)
{
    const mdl_classifier_config *m = t->config;
    *o                             = (mdl_classifier_options){ .inputs     = inputs,
                                                               .classes    = classes,
                                                               .state      = m->state,
                                                               .hidden     = m->hidden,
                                                               .activation = m->activation,
                                                               .first      = m->first,
                                                               .last       = m->last,
                                                               .head       = m->head,
                                                               .type       = c->type,
                                                               .t1         = m->samples.t1,
                                                               .batch      = m->samples.batch,
                                                               .solve      = &c->solve,
                                                               .adjoint    = &c->adjoint,
                                                               .terms      = c->terms,
                                                               .term       = c->term,
                                                               .measure    = (int)m->samples.measure,
                                                               .learn      = c->learn };
    if (!strcmp(m->activation, "none")) o->activation = "identity";
}

/* Classifier, evaluator and buffers. iterations 0: to be looked at, not trained. */
static ad_status build(mdl_classifier_task *t, long inputs, long classes, long iterations)
{
    mdl_sampled            c;
    mdl_classifier_options o;
    AD_TRY(mdl_sampled_choices(common(t), iterations, &c));
    options_of(t, &c, inputs, classes, &o);
    AD_TRY(mdl_classifier_new(&t->classifier, &o));
    AD_TRY(mdl_evaluator_new(&t->evaluator, &o, 0, NULL, o.batch));
    t->x     = ad_alloc((size_t)(o.batch * inputs) * sizeof(double));
    t->label = ad_alloc((size_t)o.batch * sizeof *t->label);
    return t->x && t->label ? AD_OK : AD_NO_MEMORY;
}

static ad_status step(void *model, long n, const long *index, reg_progress p, uint64_t draw,
                      mdl_step *s)
{
    mdl_classifier_task *t    = model;
    ad_type              type = mdl_classifier_about(t->classifier)->type;
    AD_TRY(ds_samples_rows(t->train, n, index, type, t->x, t->label));
    return mdl_classifier_step(t->classifier, &(mdl_labelled){ n, t->x, t->label }, p, draw, s);
}

static ad_status test(void *model, mdl_test *out)
{
    mdl_classifier_task *t = model;
    mdl_evaluation       e;
    AD_TRY(mdl_classifier_task_judge(t, t->test, common(t)->test_rows, NULL, &e));
    *out = (mdl_test){ e.loss, (double)e.right / (double)e.n, e.nfe };
    return AD_OK;
}

/* Samples at .. at + n - 1 into x and label. */
static ad_status read_rows(mdl_classifier_task *t, const ds_samples *s, long at, long n,
                           ad_type type)
{
    size_t row = (size_t)s->dim * ad_type_size(type);
    for (long i = 0; i < n; i++) {
        long index = at + i;
        AD_TRY(ds_samples_rows(s, 1, &index, type, (char *)t->x + (size_t)i * row, &t->label[i]));
    }
    return AD_OK;
}

ad_status mdl_classifier_task_judge(mdl_classifier_task *t, const ds_samples *s, long n,
                                    mdl_evaluator *e, mdl_evaluation *out)
{
    const mdl_learner *l     = mdl_classifier_learner(t->classifier);
    long               batch = common(t)->batch;
    if (!e) e = t->evaluator;
    *out = (mdl_evaluation){ 0 };
    if (n == 0 || n > s->n) n = s->n;
    for (long at = 0; at < n; at += batch) {
        long m = n - at < batch ? n - at : batch;
        AD_TRY(read_rows(t, s, at, m, mdl_evaluator_type(e)));
        AD_TRY(mdl_evaluator_run(e, l->theta, l->type, &(mdl_labelled){ m, t->x, t->label },
                                 at == 0, out));
    }
    return AD_OK;
}

ad_status mdl_classifier_task_confusion(mdl_classifier_task *t, const ds_samples *s, long *count)
{
    const mdl_learner *l = mdl_classifier_learner(t->classifier);
    long               k = mdl_classifier_about(t->classifier)->classes, batch = common(t)->batch;
    ad_type            type = mdl_evaluator_type(t->evaluator);
    for (long i = 0; i < k * k; i++) count[i] = 0;
    for (long at = 0; at < s->n; at += batch) {
        mdl_evaluation e;
        long           n = s->n - at < batch ? s->n - at : batch;
        AD_TRY(read_rows(t, s, at, n, type));
        AD_TRY(mdl_evaluator_run(t->evaluator, l->theta, l->type,
                                 &(mdl_labelled){ n, t->x, t->label }, 1, &e));
        const void *logits = mdl_evaluator_logits(t->evaluator);
        for (long i = 0; i < n; i++) {
            long best = 0;
            for (long j = 1; j < k; j++)
                if (mdl_get(type, logits, i * k + j) > mdl_get(type, logits, i * k + best))
                    best = j;
            count[t->label[i] * k + best]++;
        }
    }
    return AD_OK;
}

ad_status mdl_classifier_task_data(const mdl_classifier_task *t, const char *data, const char *dir,
                                   const char *part, ds_samples **out)
{
    const mdl_classifier_options *o     = mdl_classifier_about(t->classifier);
    mdl_samples_config            c     = *common(t);
    int                           train = !strcmp(part, "train");
    ds_samples                   *a, *b;
    if (!train && strcmp(part, "test"))
        return ad_fail(AD_INVALID, "the part is train or test, not '%.40s'", part);
    if (data) c.data = data, c.data_dir = NULL, c.rows = 0, c.holdout = 0;
    if (dir) c.data_dir = dir;
    ad_status s = mdl_sampled_data(&c, data ? 1 : 2, &a, &b);
    *out        = train || (data && !b) ? a : b;
    ds_samples_free(*out == a ? b : a);
    if (s) {
        ds_samples_free(*out);
        *out = NULL;
        return s;
    }
    if (!*out)
        return ad_fail(AD_INVALID, "nothing was held out of %s: look at --part train", c.data);
    if (data) AD_TRY(mdl_class_names_apply(t->class_names, *out));
    if ((*out)->dim == o->inputs && (*out)->classes <= o->classes) return AD_OK;
    return ad_fail(AD_BAD_SHAPE,
                   "%s: samples of %ld numbers in %d classes; the run is for %ld in %ld", c.data,
                   (*out)->dim, (*out)->classes, o->inputs, o->classes);
}

static ad_status with_data(mdl_classifier_task *t)
{
    AD_TRY(mdl_classifier_settings.check(t->config));
    AD_TRY(mdl_sampled_data(common(t), 2, &t->train, &t->test));
    mdl_training_spec spec = mdl_sampled_training(common(t), t->train->n);
    AD_TRY(build(t, t->train->dim, t->train->classes, spec.iterations));
    spec.model   = t;
    spec.step    = step;
    spec.test    = t->test ? test : NULL;
    spec.learner = mdl_classifier_learner(t->classifier);
    return mdl_training_new(&t->training, &spec);
}

ad_status mdl_classifier_task_new(mdl_classifier_task **out, mdl_classifier_config *config)
{
    *out                   = NULL;
    mdl_classifier_task *t = ad_alloc(sizeof *t);
    if (!t) {
        mdl_settings_free(config);
        return AD_NO_MEMORY;
    }
    t->config   = config;
    ad_status s = with_data(t);
    if (s)
        mdl_classifier_task_free(t);
    else
        *out = t;
    return s;
}

void mdl_classifier_task_free(mdl_classifier_task *t)
{
    if (!t) return;
    mdl_training_free(t->training);
    mdl_evaluator_free(t->evaluator);
    mdl_classifier_free(t->classifier);
    ds_samples_free(t->train);
    ds_samples_free(t->test);
    ad_free(t->x);
    ad_free(t->label);
    json_decref(t->class_names);
    mdl_settings_free(t->config);
    ad_free(t);
}

struct json_t *mdl_classifier_task_to_json(const mdl_classifier_task *t)
{
    const mdl_classifier_options *o = mdl_classifier_about(t->classifier);
    json_t *names = t->class_names ? json_incref(t->class_names) : mdl_class_names(t->train);
    json_t *j     = names ? mdl_run_settings_json(
                                &mdl_classifier_settings, t->config, 2,
                                (mdl_fact[]){ { "inputs", o->inputs }, { "classes", o->classes } })
                          : NULL;
    if (j)
        json_object_set_new(j, "class_names", names);
    else
        json_decref(names);
    return j;
}

static ad_status read_class_names(mdl_classifier_task *t, const char *directory)
{
    json_t *j;
    AD_TRY(mdl_run_json(&j, directory, mdl_classifier_settings.model));
    t->class_names = json_incref(json_object_get(j, "class_names"));
    json_decref(j);
    return AD_OK;
}

ad_status mdl_classifier_task_load(mdl_classifier_task **out, const char *directory)
{
    char                 path[PATH];
    mdl_fact             fact[] = { { "inputs", 0 }, { "classes", 0 } };
    void                *config;
    mdl_classifier_task *t = *out = ad_alloc(sizeof *t);
    if (!t) return AD_NO_MEMORY;
    ad_status s = mdl_run_settings(&mdl_classifier_settings, directory, &config, 2, fact);
    t->config   = config;
    if (!s) s = build(t, fact[0].value, fact[1].value, 0);
    if (!s) s = read_class_names(t, directory);
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", directory);
    if (!s) {
        mdl_learner *l = mdl_classifier_learner(t->classifier);
        s = ad_checkpoint_load(path, &(ad_checkpoint){ .params = l->params, .theta = l->theta });
    }
    if (!s) return AD_OK;
    mdl_classifier_task_free(t);
    *out = NULL;
    return s;
}
