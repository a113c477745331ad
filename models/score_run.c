/* score_run.c - settings of a score's run as what they mean, and config.json. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/models/score_task.h>

#include "score_internal.h"

enum { MOST = 100000000, PATH = 4096 };

ad_status mdl_score_schedule(const mdl_score_config *c, dpm_schedule **out)
{
    return dpm_schedule_new(out, &(dpm_schedule_options){ .name      = c->noise,
                                                          .beta_min  = c->beta_min,
                                                          .beta_max  = c->beta_max,
                                                          .sigma_min = c->sigma_min,
                                                          .sigma_max = c->sigma_max,
                                                          .shift     = c->shift,
                                                          .t_end     = c->t_end });
}

static double or_none(double x)
{
    return x == 0 ? DPM_ZERO : x;
}

ad_status mdl_score_options_of(const mdl_score_config *c, mdl_scorer_options *o)
{
    *o      = (mdl_scorer_options){ .hidden          = c->hidden,
                                    .depth           = c->depth,
                                    .embedding       = c->embedding,
                                    .activation      = c->activation,
                                    .levels          = c->levels,
                                    .level_mean      = c->level_mean,
                                    .level_deviation = c->level_deviation,
                                    .scattered       = c->scattered,
                                    .weighting       = c->weighting,
                                    .dropout         = or_none(c->dropout),
                                    .average         = or_none(c->average),
                                    .fokker_planck   = c->fokker_planck,
                                    .batch           = c->samples.batch };
    o->type = strcmp(c->samples.precision, "float64") ? AD_F32 : AD_F64;
    AD_TRY(mdl_scorer_choices(o, &(int){ 0 }, &(int){ 0 }));
    return dpm_prediction_parse(c->prediction, &o->prediction);
}

int mdl_score_extra(long dim, double *scale, double *shift, ad_tensor extra[2])
{
    extra[0] = (ad_tensor){ "scale", AD_TENSOR_F64, 1, { dim }, scale };
    extra[1] = (ad_tensor){ "shift", AD_TENSOR_F64, 1, { dim }, shift };
    return 2;
}

/* --- config.json ------------------------------------------------------------------------------------------------------ */

json_t *mdl_score_json(const mdl_score_config *c, const mdl_score_facts *f)
{
    json_t *shape = json_array();
    for (int i = 0; i < f->rank; i++) json_array_append_new(shape, json_integer(f->shape[i]));
    json_t *j = mdl_run_settings_json(&mdl_score_settings, c, 1, (mdl_fact[]){ { "dim", f->dim } });
    int     bad = json_object_set_new(j, "shape", shape);
    bad |= json_object_set_new(j, "classes", json_integer(f->classes));
    bad |= json_object_set_new(j, "sigma_data", json_real(f->sigma_data));
    if (json_is_array(f->class_names)) bad |= json_object_set(j, "class_names", f->class_names);
    if (!bad) return j;
    json_decref(j);
    ad_fail(AD_NO_MEMORY, "no memory for config.json");
    return NULL;
}

static ad_status read_shape(const json_t *shape, mdl_score_facts *f)
{
    long count = 1;
    f->rank    = (int)json_array_size(shape);
    if (f->rank < 1 || f->rank > DS_SAMPLE_RANK)
        return ad_fail(AD_BAD_FILE, "\"shape\" is missing or not what it should be");
    for (int i = 0; i < f->rank; i++) {
        json_int_t k = json_integer_value(json_array_get(shape, (size_t)i));
        if (k < 1 || k > MOST / count)
            return ad_fail(AD_BAD_FILE, "\"shape\": an extent of %lld", (long long)k);
        f->shape[i] = (long)k;
        count *= (long)k;
    }
    if (count == f->dim) return AD_OK;
    return ad_fail(AD_BAD_FILE, "\"shape\" has %ld numbers, \"dim\" says %ld", count, f->dim);
}

/* As many words as there are classes, or none. */
static json_t *read_names(json_t *names, long classes)
{
    if (!json_is_array(names) || (long)json_array_size(names) != classes) return NULL;
    for (long k = 0; k < classes; k++)
        if (!json_is_string(json_array_get(names, (size_t)k))) return NULL;
    return json_incref(names);
}

static ad_status read_facts(const char *directory, mdl_score_facts *f)
{
    json_t *j;
    AD_TRY(mdl_run_json(&j, directory, mdl_score_settings.model));
    const json_t *classes = json_object_get(j, "classes");
    ad_status     s       = read_shape(json_object_get(j, "shape"), f);
    f->classes            = (long)json_integer_value(classes);
    f->sigma_data         = json_number_value(json_object_get(j, "sigma_data"));
    if (!s && (!json_is_integer(classes) || f->classes < 0 || f->classes > 1000000))
        s = ad_fail(AD_BAD_FILE, "\"classes\" is missing or not what it should be");
    if (!s && !(f->sigma_data > 0 && f->sigma_data < INFINITY))
        s = ad_fail(AD_BAD_FILE, "\"sigma_data\" is missing or no positive number");
    f->class_names = s ? NULL : read_names(json_object_get(j, "class_names"), f->classes);
    json_decref(j);
    return s ? ad_fail_at(s, "%s/config.json: ", directory) : AD_OK;
}

ad_status mdl_score_read_json(const char *directory, mdl_score_config **c, mdl_score_facts *f)
{
    mdl_fact dim[] = { { "dim", 0 } };
    void    *config;
    *c = NULL;
    AD_TRY(mdl_run_settings(&mdl_score_settings, directory, &config, 1, dim));
    f->dim      = dim[0].value;
    ad_status s = read_facts(directory, f);
    if (s)
        mdl_settings_free(config);
    else
        *c = config;
    return s;
}
