/* costate list WHAT: everything that a name can be given for. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/layers.h>
#include <costate/autodiff/optim.h>
#include <costate/autodiff/schedule.h>
#include <costate/autodiff/text.h>
#include <costate/datasets/registry.h>
#include <costate/datasets/samples.h>
#include <costate/diffusion/method.h>
#include <costate/diffusion/sample.h>
#include <costate/nde/controller.h>
#include <costate/nde/tableau.h>
#include <costate/regularizers/regularizer.h>

#include "json.h"
#include "list.h"
#include "models.h"
#include "reproduce.h"
#include "text.h"
#include "verbs.h"

typedef struct listing {
    const char *what;
    int (*count)(void);
    list_row (*at)(int i, char *text, size_t size); /* text: room for what is composed */
} listing;

static list_row method_at(int i, char *text, size_t size)
{
    const nde_tableau *m            = nde_method_at(i);
    char               embedded[16] = "";
    if (m->error_order > 0) snprintf(embedded, sizeof embedded, "(%d)", m->error_order);
    snprintf(text, size, "order %d%s, %d stages%s, dense output of order %d; %s%s%s", m->order,
             embedded, m->stages, nde_tableau_fsal(m) ? " (first same as last)" : "",
             m->dense_order, m->cite ? m->cite : "", m->aliases ? "; also " : "",
             m->aliases ? m->aliases : "");
    return (list_row){ m->name, text };
}

static list_row controller_at(int i, char *text, size_t size)
{
    const nde_controller *c = nde_controller_at(i);
    snprintf(text, size, "%s", c->cite ? c->cite : "");
    return (list_row){ c->name, text };
}

/* Series, then samples. */
static int dataset_count(void)
{
    return ds_dataset_count() + ds_samples_count();
}

static list_row dataset_at(int i, char *text, size_t size)
{
    const ds_dataset     *d = ds_dataset_at(i);
    const ds_samples_row *s = d ? NULL : ds_samples_at(i - ds_dataset_count());
    snprintf(text, size, "%s: %s; %s", d ? "series" : "samples",
             d ? d->description : s->description, d ? d->source : s->source);
    return (list_row){ d ? d->name : s->name, text };
}

/* Those of solves, then those of sampling. */
static int adjoint_count(void)
{
    int n = 0;
    while (dpm_adjoint_name(n)) n++;
    return adj_mode_count() + n;
}

static list_row adjoint_at(int i, char *text, size_t size)
{
    int k = i - adj_mode_count();
    if (k < 0) return (list_row){ adj_mode_name(i), adj_mode_about(i) };
    snprintf(text, size, "of sampling: %s", dpm_adjoint_about(k));
    return (list_row){ dpm_adjoint_name(k), text };
}

static int optimizer_count(void)
{
    int n = 0;
    while (ad_optimizer_row(n)) n++;
    return n;
}

static list_row optimizer_at(int i, char *text, size_t size)
{
    const ad_optimizer *o = ad_optimizer_row(i);
    snprintf(text, size, "%s; rate %g unless given", o->cite, o->defaults.rate);
    return (list_row){ o->name, text };
}

static int activation_count(void)
{
    int n = 0;
    while (ad_activation_name(n)) n++;
    return n;
}

static list_row activation_at(int i, char *text, size_t size)
{
    (void)text, (void)size;
    return (list_row){ ad_activation_name(i), "" };
}

/* Of noise, then of the learning rate. */
static int schedule_count(void)
{
    int n = 0;
    while (ad_schedule_usage(n)) n++;
    return dpm_schedule_count() + n;
}

static list_row schedule_at(int i, char *text, size_t size)
{
    int k = i - dpm_schedule_count();
    if (k < 0) return list_noise_schedule(i, text, size);
    return (list_row){ ad_schedule_usage(k),
                       "a factor of the learning rate; +warmup:N may follow" };
}

static int regularizer_count(void)
{
    int n = 0;
    while (reg_about_at(n)) n++;
    return n;
}

static list_row regularizer_at(int i, char *text, size_t size)
{
    const reg_about *r = reg_about_at(i);
    snprintf(text, size, "%s; %s%s%s", r->about, r->cite, r->options ? "; options " : "",
             r->options ? r->options : "");
    return (list_row){ r->name, text };
}

static list_row model_at(int i, char *text, size_t size)
{
    (void)text, (void)size;
    return (list_row){ cli_model_at(i)->name, cli_model_at(i)->about };
}

static list_row experiment_at(int i, char *text, size_t size)
{
    const repro_experiment *e = repro_experiment_at(i);
    snprintf(text, size, "%s; %s", e->about, e->cite);
    return (list_row){ e->name, text };
}

static const listing listings[] = {
    { "models", cli_models, model_at },
    { "datasets", dataset_count, dataset_at },
    { "methods", nde_method_count, method_at },
    { "controllers", nde_controller_count, controller_at },
    { "adjoints", adjoint_count, adjoint_at },
    { "regularizers", regularizer_count, regularizer_at },
    { "optimizers", optimizer_count, optimizer_at },
    { "samplers", dpm_method_count, list_sampler },
    { "schedules", schedule_count, schedule_at },
    { "grids", dpm_grid_count, list_grid },
    { "predictions", list_predictions, list_prediction },
    { "activations", activation_count, activation_at },
    { "experiments", repro_experiments, experiment_at },
};

enum { LISTINGS = sizeof listings / sizeof listings[0] };

static void print(const listing *l)
{
    char text[1024];
    int  width = 0;
    for (int i = 0; i < l->count(); i++) {
        int n = (int)strlen(l->at(i, text, sizeof text).name);
        if (n > width) width = n;
    }
    for (int i = 0; i < l->count(); i++) {
        list_row r = l->at(i, text, sizeof text);
        printf("%-*s  ", width, r.name);
        cli_wrap(stdout, r.about, width + 2);
    }
}

static int print_json(const cli_args *a, const listing *l)
{
    char      text[1024];
    json_t   *list = json_array();
    ad_status s    = list ? AD_OK : AD_NO_MEMORY;
    for (int i = 0; i < l->count() && s == AD_OK; i++) {
        list_row r = l->at(i, text, sizeof text);
        if (json_array_append_new(list, json_pack("{s:s, s:s}", "name", r.name, "about", r.about)))
            s = ad_fail(AD_NO_MEMORY, "out of memory");
    }
    if (s == AD_OK) s = cli_json_print(list, stdout);
    json_decref(list);
    return s ? cli_failed(a) : CLI_DONE;
}

static int run(const cli_args *a)
{
    const char *what = cli_word(a, 0);
    const char *names[LISTINGS];
    char        all[256] = "";
    for (int i = 0; i < LISTINGS; i++) {
        names[i] = listings[i].what;
        if (what && strcmp(what, names[i]) == 0) {
            if (cli_flag(a, "json")) return print_json(a, &listings[i]);
            print(&listings[i]);
            return CLI_DONE;
        }
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", names[i]);
    }
    if (!what) return cli_mistake(a, "say what to list: %s", all);
    const char *near = ad_nearest(what, LISTINGS, names);
    return near ? cli_mistake(a, "there is no list of '%.60s'; did you mean %s?", what, near)
                : cli_mistake(a, "there is no list of '%.60s'; there are %s", what, all);
}

static const cli_option options[] = {
    { "json", CLI_FLAG, NULL, NULL, "a JSON list of { name, about }", "output" },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};

const cli_verb cli_verb_list = {
    .name      = "list",
    .summary   = "names what can be chosen: data sets, methods, adjoints and more",
    .usage     = "WHAT [--json]",
    .examples  = "costate list methods\ncostate list controllers --json",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
