/* problems.h - small fields and one way to solve them, for the tests of the solve loops. */
#ifndef COSTATE_TESTS_NDE_PROBLEMS_H
#define COSTATE_TESTS_NDE_PROBLEMS_H

#include <criterion/criterion.h>

#include <costate/autodiff/layers.h>
#include <costate/nde/ode.h>

#include "../support.h"

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

/* y' = -y */
static inline ad_var decay(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_neg(at->y);
}

/* x' = v, v' = -x: (cos, -sin) from (1, 0) */
static inline ad_var circle(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var x = ad_slice(at->y, 1, 0, 1), v = ad_slice(at->y, 1, 1, 2);
    return ad_concat(2, (ad_var[]){ v, ad_neg(x) }, 1);
}

static inline int circle_plain(double t, long n, const void *y_, void *dy_, void *ctx)
{
    const double *y  = y_;
    double       *dy = dy_;
    (void)t, (void)ctx;
    for (long i = 0; i < n; i++) dy[2 * i] = y[2 * i + 1], dy[2 * i + 1] = -y[2 * i];
    return 0;
}

/* y' = y^2: 1 / (1 - t) from 1, which blows up at t = 1 */
static inline ad_var explosive(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_square(at->y);
}

/* y' = 1 before t = 1, -1 from there on */
static inline ad_var jump(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var one = ad_const(at->g, AD_F64, 1);
    return ad_cast(ad_where(ad_lt(at->t, one), one, ad_neg(one)), at->type);
}

static inline nde_solver *solver_of(const nde_ode *ode, const nde_options *o, long capacity)
{
    nde_solver *s = NULL;
    ok(nde_solver_new(&s, ode, o, capacity));
    return s;
}

/* One sample from y0 at the times; y: [times][dim]. The solver's statistics. */
static inline nde_stats solve_once(const nde_ode *ode, const nde_options *o, int times,
                                   const double *t, const void *y0, void *y, ad_status *status)
{
    nde_solver *s     = solver_of(ode, o, 1);
    ad_status   e     = nde_solve(s,
                                  &(nde_solve_args){ .n = 1, .times = times, .t = t, .y0 = y0, .y = y });
    nde_stats   stats = *nde_solver_stats(s);
    nde_solver_free(s);
    if (status)
        *status = e;
    else
        cr_assert_eq(e, AD_OK, "%s", ad_message());
    return stats;
}

#endif
