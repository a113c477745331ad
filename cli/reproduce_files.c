/* reproduce_files.c - the directory of a trial. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/checkpoint.h>

#include "folder.h"
#include "json.h"
#include "reproduce.h"

ad_status repro_path(const repro *r, const char *trial, const char *file, char path[REPRO_PATH])
{
    int n = snprintf(path, REPRO_PATH, "%s%s%s/%s", r->directory, trial ? "/" : "",
                     trial ? trial : "", file);
    return n < REPRO_PATH ? AD_OK : ad_fail(AD_IO, "%.60s...: the path is too long", r->directory);
}

json_t *repro_config(const repro_trial *t)
{
    const repro *r = t->r;
    json_t      *j = json_object();
    json_object_set_new(j, "experiment", json_string(r->e->name));
    json_object_set_new(j, "row", json_string(t->row->name));
    json_object_set_new(j, "title", json_string(t->row->title));
    json_object_set_new(j, "regularizer", json_string(t->regularizer));
    json_object_set_new(j, "coefficient", cli_json_number(t->scale));
    json_object_set_new(j, "precision", json_string(repro_precision(t)));
    json_object_set_new(j, "rtol", cli_json_number(t->rtol));
    json_object_set_new(j, "batch", json_integer(t->batch));
    json_object_set_new(j, "iterations", json_integer(t->iterations));
    json_object_set_new(j, "seed", json_integer(t->seed));
    json_object_set_new(j, "train", json_integer(r->train));
    json_object_set_new(j, "test", json_integer(r->test));
    json_object_set_new(j, "every", json_integer(r->every));
    json_object_set_new(j, "quick", json_boolean(r->quick));
    json_object_set_new(j, "data", json_string(r->e->sets ? r->e->sets[t->set] : r->about_data));
    return j;
}

/* 1 and 1.0 are one number in JSON, not in jansson. */
static int same(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

/* The first key whose values differ. */
static ad_status compare(const char *path, const json_t *there, json_t *here)
{
    const char *key;
    json_t     *value;
    json_object_foreach(here, key, value)
    {
        json_t *old = json_object_get(there, key);
        if (same(old, value)) continue;
        char *was = old ? json_dumps(old, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        char *is  = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        ad_fail(
            AD_INVALID,
            "%s: this trial was begun with \"%s\": %.60s, not %.60s; ask for the same, or choose "
            "another --output",
            path, key, was ? was : "nothing", is ? is : "?");
        free(was);
        free(is);
        return AD_INVALID;
    }
    return AD_OK;
}

ad_status repro_claim(const repro_trial *t)
{
    char      path[REPRO_PATH];
    json_t   *j = repro_config(t), *old = NULL;
    ad_status s = repro_path(t->r, t->name, "config.json", path);
    if (!s && !cli_exists(path))
        s = cli_json_save(j, path);
    else if (!s && !(s = cli_json_load(&old, path)))
        s = compare(path, old, j);
    json_decref(old);
    json_decref(j);
    return s;
}

/* --- the checkpoint ------------------------------------------------------------------------------------------------------ */

enum { COUNTERS = 5 };

static ad_checkpoint checkpoint(repro_trial *t, ad_counter c[COUNTERS])
{
    c[0] = (ad_counter){ "iteration", &t->iteration };
    c[1] = (ad_counter){ "cpu_nanoseconds", &t->cpu };
    c[2] = (ad_counter){ "nanoseconds", &t->wall };
    c[3] = (ad_counter){ "nfe", &t->nfe };
    c[4] = (ad_counter){ "nvjp", &t->nvjp };
    return (ad_checkpoint){ .params    = t->learner->params,
                            .theta     = t->learner->theta,
                            .optim     = t->learner->optim,
                            .ncounters = COUNTERS,
                            .counters  = c };
}

ad_status repro_save(repro_trial *t)
{
    char          path[REPRO_PATH];
    ad_counter    counters[COUNTERS];
    ad_checkpoint c    = checkpoint(t, counters);
    json_t       *j    = repro_config(t);
    char         *text = json_dumps(j, JSON_COMPACT);
    c.config           = text;
    ad_status s        = text ? repro_path(t->r, t->name, "checkpoint.safetensors", path)
                              : ad_fail(AD_NO_MEMORY, "out of memory");
    if (!s) s = ad_checkpoint_save(path, &c);
    free(text);
    json_decref(j);
    return s;
}

ad_status repro_load(repro_trial *t)
{
    char          path[REPRO_PATH];
    ad_counter    counters[COUNTERS];
    ad_checkpoint c = checkpoint(t, counters);
    AD_TRY(repro_path(t->r, t->name, "checkpoint.safetensors", path));
    return cli_exists(path) ? ad_checkpoint_load(path, &c) : AD_OK;
}
