/* Options from a JSON file and into one: an object whose keys are options. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "args_internal.h"
#include "json.h"
#include "text.h"

/* A number, text or truth value as it would be typed; NULL for anything else. */
static const char *typed(const json_t *j, char number[CLI_NUMBER_TEXT])
{
    switch (json_typeof(j)) {
    case JSON_STRING: return json_string_value(j);
    case JSON_TRUE: return "yes";
    case JSON_FALSE: return "no";
    case JSON_REAL: return cli_number_text(json_real_value(j), number);
    case JSON_INTEGER:
        snprintf(number, CLI_NUMBER_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
        return number;
    default: return NULL;
    }
}

static ad_status set_one(cli_args *a, int i, const json_t *j)
{
    char        number[CLI_NUMBER_TEXT];
    const char *text = typed(j, number);
    if (!text)
        return ad_fail(AD_INVALID, "--%s: found %s, expected a number, a text, true or false",
                       cli_verb_option(a->verb, i)->key, json_is_array(j) ? "a list" : "an object");
    return cli_set(a, i, text, CLI_FROM_FILE);
}

static ad_status set(cli_args *a, int i, const json_t *j)
{
    if (json_is_null(j) || a->value[i].source == CLI_FROM_COMMAND) return AD_OK;
    if (!json_is_array(j) || cli_verb_option(a->verb, i)->kind != CLI_LIST) return set_one(a, i, j);
    for (size_t k = 0; k < json_array_size(j); k++) AD_TRY(set_one(a, i, json_array_get(j, k)));
    return AD_OK;
}

ad_status cli_args_config(cli_args *a, const char *path, FILE *warnings)
{
    json_t *object;
    AD_TRY(cli_json_load(&object, path));
    ad_status s = json_is_object(object)
                      ? AD_OK
                      : ad_fail(AD_BAD_FILE, "%s: expected an object, { \"option\": value, ... }",
                                path);
    for (void *at = json_object_iter(object); at && s == AD_OK;
         at       = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        int         i   = cli_find(a, key, strlen(key));
        if (i >= 0) {
            s = set(a, i, json_object_iter_value(at));
            if (s) ad_fail_at(s, "%s: ", path);
        } else if (warnings) {
            fprintf(warnings, "costate %s: %s: '%.60s' is no option of this verb: ignored\n",
                    a->verb->name, path, key);
        }
    }
    json_decref(object);
    return s;
}

static json_t *list_json(const cli_value *v)
{
    json_t *list = json_array();
    for (int k = 0; list && k < v->items; k++)
        if (json_array_append_new(list, json_string(v->item[k]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *value_json(cli_kind kind, const cli_value *v)
{
    double x    = 0;
    long   k    = 0;
    int    flag = 0;
    switch (kind) {
    case CLI_LIST: return list_json(v);
    case CLI_FLAG:
        return cli_parse_flag(v->text ? v->text : "no", &flag) ? json_boolean(flag) : NULL;
    case CLI_NUMBER:
        return !v->text ? json_null() : cli_parse_number(v->text, &x) ? json_real(x) : NULL;
    case CLI_INTEGER:
        return !v->text ? json_null() : cli_parse_integer(v->text, &k) ? json_integer(k) : NULL;
    default: return v->text ? json_string(v->text) : json_null();
    }
}

json_t *cli_args_json(const cli_args *a)
{
    json_t *object = json_object();
    for (int i = 0; object && a->verb->options && a->verb->options[i].key; i++) {
        const cli_option *o = &a->verb->options[i];
        if (json_object_set_new(object, o->key, value_json(o->kind, &a->value[i]))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
