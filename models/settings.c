#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/layers.h>
#include <costate/autodiff/optim.h>
#include <costate/autodiff/text.h>
#include <costate/models/settings.h>
#include <costate/nde/controller.h>
#include <costate/regularizers/regularizer.h>

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

/* --- what makes sense ------------------------------------------------------------------------------------------------------ */

static ad_status range(const char *key, double x, double lo, double hi)
{
    if (x >= lo && x <= hi) return AD_OK;
    return ad_fail(AD_INVALID, "%s is %g, it must lie in [%g, %g]", key, x, lo, hi);
}

static ad_status one_of(const char *key, const char *text, const char *a, const char *b)
{
    if (!strcmp(text, a) || !strcmp(text, b)) return AD_OK;
    return ad_fail(AD_INVALID, "%s is '%.40s', it must be %s or %s", key, text, a, b);
}

static ad_status adjoint_named(const char *name)
{
    char all[128] = "";
    for (int i = 0; i < adj_mode_count(); i++) {
        if (!strcmp(adj_mode_name(i), name)) return AD_OK;
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", adj_mode_name(i));
    }
    return ad_fail(AD_INVALID, "no adjoint is called '%.40s'; there are %s", name, all);
}

static ad_status check_names(const mdl_samples_config *c)
{
    ad_schedule schedule;
    reg_term    term[16];
    int         terms;
    AD_TRY(one_of("precision", c->precision, "float32", "float64"));
    AD_TRY(one_of("batching", c->batching, "joint", "per-sample"));
    AD_TRY(ad_schedule_parse(&schedule, c->schedule, 1));
    AD_TRY(adjoint_named(c->adjoint));
    AD_TRY(reg_parse(c->regularizer, 8, term, &terms));
    if (!ad_optimizer_find(c->optimizer) || !nde_method(c->method)) return AD_INVALID;
    return nde_controller_named(c->controller) ? AD_OK : AD_INVALID;
}

static ad_status check_samples(const mdl_samples_config *c)
{
    const double many = 1e9;
    AD_TRY(range("rows", (double)c->rows, 0, many));
    AD_TRY(range("holdout", c->holdout, 0, 0.9));
    AD_TRY(range("test-rows", (double)c->test_rows, 0, many));
    AD_TRY(range("seed", (double)c->seed, 0, 0x1p53));
    AD_TRY(range("epochs", (double)c->epochs, 1, many));
    AD_TRY(range("iterations", (double)c->iterations, 0, many));
    AD_TRY(range("batch", (double)c->batch, 1, 1e6));
    AD_TRY(range("lr", c->lr, 0, 100));
    AD_TRY(range("momentum", c->momentum, 0, 1 - 1e-9));
    AD_TRY(range("weight-decay", c->weight_decay, 0, 100));
    AD_TRY(range("clip", c->clip, 0, many));
    AD_TRY(range("measure", (double)c->measure, 0, many));
    AD_TRY(range("every", (double)c->every, 0, many));
    AD_TRY(range("checkpoint-every", c->checkpoint, 0, many));
    AD_TRY(range("rtol", c->rtol, 1e-14, 1));
    AD_TRY(range("atol", c->atol, 1e-14, 1));
    AD_TRY(range("max-steps", (double)c->max_steps, 1, many));
    AD_TRY(range("t1", c->t1, 1e-6, 1e6));
    return check_names(c);
}

static ad_status activation(const char *name)
{
    return !strcmp(name, "none") || ad_activation_find(name) ? AD_OK : AD_INVALID;
}

static ad_status check_classifier(const void *config)
{
    const mdl_classifier_config *c = config;
    AD_TRY(check_samples(&c->samples));
    AD_TRY(range("state", (double)c->state, 0, 1e6));
    AD_TRY(range("hidden", (double)c->hidden, 1, 1e6));
    AD_TRY(activation(c->activation));
    AD_TRY(activation(c->first));
    AD_TRY(activation(c->last));
    return activation(c->head);
}

static ad_status check_cnf(const void *config)
{
    const mdl_cnf_config *c = config;
    AD_TRY(check_samples(&c->samples));
    AD_TRY(range("hidden", (double)c->hidden, 1, 1e6));
    AD_TRY(range("depth", (double)c->depth, 1, 100));
    AD_TRY(one_of("field", c->field, "squash", "plain"));
    if (strcmp(c->trace, "exact")) AD_TRY(one_of("trace", c->trace, "rademacher", "gaussian"));
    return ad_activation_find(c->activation) ? AD_OK : AD_INVALID;
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

const mdl_settings mdl_classifier_settings = { "ode-classifier", sizeof(mdl_classifier_config),
                                               sizeof classifier_rows / sizeof classifier_rows[0],
                                               classifier_rows, check_classifier };
const mdl_settings mdl_cnf_settings        = { "cnf", sizeof(mdl_cnf_config),
                                               sizeof cnf_rows / sizeof cnf_rows[0], cnf_rows, check_cnf };
