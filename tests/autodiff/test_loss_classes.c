#include <criterion/criterion.h>

#include <costate/autodiff/loss.h>
#include <costate/autodiff/plan.h>
#include <costate/autodiff/transform.h>

#include "support.h"

enum { ROWS = 6, K = 4, N = ROWS * K };

static const int labels[ROWS] = { 3, 0, 1, 1, 2, 0 };

static void numbers(uint64_t *state, double *x, int n, double lo, double hi)
{
    for (int i = 0; i < n; i++) x[i] = draw(state, lo, hi);
}

/* The row log(1, 2, 5) has p = (1, 2, 5) / 8, far from 0 too: there a logit of 1e4 has an ulp of 2^-39. */
Test(classes, by_hand)
{
    for (double far = 0; far <= 1e4; far += 1e4) {
        const double  x[6]  = { far, far + log(2), far + log(5), far + log(5), far, far + log(2) };
        const int     at[2] = { 1, 0 };
        double        g[6], loss;
        long          right;
        ad_class_args a = { AD_F64, 2, 3, .logits = x, .label = at, .logits_bar = g };
        cr_assert_eq(ad_cross_entropy(&a, &loss, &right), AD_OK);
        cr_assert_float_eq(loss, (log(4) + log(8.0 / 5)) / 2, 0x1p-38);
        cr_assert_eq(right, 1);
        const double want[6] = { 1 / 16.0,       (2 - 8) / 16.0, 5 / 16.0,
                                 (5 - 8) / 16.0, 1 / 16.0,       2 / 16.0 };
        for (int i = 0; i < 6; i++) cr_assert_float_eq(g[i], want[i], 0x1p-38);
    }
}

/* One-hot rows are labels; float32 rounds inputs and gradients only. */
Test(classes, probabilities_labels_and_types)
{
    uint64_t state = 3;
    double   x[N], g[3][N], want[N] = { 0 }, loss[3];
    float    xf[N], gf[N];
    long     right[3];
    numbers(&state, x, N, -3, 3);
    for (int i = 0; i < ROWS; i++) want[i * K + labels[i]] = 1;
    for (int i = 0; i < N; i++) x[i] = xf[i] = (float)x[i];
    ad_class_args hard   = { AD_F64, ROWS, K, .logits = x, .label = labels, .logits_bar = g[0] },
                  soft   = { AD_F64, ROWS, K, .logits = x, .want = want, .logits_bar = g[1] },
                  single = { AD_F32, ROWS, K, .logits = xf, .label = labels, .logits_bar = gf };
    cr_assert(!ad_cross_entropy(&hard, &loss[0], &right[0]) &&
              !ad_cross_entropy(&soft, &loss[1], &right[1]) &&
              !ad_cross_entropy(&single, &loss[2], &right[2]));
    cr_assert(loss[0] == loss[1] && loss[0] == loss[2]);
    cr_assert(right[0] == right[1] && right[0] == right[2]);
    for (int i = 0; i < N; i++) cr_assert(g[0][i] == g[1][i] && gf[i] == (float)g[0][i]);
    soft.divisor = 2 * ROWS; /* a shard of twice as many */
    cr_assert(!ad_cross_entropy(&soft, &loss[1], NULL));
    cr_assert_float_eq(2 * loss[1], loss[0], 1e-15);
}

/* Central differences, h = 2^-14: truncation h^2 |f'''| / 6 < 6e-10 for |f'''| <= 1, rounding 2^-52 5 / h < 2e-11. */
Test(classes, gradients_by_differences)
{
    uint64_t state = 4;
    double   x[N], w[N], g[N], up, down, h = 0x1p-14;
    numbers(&state, x, N, -3, 3);
    numbers(&state, w, N, 0, 0.4); /* rows of any sum */
    ad_class_args a = { AD_F64, ROWS, K, .logits = x, .want = w, .logits_bar = g }, b = a;
    cr_assert_eq(ad_cross_entropy(&a, &up, NULL), AD_OK);
    b.logits_bar = NULL;
    for (int i = 0; i < N; i++) {
        double old = x[i];
        x[i]       = old + h;
        cr_assert_eq(ad_cross_entropy(&b, &up, NULL), AD_OK);
        x[i] = old - h;
        cr_assert_eq(ad_cross_entropy(&b, &down, NULL), AD_OK);
        x[i] = old;
        cr_assert_float_eq(g[i], (up - down) / (2 * h), 1e-9);
    }
    double mean[3] = { 0.5, -1, 2 }, l[3] = { -0.5, 0.25, 1 }, want[3] = { 0.7, 0.5, -1 }, bar[6];
    ad_gaussian(AD_F64, 3, mean, l, want, bar, bar + 3);
    for (int i = 0; i < 6; i++) {
        double *p = i < 3 ? mean + i : l + i - 3, old = *p;
        *p   = old + h;
        up   = ad_gaussian(AD_F64, 3, mean, l, want, NULL, NULL);
        *p   = old - h;
        down = ad_gaussian(AD_F64, 3, mean, l, want, NULL, NULL);
        *p   = old;
        cr_assert_float_eq(bar[i], (up - down) / (2 * h), 1e-8);
    }
}

Test(classes, nan_and_infinities)
{
    const double  x[6] = { 1, NAN, 2, -INFINITY, 0, 0 }, want[6] = { 0, 0, 1, 0, 0.5, 0.5 };
    const int     at[2] = { 1, 1 };
    double        loss, g[6];
    long          right;
    ad_class_args nan  = { AD_F64, 1, 3, .logits = x, .label = at, .logits_bar = g },
                  none = { AD_F64, 1, 3, .logits = x + 3, .want = want + 3, .logits_bar = g };
    cr_assert(!ad_cross_entropy(&nan, &loss, &right) && isnan(loss) && right == 0);
    cr_assert(isnan(g[0]) && isnan(g[1]) && isnan(g[2]));
    cr_assert(!ad_cross_entropy(&none, &loss, &right) && right == 1);
    cr_assert_float_eq(loss, log(2), 1e-15);
    cr_assert(g[0] == 0 && fabs(g[1]) < 1e-16);
    none.n = 0;
    cr_assert(!ad_cross_entropy(&none, &loss, &right) && right == 0 && loss == 0);
}

Test(classes, mistakes_are_sentences)
{
    const double  x[4]    = { 0 };
    const int     high[2] = { 0, 2 }, low[2] = { -1, 0 };
    double        loss, g[4]                 = { 7, 7, 7, 7 };
    long          right;
    ad_class_args a = { AD_F64, 2, 2, .logits = x, .label = high, .logits_bar = g };
    cr_assert_eq(ad_cross_entropy(&a, &loss, &right), AD_INVALID);
    cr_assert(strstr(ad_message(), "row 1 has the label 2; there are the classes 0 to 1"), "%s",
              ad_message());
    cr_assert_eq(g[0], 7);
    a.label = low;
    cr_assert_eq(ad_cross_entropy(&a, &loss, &right), AD_INVALID);
    a.want = x;
    cr_assert_eq(ad_cross_entropy(&a, &loss, &right), AD_INVALID);
    a.label = NULL, a.want = NULL;
    cr_assert_eq(ad_cross_entropy(&a, &loss, &right), AD_INVALID);
}

/* --- expressions: value and gradient as the arrays' --- */

typedef struct result {
    double value, bar[N];
} result;

/* Gradient by the first of up to three inputs [ROWS, ..]; sums of N terms in another order: N roundings of numbers below 10. */
static result differentiate(ad_graph *g, int nin, const ad_var in[], const double *const from[],
                            ad_var loss, int by)
{
    result r;
    ad_var out[2] = { loss };
    cr_assert_eq(ad_gradient(loss, 1, &in[by], &out[1]), AD_OK, "%s", ad_message());
    cr_assert_eq(ad_graph_status(g), AD_OK);
    cr_assert_eq(ad_eager(nin, in, 2, out,
                          &(ad_args){ .n   = ROWS,
                                      .in  = (const void *const *)from,
                                      .out = (void *[]){ &r.value, r.bar } }),
                 AD_OK, "%s", ad_message());
    return r;
}

static void same(result r, double value, const double *bar, int n)
{
    cr_assert_float_eq(r.value, value, N * 10 * 0x1p-53);
    for (int i = 0; i < n; i++) cr_assert_float_eq(r.bar[i], bar[i], N * 10 * 0x1p-53, "%d", i);
}

Test(classes, expressions_agree_with_arrays)
{
    uint64_t  state = 5;
    double    x[N], w[N], label[ROWS], g[N], value;
    ad_graph *graph;
    numbers(&state, x, N, -3, 3);
    numbers(&state, w, N, 0, 0.4);
    for (int i = 0; i < ROWS; i++) label[i] = labels[i];
    cr_assert_eq(ad_graph_new(&graph), AD_OK);
    ad_var              in[4]   = { ad_input(graph, "x", AD_F64, ad_rows(K)),
                                    ad_input(graph, "w", AD_F64, ad_rows(K)),
                                    ad_input(graph, "label", AD_F64, (ad_shape){ 1, 1, { 1 } }),
                                    ad_input(graph, "label1", AD_F64, ad_rows(1)) };
    const double *const from[4] = { x, w, label, label };
    ad_class_args       a = { AD_F64, ROWS, K, .logits = x, .label = labels, .logits_bar = g };
    cr_assert_eq(ad_cross_entropy(&a, &value, NULL), AD_OK);
    same(differentiate(graph, 4, in, from, ad_loss_cross_entropy(in[0], in[2]), 0), value, g, N);
    same(differentiate(graph, 4, in, from, ad_loss_cross_entropy(in[0], in[3]), 0), value, g, N);
    a.label = NULL, a.want = w;
    cr_assert_eq(ad_cross_entropy(&a, &value, NULL), AD_OK);
    same(differentiate(graph, 4, in, from, ad_loss_soft_cross_entropy(in[0], in[1]), 0), value, g,
         N);
    ad_graph_free(graph);
}

Test(classes, gaussian_expressions_agree_with_arrays)
{
    uint64_t  state = 6;
    double    m[N], l[N], want[N], sigma[N], g[2][N], by_sigma[N];
    ad_graph *graph;
    numbers(&state, m, N, -2, 2);
    numbers(&state, l, N, -1, 1);
    numbers(&state, want, N, -2, 2);
    for (int i = 0; i < N; i++) sigma[i] = exp(l[i] / 2);
    cr_assert_eq(ad_graph_new(&graph), AD_OK);
    ad_var in[4];
    for (int i = 0; i < 4; i++) in[i] = ad_input(graph, "x", AD_F64, ad_rows(K));
    const double *const from[4] = { m, l, want, sigma };
    double              value   = ad_gaussian(AD_F64, N, m, l, want, g[0], g[1]);
    ad_var              by_l    = ad_loss_gaussian(in[0], in[1], in[2]),
           by_s                 = ad_loss_gaussian_sigma(in[0], in[3], in[2]);
    same(differentiate(graph, 4, in, from, by_l, 0), value, g[0], N);
    same(differentiate(graph, 4, in, from, by_l, 1), value, g[1], N);
    same(differentiate(graph, 4, in, from, by_s, 0), value, g[0], N);
    for (int i = 0; i < N; i++)
        by_sigma[i] = g[1][i] * 2 / sigma[i]; /* d log sigma^2 = 2 d sigma / sigma */
    same(differentiate(graph, 4, in, from, by_s, 3), value, by_sigma, N);
    /* the standard normal at 1: (1 + log 2 pi) / 2 */
    const double zero = 0, one = 1;
    cr_assert_float_eq(ad_gaussian(AD_F64, 1, &zero, &zero, &one, NULL, NULL), 1.418938533204673,
                       1e-15);
    ad_graph_free(graph);
}
