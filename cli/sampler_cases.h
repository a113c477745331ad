/* sampler_cases.h - data whose score is known, for judging samplers: what is left is the solver's error.

       A     2-D, four Gaussians of different weight and width
       R8    2-D, eight of deviation 0.05 on a ring of radius 2
       M32   32-D, ten around N(0, I), variances in [0.02, 0.2]
       G16   16-D, one Gaussian, variances 0.01 .. 2: its flow is known in closed form
       M3    2-D, three that overlap: smooth, and no Gaussian                                                     */
#ifndef COSTATE_CLI_SAMPLER_CASES_H
#define COSTATE_CLI_SAMPLER_CASES_H

#include <costate/diffusion/method.h>
#include <costate/diffusion/mixture.h>
#include <costate/diffusion/sample.h>

enum { SAMPLER_DIM_MOST = 32 };

typedef struct sampler_case {
    char          name[8];
    dpm_mixture  *mixture;
    dpm_schedule *schedule; /* vp-linear, t from 1 to 1e-3                              */
    long          n, dim;
    double       *start; /* [n, dim] sigma_T z; z the same for all who ask for the case     */
    double       *exact; /* [n, dim] the ODE's endpoints, by dpm_mixture_flow()             */
    double       *out;   /* [n, dim] of the last run                                        */
} sampler_case;

ad_status sampler_case_new(sampler_case *c, const char *name, long n);
void      sampler_case_free(sampler_case *c);

/* Runs o on all points, o->schedule set to the case's; out, and how many evaluations it took. */
ad_status sampler_case_run(sampler_case *c, const dpm_options *o, long *nfe);

/* The Euclidean distances of out from exact. */
typedef struct sampler_error {
    double median, p90, rms, flips; /* flips: the part that ends in another mode */
} sampler_error;

ad_status sampler_case_judge(const sampler_case *c, sampler_error *e);
/* sampler_noise.c: the sliced Wasserstein-2 distance of out, and of other exact samples, from as many exact samples. */
ad_status sampler_case_distance(const sampler_case *c, double *distance);
ad_status sampler_case_floor(const sampler_case *c, double *distance);
/* The same of any two sets [n, dim]. */
ad_status sampler_case_between(const sampler_case *c, const double *a, const double *b,
                               double *distance);

/* Is the row named by --rows, or is there no --rows? A name there that is no sampler: AD_INVALID by sampler_rows_check(). */
struct cli_args;
ad_status sampler_rows_check(const struct cli_args *a);
int       sampler_row_wanted(const struct cli_args *a, const dpm_method *m);

#endif
