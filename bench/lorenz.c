/* lorenz.c - Lorenz' equations (sigma 10, rho 28, beta 8/3) from (1, 0, 0) to t = 100: float64, tsit5, rtol = atol = 1e-8,
   the end alone. Chaotic: the error is that at t = 10, against dop853 at 1e-13. */
#include "measure.h"

static void field(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    ad_var x = at->part[0], y = at->part[1], z = at->part[2], rho = ad_const(at->g, at->type, 28);
    dy[0] = ad_scale(ad_sub(y, x), 10);
    dy[1] = ad_sub(ad_mul(x, ad_sub(rho, z)), y);
    dy[2] = ad_sub(ad_mul(x, y), ad_scale(z, 8. / 3));
}

typedef struct work {
    nde_solver    *solver;
    nde_solve_args args;
} work;

static void solve(void *ctx)
{
    work *w = ctx;
    must(nde_solve(w->solver, &w->args));
}

int main(void)
{
    const double   far[] = { 0, 100 }, near[] = { 0, 10 }, y0[] = { 1, 0, 0 };
    const nde_part part[] = { { "x", ad_rows(1), 0 },
                              { "y", ad_rows(1), 0 },
                              { "z", ad_rows(1), 0 } };
    const nde_ode  ode    = { .field_parts = field, .parts = 3, .part = part };
    double         y[6], exact[6];
    work           w = { .args = { .n = 1, .times = 2, .t = far, .y0 = y0, .y = y } };
    must(nde_solver_new(&w.solver, &ode, &(nde_options){ .rtol = 1e-8, .atol = 1e-8 }, 1));
    times_taken times = measure(solve, &w);
    nde_stats   stats = *nde_solver_stats(w.solver);

    nde_solve_args check = { .n = 1, .times = 2, .t = near, .y0 = y0, .y = y };
    nde_solver    *tight;
    must(nde_solve(w.solver, &check));
    must(nde_solver_new(&tight, &ode,
                        &(nde_options){ .method = &nde_dop853, .rtol = 1e-13, .atol = 1e-13 }, 1));
    check.y = exact;
    must(nde_solve(tight, &check));
    print_line(&(line){ "lorenz", &times, &stats, .error = relative_error(3, y + 3, exact + 3) });
    nde_solver_free(tight);
    nde_solver_free(w.solver);
    return 0;
}
