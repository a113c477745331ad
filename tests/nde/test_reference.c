/* Known end values: DETEST's classes A, B, C and the non-stiff problems of ivp.json, read as text, by every method.

   Adaptive methods. Error per step is held to tol (1 + |y|), rtol = atol = tol, so that after N steps

       |y_i(t1) - ref_i| <= kappa N tol (1 + |ref_i|),                                                                  (1)

   kappa the factor by which the problem amplifies a disturbance. It is of order one for all of these but Lorenz, whose
   largest Lyapunov exponent, 0.906, makes it e^(0.906 16) = 2e6 from the start to t = 16; only the few steps of the first
   unit of time are amplified by that much, for which fifty stand here instead of N.

   Fixed steps. With the solutions of n and 2 n steps, Richardson's estimate of the error of the latter,

       |y_2n - ref| ~ |y_n - y_2n| / (2^p - 1),                                                                         (2)

   must hold to half of itself: that is value and order at once. */
#include <criterion/criterion.h>
#include <math.h>

#include <costate/nde/text.h>

#include "detest.h"
#include "ivp.h"

#ifdef __SANITIZE_ADDRESS__
enum { SLOW = 1 }; /* some thirty times: a subset */
#else
enum { SLOW = 0 };
#endif

enum { MOST = 64 };

typedef struct problem {
    const char *name, *text;
    int         n;
    double      end[MOST];
    int         chaotic;
} problem;

typedef struct result {
    double y[MOST];
    long   steps;
} result;

static result solve(const problem *p, const nde_tableau *m, double tol, long fixed)
{
    nde_system *s;
    nde_ode     ode = { 0 };
    nde_solver *v;
    result      r = { 0 };
    double      theta[MOST], y0[MOST], y[2 * MOST];
    cr_assert_eq(nde_system_parse(&s, p->name, p->text, strlen(p->text)), AD_OK, "%s",
                 ad_message());
    cr_assert_eq(nde_system_problem(s, &ode), AD_OK, "%s", ad_message());
    const nde_system_info *a = nde_system_about(s);
    cr_assert(a->states == p->n && p->n <= MOST && a->parameters <= MOST);
    nde_options o = { .method     = m,
                      .rtol       = tol,
                      .atol       = tol,
                      .fixed_step = fixed ? fabs(a->t1 - a->t0) / (double)fixed : 0,
                      .nbreaks    = a->breaks,
                      .breaks     = a->break_at,
                      .max_steps  = 100 * 1000 * 1000 };
    cr_assert_eq(nde_solver_new(&v, &ode, &o, 1), AD_OK, "%s: %s", p->name, ad_message());
    if (ode.theta) cr_assert_eq(nde_system_theta(s, AD_F64, 0, theta), AD_OK);
    cr_assert_eq(nde_system_start_values(s, ode.theta ? theta : NULL, y0), AD_OK);
    double         t[]  = { a->t0, a->t1 };
    nde_solve_args args = { .n = 1, .times = 2, .t = t, .y0 = y0, .theta = theta, .y = y };
    cr_assert_eq(nde_solve(v, &args), AD_OK, "%s by %s: %s", p->name, m->name, ad_message());
    memcpy(r.y, y + p->n, (size_t)p->n * sizeof *y);
    r.steps = nde_solver_stats(v)->accepted;
    nde_solver_free(v);
    nde_system_free(s);
    return r;
}

/* max |a - b| / (1 + |ref|) */
static double apart(const problem *p, const double *a, const double *b)
{
    double most = 0;
    for (int i = 0; i < p->n; i++) {
        double d = fabs(a[i] - b[i]) / (1 + fabs(p->end[i]));
        if (!(d <= most)) most = d;
    }
    return most;
}

static double tolerance_of(const nde_tableau *m, int chaotic)
{
    switch (m->order) {
    case 2: return chaotic ? 1e-9 : 1e-6;
    case 3: return chaotic ? 1e-10 : 1e-6;
    case 5: return chaotic ? 1e-11 : 1e-8;
    default: return chaotic ? 1e-12 : 1e-10;
    }
}

static void adaptive(const problem *p, const nde_tableau *m)
{
    enum { KAPPA = 3 };
    if (SLOW && p->chaotic && m->order < 5) return;
    double tol   = tolerance_of(m, p->chaotic);
    result r     = solve(p, m, tol, 0);
    double bound = p->chaotic ? 2e6 * 50 * tol : KAPPA * (double)r.steps * tol;
    double error = apart(p, r.y, p->end);
    cr_expect(error <= bound, "%s by %s at %g: error %.3g, at most %.3g expected", p->name, m->name,
              tol, error, bound);
    cr_expect(bound < 0.11, "a bound that nothing can break: %g", bound);
}

static void fixed(const problem *p, const nde_tableau *m)
{
    enum { FIRST = 20000, HIGHER = 8000, LARGE = 1000, CHAOTIC = 32000 };
    if (p->chaotic && (SLOW || m->order == 1)) return; /* Euler's would take 1e9 steps */
    long   n    = p->chaotic ? CHAOTIC : m->order == 1 ? FIRST : p->n > 20 ? LARGE : HIGHER;
    result once = solve(p, m, 0, n), twice = solve(p, m, 0, 2 * n);
    double guess = apart(p, once.y, twice.y) / (ldexp(1, m->order) - 1);
    double error = apart(p, twice.y, p->end);
    cr_expect_leq(twice.steps, 2 * n);
    cr_expect(error <= 1.5 * guess + 1e-12 && error >= 0.5 * guess - 1e-12,
              "%s by %s: error %.3g, Richardson's estimate %.3g", p->name, m->name, error, guess);
}

static void by_every_method(const problem *p)
{
    for (int k = 0; k < nde_method_count(); k++) {
        const nde_tableau *m = nde_method_at(k);
        if (SLOW && p->n > 20 && !m->error_order) continue;
        if (m->error_order)
            adaptive(p, m);
        else
            fixed(p, m);
    }
}

/* Rows "name,component,value" of one problem. */
static int read_ends(const char *path, const char *name, double end[MOST])
{
    FILE *f = fopen(path, "r");
    char  line[256], *comma;
    int   n = 0;
    while (fgets(line, sizeof line, f))
        if ((comma = strchr(line, ',')) && (size_t)(comma - line) == strlen(name) &&
            strncmp(line, name, strlen(name)) == 0) {
            cr_assert_eq(atoi(comma + 1), n);
            end[n++] = atof(strrchr(line, ',') + 1);
        }
    fclose(f);
    return n;
}

Test(reference, detest, .timeout = 120)
{
    char        path[1024], text[DETEST_TEXT];
    const char *file = shared_file("reference/detest_abc.csv", path, sizeof path);
    if (!file) cr_skip_test("no shared reference data (COSTATE_SHARED)");
    for (int i = 0; i < DETEST_PROBLEMS; i++) {
        problem p = { .name = detest_names[i], .text = text };
        cr_assert(detest_text(p.name, text, sizeof text));
        p.n = read_ends(file, p.name, p.end);
        cr_assert_gt(p.n, 0, "no rows of %s", p.name);
        by_every_method(&p);
    }
}

Test(reference, initial_value_problems, .timeout = 120)
{
    json_t *all = ivp_open();
    if (!all) cr_skip_test("no shared reference data (COSTATE_SHARED)");
    int seen = 0;
    for (int i = 0; i < ivp_count(all); i++) {
        json_t *given = ivp_at(all, i);
        if (ivp_stiff(given)) continue;
        char   *text = ivp_text(given);
        problem p    = { .name = ivp_string(given, "name"), .text = text, .n = ivp_dim(given) };
        p.chaotic    = strcmp(p.name, "LORENZ63") == 0;
        cr_assert_eq(ivp_numbers(given, "ours", p.n, p.end), p.n);
        by_every_method(&p);
        free(text);
        seen++;
    }
    cr_assert_geq(seen, 22);
    json_decref(all);
}
