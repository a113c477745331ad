/* 01_decay.c - y' = -k y, solved and differentiated; the closed form beside it:

       y(T) = y0 e^(-k T),    dy/dy0 = e^(-k T),    dy/dk = -T y0 e^(-k T).                    (1) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <costate/costate.h>

static ad_var decay(const nde_point *at, void *ctx) /* traced once, when the solver is built */
{
    (void)ctx;
    return ad_neg(ad_mul(at->args[0], at->y));
}

static void must(ad_status status)
{
    if (status) fprintf(stderr, "%s\n", ad_message()), exit(1);
}

static int show(const char *what, double computed, double exact)
{
    printf("%-6s %15.12f   exact %15.12f   off by %.1e\n", what, computed, exact, computed - exact);
    return fabs(computed - exact) > 1e-8; /* some 10 steps at a tolerance of 1e-10 */
}

int main(void)
{
    const double  t[] = { 0, 2 }, y0 = 3, k = 0.5, exact = exp(-k * t[1]);
    double        y[2], y_bar[2] = { 0, 1 }, y0_bar, k_bar, t_bar[2];
    const nde_arg rate = { .name = "k", .shape = ad_scalar() };
    adj_solver   *solver;

    nde_ode     ode     = { .field = decay, .dim = 1, .nargs = 1, .args = &rate };
    nde_options options = { .rtol = 1e-10, .atol = 1e-10 };
    must(adj_solver_new(&solver, &ode, &options, NULL, 1));

    must(adj_solve(
        solver,
        &(nde_solve_args){
            .n = 1, .times = 2, .t = t, .y0 = &y0, .args = (const void *[]){ &k }, .y = y }));
    must(adj_pullback(solver, &(adj_cotangents){ .y_bar    = y_bar, /* of L = y(T) */
                                                 .y0_bar   = &y0_bar,
                                                 .args_bar = (void *[]){ &k_bar },
                                                 .t_bar    = t_bar }));
    printf("%ld steps, %ld evaluations\n", adj_steps(solver), adj_solver_stats(solver)->nfe);
    int wrong = show("y", y[1], y0 * exact);
    wrong |= show("dy/dy0", y0_bar, exact);
    wrong |= show("dy/dk", k_bar, -t[1] * y0 * exact);
    wrong |= show("dy/dT", t_bar[1], -k * y0 * exact);
    adj_solver_free(solver);
    return wrong;
}
