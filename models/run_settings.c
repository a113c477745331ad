/* run_settings.c - config.json of runs whose settings are a mdl_settings. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <costate/models/run_settings.h>

enum { PATH = 4096 };

ad_status mdl_run_json(json_t **j, const char *directory)
{
    char         path[PATH];
    json_error_t e;
    snprintf(path, sizeof path, "%s/config.json", directory);
    errno = 0;
    *j    = json_load_file(path, 0, &e);
    if (*j) return AD_OK;
    if (e.line < 0)
        return ad_fail(AD_BAD_FILE, "%s cannot be read: %s; is this a run's directory?", path,
                       strerror(errno));
    return ad_fail(AD_BAD_FILE, "%s:%d:%d: %s", path, e.line, e.column, e.text);
}

static ad_status number(const json_t *j, const char *key, long *x)
{
    const json_t *v = json_object_get(j, key);
    if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > 100000000)
        return ad_fail(AD_BAD_FILE, "\"%s\" is missing or not what it should be", key);
    *x = (long)json_integer_value(v);
    return AD_OK;
}

ad_status mdl_run_settings(const mdl_settings *s, const char *directory, void **config, int facts,
                           mdl_fact fact[])
{
    char    path[PATH];
    json_t *j;
    *config = NULL;
    AD_TRY(mdl_run_json(&j, directory));
    const char *model  = json_string_value(json_object_get(j, "model"));
    ad_status   status = AD_OK;
    if (!model || strcmp(model, s->model))
        status = ad_fail(AD_BAD_FILE, "this is a run of the model '%.40s', not of %s",
                         model ? model : "(none)", s->model);
    if (!status) status = mdl_settings_new(s, config);
    if (!status) status = mdl_settings_from_json(s, *config, json_object_get(j, "options"));
    for (int i = 0; i < facts && !status; i++) status = number(j, fact[i].key, &fact[i].value);
    json_decref(j);
    if (!status) return AD_OK;
    mdl_settings_free(*config);
    *config = NULL;
    snprintf(path, sizeof path, "%s/config.json", directory);
    return ad_fail_at(status, "%s: ", path);
}

json_t *mdl_run_settings_json(const mdl_settings *s, const void *config, int facts,
                              const mdl_fact fact[])
{
    json_t *j = json_pack("{s:s, s:s, s:o}", "format", "costate-run-1", "model", s->model,
                          "options", mdl_settings_to_json(s, config));
    for (int i = 0; j && i < facts; i++)
        json_object_set_new(j, fact[i].key, json_integer(fact[i].value));
    if (!j) ad_fail(AD_NO_MEMORY, "config.json: no memory, or a text that is not UTF-8");
    return j;
}
