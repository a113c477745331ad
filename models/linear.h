/* linear.h - small symmetric systems (internal). */
#ifndef COSTATE_MODELS_LINEAR_H
#define COSTATE_MODELS_LINEAR_H

#include <costate/autodiff/base.h>

/* Solves (A + ridge diag(A)) X = B by Cholesky for A [n][n] (lower half read, overwritten) and B [n][m], which becomes X. 0 if
   A is not positive definite. */
int mdl_solve_spd(long n, double *a, double ridge, long m, double *b);

#endif
