/* A stochastic interpolant between noise and data (Albergo, Boffi, Vanden-Eijnden 2023) on any schedule.

   x = alpha x0 + sigma e moves towards the data with b dt = E[x0 | x] dalpha + E[e | x] dsigma, and its score is -E[e | x] / sigma:
       dx = b dt                                           noise level 0: Heun's method,                       (1)
       dx = (b + eps score) dt + sqrt(2 eps) dW            noise level eps, t the schedule's time.             (2)
   Between two points, with x0 and e held, (1) is alpha_t x0 + sigma_t e. What (2) adds acts on e alone, an Ornstein-Uhlenbeck
   process that leaves N(0, I) as it is; so Euler and Maruyama's step is taken exactly in it,
       x_t = alpha_t x0 + sigma_t (e^-theta e + sqrt(1 - e^-2theta) z),    theta = eps int dt / sigma^2,       (3)
   which does not mind that 1 / sigma^2 is stiff near the data. */
#include <costate/diffusion/method.h>

#include <math.h>

enum { POINTS = 32 };

static double noise_level(const dpm_build *b)
{
    return dpm_or(b->o->noise_level, 0);
}

/* theta of (3), by Gauss and Legendre in t. */
static double relaxation(const dpm_build *b, const dpm_point *s, const dpm_point *t)
{
    double x[POINTS], w[POINTS], sum = 0, half = 0.5 * (t->t - s->t);
    if (t->sigma == 0) return INFINITY;
    dpm_gauss(POINTS, x, w);
    for (int q = 0; q < POINTS; q++) {
        dpm_point p = dpm_schedule_at(b->schedule, s->t + half * (1 + x[q]));
        sum += w[q] / (p.sigma * p.sigma);
    }
    return noise_level(b) * fabs(half) * sum;
}

static dpm_slot noisy_step(dpm_build *b, const dpm_point *s, const dpm_point *t, dpm_slot x,
                           dpm_slot m)
{
    double theta = relaxation(b, s, t);
    double e     = t->sigma == 0 ? 0 : t->sigma * exp(-theta);
    double noise = t->sigma == 0 ? 0 : t->sigma * sqrt(-expm1(-2 * theta));
    if (noise == 0) return dpm_lin2(b, e / s->sigma, x, t->alpha - e * s->alpha / s->sigma, m);
    return dpm_lin3(b, e / s->sigma, x, t->alpha - e * s->alpha / s->sigma, m, noise, dpm_noise(b));
}

/* x + (1/2) dalpha (x0_s + x0_t) + (1/2) dsigma (e_s + e_t) with e = (x - alpha x0) / sigma; the last step to sigma = 0 is Euler's. */
static dpm_slot heun_step(dpm_build *b, const dpm_point *s, const dpm_point *t, dpm_slot x,
                          dpm_slot m)
{
    const double keep = t->sigma / s->sigma;
    dpm_slot     u    = dpm_lin2(b, keep, x, t->alpha - keep * s->alpha, m);
    if (t->sigma == 0) return u;
    const double da = 0.5 * (t->alpha - s->alpha), ds = 0.5 * (t->sigma - s->sigma);
    dpm_slot     end = dpm_eval(b, u, t, DPM_X0);
    return dpm_lin(b, 4,
                   (double[]){ 1 + ds / s->sigma, da - ds * s->alpha / s->sigma, ds / t->sigma,
                               da - ds * t->alpha / t->sigma },
                   (dpm_slot[]){ x, m, u, end });
}

static void make(dpm_build *b)
{
    dpm_slot x = b->x;
    if (!(noise_level(b) >= 0)) {
        dpm_build_fail(b, AD_INVALID, "interpolant's noise level is %g: 0 is the ODE, more the SDE",
                       noise_level(b));
        return;
    }
    if (b->o->invert && noise_level(b) > 0) {
        dpm_build_fail(b, AD_INVALID,
                       "interpolant from data to noise is its ODE: noise level 0, not %g",
                       noise_level(b));
        return;
    }
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
        dpm_slot         m = dpm_eval(b, x, s, DPM_X0);
        x                  = dpm_step(b, i,
                     noise_level(b) > 0 ? noisy_step(b, s, t, x, m) : heun_step(b, s, t, x, m));
    }
    dpm_result(b, x);
}

const dpm_method dpm_method_interpolant = {
    .name       = "interpolant",
    .about      = "stochastic interpolant: Heun's ODE, or with a noise level its SDE",
    .cite       = "Albergo, Boffi, Vanden-Eijnden 2023",
    .aliases    = "stochastic-interpolant sit",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_X0,
    .flags      = DPM_STOCHASTIC | DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes      = "noise-level invert",
    .make       = make,
};
