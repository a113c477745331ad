/* Data for judging samplers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "args.h"
#include "sampler_cases.h"

enum { MOST_COMPONENTS = 10, SEED = 2024, START = 1, MEANS = 2, WIDTHS = 3 };

typedef struct recipe {
    const char *name;
    long        components, dim;
    void (*fill)(double *weight, double *mean, double *variance);
} recipe;

static void copy(double *to, const double *from, size_t n)
{
    memcpy(to, from, n * sizeof *to);
}

static void fill_a(double *weight, double *mean, double *variance)
{
    copy(weight, (double[]){ 0.1, 0.2, 0.3, 0.4 }, 4);
    copy(mean, (double[]){ 1.2, 0.8, -1, 0.9, -0.7, -1.1, 0.9, -0.6 }, 8);
    copy(variance, (double[]){ 0.04, 0.09, 0.06, 0.03, 0.05, 0.05, 0.02, 0.08 }, 8);
}

static void fill_ring(double *weight, double *mean, double *variance)
{
    for (int k = 0; k < 8; k++) {
        double angle    = 2 * 3.14159265358979323846 * k / 8;
        weight[k]       = 1;
        mean[2 * k]     = 2 * cos(angle);
        mean[2 * k + 1] = 2 * sin(angle);
        variance[2 * k] = variance[2 * k + 1] = 0.05 * 0.05;
    }
}

static void fill_32(double *weight, double *mean, double *variance)
{
    ad_random_normal(AD_F64, SEED, MEANS, 0, 10 * 32, mean);
    ad_random_uniform(AD_F64, SEED, WIDTHS, 0, 10 * 32, variance);
    for (int i = 0; i < 10; i++) weight[i] = 1;
    for (int i = 0; i < 10 * 32; i++) variance[i] = 0.02 + 0.18 * variance[i];
}

static void fill_16(double *weight, double *mean, double *variance)
{
    weight[0] = 1;
    for (int i = 0; i < 16; i++) {
        mean[i]     = -0.5 + i / 15.0;
        variance[i] = 0.01 * pow(200, i / 15.0);
    }
}

static void fill_3(double *weight, double *mean, double *variance)
{
    copy(weight, (double[]){ 0.3, 0.3, 0.4 }, 3);
    copy(mean, (double[]){ 0.5, 0.2, -0.4, 0.5, -0.1, -0.6 }, 6);
    copy(variance, (double[]){ 0.3, 0.36, 0.24, 0.42, 0.33, 0.3 }, 6);
}

static const recipe recipes[] = {
    { "A", 4, 2, fill_a },     { "R8", 8, 2, fill_ring }, { "M32", 10, 32, fill_32 },
    { "G16", 1, 16, fill_16 }, { "M3", 3, 2, fill_3 },
};

static ad_status fill(sampler_case *c, const recipe *r)
{
    double weight[MOST_COMPONENTS], mean[MOST_COMPONENTS * SAMPLER_DIM_MOST],
        variance[MOST_COMPONENTS * SAMPLER_DIM_MOST];
    r->fill(weight, mean, variance);
    AD_TRY(dpm_mixture_new(&c->mixture, r->components, r->dim, weight, mean, variance));
    AD_TRY(dpm_schedule_new(&c->schedule, &(dpm_schedule_options){ .name = "vp-linear" }));
    long   all   = c->n * c->dim;
    size_t bytes = (size_t)all * sizeof(double);
    c->start     = ad_alloc(bytes);
    c->exact     = ad_alloc(bytes);
    c->out       = ad_alloc(bytes);
    if (!c->start || !c->exact || !c->out) return AD_NO_MEMORY;
    double from = c->schedule->o.t_begin, to = c->schedule->o.t_end;
    double sigma = dpm_schedule_at(c->schedule, from).sigma;
    ad_random_normal(AD_F64, SEED, START, 0, all, c->start);
    for (long i = 0; i < all; i++) c->start[i] *= sigma;
    return dpm_mixture_flow(c->mixture, c->schedule, from, to, c->n, c->start, c->exact);
}

ad_status sampler_case_new(sampler_case *c, const char *name, long n)
{
    const recipe *r = recipes;
    while (strcmp(r->name, name)) r++;
    *c = (sampler_case){ .n = n, .dim = r->dim };
    strcpy(c->name, name);
    ad_status s = fill(c, r);
    if (s) sampler_case_free(c);
    return s;
}

void sampler_case_free(sampler_case *c)
{
    dpm_mixture_free(c->mixture);
    dpm_schedule_free(c->schedule);
    ad_free(c->start);
    ad_free(c->exact);
    ad_free(c->out);
    *c = (sampler_case){ 0 };
}

ad_status sampler_case_run(sampler_case *c, const dpm_options *options, long *nfe)
{
    dpm_options  o = *options;
    dpm_sampler *s;
    dpm_model    model = dpm_mixture_model(c->mixture, AD_F64);
    o.schedule         = c->schedule;
    AD_TRY(dpm_sampler_new(&s, &model, &o, c->n));
    ad_status status = dpm_sample(
        s, &(dpm_run){ .n = c->n, .x = c->start, .out = c->out, .seed = SEED });
    *nfe = dpm_sampler_stats(s)->nfe;
    dpm_sampler_free(s);
    return status;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

ad_status sampler_case_judge(const sampler_case *c, sampler_error *e)
{
    double *error = ad_alloc((size_t)c->n * sizeof *error), sum = 0;
    long    flips = 0;
    if (!error) return AD_NO_MEMORY;
    for (long i = 0; i < c->n; i++) {
        const double *a = c->out + i * c->dim, *b = c->exact + i * c->dim;
        for (long k = 0; k < c->dim; k++) error[i] += (a[k] - b[k]) * (a[k] - b[k]);
        sum += error[i];
        error[i] = sqrt(error[i]);
        flips += dpm_mixture_mode(c->mixture, a) != dpm_mixture_mode(c->mixture, b);
    }
    qsort(error, (size_t)c->n, sizeof *error, by_size);
    *e = (sampler_error){ .median = error[c->n / 2],
                          .p90    = error[c->n * 9 / 10],
                          .rms    = sqrt(sum / (double)c->n),
                          .flips  = (double)flips / (double)c->n };
    ad_free(error);
    return AD_OK;
}

ad_status sampler_rows_check(const cli_args *a)
{
    for (int i = 0; i < cli_list(a, "rows"); i++)
        if (!dpm_method_find(cli_item(a, "rows", i))) return AD_INVALID;
    return AD_OK;
}

int sampler_row_wanted(const cli_args *a, const dpm_method *m)
{
    int n = cli_list(a, "rows");
    for (int i = 0; i < n; i++)
        if (dpm_method_find(cli_item(a, "rows", i)) == m) return 1;
    return n == 0;
}
