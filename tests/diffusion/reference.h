/* reference.h - endpoints of official samplers, read back from the shared reference data.

       json_t *file = reference_open("samplers_logSNR.json");            NULL: not there, skip the test
       reference_rows(json_object_get(file, "x_T"), x, 64);              flattened; how many numbers
       dpm_mixture *m = reference_mixture(file);
       json_array_foreach(json_object_get(file, "entries"), i, e)
           cr_expect_leq(distance_of(...), reference_tolerance(e), ...)  */
#ifndef COSTATE_TESTS_DIFFUSION_REFERENCE_H
#define COSTATE_TESTS_DIFFUSION_REFERENCE_H

#include <criterion/criterion.h>

#include <jansson.h>

#include <costate/diffusion/mixture.h>

#include "support.h"

static inline json_t *reference_open(const char *name)
{
    char         file[256], path[1024];
    json_error_t error;
    snprintf(file, sizeof file, "reference/diffusion/%s", name);
    if (!shared_file(file, path, sizeof path)) return NULL;
    json_t *j = json_load_file(path, 0, &error);
    cr_assert(j, "%s, line %d: %s", path, error.line, error.text);
    return j;
}

static inline double reference_number(const json_t *j, const char *key)
{
    const json_t *value = json_object_get(j, key);
    cr_assert(json_is_number(value), "no number '%s'", key);
    return json_number_value(value);
}

/* "" where the key is missing or null */
static inline const char *reference_text(const json_t *j, const char *key)
{
    const char *text = json_string_value(json_object_get(j, key));
    return text ? text : "";
}

/* Numbers of an array, or of arrays in it one after the other, into x[0 .. most); how many there are. */
static inline long reference_rows(const json_t *j, double *x, long most)
{
    long n = 0;
    for (size_t i = 0; i < json_array_size(j); i++) {
        const json_t *item = json_array_get(j, i);
        if (json_is_array(item)) {
            n += reference_rows(item, x + n, most - n);
        } else {
            cr_assert(n < most && json_is_number(item));
            x[n++] = json_number_value(item);
        }
    }
    return n;
}

/* "mixture" of a file, to be freed. */
static inline dpm_mixture *reference_mixture(const json_t *file)
{
    enum { MOST = 64 };
    double        weight[MOST], mean[MOST], variance[MOST];
    const json_t *j = json_object_get(file, "mixture");
    long          k = reference_rows(json_object_get(j, "weights"), weight, MOST);
    long          n = reference_rows(json_object_get(j, "means"), mean, MOST);
    dpm_mixture  *m = NULL;
    cr_assert_eq(reference_rows(json_object_get(j, "variances"), variance, MOST), n);
    cr_assert_eq(dpm_mixture_new(&m, k, n / k, weight, mean, variance), AD_OK, "%s", ad_message());
    return m;
}

/* For each component, as the README of the data suggests: an implementation as accurate as the official one stays within
   6 (sensitivity + 1e-14), sensitivity the change of the official endpoints under perturbations of one rounding. */
static inline double reference_tolerance(const json_t *entry)
{
    return 1e-12 + 20 * reference_number(entry, "rounding_sensitivity");
}

/* max |a - b|; infinite where one is not finite. */
static inline double reference_distance(long n, const double a[], const double b[])
{
    double d = 0;
    for (long i = 0; i < n; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) return INFINITY;
        if (fabs(a[i] - b[i]) > d) d = fabs(a[i] - b[i]);
    }
    return d;
}

#endif
