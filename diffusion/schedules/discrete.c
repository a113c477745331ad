#include "discrete.h"

#include <math.h>

#include <costate/autodiff/memory.h>

#include "vp.h"

static const double *log_alphas(const dpm_schedule *s)
{
    return s->table;
}

static const double *lambdas(const dpm_schedule *s)
{
    return s->table + s->o.train_steps;
}

static ad_status check_beta(const dpm_schedule *s, long j, double beta)
{
    if (beta > 0 && (beta < 1 || (beta == 1 && j == s->o.train_steps - 1))) return AD_OK;
    return ad_fail(AD_INVALID,
                   "the schedule '%s': beta of step %ld of %ld is %g; betas lie between 0 and 1",
                   s->kind->name, j, s->o.train_steps, beta);
}

/* a_i <- (a_i - a_{N-1}) a_0 / (a_0 - a_{N-1}), a = sqrt(alphas_cumprod): Lin et al. 2024, algorithm 1 */
static void end_at_zero(long n, double *log_alpha)
{
    double first = exp(log_alpha[0]), last = exp(log_alpha[n - 1]);
    for (long i = 0; i < n; i++) {
        double a     = exp(log_alpha[i]);
        log_alpha[i] = log(first * ((a - last) / (first - last)));
    }
}

static ad_status fill(dpm_schedule *s, dpm_beta *beta)
{
    long    n         = s->o.train_steps;
    double *log_alpha = s->table, *lambda = s->table + n, *betas = s->table + 2 * n;
    double  sum = 0, rest = 0; /* Kahan's: N terms, and lambda is their logarithm near the data */
    for (long j = 0; j < n; j++) {
        double b = s->o.betas ? s->o.betas[j] : beta(s, j);
        AD_TRY(check_beta(s, j, b));
        double term = 0.5 * log1p(-b) - rest, next = sum + term;
        rest         = isinf(next) ? 0 : (next - sum) - term;
        sum          = next;
        betas[j]     = b;
        log_alpha[j] = sum;
    }
    if (s->o.zero_terminal_snr && !isinf(sum)) end_at_zero(n, log_alpha);
    for (long j = 0; j < n; j++) lambda[j] = dpm_point_vp(0, log_alpha[j]).lambda;
    s->o.betas = s->o.betas ? betas : NULL;
    return AD_OK;
}

ad_status dpm_discrete_prepare(dpm_schedule *s, dpm_beta *beta)
{
    long n = s->o.train_steps;
    if (n < 2 || n > 1000000)
        return ad_fail(AD_INVALID,
                       "the schedule '%s': train_steps = %ld; it goes from 2 to 1000000",
                       s->kind->name, n);
    s->entries = 3 * n;
    s->table   = ad_alloc((size_t)s->entries * sizeof *s->table);
    if (!s->table) return AD_NO_MEMORY;
    if (isnan(s->o.t_begin)) s->o.t_begin = (double)(n - 1);
    if (isnan(s->o.t_end)) s->o.t_end = 0;
    return fill(s, beta);
}

ad_status dpm_discrete_check_betas(const dpm_schedule *s)
{
    double b0 = s->o.beta_min, b1 = s->o.beta_max;
    if (s->o.betas || (b0 > 0 && b0 <= b1 && b1 < 1)) return AD_OK;
    return ad_fail(AD_INVALID,
                   "the schedule '%s' needs 0 < beta_min <= beta_max < 1: they are %g and %g",
                   s->kind->name, b0, b1);
}

/* Where lambda is infinite at one end of [i, i + 1], alpha^2 is linear: from the data sigma^2 = u sigma_0^2, and towards zero terminal
   SNR alpha^2 = (1 - u) alpha_i^2, which is log alpha in both cases without a difference. */
static int open_interval(const dpm_schedule *s, long i)
{
    return i < 0 || isinf(lambdas(s)[i + 1]);
}

static double open_log_alpha(const dpm_schedule *s, long i, double u)
{
    const double *l = log_alphas(s);
    return i < 0 ? 0.5 * log1p(u * expm1(2 * l[0])) : l[i] + 0.5 * log1p(-u);
}

static double open_part(const dpm_schedule *s, long i, double log_alpha)
{
    const double *l = log_alphas(s);
    return i < 0 ? expm1(2 * log_alpha) / expm1(2 * l[0]) : -expm1(2 * (log_alpha - l[i]));
}

dpm_point dpm_discrete_at(const dpm_schedule *s, double t)
{
    long n = s->o.train_steps;
    if (!(t >= -1 && t <= (double)(n - 1))) return dpm_point_of(t, NAN, NAN);
    if (t == -1) return dpm_point_of(t, 1, 0);
    long   i = (long)floor(t);
    double u = t - (double)i;
    if (u == 0) return dpm_point_vp(t, log_alphas(s)[i]);
    if (open_interval(s, i)) return dpm_point_vp(t, open_log_alpha(s, i, u));
    const double *lambda = lambdas(s);
    double        l      = lambda[i] + u * (lambda[i + 1] - lambda[i]);
    return dpm_point_vp(t, dpm_vp_log_alpha(l));
}

/* The last step whose lambda is at least this one; -1: none. lambda falls from step to step. */
static long step_before(const dpm_schedule *s, double lambda)
{
    long lo = -1, hi = s->o.train_steps; /* lambda_lo >= lambda > lambda_hi */
    while (hi - lo > 1) {
        long mid = lo + (hi - lo) / 2;
        if (lambdas(s)[mid] >= lambda)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

double dpm_discrete_time(const dpm_schedule *s, double lambda)
{
    if (isnan(lambda)) return lambda;
    long i = step_before(s, lambda), n = s->o.train_steps;
    if (i == n - 1) return (double)i;
    if (open_interval(s, i)) return (double)i + open_part(s, i, dpm_vp_log_alpha(lambda));
    const double *l = lambdas(s);
    return (double)i + (lambda - l[i]) / (l[i + 1] - l[i]);
}
