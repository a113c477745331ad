/* Reading a scheduler_config.json into dpm_keys: the defaults of its class, then what the file says. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>

#include "config_internal.h"

enum kind { INTEGER, FLAG, NUMBER, TEXT, LIST, ANY };

typedef struct key {
    const char *name;
    enum kind   kind;
    size_t      at;
} key;

static const key keys[] = {
#define KEY(kind, name) { #name, kind, offsetof(dpm_keys, name) },
#include "config_keys.def"
#undef KEY
};

enum { KEYS = sizeof keys / sizeof *keys };

static const key *find(const char *name, size_t n)
{
    for (int i = 0; i < KEYS; i++)
        if (strlen(keys[i].name) == n && !memcmp(keys[i].name, name, n)) return &keys[i];
    return NULL;
}

static void *member(dpm_keys *k, const key *e)
{
    return (char *)k + e->at;
}

/* --- defaults: words KEY=VALUE ------------------------------------------------------------------------------------- */

static ad_status set_default(dpm_keys *k, const key *e, const char *text, size_t n, ad_arena *arena)
{
    char *copy = ad_arena_alloc(arena, n + 1);
    if (!copy) return AD_NO_MEMORY;
    memcpy(copy, text, n);
    switch (e->kind) {
    case INTEGER: *(long *)member(k, e) = strtol(copy, NULL, 10); break;
    case FLAG: *(int *)member(k, e) = *copy == '1'; break;
    case NUMBER: *(double *)member(k, e) = strtod(copy, NULL); break;
    default: *(const char **)member(k, e) = copy;
    }
    return AD_OK;
}

static ad_status set_defaults(dpm_keys *k, const char *words, ad_arena *arena)
{
    for (int i = 0; i < KEYS; i++)
        if (keys[i].kind == NUMBER) *(double *)member(k, &keys[i]) = NAN;
    while (*words) {
        size_t all = strcspn(words, " "), name = strcspn(words, " =");
        if (name < all)
            AD_TRY(set_default(k, find(words, name), words + name + 1, all - name - 1, arena));
        words += all;
        words += strspn(words, " ");
    }
    return AD_OK;
}

static int takes(const char *words, const char *name)
{
    size_t n = strlen(name);
    while (*words) {
        if (!strncmp(words, name, n) && strchr("= ", words[n])) return 1; /* or the end */
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    return 0;
}

/* --- what the file says -------------------------------------------------------------------------------------------- */

static ad_status wrong(const char *name, const char *what)
{
    return ad_fail(AD_BAD_FILE, "'%s' is not %s", name, what);
}

static ad_status set_list(dpm_list *list, const char *name, const json_t *v, ad_arena *arena)
{
    size_t n = json_array_size(v);
    if (!json_is_array(v)) return wrong(name, "a list of numbers");
    list->value = ad_arena_alloc(arena, (n + 1) * sizeof *list->value);
    if (!list->value) return AD_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const json_t *x = json_array_get(v, i);
        if (!json_is_number(x)) return wrong(name, "a list of numbers");
        list->value[i] = json_number_value(x);
    }
    list->n = (long)n;
    return AD_OK;
}

static ad_status set_value(dpm_keys *k, const key *e, const json_t *v, ad_arena *arena)
{
    double x = json_number_value(v);
    if (json_is_null(v)) return AD_OK;
    switch (e->kind) {
    case INTEGER:
        if (!json_is_number(v) || x != floor(x) || fabs(x) > 0x1p53)
            return wrong(e->name, "a whole number");
        *(long *)member(k, e) = (long)x;
        return AD_OK;
    case FLAG:
        if (!json_is_boolean(v)) return wrong(e->name, "true or false");
        *(int *)member(k, e) = json_is_true(v);
        return AD_OK;
    case NUMBER:
        if (!json_is_number(v)) return wrong(e->name, "a number");
        *(double *)member(k, e) = x;
        return AD_OK;
    case TEXT: {
        const char *copy = json_is_string(v) ? ad_arena_strdup(arena, json_string_value(v)) : NULL;
        if (!json_is_string(v)) return wrong(e->name, "a text");
        *(const char **)member(k, e) = copy;
        return copy ? AD_OK : AD_NO_MEMORY;
    }
    case LIST: return set_list(member(k, e), e->name, v, arena);
    case ANY: *(int *)member(k, e) = 1; return AD_OK;
    }
    return AD_OK;
}

/* Keys of diffusers' own begin with _. */
static ad_status set_values(dpm_keys *k, const char *words, json_t *root, dpm_config *c)
{
    const char *name;
    json_t     *v;
    size_t      room = 1;
    json_object_foreach(root, name, v) room += strlen(name) + 1;
    char *ignored = ad_arena_alloc(c->arena, room);
    if (!ignored) return AD_NO_MEMORY;
    c->ignored = ignored;
    json_object_foreach(root, name, v)
    {
        if (takes(words, name))
            AD_TRY(set_value(k, find(name, strlen(name)), v, c->arena));
        else if (*name != '_') {
            if (*ignored) strcat(ignored, " ");
            strcat(ignored, name);
        }
    }
    return AD_OK;
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

/* Python writes -Infinity and Infinity, which are no JSON: null takes their place. */
static void replace_infinities(char *text)
{
    int inside = 0;
    for (char *p = text; *p; p++) {
        size_t n = strncmp(p, "-Infinity", 9) ? strncmp(p, "Infinity", 8) ? 0 : 8 : 9;
        if (inside && *p == '\\' && p[1])
            p++;
        else if (*p == '"')
            inside = !inside;
        else if (!inside && n) {
            memset(p, ' ', n);
            memcpy(p, "null", 4);
        }
    }
}

static ad_status load(const char *path, json_t **root)
{
    void        *data;
    size_t       bytes;
    json_error_t e;
    AD_TRY(ad_file_read(path, &data, &bytes));
    replace_infinities(data);
    *root = json_loadb(data, bytes, 0, &e);
    ad_free(data);
    if (!*root && json_error_code(&e) == json_error_out_of_memory)
        return ad_fail(AD_NO_MEMORY, "%s: no memory to read it", path);
    if (!*root) return ad_fail(AD_BAD_FILE, "%s, line %d: %s", path, e.line, e.text);
    if (json_is_string(json_object_get(*root, "_class_name"))) return AD_OK;
    json_decref(*root);
    return ad_fail(AD_BAD_FILE,
                   "%s has no \"_class_name\": it is no scheduler_config.json of diffusers", path);
}

static ad_status translate(json_t *root, dpm_config *c)
{
    const char                 *name = json_string_value(json_object_get(root, "_class_name"));
    const dpm_config_class_row *row  = dpm_config_class_find(name);
    dpm_keys                    k    = { 0 };
    if (!row) return AD_INVALID;
    if (!row->translate) return ad_fail(AD_UNSUPPORTED, "%s %s", row->name, row->takes);
    c->class_name = k.class_name = row->name;
    AD_TRY(set_defaults(&k, row->takes, c->arena));
    AD_TRY(set_values(&k, row->takes, root, c));
    return row->translate(&k, c);
}

ad_status dpm_config_read(const char *path, dpm_config *c)
{
    json_t *root;
    *c = (dpm_config){ 0 };
    AD_TRY(load(path, &root));
    c->arena         = ad_arena_new();
    ad_status status = c->arena ? translate(root, c) : AD_NO_MEMORY;
    json_decref(root);
    if (status && status != AD_NO_MEMORY) ad_fail_at(status, "%s: ", path);
    if (status) dpm_config_free(c);
    return status;
}

void dpm_config_free(dpm_config *c)
{
    ad_arena_free(c->arena);
    *c = (dpm_config){ 0 };
}
