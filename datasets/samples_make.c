#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/text.h>
#include <costate/datasets/number.h>
#include <costate/datasets/registry.h>
#include <costate/datasets/samples.h>

#define DS_SAMPLES(name, make, density, files, description, source) ds_samples_maker make;
#include "samples.def"
#undef DS_SAMPLES

ds_log_density ds_log_eight_gaussians, ds_log_checkerboard, ds_log_rings, ds_log_circles;

static const ds_samples_row row[] = {
#define DS_SAMPLES(name, make, density, files, description, source) \
    { name, description, source, make, density, files },
#include "samples.def"
#undef DS_SAMPLES
};

enum { ROWS = sizeof row / sizeof row[0] };

int ds_samples_count(void)
{
    return ROWS;
}

const ds_samples_row *ds_samples_at(int i)
{
    return i >= 0 && i < ROWS ? &row[i] : NULL;
}

const ds_samples_row *ds_samples_find(const char *name)
{
    const char *names[ROWS];
    char        list[512] = "";
    for (int i = 0; i < ROWS; i++) {
        names[i]    = row[i].name;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", row[i].name);
        if (!strcmp(name, row[i].name)) return &row[i];
    }
    const char *near   = ad_nearest(name, ROWS, names);
    int         series = 0;
    for (int i = 0; i < ds_dataset_count(); i++) series |= !strcmp(name, ds_dataset_at(i)->name);
    if (series)
        ad_fail(AD_INVALID, "'%s' is a time series, not a set of samples; there are %s", name,
                list);
    else if (near)
        ad_fail(AD_INVALID,
                "there is neither a file nor a set of samples named '%s'; did you mean '%s'?", name,
                near);
    else
        ad_fail(AD_INVALID, "there is neither a file nor a set of samples named '%s'; there are %s",
                name, list);
    return NULL;
}

int ds_samples_named(const char *spec)
{
    size_t n = strcspn(spec, ":");
    for (int i = 0; i < ROWS; i++)
        if (strlen(row[i].name) == n && !strncmp(spec, row[i].name, n)) return 1;
    return 0;
}

ad_status ds_samples_make(ds_samples **out, const char *name, const ds_samples_options *o)
{
    static const ds_samples_options plain = { 0 };
    const ds_samples_row           *r     = ds_samples_find(name);
    *out                                  = NULL;
    if (!r) return AD_INVALID;
    if (!o) o = &plain;
    if (o->n < 0) return ad_fail(AD_INVALID, "%s: n=%ld; at least 1", name, o->n);
    if (!(o->noise >= 0 || o->noise == DS_NO_NOISE) || o->noise > 1e6)
        return ad_fail(AD_INVALID, "%s: noise=%g; a standard deviation from 0 to 1e6", name,
                       o->noise);
    return r->make(out, o);
}

/* --- "NAME:key=value,..." ---------------------------------------------------------------------------------------- */

enum { TEXT = 1024 };

/* part and dir, the keys whose values are words; 0: not one of them. */
static int set_word(ds_samples_options *o, const char *key, const char *value, char dir[TEXT])
{
    if (!strcmp(key, "dir")) {
        snprintf(dir, TEXT, "%s", value);
        o->dir = dir;
        return 1;
    }
    if (strcmp(key, "part") || (strcmp(value, "train") && strcmp(value, "test"))) return 0;
    o->part = !strcmp(value, "test") ? DS_TEST : DS_TRAIN;
    return 1;
}

static ad_status set_number(ds_samples_options *o, const char *spec, const char *key,
                            const char *value)
{
    double x;
    int    n = !strcmp(key, "n"), seed = !strcmp(key, "seed"), noise = !strcmp(key, "noise");
    if (!strcmp(key, "part"))
        return ad_fail(AD_INVALID, "'%s': there is no part '%s'; train and test are", spec, value);
    if (!n && !seed && !noise)
        return ad_fail(AD_INVALID,
                       "'%s': there is no option '%s'; n, noise, seed, part and dir are", spec,
                       key);
    if (!ds_number(value, strlen(value), '.', &x))
        return ad_fail(AD_INVALID, "'%s': %s=%s is not a number; write NAME:n=500,noise=0.05", spec,
                       key, value);
    if (!noise && (!(x >= n) || x > 1e9 || x != floor(x)))
        return ad_fail(AD_INVALID, "'%s': %s must be a whole number from %d to 1e9", spec, key, n);
    if (noise && !(x >= 0))
        return ad_fail(AD_INVALID, "'%s': noise is a standard deviation, at least 0", spec);
    if (n) o->n = (long)x;
    if (seed) o->seed = (uint64_t)x;
    if (noise) o->noise = x > 0 ? x : DS_NO_NOISE;
    return AD_OK;
}

/* The next "key=value" from *at on; both fit TEXT. */
static ad_status next_pair(const char *spec, const char **at, char key[TEXT], char value[TEXT])
{
    size_t n = strcspn(*at, ","), k = strcspn(*at, "=,");
    if (k >= n || n >= TEXT)
        return ad_fail(AD_INVALID, "'%s': '%.*s' is not key=value; write NAME:n=500,noise=0.05",
                       spec, n < 60 ? (int)n : 60, *at);
    snprintf(key, TEXT, "%.*s", (int)k, *at);
    snprintf(value, TEXT, "%.*s", (int)(n - k - 1), *at + k + 1);
    *at += n + ((*at)[n] == ',');
    return AD_OK;
}

ad_status ds_samples_make_spec(ds_samples **out, const char *spec, const ds_samples_options *o)
{
    ds_samples_options all = o ? *o : (ds_samples_options){ 0 };
    char               name[64], key[TEXT], value[TEXT], dir[TEXT];
    size_t             n = strcspn(spec, ":");
    *out                 = NULL;
    snprintf(name, sizeof name, "%.*s", (int)(n < 63 ? n : 63), spec);
    for (const char *at = spec + n + (spec[n] == ':'); *at;) {
        AD_TRY(next_pair(spec, &at, key, value));
        if (!set_word(&all, key, value, dir)) AD_TRY(set_number(&all, spec, key, value));
    }
    return ds_samples_make(out, name, &all);
}
