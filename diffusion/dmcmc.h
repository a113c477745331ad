/* dmcmc.h - denoising MCMC: a chain in (x, sigma) whose least noisy states a short sampler finishes (Kim, Ye 2023).

   Diffusion Langevin-Gibbs on p(x, sigma) = p(sigma) p_sigma(x), variance exploding (alpha = 1):
       x     <- x + (eta / 2) score(x, sigma) + sqrt(eta) z,        eta = (step sigma)^2,                      (1)
       sigma <- a draw of p(sigma | x) ~ p(sigma) p_sigma(x)                                                   (2)
   p(sigma) is uniform on `levels` values whose logarithms are equally spaced, so that (2) is a sum: exact for a mixture, a
   classifier's answer for a trained model. At large sigma the chain goes from mode to mode, which is what a sampler started from
   noise pays many evaluations for. Of every `skip` states the one with the least sigma is taken, and the probability-flow ODE
   leads it to sigma_min on Karras' grid, in as few steps as its own sigma asks; at the end the mean of x0 given x (Tweedie).
   That choice, the paper's, favours modes in which sigma falls lower within so many states; `last` makes none. */
#ifndef COSTATE_DIFFUSION_DMCMC_H
#define COSTATE_DIFFUSION_DMCMC_H

#include <costate/diffusion/density.h>

COSTATE_BEGIN_DECLS

/* log p(sigma | x) of every level but for a constant; sigma [levels] rises. */
typedef void dpm_noise_classifier(const double *x, long levels, const double *sigma, double *log_p,
                                  void *ctx);

/* Zero means the default, which stands beside the field. */
typedef struct dpm_dmcmc_options {
    dpm_density density; /* required                                                        */
    dpm_noise_classifier
          *classify; /* NULL: by the density                                            */
    void  *classify_ctx;
    double sigma_min, sigma_max; /* 0.01, 10                                            */
    long   levels;               /* 64                                                  */
    double step;                 /* 0.5                                                 */
    long   warm_up;              /* 200 states before the first sample of a chain       */
    long   skip;                 /* 10 states a sample                                  */
    long
             steps; /* of the finish from sigma_max, 18; from a sample's own sigma the part of them that is below it */
    int      order;      /* of the finish: 2, Heun; 1, Euler                                   */
    int      no_tweedie; /* 1: x at sigma_min as it is                                         */
    int      last;       /* 1: of `skip` states the last, not the least noisy             */
    long     per_chain;  /* samples of one chain: 1                                            */
    uint64_t seed;
} dpm_dmcmc_options;

typedef struct dpm_dmcmc_stats {
    long nfe_chain,
        nfe_finish;    /* evaluations of the score, of all samples                        */
    double sigma_mean; /* of the states that were finished: geometric mean                */
} dpm_dmcmc_stats;

/* n samples, x [n, dim]; sample i comes from chain i / per_chain and depends on seed and chain alone. stats may be NULL. */
ad_status dpm_dmcmc(const dpm_dmcmc_options *o, long n, double *x, dpm_dmcmc_stats *stats);

COSTATE_END_DECLS
#endif
