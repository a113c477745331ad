/* timed.h - layers that see time (internal).

   W [x; t] + b, time behind the features, is W[:, :d] x + (b + t W[:, d]): a bias that moves, and no column to copy. */
#ifndef COSTATE_MODELS_TIMED_H
#define COSTATE_MODELS_TIMED_H

#include <costate/nde/ode.h>

/* x [n, in] to [n, out]; NAME.weight [out, in + 1], NAME.bias [out]. */
ad_var mdl_timed_dense(const nde_point *at, const char *name, ad_var x, long out, ad_init init);

/* FFJORD's (Grathwohl et al. 2019, "concatsquash"): (W x + b) sigmoid(t w_g + b_g) + t w_s; NAME.layer.weight, NAME.layer.bias,
   NAME.gate.weight [out, 1], NAME.gate.bias, NAME.shift.weight [out, 1]. */
ad_var mdl_squash_dense(const nde_point *at, const char *name, ad_var x, long out);

#endif
