/* costate train ode: a time series becomes a run's directory. */
#include <math.h>

#include <costate/autodiff/memory.h>

#include "interrupt.h"
#include "models.h"
#include "run_files.h"
#include "train.h"

static int write_checkpoint(train *t)
{
    if (train_save_checkpoint(t) == AD_OK) return 0;
    t->failed = AD_IO;
    snprintf(t->sentence, sizeof t->sentence, "%s", ad_message());
    return 1;
}

/* After every iteration. */
static int watch(const mdl_progress *p, void *ctx)
{
    train *t = ctx;
    cli_progress_update(&t->progress,
                        &(cli_progress_state){ p->iteration, p->iterations, p->fraction, p->loss,
                                               p->gradient_norm, p->nfe, p->rejected });
    train_metrics_write(t, p);
    if (t->failed) return 1;
    if (p->seconds - t->saved > t->task->config->checkpoint) {
        t->saved = p->seconds;
        if (write_checkpoint(t)) return 1;
    }
    return cli_interrupted();
}

static ad_status run_fit(train *t)
{
    cli_progress_begin(&t->progress, "train", cli_flag(t->args, "quiet"));
    t->saved              = mdl_fit_progress(t->fit)->seconds;
    ad_status           s = mdl_fit_run(t->fit, watch, t);
    const mdl_progress *p = mdl_fit_progress(t->fit);
    char                sentence[512];
    snprintf(sentence, sizeof sentence, "%s", s ? ad_message() : "");
    cli_progress_end(&t->progress,
                     &(cli_progress_state){ p->iteration, p->iterations, p->fraction, p->loss,
                                            p->gradient_norm, p->nfe, p->rejected });
    if (t->failed) return ad_fail(t->failed, "%s", t->sentence);
    if (mdl_fit_end(t->fit) == MDL_STUCK)
        return ad_fail(s,
                       "%s\nThe last checkpoint is in %s. Go on from it with a smaller --lr, or a "
                       "smaller coefficient of the regularizer: costate train ode --resume "
                       "--output %s",
                       sentence, t->directory, t->directory);
    return s ? ad_fail(s, "%s", sentence) : AD_OK;
}

static ad_status judge(train *t)
{
    mdl_data         *d = t->task->data;
    const mdl_config *c = t->task->config;
    AD_TRY(mdl_forecaster_new(&t->forecaster, t->task->model, d, c));
    AD_TRY(mdl_forecast_paths(t->forecaster, d));
    AD_TRY(mdl_choose_rows(&t->rows, t->forecaster, d, c, mdl_fit_window(t->fit)));
    AD_TRY(mdl_autoregression_fit(&t->linear, d));
    long longest = 0;
    for (int i = 0; i < d->count; i++)
        if (d->track[i].len - d->track[i].train > longest)
            longest = d->track[i].len - d->track[i].train;
    if (longest == 0) return AD_OK;
    AD_TRY(mdl_judge_forecasts(&t->score, t->forecaster, t->linear, d,
                               &(mdl_judging){ MDL_HELD_OUT, c->horizon, 20, t->rows }));
    if (longest > 5000) longest = 5000;
    return mdl_judge_forecasts(&t->whole, t->forecaster, t->linear, d,
                               &(mdl_judging){ MDL_HELD_OUT, longest, 1, t->rows });
}

static void tell_unmoved(const train *t)
{
    const char *name;
    for (int i = 0; i < 4 && (name = mdl_fit_unmoved(t->fit, i)); i++)
        fprintf(stderr,
                "costate train: no gradient ever reached the parameter '%s': what was fitted does "
                "not depend on it\n",
                name);
}

/* After the last iteration: the model is what is kept, measured and told. */
static ad_status conclude(train *t)
{
    AD_TRY(mdl_fit_finish(t->fit));
    AD_TRY(judge(t));
    AD_TRY(train_save(t));
    AD_TRY(train_report(t));
    tell_unmoved(t);
    if (cli_flag(t->args, "json")) return train_print_json(t, stdout);
    train_print_result(t, stdout);
    return AD_OK;
}

static ad_status go(train *t)
{
    t->rows = t->task->config->assimilate ? t->task->config->assimilate : 8;
    AD_TRY(mdl_fit_new(&t->fit, t->task->model, t->task->data, t->task->config));
    if (cli_flag(t->args, "dry-run")) {
        train_print_data(t, stdout);
        return AD_OK;
    }
    if (!cli_flag(t->args, "quiet") && !cli_flag(t->args, "json")) train_print_data(t, stdout);
    fflush(stdout);
    int resume = cli_flag(t->args, "resume");
    if (resume) {
        AD_TRY(train_resume(t));
    } else {
        AD_TRY(train_choose_directory(t));
        AD_TRY(train_save(t)); /* while an old run is whole: the disk may be full */
    }
    AD_TRY(train_metrics_open(t, resume ? mdl_fit_progress(t->fit)->iteration : 0));
    cli_interrupt_install();
    AD_TRY(run_fit(t));
    AD_TRY(train_save_checkpoint(t));
    if (mdl_fit_end(t->fit) != MDL_INTERRUPTED) return conclude(t);
    return ad_fail(AD_CANCELLED,
                   "stopped at iteration %ld; everything is in %s\nGo on with: costate train ode "
                   "--resume --output %s",
                   mdl_fit_progress(t->fit)->iteration, t->directory, t->directory);
}

static void clear(train *t)
{
    if (t->metrics) fclose(t->metrics);
    mdl_score_free(t->score);
    mdl_score_free(t->whole);
    mdl_autoregression_free(t->linear);
    mdl_forecaster_free(t->forecaster);
    mdl_fit_free(t->fit);
    mdl_task_free(t->task);
    ad_free(t->directory);
}

static int run(const cli_args *a)
{
    train       t = { .args = a };
    mdl_config *c = NULL;
    ad_status   s = run_options(a);
    if (!s) s = train_config(a, &c);
    if (!s && !c->data) {
        mdl_config_free(c);
        return cli_mistake(a, "on which data? --data FILE, or a name of `costate list datasets`");
    }
    if (!s) s = mdl_config_check(c);
    if (s == AD_INVALID) {
        mdl_config_free(c);
        return cli_mistake(a, "%s", ad_message());
    }
    if (!s) s = mdl_task_new(&t.task, c);
    if (!s) s = go(&t);
    int code = s ? cli_failed(a) : CLI_DONE;
    clear(&t);
    return code;
}

#include "options.h"
static const cli_option options[] = {
#include <costate/models/config.def>
    RUN_OPTIONS
};

static const cli_verb verb = {
    .name      = "train ode",
    .summary   = "trains a neural ODE, or equations with unknown constants, on time series",
    .usage     = "--data FILE [options]",
    .examples  = "costate train ode --data lynx-hare --output run\n"
                 "costate train ode --data pendulum.csv --columns angle,velocity --holdout 0.2\n"
                 "costate train ode --system lotka-volterra.ode --data lynx-hare --output lv\n"
                 "costate train ode --resume --output run --iterations 10000",
    .options   = options,
    .max_words = 1,
    .run       = run,
};

const cli_model cli_model_ode = {
    .name  = "ode",
    .about = "neural ordinary differential equation: a network beside a linear map, with hidden "
             "components where the columns do not tell how they go on; or --system FILE.ode, "
             "equations with unknown constants or networks",
    .train = &verb,
    .info  = train_info,
};
