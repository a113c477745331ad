#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/text.h>
#include <costate/datasets/number.h>
#include <costate/datasets/registry.h>
#include <costate/datasets/samples.h>

#define DS_DATASET(name, fill, description, source) ds_fill fill;
#include "registry.def"
#undef DS_DATASET

#define DS_DATASET(name, fill, description, source) { name, description, source, fill },
static const ds_dataset row[] = {
#include "registry.def"
};
#undef DS_DATASET

enum { ROWS = sizeof row / sizeof row[0] };

int ds_dataset_count(void)
{
    return ROWS;
}

const ds_dataset *ds_dataset_at(int i)
{
    return i >= 0 && i < ROWS ? &row[i] : NULL;
}

const ds_dataset *ds_dataset_find(const char *name)
{
    const char *names[ROWS];
    char        list[256] = "";
    for (int i = 0; i < ROWS; i++) {
        names[i]    = row[i].name;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", row[i].name);
        if (!strcmp(name, row[i].name)) return &row[i];
    }
    const char *near = ad_nearest(name, ROWS, names);
    if (ds_samples_named(name))
        ad_fail(AD_INVALID, "'%s' is a set of samples, not a time series; built in are %s", name,
                list);
    else if (near)
        ad_fail(AD_INVALID, "there is neither a file nor a data set named '%s'; did you mean '%s'?",
                name, near);
    else
        ad_fail(AD_INVALID, "there is neither a file nor a data set named '%s'; built in are %s",
                name, list);
    return NULL;
}

ad_status ds_make(ds_series_set **out, const char *name, const ds_make_options *o)
{
    static const ds_make_options plain = { 0 };
    const ds_dataset            *d     = ds_dataset_find(name);
    *out                               = NULL;
    if (!d) return AD_INVALID;
    return d->fill(out, o ? o : &plain);
}

/* One "key=value" of n characters. */
static ad_status set_option(ds_make_options *o, const char *spec, const char *s, size_t n)
{
    static const char *const keys[] = { "n", "t1", "noise", "seed", "series" };
    size_t                   k      = 0;
    double                   x;
    while (k < n && s[k] != '=') k++;
    if (k == n || !ds_number(s + k + 1, n - k - 1, '.', &x))
        return ad_fail(AD_INVALID, "'%s': '%.*s' is not key=number; write NAME:n=200,noise=0.05",
                       spec, (int)n, s);
    int key = 0;
    while (key < 5 && !ds_same_word(s, k, keys[key])) key++;
    if (key == 5)
        return ad_fail(AD_INVALID,
                       "'%s': there is no option '%.*s'; n, t1, noise, seed and series are", spec,
                       (int)k, s);
    int whole = key != 1 && key != 2;
    if (whole && (x < 0 || x > 1e9 || x != floor(x)))
        return ad_fail(AD_INVALID, "'%s': %s must be a whole number from 0 to 1e9", spec,
                       keys[key]);
    switch (key) {
    case 0: o->n = (long)x; break;
    case 1: o->t1 = x; break;
    case 2: o->noise = x; break;
    case 3: o->seed = (uint64_t)x; break;
    default: o->series = (int)x;
    }
    return AD_OK;
}

ad_status ds_make_spec(ds_series_set **out, const char *spec)
{
    ds_make_options o = { 0 };
    char            name[64];
    size_t          n = strcspn(spec, ":");
    *out              = NULL;
    snprintf(name, sizeof name, "%.*s", (int)(n < 63 ? n : 63), spec);
    for (const char *s = spec + n + (spec[n] == ':'); *s;) {
        size_t m = strcspn(s, ",");
        AD_TRY(set_option(&o, spec, s, m));
        s += m + (s[m] == ',');
    }
    return ds_make(out, name, &o);
}
