#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/models/score_task.h>

#include "folder.h"
#include "interrupt.h"
#include "json.h"
#include "run_files.h"
#include "trained.h"

static const double every = 15; /* seconds between two checkpoints */

typedef struct training {
    repro        *r;
    const char   *name, *path;
    mdl_training *t;
    json_t       *config;
    double        saved;
    ad_status     failed;
} training;

static ad_status save(training *w)
{
    char path[RUN_PATH];
    AD_TRY(run_path(w->path, "checkpoint.safetensors", path));
    char *text = json_dumps(json_object_get(w->config, "options"), JSON_COMPACT);
    if (!text) return ad_fail(AD_NO_MEMORY, "out of memory");
    ad_status s = mdl_training_save(w->t, path, text);
    free(text);
    return s;
}

static cli_progress_state state_of(const mdl_training_progress *p)
{
    return (cli_progress_state){ .iteration     = p->iteration,
                                 .iterations    = p->iterations,
                                 .loss          = p->step.n ? p->step.loss : NAN,
                                 .gradient_norm = p->step.n ? p->step.norm : NAN,
                                 .nfe           = -1,
                                 .rejected      = -1 };
}

static int watch(const mdl_training_progress *p, void *ctx)
{
    training          *w = ctx;
    cli_progress_state s = state_of(p);
    cli_progress_update(&w->r->progress, &s);
    if (p->seconds - w->saved > every) {
        w->saved  = p->seconds;
        w->failed = save(w);
    }
    return w->failed || cli_interrupted();
}

/* As text: 1 and 1.0 are one number in JSON, not in jansson. */
static ad_status same(const json_t *a, const json_t *b, int *equal)
{
    char     *x = NULL, *y = NULL;
    ad_status s = cli_json_text(&x, a, 0);
    if (!s) s = cli_json_text(&y, b, 0);
    *equal = !s && !strcmp(x, y);
    ad_free(x);
    ad_free(y);
    return s;
}

/* config.json there says the same, or there is none. */
static ad_status claim(const training *w)
{
    char    path[RUN_PATH];
    json_t *there;
    AD_TRY(cli_make_folder(w->path));
    AD_TRY(run_path(w->path, "config.json", path));
    if (!cli_exists(path)) return cli_json_save(w->config, path);
    AD_TRY(cli_json_load(&there, path));
    int       equal;
    ad_status s = same(there, w->config, &equal);
    json_decref(there);
    if (s || equal) return s;
    return ad_fail(AD_INVALID,
                   "%s is a run with other settings: choose another --output, or remove it",
                   w->path);
}

static ad_status train(training *w)
{
    char path[RUN_PATH];
    AD_TRY(claim(w));
    AD_TRY(run_path(w->path, "checkpoint.safetensors", path));
    if (cli_exists(path)) AD_TRY(mdl_training_load(w->t, path));
    const mdl_training_progress *p = mdl_training_at(w->t);
    if (p->iteration == p->iterations) return AD_OK;
    cli_interrupt_install();
    cli_progress_begin(&w->r->progress, w->name, cli_flag(w->r->args, "quiet"));
    w->saved             = p->seconds;
    ad_status          s = mdl_training_run(w->t, watch, w);
    cli_progress_state e = state_of(p);
    cli_progress_end(&w->r->progress, &e);
    if (!s) s = w->failed;
    AD_TRY(s);
    AD_TRY(save(w));
    if (mdl_training_end(w->t) == MDL_COMPLETE) return AD_OK;
    return ad_fail(AD_CANCELLED, "stopped; the same command goes on from %s", w->path);
}

static ad_status settings_of(const mdl_settings *s, int n, const trained_setting set[],
                             void **config)
{
    AD_TRY(mdl_settings_new(s, config));
    ad_status status = AD_OK;
    for (int i = 0; i < n && !status; i++)
        status = mdl_settings_set(s, *config, set[i].key, set[i].text);
    if (status) mdl_settings_free(*config);
    return status;
}

static ad_status run(repro *r, const char *name, mdl_training *t, json_t *config,
                     char path[REPRO_PATH])
{
    training w = { .r = r, .name = name, .path = path, .t = t, .config = config };
    if (!config) return AD_NO_MEMORY;
    ad_status s = repro_path(r, NULL, name, path);
    if (!s) s = train(&w);
    json_decref(config);
    return s;
}

ad_status trained_score(repro *r, const char *name, int n, const trained_setting set[],
                        char path[REPRO_PATH])
{
    void           *config;
    mdl_score_task *t;
    AD_TRY(settings_of(&mdl_score_settings, n, set, &config));
    AD_TRY(mdl_score_task_new(&t, config));
    ad_status s = run(r, name, t->training, mdl_score_task_to_json(t), path);
    mdl_score_task_free(t);
    return s;
}
