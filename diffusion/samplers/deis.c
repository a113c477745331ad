/* deis-tab, deis-rhoab, deis-logrho - Zhang, Chen 2023: a polynomial through the last values of eps in place of eps, in t, in rho or in
   log rho,

       x_t = (alpha_t / alpha_s) x_s + sum_j C_j eps_j,   C_j = alpha_t int_s^t (drho/dtau) L_j(tau) dtau        (1)

   (eq. 14, 15; L_j is Lagrange's basis). tAB and rhoAB are told by the degree k = order of the polynomial, as in the paper, and
   converge with k + 1; diffusers' DEIS, in log rho, by the number of values. In log rho with 2 values it is DPM-Solver 2M, taylor.

   The official tables of tAB (diff-sampler, get_deis_coeff_list) are sums over N = 10000 points, both ends among them, each weighted
   (t - s) / N. With d = (t - s) / (N - 1), f the integrand, by Euler and Maclaurin the sum is
       (N - 1) / N (int f + d (f(s) + f(t)) / 2 + d^2 (f'(t) - f'(s)) / 12 + O(d^4)),                            (2)
   which is how it is computed here, to rounding. It is off by a ten-thousandth of what the trapezoidal rule is: of order 2 at last.
   The official tables of rhoAB have too many entries, and nothing runs with them. */
#include "adams.h"

/* --- the sum in place of the integral ------------------------------------------------------------------------------------ */

/* Lagrange's L_j at z, and its derivative. */
static double basis(int n, const dpm_point *const node[], int j, double z, double *slope)
{
    double value = 1;
    *slope       = 0;
    for (int k = 0; k < n; k++) {
        if (k == j) continue;
        double part = 1 / (node[j]->t - node[k]->t);
        for (int i = 0; i < n; i++)
            if (i != j && i != k) part *= (z - node[i]->t) / (node[j]->t - node[i]->t);
        *slope += part;
        value *= (z - node[k]->t) / (node[j]->t - node[k]->t);
    }
    return value;
}

/* drho/dt and its derivative at `end`, from log rho = -lambda at five points from there towards the step's other end: (2) asks for
   nine digits of the first and four of the second. */
static void rho_slopes(const dpm_build *b, const dpm_point *end, const dpm_point *other,
                       double slope[2])
{
    static const double first[] = { -25, 48, -36, 16, -3 }, second[] = { 35, -104, 114, -56, 11 };
    double              d = 2e-4 * (other->t - end->t), g1 = 0, g2 = 0;
    for (int k = 0; k < 5; k++) {
        double log_rho = -dpm_schedule_at(b->schedule, end->t + k * d).lambda;
        g1 += first[k] * log_rho / (12 * d);
        g2 += second[k] * log_rho / (12 * d * d);
    }
    slope[0] = end->rho * g1;
    slope[1] = end->rho * (g1 * g1 + g2);
}

static void sum_for_integral(const dpm_build *b, const dpm_point *t, int n,
                             const dpm_point *const node[], double w[])
{
    const dpm_point *s      = node[0];
    const double     points = 10000, d = (t->t - s->t) / (points - 1);
    double           at_s[2], at_t[2], l_s, l_t;
    rho_slopes(b, s, t, at_s);
    rho_slopes(b, t, s, at_t);
    for (int j = 0; j < n; j++) {
        double v_s = basis(n, node, j, s->t, &l_s), v_t = basis(n, node, j, t->t, &l_t);
        double ends = at_s[0] * v_s + at_t[0] * v_t,
               bend = at_t[1] * v_t + at_t[0] * l_t - at_s[1] * v_s - at_s[0] * l_s;
        w[j] = (points - 1) / points * (w[j] + t->alpha * (d / 2 * ends + d * d / 12 * bend));
    }
}

/* --- the three ----------------------------------------------------------------------------------------------------------- */

static void in_t(const dpm_build *b, const dpm_point *t, int n, const dpm_point *const node[],
                 double w[])
{
    dpm_weights(DPM_EPSILON, DPM_IN_T, b->schedule, node[0], t, n, node, w);
    if (b->o->published) sum_for_integral(b, t, n, node, w);
}

/* Into sigma = 0 a polynomial in log rho is a guess at infinity: there the step is of first order, as in diffusers. */
static void in_log_rho(const dpm_build *b, const dpm_point *t, int n, const dpm_point *const node[],
                       double w[])
{
    for (int j = 1; j < n; j++) w[j] = 0;
    dpm_weights(DPM_EPSILON, DPM_IN_LAMBDA, b->schedule, node[0], t, t->sigma == 0 ? 1 : n, node,
                w);
}

static void make_tab(dpm_build *b)
{
    dpm_adams(b, b->order + 1, 0, in_t);
}

static void make_rhoab(dpm_build *b)
{
    dpm_adams(b, b->order + 1, 0, dpm_adams_in_rho);
}

/* diffusers: lower order at the end of fewer than 15 steps. */
static void make_logrho(dpm_build *b)
{
    dpm_adams(b, b->order, b->steps < 15, in_log_rho);
}

const dpm_method dpm_method_deis_tab = {
    .name            = "deis-tab",
    .about           = "tAB: a polynomial of degree `order` in t; converges with order + 1",
    .cite            = "Zhang, Chen 2023, eq. 14, 15",
    .aliases         = "deis deis_sampler",
    .order           = 3,
    .order_most      = 3,
    .true_order      = 4,
    .published_order = 2,
    .form            = DPM_EPSILON,
    .flags           = DPM_ORDERS,
    .takes           = "lower-order-final invert compat",
    .make            = make_tab,
};

const dpm_method dpm_method_deis_rhoab = {
    .name       = "deis-rhoab",
    .about      = "rhoAB: a polynomial of degree `order` in rho; converges with order + 1",
    .cite       = "Zhang, Chen 2023, section 4",
    .aliases    = "",
    .order      = 3,
    .order_most = 3,
    .true_order = 4,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO | DPM_ORDERS,
    .takes      = "lower-order-final invert",
    .make       = make_rhoab,
};

const dpm_method dpm_method_deis_logrho = {
    .name       = "deis-logrho",
    .about      = "diffusers' DEIS: a polynomial through `order` values in log rho",
    .cite       = "Zhang, Chen 2023; diffusers",
    .aliases    = "DEISMultistepScheduler",
    .order      = 2,
    .order_most = 3,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO | DPM_ORDERS,
    .takes      = "lower-order-final invert",
    .make       = make_logrho,
};
