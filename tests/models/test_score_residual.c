/* The Fokker-Planck residual of denoisers on the way of data to noise: zero of the exact one, known of one that is bent. */
#include <math.h>

#include <criterion/criterion.h>

#include <costate/diffusion/mixture.h>
#include <costate/models/score_residual.h>

enum { N = 700 };

static dpm_mixture *mixture(long components)
{
    dpm_mixture *m;
    cr_assert_eq(dpm_mixture_new(&m, components, 2, (double[]){ 0.4, 0.6 },
                                 (double[]){ 0, 0, -1, -0.3 }, (double[]){ 1, 1, 0.15, 0.1 }),
                 AD_OK);
    return m;
}

static double rms_of(const dpm_mixture *m, const dpm_model *model, const char *name)
{
    dpm_schedule *s;
    double        x0[2 * N], rms;
    dpm_mixture_draw(m, 1, 0, N, x0);
    cr_assert_eq(dpm_schedule_new(&s, &(dpm_schedule_options){ .name = name }), AD_OK);
    cr_assert_eq(mdl_score_residual_rms(model, s, NULL, N, x0, 2, &rms), AD_OK, "%s", ad_message());
    dpm_schedule_free(s);
    return rms;
}

Test(score_residual, of_the_exact_score)
{
    static const char *const schedules[] = { "vp-linear", "cosine", "sub-vp", "ve", "flow" };
    dpm_mixture             *m           = mixture(2);
    dpm_model                model       = dpm_mixture_model(m, AD_F64);
    for (int i = 0; i < 5; i++) {
        double rms = rms_of(m, &model, schedules[i]);
        cr_assert(rms < 1e-9, "%s: %g", schedules[i], rms);
    }
    dpm_mixture_free(m);
}

/* b times the score. */
static ad_var bent(const dpm_at *at, void *ctx)
{
    return ad_scale(dpm_mixture_network(at, ctx), 0.5);
}

/* Of N(0, I), vp: s = -b x at all times, s_t = 0, and grad (g^2 / 2 (div s + |s|^2) - f x.s) = (g^2 b^2 + 2 f b) x, g^2 = -2 sigma^2,
   f = sigma^2 per unit of lambda: r = 2 sigma^2 b (b - 1) x up to its sign, and x is N(0, I). */
Test(score_residual, of_a_bent_score)
{
    dpm_mixture *m     = mixture(1);
    dpm_model    model = dpm_mixture_model(m, AD_F64);
    model.network      = bent;
    double        rms = rms_of(m, &model, "vp-linear"), want = 0;
    dpm_schedule *s;
    cr_assert_eq(dpm_schedule_new(&s, &(dpm_schedule_options){ .name = "vp-linear" }), AD_OK);
    double a = dpm_schedule_at(s, s->o.t_end).lambda, b = dpm_schedule_at(s, s->o.t_begin).lambda;
    for (int i = 0; i < 1000; i++) {
        double sigma = dpm_schedule_at_lambda(s, a + (b - a) * (i + 0.5) / 1000).sigma;
        want += pow(sigma, 6) / 4 / 1000;
    }
    dpm_schedule_free(s);
    dpm_mixture_free(m);
    /* a mean of squares of normal numbers, of which sigma^6 leaves some 650: a deviation is 5.5 % */
    cr_assert(fabs(rms * rms / want - 1) < 0.12, "%g %g", rms * rms, want);
}

Test(score_residual, of_a_model_with_arguments)
{
    dpm_mixture *m     = mixture(2);
    dpm_model    model = dpm_mixture_model(m, AD_F64);
    double       rms;
    model.nargs = 1;
    cr_assert_eq(mdl_score_residual_rms(&model, NULL, NULL, 1, (double[]){ 0, 0 }, 1, &rms),
                 AD_INVALID);
    dpm_mixture_free(m);
}
