/* Mixtures as JSON. */
#include <jansson.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "mixture.h"

static ad_status number(const json_t *v, const char *key, const char *where, double *x)
{
    if (!json_is_number(v)) return ad_fail(AD_BAD_FILE, "%s of '%s' is not a number", where, key);
    *x = json_number_value(v);
    return AD_OK;
}

/* [[..], ..]: `components` rows of dim numbers */
static ad_status table(const json_t *rows, const char *key, long components, long dim, double *out)
{
    char where[64];
    if (!json_is_array(rows) || (long)json_array_size(rows) != components)
        return ad_fail(AD_BAD_FILE, "'%s' has %ld rows where there are %ld weights", key,
                       (long)json_array_size(rows), components);
    for (long k = 0; k < components; k++) {
        const json_t *row = json_array_get(rows, (size_t)k);
        if (!json_is_array(row) || (long)json_array_size(row) != dim)
            return ad_fail(AD_BAD_FILE,
                           "row %ld of '%s' has %ld numbers where the first mean has %ld", k, key,
                           (long)json_array_size(row), dim);
        for (long j = 0; j < dim; j++) {
            snprintf(where, sizeof where, "number %ld of row %ld", j, k);
            AD_TRY(number(json_array_get(row, (size_t)j), key, where, &out[k * dim + j]));
        }
    }
    return AD_OK;
}

static ad_status member(const json_t *root, const char *key, const json_t **v)
{
    *v = json_object_get(root, key);
    if (*v && json_is_array(*v) && json_array_size(*v) > 0) return AD_OK;
    return ad_fail(
        AD_BAD_FILE,
        "it %s '%s'; a mixture is {\"weights\": [..], \"means\": [[..], ..], \"variances\": "
        "[[..], ..]}",
        *v ? "has no list of numbers under" : "lacks", key);
}

/* numbers: weights, means, variances, one behind the other */
static ad_status fill(const json_t *const member[3], long components, long dim, double *numbers)
{
    char where[64];
    for (long k = 0; k < components; k++) {
        snprintf(where, sizeof where, "number %ld", k);
        AD_TRY(number(json_array_get(member[0], (size_t)k), "weights", where, &numbers[k]));
    }
    AD_TRY(table(member[1], "means", components, dim, numbers + components));
    return table(member[2], "variances", components, dim, numbers + components * (1 + dim));
}

static ad_status from_json(dpm_mixture **m, const json_t *root)
{
    const json_t *v[3];
    if (!json_is_object(root)) return ad_fail(AD_BAD_FILE, "it is not a JSON object");
    AD_TRY(member(root, "weights", &v[0]));
    AD_TRY(member(root, "means", &v[1]));
    AD_TRY(member(root, "variances", &v[2]));
    long components = (long)json_array_size(v[0]);
    long dim        = (long)json_array_size(json_array_get(v[1], 0));
    if (dim < 1) return ad_fail(AD_BAD_FILE, "row 0 of 'means' is no list of numbers");
    double *numbers = ad_alloc((size_t)(components * (1 + 2 * dim)) * sizeof *numbers);
    if (!numbers) return AD_NO_MEMORY;
    ad_status s = fill(v, components, dim, numbers);
    if (!s)
        s = dpm_mixture_new(m, components, dim, numbers, numbers + components,
                            numbers + components * (1 + dim));
    ad_free(numbers);
    return s == AD_INVALID ? AD_BAD_FILE : s;
}

ad_status dpm_mixture_read(dpm_mixture **m, const char *path)
{
    json_error_t e;
    *m           = NULL;
    json_t *root = json_load_file(path, 0, &e);
    if (!root && json_error_code(&e) == json_error_cannot_open_file)
        return ad_fail(AD_BAD_FILE, "%s: cannot be opened", path);
    if (!root && json_error_code(&e) == json_error_out_of_memory)
        return ad_fail(AD_NO_MEMORY, "%s: no memory to read it", path);
    if (!root) return ad_fail(AD_BAD_FILE, "%s, line %d: %s", path, e.line, e.text);
    ad_status s = from_json(m, root);
    json_decref(root);
    return s ? ad_fail_at(s, "%s: ", path) : AD_OK;
}
