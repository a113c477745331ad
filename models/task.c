#include <string.h>

#include <costate/datasets/read.h>
#include <costate/models/task.h>

#include "collocate.h"

enum { SHORT = 200 };

static ad_status read_data(mdl_task *t)
{
    const mdl_config *c = t->config;
    if (!c->data)
        return ad_fail(AD_INVALID,
                       "say which data: --data FILE, or the name of a built-in data set");
    ds_read_options o = {
        .time = c->time, .id = c->id, .columns = c->columns, .drop = c->drop, .dates = c->dates
    };
    AD_TRY(ds_open(&t->set, c->data, &o));
    if (t->set->cols > 0) return AD_OK;
    return ad_fail(AD_INVALID, "%s: there is no column beside time", c->data);
}

/* Leaves out columns that show no state. */
static void keep_columns(ds_series_set *set, int *shown)
{
    int kept = 0, cols = set->cols;
    for (int j = 0; j < cols; j++) {
        if (shown[j] < 0) {
            ad_free(set->column[j]);
            set->column[j] = NULL;
            continue;
        }
        char *name        = set->column[j];
        set->column[j]    = NULL;
        set->column[kept] = name;
        shown[kept++]     = j; /* from here on: where it stood */
    }
    for (int i = 0; i < set->count; i++)
        for (long r = 0; r < set->series[i].len; r++)
            for (int j = 0; j < kept; j++)
                set->series[i].y[r * kept + j] = set->series[i].y[r * cols + shown[j]];
    set->cols = kept;
}

static ad_status read_system(mdl_task *t, nde_system **system, int *hidden)
{
    *system = NULL;
    *hidden = 0;
    if (!t->config->system) return AD_OK;
    AD_TRY(nde_system_read(system, t->config->system));
    int *shown = ad_alloc((size_t)t->set->cols * sizeof *shown);
    if (!shown) return AD_NO_MEMORY;
    ad_status s = mdl_system_columns(*system, t->set->cols, (const char *const *)t->set->column,
                                     shown);
    if (!s) keep_columns(t->set, shown);
    ad_free(shown);
    *hidden = nde_system_about(*system)->states - t->set->cols;
    return s;
}

int mdl_starts_fitted(const mdl_config *c, const nde_system *system, const ds_series_set *set,
                      int hidden)
{
    if (c->starts) return !strcmp(c->starts, "fitted");
    if (!system) return 0;
    for (int i = 0; i < set->count; i++)
        if (set->series[i].len > SHORT) return hidden > 0;
    return 1;
}

static ad_status build_model(mdl_task *t, nde_system *system, int fitted)
{
    mdl_shape shape = { t->set->cols, (const char *const *)t->set->column, t->data->scale,
                        t->data->middle, fitted ? t->set->count : 0 };
    return mdl_model_new(&t->model, t->config, &shape, system);
}

/* Do the columns tell their own slopes? A network without hidden components is fitted to the slopes and asked for those of
   the validation part: on measured systems that are closed (pendulum, oscillator, Lorenz, an embedded ECG) it misses less
   than a fifth of their square, on columns with hidden partners several times all of it. Where it fails, the slopes become
   part of the state. One column never tells (it could only move monotonically). */
static ad_status choose_hidden(mdl_task *t, int fitted)
{
    mdl_config *c = t->config;
    double      missed;
    if (c->augment >= 0 || t->model->system) return AD_OK;
    c->augment = t->set->cols == 1;
    if (t->set->cols == 1 || !t->data->validates || !c->warm_start) return AD_OK;
    AD_TRY(mdl_collocate(t->model, t->data, c->warm_start < 300 ? c->warm_start : 300, &missed));
    if (missed > 0.5) {
        c->augment = t->set->cols;
        AD_TRY(ds_note(t->set,
                       "model: the columns do not tell how they go on (%.0f %% of their slopes' "
                       "square missed); "
                       "their slopes are part of the state",
                       100 * missed));
    }
    mdl_model_free(t->model);
    t->model = NULL;
    return build_model(t, NULL, fitted);
}

static ad_status build(mdl_task *t)
{
    nde_system *system = NULL;
    int         hidden;
    AD_TRY(mdl_config_check(t->config));
    AD_TRY(read_data(t));
    ad_status s = read_system(t, &system, &hidden);
    if (!s) s = mdl_data_new(&t->data, t->set, t->config, system != NULL);
    if (s) {
        nde_system_free(system);
        return s;
    }
    int fitted = mdl_starts_fitted(t->config, system, t->set, hidden);
    AD_TRY(build_model(t, system, fitted));
    return choose_hidden(t, fitted);
}

ad_status mdl_task_new(mdl_task **out, mdl_config *config)
{
    *out        = NULL;
    mdl_task *t = ad_alloc(sizeof *t);
    if (!t) {
        mdl_config_free(config);
        return AD_NO_MEMORY;
    }
    t->config   = config;
    ad_status s = build(t);
    if (s)
        mdl_task_free(t);
    else
        *out = t;
    return s;
}

void mdl_task_free(mdl_task *t)
{
    if (!t) return;
    mdl_model_free(t->model);
    mdl_data_free(t->data);
    ds_series_set_free(t->set);
    mdl_config_free(t->config);
    ad_free(t);
}
