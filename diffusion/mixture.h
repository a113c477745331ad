/* mixture.h - a mixture of Gaussians with diagonal covariances: a model whose score is known exactly.

       p(x0) = sum_k w_k N(mu_k, diag v_k),     p_t = sum_k w_k N(alpha mu_k, alpha^2 v_k + sigma^2),
       eps = -sigma grad log p_t = sigma sum_k r_k(x) (x - alpha mu_k) / (alpha^2 v_k + sigma^2)                 (1)
   with responsibilities r = softmax of the log densities. As JSON: {"weights": [..], "means": [[..]], "variances": [[..]]}. */
#ifndef COSTATE_DIFFUSION_MIXTURE_H
#define COSTATE_DIFFUSION_MIXTURE_H

#include <costate/diffusion/model.h>
#include <costate/diffusion/schedule.h>

COSTATE_BEGIN_DECLS

typedef struct dpm_mixture {
    long    components, dim;
    double *weight, *mean, *variance; /* [components], [components, dim] twice */
} dpm_mixture;

/* Copies. Weights are positive and are divided by their sum; variances are positive. */
ad_status dpm_mixture_new(dpm_mixture **m, long components, long dim, const double *weight,
                          const double *mean, const double *variance);
/* Unknown keys are ignored; a file without all three, or with shapes that do not fit, says what is wrong. */
ad_status dpm_mixture_read(dpm_mixture **m, const char *path);
void      dpm_mixture_free(dpm_mixture *m);

/* (1) as a network that predicts epsilon; ctx is the mixture, which must outlive the model. */
ad_var    dpm_mixture_network(const dpm_at *at, void *mixture);
dpm_model dpm_mixture_model(const dpm_mixture *m, ad_type type);
/* The same as a network that predicts something else (prediction.h; edm with sigma_data 0.5). x0, v and flow know no division by
   alpha: they can begin at alpha = 0. */
dpm_model dpm_mixture_predicts(const dpm_mixture *m, ad_type type, dpm_prediction what);

/* In plain C, of one x [dim] at a point: log p_t(x), and its gradient (NULL: not wanted). */
double dpm_mixture_log_density(const dpm_mixture *m, const dpm_point *at, const double *x,
                               double *score);
/* The component with the largest responsibility for x as data. */
long dpm_mixture_mode(const dpm_mixture *m, const double *x);
/* Exact samples: n rows from i = first on, keyed by (seed, i). */
void dpm_mixture_draw(const dpm_mixture *m, uint64_t seed, long first, long n, double *x);
/* The probability-flow ODE from x at `from` to `to` by dop853 at rtol = atol = 1e-13, each sample alone; n rows. For oracles. */
ad_status dpm_mixture_flow(const dpm_mixture *m, const dpm_schedule *s, double from, double to,
                           long n, const double *x, double *out);

COSTATE_END_DECLS
#endif
