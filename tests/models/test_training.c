/* Training on samples: resumed bit for bit, stopped where it blows up, settings that make no sense. */
#include <criterion/criterion.h>
#include <jansson.h>

#include <costate/models/classifier_task.h>

#include "task.h"

/* "key=value" words, the last NULL. */
static ad_status settings_of(const mdl_settings *s, void **config, const char *const *word)
{
    AD_TRY(mdl_settings_new(s, config));
    for (; *word; word++) {
        char        key[64];
        const char *equals = strchr(*word, '=');
        snprintf(key, sizeof key, "%.*s", (int)(equals - *word), *word);
        ad_status status = mdl_settings_set(s, *config, key, equals + 1);
        if (status) {
            mdl_settings_free(*config);
            return status;
        }
    }
    return AD_OK;
}

static ad_status classifier_of(mdl_classifier_task **t, const char *const *word)
{
    void *config;
    *t = NULL;
    AD_TRY(settings_of(&mdl_classifier_settings, &config, word));
    return mdl_classifier_task_new(t, config);
}

#define CLASSIFIER(t, ...) classifier_of(t, (const char *const[]){ __VA_ARGS__, NULL })

static int stop_at(const mdl_training_progress *p, void *ctx)
{
    return p->iteration >= *(long *)ctx;
}

static void open_small(mdl_classifier_task **t, const char *precision)
{
    cr_assert_eq(CLASSIFIER(t, "data=digits", "rows=300", "batch=64", "hidden=10", "iterations=12",
                            "regularizer=error:10..1,steer:0.2", precision, "schedule=cosine",
                            "test-rows=64", "measure=0"),
                 AD_OK, "%s", ad_message());
}

/* 300 samples in batches of 64: the fifth of each epoch has 44. Interrupted after `at` iterations, saved, loaded, ended. */
static void resumes(const char *precision, long at)
{
    char                 path[256];
    mdl_classifier_task *a, *b, *c;
    scratch(path, sizeof path, "training.safetensors");
    open_small(&a, precision);
    open_small(&b, precision);
    open_small(&c, precision);
    cr_assert_eq(mdl_training_run(a->training, NULL, NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_training_run(b->training, stop_at, &at), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_training_end(b->training), MDL_INTERRUPTED);
    cr_assert_eq(mdl_training_save(b->training, path, "{}"), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_training_load(c->training, path), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_training_at(c->training)->iteration, at);
    cr_assert_eq(mdl_training_run(c->training, NULL, NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_training_end(c->training), MDL_COMPLETE);
    cr_assert_eq(mdl_training_at(a->training)->iteration, 12);
    cr_assert_eq(mdl_training_at(a->training)->epoch, 3);
    const mdl_learner *l = mdl_classifier_learner(a->classifier),
                      *m = mdl_classifier_learner(c->classifier);
    size_t bytes         = (size_t)l->count * ad_type_size(l->type);
    cr_assert(memcmp(l->theta, m->theta, bytes) == 0, "%s, stopped at %ld", precision, at);
    cr_assert(memcmp(l->optim->moment[0], m->optim->moment[0], bytes) == 0);
    cr_assert_eq(mdl_training_at(a->training)->test.loss, mdl_training_at(c->training)->test.loss);
    mdl_classifier_task_free(a);
    mdl_classifier_task_free(b);
    mdl_classifier_task_free(c);
    remove(path);
}

Test(training, a_resumed_run_is_the_uninterrupted_one)
{
    resumes("precision=float32", 3);
    resumes("precision=float32", 5); /* between two epochs */
    resumes("precision=float64", 9);
}

static int note_epochs(const mdl_training_progress *p, void *ctx)
{
    long *n = ctx;
    n[0] += p->step.n;
    n[1] += !isnan(p->test.loss);
    return p->iteration == 5;
}

Test(training, an_epoch_is_all_samples_and_one_test)
{
    long                 n[2] = { 0, 0 };
    mdl_classifier_task *t;
    open_small(&t, "precision=float32");
    cr_assert_eq(mdl_training_run(t->training, note_epochs, n), AD_OK);
    cr_assert_eq(n[0], 300);
    cr_assert_eq(n[1], 1);
    mdl_classifier_task_free(t);
}

/* A rate of 100 sends the weights away within some steps: training ends with a sentence, and the weights that it keeps still have
   a loss. */
Test(training, what_blows_up_keeps_the_last_good_weights)
{
    char                 path[256];
    mdl_classifier_task *t, *u;
    mdl_evaluation       e;
    cr_assert_eq(CLASSIFIER(&t, "data=digits", "rows=256", "batch=64", "optimizer=sgd", "lr=100",
                            "momentum=0", "iterations=200", "max-steps=60", "measure=0"),
                 AD_OK, "%s", ad_message());
    ad_status s = mdl_training_run(t->training, NULL, NULL);
    cr_assert(s == AD_STEP_LIMIT || s == AD_NONFINITE_STATE || s == AD_NONFINITE_FIELD ||
                  s == AD_STEP_UNDERFLOW,
              "%s: %s", ad_status_name(s), ad_message());
    cr_assert(strstr(ad_message(), "iteration "), "%s", ad_message());
    cr_assert_eq(mdl_training_end(t->training), MDL_STUCK);
    cr_assert_eq(mdl_training_at(t->training)->iteration,
                 mdl_classifier_learner(t->classifier)->optim->steps);
    scratch(path, sizeof path, "blown.safetensors");
    cr_assert_eq(mdl_training_save(t->training, path, "{}"), AD_OK, "%s", ad_message());
    cr_assert_eq(CLASSIFIER(&u, "data=digits", "rows=256", "batch=64", "optimizer=sgd", "lr=0.01",
                            "momentum=0", "iterations=200", "max-steps=1000"),
                 AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_training_load(u->training, path), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_classifier_task_judge(u, u->train, 64, NULL, &e), AD_OK, "%s", ad_message());
    cr_assert(isfinite(e.loss));
    mdl_classifier_task_free(t);
    mdl_classifier_task_free(u);
    remove(path);
}

/* A gradient that is not finite: the step before it is taken back, not the failed one. */
Test(training, a_gradient_that_is_not_finite_takes_the_last_step_back)
{
    mdl_learner *l;
    ad_params   *p;
    double       start[3], moment;
    cr_assert_eq(ad_params_new(&p, AD_F64), AD_OK);
    cr_assert_geq(ad_params_add(p, "w", ad_vector(3), AD_INIT_KAIMING, 3), 0);
    cr_assert_eq(mdl_learner_new(&l, p, &(mdl_learning){ .optimizer = "adam" }), AD_OK);
    double *theta = l->theta, *bar = l->theta_bar, *m = l->optim->moment[0];
    for (int i = 0; i < 3; i++) bar[i] = 1 + i;
    cr_assert_eq(mdl_learner_step(l, 1), AD_OK, "%s", ad_message());
    memcpy(start, theta, sizeof start);
    moment = m[1];
    cr_assert_eq(mdl_learner_step(l, 1), AD_OK);
    cr_assert_neq(theta[1], start[1]);
    bar[2] = NAN;
    cr_assert_eq(mdl_learner_step(l, 1), AD_NONFINITE_STATE);
    cr_assert(mdl_learner_undo(l));
    cr_assert_eq(l->optim->steps, 1);
    cr_assert_eq(m[1], moment);
    cr_assert(memcmp(theta, start, sizeof start) == 0);
    cr_assert_not(mdl_learner_undo(l), "once");
    mdl_learner_free(l);
    ad_params_free(p);
}

Test(training, a_confusion_counts_every_sample)
{
    mdl_classifier_task *t;
    mdl_evaluation       e;
    long                 count[100], sum = 0, right = 0;
    open_small(&t, "precision=float32");
    cr_assert_eq(mdl_classifier_task_judge(t, t->test, 0, NULL, &e), AD_OK);
    cr_assert_eq(mdl_classifier_task_confusion(t, t->test, count), AD_OK);
    for (int i = 0; i < 100; i++) sum += count[i], right += i % 11 == 0 ? count[i] : 0;
    cr_assert_eq(sum, t->test->n);
    cr_assert_eq(right, e.right);
    mdl_classifier_task_free(t);
}

static void refused(const char *word, const char *part)
{
    mdl_classifier_task *t;
    ad_status            s = CLASSIFIER(&t, "data=digits", word);
    cr_assert(s == AD_INVALID, "%s: %s", word, ad_status_name(s));
    cr_assert(strstr(ad_message(), part), "%s: %s", word, ad_message());
}

Test(training, settings_that_make_no_sense)
{
    refused("lernrate=1", "no setting 'lernrate'");
    refused("batch=0", "batch is 0");
    refused("batch=1.5", "no whole number");
    refused("lr=fast", "no finite number");
    refused("holdout=1", "holdout is 1");
    refused("precision=float16", "float32 or float64");
    refused("adjoint=store", "there are store-all");
    refused("activation=tanhh", "tanhh");
    refused("method=rk5", "rk5");
    refused("controller=pd", "pd");
    refused("regularizer=eror:1", "eror");
    refused("regularizer=error:100-10", "100-10");
    refused("data=mnist", "train-images-idx3-ubyte");
}

/* All settings to JSON and back. */
Test(training, settings_as_json)
{
    mdl_classifier_task *t;
    char                 a[64], b[64];
    void                *config;
    struct json_t       *j;
    open_small(&t, "precision=float64");
    j = mdl_settings_to_json(&mdl_classifier_settings, t->config);
    cr_assert_eq(mdl_settings_new(&mdl_classifier_settings, &config), AD_OK);
    cr_assert_eq(mdl_settings_from_json(&mdl_classifier_settings, config, j), AD_OK, "%s",
                 ad_message());
    for (int i = 0; i < mdl_classifier_settings.rows; i++) {
        const char *x = mdl_settings_text(&mdl_classifier_settings, t->config, i, a, sizeof a);
        const char *y = mdl_settings_text(&mdl_classifier_settings, config, i, b, sizeof b);
        cr_assert(!x == !y && (!x || !strcmp(x, y)), "%s", mdl_classifier_settings.row[i].key);
    }
    json_object_set_new(j, "precision", json_null());
    cr_assert_neq(mdl_settings_from_json(&mdl_classifier_settings, config, j), AD_OK);
    cr_assert(strstr(ad_message(), "precision"), "%s", ad_message());
    mdl_settings_free(config);
    mdl_classifier_task_free(t);
    json_decref(j);
}
