#include <string.h>

#include <costate/autodiff/memory.h>

#include "adjoint_tasks.h"
#include "interrupt.h"

const adjoint_way adjoint_ways[ADJOINT_WAYS] = {
    { "exact", "exact", DPM_ADJOINT_POINTS, NULL },
    { "euler", "continuous, Euler", DPM_ADJOINT_CONTINUOUS, &nde_euler },
    { "rk4", "continuous, rk4", DPM_ADJOINT_CONTINUOUS, &nde_rk4 },
};

static ad_status room(ad_arena *arena, const mdl_tune *t, long dim, adjoint_outcome *o)
{
    size_t n      = (size_t)(mdl_tune_size(t) * dim) * sizeof(double);
    o->before     = ad_arena_alloc(arena, n);
    o->after      = ad_arena_alloc(arena, n);
    o->evaluation = ad_arena_alloc(arena, ADJOINT_MOST * sizeof(double));
    o->loss       = ad_arena_alloc(arena, ADJOINT_MOST * sizeof(double));
    o->tuned      = ad_arena_alloc(arena, (size_t)mdl_tune_learner(t)->count * sizeof(double));
    return o->before && o->after && o->evaluation && o->loss && o->tuned ? AD_OK : AD_NO_MEMORY;
}

/* Steps until the evaluations of `iterations` exact steps are spent: an exact one evaluates the model twice and pulls back once. */
static ad_status steps(mdl_tune *t, const adjoint_task *task, adjoint_outcome *o)
{
    long budget = 3 * task->iterations * task->o.sampler.grid.steps;
    while (o->evaluations < budget && o->steps < ADJOINT_MOST - 1) {
        mdl_tune_step s;
        if (cli_interrupted()) return ad_fail(AD_CANCELLED, "interrupted");
        AD_TRY(mdl_tune_run(t, &s));
        o->evaluation[o->steps] = 1e-3 * (double)o->evaluations;
        o->loss[o->steps++]     = s.loss;
        o->evaluations += s.nfe + s.again + s.nvjp;
        o->seconds += s.seconds;
    }
    return AD_OK;
}

static ad_status go(mdl_tune *t, const adjoint_task *task, long dim, ad_arena *arena,
                    adjoint_outcome *o)
{
    const mdl_learner *l = mdl_tune_learner(t);
    AD_TRY(room(arena, t, dim, o));
    AD_TRY(mdl_tune_samples(t, o->before, &o->first));
    AD_TRY(steps(t, task, o));
    AD_TRY(mdl_tune_samples(t, o->after, &o->last));
    o->evaluation[o->steps] = 1e-3 * (double)o->evaluations;
    o->loss[o->steps]       = o->last;
    o->moved                = mdl_tune_moved(t);
    memcpy(o->tuned, l->theta, (size_t)l->count * ad_type_size(l->type));
    return AD_OK;
}

ad_status adjoint_run(const mdl_denoiser *d, const adjoint_task *task, const adjoint_way *way,
                      ad_arena *arena, adjoint_outcome *out)
{
    mdl_tune_options o   = task->o;
    mdl_target       aim = task->target;
    mdl_tune        *t;
    *out                 = (adjoint_outcome){ 0 };
    o.sampler.adjoint    = way->adjoint;
    o.sampler.continuous = way->method;
    AD_TRY(mdl_tune_new(&t, d, &o, task->loss, &aim));
    ad_status s = go(t, task, d->model.dim, arena, out);
    mdl_tune_free(t);
    return s;
}
