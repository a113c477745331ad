/* costate train cnf: points become a continuous normalizing flow in a run's directory. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "cnf.h"
#include "json.h"
#include "text.h"

static void print_data(const flow *f, FILE *out)
{
    const mdl_cnf_task       *t = f->task;
    const mdl_cnf_options    *o = mdl_cnf_about(t->cnf);
    const mdl_samples_config *c = f->l.config;
    fprintf(out, "data      %s: %ld points of %ld columns; %ld to test\n", t->train->name,
            t->train->n, t->train->dim, t->test ? t->test->n : 0);
    fprintf(out, "model     flow, %s layers %ld", o->field, o->dim);
    for (long i = 0; i < o->depth; i++) fprintf(out, "-%ld", o->hidden);
    fprintf(out, "-%ld (%s), %s trace; %ld parameters\n", o->dim, o->activation, o->trace,
            mdl_cnf_learner(t->cnf)->count);
    fprintf(out, "solver    %s, rtol %g, atol %g, %s; regularizer %s\n", c->method, c->rtol,
            c->atol, c->precision, c->regularizer ? c->regularizer : "none");
    fprintf(out, "plan      %ld iterations, %s\n", mdl_training_at(t->training)->iterations,
            c->optimizer);
}

static void print_result(const flow *f)
{
    char seconds[32];
    printf("training  -log density %.4f nats, %.1f evaluations of the field a solve\n",
           f->train_loss, f->train_nfe);
    if (!isnan(f->test_loss))
        printf("test      -log density %.4f nats, %.1f evaluations of the field a solve\n",
               f->test_loss, f->test_nfe);
    if (!isnan(f->integral))
        printf("density   %.4f over the rectangle of the picture\n", f->integral);
    printf("time      %s of training\n",
           cli_seconds_text(mdl_training_at(f->task->training)->seconds, seconds, sizeof seconds));
    printf("run       %s: report.html, checkpoint.safetensors, config.json, metrics.jsonl\n",
           f->l.directory);
}

static ad_status print_json(const flow *f)
{
    const mdl_training_progress *p = mdl_training_at(f->task->training);
    json_t   *j = json_pack("{s:s, s:s, s:I, s:o, s:{s:o, s:o}, s:{s:o, s:o}, s:o}", "model", "cnf",
                            "run", f->l.directory, "iterations", (json_int_t)p->iteration, "seconds",
                            cli_json_number(p->seconds), "train", "loss",
                            cli_json_number(f->train_loss), "nfe", cli_json_number(f->train_nfe),
                            "test", "loss", cli_json_number(f->test_loss), "nfe",
                            cli_json_number(f->test_nfe), "integral", cli_json_number(f->integral));
    ad_status s = j ? cli_json_print(j, stdout) : ad_fail(AD_NO_MEMORY, "out of memory");
    json_decref(j);
    return s;
}

enum { CELL = 32 };

static void result(const flow *f, cli_report *r)
{
    static const char *const heads[] = { "", "-log density (nats)", "NFE" };
    char                     text[4][CELL];
    const char *cells[] = { "training part", text[0], text[1], "test part", text[2], text[3] };
    snprintf(text[0], CELL, "%.4f", f->train_loss);
    snprintf(text[1], CELL, "%.1f", f->train_nfe);
    snprintf(text[2], CELL, "%.4f", f->test_loss);
    snprintf(text[3], CELL, "%.1f", f->test_nfe);
    cli_report_section(r, "The result");
    cli_report_table(r, &(cli_table){ "With the exact trace. NFE: evaluations of the field in a "
                                      "solve of a batch, the mean.",
                                      3, isnan(f->test_loss) ? 1 : 2, heads, cells, 0 });
}

static ad_status report(flow *f)
{
    cli_report         *r;
    const mdl_cnf_task *t = f->task;
    char                seconds[32];
    AD_TRY(cli_report_new(&r, t->train->name, "a continuous normalizing flow, trained by costate"));
    result(f, r);
    ad_status s = flow_pictures(f, r);
    if (!isnan(f->integral))
        cli_report_text(r, "The density sums to %.4f over the rectangle shown.", f->integral);
    if (!s) s = learn_curves(&f->l, r);
    cli_report_section(r, "Data and training");
    cli_report_text(
        r,
        "%s: %ld points of %ld columns to train on, %ld to test; %ld iterations in %s; %ld "
        "parameters.",
        t->train->name, t->train->n, t->train->dim, t->test ? t->test->n : 0,
        mdl_training_at(t->training)->iteration,
        cli_seconds_text(mdl_training_at(t->training)->seconds, seconds, sizeof seconds),
        mdl_cnf_learner(t->cnf)->count);
    if (*t->train->note) cli_report_code(r, t->train->note);
    learn_settings(&f->l, r, t->config);
    if (!s) return learn_report_save(&f->l, r);
    cli_report_free(r);
    return s;
}

static ad_status judge(flow *f)
{
    mdl_cnf_task *t = f->task;
    f->test_loss = f->test_nfe = NAN;
    AD_TRY(
        mdl_cnf_task_judge(t, t->train, t->test ? t->test->n : 0, &f->train_loss, &f->train_nfe));
    return t->test ? mdl_cnf_task_judge(t, t->test, 0, &f->test_loss, &f->test_nfe) : AD_OK;
}

static ad_status go(flow *f)
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
    return mdl_cnf_task_to_json(task);
}

static int run(const cli_args *a)
{
    void     *config;
    flow      f = { .l = { .args     = a,
                           .model    = &cli_model_cnf,
                           .settings = &mdl_cnf_settings,
                           .to_json  = to_json } };
    ad_status s = learn_config(a, &mdl_cnf_settings, &config);
    if (s == AD_INVALID) return cli_mistake(a, "%s", ad_message());
    if (!s) s = mdl_cnf_task_new(&f.task, config);
    if (!s) {
        f.l.config   = &f.task->config->samples;
        f.l.training = f.task->training;
        f.l.solver   = mdl_cnf_solver(f.task->cnf);
        f.l.task     = f.task;
        s            = go(&f);
    }
    int code = s ? cli_failed(a) : CLI_DONE;
    learn_clear(&f.l);
    mdl_cnf_task_free(f.task);
    return code;
}

static ad_status info(const char *directory)
{
    mdl_cnf_task *t;
    AD_TRY(mdl_cnf_task_load(&t, directory));
    printf("%s: a flow of %ld columns, for %s\n", directory, mdl_cnf_about(t->cnf)->dim,
           t->config->samples.data);
    learn_info(&mdl_cnf_settings, t->config, mdl_cnf_learner(t->cnf)->params);
    mdl_cnf_task_free(t);
    return AD_OK;
}

#include "options.h"
static const cli_option options[] = {
#include <costate/models/cnf.def>
#include <costate/models/samples.def>
    RUN_OPTIONS
};

static const cli_verb verb = {
    .name      = "train cnf",
    .summary   = "trains a continuous normalizing flow on points: their density, and new ones",
    .usage     = "--data NAME|FILE [options]",
    .examples  = "costate train cnf --data two-moons\n"
                 "costate train cnf --data checkerboard --regularizer kinetic:0.01,jacobian:0.01\n"
                 "costate train cnf --data points.csv --trace rademacher --epochs 30\n"
                 "costate train cnf --resume --output run-two-moons --epochs 200",
    .options   = options,
    .max_words = 1,
    .run       = run,
};

const cli_model cli_model_cnf = {
    .name = "cnf",
    .about =
        "continuous normalizing flow: a density and samples of it, by an ODE from the data to a "
        "normal distribution; Chen et al. 2018, Grathwohl et al. 2019",
    .train = &verb,
    .info  = info,
};
