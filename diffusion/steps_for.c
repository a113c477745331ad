/* How many steps make a number of evaluations. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "sampler.h"

/* Evaluations of so many steps; -1: so many cannot be taken. */
static ad_status evaluations(const dpm_method *m, const dpm_options *o, long steps, long *nfe)
{
    dpm_model    model = { .dim = 1, .prediction = DPM_EPSILON, .type = AD_F64, .name = "model" };
    dpm_options  with  = *o;
    dpm_program *p     = NULL;
    dpm_point   *point = ad_alloc((size_t)(steps + 1) * sizeof *point);
    if (!point) return AD_NO_MEMORY;
    with.grid.steps = steps;
    ad_status s = steps < m->min_steps ? AD_INVALID : dpm_grid_make(o->schedule, &with.grid, point);
    if (!s) s = dpm_build_program(&p, m, &with, &model, steps, point, NULL);
    *nfe = s ? -1 : p->places;
    dpm_program_free(p);
    ad_free(point);
    return s == AD_NO_MEMORY ? s : AD_OK;
}

ad_status dpm_steps_for(const dpm_options *o, long nfe, long *steps)
{
    const dpm_method *m = dpm_method_find(o->sampler ? o->sampler : "dpmpp-2m");
    *steps              = 0;
    if (!m) return AD_INVALID;
    if (m->flags & DPM_LIVE || !m->make)
        return ad_fail(AD_UNSUPPORTED, "sampler %s: its evaluations are known only when it has run",
                       m->name);
    if (!o->schedule) return ad_fail(AD_INVALID, "sampler %s: no noise schedule is given", m->name);
    const dpm_grid_kind *grid = dpm_grid_find(o->grid.name ? o->grid.name : "logsnr");
    if (!grid) return AD_INVALID;
    if (!strcmp(grid->name, "list") || !strcmp(grid->name, "sigmas"))
        return ad_fail(AD_INVALID,
                       "the grid '%s' has as many steps as are given; a number of evaluations is "
                       "for grids that are made for any number of steps",
                       grid->name);
    for (long k = nfe < DPM_STEPS_MOST ? nfe : DPM_STEPS_MOST; k >= 1; k--) {
        long all;
        AD_TRY(evaluations(m, o, k, &all));
        if (all < 0 || all > nfe) continue;
        *steps = k;
        break;
    }
    return AD_OK;
}
