/* Coefficients of exponential integrators: phi functions, moments, and quadrature where the integrand is no polynomial. */
#include <math.h>

#include "table.h"

/* Sums of at most so many terms: the tail of e^20 falls below long double's last place after 90. */
enum { TERMS = 120, GAUSS = 24 };

static const long double FACTORIAL[] = { 1, 1, 2, 6, 24, 120, 720, 5040, 40320 };

/* Between -20 and 20 by sums of positive terms, so that nothing cancels and long double's extra digits cover the roundings:
       phi_k(z)  = sum_j z^j / (j + k)!                                  z >= 0,                                        (1)
       phi_k(-y) = e^-y / (k - 1)! sum_j y^j / (j! (j + k))              from int_0^1 e^{(1 - u) z} u^{k-1} du / (k - 1)!  (2)
   and by the recursion beyond, where it loses less than a digit. */
static long double phi_sum(int k, long double z)
{
    long double y = fabsl(z), term = 1, sum = 0;
    if (z >= 0) {
        term /= FACTORIAL[k];
        for (int j = 1; j < TERMS && term > sum * 1e-21L; j++) {
            sum += term;
            term *= y / (j + k);
        }
        return sum;
    }
    for (int j = 0; j < TERMS && term > sum * 1e-21L; j++) {
        sum += term / (j + k);
        term *= y / (j + 1);
    }
    return expl(-y) / FACTORIAL[k - 1] * sum;
}

double dpm_phi(int k, double z)
{
    if (k == 0) return exp(z);
    if (z >= -20 && z <= 20) return (double)phi_sum(k, z);
    long double phi = expl((long double)z);
    for (int i = 0; i < k; i++) phi = (phi - 1 / FACTORIAL[i]) / z;
    return (double)phi;
}

double dpm_transfer(dpm_prediction form, const dpm_point *s, const dpm_point *t)
{
    return form == DPM_X0 ? t->sigma / s->sigma : t->alpha / s->alpha;
}

/* With u = lambda - lambda_s,
       -alpha_t int e^-lambda u^k / k! = -sigma_t h^{k+1} phi_{k+1}(h),    sigma_t int e^lambda u^k / k! = alpha_t h^{k+1} phi_{k+1}(-h);
   at sigma_t = 0, h is infinite and the first is -alpha_t rho_s for every k; at sigma_s = 0 it exists for k = 0 alone. */
double dpm_moment(dpm_prediction form, const dpm_point *s, const dpm_point *t, int k)
{
    double h = t->lambda - s->lambda;
    if (form == DPM_X0) {
        if (k == 0) return -t->alpha * expm1(-h);
        return t->alpha * pow(h, k + 1) * dpm_phi(k + 1, -h);
    }
    if (isinf(h)) return t->alpha * (t->rho - s->rho);
    if (k == 0) return -t->sigma * expm1(h);
    return -t->sigma * pow(h, k + 1) * dpm_phi(k + 1, h);
}

/* Newton's iteration on the Legendre polynomial, from Tricomi's guess. */
void dpm_gauss(int n, double x[], double w[])
{
    for (int i = 0; i < n; i++) {
        long double z = cosl(3.14159265358979323846L * (i + 0.75L) / (n + 0.5L)), slope = 1;
        for (int pass = 0; pass < 8; pass++) {
            long double p = 1, before = 0;
            for (int j = 1; j <= n; j++) {
                long double next = ((2 * j - 1) * z * p - (j - 1) * before) / j;
                before           = p;
                p                = next;
            }
            slope = n * (z * p - before) / (z * z - 1);
            z -= p / slope;
        }
        x[n - 1 - i] = (double)z;
        w[n - 1 - i] = (double)(2 / ((1 - z * z) * slope * slope));
    }
}

/* --- weights ----------------------------------------------------------------------------------------------------- */

/* c[k]: of the Lagrange polynomial of node j as a sum of u^k. */
static void monomials(int n, const double u[], int j, double c[])
{
    c[0] = 1;
    for (int k = 1; k < n; k++) c[k] = 0;
    for (int i = 0, degree = 0; i < n; i++) {
        if (i == j) continue;
        double scale = 1 / (u[j] - u[i]);
        degree++;
        for (int k = degree; k > 0; k--) c[k] = (c[k - 1] - u[i] * c[k]) * scale;
        c[0] *= -u[i] * scale;
    }
}

/* In units of the step, u = (lambda - lambda_s) / h, so that small steps keep their digits. */
static void in_lambda(dpm_prediction form, const dpm_point *s, const dpm_point *t, int n,
                      const dpm_point *const node[], double w[])
{
    double h = t->lambda - s->lambda, unit = isinf(h) ? 1 : h, u[DPM_NODES], c[DPM_NODES];
    double moment[DPM_NODES], power        = 1;
    for (int k = 0; k < n; k++) {
        moment[k] = dpm_moment(form, s, t, k) * (double)FACTORIAL[k] / power;
        power *= unit;
        u[k] = (node[k]->lambda - s->lambda) / unit;
    }
    for (int j = 0; j < n; j++) {
        monomials(n, u, j, c);
        w[j] = 0;
        for (int k = 0; k < n; k++) w[j] += c[k] * moment[k];
    }
}

static void add_lagrange(int n, const double z[], double at, double weight, double w[])
{
    for (int j = 0; j < n; j++) {
        double l = weight;
        for (int i = 0; i < n; i++)
            if (i != j) l *= (at - z[i]) / (z[j] - z[i]);
        w[j] += l;
    }
}

/* Epsilon's integral is alpha_t int eps drho: polynomials in rho are integrated exactly by n points. */
static void in_rho(const dpm_point *s, const dpm_point *t, int n, const double z[], double w[])
{
    double x[DPM_NODES], g[DPM_NODES], half = 0.5 * (t->rho - s->rho);
    dpm_gauss(n, x, g);
    for (int q = 0; q < n; q++)
        add_lagrange(n, z, s->rho + half * (1 + x[q]), t->alpha * half * g[q], w);
}

/* Panels of at most 2 in lambda: t and rho are analytic functions of it with singularities no nearer than pi/2 to the real axis
   (where e^{2 lambda} = -1), so that 24 points leave an error of 3.4^-48. At sigma_t = 0 the weight e^-lambda has vanished after 40. */
static void by_quadrature(dpm_prediction form, dpm_variable v, const dpm_schedule *schedule,
                          const dpm_point *s, const dpm_point *t, int n, const double z[],
                          double w[])
{
    double h = t->lambda - s->lambda, x[GAUSS], g[GAUSS];
    if (isinf(h)) h = 40;
    int    panels = (int)ceil(fabs(h) / 2);
    double half   = 0.5 * h / panels;
    dpm_gauss(GAUSS, x, g);
    for (int p = 0; p < panels; p++) {
        for (int q = 0; q < GAUSS; q++) {
            double lambda = s->lambda + half * (2 * p + 1 + x[q]);
            double kappa  = form == DPM_X0 ? t->alpha * exp(lambda - t->lambda)
                                           : -t->alpha * exp(-lambda);
            double at     = v == DPM_IN_RHO ? exp(-lambda) : dpm_schedule_time(schedule, lambda);
            add_lagrange(n, z, at, kappa * half * g[q], w);
        }
    }
}

void dpm_weights(dpm_prediction form, dpm_variable v, const dpm_schedule *schedule,
                 const dpm_point *s, const dpm_point *t, int n, const dpm_point *const node[],
                 double w[])
{
    double z[DPM_NODES];
    for (int j = 0; j < n; j++) {
        w[j] = 0;
        z[j] = v == DPM_IN_RHO ? node[j]->rho : node[j]->t;
    }
    if (t->lambda == s->lambda) return;
    if (n == 1)
        w[0] = dpm_moment(form, s, t, 0);
    else if (v == DPM_IN_LAMBDA)
        in_lambda(form, s, t, n, node, w);
    else if (v == DPM_IN_RHO && form != DPM_X0)
        in_rho(s, t, n, z, w);
    else
        by_quadrature(form, v, schedule, s, t, n, z, w);
}
