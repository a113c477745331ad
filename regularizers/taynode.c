/* taynode.c - Taylor-mode regularization, TayNODE (Kelly, Bettencourt, Johnson, Duvenaud 2020, eq. 1):

       R_K = int | d^K y / dt^K |^2 / dim dt.                                                                  (1)

   d/dt along the solution is the derivative in the direction (1, f), so that with D_1 = f

       D_{k+1} = (dD_k/dt) + (dD_k/dy) f                                                                       (2)

   by K - 1 nested jvps. Equal nodes are shared, which leaves as many products as Taylor coefficients would need. */
#include "quadrature.h"

#include <costate/autodiff/memory.h>

enum { CONTROLLED };

static ad_var integrand(const nde_point *at, const ad_var f[], const ad_var args[],
                        const reg_state *t)
{
    int     parts = ((const reg_quadrature *)t)->parts;
    ad_var *d     = ad_alloc(2 * sizeof *d * (size_t)parts), r;
    ad_var *next  = d ? d + parts : NULL;
    (void)args;
    if (!d) return reg_untraced(at, AD_NO_MEMORY);
    for (int p = 0; p < parts; p++) d[p] = f[p];
    ad_status s = AD_OK;
    for (int k = 1; k < t->term.order && !s; k++) {
        s = reg_along(at, 1, f, parts, d, next);
        for (int p = 0; p < parts; p++) d[p] = next[p];
    }
    r = s ? reg_untraced(at, s) : reg_mean_square(parts, d);
    ad_free(d);
    return r;
}

static ad_status prepare(reg_state *t, reg_context *c, reg_problem *p)
{
    return reg_quadrature_add(t, c, p, integrand, reg_has(t, CONTROLLED));
}

const reg_kind reg_kind_taynode = {
    .about       = { "taynode",
                     "integral of the square of the solution's K-th derivative: taynode2 .. taynode6",
                     "controlled", "Kelly, Bettencourt, Johnson, Duvenaud 2020, eq. 1" },
    .order_least = 2,
    .order_most  = 6,
    .size        = sizeof(reg_quadrature),
    .prepare     = prepare,
    .after       = reg_quadrature_after,
    .seed        = reg_quadrature_seed,
};
