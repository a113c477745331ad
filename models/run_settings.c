/* run_settings.c - config.json of runs whose settings are a mdl_settings. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>
#include <costate/models/run_settings.h>

enum { PATH = 4096 };

/* What a config.json begins with. */
static ad_status check_head(const json_t *j, const char *path, const char *want)
{
    const char *format = json_string_value(json_object_get(j, "format"));
    const char *model  = json_string_value(json_object_get(j, "model"));
    if (!format || strcmp(format, "costate-run-1"))
        return ad_fail(AD_BAD_FILE, "%s is no run of costate (its \"format\" is not costate-run-1)",
                       path);
    if (model && !strcmp(model, want)) return AD_OK;
    return ad_fail(AD_BAD_FILE, "%s: this is a run of the model '%.40s', not of %s", path,
                   model ? model : "(none)", want);
}

ad_status mdl_run_json(json_t **j, const char *directory, const char *model)
{
    char         path[PATH];
    void        *text;
    size_t       n;
    json_error_t e;
    *j = NULL;
    snprintf(path, sizeof path, "%s/config.json", directory);
    AD_TRY(ad_file_read(path, &text, &n));
    *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    ad_free(text);
    if (!*j) return ad_fail(AD_BAD_FILE, "%s:%d:%d: %s", path, e.line, e.column, e.text);
    ad_status s = check_head(*j, path, model);
    if (s) {
        json_decref(*j);
        *j = NULL;
    }
    return s;
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
    AD_TRY(mdl_run_json(&j, directory, s->model));
    ad_status status = mdl_settings_new(s, config);
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
