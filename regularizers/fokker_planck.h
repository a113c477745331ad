/* fokker_planck.h - how far a score is from solving the equation that scores solve.

   Under dx = f x dt + g dw, which takes data to noise, the log density obeys the Fokker-Planck equation, and its gradient s with it:
       ds/dt = grad [ g^2 / 2 (div s + |s|^2) - f x.s ]                                                         (1)
   (Lai et al. 2023, "FP-Diffusion", eq. 7; Deveney, Stanczuk, Kreusser, Budd, Schoenlieb 2025, "Closing the ODE-SDE gap in
   score-based diffusion models through the Fokker-Planck equation"). A learned score leaves a residual, and by as much the laws of
   its probability-flow ODE and of its SDE may part. Where t is replaced by any function of it, f and g^2 are per unit of that. */
#ifndef COSTATE_REGULARIZERS_FOKKER_PLANCK_H
#define COSTATE_REGULARIZERS_FOKKER_PLANCK_H

#include <costate/autodiff/transform.h>

COSTATE_BEGIN_DECLS

typedef struct reg_fokker_planck {
    ad_var x;   /* [n, d]                                                                        */
    ad_var s;   /* [n, d], an expression of x                                                    */
    ad_var s_t; /* [n, d], its derivative by t at fixed x                                        */
    ad_var f,
        g2; /* [1] or [n, 1], of x's type                                                    */
    ad_var
        probe; /* [n, d] with E probe probe' = I: div s = probe' (ds/dx) probe; AD_NONE: exact, by d tangents */
} reg_fokker_planck;

/* Left minus right of (1), [n, d]. */
ad_var reg_fokker_planck_residual(const reg_fokker_planck *p);

/* The divergence of s by x, [n, 1]; probe as above. */
ad_var reg_divergence(ad_var x, ad_var s, ad_var probe);

COSTATE_END_DECLS
#endif
