/* train_files.c - the directory of a run. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "json.h"
#include "run_files.h"
#include "train.h"

enum { PATH = 4096 };

ad_status train_path(const train *t, const char *name, char *path, size_t size)
{
    int n = snprintf(path, size, "%s/%s", t->directory, name);
    return n > 0 && (size_t)n < size
               ? AD_OK
               : ad_fail(AD_IO, "%.60s...: the path is too long", t->directory);
}

ad_status train_choose_directory(train *t)
{
    return run_choose_directory(t->args, t->task->config->data, &t->directory);
}

static ad_status describe(train *t, json_t **j)
{
    *j = mdl_run_to_json(t->task, t->rows);
    return *j ? AD_OK : AD_NO_MEMORY;
}

ad_status train_save_checkpoint(train *t)
{
    char    path[PATH];
    json_t *j;
    AD_TRY(train_path(t, "checkpoint.safetensors", path, sizeof path));
    AD_TRY(describe(t, &j));
    char     *text = json_dumps(json_object_get(j, "options"), JSON_COMPACT);
    ad_status s = text ? mdl_fit_save(t->fit, path, text) : ad_fail(AD_NO_MEMORY, "out of memory");
    free(text);
    json_decref(j);
    return s;
}

ad_status train_save(train *t)
{
    char    path[PATH];
    json_t *j;
    AD_TRY(train_save_checkpoint(t));
    AD_TRY(train_path(t, "config.json", path, sizeof path));
    AD_TRY(describe(t, &j));
    ad_status s = cli_json_save(j, path);
    json_decref(j);
    return s;
}

ad_status train_resume(train *t)
{
    char path[PATH];
    t->directory = ad_strdup(cli_text(t->args, "output"));
    if (!t->directory) return AD_NO_MEMORY;
    AD_TRY(train_path(t, "checkpoint.safetensors", path, sizeof path));
    return mdl_fit_load(t->fit, path);
}
