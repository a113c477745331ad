/* cnf.h - a continuous normalizing flow (Chen et al. 2018, section 4; Grathwohl et al. 2019).

   Data stand at t = 0 and a standard normal at t = t1. Along z' = f(t, z) the density changes by the divergence, so that

       log p(x) = log N(z(t1); 0, I) + a(t1),   z(0) = x,   a' = tr df/dz,   a(0) = 0,                          (1)

   and samples are z(0) of a solve backwards from z(t1) ~ N(0, I). The trace is exact,

       tr df/dz = sum_i e_i' (df/dz) e_i,                                                                       (2)

   d tangents through f, or Hutchinson's estimate (1990) with one draw of eps for a solve, E eps eps' = I,

       tr df/dz ~ eps' (df/dz) eps.                                                                             (3)

   Training minimises the mean of -log p over a batch, in nats, plus sum_i lambda_i R_i; regularizers see z, not a.
   Parameters: field.K of mdl_timed_dense() (plain) or of mdl_squash_dense(), K = 0 .. depth. */
#ifndef COSTATE_MODELS_CNF_H
#define COSTATE_MODELS_CNF_H

#include <costate/models/learner.h>
#include <costate/models/step.h>
#include <costate/regularizers/regularizer.h>

COSTATE_BEGIN_DECLS

/* Zero means the default, which stands beside the field. */
typedef struct mdl_cnf_options {
    long        dim;            /* required                                                     */
    long        hidden;         /* 64: units of each hidden layer                               */
    long        depth;          /* 2: hidden layers                                             */
    const char *field;          /* "squash"; or "plain": W [z; t] + b                           */
    const char *activation;     /* "tanh"                                                       */
    const char *trace;          /* "exact", "rademacher", "gaussian": (2), or the eps of (3)    */
    ad_type     type;           /* AD_F32                                                       */
    double      t1;             /* 1                                                            */
    long        batch;          /* 256: the most samples of a step                              */
    const nde_options *solve;   /* tsit5 at rtol = atol = 1e-5                                  */
    const adj_options *adjoint; /* the default                                                  */
    int                terms;   /* 0: no regularizer                                            */
    const reg_term    *term;    /* copied                                                       */
    int                measure; /* each so many steps the terms' gradients; 0: never            */
    mdl_learning       learn;
} mdl_cnf_options;

typedef struct mdl_cnf mdl_cnf;

ad_status mdl_cnf_new(mdl_cnf **c, const mdl_cnf_options *o);
void      mdl_cnf_free(mdl_cnf *c);

/* Of n <= batch rows x [n, dim] of the flow's type; step->loss is in nats. Otherwise as mdl_classifier_gradient() and _step(). */
ad_status mdl_cnf_gradient(mdl_cnf *c, long n, const void *x, reg_progress p, uint64_t draw,
                           mdl_step *step);
ad_status mdl_cnf_step(mdl_cnf *c, long n, const void *x, reg_progress p, uint64_t draw,
                       mdl_step *step);

mdl_learner           *mdl_cnf_learner(const mdl_cnf *c);
reg_solver            *mdl_cnf_solver(const mdl_cnf *c);
const mdl_cnf_options *mdl_cnf_about(const mdl_cnf *c);

/* --- the flow of given weights: exact trace, any precision and tolerance ------------------------------------------------------ */

typedef struct mdl_flow mdl_flow;

/* type 0, solve NULL: those of the options. capacity: samples that are solved together. */
ad_status mdl_flow_new(mdl_flow **f, const mdl_cnf_options *o, ad_type type,
                       const nde_options *solve, long capacity);
void      mdl_flow_free(mdl_flow *f);
/* theta: of a learner whose type is theta_type; copied. */
void mdl_flow_set(mdl_flow *f, const void *theta, ad_type theta_type);

/* log p(x) of n rows x [n, dim]; nfe (NULL: not wanted): evaluations of f, the mean of the solves. */
ad_status mdl_flow_log_density(mdl_flow *f, long n, const double *x, double *log_p, double *nfe);
/* n samples [n, dim], keyed by seed. */
ad_status mdl_flow_sample(mdl_flow *f, long n, uint64_t seed, double *x);
/* Paths of n points, z [times, n, dim] at times t, t[0] where the points start; n <= capacity. */
ad_status mdl_flow_paths(mdl_flow *f, long n, const double *x, int times, const double *t,
                         double *z);

COSTATE_END_DECLS
#endif
