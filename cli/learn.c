#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "interrupt.h"
#include "json.h"
#include "learn.h"

ad_status learn_config(const cli_args *a, const mdl_settings *s, void **out)
{
    void *config;
    int   resume = cli_flag(a, "resume");
    *out         = NULL;
    AD_TRY(run_options(a));
    if (resume && !cli_text(a, "output"))
        return ad_fail(AD_INVALID, "--resume needs the run: --output DIR");
    AD_TRY(resume ? mdl_run_settings(s, cli_text(a, "output"), &config, 0, NULL)
                  : mdl_settings_new(s, &config));
    ad_status status = AD_OK;
    for (int i = 0; i < s->rows && !status; i++) {
        const char *key = s->row[i].key;
        if (!cli_given(a, key)) continue;
        int flag = s->row[i].kind == MDL_IS_FLAG;
        status   = mdl_settings_set(s, config, key,
                                  flag ? cli_flag(a, key) ? "yes" : "no" : cli_text(a, key));
    }
    if (!status) status = s->check(config);
    if (!status && !((mdl_samples_config *)config)->data)
        status = ad_fail(AD_INVALID,
                         "on which data? --data FILE, or a name of `costate list datasets`");
    if (status)
        mdl_settings_free(config);
    else
        *out = config;
    return status;
}

static ad_status save_checkpoint(learn *l)
{
    char    path[RUN_PATH];
    json_t *j = mdl_settings_to_json(l->settings, l->config);
    if (!j) return AD_NO_MEMORY;
    char *text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    ad_status s = text ? run_path(l->directory, "checkpoint.safetensors", path)
                       : ad_fail(AD_NO_MEMORY, "out of memory");
    if (!s) s = mdl_training_save(l->training, path, text);
    free(text);
    return s;
}

static ad_status save(learn *l)
{
    char path[RUN_PATH];
    AD_TRY(save_checkpoint(l));
    AD_TRY(run_path(l->directory, "config.json", path));
    json_t   *j = l->to_json(l->task);
    ad_status s = j ? cli_json_save(j, path) : AD_NO_MEMORY;
    json_decref(j);
    return s;
}

static ad_status open_directory(learn *l)
{
    char path[RUN_PATH];
    if (cli_flag(l->args, "resume")) {
        l->directory = ad_strdup(cli_text(l->args, "output"));
        if (!l->directory) return AD_NO_MEMORY;
        AD_TRY(run_path(l->directory, "checkpoint.safetensors", path));
        AD_TRY(mdl_training_load(l->training, path));
    } else {
        AD_TRY(run_choose_directory(l->args, l->config->data, &l->directory));
    }
    AD_TRY(save(l)); /* while an old run's metrics are whole: the disk may be full */
    return run_metrics_open(l->directory, mdl_training_at(l->training)->iteration, &l->metrics);
}

static cli_progress_state state_of(const learn *l, const mdl_training_progress *p)
{
    return (cli_progress_state){ .iteration     = p->iteration,
                                 .iterations    = p->iterations,
                                 .loss          = p->step.n ? p->step.loss : NAN,
                                 .gradient_norm = p->step.n ? p->step.norm : NAN,
                                 .nfe           = l->solver ? p->step.solve.nfe : -1,
                                 .rejected      = l->solver ? p->step.solve.rejected : -1 };
}

/* After every iteration. */
static int watch(const mdl_training_progress *p, void *ctx)
{
    learn             *l = ctx;
    cli_progress_state s = state_of(l, p);
    cli_progress_update(&l->progress, &s);
    learn_metrics_write(l, p);
    if (l->failed) return 1;
    if (p->seconds - l->saved > l->config->checkpoint) {
        l->saved = p->seconds;
        fflush(l->metrics); /* a process that is killed has no line less than its checkpoint */
        l->failed = save_checkpoint(l);
        snprintf(l->sentence, sizeof l->sentence, "%s", ad_message());
        if (l->failed) return 1;
    }
    return cli_interrupted();
}

static ad_status loop(learn *l)
{
    char sentence[512];
    cli_progress_begin(&l->progress, "train", cli_flag(l->args, "quiet"));
    l->saved             = mdl_training_at(l->training)->seconds;
    ad_status          s = mdl_training_run(l->training, watch, l);
    cli_progress_state p = state_of(l, mdl_training_at(l->training));
    snprintf(sentence, sizeof sentence, "%s", s ? ad_message() : "");
    cli_progress_end(&l->progress, &p);
    fflush(l->metrics);
    if (l->failed) return ad_fail(l->failed, "%s", l->sentence);
    AD_TRY(save_checkpoint(l));
    return s ? ad_fail(s,
                       "%s\nThe weights before that are in %s, iteration %ld. Try a smaller --lr, "
                       "--clip, or a smaller coefficient of the regularizer",
                       sentence, l->directory, mdl_training_at(l->training)->iteration)
             : AD_OK;
}

ad_status learn_run(learn *l)
{
    AD_TRY(open_directory(l));
    cli_interrupt_install();
    AD_TRY(loop(l));
    if (mdl_training_end(l->training) == MDL_COMPLETE) return AD_OK;
    return ad_fail(AD_CANCELLED,
                   "stopped at iteration %ld; everything is in %s\nGo on with: costate train %s "
                   "--resume --output %s",
                   mdl_training_at(l->training)->iteration, l->directory, l->model->name,
                   l->directory);
}

void learn_clear(learn *l)
{
    if (l->metrics) fclose(l->metrics);
    ad_free(l->directory);
}

void learn_info(const mdl_settings *s, const void *config, const ad_params *params)
{
    char text[64];
    printf("%ld parameters in %d arrays:\n", ad_params_count(params), ad_params_views(params));
    for (int i = 0; i < ad_params_views(params); i++) {
        const ad_param_view *v = ad_params_view(params, i);
        printf("  %-22s %s\n", v->name, ad_shape_text(v->shape, text, sizeof text));
    }
    printf("settings:\n");
    for (int i = 0; i < s->rows; i++) {
        const char *value = mdl_settings_text(s, config, i, text, sizeof text);
        if (value) printf("  %-18s %s\n", s->row[i].key, value);
    }
}
