/* Laws that are kept: Feynman-Kac correctors, denoising MCMC, interpolants. */
#include "walks.h"

#include <string.h>

#include <costate/autodiff/ops.h>
#include <costate/diffusion/dmcmc.h>
#include <costate/diffusion/fkc.h>
#include <costate/diffusion/interpolant.h>

enum { ROWS = 16, DIM = 2, NUMBERS = DIM * ROWS, MODES = 4 };

/* --- Feynman-Kac correctors: mode weights ------------------------------------------------------------------------------- */

enum { RUNS = 8, PARTICLES = 1000 };

/* Weights of modes of prod q_j^beta_j, by the midpoint rule on [-3, 3]^2: spacings of an eighth of the least deviation. */
static void quadrature(const dpm_fkc_options *o, const dpm_mixture *modes, const dpm_point *at,
                       double part[MODES])
{
    const double h   = 0.02;
    double       sum = 0;
    for (int k = 0; k < MODES; k++) part[k] = 0;
    for (int i = 0; i < 300; i++)
        for (int j = 0; j < 300; j++) {
            double x[DIM] = { -3 + (i + 0.5) * h, -3 + (j + 0.5) * h }, l = 0;
            for (int q = 0; q < o->terms; q++)
                l += o->exponent[q] * o->density[q].log(at, x, NULL, o->density[q].ctx);
            part[dpm_mixture_mode(modes, x)] += exp(l);
            sum += exp(l);
        }
    for (int k = 0; k < MODES; k++) part[k] /= sum;
}

/* Mean and standard error over runs of the weight of a mode. */
static void particles(dpm_fkc_options o, const dpm_mixture *modes, int weighted, double mean[MODES],
                      double error[MODES])
{
    static double x[PARTICLES * DIM], w[PARTICLES];
    double        square[MODES] = { 0 };
    memset(mean, 0, MODES * sizeof *mean);
    for (int r = 0; r < RUNS; r++) {
        double part[MODES] = { 0 };
        o.seed             = (uint64_t)r + 1;
        cr_assert_eq(dpm_fkc(&o, PARTICLES, x, w, NULL), AD_OK, "%s", ad_message());
        for (int i = 0; i < PARTICLES; i++)
            part[dpm_mixture_mode(modes, x + DIM * i)] += weighted ? w[i] : 1. / PARTICLES;
        for (int k = 0; k < MODES; k++)
            mean[k] += part[k] / RUNS, square[k] += part[k] * part[k] / RUNS;
    }
    for (int k = 0; k < MODES; k++) error[k] = sqrt((square[k] - mean[k] * mean[k]) / (RUNS - 1));
}

/* The largest difference to quadrature in standard errors. Steps are so many that what they bias is below these. */
static double off(const dpm_fkc_options *o, const dpm_mixture *modes, int weighted)
{
    double    want[MODES], mean[MODES], error[MODES], most = 0;
    dpm_point end = dpm_schedule_at(o->schedule, 1e-3);
    quadrature(o, modes, &end, want);
    particles(*o, modes, weighted, mean, error);
    for (int k = 0; k < MODES; k++) most = fmax(most, fabs(mean[k] - want[k]) / error[k]);
    return most;
}

static void agrees(const dpm_fkc_options *o, const dpm_mixture *modes, const char *what)
{
    double most = off(o, modes, 1);
    cr_expect_lt(most, 4, "%s: %g standard errors", what, most);
}

Test(laws, feynman_kac_weighs_modes)
{
    dpm_mixture  *m = walks_four(), *c = NULL;
    dpm_schedule *vp = walks_vp();
    /* the same modes in other parts: what conditioning makes of a mixture */
    cr_assert_eq(dpm_mixture_new(&c, 4, 2, (double[]){ .4, .3, .2, .1 }, m->mean, m->variance),
                 AD_OK);
    dpm_fkc_options annealed = { .schedule = vp,
                                 .grid     = { .name = "logsnr", .steps = 60 },
                                 .terms    = 1,
                                 .density  = { dpm_mixture_density(m), dpm_mixture_density(c) },
                                 .exponent = { 2 },
                                 .noise    = 2 };
    dpm_fkc_options product = annealed, guided = annealed, blind;
    product.terms       = 2;
    product.exponent[0] = product.exponent[1] = 1;
    guided.terms                              = 2;
    guided.exponent[0] = -1, guided.exponent[1] = 2;
    blind           = guided;
    blind.effective = DPM_ZERO;
    agrees(&annealed, m, "annealed");
    agrees(&product, m, "product");
    agrees(&guided, m, "guided");
    double unweighted = off(&blind, m, 0);
    cr_expect_gt(unweighted, 8, "without weights: %g", unweighted);
    dpm_mixture_free(m);
    dpm_mixture_free(c);
    dpm_schedule_free(vp);
}

Test(laws, feynman_kac_of_one_is_the_sde)
{
    dpm_mixture    *m  = walks_four();
    dpm_schedule   *vp = walks_vp();
    double          x[DIM * 64], w[64];
    dpm_fkc_stats   s;
    dpm_fkc_options o = { .schedule = vp,
                          .grid     = { .name = "logsnr", .steps = 20 },
                          .terms    = 1,
                          .density  = { dpm_mixture_density(m) },
                          .exponent = { 1 } };
    cr_assert_eq(dpm_fkc(&o, 64, x, w, &s), AD_OK, "%s", ad_message());
    cr_expect_eq(s.nfe, 64 * (1 + 2 * 20));
    cr_expect_eq(s.resampled, 0);
    cr_expect_gt(s.effective_least, 0.99); /* what is left is q_T against N(0, sigma^2) */
    dpm_mixture_free(m);
    dpm_schedule_free(vp);
}

static ad_status fkc_body(void *ctx)
{
    double x[8 * DIM], w[8];
    return dpm_fkc(ctx, 8, x, w, NULL);
}

Test(laws, feynman_kac_mistakes)
{
    dpm_mixture    *m  = walks_four();
    dpm_schedule   *vp = walks_vp();
    long            runs;
    dpm_fkc_options o = { .schedule = vp,
                          .grid     = { .name = "logsnr", .steps = 5 },
                          .terms    = 1,
                          .density  = { dpm_mixture_density(m) },
                          .exponent = { 1 } };
    cr_expect(every_allocation_fails_cleanly(fkc_body, &o, &runs) && runs > 1);
    o.exponent[0] = -1;
    cr_expect_eq(fkc_body(&o), AD_INVALID);
    o.exponent[0] = 1, o.terms = 0;
    cr_expect_eq(fkc_body(&o), AD_INVALID);
    o.terms = 1, o.grid.steps = 0;
    cr_expect_eq(fkc_body(&o), AD_INVALID);
    dpm_mixture_free(m);
    dpm_schedule_free(vp);
}

/* --- denoising MCMC ------------------------------------------------------------------------------------------------------- */

static void by_density(const double *x, long levels, const double *sigma, double *log_p, void *m)
{
    for (long j = 0; j < levels; j++) {
        dpm_point at = dpm_point_of(sigma[j], 1, sigma[j]);
        log_p[j]     = dpm_mixture_log_density(m, &at, x, NULL);
    }
}

/* Chains are independent, one sample each: the parts are binomial. No choice of the least noisy state (skip 1), which favours modes
   whose sigma falls lower within so many states. */
Test(laws, denoising_mcmc_visits_modes)
{
    enum { N = 800 };
    static double     x[DIM * N];
    dpm_mixture      *m = walks_four();
    dpm_dmcmc_stats   s;
    dpm_dmcmc_options o = {
        .density = dpm_mixture_density(m), .levels = 24, .warm_up = 200, .skip = 1, .seed = 4
    };
    double part[MODES] = { 0 };
    cr_assert_eq(dpm_dmcmc(&o, N, x, &s), AD_OK, "%s", ad_message());
    for (int i = 0; i < N; i++) part[dpm_mixture_mode(m, x + DIM * i)] += 1. / N;
    for (int k = 0; k < MODES; k++) {
        double error = sqrt(m->weight[k] * (1 - m->weight[k]) / N);
        cr_expect_lt(fabs(part[k] - m->weight[k]) / error, 4, "mode %d: %g", k, part[k]);
    }
    cr_expect_eq(s.nfe_chain, N * 201L);
    dpm_mixture_free(m);
}

Test(laws, denoising_mcmc_by_a_classifier)
{
    enum { N = 20 };
    double            x[DIM * N], y[DIM * N];
    dpm_mixture      *m = walks_four();
    dpm_dmcmc_options o = { .density = dpm_mixture_density(m), .levels = 16, .warm_up = 20 };
    cr_assert_eq(dpm_dmcmc(&o, N, x, NULL), AD_OK);
    o.classify = by_density, o.classify_ctx = m;
    cr_assert_eq(dpm_dmcmc(&o, N, y, NULL), AD_OK);
    cr_expect_eq(distance(DIM * N, x, y), 0);
    o.step = 3;
    cr_expect_eq(dpm_dmcmc(&o, N, x, NULL), AD_INVALID);
    dpm_mixture_free(m);
}

static ad_status chain_body(void *options)
{
    double x[3 * DIM];
    return dpm_dmcmc(options, 3, x, NULL);
}

static ad_status interpolant_body(void *options)
{
    double x[3 * DIM] = { 0 };
    return dpm_interpolant_run(options, 3, x);
}

Test(laws, calls_without_memory)
{
    dpm_mixture            *m     = walks_four();
    dpm_interpolant         p     = { m, m, DPM_LINEAR };
    dpm_dmcmc_options       chain = { .density = dpm_mixture_density(m), .warm_up = 2, .skip = 2 };
    dpm_interpolant_options walk  = {
         .field = dpm_interpolant_exact, .ctx = &p, .dim = DIM, .steps = 3
    };
    long runs;
    cr_expect(every_allocation_fails_cleanly(chain_body, &chain, &runs) && runs > 0);
    cr_expect(every_allocation_fails_cleanly(interpolant_body, &walk, &runs) && runs > 0);
    dpm_mixture_free(m);
}

/* --- interpolants ---------------------------------------------------------------------------------------------------------- */

/* x_t is itself a mixture, over pairs: its score. */
Test(laws, interpolant_score)
{
    dpm_mixture *a = walks_one(), *b = walks_four(), *pairs = NULL;
    for (int kind = 0; kind < 2; kind++) {
        dpm_interpolant       p = { a, b, (dpm_interpolant_kind)kind };
        dpm_interpolant_place q = dpm_interpolant_at(p.kind, 0.3);
        double mean[8], variance[8], x[DIM] = { 0.4, -0.2 }, v[DIM], s[DIM], want[DIM];
        for (int i = 0; i < 8; i++) {
            mean[i]     = q.a * a->mean[i % 2] + q.b * b->mean[i];
            variance[i] = q.a * q.a * a->variance[i % 2] + q.b * q.b * b->variance[i];
        }
        dpm_point at = dpm_point_of(0.3, 1, sqrt(q.gamma2));
        cr_assert_eq(dpm_mixture_new(&pairs, 4, 2, b->weight, mean, variance), AD_OK);
        dpm_mixture_log_density(pairs, &at, x, want);
        dpm_interpolant_exact(0.3, x, v, s, &p);
        cr_expect_lt(distance(DIM, s, want), 1e-13);
        dpm_mixture_free(pairs);
    }
    dpm_mixture_free(a);
    dpm_mixture_free(b);
}

/* Means and variances at t = 1 within 4 standard errors of rho1's; of a variance it is sqrt((kurtosis - 1) / n), at most 2 / sqrt(n)
   here, of a mode's part sqrt(p (1 - p) / n). */
static void ends_right(const dpm_mixture *m, long n, const double *x, const char *what)
{
    double part[MODES] = { 0 };
    for (long i = 0; i < n; i++) part[dpm_mixture_mode(m, x + DIM * i)] += 1 / (double)n;
    for (int k = 0; k < MODES; k++) {
        double e = sqrt(m->weight[k] * (1 - m->weight[k]) / (double)n);
        cr_expect_lt(fabs(part[k] - m->weight[k]) / e, 4, "%s, mode %d: %g", what, k, part[k]);
    }
    for (int d = 0; d < DIM; d++) {
        double mean = 0, square = 0, got = 0, got2 = 0;
        for (int k = 0; k < MODES; k++) {
            double mu = m->mean[DIM * k + d];
            mean += m->weight[k] * mu;
            square += m->weight[k] * (mu * mu + m->variance[DIM * k + d]);
        }
        double v = square - mean * mean;
        for (long i = 0; i < n; i++) {
            got += x[DIM * i + d] / (double)n;
            got2 += x[DIM * i + d] * x[DIM * i + d] / (double)n;
        }
        cr_expect_lt(fabs(got - mean) / sqrt(v / (double)n), 4, "%s: mean %g", what, got);
        cr_expect_lt(fabs(got2 - got * got - v) / (2 * v / sqrt((double)n)), 4, "%s: variance %g",
                     what, got2 - got * got);
    }
}

Test(laws, interpolants_end_right)
{
    enum { N = 1500 };
    static double       x[DIM * N];
    static const double level[] = { 0, 0.5, 2 };
    static const long   steps[] = { 30, 60, 150 };
    dpm_mixture        *a = walks_one(), *b = walks_four();
    for (int kind = 0; kind < 2; kind++)
        for (int e = 0; e < 3; e++) {
            char            what[64];
            dpm_interpolant p = { a, b, (dpm_interpolant_kind)kind };
            snprintf(what, sizeof what, "kind %d, eps %g", kind, level[e]);
            dpm_mixture_draw(a, 7, 0, N, x);
            dpm_interpolant_options o = { .field       = dpm_interpolant_exact,
                                          .ctx         = &p,
                                          .dim         = DIM,
                                          .steps       = steps[e],
                                          .noise_level = level[e],
                                          .seed        = 8 };
            cr_assert_eq(dpm_interpolant_run(&o, N, x), AD_OK, "%s", ad_message());
            ends_right(b, N, x, what);
        }
    dpm_mixture_free(a);
    dpm_mixture_free(b);
}

/* The sampler of that name, noise to data: any noise level has the same end law. */
Test(laws, interpolant_sampler_ends_right)
{
    enum { N = 1500 };
    static double       x[DIM * N], y[DIM * N];
    static const double level[] = { 0, 0.5, 2 };
    dpm_mixture        *m       = walks_four();
    dpm_schedule       *vp      = walks_vp();
    dpm_model           model   = dpm_mixture_model(m, AD_F64);
    ad_random_normal(AD_F64, 21, 0, 0, DIM * N, x);
    for (int e = 0; e < 3; e++) {
        dpm_options o = { .sampler     = "interpolant",
                          .schedule    = vp,
                          .grid        = { .name = "logsnr", .steps = 100 },
                          .noise_level = level[e] };
        walks_run(&model, &o, &(dpm_run){ .n = N, .x = x, .out = y, .seed = 3 });
        ends_right(m, N, y, "sampler");
    }
    dpm_schedule_free(vp);
    dpm_mixture_free(m);
}

/* e - x0 of one Gaussian, which is defined at alpha = 0 and at sigma = 0. */
static ad_var velocity(const dpm_at *at, void *mixture)
{
    const dpm_mixture *m    = mixture;
    ad_var             mean = ad_const_array(at->g, AD_F64, ad_vector(DIM), m->mean);
    ad_var             v    = ad_const_array(at->g, AD_F64, ad_vector(DIM), m->variance);
    ad_var             all  = ad_add(ad_mul(ad_square(at->alpha), v), ad_square(at->sigma));
    ad_var             z    = ad_div(ad_sub(at->x, ad_mul(at->alpha, mean)), all);
    ad_var             x0   = ad_add(mean, ad_mul(ad_mul(at->alpha, v), z));
    return ad_sub(ad_mul(at->sigma, z), x0);
}

/* The flow schedule's own ends, alpha = 0 and sigma = 0: x_0 = m + sqrt(v) x_T; Heun's error falls by 4. */
Test(laws, interpolant_sampler_from_end_to_end)
{
    dpm_mixture  *m    = walks_one();
    dpm_schedule *flow = walks_schedule(
        &(dpm_schedule_options){ .name = "flow", .t_begin = 1, .t_end = DPM_ZERO });
    dpm_model model = { .network = velocity, .ctx = m, .prediction = DPM_FLOW, .dim = DIM };
    double    x[NUMBERS], y[NUMBERS], want[NUMBERS], error[2];
    ad_random_normal(AD_F64, 21, 0, 0, NUMBERS, x);
    for (int i = 0; i < NUMBERS; i++) want[i] = m->mean[i % 2] + sqrt(m->variance[i % 2]) * x[i];
    for (int k = 0; k < 2; k++) {
        dpm_options o = { .sampler  = "interpolant",
                          .schedule = flow,
                          .grid     = { .name = "time-uniform", .steps = 100L << k } };
        walks_run(&model, &o, &(dpm_run){ .n = ROWS, .x = x, .out = y });
        error[k] = walks_rms(NUMBERS, y, want);
    }
    cr_expect_float_eq(log2(error[0] / error[1]), 2, 0.2, "%g, %g", error[0], error[1]);
    dpm_schedule_free(flow);
    dpm_mixture_free(m);
}
