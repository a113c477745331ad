/* The registry of grids, and what is common to them: ends, the final point, the check that it goes from noise to data. */
#include "grid.h"

#include <math.h>
#include <stddef.h>

#include <costate/autodiff/text.h>

#include "grid_make.h"
#include "names.h"

#define DPM_GRID(name) extern const dpm_grid_kind dpm_grid_##name;
#include "grids.def"
#undef DPM_GRID

static const dpm_grid_kind *const kinds[] = {
#define DPM_GRID(name) &dpm_grid_##name,
#include "grids.def"
#undef DPM_GRID
};

enum { KINDS = sizeof kinds / sizeof *kinds };

int dpm_grid_count(void)
{
    return KINDS;
}

const dpm_grid_kind *dpm_grid_row(int i)
{
    return i >= 0 && i < KINDS ? kinds[i] : NULL;
}

const dpm_grid_kind *dpm_grid_find(const char *name)
{
    const char *known[KINDS];
    for (int i = 0; i < KINDS; i++) {
        known[i] = kinds[i]->name;
        if (dpm_name_same(name, known[i]) || dpm_name_among(name, kinds[i]->aliases))
            return kinds[i];
    }
    const char *near = ad_nearest(name, KINDS, known);
    ad_fail(AD_INVALID, "there is no grid '%s'; %s%s%s`costate list grids` names them", name,
            near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    return NULL;
}

/* --- what the kinds share -------------------------------------------------------------------------------------- */

double dpm_grid_part(long i, long n)
{
    return n ? (double)i / (double)n : 0;
}

dpm_point dpm_grid_at_rho(const dpm_schedule *s, double rho)
{
    return dpm_schedule_at_lambda(s, -log(rho));
}

ad_status dpm_grid_needs_steps(const dpm_schedule *s, const char *grid)
{
    if (s->o.train_steps) return AD_OK;
    return ad_fail(AD_INVALID,
                   "the grid '%s' picks steps of a discrete schedule (ddpm, scaled-linear, "
                   "cosine-discrete), but '%s' is continuous; 'time-uniform' is like it",
                   grid, s->kind->name);
}

ad_status dpm_grid_needs_finite(const dpm_schedule *s, const dpm_grid_options *o, const char *grid)
{
    double a = dpm_schedule_at(s, o->t_begin).lambda, b = dpm_schedule_at(s, o->t_end).lambda;
    if (isfinite(a) && isfinite(b)) return AD_OK;
    return ad_fail(
        AD_INVALID,
        "the grid '%s' needs a finite lambda at both ends, but it is %g at t = %g and %g "
        "at t = %g; move that end, or take 'time-uniform'%s",
        grid, a, o->t_begin, b, o->t_end,
        isinf(b) ? "; final_zero (--final zero) adds a last point with sigma = 0" : "");
}

/* --- making ------------------------------------------------------------------------------------------------------ */

static dpm_point zero_point(const dpm_schedule *s)
{
    return dpm_schedule_at(s, dpm_schedule_time(s, INFINITY));
}

static ad_status check(const dpm_schedule *s, const dpm_grid_kind *kind, long steps,
                       const dpm_point *p)
{
    for (long i = 0; i <= steps; i++)
        if (isnan(p[i].lambda))
            return ad_fail(AD_INVALID,
                           "grid '%s': point %ld, t = %g, is no time of the schedule '%s'",
                           kind->name, i, p[i].t, s->kind->name);
    for (long i = 0; i < steps; i++) {
        if (p[i].lambda < p[i + 1].lambda) continue;
        if (p[i].lambda == p[i + 1].lambda)
            return ad_fail(AD_INVALID,
                           "grid '%s': points %ld and %ld of %ld steps coincide, at t = %g and %g, "
                           "lambda = %g; take fewer steps, or another grid",
                           kind->name, i, i + 1, steps, p[i].t, p[i + 1].t, p[i].lambda);
        return ad_fail(AD_INVALID,
                       "grid '%s' must go from noise to data: lambda falls from %g to %g between "
                       "points %ld and %ld, t = %g and %g",
                       kind->name, p[i].lambda, p[i + 1].lambda, i, i + 1, p[i].t, p[i + 1].t);
    }
    return AD_OK;
}

static ad_status resolve(const dpm_schedule *s, const dpm_grid_options *o, dpm_grid_options *r)
{
    *r         = *o;
    r->t_begin = o->t_begin == 0 ? s->o.t_begin : o->t_begin == DPM_ZERO ? 0 : o->t_begin;
    r->t_end   = o->t_end == 0 ? s->o.t_end : o->t_end == DPM_ZERO ? 0 : o->t_end;
    if (o->steps < 1 || o->steps > DPM_STEPS_MOST)
        return ad_fail(AD_INVALID, "a grid of %ld steps; it has 1 to %d", o->steps, DPM_STEPS_MOST);
    if (o->final_zero < 0 || o->final_zero > DPM_FINAL_END)
        return ad_fail(AD_INVALID, "final_zero = %d; it is 0, 1, 2 or 3", o->final_zero);
    if (o->final_zero == DPM_FINAL_APPENDED || o->final_zero == DPM_FINAL_END) r->steps--;
    return AD_OK;
}

ad_status dpm_grid_make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    const dpm_grid_kind *kind = dpm_grid_find(o->name ? o->name : "logsnr");
    if (!kind) return AD_INVALID;
    dpm_grid_options r;
    AD_TRY(resolve(s, o, &r));
    AD_TRY(kind->make(s, &r, point));
    if (o->final_zero == DPM_FINAL_END)
        point[o->steps] = dpm_schedule_at(s, r.t_end);
    else if (o->final_zero)
        point[o->steps] = zero_point(s);
    return check(s, kind, o->steps, point);
}
