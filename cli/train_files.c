/* train_files.c - the directory of a run. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "folder.h"
#include "json.h"
#include "train.h"

enum { PATH = 4096 };

ad_status train_path(const train *t, const char *name, char *path, size_t size)
{
    int n = snprintf(path, size, "%s/%s", t->directory, name);
    return n > 0 && (size_t)n < size
               ? AD_OK
               : ad_fail(AD_IO, "%.60s...: the path is too long", t->directory);
}

/* "run-" and the name of the data without folder and endings, the first number that is free behind it. */
static void own_name(const char *data, char *path, size_t size)
{
    const char *base = strrchr(data, '/') ? strrchr(data, '/') + 1 : data;
    int         n    = (int)strcspn(base, ".:");
    snprintf(path, size, "run-%.*s", n > 60 ? 60 : n, base);
    for (int i = 2; cli_exists(path) && i < 10000; i++)
        snprintf(path, size, "run-%.*s-%d", n > 60 ? 60 : n, base, i);
}

ad_status train_choose_directory(train *t)
{
    char        path[PATH];
    const char *asked = cli_text(t->args, "output");
    if (!asked) own_name(t->task->config->data, path, sizeof path);
    t->directory = ad_strdup(asked ? asked : path);
    if (!t->directory) return AD_NO_MEMORY;
    AD_TRY(train_path(t, "checkpoint.safetensors", path, sizeof path));
    if (cli_exists(path) && !cli_flag(t->args, "overwrite"))
        return ad_fail(AD_INVALID,
                       "%s holds a run already: --resume goes on with it, --overwrite replaces it, "
                       "or choose another --output",
                       t->directory);
    return cli_make_folder(t->directory);
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
