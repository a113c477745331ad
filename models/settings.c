#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/text.h>
#include <costate/models/settings.h>

static void *member(const void *config, const mdl_setting *row)
{
    return (char *)(uintptr_t)config + row->offset;
}

static const mdl_setting *find(const mdl_settings *s, const char *key)
{
    const char *names[64];
    for (int i = 0; i < s->rows && i < 64; i++) {
        names[i] = s->row[i].key;
        if (!strcmp(names[i], key)) return &s->row[i];
    }
    const char *near = ad_nearest(key, s->rows < 64 ? s->rows : 64, names);
    ad_fail(AD_INVALID, "%s has no setting '%.60s'%s%s%s", s->model, key,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}

static ad_status set_number(void *config, const mdl_setting *row, double x, const char *text)
{
    if (!isfinite(x)) return ad_fail(AD_INVALID, "%s: '%.40s' is no finite number", row->key, text);
    if (row->kind == MDL_IS_NUMBER)
        *(double *)member(config, row) = x;
    else if (x != floor(x) || fabs(x) > 0x1p53)
        return ad_fail(AD_INVALID, "%s: '%.40s' is no whole number", row->key, text);
    else if (row->kind == MDL_IS_INTEGER)
        *(long *)member(config, row) = (long)x;
    else
        *(int *)member(config, row) = x != 0;
    return AD_OK;
}

static ad_status set_row(void *config, const mdl_setting *row, const char *text)
{
    static const char *const no[]  = { "no", "false", "off", "0" };
    ad_arena                *arena = ((mdl_samples_config *)config)->arena;
    if (row->kind == MDL_IS_TEXT) {
        const char *copy = text ? ad_arena_strdup(arena, text) : NULL;
        if (!text && row->standard) return ad_fail(AD_INVALID, "%s needs a value", row->key);
        if (text && !copy) return AD_NO_MEMORY;
        *(const char **)member(config, row) = copy;
        return AD_OK;
    }
    if (row->kind == MDL_IS_FLAG) {
        int flag = 1;
        for (int i = 0; i < 4; i++)
            if (!strcmp(text, no[i])) flag = 0;
        return set_number(config, row, flag, text);
    }
    char  *end;
    double x = strtod(text, &end);
    return set_number(config, row, end == text || *end ? NAN : x, text);
}

ad_status mdl_settings_set(const mdl_settings *s, void *config, const char *key, const char *text)
{
    const mdl_setting *row = find(s, key);
    return row ? set_row(config, row, text) : AD_INVALID;
}

ad_status mdl_settings_new(const mdl_settings *s, void **out)
{
    *out                       = NULL;
    mdl_samples_config *config = ad_alloc(s->size);
    if (!config) return AD_NO_MEMORY;
    config->arena    = ad_arena_new();
    ad_status status = config->arena ? AD_OK : AD_NO_MEMORY;
    for (int i = 0; i < s->rows && !status; i++)
        status = set_row(config, &s->row[i], s->row[i].standard);
    if (status)
        mdl_settings_free(config);
    else
        *out = config;
    return status;
}

void mdl_settings_free(void *config)
{
    if (!config) return;
    ad_arena_free(((mdl_samples_config *)config)->arena);
    ad_free(config);
}

const char *mdl_settings_text(const mdl_settings *s, const void *config, int i, char *text,
                              size_t size)
{
    const mdl_setting *row = &s->row[i];
    const void        *at  = member(config, row);
    switch (row->kind) {
    case MDL_IS_TEXT: return *(const char *const *)at;
    case MDL_IS_NUMBER: snprintf(text, size, "%g", *(const double *)at); break;
    case MDL_IS_INTEGER: snprintf(text, size, "%ld", *(const long *)at); break;
    case MDL_IS_FLAG: snprintf(text, size, "%s", *(const int *)at ? "yes" : "no"); break;
    }
    return text;
}

static json_t *value(const mdl_setting *row, const void *at)
{
    const char *text;
    switch (row->kind) {
    case MDL_IS_TEXT:
        text = *(const char *const *)at;
        return text ? json_string(text) : json_null();
    case MDL_IS_NUMBER: return json_real(*(const double *)at);
    case MDL_IS_INTEGER: return json_integer(*(const long *)at);
    case MDL_IS_FLAG: return json_boolean(*(const int *)at);
    }
    return NULL;
}

json_t *mdl_settings_to_json(const mdl_settings *s, const void *config)
{
    json_t *j   = json_object();
    int     bad = !j;
    for (int i = 0; i < s->rows && !bad; i++)
        bad = json_object_set_new(j, s->row[i].key, value(&s->row[i], member(config, &s->row[i])));
    if (!bad) return j;
    json_decref(j);
    ad_fail(AD_NO_MEMORY, "no memory for the settings (or a text in them is not UTF-8)");
    return NULL;
}

static ad_status from_value(void *config, const mdl_setting *row, const json_t *v)
{
    if (row->kind == MDL_IS_TEXT && json_is_null(v)) return set_row(config, row, NULL);
    if (row->kind == MDL_IS_TEXT && json_is_string(v))
        return set_row(config, row, json_string_value(v));
    if (row->kind == MDL_IS_FLAG && json_is_boolean(v))
        return set_number(config, row, json_is_true(v), "");
    if (row->kind != MDL_IS_TEXT && json_is_number(v))
        return set_number(config, row, json_number_value(v), "?");
    return ad_fail(AD_BAD_FILE, "settings: \"%s\" is not what it should be", row->key);
}

ad_status mdl_settings_from_json(const mdl_settings *s, void *config, const json_t *j)
{
    if (!json_is_object(j)) return ad_fail(AD_BAD_FILE, "settings: there are none");
    for (int i = 0; i < s->rows; i++) {
        const json_t *v = json_object_get(j, s->row[i].key);
        if (v) AD_TRY(from_value(config, &s->row[i], v));
    }
    ad_status status = s->check(config);
    return status ? ad_fail_at(AD_BAD_FILE, "settings: ") : AD_OK;
}

/* --- the tables -------------------------------------------------------------------------------------------------------------- */

#define ROW(kind, field, key, value, standard, about, group) \
    { kind, key, value, standard, about, group, offsetof(CONFIG, field) },
#define MDL_TEXT(...)    ROW(MDL_IS_TEXT, __VA_ARGS__)
#define MDL_NUMBER(...)  ROW(MDL_IS_NUMBER, __VA_ARGS__)
#define MDL_INTEGER(...) ROW(MDL_IS_INTEGER, __VA_ARGS__)
#define MDL_FLAG(...)    ROW(MDL_IS_FLAG, __VA_ARGS__)

/* samples.def's offsets are those in mdl_samples_config, which stands first. */
static const mdl_setting classifier_rows[] = {
#define CONFIG mdl_classifier_config
#include <costate/models/classifier.def>
#undef CONFIG
#define CONFIG mdl_samples_config
#include <costate/models/samples.def>
#undef CONFIG
};

static const mdl_setting cnf_rows[] = {
#define CONFIG mdl_cnf_config
#include <costate/models/cnf.def>
#undef CONFIG
#define CONFIG mdl_samples_config
#include <costate/models/samples.def>
#undef CONFIG
};

static const mdl_setting score_rows[] = {
#define CONFIG mdl_score_config
#include <costate/models/score.def>
#undef CONFIG
#define CONFIG mdl_samples_config
#include <costate/models/samples.def>
#undef CONFIG
};

#define TABLE(config, rows) sizeof(config), sizeof rows / sizeof rows[0], rows

const mdl_settings mdl_classifier_settings = { "ode-classifier",
                                               TABLE(mdl_classifier_config, classifier_rows),
                                               mdl_check_classifier };
const mdl_settings mdl_cnf_settings   = { "cnf", TABLE(mdl_cnf_config, cnf_rows), mdl_check_cnf };
const mdl_settings mdl_score_settings = { "score", TABLE(mdl_score_config, score_rows),
                                          mdl_check_score };
