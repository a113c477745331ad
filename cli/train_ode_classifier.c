/* costate train ode-classifier: labelled samples become a run's directory. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "classifier.h"
#include "json.h"
#include "text.h"

static void print_data(const classify *c, FILE *out)
{
    const mdl_classifier_task    *t = c->task;
    const mdl_classifier_options *o = mdl_classifier_about(t->classifier);
    char                          shape[64];
    const mdl_training_progress  *p = mdl_training_at(t->training);
    fprintf(out, "data      %s: %ld samples of %s, %d classes; %ld to test\n", t->train->name,
            t->train->n, ds_samples_shape_text(t->train, shape, sizeof shape), t->train->classes,
            t->test ? t->test->n : 0);
    fprintf(out, "model     ");
    if (o->state) fprintf(out, "linear %ld-%ld, ", o->inputs, o->state);
    fprintf(out, "neural ODE %ld-%ld-%ld (%s), linear %ld; %ld parameters\n",
            o->state ? o->state : o->inputs, o->hidden, o->state ? o->state : o->inputs,
            o->activation, o->classes, mdl_classifier_learner(t->classifier)->count);
    fprintf(out, "solver    %s, rtol %g, atol %g, %s; regularizer %s\n", t->config->samples.method,
            t->config->samples.rtol, t->config->samples.atol, t->config->samples.precision,
            t->config->samples.regularizer ? t->config->samples.regularizer : "none");
    fprintf(out, "plan      %ld iterations, %s\n", p->iterations, t->config->samples.optimizer);
}

static void print_part(const char *name, const mdl_evaluation *e)
{
    if (e->n)
        printf("%-9s %.2f %% right of %ld, loss %.4f, %.1f evaluations of the field a solve\n",
               name, 100 * (double)e->right / (double)e->n, e->n, e->loss, e->nfe);
}

static void print_result(const classify *c)
{
    char seconds[32];
    print_part("training", &c->train);
    print_part("test", &c->test);
    printf("time      %s of training; a solve of a batch takes %s\n",
           cli_seconds_text(mdl_training_at(c->task->training)->seconds, seconds, sizeof seconds),
           cli_seconds_text(c->train.seconds, (char[32]){ "" }, 32));
    printf("run       %s: report.html, checkpoint.safetensors, config.json, metrics.jsonl\n",
           c->l.directory);
}

static ad_status print_json(const classify *c)
{
    const mdl_training_progress *p = mdl_training_at(c->task->training);
    json_t *j = json_pack("{s:s, s:s, s:I, s:o, s:o}", "model", "ode-classifier", "run",
                          c->l.directory, "iterations", (json_int_t)p->iteration, "seconds",
                          cli_json_number(p->seconds), "train", classify_json(&c->train));
    if (j && c->test.n) json_object_set_new(j, "test", classify_json(&c->test));
    ad_status s = j ? cli_json_print(j, stdout) : ad_fail(AD_NO_MEMORY, "out of memory");
    json_decref(j);
    return s;
}

/* As many of the training part as there are to test. */
static ad_status judge(classify *c)
{
    mdl_classifier_task *t = c->task;
    AD_TRY(mdl_classifier_task_judge(t, t->train, t->test ? t->test->n : 0, NULL, &c->train));
    return t->test ? mdl_classifier_task_judge(t, t->test, 0, NULL, &c->test) : AD_OK;
}

static ad_status go(classify *c)
{
    const cli_args *a     = c->l.args;
    int             quiet = cli_flag(a, "quiet") || cli_flag(a, "json");
    if (!quiet || cli_flag(a, "dry-run")) print_data(c, stdout);
    fflush(stdout);
    if (cli_flag(a, "dry-run")) return AD_OK;
    AD_TRY(learn_run(&c->l));
    AD_TRY(judge(c));
    AD_TRY(classify_report(c));
    if (cli_flag(a, "json")) return print_json(c);
    print_result(c);
    return AD_OK;
}

static json_t *to_json(const void *task)
{
    return mdl_classifier_task_to_json(task);
}

static int run(const cli_args *a)
{
    void     *config;
    classify  c = { .l = { .args     = a,
                           .model    = &cli_model_ode_classifier,
                           .settings = &mdl_classifier_settings,
                           .to_json  = to_json } };
    ad_status s = learn_config(a, &mdl_classifier_settings, &config);
    if (s == AD_INVALID) return cli_mistake(a, "%s", ad_message());
    if (!s) s = mdl_classifier_task_new(&c.task, config);
    if (!s) {
        c.l.config   = &c.task->config->samples;
        c.l.training = c.task->training;
        c.l.solver   = mdl_classifier_solver(c.task->classifier);
        c.l.task     = c.task;
        s            = go(&c);
    }
    int code = s ? cli_failed(a) : CLI_DONE;
    learn_clear(&c.l);
    mdl_classifier_task_free(c.task);
    return code;
}

static ad_status info(const char *directory)
{
    mdl_classifier_task *t;
    AD_TRY(mdl_classifier_task_load(&t, directory));
    const mdl_classifier_options *o = mdl_classifier_about(t->classifier);
    printf("%s: a neural ODE that tells %ld classes apart from %ld numbers, for %s\n", directory,
           o->classes, o->inputs, t->config->samples.data);
    learn_info(&mdl_classifier_settings, t->config, mdl_classifier_learner(t->classifier)->params);
    mdl_classifier_task_free(t);
    return AD_OK;
}

#include "options.h"
static const cli_option options[] = {
#include <costate/models/classifier.def>
#include <costate/models/samples.def>
    RUN_OPTIONS
};

static const cli_verb verb = {
    .name    = "train ode-classifier",
    .summary = "trains a neural ODE with a linear head on labelled samples",
    .usage   = "--data NAME|FILE|DIR [options]",
    .examples =
        "costate train ode-classifier --data digits --epochs 20\n"
        "costate train ode-classifier --data mnist --data-dir mnist --last tanh --rtol 1.4e-8 "
        "--atol 1.4e-8\n"
        "costate train ode-classifier --data digits --regularizer error:100..10,steer:0.25\n"
        "costate train ode-classifier --resume --output run-digits --epochs 40",
    .options   = options,
    .max_words = 1,
    .run       = run,
};

const cli_model cli_model_ode_classifier = {
    .name  = "ode-classifier",
    .about = "neural ODE on the input (or on a linear layer of it) with a linear head, trained by "
             "cross-entropy; Kelly et al. 2020, Pal et al. 2021",
    .train = &verb,
    .info  = info,
    .evaluate = classify_evaluate,
};
