/* product_wide.c - Y[m, n] = X[m, k] B + bias with vectors over the columns (see product.h).

   One element is the chain y <- fma(x_i, b_i, y), i = 0 .. k-1, from the bias: the same for every blocking. Rows are written in
   whole vectors, so that a row's last vector spills into the next row (or the slack behind Y). That is never read: what is
   written later overwrites it. Hence the order: the last panel of all rows first, then the other panels; rows ascending.
   (Masked stores instead cost four times as much: a load that overlaps a pending one waits for it.) */
#include "product_kernels.h"

enum { SHORT_K = 4 };

#define BITS 32
#include "product_wide.inc"
#undef BITS
#define BITS 64
#include "product_wide.inc"
#undef BITS
