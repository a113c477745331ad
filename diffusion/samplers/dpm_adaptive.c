/* dpm-adaptive-12, dpm-adaptive-23 and dpmpp-adaptive-12, dpmpp-adaptive-23: steps in lambda by an embedded pair.

   Orders 1 and 2 (r1 = 1/2) or 2 and 3 (r1 = 1/3, r2 = 2/3) share their evaluations, and
       E = max over samples of rms((x_high - x_low) / max(atol, rtol max(|x_low|, |x_before|)))                          (1)
   accepts x_high when E <= 1; then, or again, h = min(0.9 h E^{-1/p}, what is left), p the higher order; it begins with 0.05
   (Lu et al. 2022, algorithm 3 and appendix C.4; x_before is the last accepted x_low, as in their code). The grid's ends count, its
   number of steps does not. One step serves the whole batch. */
#include <math.h>

#include "dpm_solver.h"

enum { MOST_TRIES = 10000 };

static double at(const dpm_build *b, const void *v, long i)
{
    return ad_get(b->model->type, v, i);
}

/* (1); NaN counts as infinite. */
static double error(const dpm_build *b, const void *high, const void *low, const void *before)
{
    double rtol = dpm_or(b->o->rtol, 0.05), atol = dpm_or(b->o->atol, 0.0078), worst = 0;
    for (long i = 0, k = 0; i < dpm_look_rows(b); i++) {
        double sum = 0;
        for (long d = 0; d < b->dim; d++, k++) {
            double l     = at(b, low, k);
            double scale = fmax(atol, rtol * fmax(fabs(l), fabs(at(b, before, k))));
            double e     = (at(b, high, k) - l) / scale;
            sum += e * e;
        }
        double rms = sqrt(sum / (double)b->dim);
        if (!(rms <= worst)) worst = isnan(rms) ? INFINITY : rms;
    }
    return worst;
}

static void check(dpm_build *b)
{
    double from = b->point[0].lambda, to = b->point[b->steps].lambda;
    if (isinf(from) || isinf(to) || to < from)
        dpm_build_fail(b, AD_INVALID,
                       "%s steps in lambda, which must grow from one finite value to another; it "
                       "goes from %g to %g",
                       b->method->name, from, to);
    if (b->o->inpaint)
        dpm_build_fail(b, AD_UNSUPPORTED,
                       "%s does not stop at the grid's points, where inpainting puts in what is "
                       "known; take a sampler with fixed steps",
                       b->method->name);
}

/* Tries the step that is set up; *low and *high are its states, E of them is returned. */
static double attempt(dpm_build *b, dpm_single *one, dpm_slot before, dpm_slot *low, dpm_slot *high)
{
    *low          = dpm_single_step(b, one, b->order - 1);
    *high         = dpm_single_step(b, one, b->order);
    const void *l = dpm_look(b, *low), *h = dpm_look(b, *high), *x = dpm_look(b, before);
    return l && h && x ? error(b, h, l, x) : INFINITY;
}

static void make(dpm_build *b)
{
    int        relaxed = dpm_family_options(b, "dpmsolver"), order = b->order;
    dpm_point  s = b->point[0], end = b->point[b->steps], t;
    dpm_slot   before = b->x, low, high;
    double     h      = 0.05;
    long       i      = 0;
    dpm_single one = { b->form, relaxed, &s, &t, b->x, 1.0 / order, 2.0 / order, { -1, -1, -1 } };
    check(b);
    for (long tries = 0; s.lambda < end.lambda && !dpm_build_failed(b); tries++) {
        double left = end.lambda - s.lambda;
        t           = h >= left ? end : dpm_schedule_at_lambda(b->schedule, s.lambda + h);
        one.m[1] = one.m[2] = -1; /* m[0] stays when a step is tried again */
        double E            = attempt(b, &one, before, &low, &high);
        if (E <= 1) {
            before   = low;
            s        = t;
            one.x    = high;
            one.m[0] = -1;
            for (; i < b->steps && b->point[i + 1].lambda <= s.lambda; i++) dpm_step(b, i, high);
        }
        h = fmin(0.9 * h * pow(fmax(E, 1e-12), -1.0 / order), end.lambda - s.lambda);
        if (s.lambda < end.lambda && (tries == MOST_TRIES || !(s.lambda + h > s.lambda)))
            dpm_build_fail(b, AD_STEP_UNDERFLOW,
                           "%s: after %ld tries the step in lambda is %g, at t = %g, and its error "
                           "%g times what rtol and atol allow",
                           b->method->name, tries + 1, h, s.t, E);
    }
    dpm_result(b, one.x);
}

#define TAKES "solver-type rtol atol"

const dpm_method dpm_method_dpm_adaptive_12 = {
    .name    = "dpm-adaptive-12",
    .about   = "DPM-Solver, steps by the difference of orders 1 and 2",
    .cite    = "Lu et al. 2022, algorithm 3",
    .aliases = "dpm-solver-12",
    .order   = 2,
    .form    = DPM_EPSILON,
    .flags   = DPM_LIVE,
    .takes   = TAKES,
    .make    = make,
};

const dpm_method dpm_method_dpm_adaptive_23 = {
    .name    = "dpm-adaptive-23",
    .about   = "DPM-Solver, steps by the difference of orders 2 and 3",
    .cite    = "Lu et al. 2022, algorithm 3",
    .aliases = "dpm-solver-23 dpm-adaptive sample_dpm_adaptive k_dpm_ad",
    .order   = 3,
    .form    = DPM_EPSILON,
    .flags   = DPM_LIVE,
    .takes   = TAKES,
    .make    = make,
};

const dpm_method dpm_method_dpmpp_adaptive_12 = {
    .name    = "dpmpp-adaptive-12",
    .about   = "DPM-Solver++, steps by the difference of orders 1 and 2",
    .cite    = "Lu et al. 2022b; their code",
    .aliases = "",
    .order   = 2,
    .form    = DPM_X0,
    .flags   = DPM_LIVE,
    .takes   = TAKES,
    .make    = make,
};

const dpm_method dpm_method_dpmpp_adaptive_23 = {
    .name    = "dpmpp-adaptive-23",
    .about   = "DPM-Solver++, steps by the difference of orders 2 and 3",
    .cite    = "Lu et al. 2022b; their code",
    .aliases = "dpmpp-adaptive",
    .order   = 3,
    .form    = DPM_X0,
    .flags   = DPM_LIVE,
    .takes   = TAKES,
    .make    = make,
};
