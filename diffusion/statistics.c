/* Model statistics: made, read and written. */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

static const char FORMAT[] = "costate-statistics-1";

ad_status dpm_statistics_new(dpm_statistics **out, long nodes, long dim)
{
    dpm_statistics *s = ad_alloc(sizeof *s + (size_t)(nodes * (1 + 3 * dim)) * sizeof(double));
    *out              = s;
    if (!s) return AD_NO_MEMORY;
    s->nodes  = nodes;
    s->dim    = dim;
    s->lambda = (double *)(s + 1);
    s->l      = s->lambda + nodes;
    s->s      = s->l + nodes * dim;
    s->b      = s->s + nodes * dim;
    return AD_OK;
}

void dpm_statistics_free(dpm_statistics *s)
{
    ad_free(s);
}

/* --- read ---------------------------------------------------------------------------------------------------------- */

static ad_status numbers(const json_t *list, const char *key, long n, double *x)
{
    if (!json_is_array(list) || (long)json_array_size(list) != n)
        return ad_fail(AD_BAD_FILE, "'%s' has %ld numbers in a row where %ld belong", key,
                       (long)json_array_size(list), n);
    for (long i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, (size_t)i);
        if (!json_is_number(v))
            return ad_fail(AD_BAD_FILE, "'%s' holds something that is no number", key);
        x[i] = json_number_value(v);
    }
    return AD_OK;
}

static ad_status fill(dpm_statistics *s, const json_t *root)
{
    const char *key[] = { "l", "s", "b" };
    double     *to[]  = { s->l, s->s, s->b };
    AD_TRY(numbers(json_object_get(root, "lambda"), "lambda", s->nodes, s->lambda));
    for (long i = 1; i < s->nodes; i++)
        if (!(s->lambda[i] > s->lambda[i - 1]))
            return ad_fail(AD_BAD_FILE, "'lambda' does not increase: %g, then %g", s->lambda[i - 1],
                           s->lambda[i]);
    for (int k = 0; k < 3; k++) {
        const json_t *rows = json_object_get(root, key[k]);
        if (!json_is_array(rows) || (long)json_array_size(rows) != s->nodes)
            return ad_fail(AD_BAD_FILE, "'%s' has %ld rows where there are %ld lambdas", key[k],
                           (long)json_array_size(rows), s->nodes);
        for (long i = 0; i < s->nodes; i++)
            AD_TRY(numbers(json_array_get(rows, (size_t)i), key[k], s->dim, to[k] + i * s->dim));
    }
    return AD_OK;
}

static ad_status from_json(dpm_statistics **s, const json_t *root)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    long        nodes  = (long)json_array_size(json_object_get(root, "lambda"));
    long        dim    = (long)json_array_size(json_array_get(json_object_get(root, "l"), 0));
    if (!format || strcmp(format, FORMAT))
        return ad_fail(AD_BAD_FILE, "it is no file of model statistics: \"format\" is not \"%s\"",
                       FORMAT);
    if (nodes < 1 || dim < 1)
        return ad_fail(AD_BAD_FILE, "it lacks \"lambda\": [..] or \"l\": [[..], ..]");
    AD_TRY(dpm_statistics_new(s, nodes, dim));
    return fill(*s, root);
}

ad_status dpm_statistics_read(dpm_statistics **s, const char *path)
{
    json_error_t e;
    json_t      *root = json_load_file(path, 0, &e);
    *s                = NULL;
    if (!root && json_error_code(&e) == json_error_cannot_open_file)
        return ad_fail(AD_BAD_FILE, "%s: cannot be opened", path);
    if (!root && json_error_code(&e) == json_error_out_of_memory)
        return ad_fail(AD_NO_MEMORY, "%s: no memory to read it", path);
    if (!root) return ad_fail(AD_BAD_FILE, "%s, line %d: %s", path, e.line, e.text);
    ad_status code = from_json(s, root);
    json_decref(root);
    if (!code) return AD_OK;
    dpm_statistics_free(*s);
    *s = NULL;
    return ad_fail_at(code, "%s: ", path);
}

/* --- written ------------------------------------------------------------------------------------------------------- */

static json_t *row_of(long n, const double *x)
{
    json_t *list = json_array();
    for (long i = 0; i < n; i++)
        if (json_array_append_new(list, json_real(x[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *rows_of(const dpm_statistics *s, const double *x)
{
    json_t *list = json_array();
    for (long i = 0; i < s->nodes; i++)
        if (json_array_append_new(list, row_of(s->dim, x + i * s->dim))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

ad_status dpm_statistics_save(const dpm_statistics *s, const char *path)
{
    for (long i = 0; i < s->nodes * (1 + 3 * s->dim); i++)
        if (!isfinite(s->lambda[i]))
            return ad_fail(AD_INVALID, "%s: number %ld of the statistics is not finite", path, i);
    json_t *root = json_object();
    int     bad  = json_object_set_new(root, "format", json_string(FORMAT));
    bad |= json_object_set_new(root, "lambda", row_of(s->nodes, s->lambda));
    bad |= json_object_set_new(root, "l", rows_of(s, s->l));
    bad |= json_object_set_new(root, "s", rows_of(s, s->s));
    bad |= json_object_set_new(root, "b", rows_of(s, s->b));
    char *text = bad ? NULL : json_dumps(root, JSON_REAL_PRECISION(17));
    json_decref(root);
    if (!text) return ad_fail(AD_NO_MEMORY, "%s: no memory for the statistics' text", path);
    ad_file   file;
    ad_status code = ad_file_create(&file, path);
    if (!code) {
        ad_file_write(&file, text, strlen(text));
        ad_file_write(&file, "\n", 1);
        code = ad_file_commit(&file);
    }
    free(text);
    return code;
}
