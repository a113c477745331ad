/* interpolant.h - a method's dense output as weights b(x) of its stages, Hermite's included. */
#ifndef TESTS_NDE_INTERPOLANT_H
#define TESTS_NDE_INTERPOLANT_H

#include <string.h>

#include <costate/nde/tableau.h>

static const double inside[] = { 0.25, 0.5, 0.75 }; /* where interpolants are looked at */

/* Hermite's cubic as weights of the stages, with f(y1) as one more stage where the last is not that already:

       y + (3x^2 - 2x^3) (y1 - y) + (x - 2x^2 + x^3) h k1 + (x^3 - x^2) h f(y1). */
static inline nde_tableau with_interpolant(const nde_tableau *m)
{
    nde_tableau w = *m;
    if (m->dense_degree) return w;
    int last = m->stages - 1;
    if (!nde_tableau_fsal(m)) {
        last           = m->stages;
        w.dense_stages = 1;
        w.c[last]      = 1;
        memcpy(w.a[last], m->b, sizeof m->b);
    }
    w.dense_degree = 3;
    for (int i = 0; i < m->stages; i++) {
        w.dense[i][2] += 3 * m->b[i];
        w.dense[i][3] -= 2 * m->b[i];
    }
    w.dense[0][1] += 1, w.dense[0][2] -= 2, w.dense[0][3] += 1;
    w.dense[last][2] -= 1, w.dense[last][3] += 1;
    return w;
}

static inline void weights_at(const nde_tableau *m, double x, double b[NDE_STAGES])
{
    for (int i = 0; i < NDE_STAGES; i++) {
        b[i] = 0;
        for (int p = m->dense_degree; p >= 1; p--) b[i] = (b[i] + m->dense[i][p]) * x;
    }
}

#endif
