/* test_ops.c - every operation of the table: its derivatives against each other and against differences. */
#include <criterion/criterion.h>

#include "op_cases.h"

enum { N = 3, ORDERS = 4 };

/* sum u y over everything: a shared number. */
static ad_var dot(ad_var u, ad_var y)
{
    return ad_sum(ad_mul(u, y), -1, 0);
}

static ad_status evaluate(const traced *t, long n, double *const value[], int nout,
                          const ad_var out[], double result[])
{
    double *to[2 * ORDERS];
    for (int i = 0; i < nout; i++) to[i] = result + i;
    return case_run(t, NULL, n, value, nout, out, to);
}

static void release(const traced *t, double *value[])
{
    for (int i = 0; i < t->nin; i++) free(value[i]);
}

Test(ops, every_row_has_a_case)
{
    for (int op = 0; op < AD_OPS; op++) {
        int found = 0;
        for (int i = 0; i < OP_CASES; i++) {
            traced t;
            if (op_cases[i].op != (ad_opcode)op) continue;
            cr_expect(!case_trace(&op_cases[i], AD_F64, &t), "%s: %s", ad_op_row(op)->name,
                      ad_message());
            for (int id = 0; t.g && id < ad_graph_size(t.g); id++)
                found |= ad_node_of(t.g, id)->op == (ad_opcode)op;
            case_free(&t);
        }
        cr_expect(found, "operation %s is in no case", ad_op_row((ad_opcode)op)->name);
    }
}

/* <u, J v> = <J' u, v>: two sums of at most 400 products, of numbers up to 100 or so: 1e-12 relative to the terms' sizes. */
Test(ops, forward_and_reverse_are_transposes)
{
    for (int i = 0; i < OP_CASES; i++) {
        const op_case *c = &op_cases[i];
        char           name[96];
        traced         t;
        ad_var         y_dot, x_bar[CASE_INPUTS], both[2];
        double        *value[2 * CASE_INPUTS + 1], r[2];
        cr_assert(!case_trace(c, AD_F64, &t), "%s: %s", case_name(c, name), ad_message());
        ad_var u = case_seed(&t);
        cr_assert(!ad_jvp(t.nx, t.x, t.v, 1, &t.y, &y_dot), "%s: %s", case_name(c, name),
                  ad_message());
        cr_assert(!ad_vjp(1, &t.y, &u, t.nx, t.x, x_bar), "%s: %s", case_name(c, name),
                  ad_message());
        cr_expect(ad_shape_equal(ad_shape_of(y_dot), ad_shape_of(t.y)), "%s: tangent's shape",
                  case_name(c, name));
        both[0] = dot(u, y_dot);
        for (int j = 0; j < t.nx; j++) {
            cr_expect(ad_shape_equal(ad_shape_of(x_bar[j]), c->shape[j]), "%s: cotangent's shape",
                      case_name(c, name));
            ad_var term = dot(x_bar[j], t.v[j]);
            both[1]     = j ? ad_add(both[1], term) : term;
        }
        case_draw(c, &t, N, 1, value);
        cr_assert(!evaluate(&t, N, value, 2, both, r), "%s: %s", case_name(c, name), ad_message());
        double tolerance = c->flags & ROUNDS ? 1e-5 : 1e-12;
        cr_expect_leq(fabs(r[0] - r[1]), tolerance * (10 + fabs(r[0])), "%s: %.17g, %.17g",
                      case_name(c, name), r[0], r[1]);
        release(&t, value);
        case_free(&t);
    }
}

/* F_k = <u, d^k/ds^k y(x + s v)> by k nested jvp, and L_k, the same by k nested vjp. */
static ad_status orders(const traced *t, ad_var f[ORDERS], ad_var l[ORDERS])
{
    ad_var y = t->y, u = case_seed(t);
    f[0] = l[0] = dot(u, y);
    for (int k = 1; k < ORDERS; k++) {
        ad_var x_bar[CASE_INPUTS];
        AD_TRY(ad_jvp(t->nx, t->x, t->v, 1, &y, &y));
        f[k] = dot(u, y);
        AD_TRY(ad_gradient(l[k - 1], t->nx, t->x, x_bar));
        for (int j = 0; j < t->nx; j++) {
            ad_var term = dot(x_bar[j], t->v[j]);
            l[k]        = j ? ad_add(l[k], term) : term;
        }
    }
    return ad_graph_status(t->g);
}

/* All of F, L at x + s v. */
static void at(const traced *t, double *const value[], double s, const ad_var out[2 * ORDERS],
               double r[2 * ORDERS], const char *name)
{
    double *moved[2 * CASE_INPUTS + 1];
    for (int i = 0; i < t->nin; i++) {
        long count = ad_run_elements(ad_shape_of(t->in[i]), N);
        moved[i]   = calloc((size_t)count + 1, sizeof *moved[i]);
        for (long j = 0; j < count; j++)
            moved[i][j] = value[i][j] + (i < t->nx ? s * value[t->nx + i][j] : 0);
    }
    cr_assert(!evaluate(t, N, moved, 2 * ORDERS, out, r), "%s: %s", name, ad_message());
    release(t, moved);
}

/* The difference quotients of step h and h/2 extrapolated (Richardson): what is left of the truncation is h^2 f5 / f3 / 20 of what
   was removed, taken as one part in a thousand (h = 2^-10); rounding leaves 2^-53 |F| / h, some 1e-12 (|F| to 1e3: 1e-9). */
static void check_differences(const op_case *c, const traced *t, const ad_var out[2 * ORDERS],
                              double *const value[])
{
    static const double h = 0x1p-10;
    char                name[96];
    double              r[5][2 * ORDERS];
    case_name(c, name);
    for (int i = 0; i < 5; i++) at(t, value, (i - 2) * h / 2, out, r[i], name);
    for (int k = 0; k + 1 < ORDERS; k++) {
        double wide = (r[4][k] - r[0][k]) / (2 * h), narrow = (r[3][k] - r[1][k]) / h,
               best      = narrow + (narrow - wide) / 3;
        double tolerance = 1e-3 * fabs(wide - narrow) +
                           1e-9 * (1 + fabs(r[2][k]) + fabs(r[2][k + 1]));
        cr_expect_leq(fabs(r[2][k + 1] - best), tolerance,
                      "%s: derivative %d: %.12g, by differences %.12g", name, k + 1, r[2][k + 1],
                      best);
        cr_expect_leq(fabs(r[2][k + 1] - r[2][ORDERS + k + 1]), 1e-11 * (10 + fabs(r[2][k + 1])),
                      "%s: derivative %d: forward %.17g, reverse %.17g", name, k + 1, r[2][k + 1],
                      r[2][ORDERS + k + 1]);
    }
}

Test(ops, first_second_and_third_derivative)
{
    for (int i = 0; i < OP_CASES; i++) {
        const op_case *c = &op_cases[i];
        char           name[96];
        traced         t;
        ad_var         out[2 * ORDERS];
        double        *value[2 * CASE_INPUTS + 1];
        if (c->flags & (NO_DIFFERENCES | NO_HIGHER)) continue;
        cr_assert(!case_trace(c, AD_F64, &t), "%s: %s", case_name(c, name), ad_message());
        cr_assert(!orders(&t, out, out + ORDERS), "%s: %s", case_name(c, name), ad_message());
        case_draw(c, &t, N, 2, value);
        check_differences(c, &t, out, value);
        release(&t, value);
        case_free(&t);
    }
}

/* The same numbers in float32: each of at most ten roundings on the way counts 2^-24 of the largest value or operand. */
Test(ops, single_precision_agrees_with_double)
{
    for (int i = 0; i < OP_CASES; i++) {
        const op_case *c = &op_cases[i];
        char           name[96];
        traced         t[2];
        double        *value[2 * CASE_INPUTS + 1], *r[2], most = 1;
        long           count = 0;
        for (int k = 0; k < 2; k++) {
            cr_assert(!case_trace(c, k ? AD_F64 : AD_F32, &t[k]), "%s: %s", case_name(c, name),
                      ad_message());
            if (!k) case_draw(c, &t[k], N, 3, value);
            count = ad_run_elements(ad_shape_of(t[k].y), N);
            r[k]  = calloc((size_t)count, sizeof *r[k]);
            cr_assert(!case_run(&t[k], NULL, N, value, 1, &t[k].y, &r[k]), "%s: %s",
                      case_name(c, name), ad_message());
        }
        for (long j = 0; j < count; j++) most = fmax(most, fabs(r[1][j]));
        for (long j = 0; j < count; j++)
            cr_expect_leq(fabs(r[0][j] - r[1][j]), 10 * 0x1p-24 * 4 * most,
                          "%s: element %ld: %.9g, %.17g", case_name(c, name), j, r[0][j], r[1][j]);
        release(&t[0], value);
        for (int k = 0; k < 2; k++) {
            free(r[k]);
            case_free(&t[k]);
        }
    }
}

Test(ops, stop_gradient_stops)
{
    traced  t;
    double *value[3], r[2];
    for (int i = 0; i < OP_CASES; i++) {
        if (op_cases[i].op != AD_OP_stop_gradient) continue; /* y = stop(x) x: dy = stop(x) dx */
        cr_assert(!case_trace(&op_cases[i], AD_F64, &t));
        ad_var u = case_seed(&t), x_bar;
        cr_assert(!ad_vjp(1, &t.y, &u, 1, t.x, &x_bar));
        case_draw(&op_cases[i], &t, N, 4, value);
        cr_assert(!evaluate(&t, N, value, 2,
                            (ad_var[]){ dot(x_bar, t.v[0]), dot(ad_mul(u, t.x[0]), t.v[0]) }, r));
        cr_expect_float_eq(r[0], r[1], 1e-14);
        release(&t, value);
        case_free(&t);
    }
}

/* NaN comes through whatever computes with it. */
Test(ops, nan_passes)
{
    for (int i = 0; i < OP_CASES; i++) {
        const op_case *c = &op_cases[i];
        char           name[96];
        traced         t;
        double        *value[2 * CASE_INPUTS + 1];
        int compares = c->op >= AD_OP_lt && c->op <= AD_OP_where; /* 0 or 1, or the other branch */
        if (compares || c->nin < 1) continue;
        cr_assert(!case_trace(c, AD_F64, &t), "%s: %s", case_name(c, name), ad_message());
        case_draw(c, &t, N, 5, value);
        long    count = ad_run_elements(ad_shape_of(t.y), N), nans = 0;
        double *r = calloc((size_t)count, sizeof *r);
        for (long j = 0; j < ad_run_elements(c->shape[0], N); j++) value[0][j] = NAN;
        cr_assert(!case_run(&t, NULL, N, value, 1, &t.y, &r), "%s: %s", case_name(c, name),
                  ad_message());
        for (long j = 0; j < count; j++) nans += isnan(r[j]);
        cr_expect_gt(nans, 0, "%s swallows NaN", case_name(c, name));
        if (ad_op_row(c->op)->flags & AD_ELEMENTWISE)
            cr_expect_eq(nans, count, "%s swallows NaN", case_name(c, name));
        free(r);
        release(&t, value);
        case_free(&t);
    }
}
