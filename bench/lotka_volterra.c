/* lotka_volterra.c - x' = 1.5 x - x y, y' = x y - 3 y from (1, 1) to t = 10: one sample, float64, tsit5, the end alone. */
#include "measure.h"

static void field(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    ad_var x = at->part[0], y = at->part[1], xy = ad_mul(x, y);
    dy[0] = ad_sub(ad_scale(x, 1.5), xy);
    dy[1] = ad_sub(xy, ad_scale(y, 3));
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
    /* by Taylor series of order 30 in 50 digits */
    static const double exact[] = { 1.0263447675750893, 0.90969107813604162 };
    static const char  *name[]  = { "lotka-volterra/1e-3", "lotka-volterra/1e-6",
                                    "lotka-volterra/1e-9" };
    const double        rtol[] = { 1e-3, 1e-6, 1e-9 }, t[] = { 0, 10 }, y0[] = { 1, 1 };
    const nde_part      part[] = { { "x", ad_rows(1), 0 }, { "y", ad_rows(1), 0 } };
    const nde_ode       ode    = { .field_parts = field, .parts = 2, .part = part };
    for (int i = 0; i < 3; i++) {
        double      y[4];
        work        w       = { .args = { .n = 1, .times = 2, .t = t, .y0 = y0, .y = y } };
        nde_options options = { .rtol = rtol[i], .atol = 1e-3 * rtol[i] };
        must(nde_solver_new(&w.solver, &ode, &options, 1));
        times_taken times = measure(solve, &w);
        print_line(&(line){ name[i], &times, nde_solver_stats(w.solver),
                            .error = relative_error(2, y + 2, exact) });
        nde_solver_free(w.solver);
    }
    return 0;
}
