/* costate train score: a network that tells noise from data, in a run's directory. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "json.h"
#include "score.h"
#include "score_evaluate.h"
#include "text.h"

static void print_data(const score_run *f, FILE *out)
{
    char                      shape[64];
    const mdl_score_task     *t = f->task;
    const mdl_score_config   *c = t->config;
    const mdl_scorer_options *o = mdl_scorer_about(t->score);
    fprintf(out, "data      %s: %ld samples of %s numbers; %ld to test\n", t->train->name,
            t->train->n, ds_samples_shape_text(t->train, shape, sizeof shape),
            t->test ? t->test->n : 0);
    fprintf(out, "model     predicts %s, %ld blocks of width %ld (%s)%s; %ld parameters\n",
            c->prediction, o->depth, o->hidden, o->activation, o->classes ? ", told the class" : "",
            mdl_scorer_learner(t->score)->count);
    fprintf(out, "noise     %s from t = %g to %g, levels by %s, loss weighted by %s, %s\n",
            t->schedule->kind->name, t->schedule->o.t_end, t->schedule->o.t_begin, o->levels,
            o->weighting, c->samples.precision);
    fprintf(out, "plan      %ld iterations of %ld samples, %s\n",
            mdl_training_at(t->training)->iterations, c->samples.batch, c->samples.optimizer);
}

static void print_row(const score_run *f, const char *part, double loss, double penalty)
{
    printf("%-9s loss %.5f", part, loss);
    if (f->task->config->fokker_planck > 0) printf(", Fokker-Planck residual %.5f", penalty);
    printf("\n");
}

static void print_result(const score_run *f)
{
    char seconds[32];
    print_row(f, "training", f->train_loss, f->train_penalty);
    if (!isnan(f->test_loss)) print_row(f, "test", f->test_loss, f->test_penalty);
    printf("time      %s of training\n",
           cli_seconds_text(mdl_training_at(f->task->training)->seconds, seconds, sizeof seconds));
    printf("run       %s: report.html, checkpoint.safetensors, config.json, metrics.jsonl\n"
           "sample    costate sample %s\n",
           f->l.directory, f->l.directory);
}

static json_t *part(double loss, double penalty)
{
    return json_pack("{s:o, s:o}", "loss", cli_json_number(loss), "fokker_planck",
                     cli_json_number(penalty));
}

static ad_status print_json(const score_run *f)
{
    const mdl_training_progress *p = mdl_training_at(f->task->training);
    json_t                      *j = json_pack(
                             "{s:s, s:s, s:I, s:o, s:I, s:o, s:o}", "model", "score", "run", f->l.directory,
                             "iterations", (json_int_t)p->iteration, "seconds", cli_json_number(p->seconds),
                             "parameters", (json_int_t)mdl_scorer_learner(f->task->score)->count, "train",
                             part(f->train_loss, f->train_penalty), "test", part(f->test_loss, f->test_penalty));
    ad_status s = j ? cli_json_print(j, stdout) : ad_fail(AD_NO_MEMORY, "out of memory");
    json_decref(j);
    return s;
}

enum { CELL = 32 };

static void result(const score_run *f, cli_report *r)
{
    static const char *const heads[] = { "", "loss", "Fokker-Planck" };
    char                     text[4][CELL];
    const char *cells[] = { "training part", text[0], text[1], "test part", text[2], text[3] };
    double      value[] = { f->train_loss, f->train_penalty, f->test_loss, f->test_penalty };
    int         all     = f->task->config->fokker_planck > 0;
    for (int i = 0; i < 4; i++) snprintf(text[i], CELL, "%.5f", value[i]);
    if (!all) cells[2] = "test part", cells[3] = text[2];
    cli_report_section(r, "The result");
    cli_report_table(r, &(cli_table){ "With the weights that samples come from, at levels and with "
                                      "noise that are the same for every run of these settings.",
                                      2 + all, isnan(f->test_loss) ? 1 : 2, heads, cells, 0 });
}

static ad_status report(score_run *f)
{
    cli_report           *r;
    const mdl_score_task *t = f->task;
    char                  seconds[32];
    AD_TRY(cli_report_new(&r, t->train->name, "a score network, trained by costate"));
    result(f, r);
    ad_status s = score_pictures(f, r);
    if (!s) s = learn_curves(&f->l, r);
    cli_report_section(r, "Data and training");
    cli_report_text(
        r,
        "%s: %ld samples of %ld numbers to train on, %ld to test; %ld iterations in %s; %ld "
        "parameters.",
        t->train->name, t->train->n, t->train->dim, t->test ? t->test->n : 0,
        mdl_training_at(t->training)->iteration,
        cli_seconds_text(mdl_training_at(t->training)->seconds, seconds, sizeof seconds),
        mdl_scorer_learner(t->score)->count);
    if (*t->train->note) cli_report_code(r, t->train->note);
    learn_settings(&f->l, r, t->config);
    if (!s) return learn_report_save(&f->l, r);
    cli_report_free(r);
    return s;
}

static ad_status judge(score_run *f)
{
    mdl_score_task *t = f->task;
    f->test_loss = f->test_penalty = NAN;
    AD_TRY(mdl_score_task_judge(t, t->train, t->test ? t->test->n : 0, &f->train_loss,
                                &f->train_penalty));
    return t->test ? mdl_score_task_judge(t, t->test, 0, &f->test_loss, &f->test_penalty) : AD_OK;
}

static ad_status go(score_run *f)
{
    const cli_args *a     = f->l.args;
    int             quiet = cli_flag(a, "quiet") || cli_flag(a, "json");
    if (!quiet || cli_flag(a, "dry-run")) print_data(f, stdout);
    fflush(stdout);
    if (cli_flag(a, "dry-run")) return AD_OK;
    AD_TRY(learn_run(&f->l));
    AD_TRY(judge(f));
    AD_TRY(report(f));
    if (cli_flag(a, "json")) return print_json(f);
    print_result(f);
    return AD_OK;
}

static json_t *to_json(const void *task)
{
    return mdl_score_task_to_json(task);
}

/* Beyond what the settings' own check sees. */
static ad_status mistakes(const mdl_score_config *c)
{
    mdl_scorer_options o;
    dpm_schedule      *schedule;
    AD_TRY(mdl_score_options_of(c, &o));
    AD_TRY(mdl_score_schedule(c, &schedule));
    dpm_schedule_free(schedule);
    return AD_OK;
}

static int run(const cli_args *a)
{
    void     *config;
    score_run f = { .l = { .args     = a,
                           .model    = &cli_model_score,
                           .settings = &mdl_score_settings,
                           .to_json  = to_json } };
    ad_status s = learn_config(a, &mdl_score_settings, &config);
    if (!s && (s = mistakes(config)) != AD_OK) mdl_settings_free(config);
    if (s == AD_INVALID) return cli_mistake(a, "%s", ad_message());
    if (!s) s = mdl_score_task_new(&f.task, config);
    if (!s) {
        f.l.config   = &f.task->config->samples;
        f.l.training = f.task->training;
        f.l.task     = f.task;
        s            = go(&f);
    }
    int code = s ? cli_failed(a) : CLI_DONE;
    learn_clear(&f.l);
    mdl_score_task_free(f.task);
    return code;
}

static ad_status info(const char *directory)
{
    mdl_denoiser *d;
    AD_TRY(mdl_denoiser_load(&d, directory, 0));
    printf("%s: a score network of %ld numbers, for %s, %ld classes; predicts %s on %s\n",
           directory, d->model.dim, d->config->samples.data, d->classes, d->config->prediction,
           d->config->noise);
    for (long k = 0; d->class_names && k < d->classes; k++)
        printf("%s%s%s",
               k ? ", " : "classes: ", json_string_value(json_array_get(d->class_names, (size_t)k)),
               k == d->classes - 1 ? "\n" : "");
    learn_info(&mdl_score_settings, d->config, d->model.theta);
    mdl_denoiser_free(d);
    return AD_OK;
}

#include "options.h"
// clang-format off
static const cli_option options[] = {
#include <costate/models/score.def>
#include <costate/models/samples.def> /* behind it: the defaults of samples are the score's own */
    RUN_OPTIONS
};
// clang-format on

static const cli_verb verb = {
    .name      = "train score",
    .summary   = "trains a diffusion model: a network that tells noise from data",
    .usage     = "--data NAME|FILE|DIR [options]",
    .examples  = "costate train score --data two-moons\n"
                 "costate train score --data digits --conditional --hidden 512 --prediction v "
                 "--noise-schedule cosine\n"
                 "costate train score --data points.csv --prediction flow --noise-schedule flow\n"
                 "costate train score --data mnist --data-dir mnist --hidden 1024 --epochs 30\n"
                 "costate train score --resume --output run-two-moons --epochs 800",
    .options   = options,
    .max_words = 1,
    .run       = run,
};

const cli_model cli_model_score = {
    .name     = "score",
    .about    = "diffusion model: samples by taking noise away, steered by gradients through the "
                "sampler; Song et al. 2021, Karras et al. 2022",
    .train    = &verb,
    .evaluate = score_evaluate,
    .info     = info,
};
