/* consumer.c - y' = -y from 0 to 1, as a stranger would write it; compiles as C11 and as C++11. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/costate.h>

static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_neg(at->y);
}

int main(void)
{
    const double   t[2]  = { 0, 1 };
    const double   y0[1] = { 1 };
    double         y[2]  = { 0, 0 };
    nde_ode        ode;
    nde_options    options;
    nde_solve_args args;
    nde_solver    *solver = NULL;
    memset(&ode, 0, sizeof ode);
    memset(&options, 0, sizeof options);
    memset(&args, 0, sizeof args);
    ode.field    = field;
    ode.dim      = 1;
    options.rtol = options.atol = 1e-9;
    args.n                      = 1;
    args.times                  = 2;
    args.t                      = t;
    args.y0                     = y0;
    args.y                      = y;

    ad_status status = nde_solver_new(&solver, &ode, &options, 1);
    if (!status) status = nde_solve(solver, &args);
    if (status) fprintf(stderr, "%s\n", ad_message());
    nde_solver_free(solver);
    /* The error of a solve stays within a small multiple of its tolerance times the number of steps (some 30). */
    return status || !(fabs(y[1] - exp(-1)) < 1e-7);
}
