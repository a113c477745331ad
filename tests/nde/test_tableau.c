/* Every method of the registry: its tableau against the order conditions. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include <costate/nde/tableau.h>

#include "interpolant.h"
#include "trees.h"

static forest     trees;
static elementary weights;

static void plant(void)
{
    forest_plant(&trees);
}

TestSuite(tableau, .init = plant);

/* What is known about each from the literature, not from the tableau: the orders of step, estimates and interpolant. */
typedef struct known {
    const char *name;
    int         order, e, e2, dense, fsal, stiff;
} known;

static const known literature[] = {
    { "euler", 1, 0, 0, 1, 0, -1 }, { "midpoint", 2, 1, 0, 2, 0, -1 },
    { "heun2", 2, 1, 0, 2, 0, -1 }, { "bosh3", 3, 2, 0, 3, 1, -1 },
    { "rk4", 4, 0, 0, 3, 0, -1 },   { "rk38", 4, 0, 0, 3, 0, -1 },
    { "dopri5", 5, 4, 0, 4, 1, 5 }, { "torchdiffeq:dopri5", 5, 4, 0, 4, 1, 5 },
    { "tsit5", 5, 4, 0, 4, 1, 5 },  { "dop853", 8, 5, 3, 7, 1, 11 },
};

enum { KNOWN = sizeof literature / sizeof *literature };

static const known *known_of(const nde_tableau *m)
{
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(literature[i].name, m->name) == 0) return &literature[i];
    return NULL;
}

static int any(const double *e)
{
    for (int i = 0; i < NDE_STAGES; i++)
        if (e[i] != 0) return 1;
    return 0;
}

/* What the literature says, and no better: 1 when all orders are exactly as stated. */
static int orders_hold(const nde_tableau *m, const known *k)
{
    nde_tableau w = with_interpolant(m);
    elementary_weights(&trees, &w, &weights);
    if (order_of(&trees, &w, &weights, w.b, 1, 1) != k->order) return 0;
    if (k->e && order_of(&trees, &w, &weights, w.e, 0, 1) != k->e) return 0;
    if (k->e2 && order_of(&trees, &w, &weights, w.e2, 0, 1) != k->e2) return 0;
    int dense = TREE_ORDER;
    for (int i = 0; i < 3; i++) {
        double b[NDE_STAGES];
        weights_at(&w, inside[i], b);
        int p = order_of(&trees, &w, &weights, b, 1, inside[i]);
        if (p < dense) dense = p;
    }
    return dense == k->dense;
}

static int all_holds(const nde_tableau *m, const known *k)
{
    return nde_tableau_check(m) == AD_OK && nde_tableau_fsal(m) == k->fsal &&
           nde_tableau_stiff_stage(m) == k->stiff && orders_hold(m, k);
}

Test(tableau, trees_are_counted) /* OEIS A000081 */
{
    static const int count[] = { 1, 1, 2, 4, 9, 20, 48, 115, 286 };
    for (int p = 1; p <= TREE_ORDER; p++)
        cr_assert_eq(trees.first[p + 1] - trees.first[p], count[p - 1]);
    cr_assert_eq(trees.n, TREES);
}

Test(tableau, registry)
{
    cr_assert_eq(nde_method_count(), KNOWN);
    cr_assert_null(nde_method_at(-1));
    cr_assert_null(nde_method_at(KNOWN));
    for (int i = 0; i < KNOWN; i++) {
        const nde_tableau *m = nde_method_at(i);
        cr_assert_str_eq(m->name, literature[i].name);
        cr_assert(m->cite && *m->cite);
    }
}

Test(tableau, checks_itself)
{
    for (int i = 0; i < nde_method_count(); i++) {
        const nde_tableau *m = nde_method_at(i);
        nde_tableau        w = with_interpolant(m);
        cr_expect_eq(nde_tableau_check(m), AD_OK, "%s", ad_message());
        cr_expect_eq(nde_tableau_check(&w), AD_OK, "with interpolant: %s", ad_message());
    }
}

Test(tableau, states_its_orders)
{
    for (int i = 0; i < nde_method_count(); i++) {
        const nde_tableau *m = nde_method_at(i);
        const known       *k = known_of(m);
        cr_expect_eq(m->order, k->order);
        cr_expect_eq(m->dense_order, k->dense);
        cr_expect_eq(any(m->e), k->e > 0);
        cr_expect_eq(any(m->e2), k->e2 > 0);
        cr_expect_eq(m->error_order, k->e2 ? 2 * k->e - k->e2 : k->e, "%s",
                     m->name); /* h e^2 / e2 = O(h^(2e - e2 + 1)) */
        cr_expect_eq(nde_tableau_fsal(m), k->fsal, "%s", m->name);
        cr_expect_eq(nde_tableau_stiff_stage(m), k->stiff, "%s", m->name);
    }
}

Test(tableau, order_conditions)
{
    for (int i = 0; i < nde_method_count(); i++) {
        const nde_tableau *m = nde_method_at(i);
        cr_expect(orders_hold(m, known_of(m)), "%s: step %d, e %d, e2 %d", m->name,
                  order_of(&trees, m, &weights, m->b, 1, 1),
                  order_of(&trees, m, &weights, m->e, 0, 1),
                  order_of(&trees, m, &weights, m->e2, 0, 1));
    }
}

/* --- negative controls ----------------------------------------------------------------------------------------- */

static void expect_caught(nde_tableau *m, double *coefficient, const char *what)
{
    double was = *coefficient;
    *coefficient += 1e-6;
    cr_expect(!all_holds(m, known_of(m)), "%s: a wrong %s, %g for %g, went unnoticed", m->name,
              what, *coefficient, was);
    *coefficient = NAN;
    cr_expect_neq(nde_tableau_check(m), AD_OK, "%s: NaN in %s went unnoticed", m->name, what);
    *coefficient = was;
}

Test(tableau, a_wrong_coefficient_is_caught)
{
    for (int i = 0; i < nde_method_count(); i++) {
        nde_tableau m = *nde_method_at(i);
        for (int s = 0; s < NDE_STAGES; s++) {
            for (int j = 0; j < NDE_STAGES; j++) expect_caught(&m, &m.a[s][j], "a");
            expect_caught(&m, &m.b[s], "b");
            expect_caught(&m, &m.c[s], "c");
            expect_caught(&m, &m.e[s], "e");
            expect_caught(&m, &m.e2[s], "e2");
            for (int p = 0; p <= NDE_DENSE; p++) expect_caught(&m, &m.dense[s][p], "dense");
        }
        cr_expect(all_holds(&m, known_of(&m)), "%s was not restored", m.name);
    }
}

/* Two entries of a row changed against each other keep the row's sum: only the trees can tell. */
Test(tableau, a_wrong_pair_is_caught_by_the_trees)
{
    int pairs = 0;
    for (int i = 0; i < nde_method_count(); i++) {
        nde_tableau m = *nde_method_at(i);
        for (int s = 2; s < m.stages + m.dense_stages; s++)
            for (int j = 0; j + 1 < s; j++) {
                if (m.order < 3 || m.c[j] == m.c[j + 1]) continue;
                double was[2] = { m.a[s][j], m.a[s][j + 1] };
                m.a[s][j] += 1e-6;
                m.a[s][j + 1] -= 1e-6;
                cr_expect_eq(nde_tableau_check(&m), AD_OK, "%s", ad_message());
                cr_expect(!all_holds(&m, known_of(&m)),
                          "%s: a wrong pair a[%d][%d..] went unnoticed", m.name, s, j);
                m.a[s][j] = was[0], m.a[s][j + 1] = was[1];
                pairs++;
            }
    }
    cr_expect_gt(pairs, 100);
}

Test(tableau, a_wrong_header_is_caught)
{
    nde_tableau m = nde_tsit5;
    m.stages      = 0;
    cr_expect_eq(nde_tableau_check(&m), AD_INVALID);
    m        = nde_tsit5;
    m.stages = NDE_STAGES + 1;
    cr_expect_eq(nde_tableau_check(&m), AD_INVALID);
    m              = nde_tsit5;
    m.dense_degree = 3;
    cr_expect_eq(nde_tableau_check(&m), AD_INVALID);
    m             = nde_tsit5;
    m.error_order = 0;
    cr_expect_eq(nde_tableau_check(&m), AD_INVALID);
    m             = nde_rk4;
    m.error_order = 3;
    cr_expect_eq(nde_tableau_check(&m), AD_INVALID);
    cr_expect(strstr(ad_message(), "rk4"), "%s", ad_message());
}
