/* search_internal.h - (internal) what the files of the search share. */
#ifndef COSTATE_DIFFUSION_SEARCH_INTERNAL_H
#define COSTATE_DIFFUSION_SEARCH_INTERNAL_H

#include "search.h"

/* The inner times of a grid as numbers in (lo, hi), which are lambdas; where an end has no noise or no data, lo or hi is that
   of a place a thousandth of the way inside. */
typedef struct dpm_axis {
    const dpm_schedule *schedule;
    long                steps;
    double              t_begin, t_end, lo, hi;
} dpm_axis;

ad_status dpm_axis_make(dpm_axis *a, const dpm_schedule *s, const dpm_grid_options *grid);
/* inner[steps - 1] into times [steps + 1] and back. */
void dpm_axis_times(const dpm_axis *a, const double *inner, double *times);
void dpm_axis_inner(const dpm_axis *a, const double *times, double *inner);
/* dt / dlambda, by a central difference: it only steers. */
double dpm_axis_slope(const dpm_axis *a, double lambda);

/* A grid as z [steps] (search_gaps.c): its times, with softmax(z) into s [steps] and inner lambdas into inner [steps - 1]; z of times;
   and from dL/dtime to dL/dz. */
void dpm_gaps_times(const dpm_axis *a, const double *z, double *s, double *inner, double *times);
void dpm_gaps_of(const dpm_axis *a, const double *times, double *inner, double *z);
void dpm_gaps_pull(const dpm_axis *a, const double *s, const double *inner, const double *time_bar,
                   double *z_bar);

/* A candidate of the evolution (search_genome.c): what a grid and decisions are made of. */
typedef struct dpm_genome {
    double        score;
    double       *inner; /* [steps - 1]      */
    dpm_decision *d;     /* [steps], or NULL */
} dpm_genome;

typedef struct dpm_dice {
    uint64_t seed, uniforms, normals; /* drawn so far */
} dpm_dice;

long dpm_dice_below(dpm_dice *r, long n); /* 0 .. n - 1 */
void dpm_genome_copy(const dpm_axis *a, dpm_genome *to, const dpm_genome *from);
void dpm_genome_fresh(const dpm_axis *a, dpm_dice *r, dpm_genome *g);
void dpm_genome_mutate(const dpm_axis *a, dpm_dice *r, dpm_genome *g, const dpm_genome *from,
                       double scale);
/* Each step is one of the two parents'. */
void dpm_genome_cross(const dpm_axis *a, dpm_dice *r, dpm_genome *g, const dpm_genome *one,
                      const dpm_genome *other);

/* A found schedule of base's sampler and options, with times still to be set. */
ad_status dpm_search_found(const dpm_options *base, dpm_found **f);
/* base with f's part in it. */
dpm_options dpm_search_candidate(const dpm_options *base, const dpm_found *f);

/* A sampler for f made or, where only times differ, kept, at the times and coefficients of f. It stays the teacher's. */
ad_status dpm_teacher_sampler(dpm_teacher *t, const dpm_options *candidate, dpm_sampler **s);
/* Samples the start points; *value: the logarithm of the geometric mean of sqrt(d^2 + scale^2), or the mean square; gradient: its
   cotangents are ready for dpm_teacher_pullback(). */
ad_status dpm_teacher_run(dpm_teacher *t, dpm_sampler *s, double scale, int gradient,
                          double *value);
ad_status dpm_teacher_pullback(dpm_teacher *t, dpm_sampler *s, double *time_bar, double *coef_bar);
/* Of the last run: the median distance, and the objective. */
double dpm_teacher_median(dpm_teacher *t);
double dpm_teacher_value(dpm_teacher *t);

/* A function of n numbers to be minimised; g [n], or NULL where it is not wanted. Not finite: out of bounds. */
typedef ad_status dpm_function(const double *x, double *value, double *g, void *ctx);

/* BFGS with a limited memory and backtracking (Nocedal and Wright 2006, alg. 7.4, 7.5 and 3.1): x [n] goes downhill from where it is, at
   most `budget` evaluations, until steps no longer help. *value is that of x. */
ad_status dpm_descend(long n, double *x, double *value, long budget, dpm_function *f, void *ctx);

#endif
