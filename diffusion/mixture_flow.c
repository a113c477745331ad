/* The probability-flow ODE of a mixture, integrated to rounding: what samplers are judged by. */
#include <math.h>

#include <costate/autodiff/memory.h>
#include <costate/nde/ode.h>

#include "mixture.h"

/* With z = x / sqrt(alpha^2 + sigma^2) and phi the angle of (alpha, sigma), every schedule's ODE (point.h, 1) becomes
       dz/dphi = cos(phi) eps(z, phi) - sin(phi) x0(z, phi)                                                     (1)
   (Salimans, Ho 2022, appendix D: it is their v), which is smooth at pure noise and at data alike, where lambda or rho are
   infinite. x0 is taken from the components, since (z - sin eps) / cos cancels near pure noise: that of component k is
       mu_k + cos v_k (z - cos mu_k) / V_k,   V_k = cos^2 v_k + sin^2. */
typedef struct velocity {
    const dpm_mixture *m;
    double            *log_p; /* [components] */
} velocity;

/* log responsibilities but for a constant; returns the largest */
static double log_responsibility(const velocity *f, double c, double s, const double *z)
{
    const dpm_mixture *m    = f->m;
    double             most = -INFINITY;
    for (long k = 0; k < m->components; k++) {
        const double *mu = m->mean + k * m->dim, *v = m->variance + k * m->dim;
        double        sum = 0;
        for (long j = 0; j < m->dim; j++) {
            double d = z[j] - c * mu[j], V = c * c * v[j] + s * s;
            sum += d * d / V + log(V);
        }
        f->log_p[k] = log(m->weight[k]) - 0.5 * sum;
        most        = fmax(most, f->log_p[k]);
    }
    return most;
}

static int velocity_at(double phi, long n, const void *state, void *slope, void *ctx)
{
    const velocity    *f  = ctx;
    const dpm_mixture *m  = f->m;
    const double      *z  = state;
    double            *dz = slope, c = cos(phi), s = sin(phi), total = 0;
    double             most = log_responsibility(f, c, s, z);
    for (long j = 0; j < m->dim * n; j++) dz[j] = 0;
    for (long k = 0; k < m->components; k++) {
        const double *mu = m->mean + k * m->dim, *v = m->variance + k * m->dim;
        double        p = exp(f->log_p[k] - most);
        total += p;
        for (long j = 0; j < m->dim; j++) {
            double q = (z[j] - c * mu[j]) / (c * c * v[j] + s * s);
            dz[j] += p * (c * s * q - s * (mu[j] + c * v[j] * q));
        }
    }
    for (long j = 0; j < m->dim; j++) dz[j] /= total;
    return 0;
}

static ad_status flow(nde_solver *ode, const dpm_point *from, const dpm_point *to, long dim, long n,
                      const double *x, double *z, double *out)
{
    double phi[2] = { atan2(from->sigma, from->alpha), atan2(to->sigma, to->alpha) };
    double before = hypot(from->alpha, from->sigma), after = hypot(to->alpha, to->sigma);
    for (long i = 0; i < n; i++) { /* each alone: its steps are its own */
        for (long j = 0; j < dim; j++) z[j] = x[i * dim + j] / before;
        ad_status s = nde_solve(
            ode, &(nde_solve_args){ .n = 1, .times = 2, .t = phi, .y0 = z, .y = z + dim });
        if (s) return ad_fail_at(s, "the mixture's flow, sample %ld: ", i);
        for (long j = 0; j < dim; j++) out[i * dim + j] = z[2 * dim + j] * after;
    }
    return AD_OK;
}

ad_status dpm_mixture_flow(const dpm_mixture *m, const dpm_schedule *s, double from, double to,
                           long n, const double *x, double *out)
{
    dpm_point   begin = dpm_schedule_at(s, from), end = dpm_schedule_at(s, to);
    velocity    f       = { m, ad_alloc((size_t)m->components * sizeof(double)) };
    double     *z       = ad_alloc(3 * (size_t)m->dim * sizeof *z);
    nde_solver *ode     = NULL;
    ad_status   status  = f.log_p && z ? AD_OK : AD_NO_MEMORY;
    nde_ode     problem = { .field_plain = velocity_at, .ctx = &f, .type = AD_F64, .dim = m->dim };
    nde_options tight   = {
          .method = &nde_dop853, .rtol = 1e-13, .atol = 1e-13, .max_steps = 1000000
    };
    if (!status) status = nde_solver_new(&ode, &problem, &tight, 1);
    if (!status) status = flow(ode, &begin, &end, m->dim, n, x, z, out);
    nde_solver_free(ode);
    ad_free(z);
    ad_free(f.log_p);
    return status;
}
