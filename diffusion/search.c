/* What both ways of searching share: grids as lambdas, standard grids, candidates. */
#include <math.h>

#include <costate/autodiff/memory.h>

#include "method.h"
#include "search_internal.h"

extern const dpm_method dpm_method_usf;

enum { GRIDS = 4 };
static const char *const standard[GRIDS] = { "logsnr", "time-uniform", "time-quadratic", "karras" };

static double time_of(double given, double own)
{
    return given == 0 ? own : given == DPM_ZERO ? 0 : given;
}

ad_status dpm_axis_make(dpm_axis *a, const dpm_schedule *s, const dpm_grid_options *grid)
{
    *a = (dpm_axis){ .schedule = s,
                     .steps    = grid->steps,
                     .t_begin  = time_of(grid->t_begin, s->o.t_begin),
                     .t_end    = time_of(grid->t_end, s->o.t_end) };
    if (a->steps < 2)
        return ad_fail(AD_INVALID,
                       "a search for %ld step%s: there is nothing between its ends; "
                       "give two steps or more",
                       a->steps, a->steps == 1 ? "" : "s");
    double inside = 1e-3 * (a->t_end - a->t_begin);
    a->lo         = dpm_schedule_at(s, a->t_begin).lambda;
    a->hi         = dpm_schedule_at(s, a->t_end).lambda;
    if (!isfinite(a->lo)) a->lo = dpm_schedule_at(s, a->t_begin + inside).lambda;
    if (!isfinite(a->hi)) a->hi = dpm_schedule_at(s, a->t_end - inside).lambda;
    if (a->lo < a->hi) return AD_OK;
    return ad_fail(AD_INVALID, "%s does not go from noise to data between t = %g and %g",
                   s->kind->name, a->t_begin, a->t_end);
}

void dpm_axis_times(const dpm_axis *a, const double *inner, double *times)
{
    times[0]        = a->t_begin;
    times[a->steps] = a->t_end;
    for (long i = 1; i < a->steps; i++) times[i] = dpm_schedule_time(a->schedule, inner[i - 1]);
}

void dpm_axis_inner(const dpm_axis *a, const double *times, double *inner)
{
    double least = 1e-6 * (a->hi - a->lo) / (double)a->steps;
    for (long i = 1; i < a->steps; i++) {
        double lambda = dpm_schedule_at(a->schedule, times[i]).lambda;
        double lo     = i == 1 ? a->lo : inner[i - 2];
        double hi     = a->hi - least * (double)(a->steps - i);
        inner[i - 1]  = fmin(fmax(lambda, lo + least), hi);
    }
}

double dpm_axis_slope(const dpm_axis *a, double lambda)
{
    double h  = 1e-5 * (a->hi - a->lo);
    double up = fmin(lambda + h, a->hi), down = fmax(lambda - h, a->lo);
    return (dpm_schedule_time(a->schedule, up) - dpm_schedule_time(a->schedule, down)) /
           (up - down);
}

/* --- candidates --------------------------------------------------------------------------------------------------- */

static ad_status copy_text(char **to, const char *from)
{
    *to = from ? ad_strdup(from) : NULL;
    return from && !*to ? AD_NO_MEMORY : AD_OK;
}

static ad_status copy_texts(const dpm_options *base, dpm_found *f)
{
    AD_TRY(copy_text(&f->schedule, base->schedule->kind->name));
    AD_TRY(copy_text(&f->solver_type, base->solver_type));
    AD_TRY(copy_text(&f->singlestep, base->singlestep));
    return copy_text(&f->variant, base->variant);
}

ad_status dpm_search_found(const dpm_options *base, dpm_found **f)
{
    const dpm_method *m = dpm_method_find(base->sampler);
    if (!m) return AD_INVALID;
    AD_TRY(dpm_found_new(f, m->name, base->grid.steps, m == &dpm_method_usf));
    (*f)->order             = base->order;
    (*f)->prediction        = base->prediction;
    (*f)->lower_order_final = base->lower_order_final;
    (*f)->no_corrector      = base->no_corrector;
    ad_status s             = copy_texts(base, *f);
    if (!s) return AD_OK;
    dpm_found_free(*f);
    *f = NULL;
    return s;
}

dpm_options dpm_search_candidate(const dpm_options *base, const dpm_found *f)
{
    dpm_options o = *base;
    dpm_found_options(f, &o);
    return o;
}

/* What `usf` is on a standard grid: the decisions of known samplers, orders falling at the end as they rise at the start. */
static const struct {
    const char  *name;
    dpm_decision d;
} known[] = {
    { "dpmpp-2m", { 2, DPM_X0, DPM_DPMSOLVER, DPM_CORRECTOR_NONE } },
    { "dpmpp-3m", { 3, DPM_X0, DPM_DPMSOLVER, DPM_CORRECTOR_NONE } },
    { "dpm-2m", { 2, DPM_EPSILON, DPM_DPMSOLVER, DPM_CORRECTOR_NONE } },
    { "dpm-3m", { 3, DPM_EPSILON, DPM_DPMSOLVER, DPM_CORRECTOR_NONE } },
    { "unipc", { 2, DPM_X0, DPM_BH2, DPM_CORRECTOR_PSEUDO } },
};

static void known_decisions(dpm_found *f, int which)
{
    for (long i = 0; i < f->steps; i++) {
        dpm_decision d = known[which].d;
        if (d.order > i + 1) d.order = (int)i + 1;
        if (d.order > f->steps - i) d.order = (int)(f->steps - i);
        if (i == f->steps - 1) d.corrector = DPM_CORRECTOR_NONE;
        f->decision[i] = d;
    }
}

static ad_status grid_times(const dpm_options *base, const char *name, double *times)
{
    long       steps = base->grid.steps;
    dpm_point *point = ad_alloc((size_t)(steps + 1) * sizeof *point);
    if (!point) return AD_NO_MEMORY;
    dpm_grid_options o = {
        .name = name, .steps = steps, .t_begin = base->grid.t_begin, .t_end = base->grid.t_end
    };
    ad_status s = dpm_grid_make(base->schedule, &o, point);
    for (long i = 0; !s && i <= steps; i++) times[i] = point[i].t;
    ad_free(point);
    return s;
}

const char *dpm_standard_grid(int i)
{
    return i >= 0 && i < GRIDS ? standard[i] : NULL;
}

int dpm_standards(const dpm_options *base)
{
    int usf = dpm_method_find(base->sampler) == &dpm_method_usf;
    return GRIDS * (usf ? (int)(sizeof known / sizeof *known) : 1);
}

ad_status dpm_standard(const dpm_options *base, int i, dpm_found **f)
{
    AD_TRY(dpm_search_found(base, f));
    if ((*f)->decision) {
        known_decisions(*f, i / GRIDS);
        (*f)->note = ad_strdup(known[i / GRIDS].name);
    }
    ad_status s = (*f)->decision && !(*f)->note ? AD_NO_MEMORY : AD_OK;
    if (!s) s = grid_times(base, standard[i % GRIDS], (*f)->times);
    if (!s) return AD_OK;
    dpm_found_free(*f);
    *f = NULL;
    return s;
}
