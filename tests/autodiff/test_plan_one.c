/* test_plan_one.c - plans on one number, on a few vectors and on many: the same bits by three paths. */
#include <math.h>
#include <string.h>

#include <criterion/criterion.h>

#include <autodiff/op.h>
#include <costate/autodiff/plan.h>

#define MUST(x) cr_assert_eq((x), AD_OK, "%s", ad_message())

static const double special[] = { 0,   -0.0, 1,        -1,        0.3,  -2.7,   1e-3,   5,
                                  7.5, NAN,  INFINITY, -INFINITY, 1e30, -1e-30, 0.7531, -11.25 };
enum { SPECIAL = sizeof special / sizeof *special, MOST = 8, COPIES = 333 };

static double get(ad_type type, const void *p, long i)
{
    return type == AD_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static void put(ad_type type, void *p, long i, double x)
{
    if (type == AD_F32)
        ((float *)p)[i] = (float)x;
    else
        ((double *)p)[i] = x;
}

/* Runs y = op(x[0..m)), the first operand one number for all where `scalar`, as plans of three sizes: a sample alone, and beside copies of itself. (Not beside others: SLEEF's sin picks its
   range reduction by the largest lane.) */
static void compare(ad_opcode op, ad_type type, int m, int nk, const double k[], const long *attr,
                    ad_type to, int scalar)
{
    ad_graph *g;
    MUST(ad_graph_new(&g));
    ad_var x[MOST], y;
    int    in[MOST];
    for (int j = 0; j < m; j++) {
        x[j]  = ad_input(g, "x", type,
                        j == 0 && scalar ? (ad_shape){ .rank = 1, .dim = { 1 } } : ad_rows(1));
        in[j] = x[j].id;
    }
    y = ad_node_add(g, &(ad_node){ .op    = op,
                                   .type  = to,
                                   .shape = ad_rows(1),
                                   .nin   = m,
                                   .in    = in,
                                   .nk    = nk,
                                   .k     = k,
                                   .nattr = attr != NULL,
                                   .attr  = attr });
    ad_plan *one, *many;
    MUST(ad_plan_new(&one, m, x, 1, &y, &(ad_plan_options){ .capacity = 1 }));
    MUST(ad_plan_new(&many, m, x, 1, &y, &(ad_plan_options){ .capacity = COPIES }));
    ad_work *w1, *w2;
    MUST(ad_work_new(&w1, one));
    MUST(ad_work_new(&w2, many));
    double      data[MOST][1], copies[MOST][COPIES], single[1], twice[COPIES];
    const void *alone[MOST], *pair[MOST];
    void       *to_single = single, *to_twice = twice;
    for (int i = 0; i < SPECIAL * SPECIAL; i++) {
        for (int j = 0; j < m; j++) {
            double v = special[(j % 2 ? i / SPECIAL : i + j / 2) % SPECIAL];
            put(type, data[j], 0, v);
            for (int e = 0; e < COPIES; e++) put(type, copies[j], e, v);
            alone[j] = data[j];
            pair[j]  = copies[j];
        }
        MUST(ad_execute(one, w1, &(ad_args){ .n = 1, .in = alone, .out = &to_single }));
        double got = 0, want = 0;
        for (long n = 2; n <= COPIES; n += COPIES - 2) { /* a few vectors, the kernels */
            MUST(ad_execute(many, w2, &(ad_args){ .n = n, .in = pair, .out = &to_twice }));
            got = get(to, single, 0), want = get(to, twice, n - 1);
            cr_assert(isnan(want) ? isnan(got) : got == want && signbit(got) == signbit(want),
                      "%s, %d terms, of %g and %g: %a, among %ld %a", ad_op_row(op)->name, m,
                      get(type, data[0], 0), get(type, data[m > 1], 0), got, n, want);
        }
    }
    ad_work_free(w1), ad_work_free(w2);
    ad_plan_free(one), ad_plan_free(many);
    ad_graph_free(g);
}

Test(plan_one, every_operation_has_the_bits_of_its_vector_kernel)
{
    int checked = 0;
    for (ad_type type = AD_F32; type <= AD_F64; type++) {
        for (int op = 0; op < AD_OPS; op++) {
            const ad_op *row = ad_op_row((ad_opcode)op);
            if (!(row->flags & AD_ELEMENTWISE) || !row->strip[type - 1][0]) continue;
            if (op == AD_OP_powi || op == AD_OP_stop_gradient) continue;
            double k = -1.37;
            compare((ad_opcode)op, type, row->arity, 1, &k, NULL, type, 0);
            if (row->arity > 1) compare((ad_opcode)op, type, row->arity, 1, &k, NULL, type, 1);
            checked++;
        }
    }
    cr_assert_gt(checked, 60);
}

Test(plan_one, powers_sums_and_casts)
{
    double k[MOST] = { 0.1, -1.7, 3.3, 1, -1, 0.7, 1e-3, 2 };
    for (ad_type type = AD_F32; type <= AD_F64; type++) {
        for (long p = -9; p <= 17; p++) compare(AD_OP_powi, type, 1, 0, NULL, &p, type, 0);
        for (int m = 1; m <= MOST; m++) compare(AD_OP_lincomb, type, m, m, k, NULL, type, 0);
        compare(AD_OP_cast, type, 1, 0, NULL, NULL, type == AD_F32 ? AD_F64 : AD_F32, 0);
    }
}
