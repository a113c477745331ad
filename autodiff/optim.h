/* optim.h - optimizers: one flat loop over the buffer of parameters.

   An ad_optimizer is a method (a row of optim/registry.def), an ad_optim one in use: its settings, its count of steps
   and its moments, which have the type and the layout of the parameters. */
#ifndef COSTATE_AUTODIFF_OPTIM_H
#define COSTATE_AUTODIFF_OPTIM_H

#include <costate/autodiff/params.h>

COSTATE_BEGIN_DECLS

enum { AD_OPTIM_MOMENTS = 4 };

#define AD_OPTIM_ZERO (-1.0) /* where 0 means the default and zero is wanted */

/* Zero means the default, which stands beside the field. */
typedef struct ad_optim_options {
    double rate;         /* 1e-3; sgd, rmsprop 1e-2; adamax 2e-3                  */
    double beta1;        /* 0.9; the momentum of sgd and of rmsprop (there 0)     */
    double beta2;        /* 0.999; rmsprop's alpha 0.99                           */
    double eps;          /* 1e-8; adabelief 1e-16                                 */
    double weight_decay; /* 0: part of the gradient; adamw 1e-2: off the parameter */
    int    nesterov;     /* sgd: 1 for Nesterov's momentum                        */
    double clip;         /* largest norm of the whole gradient; 0: none           */
} ad_optim_options;

/* What a method's loop sees. The gradient it is to use is grad_scale * theta_bar. */
typedef struct ad_optim_step_args {
    const ad_optim_options *o;          /* defaults filled in                */
    double                  rate;       /* of this step: schedule times rate */
    double                  grad_scale; /* below 1 where clipped             */
    long                    step;       /* 1, 2, ...                         */
    ad_type                 type;
    long                    n;
    void                   *theta;
    const void             *theta_bar;
    void *const            *moment;
} ad_optim_step_args;

typedef struct ad_optimizer {
    const char      *name, *cite;
    int              moments;
    const char      *moment_name[AD_OPTIM_MOMENTS]; /* PyTorch's, for checkpoints */
    ad_optim_options defaults;
    void (*step)(const ad_optim_step_args *a);
} ad_optimizer;

/* adam adamw sgd adamax rmsprop adabelief; a sentence and NULL when there is none of that name. */
const ad_optimizer *ad_optimizer_find(const char *name);
const ad_optimizer *ad_optimizer_row(int i); /* NULL behind the last */

typedef struct ad_optim {
    const ad_optimizer *method;
    ad_optim_options    o;      /* rate may be changed between steps   */
    const ad_params    *params; /* must outlive this                   */
    long                steps;  /* taken                               */
    double              norm;   /* of the last gradient, before clipping */
    void               *moment[AD_OPTIM_MOMENTS];
} ad_optim;

/* params is frozen by this: its layout is the layout of the moments. */
ad_status ad_optim_new(ad_optim **s, const ad_optimizer *method, ad_params *params,
                       const ad_optim_options *o);
void      ad_optim_free(ad_optim *s);

/* theta -= rate_factor * rate * (the method's direction). rate_factor comes from a schedule; 1 without one. A gradient
   that is not finite gives AD_NONFINITE_STATE with the name of the parameter, and nothing has changed. */
ad_status ad_optim_step(ad_optim *s, double rate_factor, void *theta, const void *theta_bar);

/* sqrt(sum g^2), also where the squares over- or underflow; NaN or infinite only if a g is. */
double ad_norm(ad_type type, long n, const void *g);
/* Scales g so that its norm is at most max_norm and tells the norm it had. Not finite: g is left as it is. */
ad_status ad_clip_norm(ad_type type, long n, void *g, double max_norm, double *norm);

COSTATE_END_DECLS
#endif
