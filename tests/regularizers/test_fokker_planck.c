/* The Fokker-Planck residual: zero of the score that solves the equation, known of one that does not. */
#include <criterion/criterion.h>

#include <costate/autodiff/plan.h>
#include <costate/autodiff/random.h>
#include <costate/regularizers/fokker_planck.h>

#include "tests/support.h"

enum { ROWS = 30, D = 2, K = 3 };

/* A mixture of normal distributions under dx = f x dt + g dw with f = -1/2, g = 1: at time t component k has mean e^(-t/2) m_k and
   variance e^-t v_k + 1 - e^-t. */
static const double weight[K]      = { 0.2, 0.3, 0.5 };
static const double mean[K][D]     = { { 1, -0.5 }, { -1.2, 0.3 }, { 0.4, 1.1 } };
static const double variance[K][D] = { { 0.1, 0.2 }, { 0.3, 0.05 }, { 0.2, 0.2 } };

static ad_var row(ad_graph *g, const double *x)
{
    return ad_const_array(g, AD_F64, ad_vector(D), x);
}

/* log w_k N(x; ...) without constants, [n, 1] */
static ad_var component(ad_graph *g, ad_var x, ad_var t, int k)
{
    ad_var decay = ad_exp(ad_neg(t));
    ad_var v     = ad_add(ad_mul(row(g, variance[k]), decay), ad_shift(ad_neg(decay), 1));
    ad_var r     = ad_sub(x, ad_mul(row(g, mean[k]), ad_exp(ad_scale(t, -0.5))));
    ad_var each  = ad_scale(ad_add(ad_div(ad_square(r), v), ad_log(v)), -0.5);
    return ad_shift(ad_sum(each, 1 << 1, 1), log(weight[k]));
}

typedef struct result {
    double r[ROWS * D], s[ROWS * D];
} result;

/* s and the residual of bend times the exact score, at ROWS places. */
static void compute(double bend, double f, int probes, result *out)
{
    ad_graph *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var x = ad_input(g, "x", AD_F64, ad_rows(D)), t = ad_input(g, "t", AD_F64, ad_rows(1));
    ad_var part[K], s, s_t;
    for (int k = 0; k < K; k++) part[k] = component(g, x, t, k);
    ad_var log_p = ad_logsumexp(ad_concat(K, part, 1), 1, 1);
    ad_var one   = ad_full(g, AD_F64, ad_rows(1), 1);
    cr_assert_eq(ad_vjp(1, &log_p, &one, 1, &x, &s), AD_OK);
    s = ad_scale(s, bend);
    cr_assert_eq(ad_jvp(1, &t, &one, 1, &s, &s_t), AD_OK);
    reg_fokker_planck p   = { .x     = x,
                              .s     = s,
                              .s_t   = s_t,
                              .f     = ad_const(g, AD_F64, f),
                              .g2    = one,
                              .probe = probes ? ad_rademacher(g, AD_F64, ad_rows(D), 3) : AD_NONE };
    ad_var            y[] = { reg_fokker_planck_residual(&p), s }, in[] = { x, t };
    ad_plan          *plan;
    ad_work          *work;
    double            at[ROWS * D], when[ROWS];
    ad_random_normal(AD_F64, 1, 2, 0, ROWS * D, at);
    for (int i = 0; i < ROWS; i++) when[i] = 0.02 + 0.1 * i;
    cr_assert_eq(ad_plan_new(&plan, 2, in, 2, y, &(ad_plan_options){ .capacity = ROWS }), AD_OK,
                 "%s", ad_message());
    cr_assert_eq(ad_work_new(&work, plan), AD_OK);
    const void *from[] = { at, when };
    void       *to[]   = { out->r, out->s };
    cr_assert_eq(ad_execute(plan, work, &(ad_args){ .n = ROWS, .in = from, .out = to, .seed = 4 }),
                 AD_OK);
    ad_work_free(work);
    ad_plan_free(plan);
    ad_graph_free(g);
}

static double largest(const double *x)
{
    double most = 0;
    for (int i = 0; i < ROWS * D; i++) most = fmax(most, fabs(x[i]));
    return most;
}

Test(fokker_planck, exact_score)
{
    result e;
    compute(1, -0.5, 0, &e);
    cr_assert(largest(e.s) > 1);
    cr_assert(largest(e.r) < 1e-10, "%g", largest(e.r));
}

/* A wrong drift leaves grad (f - f') x.s, a bent score (1 - b) b grad |s|^2 / 2: not small. */
Test(fokker_planck, other_scores)
{
    result e;
    compute(1, -0.4, 0, &e);
    cr_assert(largest(e.r) > 0.01, "%g", largest(e.r));
    compute(0.9, -0.5, 0, &e);
    cr_assert(largest(e.r) > 0.01, "%g", largest(e.r));
}

/* probe' J probe of two columns is the trace and 2 J_12 times a sign: far from zero, but the same to rounding where J_12 is zero. */
Test(fokker_planck, with_probes)
{
    result a, b;
    compute(0.9, -0.5, 0, &a);
    compute(0.9, -0.5, 1, &b);
    double most = 0;
    for (int i = 0; i < ROWS * D; i++) most = fmax(most, fabs(a.r[i] - b.r[i]));
    cr_assert(most > 1e-6 && isfinite(most), "%g", most);
}
