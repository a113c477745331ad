/* dpm-2s, dpm-3s, dpmpp-2s, dpmpp-3s: DPM-Solver and DPM-Solver++ with stages inside each step.

   `steps` counts evaluations (Lu et al. 2022, section 3.4 and appendix C.3; their code's `singlestep`):
       fast     steps of full order p, and lower ones at the end so that the orders sum to it; p = 3: 3 .. 3 2 1, 3 .. 3 1, 3 .. 3 2
       fixed    floor(steps / p) steps of order p                                                                       (1)
   Where they begin and end. Fixed steps lie on the same grid made for their number, fast ones do on the logSNR grid, and on others
   end where as many steps of the grid do as the order says. Times that are not the named grid's own are never replaced: every p-th
   of them is taken. Stages lie at r = 1/2, or 1/3 and 2/3, of a step in lambda, but on the time grids (uniform in t, or in sqrt t)
   where those fractions of the step in t (sqrt t) lie. In a run's path the grid's points inside a step hold the state at its end. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "dpm_solver.h"

/* (1): order of step k of *count. */
static int order_of(int fast, int p, long evaluations, long k, long *count)
{
    long rest = evaluations % p;
    *count    = evaluations / p;
    if (!fast) return p;
    if (p == 2) {
        *count += rest;
        return k == *count - 1 && rest ? 1 : 2;
    }
    *count += 1;
    if (k == *count - 1) return rest ? (int)rest : 1;
    return k == *count - 2 && !rest ? 2 : 3;
}

/* The grid between the run's ends for another number of steps, in the direction of the run. */
static ad_status remake(const dpm_build *b, long steps, dpm_point *point)
{
    dpm_grid_options o     = b->o->grid;
    const dpm_point *first = b->point, *last = &b->point[b->steps];
    o.steps = steps;
    if (!o.final_zero) {
        const dpm_point *noise = b->o->invert ? last : first, *data = b->o->invert ? first : last;
        o.t_begin = noise->t == 0 ? DPM_ZERO : noise->t;
        o.t_end   = data->t == 0 ? DPM_ZERO : data->t;
    }
    AD_TRY(dpm_grid_make(b->schedule, &o, point));
    for (long i = 0; b->o->invert && i < steps - i; i++) {
        dpm_point swap   = point[i];
        point[i]         = point[steps - i];
        point[steps - i] = swap;
    }
    point[0]     = *first;
    point[steps] = *last;
    return AD_OK;
}

/* Are the run's times those that the named grid makes? They differ where they were set, or found by a search; by less than a
   hundredth of a step they may, for difference quotients. */
static int own_grid(const dpm_build *b, dpm_point *room)
{
    const char *name = b->o->grid.name;
    if (dpm_is(name, "", "list") || dpm_is(name, "", "sigmas") || b->o->inpaint) return 0;
    if (remake(b, b->steps, room)) return 0;
    for (long i = 0; i < b->steps; i++)
        if (!(fabs(b->point[i].t - room[i].t) <= 0.01 * fabs(room[i + 1].t - room[i].t))) return 0;
    return 1;
}

/* Points of the steps; room is for b->steps + 1. */
static long place(const dpm_build *b, int fast, dpm_point *point)
{
    long n = b->steps, steps, end = 0;
    order_of(fast, b->order, n, 0, &steps);
    int logsnr = dpm_is(b->o->grid.name, "logsnr", "logsnr");
    if ((!fast || logsnr) && own_grid(b, point) && !remake(b, steps, point)) return steps;
    for (long k = 0, count; k < steps; k++) {
        end += order_of(fast, b->order, n, k, &count);
        point[k + 1] = b->point[k == steps - 1 ? n : end];
    }
    point[0] = b->point[0];
    return steps;
}

/* Where fraction r of the step lies in lambda. */
static double fraction(const dpm_build *b, const dpm_point *s, const dpm_point *t, double r)
{
    const char *grid = b->o->grid.name;
    double      time;
    if (dpm_is(grid, "", "time-uniform"))
        time = s->t + r * (t->t - s->t);
    else if (dpm_is(grid, "", "time-quadratic"))
        time = pow(sqrt(s->t) + r * (sqrt(t->t) - sqrt(s->t)), 2);
    else
        return r;
    return (dpm_schedule_at(b->schedule, time).lambda - s->lambda) / (t->lambda - s->lambda);
}

static void run(dpm_build *b, long steps, const dpm_point *point, int fast, int relaxed)
{
    dpm_slot x = b->x;
    for (long k = 0, i = 0, end = 0, count; k < steps; k++) {
        const dpm_point *s = &point[k], *t = s + 1;
        int              order = order_of(fast, b->order, b->steps, k, &count);
        dpm_single       one   = { .form    = b->form,
                                   .relaxed = relaxed,
                                   .s       = s,
                                   .t       = t,
                                   .x       = x,
                                   .r1      = fraction(b, s, t, 1.0 / order),
                                   .r2      = fraction(b, s, t, 2.0 / order),
                                   .m       = { -1, -1, -1 } };
        x                      = dpm_single_step(b, &one, order);
        end += order;
        for (long last = k == steps - 1 ? b->steps : end; i < last; i++) x = dpm_step(b, i, x);
    }
    dpm_result(b, x);
}

static void make(dpm_build *b)
{
    const char *rule    = b->o->singlestep;
    int         relaxed = dpm_family_options(b, "dpmsolver"), fast = dpm_is(rule, "fast", "fast");
    if (!fast && !dpm_is(rule, "", "fixed"))
        dpm_build_fail(b, AD_INVALID, "%s: there is no rule '%s' of steps; it is 'fast' or 'fixed'",
                       b->method->name, rule);
    if (!fast && b->steps < b->order)
        dpm_build_fail(b, AD_INVALID,
                       "%s with fixed steps needs %d evaluations for one of them, and has %ld",
                       b->method->name, b->order, b->steps);
    if (dpm_build_failed(b)) return;
    dpm_point *point = ad_alloc(sizeof *point * (size_t)(b->steps + 1));
    if (point)
        run(b, place(b, fast, point), point, fast, relaxed);
    else
        dpm_build_fail(b, AD_NO_MEMORY, "no memory for the points of %ld steps", b->steps);
    ad_free(point);
}

#define TAKES "solver-type singlestep invert"

const dpm_method dpm_method_dpm_2s = {
    .name       = "dpm-2s",
    .about      = "DPM-Solver of order 2 from the noise, a stage in each step",
    .cite       = "Lu et al. 2022, algorithm 1",
    .aliases    = "dpm-solver-2s dpm-solver-2",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO | DPM_FORM,
    .takes      = TAKES,
    .make       = make,
};

const dpm_method dpm_method_dpm_3s = {
    .name       = "dpm-3s",
    .about      = "DPM-Solver of order 3 from the noise, two stages in each step",
    .cite       = "Lu et al. 2022, algorithm 2",
    .aliases    = "dpm-solver-3s dpm-solver-3 dpm-fast sample_dpm_fast k_dpm_fast dpm_fast",
    .order      = 3,
    .true_order = 3,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO | DPM_FORM,
    .takes      = TAKES,
    .make       = make,
};

const dpm_method dpm_method_dpmpp_2s = {
    .name       = "dpmpp-2s",
    .about      = "DPM-Solver++ of order 2 from the data, a stage in each step",
    .cite       = "Lu et al. 2022b, algorithm 1",
    .aliases    = "dpm-solver++-2s DPMSolverSinglestepScheduler dpm++-2s",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_X0,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM,
    .takes      = TAKES,
    .make       = make,
};

const dpm_method dpm_method_dpmpp_3s = {
    .name       = "dpmpp-3s",
    .about      = "DPM-Solver++ of order 3 from the data, two stages in each step",
    .cite       = "Lu et al. 2022b, section 3 and their code",
    .aliases    = "dpm-solver++-3s dpm++-3s",
    .order      = 3,
    .true_order = 3,
    .form       = DPM_X0,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM,
    .takes      = TAKES,
    .make       = make,
};
