/* The gradient of a solve against differences of solves on the same steps.

   The adjoint differentiates the numbers that the method produced, its accepted steps being constants. With these steps
   given (steps_given), the solve is a smooth function of everything else, and central differences of width d err by
   d^2 f'''/6 + eps f/d: 1e-10 at d = 1e-5 for these problems, 1e-7 asked. t0 moves the first grid point, t1 the last, an
   output time in between moves nothing but itself. */
#include <criterion/criterion.h>
#include <math.h>

#include <costate/adjoint/adjoint.h>
#include <costate/nde/text.h>

#include "../support.h"

enum { STATES = 3, TIMES = 4, NUMBERS = 64, STEPS = 4096 };

typedef struct problem {
    const char *name, *text;
    double      t[TIMES];
} problem;

static const problem problems[] = {
    { "lotka-volterra",
      "a = 1.5\nb = 1\nc = 3\nd = 1\nx' = a*x - b*x*y\ny' = -c*y + d*x*y\nx(0) = 1\ny(0) = 1\nt = "
      "0 .. 4\n",
      { 0, 1.3, 2.9, 4 } },
    { "with time, backwards",
      "a = 0.7\nb = 2\nx' = y + a*sin(b*t)\ny' = -x - 0.1*y^3\nz' = x*y/(1 + t^2)\nx(0) = 1\ny(0) "
      "= 0.5\n"
      "z(0) = 0\nt = 3 .. -1\n",
      { 3, 1.7, 0.4, -1 } },
    { "jumps at break points",
      "a = 2\nb = 0.5\nx' = if(le(t, 1), a, -b)*y\ny' = -x + if(le(t, 2), 0, a*t)\nx(0) = 1\ny(0) "
      "= 1\nt = 0 .. 3\n"
      "break = 1, 2\n",
      { 0, 0.7, 1.6, 3 } },
    { "a network",
      "a = 1.2\nf = nn(x, y; 4)\nx' = a*f[0] + sin(t)\ny' = f[1] - y\nx(0) = 0.3\ny(0) = -0.4\nt = "
      "0 .. 2\n",
      { 0, 0.5, 1.1, 2 } },
};
enum { PROBLEMS = sizeof problems / sizeof *problems };

/* L = sum weight[i] y[i] over all output times. */
typedef struct setting {
    nde_system *s;
    nde_ode     ode;
    nde_options o;
    int         states;
    long        weights;
    double      theta[NUMBERS], y0[STATES], t[TIMES], weight[TIMES * STATES], grid[STEPS];
} setting;

static setting set_up(const problem *p, const nde_tableau *m)
{
    setting  w     = { .o = { .method = m, .rtol = 1e-4, .atol = 1e-6 } };
    uint64_t state = 11;
    cr_assert_eq(nde_system_parse(&w.s, p->name, p->text, strlen(p->text)), AD_OK, "%s",
                 ad_message());
    cr_assert_eq(nde_system_problem(w.s, &w.ode), AD_OK, "%s", ad_message());
    const nde_system_info *a = nde_system_about(w.s);
    w.states                 = a->states;
    w.weights                = ad_params_count(w.ode.theta);
    w.o.nbreaks = a->breaks, w.o.breaks = a->break_at;
    if (!m->error_order)
        w.o.fixed_step =
            0.0431; /* no output time on the grid: Euler's interpolant has corners there */
    cr_assert(w.states <= STATES && w.weights <= NUMBERS);
    cr_assert_eq(nde_system_theta(w.s, AD_F64, 5, w.theta), AD_OK);
    cr_assert_eq(nde_system_start_values(w.s, w.theta, w.y0), AD_OK);
    memcpy(w.t, p->t, sizeof w.t);
    for (int i = 0; i < TIMES * STATES; i++) w.weight[i] = draw(&state, -1, 1);
    return w;
}

static nde_solve_args arguments(const setting *w, double *y)
{
    return (nde_solve_args){
        .n = 1, .times = TIMES, .t = w->t, .y0 = w->y0, .theta = w->theta, .y = y
    };
}

static double loss(const setting *w, const double *y)
{
    double L = 0;
    for (int i = 0; i < TIMES * w->states; i++) L += w->weight[i] * y[i];
    return L;
}

/* On the recorded steps, whose ends are those of the interval. */
static double frozen_loss(setting *w, double *y)
{
    nde_solver    *v;
    nde_options    o = w->o;
    nde_solve_args a = arguments(w, y);
    o.fixed_step     = 0;
    o.steps_given    = w->grid;
    w->grid[0] = w->t[0], w->grid[o.nsteps_given - 1] = w->t[TIMES - 1];
    cr_assert_eq(nde_solver_new(&v, &w->ode, &o, 1), AD_OK, "%s", ad_message());
    cr_assert_eq(nde_solve(v, &a), AD_OK, "%s", ad_message());
    nde_solver_free(v);
    return loss(w, y);
}

static void compare(setting *w, const char *problem, const char *what, int n, double *x,
                    const double *x_bar)
{
    double y[TIMES * STATES], scale = 0;
    for (int i = 0; i < n; i++) scale = fmax(scale, fabs(x_bar[i]));
    cr_expect_gt(scale, 0, "%s: nothing to compare for %s", problem, what);
    for (int i = 0; i < n; i++) {
        double at = x[i], d = 1e-5, up, down;
        x[i]                 = at + d;
        up                   = frozen_loss(w, y);
        x[i]                 = at - d;
        down                 = frozen_loss(w, y);
        x[i]                 = at;
        double by_difference = (up - down) / (2 * d);
        cr_expect(fabs(by_difference - x_bar[i]) <= 1e-7 * (1 + scale),
                  "%s, %s: d/d%s[%d] is %.12g, by differences %.12g", problem, w->o.method->name,
                  what, i, x_bar[i], by_difference);
    }
}

typedef struct gradient {
    double y[TIMES * STATES], theta_bar[NUMBERS], y0_bar[STATES], t_bar[TIMES];
} gradient;

static gradient adjoint(setting *w, adj_mode mode)
{
    adj_solver    *v;
    gradient       g = { .y = { 0 } };
    nde_solve_args a = arguments(w, g.y);
    cr_assert_eq(adj_solver_new(&v, &w->ode, &w->o, &(adj_options){ .mode = mode }, 1), AD_OK, "%s",
                 ad_message());
    cr_assert_eq(adj_solve(v, &a), AD_OK, "%s", ad_message());
    adj_cotangents c = {
        .y_bar = w->weight, .y0_bar = g.y0_bar, .theta_bar = g.theta_bar, .t_bar = g.t_bar
    };
    cr_assert_eq(adj_pullback(v, &c), AD_OK, "%s", ad_message());
    long n = adj_steps(v);
    cr_assert_lt(n, STEPS);
    memcpy(w->grid, adj_step_t(v), (size_t)n * sizeof *w->grid);
    w->grid[n]        = w->t[TIMES - 1];
    w->o.nsteps_given = (int)n + 1;
    adj_solver_free(v);
    return g;
}

static void one(const problem *p, const nde_tableau *m)
{
    double   y[TIMES * STATES];
    setting  w       = set_up(p, m);
    gradient g       = adjoint(&w, ADJ_STORE_ALL);
    int      given   = w.o.nsteps_given;
    w.o.nsteps_given = 0;
    gradient again   = adjoint(&w, ADJ_RECOMPUTE);
    cr_assert_eq(w.o.nsteps_given, given);
    cr_expect(distance(w.weights, again.theta_bar, g.theta_bar) <= 1e-12);
    cr_expect(distance(w.states, again.y0_bar, g.y0_bar) <= 1e-12);
    cr_expect(distance(TIMES, again.t_bar, g.t_bar) <= 1e-12);
    frozen_loss(&w, y);
    for (int i = 0; i < TIMES * w.states; i++) /* the very same numbers */
        cr_expect_eq(y[i], g.y[i], "%s by %s: y[%d] %.17g replayed, %.17g before", p->name, m->name,
                     i, y[i], g.y[i]);
    compare(&w, p->name, "theta", (int)w.weights, w.theta, g.theta_bar);
    compare(&w, p->name, "y0", w.states, w.y0, g.y0_bar);
    compare(&w, p->name, "t", TIMES, w.t, g.t_bar);
    nde_system_free(w.s);
}

Test(frozen, every_method, .timeout = 120)
{
    for (int k = 0; k < nde_method_count(); k++)
        for (int i = 0; i < PROBLEMS; i++) one(&problems[i], nde_method_at(k));
}
