/* tune_files.c - what tuning leaves: samples before and after, what was tuned, tune.json. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/datasets/npy.h>

#include "json.h"
#include "run_files.h"
#include "tune.h"

static ad_status array(const tune *t, const char *name, long n, const double *x)
{
    long dim[DS_NPY_RANK] = { n };
    int  rank             = 1;
    char path[RUN_PATH];
    AD_TRY(run_path(t->directory, name, path));
    for (int i = 0; i < t->s.model->rank; i++) dim[rank++] = t->s.model->shape[i];
    return ds_npy_write(path, rank, dim, x);
}

/* What the learner holds as float64. */
static ad_status learned(const tune *t, const char *name, int rank, const long dim[])
{
    const mdl_learner *l = mdl_tune_learner(t->tuner);
    char               path[RUN_PATH];
    double            *x = ad_arena_alloc(t->s.arena, (size_t)l->count * sizeof *x);
    if (!x) return AD_NO_MEMORY;
    for (long i = 0; i < l->count; i++) x[i] = ad_get(l->type, l->theta, i);
    AD_TRY(run_path(t->directory, name, path));
    return ds_npy_write(path, rank, dim, x);
}

/* Noise is a start for `costate sample --start`, weights are a run of their own. */
static ad_status tuned(tune *t)
{
    const mdl_learner *l     = mdl_tune_learner(t->tuner);
    mdl_denoiser      *d     = t->s.model;
    const long         n     = mdl_tune_size(t->tuner);
    long               dim[] = { n, t->s.dim };
    if (t->o.of == MDL_TUNE_NOISE) return learned(t, "noise.npy", 2, dim);
    if (t->o.of == MDL_TUNE_CONDITION) return learned(t, "condition.npy", 1, &d->embedding);
    memcpy(d->theta, l->theta, (size_t)l->count * ad_type_size(l->type));
    return mdl_denoiser_save(d, t->directory);
}

static json_t *object(const tune *t)
{
    const mdl_tune_options *o = &t->o;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:f, s:o, s:s}", "model",
        t->s.model->path, "of", mdl_tune_name(o->of), "loss", t->loss_name, "sampler",
        o->sampler.sampler ? o->sampler.sampler : "dpmpp-2m", "adjoint",
        dpm_adjoint_name((int)o->sampler.adjoint), "steps", (json_int_t)o->sampler.grid.steps,
        "samples", (json_int_t)mdl_tune_size(t->tuner), "iterations", (json_int_t)t->done,
        "loss_before", cli_json_number(t->loss_at[0]), "loss_after",
        cli_json_number(t->loss_at[t->done]), "nfe", (json_int_t)t->nfe, "nfe_again",
        (json_int_t)t->again, "nvjp", (json_int_t)t->nvjp, "seconds", t->seconds, "moved",
        cli_json_number(mdl_tune_moved(t->tuner)), "directory", t->directory);
}

ad_status tune_files(tune *t)
{
    char path[RUN_PATH];
    AD_TRY(array(t, "before.npy", mdl_tune_size(t->tuner), t->before));
    AD_TRY(array(t, "after.npy", mdl_tune_size(t->tuner), t->after));
    AD_TRY(tuned(t));
    AD_TRY(run_path(t->directory, "tune.json", path));
    json_t   *j = object(t);
    ad_status e = j ? cli_json_save(j, path) : ad_fail(AD_NO_MEMORY, "out of memory");
    json_decref(j);
    return e;
}

ad_status tune_json(const tune *t)
{
    json_t   *j = object(t);
    ad_status e = j ? cli_json_print(j, stdout) : ad_fail(AD_NO_MEMORY, "out of memory");
    json_decref(j);
    return e;
}
