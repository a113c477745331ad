/* 04_sampling.c - samples of a mixture of Gaussians by DPM-Solver++ 2M, and the exact gradient through the sampler.

   L = |x0|^2 / 2 of every sample, so that dL/dx0 = x0, and dL/dx_T comes back through all steps; beside it a central
   difference of the first component,  (L(x_T + h) - L(x_T - h)) / 2 h.                                       (1) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <costate/costate.h>

enum { N = 64, DIM = 2 };

static void must(ad_status status)
{
    if (status) fprintf(stderr, "%s\n", ad_message()), exit(1);
}

static double loss(dpm_sampler *s, double *noise, double shift, double *x0)
{
    double before = noise[0], sum = 0;
    noise[0] += shift;
    must(dpm_sample(s, &(dpm_run){ .n = N, .x = noise, .out = x0 }));
    noise[0] = before;
    for (int i = 0; i < N * DIM; i++) sum += x0[i] * x0[i] / 2;
    return sum;
}

int main(void)
{
    dpm_mixture  *mixture;
    dpm_schedule *schedule;
    dpm_sampler  *sampler;
    double        noise[N * DIM], x0[N * DIM], bar[N * DIM], h = 1e-5;
    must(dpm_mixture_read(&mixture, "examples/mixture.json"));
    must(
        dpm_schedule_new(&schedule, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    dpm_model   model   = dpm_mixture_model(mixture, AD_F64);
    dpm_options options = { .sampler = "dpmpp-2m", .schedule = schedule, .grid = { .steps = 20 } };
    must(dpm_sampler_new(&sampler, &model, &options, N));
    ad_random_normal(AD_F64, 1, 0, 0, N * DIM, noise);
    for (int i = 0; i < N * DIM; i++) noise[i] *= dpm_sampler_points(sampler)->sigma;

    must(dpm_sample(sampler, &(dpm_run){ .n = N, .x = noise, .out = x0, .record = 1 }));
    must(dpm_pullback(sampler, &(dpm_cotangents){ .out_bar = x0, .x_bar = bar }));
    const dpm_stats *stats = dpm_sampler_stats(sampler);
    printf("%ld steps, %ld evaluations, %ld pullbacks, %zu bytes kept\n", stats->steps, stats->nfe,
           stats->nvjp, stats->bytes_kept);
    for (int i = 0; i < 4; i++)
        printf("x_T (%6.3f, %6.3f)  x0 (%6.3f, %6.3f)  component %ld  dL/dx_T (%6.3f, %6.3f)\n",
               noise[2 * i], noise[2 * i + 1], x0[2 * i], x0[2 * i + 1],
               dpm_mixture_mode(mixture, x0 + 2 * i), bar[2 * i], bar[2 * i + 1]);

    double difference = (loss(sampler, noise, h, x0) - loss(sampler, noise, -h, x0)) / (2 * h);
    printf("gradient %.9f   difference %.9f\n", bar[0], difference);
    dpm_sampler_free(sampler), dpm_schedule_free(schedule), dpm_mixture_free(mixture);
    return fabs(bar[0] - difference) > 1e-7; /* h^2 of (1) and rounding over h */
}
