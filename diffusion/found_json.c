/* Found schedules as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "found.h"

static const char FORMAT[] = "costate-schedule-1";
enum { MOST_STEPS = 100000, MOST_COEFFICIENTS = 10000000 };

/* --- written ---------------------------------------------------------------------------------------------------- */

/* Members gather; the first that does not fit (no memory, a text that is no UTF-8, a number that is not finite) sticks. */
typedef struct record {
    json_t *j;
    int     bad;
} record;

static void put(record *r, const char *key, json_t *value)
{
    if (json_object_set_new(r->j, key, value)) r->bad = 1;
}

static void put_text(record *r, const char *key, const char *text)
{
    if (text) put(r, key, json_string(text));
}

static void put_integer(record *r, const char *key, long x)
{
    if (x) put(r, key, json_integer(x));
}

static void put_numbers(record *r, const char *key, long n, const double *x)
{
    json_t *list = json_array();
    for (long i = 0; i < n; i++)
        if (json_array_append_new(list, isfinite(x[i]) ? json_real(x[i]) : json_null())) r->bad = 1;
    put(r, key, list);
}

static void put_decisions(record *r, const dpm_found *f)
{
    json_t *list = json_array();
    for (long i = 0; i < f->steps; i++) {
        const dpm_decision *d = &f->decision[i];
        json_t             *j = json_pack("{s:i, s:s, s:s, s:s}", "order", d->order, "form",
                                          dpm_prediction_name(d->form), "relaxation",
                                          dpm_relaxation_name(d->relaxation), "corrector",
                                          dpm_corrector_name(d->corrector));
        if (json_array_append_new(list, j)) r->bad = 1;
    }
    put(r, "decisions", list);
}

static void put_lambdas(record *r, const dpm_found *f, const dpm_schedule *s)
{
    double *lambda = ad_alloc((size_t)(f->steps + 1) * sizeof *lambda);
    if (!lambda) r->bad = 1;
    for (long i = 0; lambda && i <= f->steps; i++)
        lambda[i] = dpm_schedule_at(s, f->times[i]).lambda;
    if (lambda) put_numbers(r, "lambdas", f->steps + 1, lambda);
    ad_free(lambda);
}

static json_t *to_json(const dpm_found *f, const dpm_schedule *s)
{
    record r = { .j = json_object() };
    put_text(&r, "format", FORMAT);
    put_text(&r, "note", f->note);
    put_text(&r, "sampler", f->sampler);
    put_text(&r, "schedule", f->schedule);
    put_integer(&r, "nfe", f->nfe);
    put_integer(&r, "order", f->order);
    if (f->prediction) put_text(&r, "prediction", dpm_prediction_name(f->prediction));
    put_text(&r, "solver_type", f->solver_type);
    put_text(&r, "singlestep", f->singlestep);
    put_text(&r, "variant", f->variant);
    put_integer(&r, "lower_order_final", f->lower_order_final);
    put_integer(&r, "no_corrector", f->no_corrector);
    put_numbers(&r, "times", f->steps + 1, f->times);
    if (s) put_lambdas(&r, f, s);
    if (f->decision) put_decisions(&r, f);
    if (f->coefficient) put_numbers(&r, "coefficients", f->coefficients, f->coefficient);
    if (!r.bad) return r.j;
    json_decref(r.j);
    return NULL;
}

/* A member a line. 17 digits read back to the same double. */
static void write_members(ad_file *file, json_t *j)
{
    const char *key, *before = "{\n";
    json_t     *value;
    json_object_foreach(j, key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
        ad_file_write(file, before, strlen(before));
        ad_file_write(file, "  \"", 3);
        ad_file_write(file, key, strlen(key));
        ad_file_write(file, "\": ", 3);
        if (text)
            ad_file_write(file, text, strlen(text));
        else
            file->status = ad_fail(AD_NO_MEMORY, "no memory for the schedule's text");
        free(text);
        before = ",\n";
    }
    ad_file_write(file, "\n}\n", 3);
}

ad_status dpm_found_save(const dpm_found *f, const dpm_schedule *schedule, const char *path)
{
    ad_file file;
    AD_TRY(dpm_found_check(f, schedule));
    json_t *j = to_json(f, schedule);
    if (!j) return ad_fail(AD_NO_MEMORY, "%s: no memory, or a text that is not UTF-8", path);
    ad_status s = ad_file_create(&file, path);
    if (!s) {
        write_members(&file, j);
        s = ad_file_commit(&file);
    }
    json_decref(j);
    return s;
}

/* --- read ------------------------------------------------------------------------------------------------------- */

static ad_status wrong(const char *key, const char *what)
{
    return ad_fail(AD_BAD_FILE, "\"%s\" %s", key, what);
}

static ad_status get_text(const json_t *j, const char *key, char **text)
{
    const json_t *v = json_object_get(j, key);
    if (!v) return AD_OK;
    if (!json_is_string(v)) return wrong(key, "is not a text");
    *text = ad_strdup(json_string_value(v));
    return *text ? AD_OK : AD_NO_MEMORY;
}

static ad_status get_integer(const json_t *j, const char *key, long lo, long hi, long *x)
{
    const json_t *v = json_object_get(j, key);
    if (!v) return AD_OK;
    if (!json_is_integer(v) || json_integer_value(v) < lo || json_integer_value(v) > hi)
        return ad_fail(AD_BAD_FILE, "\"%s\" is not a whole number from %ld to %ld", key, lo, hi);
    *x = (long)json_integer_value(v);
    return AD_OK;
}

static ad_status get_int(const json_t *j, const char *key, long lo, long hi, int *x)
{
    long k = 0;
    AD_TRY(get_integer(j, key, lo, hi, &k));
    *x = (int)k;
    return AD_OK;
}

static ad_status get_numbers(const json_t *list, const char *key, long n, double *x)
{
    for (long i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, (size_t)i);
        if (!json_is_number(v)) return ad_fail(AD_BAD_FILE, "\"%s\": number %ld is none", key, i);
        x[i] = json_number_value(v);
    }
    return AD_OK;
}

/* One of the names that `name` gives to 0 .. last. */
static ad_status get_name(const json_t *j, const char *key, const char *(*name)(int), int last,
                          int *x)
{
    const char *text = json_string_value(json_object_get(j, key));
    for (int i = 0; text && i <= last; i++)
        if (!strcmp(text, name(i))) {
            *x = i;
            return AD_OK;
        }
    return text ? ad_fail(AD_BAD_FILE, "\"%s\" is \"%.40s\", which there is not", key, text)
                : wrong(key, "is missing or not a text");
}

static const char *relaxation(int i)
{
    return dpm_relaxation_name((dpm_relaxation)i);
}

static const char *corrector(int i)
{
    return dpm_corrector_name((dpm_corrector)i);
}

static ad_status get_form(const json_t *j, const char *key, dpm_prediction *p)
{
    const json_t *v = json_object_get(j, key);
    if (!json_is_string(v)) return wrong(key, "is missing or not a text");
    return dpm_prediction_parse(json_string_value(v), p) ? AD_BAD_FILE : AD_OK;
}

static ad_status get_decision(const json_t *j, dpm_decision *d)
{
    int r = 0, c = 0;
    if (!json_is_object(j)) return ad_fail(AD_BAD_FILE, "no object");
    if (!json_object_get(j, "order")) return wrong("order", "is missing");
    AD_TRY(get_int(j, "order", 1, DPM_ORDER_MOST, &d->order));
    AD_TRY(get_form(j, "form", &d->form));
    AD_TRY(get_name(j, "relaxation", relaxation, DPM_BH2, &r));
    AD_TRY(get_name(j, "corrector", corrector, DPM_CORRECTOR_IMPLICIT, &c));
    d->relaxation = (dpm_relaxation)r;
    d->corrector  = (dpm_corrector)c;
    return AD_OK;
}

static ad_status get_decisions(const json_t *j, dpm_found *f)
{
    const json_t *list = json_object_get(j, "decisions");
    if (!list) return AD_OK;
    if ((long)json_array_size(list) != f->steps)
        return ad_fail(AD_BAD_FILE, "%zu decisions for %ld steps", json_array_size(list), f->steps);
    for (long i = 0; i < f->steps; i++) {
        ad_status s = get_decision(json_array_get(list, (size_t)i), &f->decision[i]);
        if (s) return ad_fail_at(s, "decision %ld: ", i);
    }
    return AD_OK;
}

static ad_status get_coefficients(const json_t *j, dpm_found *f)
{
    const json_t *list = json_object_get(j, "coefficients");
    if (!list) return AD_OK;
    size_t n = json_array_size(list);
    if (n < 1 || n > MOST_COEFFICIENTS) return wrong("coefficients", "is not a list of numbers");
    f->coefficient = ad_alloc(n * sizeof *f->coefficient);
    if (!f->coefficient) return AD_NO_MEMORY;
    f->coefficients = (long)n;
    return get_numbers(list, "coefficients", f->coefficients, f->coefficient);
}

static ad_status get_rest(const json_t *j, dpm_found *f)
{
    AD_TRY(get_text(j, "note", &f->note));
    AD_TRY(get_text(j, "schedule", &f->schedule));
    AD_TRY(get_text(j, "solver_type", &f->solver_type));
    AD_TRY(get_text(j, "singlestep", &f->singlestep));
    AD_TRY(get_text(j, "variant", &f->variant));
    AD_TRY(get_integer(j, "nfe", 1, 10L * MOST_STEPS, &f->nfe));
    AD_TRY(get_int(j, "order", 1, 16, &f->order));
    AD_TRY(get_int(j, "lower_order_final", -1, 1, &f->lower_order_final));
    AD_TRY(get_int(j, "no_corrector", 0, 1, &f->no_corrector));
    if (json_object_get(j, "prediction")) AD_TRY(get_form(j, "prediction", &f->prediction));
    AD_TRY(get_numbers(json_object_get(j, "times"), "times", f->steps + 1, f->times));
    AD_TRY(get_decisions(j, f));
    AD_TRY(get_coefficients(j, f));
    return dpm_found_check(f, NULL) ? AD_BAD_FILE : AD_OK;
}

static ad_status from_json(dpm_found **f, const json_t *j)
{
    const char   *format  = json_string_value(json_object_get(j, "format"));
    const char   *sampler = json_string_value(json_object_get(j, "sampler"));
    const json_t *times   = json_object_get(j, "times");
    long          points  = (long)json_array_size(times);
    if (!format || strcmp(format, FORMAT))
        return ad_fail(AD_BAD_FILE, "\"format\" is not \"%s\": no found schedule", FORMAT);
    if (!sampler) return wrong("sampler", "is missing or not a text");
    if (points < 2 || points > MOST_STEPS + 1)
        return ad_fail(AD_BAD_FILE, "\"times\" is not a list of 2 to %d numbers", MOST_STEPS + 1);
    AD_TRY(dpm_found_new(f, sampler, points - 1, json_object_get(j, "decisions") != NULL));
    return get_rest(j, *f);
}

ad_status dpm_found_load(dpm_found **f, const char *path)
{
    void        *data;
    size_t       bytes;
    json_error_t error;
    *f = NULL;
    AD_TRY(ad_file_read(path, &data, &bytes));
    json_t *j = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, &error);
    ad_free(data);
    if (!j)
        return ad_fail(AD_BAD_FILE, "%s:%d:%d: no valid JSON: %s", path, error.line, error.column,
                       error.text);
    ad_status s = from_json(f, j);
    json_decref(j);
    if (!s) return AD_OK;
    dpm_found_free(*f);
    *f = NULL;
    return ad_fail_at(s, "%s: ", path);
}
