#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/layers.h>
#include <costate/autodiff/loss.h>
#include <costate/autodiff/optim.h>
#include <costate/autodiff/schedule.h>
#include <costate/autodiff/text.h>
#include <costate/models/config.h>
#include <costate/nde/tableau.h>
#include <costate/regularizers/regularizer.h>

#define ROW(kind, field, key, value, standard, about, group) \
    { kind, key, value, standard, about, group, offsetof(mdl_config, field) },
#define MDL_TEXT(...)    ROW(MDL_IS_TEXT, __VA_ARGS__)
#define MDL_NUMBER(...)  ROW(MDL_IS_NUMBER, __VA_ARGS__)
#define MDL_INTEGER(...) ROW(MDL_IS_INTEGER, __VA_ARGS__)
#define MDL_FLAG(...)    ROW(MDL_IS_FLAG, __VA_ARGS__)
static const mdl_setting settings[] = {
#include <costate/models/config.def>
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

const mdl_setting *mdl_setting_at(int i)
{
    return i >= 0 && i < SETTINGS ? &settings[i] : NULL;
}

static const mdl_setting *find(const char *key)
{
    const char *names[SETTINGS];
    for (int i = 0; i < SETTINGS; i++) {
        names[i] = settings[i].key;
        if (!strcmp(names[i], key)) return &settings[i];
    }
    const char *near = ad_nearest(key, SETTINGS, names);
    ad_fail(AD_INVALID, "there is no setting '%.60s'%s%s%s", key, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return NULL;
}

static void *member(const mdl_config *c, const mdl_setting *s)
{
    return (char *)(uintptr_t)c + s->offset;
}

static ad_status set_number(mdl_config *c, const mdl_setting *s, double x, const char *text)
{
    if (!isfinite(x)) return ad_fail(AD_INVALID, "%s: '%.40s' is no finite number", s->key, text);
    if (s->kind == MDL_IS_NUMBER)
        *(double *)member(c, s) = x;
    else if (x != floor(x) || fabs(x) > 0x1p53)
        return ad_fail(AD_INVALID, "%s: '%.40s' is no whole number", s->key, text);
    else if (s->kind == MDL_IS_INTEGER)
        *(long *)member(c, s) = (long)x;
    else
        *(int *)member(c, s) = x != 0;
    return AD_OK;
}

ad_status mdl_config_set(mdl_config *c, const char *key, const char *text)
{
    const mdl_setting *s = find(key);
    if (!s) return AD_INVALID;
    if (s->kind == MDL_IS_TEXT) {
        const char *copy = text ? ad_arena_strdup(c->arena, text) : NULL;
        if (!text && s->standard) return ad_fail(AD_INVALID, "%s needs a value", s->key);
        if (text && !copy) return AD_NO_MEMORY;
        *(const char **)member(c, s) = copy;
        return AD_OK;
    }
    if (s->kind == MDL_IS_FLAG) {
        static const char *const no[] = { "no", "false", "off", "0" };
        *(int *)member(c, s)          = 1;
        for (int i = 0; i < 4; i++)
            if (!strcmp(text, no[i])) *(int *)member(c, s) = 0;
        return AD_OK;
    }
    char  *end;
    double x = strtod(text, &end);
    return set_number(c, s, end == text || *end ? NAN : x, text);
}

ad_status mdl_config_new(mdl_config **out)
{
    *out          = NULL;
    mdl_config *c = ad_alloc(sizeof *c);
    if (!c) return AD_NO_MEMORY;
    c->arena    = ad_arena_new();
    ad_status s = c->arena ? AD_OK : AD_NO_MEMORY;
    for (int i = 0; i < SETTINGS && !s; i++)
        s = mdl_config_set(c, settings[i].key, settings[i].standard);
    if (s)
        mdl_config_free(c);
    else
        *out = c;
    return s;
}

void mdl_config_free(mdl_config *c)
{
    if (!c) return;
    ad_arena_free(c->arena);
    ad_free(c);
}

static ad_status range(const char *key, double x, double lo, double hi)
{
    if (x >= lo && x <= hi) return AD_OK;
    return ad_fail(AD_INVALID, "%s is %g, it must lie in [%g, %g]", key, x, lo, hi);
}

static ad_status one_of(const char *key, const char *text, const char *a, const char *b)
{
    if (!text || !strcmp(text, a) || !strcmp(text, b)) return AD_OK;
    return ad_fail(AD_INVALID, "%s is '%.40s', it must be %s or %s", key, text, a, b);
}

/* By itself: a cosine that ends at a fiftieth, after a tenth of the run but at most 20 steps of warm-up. */
ad_status mdl_config_schedule(const mdl_config *c, ad_schedule *schedule)
{
    char text[64];
    long warmup = c->iterations / 10 < 20 ? c->iterations / 10 : 20;
    snprintf(text, sizeof text, "cosine:0.02+warmup:%ld", warmup);
    if (warmup == 0) snprintf(text, sizeof text, "cosine:0.02");
    return ad_schedule_parse(schedule, c->schedule ? c->schedule : text,
                             c->iterations ? c->iterations : 1);
}

static ad_status check_names(const mdl_config *c)
{
    ad_loss     loss;
    ad_schedule schedule;
    reg_term    term[REG_MOST];
    int         terms;
    AD_TRY(one_of("split", c->split, "time", "series"));
    AD_TRY(one_of("starts", c->starts, "data", "fitted"));
    AD_TRY(one_of("precision", c->precision, "float64", "float32"));
    AD_TRY(ad_loss_find(c->loss, &loss));
    AD_TRY(reg_parse(c->regularizer, REG_MOST, term, &terms));
    AD_TRY(mdl_config_schedule(c, &schedule));
    if (!ad_activation_find(c->activation)) return AD_INVALID;
    if (!ad_optimizer_find(c->optimizer)) return AD_INVALID;
    return nde_method(c->method) ? AD_OK : AD_INVALID;
}

ad_status mdl_config_check(const mdl_config *c)
{
    const double many = 1e9;
    AD_TRY(range("holdout", c->holdout, 0, 0.9));
    AD_TRY(range("validation", c->validation, 0, 0.9));
    AD_TRY(range("width", (double)c->width, 1, 1e5));
    AD_TRY(range("depth", (double)c->depth, 0, 100));
    AD_TRY(range("augment", (double)c->augment, -1, 1000));
    AD_TRY(range("iterations", (double)c->iterations, 0, many));
    AD_TRY(range("time-budget", c->time_budget, 0, many));
    AD_TRY(range("warm-start", (double)c->warm_start, 0, many));
    AD_TRY(range("batch", (double)c->batch, 1, 1e6));
    AD_TRY(range("window", (double)c->window, 0, 1e6));
    AD_TRY(range("max-steps", (double)c->max_steps, 1, many));
    AD_TRY(range("lr", c->lr, 1e-12, 100));
    AD_TRY(range("weight-decay", c->weight_decay, 0, 100));
    AD_TRY(range("rtol", c->rtol, 1e-14, 1));
    AD_TRY(range("atol", c->atol, 1e-14, 1));
    AD_TRY(range("clip", c->clip, 0, many));
    AD_TRY(range("ema", c->ema, 0, 1 - 1e-9));
    AD_TRY(range("patience", (double)c->patience, 0, many));
    AD_TRY(range("every", (double)c->every, 1, many));
    AD_TRY(range("checkpoint-every", c->checkpoint, 0, many));
    AD_TRY(range("assimilate", (double)c->assimilate, 0, 1e4));
    AD_TRY(range("horizon", (double)c->horizon, 0, 1e6));
    AD_TRY(range("seed", (double)c->seed, 0, 0x1p53));
    return check_names(c);
}

json_t *mdl_config_to_json(const mdl_config *c)
{
    json_t *j   = json_object();
    int     bad = !j;
    for (int i = 0; i < SETTINGS && !bad; i++) {
        const void *at = member(c, &settings[i]);
        json_t     *v  = NULL;
        switch (settings[i].kind) {
        case MDL_IS_TEXT: {
            const char *text = *(const char *const *)at;
            v                = text ? json_string(text) : json_null();
            break;
        }
        case MDL_IS_NUMBER: v = json_real(*(const double *)at); break;
        case MDL_IS_INTEGER: v = json_integer(*(const long *)at); break;
        case MDL_IS_FLAG: v = json_boolean(*(const int *)at); break;
        }
        bad = json_object_set_new(j, settings[i].key, v) != 0;
    }
    if (!bad) return j;
    json_decref(j);
    ad_fail(AD_NO_MEMORY, "no memory for the configuration (or a text in it is not UTF-8)");
    return NULL;
}

static ad_status from_value(mdl_config *c, const mdl_setting *s, const json_t *v)
{
    if (s->kind == MDL_IS_TEXT && json_is_null(v)) return mdl_config_set(c, s->key, NULL);
    if (s->kind == MDL_IS_TEXT && json_is_string(v))
        return mdl_config_set(c, s->key, json_string_value(v));
    if (s->kind == MDL_IS_FLAG && json_is_boolean(v)) return set_number(c, s, json_is_true(v), "");
    if (s->kind != MDL_IS_TEXT && json_is_number(v))
        return set_number(c, s, json_number_value(v), "?");
    return ad_fail(AD_BAD_FILE, "configuration: \"%s\" is not what it should be", s->key);
}

ad_status mdl_config_from_json(mdl_config *c, const json_t *j)
{
    for (int i = 0; i < SETTINGS; i++) {
        const json_t *v = json_object_get(j, settings[i].key);
        if (!v) return ad_fail(AD_BAD_FILE, "configuration: there is no \"%s\"", settings[i].key);
        AD_TRY(from_value(c, &settings[i], v));
    }
    ad_status s = mdl_config_check(c);
    return s ? ad_fail_at(AD_BAD_FILE, "configuration: ") : AD_OK;
}
