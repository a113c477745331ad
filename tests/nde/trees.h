/* trees.h - rooted trees and the order conditions they stand for (Butcher 1963; Hairer, Norsett, Wanner II.2).

   A tree t of order |t| is a root with subtrees t_1..t_m. With

       gamma(t) = |t| prod_l gamma(t_l),     psi_i(t) = prod_l sum_j a_ij psi_j(t_l),                          (1)

   weights b are of order p when sum_i b_i psi_i(t) = 1 / gamma(t) for all |t| <= p, and weights b(x) give y(t + x h) to
   order p when the sum is x^|t| / gamma(t). */
#ifndef TESTS_NDE_TREES_H
#define TESTS_NDE_TREES_H

#include <float.h>
#include <math.h>

#include <costate/nde/tableau.h>

enum { TREE_ORDER = 9, TREES = 486, CHILDREN = TREE_ORDER - 1 }; /* 1 1 2 4 9 20 48 115 286 */

typedef struct tree {
    int    order, children, child[CHILDREN];
    double gamma;
} tree;

typedef struct forest {
    int  n, first[TREE_ORDER + 2]; /* trees of order p are at[first[p]] .. at[first[p + 1] - 1] */
    tree at[TREES];
} forest;

/* Adds every tree that continues t by subtrees of left nodes in all, none larger than at[most]. */
static void forest_grow(forest *f, tree t, int left, int most)
{
    if (left == 0) {
        t.gamma = t.order;
        for (int l = 0; l < t.children; l++) t.gamma *= f->at[t.child[l]].gamma;
        if (f->n < TREES) f->at[f->n] = t;
        f->n++;
        return;
    }
    for (int c = 0; c <= most; c++) {
        if (f->at[c].order > left) break;
        tree longer                     = t;
        longer.child[longer.children++] = c;
        forest_grow(f, longer, left - f->at[c].order, c);
    }
}

static void forest_plant(forest *f)
{
    f->n = 0;
    for (int p = 1; p <= TREE_ORDER; p++) {
        f->first[p] = f->n;
        forest_grow(f, (tree){ .order = p }, p - 1, f->n - 1);
    }
    f->first[TREE_ORDER + 1] = f->n;
}

/* psi of (1), and the same of |a|, which bounds its rounding error. */
typedef struct elementary {
    double psi[TREES][NDE_STAGES], size[TREES][NDE_STAGES];
} elementary;

static void elementary_weights(const forest *f, const nde_tableau *m, elementary *w)
{
    int stages = m->stages + m->dense_stages;
    for (int t = 0; t < f->n; t++)
        for (int i = 0; i < stages; i++) {
            double psi = 1, size = 1;
            for (int l = 0; l < f->at[t].children; l++) {
                int    c   = f->at[t].child[l];
                double sum = 0, sum_size = 0;
                for (int j = 0; j < i; j++) {
                    sum += m->a[i][j] * w->psi[c][j];
                    sum_size += fabs(m->a[i][j]) * w->size[c][j];
                }
                psi *= sum;
                size *= sum_size;
            }
            w->psi[t][i]  = psi;
            w->size[t][i] = size;
        }
}

/* The worst residual |sum_i b_i psi_i(t) - target x^|t| / gamma(t)| over the trees of order p, in units of its rounding
   error: to first order at most |t| (stages + 1) roundings, those of the coefficients included, lie on a path from a leaf
   to the sum, each of eps relative to the sum of the sizes. At most 1: satisfied. NaN counts as infinite. */
static double order_residual(const forest *f, const nde_tableau *m, const elementary *w,
                             const double b[], int p, double target, double x)
{
    int    stages = m->stages + m->dense_stages;
    double worst  = 0;
    for (int t = f->first[p]; t < f->first[p + 1]; t++) {
        double want = target * pow(x, p) / f->at[t].gamma, sum = -want, size = fabs(want);
        for (int i = 0; i < stages; i++) {
            sum += b[i] * w->psi[t][i];
            size += fabs(b[i]) * w->size[t][i];
        }
        double ratio = fabs(sum) / (p * (stages + 1) * DBL_EPSILON * size + DBL_MIN);
        if (!(ratio <= worst)) worst = ratio == ratio ? ratio : INFINITY;
    }
    return worst;
}

/* The highest order up to which all conditions hold. */
static int order_of(const forest *f, const nde_tableau *m, const elementary *w, const double b[],
                    double target, double x)
{
    int p = 0;
    while (p < TREE_ORDER && order_residual(f, m, w, b, p + 1, target, x) <= 1) p++;
    return p;
}

#endif
