/* search_find.c - the search: teachers, evolution, descent. */
#include <math.h>
#include <string.h>

#include "search.h"

enum { HELD_OUT = 1 << 20 };

/* Two fifths of the budget look around, the others go downhill from the best. */
ad_status search_find(const search_task *t, dpm_teacher *train, dpm_found **f,
                      dpm_search_stats *stats)
{
    dpm_found         *start = NULL;
    dpm_search_stats   first = { 0 };
    dpm_search_options o     = { .base               = &t->base,
                                 .from               = t->from,
                                 .fixed_coefficients = t->fixed_coefficients,
                                 .budget             = t->budget,
                                 .seed               = t->seed,
                                 .watch              = t->watch,
                                 .watch_ctx          = t->watch_ctx };
    *f                       = NULL;
    if (t->way == SEARCH_BOTH) o.budget = t->budget * 2 / 5;
    if (t->way != SEARCH_GRADIENT) {
        ad_status s = dpm_search_evolution(&o, dpm_teacher_objective, train, f, stats);
        if (s || t->way == SEARCH_EVOLUTION) return s;
        start  = *f;
        first  = *stats;
        o.from = start;
    }
    o.budget    = t->budget - first.evaluations;
    *f          = NULL;
    ad_status s = dpm_search_gradient(&o, train, f, stats);
    stats->evaluations += first.evaluations;
    if (!*f) {
        *f    = start;
        start = NULL;
    }
    dpm_found_free(start);
    return s;
}

/* Classes in turn, where the network knows any. */
static ad_status condition(search *s, long n, void **room)
{
    long classes = s->model->classes, width = s->model->embedding;
    *room = NULL;
    if (!classes) return AD_OK;
    double *c = ad_arena_alloc(s->arena, (size_t)(n * width) * sizeof *c);
    if (!c) return AD_NO_MEMORY;
    for (long i = 0; i < n; i++) AD_TRY(mdl_denoiser_embed(s->model, i % classes, c + i * width));
    *room = c;
    return AD_OK;
}

ad_status search_teachers(search *s)
{
    long n[2]              = { s->points, s->held_out };
    s->model->model.guided = s->guidance != 0;
    for (int i = 0; i < 2; i++) {
        AD_TRY(condition(s, n[i], &s->condition[i]));
        dpm_teacher_options o = { .model    = &s->model->model,
                                  .schedule = s->task.base.schedule,
                                  .t_begin  = s->task.base.grid.t_begin,
                                  .t_end    = s->task.base.grid.t_end,
                                  .theta    = s->model->theta,
                                  .args     = (const void *const *)&s->condition[i],
                                  .guidance = s->guidance,
                                  .n        = n[i],
                                  .seed     = s->task.seed,
                                  .first    = i ? HELD_OUT : 0,
                                  .mixture  = s->model->mixture,
                                  .steps    = cli_integer(s->args, "teacher-steps") };
        AD_TRY(dpm_teacher_new(&s->teacher[i], &o));
    }
    return AD_OK;
}
