/* test_ops_plan.c - every operation of the table: compiled equals node by node. */
#include <criterion/criterion.h>

#include "op_cases.h"

enum { CAPACITY = 37, MOST = 2 + CASE_INPUTS };

/* Value, tangent and cotangents of a case: up to MOST results. */
static int results(const op_case *c, const traced *t, ad_var out[MOST])
{
    char   name[96];
    ad_var u = case_seed(t);
    out[0]   = t->y;
    cr_assert(!ad_jvp(t->nx, t->x, t->v, 1, &t->y, &out[1]), "%s: %s", case_name(c, name),
              ad_message());
    cr_assert(!ad_vjp(1, &t->y, &u, t->nx, t->x, out + 2), "%s: %s", case_name(c, name),
              ad_message());
    return 2 + t->nx;
}

/* The vector kernels are within 4 ulp of the C library's functions and sums may be in another order: 32 roundings, relative to
   the largest result or 1 (sums of up to 37 products of numbers up to 2: to their size). */
static double tolerance(const op_case *c, ad_type type, double most)
{
    double unit = type == AD_F32 || c->flags & ROUNDS ? 0x1p-24 : 0x1p-53;
    return 64 * unit * (4 + most);
}

static void compare(const op_case *c, const traced *t, const ad_plan *plan, unsigned flags, long n,
                    int nout, const ad_var out[])
{
    double *value[2 * CASE_INPUTS + 1], *have[MOST], *want[MOST];
    char    name[96];
    case_name(c, name);
    case_draw(c, t, n, (uint64_t)n, value);
    for (int i = 0; i < nout; i++) {
        size_t count = (size_t)ad_run_elements(ad_shape_of(out[i]), n) + 1;
        have[i]      = calloc(count, sizeof *have[i]);
        want[i]      = calloc(count, sizeof *want[i]);
    }
    cr_assert(!case_run(t, NULL, n, value, nout, out, want), "%s: %s", name, ad_message());
    cr_assert(!case_run(t, plan, n, value, nout, out, have), "%s, n = %ld, flags %u: %s", name, n,
              flags, ad_message());
    for (int i = 0; i < nout; i++) {
        long   count = ad_run_elements(ad_shape_of(out[i]), n);
        double most  = 0;
        for (long j = 0; j < count; j++) most = fmax(most, fabs(want[i][j]));
        for (long j = 0; j < count; j++)
            cr_assert(fabs(have[i][j] - want[i][j]) <= tolerance(c, ad_params_type(t->p), most),
                      "%s, n = %ld, flags %u, result %d, element %ld: %.17g, node by node %.17g",
                      name, n, flags, i, j, have[i][j], want[i][j]);
        free(have[i]);
        free(want[i]);
    }
    for (int i = 0; i < t->nin; i++) free(value[i]);
}

static void plan_equals_eager(ad_type type, unsigned flags)
{
    static const long batch[] = { 1, 2, 7, CAPACITY };
    for (int i = 0; i < OP_CASES; i++) {
        const op_case *c = &op_cases[i];
        char           name[96];
        traced         t;
        ad_var         out[MOST];
        ad_plan       *plan;
        cr_assert(!case_trace(c, type, &t), "%s: %s", case_name(c, name), ad_message());
        int nout = results(c, &t, out);
        t.exact  = !(flags & AD_PADDED);
        cr_assert(!ad_plan_new(&plan, t.nin, t.in, nout, out,
                               &(ad_plan_options){ .capacity = CAPACITY, .flags = flags }),
                  "%s: %s", case_name(c, name), ad_message());
        for (int k = 0; k < 4; k++) compare(c, &t, plan, flags, batch[k], nout, out);
        ad_plan_free(plan);
        case_free(&t);
    }
}

Test(ops_plan, equals_eager_float32)
{
    plan_equals_eager(AD_F32, 0);
}
Test(ops_plan, equals_eager_float64)
{
    plan_equals_eager(AD_F64, 0);
}
Test(ops_plan, equals_eager_float32_padded)
{
    plan_equals_eager(AD_F32, AD_PADDED);
}
Test(ops_plan, equals_eager_float64_padded)
{
    plan_equals_eager(AD_F64, AD_PADDED);
}

/* x used 200 times: its cotangent is one sum of 200 terms. Exact: every term is a small whole number. */
Test(ops_plan, a_sum_of_many_terms)
{
    enum { TERMS = 200 };
    ad_graph *g;
    ad_plan  *plan;
    ad_work  *w;
    cr_assert(!ad_graph_new(&g));
    ad_var x = ad_input(g, "x", AD_F64, ad_rows(2)), part[TERMS], x_bar;
    for (int i = 0; i < TERMS; i++) part[i] = ad_powi(ad_shift(x, i), 3);
    cr_assert(!ad_gradient(ad_sum(ad_concat(TERMS, part, 1), -1, 0), 1, &x, &x_bar));
    double  in[4] = { 1, 2, 3, 4 }, out[4];
    ad_args a     = { .n = 2, .in = (const void *[]){ in }, .out = (void *[]){ out } };
    cr_assert(!ad_plan_new(&plan, 1, &x, 1, &x_bar, &(ad_plan_options){ .capacity = 2 }), "%s",
              ad_message());
    cr_assert(!ad_work_new(&w, plan) && !ad_execute(plan, w, &a), "%s", ad_message());
    for (int j = 0; j < 4; j++) {
        double want = 0;
        for (int i = 0; i < TERMS; i++) want += 3 * (in[j] + i) * (in[j] + i);
        cr_expect_eq(out[j], want, "%.17g, not %.17g", out[j], want);
    }
    ad_work_free(w);
    ad_plan_free(plan);
    ad_graph_free(g);
}
