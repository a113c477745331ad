/* statistics.h - empirical model statistics, for dpm-v3.

   DPM-Solver-v3 (Zheng et al. 2023, section 3) integrates exactly not the noise but what is left of it when a linear part l x and a
   drift (s, b) of the rest have been taken out, numbers for every component that depend on lambda:
       f = (sigma eps - l x) / alpha,                                                                                  (1)
       l = E[sigma diag(d eps / d x)],
       s = (E[f f'] - E[f] E[f']) / (E[f^2] - E[f]^2),     b = E[f'] - s E[f],                                         (2)
   f' = df/dlambda along the probability-flow ODE, the means over x = alpha x0 + sigma e (their eqs. 9 and 13). l = 0, s = -1, b = 0
   is DPM-Solver, l = 1, s = b = 0 DPM-Solver++. As JSON:
       { "format": "costate-statistics-1", "lambda": [..], "l": [[..], ..], "s": [[..], ..], "b": [[..], ..] }
   a row for each lambda, of as many numbers as the model has components, or of one for all of them. */
#ifndef COSTATE_DIFFUSION_STATISTICS_H
#define COSTATE_DIFFUSION_STATISTICS_H

#include <costate/diffusion/mixture.h>
#include <costate/diffusion/schedule.h>

COSTATE_BEGIN_DECLS

typedef struct dpm_statistics {
    long    nodes, dim; /* dim = 1: the same for all components */
    double *lambda;     /* [nodes], increasing                  */
    double *l, *s, *b;  /* [nodes, dim]; cubic between nodes, constant beyond */
} dpm_statistics;

/* All zero: filled in by the caller. */
ad_status dpm_statistics_new(dpm_statistics **s, long nodes, long dim);
void      dpm_statistics_free(dpm_statistics *s);
ad_status dpm_statistics_read(dpm_statistics **s, const char *path);
ad_status dpm_statistics_save(const dpm_statistics *s, const char *path);

/* Zero means the default. */
typedef struct dpm_statistics_options {
    long               nodes;          /* 121, equally spaced in lambda */
    double             t_begin, t_end; /* the schedule's                */
    uint64_t           seed;           /* of the noise                  */
    const void *const *args;           /* the model's, for n rows       */
    const void        *theta;
    double             guidance; /* 1 */
} dpm_statistics_options;

/* (2) by the mean over n given data x0 [n, dim], one draw of noise for each, the same at every lambda; the diagonal of the derivative by a
   random sign for each component (Hutchinson 1990). */
ad_status dpm_statistics_estimate(dpm_statistics **s, const dpm_model *m,
                                  const dpm_schedule *schedule, long n, const double *x0,
                                  const dpm_statistics_options *o);
/* The same with n exact samples of a mixture; o may be NULL. */
ad_status dpm_statistics_mixture(dpm_statistics **s, const dpm_mixture *m,
                                 const dpm_schedule *schedule, long n,
                                 const dpm_statistics_options *o);

COSTATE_END_DECLS
#endif
