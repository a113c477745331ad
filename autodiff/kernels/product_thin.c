/* product_thin.c - Y[m, n] = X[m, k] B + bias for few columns, by dot products along k (see product.h).

   y_rj = tree(s) + bias_j, s <- fma(x_r, b_j, s) over the vectors of k in ascending order from zero, tree() folding the
   lanes by halves, quarters and so on. The sums of a block of rows are reduced together: LANES sums become one
   vector, which for n = 1, 2, 4, 8 is a piece of Y as it lies in memory. A row's rounding does not depend on its block.

   The last vector of a row is cut by a mask: what lies behind it may be NaN, and zeros in B would not stop that. */
#include "product_kernels.h"

#define BITS 32
#include "product_thin.inc"
#undef BITS
#define BITS 64
#include "product_thin.inc"
#undef BITS
