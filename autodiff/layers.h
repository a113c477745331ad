/* layers.h - networks from the operations: dense layers, multilayer perceptrons, activations by name.

   A layer is a function from a variable to a variable that registers its parameters as it goes. Views are named and
   shaped as PyTorch names and shapes them ("hidden.weight" [out, in], "hidden.bias" [out]), so that a checkpoint can be
   read there. Using one name twice shares the weights. */
#ifndef COSTATE_AUTODIFF_LAYERS_H
#define COSTATE_AUTODIFF_LAYERS_H

#include <costate/autodiff/ops.h>

COSTATE_BEGIN_DECLS

typedef ad_var ad_activation(ad_var x);

/* tanh relu elu silu gelu sigmoid softplus sin identity; NULL with a sentence that lists them. */
ad_activation *ad_activation_find(const char *name);
/* The i-th name, NULL behind the last. */
const char *ad_activation_name(int i);
ad_var      ad_identity(ad_var x);

typedef struct ad_dense_options {
    ad_init init;    /* of the weight; 0: AD_INIT_KAIMING. Zeros: AD_INIT_VALUE */
    double  value;   /* scale of AD_INIT_NORMAL, value of AD_INIT_VALUE         */
    int     no_bias; /* 1: y = x W'                                             */
} ad_dense_options;

/* y = x W' + b over the last axis of x: [.., in] to [.., width].

   W and b start as U(-1/sqrt(in), 1/sqrt(in)), which is what torch.nn.Linear does (Kaiming uniform with a = sqrt(5)).
   With another init of the weight the bias starts at zero. x must have the type of theta. */
ad_var ad_dense(ad_var x, ad_params *theta, const char *name, long width);
ad_var ad_dense_with(ad_var x, ad_params *theta, const char *name, long width,
                     const ad_dense_options *o);

/* depth dense layers of widths[], named name.0, name.1, ...; the activation stands between them. */
ad_var ad_mlp(ad_var x, ad_params *theta, const char *name, int depth, const long widths[],
              ad_activation *activation);

COSTATE_END_DECLS
#endif
