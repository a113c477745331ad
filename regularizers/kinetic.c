/* kinetic.c - kinetic energy, of RNODE (Finlay, Jacobsen, Nurbekyan, Oberman 2020, eq. 8):

       R = int |f|^2 / (2 dim) dt,                                                                             (1)

   the mean over a sample's numbers, as in the authors' code. */
#include "quadrature.h"

enum { CONTROLLED };

static ad_var integrand(const nde_point *at, const ad_var f[], const ad_var args[],
                        const reg_state *t)
{
    (void)at, (void)args;
    return ad_scale(reg_mean_square(((const reg_quadrature *)t)->parts, f), 0.5);
}

static ad_status prepare(reg_state *t, reg_context *c, reg_problem *p)
{
    return reg_quadrature_add(t, c, p, integrand, reg_has(t, CONTROLLED));
}

const reg_kind reg_kind_kinetic = {
    .about   = { "kinetic", "integral of half the square of the field, the kinetic energy (RNODE)",
                 "controlled", "Finlay, Jacobsen, Nurbekyan, Oberman 2020, eq. 8" },
    .size    = sizeof(reg_quadrature),
    .prepare = prepare,
    .after   = reg_quadrature_after,
    .seed    = reg_quadrature_seed,
};
