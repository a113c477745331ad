/* 05_tuning.c - the start of every sample is moved until the samples are as a loss of one's own wants them.

   L = mean over samples of (|x0| - r)^2: a circle of radius r. The samples come from a mixture of Gaussians by DDIM; the gradient goes back
   through all of its steps, to the noise, which stays within 1 of where it was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <costate/costate.h>

enum { N = 32, DIM = 2, STEPS = 60 };

static void must(ad_status status)
{
    if (status) fprintf(stderr, "%s\n", ad_message()), exit(1);
}

/* dL/dx0 = 2 (|x0| - r) x0 / (n |x0|) */
static ad_status circle(long n, const double *x, double *loss, double *x_bar, void *ctx)
{
    double r = *(const double *)ctx;
    *loss    = 0;
    for (long i = 0; i < n; i++) {
        double size = hypot(x[2 * i], x[2 * i + 1]), d = size - r;
        *loss += d * d / (double)n;
        for (int k = 0; k < DIM; k++) x_bar[2 * i + k] = 2 * d * x[2 * i + k] / ((double)n * size);
    }
    return AD_OK;
}

int main(void)
{
    mdl_denoiser *model;
    dpm_schedule *schedule;
    mdl_tune     *tune;
    mdl_tune_step step;
    double        x[N * DIM], first, last, r = 1.2;
    must(mdl_denoiser_load(&model, "examples/mixture.json", AD_F64));
    must(dpm_schedule_new(&schedule, &(dpm_schedule_options){ .name = "vp-linear" }));
    dpm_options      sampler = { .sampler = "ddim", .schedule = schedule, .grid = { .steps = 15 } };
    mdl_tune_options options = { .of = MDL_TUNE_NOISE, .sampler = sampler, .n = N, .radius = 1 };
    must(mdl_tune_new(&tune, model, &options, circle, &r));

    must(mdl_tune_samples(tune, x, &first));
    for (int i = 0; i < STEPS; i++) {
        must(mdl_tune_run(tune, &step));
        if (i % 10 == 0)
            printf("step %2d  loss %.6f  gradient %.2e\n", i, step.loss, step.gradient);
    }
    must(mdl_tune_samples(tune, x, &last));
    printf("loss %.6f, then %.6f; the noise moved by %.3f at most\n", first, last,
           mdl_tune_moved(tune));
    for (int i = 0; i < 4; i++)
        printf("(%6.3f, %6.3f)  radius %.3f\n", x[2 * i], x[2 * i + 1],
               hypot(x[2 * i], x[2 * i + 1]));
    mdl_tune_free(tune), dpm_schedule_free(schedule), mdl_denoiser_free(model);
    return last < first / 2 ? 0 : 1;
}
