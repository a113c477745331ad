/* ivp.h - the problems of the shared reference ivp.json as systems in text.

       json_t *all = ivp_open();                       NULL: the file is not there
       json_t *p   = ivp_find(all, "HIRES");           or ivp_at(all, i), i < ivp_count(all)
       char   *ode = ivp_text(p);                      y1 .. yn, parameters, locals in order; to be freed
       ivp_numbers(p, "ours", ivp_dim(p), y_end);      state at t1, 25 digits
       json_decref(all);

   tb, the time by which a branch is selected, is t: the solver keeps t inside the piece between two breaks. */
#ifndef COSTATE_TESTS_NDE_IVP_H
#define COSTATE_TESTS_NDE_IVP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../support.h"

static inline json_t *ivp_open(void)
{
    char        path[1024];
    const char *file = shared_file("reference/ivp.json", path, sizeof path);
    return file ? json_load_file(file, 0, NULL) : NULL;
}

static inline int ivp_count(const json_t *all)
{
    return (int)json_array_size(json_object_get(all, "problems"));
}
static inline json_t *ivp_at(const json_t *all, int i)
{
    return json_array_get(json_object_get(all, "problems"), (size_t)i);
}

static inline const char *ivp_string(const json_t *p, const char *key)
{
    const char *s = json_string_value(json_object_get(p, key));
    return s ? s : "";
}

static inline json_t *ivp_find(const json_t *all, const char *name)
{
    for (int i = 0; i < ivp_count(all); i++)
        if (strcmp(ivp_string(ivp_at(all, i), "name"), name) == 0) return ivp_at(all, i);
    return NULL;
}

static inline int ivp_dim(const json_t *p)
{
    return (int)json_integer_value(json_object_get(p, "n"));
}
static inline int ivp_stiff(const json_t *p)
{
    return json_is_true(json_object_get(p, "stiff"));
}

/* A list of number strings; returns how many were read. */
static inline int ivp_numbers(const json_t *p, const char *key, int n, double out[])
{
    const json_t *list = json_object_get(p, key);
    int           i    = 0;
    for (; i < n && i < (int)json_array_size(list); i++)
        out[i] = atof(json_string_value(json_array_get(list, (size_t)i)));
    return i;
}

/* rhs_check: the right-hand side at t and y_i = 0.1 + 0.01 i, i = 1 .. n. */
static inline void ivp_check(const json_t *p, double *t, double y[], double dy[])
{
    const json_t *check = json_object_get(p, "rhs_check");
    *t                  = atof(ivp_string(check, "t"));
    for (int i = 1; i <= ivp_dim(p); i++) y[i - 1] = 0.1 + 0.01 * i;
    ivp_numbers(check, "dy", ivp_dim(p), dy);
}

static inline int ivp_uses_branch_time(const json_t *p)
{
    char *text = json_dumps(p, 0);
    int   uses = text && strstr(text, "tb") && json_object_get(p, "breaks");
    free(text);
    return uses;
}

static inline char *ivp_text(const json_t *p)
{
    char       *text = NULL;
    size_t      size, i;
    const char *key;
    json_t     *value;
    FILE       *f = open_memstream(&text, &size);
    if (ivp_uses_branch_time(p)) fprintf(f, "tb = t\n");
    json_object_foreach(json_object_get(p, "params"), key, value)
        fprintf(f, "%s = %s\n", key, json_string_value(value));
    json_array_foreach(json_object_get(p, "locals"), i, value)
        fprintf(f, "%s = %s\n", json_string_value(json_array_get(value, 0)),
                json_string_value(json_array_get(value, 1)));
    json_array_foreach(json_object_get(p, "rhs"), i, value)
        fprintf(f, "y%zu' = %s\n", i + 1, json_string_value(value));
    json_array_foreach(json_object_get(p, "y0"), i, value)
        fprintf(f, "y%zu(0) = %s\n", i + 1, json_string_value(value));
    json_array_foreach(json_object_get(p, "breaks"), i, value)
        fprintf(f, "break = %s\n", json_string_value(value));
    fprintf(f, "t = %s .. %s\n", ivp_string(p, "t0"), ivp_string(p, "t1"));
    fclose(f);
    return text;
}

#endif
