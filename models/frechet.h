/* frechet.h - the Frechet distance of two samples, each taken as a normal distribution (Dowson, Landau 1982; as FID by Heusel et
   al. 2017, of a network's features):

       d^2 = |m_1 - m_2|^2 + tr (C_1 + C_2 - 2 (C_1^(1/2) C_2 C_1^(1/2))^(1/2)).                                (1) */
#ifndef COSTATE_MODELS_FRECHET_H
#define COSTATE_MODELS_FRECHET_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

/* x [n, d], y [m, d], at least two rows each; covariances over n - 1. *distance is d^2 of (1). */
ad_status mdl_frechet(long d, long n, const double *x, long m, const double *y, double *distance);

COSTATE_END_DECLS
#endif
