#include <float.h>
#include <math.h>

#include <costate/nde/tableau.h>

/* --- derived properties --------------------------------------------------------------------------------------- */

static int last_is_end(const nde_tableau *m, int i)
{
    for (int j = 0; j < m->stages; j++)
        if (m->a[i][j] != m->b[j]) return 0;
    return m->c[i] == 1;
}

int nde_tableau_fsal(const nde_tableau *m)
{
    return m->stages > 1 && last_is_end(m, m->stages - 1);
}

int nde_tableau_stiff_stage(const nde_tableau *m)
{
    int i = m->stages - 2;
    return i >= 0 && m->c[i] == m->c[i + 1] ? i : -1;
}

/* --- the self-check ------------------------------------------------------------------------------------------- */

/* A sum of rounded coefficients is off by at most half an ulp of each and of each partial sum:
   |error| <= n eps sum |x_i|; and the target is rounded too. */
typedef struct total {
    double sum, size;
} total;

static void add(total *s, double x)
{
    s->sum += x;
    s->size += fabs(x);
}

static int equals(const total *s, double want)
{
    return fabs(s->sum - want) <=
           NDE_STAGES * DBL_EPSILON * (s->size + fabs(want)); /* false for NaN */
}

static ad_status wrong(const nde_tableau *m, const char *what, int i, double is, double want)
{
    return ad_fail(AD_INVALID, "tableau %s: %s %d is %.17g, not %.17g; a coefficient is mistyped",
                   m->name, what, i, is, want);
}

static ad_status check_sizes(const nde_tableau *m)
{
    if (m->stages < 1 || m->dense_stages < 0 || m->stages + m->dense_stages > NDE_STAGES)
        return ad_fail(AD_INVALID, "tableau %s: %d + %d stages; from 1 to %d fit", m->name,
                       m->stages, m->dense_stages, NDE_STAGES);
    if (m->order < 1 || m->error_order < 0 || m->error_order > m->order)
        return ad_fail(AD_INVALID,
                       "tableau %s: order %d with an estimate of order %d makes no sense", m->name,
                       m->order, m->error_order);
    if (m->dense_order < 1 || m->dense_degree < 0 || m->dense_degree > NDE_DENSE)
        return ad_fail(AD_INVALID,
                       "tableau %s: interpolant of order %d and degree %d; the degree is 0 to %d",
                       m->name, m->dense_order, m->dense_degree, NDE_DENSE);
    if (m->dense_degree == 0 && m->dense_stages > 0)
        return ad_fail(AD_INVALID,
                       "tableau %s: Hermite's interpolant (degree 0) has no use for %d more stages",
                       m->name, m->dense_stages);
    return AD_OK;
}

/* c_i = sum_{j < i} a_ij, and nothing on or above the diagonal or beyond the last stage. */
static ad_status check_rows(const nde_tableau *m)
{
    int stages = m->stages + m->dense_stages;
    for (int i = 0; i < NDE_STAGES; i++) {
        total row = { 0 };
        for (int j = 0; j < NDE_STAGES; j++) {
            if (m->a[i][j] != 0 && (j >= i || i >= stages))
                return ad_fail(
                    AD_INVALID,
                    "tableau %s: a[%d][%d] is not zero, but the method is explicit and has %d "
                    "stages",
                    m->name, i, j, stages);
            add(&row, m->a[i][j]);
        }
        if (!equals(&row, m->c[i])) return wrong(m, "the sum of row", i, row.sum, m->c[i]);
    }
    return AD_OK;
}

/* sum b = 1, sum e = 0: the embedded weights sum to one as well. */
static ad_status check_weights(const nde_tableau *m)
{
    total b = { 0 }, e = { 0 }, e2 = { 0 };
    for (int i = 0; i < NDE_STAGES; i++) {
        if (i >= m->stages && (m->b[i] != 0 || m->e[i] != 0 || m->e2[i] != 0))
            return ad_fail(AD_INVALID,
                           "tableau %s: a weight of stage %d, but the step has %d stages", m->name,
                           i, m->stages);
        add(&b, m->b[i]);
        add(&e, m->e[i]);
        add(&e2, m->e2[i]);
    }
    if (!equals(&b, 1)) return wrong(m, "the weights' sum, order", 1, b.sum, 1);
    if (!equals(&e, 0)) return wrong(m, "the sum of error estimate", 1, e.sum, 0);
    if (!equals(&e2, 0)) return wrong(m, "the sum of error estimate", 2, e2.sum, 0);
    if ((e.size > 0) != (m->error_order > 0))
        return ad_fail(AD_INVALID, "tableau %s: error_order %d, but e is %s", m->name,
                       m->error_order, e.size > 0 ? "not zero" : "zero");
    return AD_OK;
}

/* The interpolant ends in y1: sum_p dense_ip = b_i; it is exact for y' = 1: sum_i dense_ip = [p = 1]. */
static ad_status check_dense(const nde_tableau *m)
{
    int stages = m->stages + m->dense_stages;
    for (int i = 0; i < NDE_STAGES; i++) {
        total end = { 0 };
        for (int p = 0; p <= NDE_DENSE; p++) {
            if (m->dense[i][p] != 0 && (p == 0 || p > m->dense_degree || i >= stages))
                return ad_fail(
                    AD_INVALID,
                    "tableau %s: dense[%d][%d] lies outside stages 0 to %d, powers 1 to %d",
                    m->name, i, p, stages - 1, m->dense_degree);
            add(&end, m->dense[i][p]);
        }
        if (m->dense_degree && !equals(&end, m->b[i]))
            return wrong(m, "dense, the end of stage", i, end.sum, m->b[i]);
    }
    for (int p = 1; p <= m->dense_degree; p++) {
        total power = { 0 };
        for (int i = 0; i < stages; i++) add(&power, m->dense[i][p]);
        if (!equals(&power, p == 1))
            return wrong(m, "dense, the sum of power", p, power.sum, p == 1);
    }
    return AD_OK;
}

ad_status nde_tableau_check(const nde_tableau *m)
{
    AD_TRY(check_sizes(m));
    AD_TRY(check_rows(m));
    AD_TRY(check_weights(m));
    return check_dense(m);
}
