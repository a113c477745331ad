/* The tables of exponential integrators against their integrals, done by double-exponential quadrature in long double.

   Oracle. With x = m + r tanh(pi/2 sinh u), the trapezoidal sum over u in [-4.3, 4.3] with spacing 1/64 integrates functions that
   are analytic near [a, b] to long double's last digits (Takahasi and Mori 1974): no Gauss points, no phi functions, no moments.
   The schedule is VP's linear one written here in long double. Where the integrand changes sign the tolerance is relative to the
   integral of its magnitude. */
#include <criterion/criterion.h>
#include <math.h>

#include <costate/diffusion/table.h>

#include "support.h"

typedef long double real;

typedef struct integrand {
    int            k, n, j;
    dpm_prediction form;
    dpm_variable   v;
    real           z, from, to; /* lambda_s, lambda_t */
    real           node[DPM_NODES];
} integrand;

typedef real function(const integrand *f, real x);

static real integral(function *g, const integrand *f, real a, real b)
{
    real sum = 0, half = 3.14159265358979323846264L / 2, m = (a + b) / 2, r = (b - a) / 2;
    for (int i = -275; i <= 275; i++) {
        real u = i / 64.0L, e = half * sinhl(u), c = coshl(e);
        sum += g(f, m + r * tanhl(e)) * half * coshl(u) / (c * c);
    }
    return sum * r / 64;
}

static real phi_integrand(const integrand *f, real u)
{
    real g = expl((1 - u) * f->z);
    for (int i = 1; i < f->k; i++) g *= u / i;
    return g;
}

Test(table, phi_is_its_integral)
{
    for (int k = 1; k <= 8; k++) {
        for (double z = -20; z <= 20; z += 0.3125) {
            real want = integral(phi_integrand, &(integrand){ .k = k, .z = z }, 0, 1);
            real ulp  = want * 0x1p-52L;
            cr_expect_leq(fabsl(dpm_phi(k, z) - want), 4 * ulp, "phi_%d(%g) = %.17g, not %.17Lg", k,
                          z, dpm_phi(k, z), want);
        }
    }
}

Test(table, phi_far_away_and_near_zero)
{
    double factorial = 1;
    for (int k = 0; k <= 8; k++) {
        cr_expect_eq(dpm_phi(k, 0), 1 / factorial);
        /* phi_k(z) = 1/k! + z/(k+1)! + ...: to the last place at 1e-10 */
        for (double z = -1e-10; z <= 1e-10; z += 2e-10)
            cr_expect_leq(fabs(dpm_phi(k, z) * factorial - 1 - z / (k + 1)), 0x1p-51);
        factorial *= k + 1;
    }
    for (int k = 1; k <= 8; k++) {
        for (double z = -300; z <= 300; z += 37.5) {
            if (fabs(z) <= 20) continue;
            real want = integral(phi_integrand, &(integrand){ .k = k, .z = z }, 0, 1);
            cr_expect_leq(fabsl(dpm_phi(k, z) / want - 1), 1e-14L, "phi_%d(%g)", k, z);
        }
    }
}

/* --- a schedule, in long double ---------------------------------------------------------------------------------- */

static const real B0 = 0.1L, B1 = 20;

static real log_alpha(real t)
{
    return -(B1 - B0) * t * t / 4 - B0 * t / 2;
}

/* (B1 - B0) t^2 / 4 + B0 t / 2 = log(1 + e^{-2 lambda}) / 2, in the form that does not cancel */
static real time_of(real lambda)
{
    real c = log1pl(expl(-2 * lambda)) / 2;
    return 2 * c / (B0 / 2 + sqrtl(B0 * B0 / 4 + (B1 - B0) * c));
}

static dpm_point vp_at(const dpm_schedule *s, double t)
{
    (void)s;
    return dpm_point_vp(t, (double)log_alpha(t));
}

static double vp_time(const dpm_schedule *s, double lambda)
{
    (void)s;
    return (double)time_of(lambda);
}

static const dpm_schedule_kind kind     = { .name = "test", .at = vp_at, .time = vp_time };
static const dpm_schedule      schedule = { .kind = &kind,
                                            .o = { .name = "test", .t_begin = 1, .t_end = 1e-3 } };

static dpm_point at(double t)
{
    return vp_at(&schedule, t);
}

/* --- moments ----------------------------------------------------------------------------------------------------- */

static real kappa(const integrand *f, real lambda)
{
    real alpha_t = 1 / sqrtl(1 + expl(-2 * f->to));
    return f->form == DPM_X0 ? alpha_t * expl(lambda - f->to) : -alpha_t * expl(-lambda);
}

static real moment_integrand(const integrand *f, real lambda)
{
    real g = kappa(f, lambda);
    for (int i = 1; i <= f->k; i++) g *= (lambda - f->from) / i;
    return g;
}

static const double FROM[] = { 1, 0.6, 0.3, 0.05, 0.01, 0.0101, 0.002 };
static const double TO[]   = { 0.9, 0.001, 0.299, 0.2, 0.001, 0.01, 0.0019999 };

enum { PAIRS = sizeof FROM / sizeof *FROM };

/* Differences of rounded lambdas: h has the relative error eps |lambda| / h, and h^{k+1} so many times that. */
static double rounding(const dpm_point *s, const dpm_point *t, int k)
{
    double h = fabs(t->lambda - s->lambda), size = fmax(fabs(t->lambda), fabs(s->lambda));
    return 0x1p-52 * ((k + 1) * size / h + h + size + 8);
}

Test(table, moments_are_their_integrals_either_way)
{
    for (int i = 0; i < 2 * PAIRS; i++) {
        dpm_point s = at(i < PAIRS ? FROM[i] : TO[i - PAIRS]);
        dpm_point t = at(i < PAIRS ? TO[i] : FROM[i - PAIRS]);
        for (int form = DPM_EPSILON; form <= DPM_X0; form++) {
            for (int k = 0; k < 5; k++) {
                integrand f = { .k = k, .form = form, .from = s.lambda, .to = t.lambda };
                real      w = integral(moment_integrand, &f, f.from, f.to);
                double    m = dpm_moment(form, &s, &t, k);
                cr_expect_leq(fabsl(m / w - 1), rounding(&s, &t, k),
                              "moment %d from %g to %g: %.17g, not %.17Lg", k, s.t, t.t, m, w);
            }
        }
    }
}

/* The exact solution for a constant prediction: x_s = alpha_s x0 + sigma_s e goes to alpha_t x0 + sigma_t e. */
Test(table, a_constant_prediction_is_integrated_exactly)
{
    for (int i = 0; i < PAIRS; i++) {
        dpm_point s = at(FROM[i]), t = at(TO[i]);
        double    x0 = 1.7, e = -0.6, x = s.alpha * x0 + s.sigma * e,
               want = t.alpha * x0 + t.sigma * e;
        double by_e = dpm_transfer(DPM_EPSILON, &s, &t) * x +
                      dpm_moment(DPM_EPSILON, &s, &t, 0) * e;
        double by_x0 = dpm_transfer(DPM_X0, &s, &t) * x + dpm_moment(DPM_X0, &s, &t, 0) * x0;
        /* the factor of x, alpha_t / alpha_s, is up to 152 here */
        cr_expect_leq(fabs(by_e - want), 1e-15 * t.alpha / s.alpha * 8);
        cr_expect_leq(fabs(by_x0 - want), 8e-15);
    }
}

Test(table, the_ends_of_the_way)
{
    dpm_point s = at(0.05), zero = dpm_point_of(0, 1, 0), noise = dpm_point_of(1, 0, 1);
    cr_expect_eq(dpm_transfer(DPM_X0, &s, &zero), 0);
    cr_expect_eq(dpm_moment(DPM_X0, &s, &zero, 0), 1);
    cr_expect_float_eq(dpm_moment(DPM_EPSILON, &s, &zero, 0), -s.rho, 1e-16);
    cr_expect_eq(dpm_transfer(DPM_X0, &noise, &s), s.sigma);
    cr_expect_eq(dpm_moment(DPM_X0, &noise, &s, 0), s.alpha);
    const dpm_point *node[] = { &s, &s };
    double           w[1];
    dpm_weights(DPM_X0, DPM_IN_LAMBDA, NULL, &s, &zero, 1, node, w);
    cr_expect_eq(w[0], 1);
}

/* --- weights ----------------------------------------------------------------------------------------------------- */

static real variable(const integrand *f, real lambda)
{
    return f->v == DPM_IN_LAMBDA ? lambda : f->v == DPM_IN_RHO ? expl(-lambda) : time_of(lambda);
}

static real weight_integrand(const integrand *f, real lambda)
{
    real g = kappa(f, lambda), z = variable(f, lambda);
    for (int i = 0; i < f->n; i++)
        if (i != f->j) g *= (z - f->node[i]) / (f->node[f->j] - f->node[i]);
    return g;
}

static real weight_magnitude(const integrand *f, real lambda)
{
    return fabsl(weight_integrand(f, lambda));
}

static void check_weights(dpm_prediction form, dpm_variable v, int n, const dpm_point p[])
{
    const dpm_point *s = &p[0], *t = &p[n], *node[DPM_NODES];
    integrand        f = { .n = n, .form = form, .v = v, .from = s->lambda, .to = t->lambda };
    double           w[DPM_NODES];
    for (int j = 0; j < n; j++) {
        node[j]   = &p[j];
        f.node[j] = v == DPM_IN_LAMBDA ? p[j].lambda : v == DPM_IN_RHO ? p[j].rho : p[j].t;
    }
    dpm_weights(form, v, &schedule, s, t, n, node, w);
    for (f.j = 0; f.j < n; f.j++) {
        real want = integral(weight_integrand, &f, f.from, f.to);
        real size = fabsl(integral(weight_magnitude, &f, f.from, f.to));
        cr_expect_leq(fabsl(w[f.j] - want), 1e-13L * size,
                      "form %d, variable %d, weight %d of %d at t = %g: %.17g, not %.17Lg, of %Lg",
                      form, v, f.j, n, t->t, w[f.j], want, size);
    }
}

/* Adams-Bashforth's use: nodes at s and at what was before it; times from coarse to fine. */
Test(table, weights_are_integrals_of_lagrange_polynomials)
{
    static const double TIMES[][6] = {
        { 1, 0.8, 0.5, 0.3, 0.1, 0.02 },
        { 0.3, 0.1, 0.03, 0.01, 0.003, 0.001 },
        { 0.5, 0.4999, 0.499, 0.49, 0.48, 0.479 },
        { 0.001, 0.004, 0.01, 0.03, 0.2, 0.5 },
    };
    for (int c = 0; c < 4; c++) {
        for (int n = 2; n <= 5; n++) {
            dpm_point p[6];
            for (int i = 0; i < n; i++) p[i] = at(TIMES[c][n - 1 - i]); /* s is the newest */
            p[n] = at(TIMES[c][n]);
            for (int v = DPM_IN_LAMBDA; v <= DPM_IN_T; v++)
                for (int form = DPM_EPSILON; form <= DPM_X0; form++) check_weights(form, v, n, p);
        }
    }
}

/* A step that shrinks to nothing: w / first-order weight tends to Adams-Bashforth's for nodes one step before, 3/2 and -1/2, and
   23/12, -16/12, 5/12, with an error of order h. */
Test(table, small_steps_are_adams_bashforth)
{
    double lambda = 0.3, h = 1e-6, w[3];
    for (int form = DPM_EPSILON; form <= DPM_X0; form++) {
        dpm_point p[4];
        for (int i = 0; i < 4; i++) p[i] = at((double)time_of(lambda - h * (i - 1)));
        const dpm_point *node[] = { &p[1], &p[2], &p[3] };
        double           first  = dpm_moment(form, &p[1], &p[0], 0);
        dpm_weights(form, DPM_IN_LAMBDA, NULL, &p[1], &p[0], 2, node, w);
        cr_expect_float_eq(w[0] / first, 1.5, 1e-6);
        cr_expect_float_eq(w[1] / first, -0.5, 1e-6);
        dpm_weights(form, DPM_IN_LAMBDA, NULL, &p[1], &p[0], 3, node, w);
        cr_expect_float_eq(w[0] / first, 23 / 12.0, 3e-6);
        cr_expect_float_eq(w[1] / first, -16 / 12.0, 3e-6);
        cr_expect_float_eq(w[2] / first, 5 / 12.0, 3e-6);
        dpm_weights(form, DPM_IN_LAMBDA, NULL, &p[1], &p[1], 3, node, w);
        cr_expect(w[0] == 0 && w[1] == 0 && w[2] == 0);
    }
}

/* To sigma = 0 by an interpolation in rho: 1, rho and rho^2 are integrated exactly. */
Test(table, weights_to_the_data)
{
    dpm_point        a = at(0.3), b = at(0.2), c = at(0.1), zero = dpm_point_of(0, 1, 0);
    const dpm_point *node[] = { &c, &b, &a };
    double           w[3];
    for (int v = DPM_IN_RHO; v <= DPM_IN_T; v++) {
        dpm_weights(DPM_EPSILON, v, &schedule, &c, &zero, 3, node, w);
        cr_expect_float_eq(w[0] + w[1] + w[2], -c.rho, 1e-15);
        if (v == DPM_IN_T) continue;
        double first  = w[0] * c.rho + w[1] * b.rho + w[2] * a.rho;
        double second = w[0] * c.rho * c.rho + w[1] * b.rho * b.rho + w[2] * a.rho * a.rho;
        cr_expect_float_eq(first, -c.rho * c.rho / 2, 1e-15);
        cr_expect_float_eq(second, -c.rho * c.rho * c.rho / 3, 1e-15);
    }
}

Test(table, gauss_points_integrate_powers)
{
    double x[32], w[32];
    for (int n = 1; n <= 32; n++) {
        dpm_gauss(n, x, w);
        for (int power = 0; power < 2 * n; power++) {
            double sum = 0;
            for (int i = 0; i < n; i++) sum += w[i] * pow(x[i], power);
            cr_expect_float_eq(sum, power % 2 ? 0 : 2.0 / (power + 1), 4e-15, "%d, %d", n, power);
        }
        for (int i = 1; i < n; i++) cr_expect(x[i] > x[i - 1] && x[i] < 1 && w[i] > 0);
    }
}
