/* text.c - a system's life: read, asked, changed, freed. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text_internal.h"

void *nde_text_list_add(text_list *l)
{
    if (l->count == l->capacity) {
        int   capacity = l->capacity ? 2 * l->capacity : 16;
        void *item = ad_realloc(l->item, (size_t)l->count * l->size, (size_t)capacity * l->size);
        if (!item) return NULL;
        l->item     = item;
        l->capacity = capacity;
    }
    return (char *)l->item + (size_t)l->count++ * l->size;
}

static nde_system *system_new(const char *name, const char *text, size_t length)
{
    nde_system *s = ad_alloc(sizeof *s);
    if (!s) return NULL;
    s->nodes.size       = sizeof(text_node);
    s->pool.size        = sizeof(int);
    s->statements.size  = sizeof(text_statement);
    s->definitions.size = sizeof(text_definition);
    s->symbols.size     = sizeof(text_symbol);
    s->networks.size    = sizeof(text_network);
    s->states.size      = sizeof(nde_system_state);
    s->parameters.size  = sizeof(nde_system_parameter);
    s->columns.size     = sizeof(nde_system_column);
    s->breaks.size      = sizeof(double);
    s->equations.size = s->starts.size = sizeof(text_expr);
    s->file                            = ad_strdup(name);
    s->text                            = ad_alloc(length + 1);
    s->arena                           = ad_arena_new();
    if (s->text) memcpy(s->text, text, length);
    if (s->file && s->text && s->arena) return s;
    nde_system_free(s);
    return NULL;
}

void nde_system_free(nde_system *s)
{
    if (!s) return;
    text_list *lists[] = { &s->nodes,   &s->pool,     &s->statements, &s->definitions,
                           &s->symbols, &s->networks, &s->states,     &s->parameters,
                           &s->columns, &s->breaks,   &s->equations,  &s->starts };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) ad_free(lists[i]->item);
    ad_params_free(s->params[0]);
    ad_params_free(s->params[1]);
    ad_free(s->slot);
    ad_free(s->network_info);
    ad_free(s->part);
    ad_free(s->file);
    ad_free(s->text);
    ad_arena_free(s->arena);
    ad_free(s);
}

ad_status nde_system_parse(nde_system **out, const char *name, const char *text, size_t length)
{
    *out = NULL;
    if (!name) name = "system";
    if (length == 0)
        return ad_fail(AD_BAD_FILE, "%s is empty, expected at least one equation, such as x' = -x",
                       name);
    if (length > NDE_SYSTEM_BYTES)
        return ad_fail(AD_BAD_FILE, "%s has %zu bytes; a system has at most %d", name, length,
                       NDE_SYSTEM_BYTES);
    nde_system *s = system_new(name, text, length);
    if (!s) return AD_NO_MEMORY;
    ad_status status = nde_text_parse(s, length);
    if (!status) status = nde_text_check(s);
    if (status) {
        nde_system_free(s);
        return status;
    }
    *out = s;
    return AD_OK;
}

/* At most one byte more than a system may have. */
static ad_status slurp(FILE *file, const char *path, char *text, size_t *length)
{
    *length = fread(text, 1, NDE_SYSTEM_BYTES + 1, file);
    if (ferror(file)) return ad_fail(AD_BAD_FILE, "cannot read %s: %s", path, strerror(errno));
    if (*length > NDE_SYSTEM_BYTES)
        return ad_fail(AD_BAD_FILE, "%s has more than %d bytes, too many for a system as text",
                       path, NDE_SYSTEM_BYTES);
    return AD_OK;
}

ad_status nde_system_read(nde_system **out, const char *path)
{
    *out       = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return ad_fail(AD_BAD_FILE, "cannot open %s: %s", path, strerror(errno));
    char     *text   = ad_alloc(NDE_SYSTEM_BYTES + 1);
    size_t    length = 0;
    ad_status status = text ? slurp(file, path, text, &length) : AD_NO_MEMORY;
    fclose(file);
    if (!status) status = nde_system_parse(out, path, text, length);
    ad_free(text);
    return status;
}

const nde_system_info *nde_system_about(const nde_system *s)
{
    return &s->about;
}

/* "x(0)", "x(t0)" or "x(<the interval's start>)": the state of that name, else -1 with a sentence. */
static int start_index(const nde_system *s, const char *key)
{
    const char        *open = strchr(key, '('), *close = open ? strchr(open, ')') : NULL;
    int                n    = (int)(open - key);
    int                used = 0;
    double             at;
    const text_symbol *x = nde_text_symbol_find(s, key, n);
    if (!x || x->meaning != TEXT_IS_STATE) {
        char hint[96];
        ad_fail(AD_INVALID, "%s: %s: '%.*s' is no state%s", s->file, key, n < 63 ? n : 63, key,
                nde_text_nearest(s, key, n, hint));
        return -1;
    }
    int good = close && close[1] == 0;
    if (good && strncmp(open, "(t0)", 4) != 0)
        good = sscanf(open, "(%lf)%n", &at, &used) == 1 && used && open[used] == 0 &&
               (at == 0 || (s->about.has_interval && at == s->about.t0));
    if (good) return x->index;
    ad_fail(AD_INVALID, "%s: %s is no start value; write %.*s(0)", s->file, key, n, key);
    return -1;
}

static ad_status set_parameter(nde_system *s, const char *key, double value)
{
    static const char *const what[] = { "a state; its start value is", "",
                                        "an auxiliary, which follows from",
                                        "a network, which has" };

    int                n = (int)strlen(key);
    const text_symbol *p = nde_text_symbol_find(s, key, n);
    char               hint[96];
    if (!p)
        return ad_fail(AD_INVALID, "%s: no parameter is called '%.63s'%s", s->file, key,
                       nde_text_nearest(s, key, n, hint));
    if (p->meaning != TEXT_IS_PARAMETER)
        return ad_fail(AD_INVALID, "%s: '%s' is %s %s", s->file, key, what[p->meaning],
                       p->meaning == TEXT_IS_STATE ? "set as x(0)"
                                                   : "other names; only parameters can be set");
    nde_system_parameter *q   = (nde_system_parameter *)s->parameters.item + p->index;
    double                old = q->value;
    q->value                  = value;
    ad_status status          = nde_text_refresh(s);
    if (status) q->value = old;
    return status;
}

ad_status nde_system_set(nde_system *s, const char *name, double value)
{
    if (!isfinite(value))
        return ad_fail(AD_INVALID, "%s: %s = %g is not a finite number", s->file, name, value);
    if (!strchr(name, '(')) return set_parameter(s, name, value);
    int i = start_index(s, name);
    if (i < 0) return AD_INVALID;
    nde_system_state *x = (nde_system_state *)s->states.item + i;
    x->start            = NDE_START_NUMBER;
    x->y0               = value;
    TEXT_STARTS(s)[i]   = (text_expr){ 0 };
    return AD_OK;
}

ad_status nde_system_solvable(const nde_system *s)
{
    const nde_system_info *a = &s->about;
    if (!a->has_interval)
        return ad_fail(AD_INVALID, "%s has no interval; a line such as t = 0 .. 10 gives it",
                       s->file);
    for (int i = 0; i < a->states; i++)
        if (a->state[i].start == NDE_START_NONE)
            return ad_fail(AD_INVALID,
                           "%s: state %s has no start value; a line such as %s(0) = 1 gives it",
                           s->file, a->state[i].name, a->state[i].name);
    return AD_OK;
}
