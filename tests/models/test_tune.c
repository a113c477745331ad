/* Tuning: the gradient through loss, units and sampler; the radius; losses that fall. */
#include <costate/models/tune.h>

#include <criterion/criterion.h>

#include "support.h"

enum { N = 6, DIM = 2 };

static mdl_denoiser *mixture(void)
{
    const char *path = "test_tune_mixture.json";
    FILE       *f    = fopen(path, "w");
    fputs("{\"weights\": [0.4, 0.6], \"means\": [[1, 0.5], [-1, -0.3]], \"variances\": [[0.1, "
          "0.2], [0.15, 0.1]]}",
          f);
    fclose(f);
    mdl_denoiser *d;
    cr_assert_eq(mdl_denoiser_load(&d, path, AD_F64), AD_OK, "%s", ad_message());
    remove(path);
    return d;
}

/* Central differences of a loss by every number of x: polynomials of degree 4 at most but for the style's quotient. */
static void check_loss(mdl_tune_loss *f, void *ctx, long n, long dim, double *x)
{
    double loss, fd, lo, hi, *x_bar = ad_alloc((size_t)(n * dim) * sizeof(double)),
                             *none = ad_alloc((size_t)(n * dim) * sizeof(double));
    cr_assert_eq(f(n, x, &loss, x_bar, ctx), AD_OK, "%s", ad_message());
    for (long i = 0; i < n * dim; i++) {
        double x0 = x[i], h = 1e-5;
        x[i] = x0 + h;
        cr_assert_eq(f(n, x, &hi, none, ctx), AD_OK);
        x[i] = x0 - h;
        cr_assert_eq(f(n, x, &lo, none, ctx), AD_OK);
        x[i] = x0;
        fd   = (hi - lo) / (2 * h);
        cr_expect_lt(fabs(fd - x_bar[i]), 1e-8 * (1 + fabs(fd)), "%ld: %g, differences %g", i,
                     x_bar[i], fd);
    }
    ad_free(x_bar);
    ad_free(none);
}

Test(tune, losses_against_differences)
{
    double     x[N * DIM], target[3 * DIM] = { 0.3, -1, 2, 0.4, -0.7, 0.9 }, same[N * DIM];
    mdl_target t;
    for (int i = 0; i < N * DIM; i++) x[i] = sin(3 * i + 1), same[i] = cos(2 * i);
    cr_assert_eq(mdl_target_new(&t, 3, DIM, target), AD_OK);
    check_loss(mdl_loss_mean, &t, N, DIM, x);
    check_loss(mdl_loss_style, &t, N, DIM, x);
    double loss, bar[N * DIM];
    cr_expect_eq(mdl_loss_match(N, x, &loss, bar, &t), AD_INVALID);
    mdl_target_free(&t);
    cr_assert_eq(mdl_target_new(&t, N, DIM, same), AD_OK);
    check_loss(mdl_loss_match, &t, N, DIM, x);
    mdl_target_free(&t);
    cr_assert_eq(mdl_target_new(&t, 1, DIM, target), AD_OK);
    check_loss(mdl_loss_match, &t, N, DIM, x);
    mdl_target_free(&t);
}

Test(tune, losses_of_a_judge)
{
    ds_samples *train;
    mdl_judge  *j;
    double     *x = ad_alloc(3 * 64 * sizeof *x);
    cr_assert_eq(ds_samples_make(&train, "digits", &(ds_samples_options){ .n = 300 }), AD_OK);
    cr_assert_eq(
        mdl_judge_new(&j, train, &(mdl_judge_options){ .iterations = 30, .hidden = { 16, 16 } }),
        AD_OK);
    cr_assert_eq(ds_samples_rows(train, 3, NULL, AD_F64, x, NULL), AD_OK);
    mdl_target t = { .dim = 64, .judge = j, .label = 4 };
    check_loss(mdl_loss_towards, &t, 3, 64, x);
    check_loss(mdl_loss_away, &t, 3, 64, x);
    double loss, bar[3 * 64];
    t.label = 10;
    cr_expect_eq(mdl_loss_towards(3, x, &loss, bar, &t), AD_INVALID);
    cr_expect(strstr(ad_message(), "0 to 9"), "%s", ad_message());
    t.judge = NULL;
    cr_expect_eq(mdl_loss_away(3, x, &loss, bar, &t), AD_INVALID);
    mdl_judge_free(j);
    ds_samples_free(train);
    ad_free(x);
}

Test(tune, noise_of_a_mixture)
{
    mdl_denoiser *d = mixture();
    dpm_schedule *vp;
    mdl_tune     *t;
    double        target[DIM] = { 1.2, 0.4 };
    mdl_target    at;
    cr_assert_eq(dpm_schedule_new(&vp, &(dpm_schedule_options){ 0 }), AD_OK);
    cr_assert_eq(mdl_target_new(&at, 1, DIM, target), AD_OK);
    mdl_tune_options o = { .of      = MDL_TUNE_NOISE,
                           .n       = N,
                           .seed    = 4,
                           .sampler = { .sampler = "dpmpp-2m", .schedule = vp, .grid.steps = 10 } };
    cr_assert_eq(mdl_tune_new(&t, d, &o, mdl_loss_match, &at), AD_OK, "%s", ad_message());
    mdl_tune_step step;
    cr_assert_eq(mdl_tune_gradient(t, &step), AD_OK, "%s", ad_message());
    double *theta = mdl_tune_learner(t)->theta, bar[N * DIM];
    memcpy(bar, mdl_tune_learner(t)->theta_bar, sizeof bar);
    for (int i = 0; i < N * DIM; i++) {
        double x0 = theta[i], h = 1e-5, lo, hi;
        theta[i] = x0 + h;
        cr_assert_eq(mdl_tune_samples(t, NULL, &hi), AD_OK);
        theta[i] = x0 - h;
        cr_assert_eq(mdl_tune_samples(t, NULL, &lo), AD_OK);
        theta[i] = x0;
        cr_expect_lt(fabs((hi - lo) / (2 * h) - bar[i]), 1e-6 * (1 + fabs(bar[i])),
                     "%d: %g, differences %g", i, bar[i], (hi - lo) / (2 * h));
    }
    double first = step.loss;
    for (int i = 0; i < 60; i++) cr_assert_eq(mdl_tune_run(t, &step), AD_OK, "%s", ad_message());
    cr_expect_lt(step.loss, first / 2, "from %g to %g", first, step.loss);
    cr_expect_gt(mdl_tune_moved(t), 0.1);
    mdl_tune_free(t);
    o.radius = 0.1;
    cr_assert_eq(mdl_tune_new(&t, d, &o, mdl_loss_match, &at), AD_OK);
    for (int i = 0; i < 10; i++) cr_assert_eq(mdl_tune_run(t, &step), AD_OK);
    cr_expect_leq(mdl_tune_moved(t), 0.1 * (1 + 1e-12));
    cr_expect_lt(step.loss, first);
    mdl_tune_free(t);
    o.of = MDL_TUNE_WEIGHTS;
    cr_expect_eq(mdl_tune_new(&t, d, &o, mdl_loss_match, &at), AD_INVALID);
    o.of = MDL_TUNE_CONDITION;
    cr_expect_eq(mdl_tune_new(&t, d, &o, mdl_loss_match, &at), AD_INVALID);
    cr_expect(strstr(ad_message(), "classes"), "%s", ad_message());
    mdl_target_free(&at);
    dpm_schedule_free(vp);
    mdl_denoiser_free(d);
}

/* A run with the seed of the start draws the start's own numbers first: what tuning samples must not be that run's. */
Test(tune, noise_on_the_way_is_new)
{
    mdl_denoiser *d = mixture();
    dpm_schedule *vp;
    mdl_tune     *t;
    dpm_sampler  *s;
    double        target[DIM] = { 1.2, 0.4 }, x[N * DIM], again[N * DIM];
    mdl_target    at;
    cr_assert_eq(dpm_schedule_new(&vp, &(dpm_schedule_options){ 0 }), AD_OK);
    cr_assert_eq(mdl_target_new(&at, 1, DIM, target), AD_OK);
    mdl_tune_options o = { .n       = N,
                           .seed    = 4,
                           .sampler = { .sampler = "ddpm", .schedule = vp, .grid.steps = 3 } };
    cr_assert_eq(mdl_tune_new(&t, d, &o, mdl_loss_match, &at), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_tune_samples(t, x, NULL), AD_OK);
    cr_assert_eq(mdl_tune_samples(t, again, NULL), AD_OK);
    cr_expect_arr_eq(x, again, sizeof x, "the same noise every time");
    cr_assert_eq(dpm_sampler_new(&s, &d->model, &o.sampler, N), AD_OK);
    cr_assert_eq(
        dpm_sample(
            s, &(dpm_run){ .n = N, .x = mdl_tune_learner(t)->theta, .seed = o.seed, .out = again }),
        AD_OK);
    mdl_denoiser_to_data(d, N, again);
    for (int i = 0; i < N * DIM; i++) cr_expect_neq(x[i], again[i]);
    dpm_sampler_free(s);
    mdl_tune_free(t);
    mdl_target_free(&at);
    dpm_schedule_free(vp);
    mdl_denoiser_free(d);
}
