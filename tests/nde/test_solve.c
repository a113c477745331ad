/* The solve loop with steps shared by the batch: times, outputs, grids, break points, parts, tolerances.

   Adaptive methods hold the error of a step to about tol (1 + |y|), and for these problems nothing amplifies it: after N
   steps the solution is within N tol (1 + |y|). */
#include "problems.h"

static const double y0_circle[] = { 1, 0 };

static double off_circle(double t, const double *y)
{
    return fmax(fabs(y[0] - cos(t)), fabs(y[1] + sin(t)));
}

Test(solve, forwards_and_backwards)
{
    const double tol = 1e-7, there[] = { 0, 3 }, back[] = { 3, 0 };
    for (int m = 0; m < nde_method_count(); m++) {
        const nde_tableau *method = nde_method_at(m);
        nde_ode            ode    = { .field = circle, .dim = 2 };
        nde_options        o      = { .method = method, .rtol = tol, .atol = tol };
        double             y[4], z[4];
        if (!method->error_order) o.fixed_step = 1e-3;
        nde_stats a = solve_once(&ode, &o, 2, there, y0_circle, y, NULL);
        nde_stats b = solve_once(&ode, &o, 2, back, y + 2, z, NULL);
        cr_assert_eq(a.t_reached, 3);
        cr_assert_eq(b.t_reached, 0);
        /* y(t) = exp(t J) y0, so that h^(p+1)/(p+1)! bounds a fixed step's error */
        double each = o.fixed_step ? pow(o.fixed_step, method->order + 1) + 1e-15 : 2 * tol;
        cr_expect_lt(off_circle(3, y + 2), (double)a.accepted * each, "%s forwards", method->name);
        cr_expect_lt(off_circle(0, z + 2), (double)(a.accepted + b.accepted) * each, "%s backwards",
                     method->name);
        cr_expect_eq(a.nfe_torchdiffeq - 2,
                     (a.accepted + a.rejected) * (method->stages - nde_tableau_fsal(method)));
    }
}

Test(solve, fixed_steps_are_the_method_itself)
{
    const double t[] = { 0, 1 }, h = 0.15; /* six steps and a shorter one */
    nde_ode      ode = { .field = circle, .dim = 2 };
    double       y[4], x = 1, v = 0;
    nde_stats s = solve_once(&ode, &(nde_options){ .method = &nde_midpoint, .fixed_step = h }, 2, t,
                             y0_circle, y, NULL);
    for (int i = 0; i < 7; i++) {
        double step = i < 6 ? h : 1 - 6 * h, mid_x = x + step / 2 * v, mid_v = v - step / 2 * x;
        x += step * mid_v, v -= step * mid_x;
    }
    cr_assert_eq(s.accepted, 7);
    cr_assert_eq(s.rejected, 0);
    cr_assert_eq(s.nfe, 14);
    cr_expect_float_eq(y[2], x, 1e-15); /* seven steps of two roundings: a few ulp */
    cr_expect_float_eq(y[3], v, 1e-15);
}

Test(solve, steps_that_divide_the_interval_leave_no_crumb)
{
    const double t[] = { 0, 1 };
    nde_ode      ode = { .field = decay, .dim = 1 };
    double       y[2];
    for (int n = 1; n <= 300; n++) {
        nde_stats s = solve_once(&ode,
                                 &(nde_options){ .method = &nde_euler, .fixed_step = 1.0 / n }, 2,
                                 t, (double[]){ 1 }, y, NULL);
        cr_assert_eq(s.accepted, n, "%ld steps of 1/%d", s.accepted, n);
    }
}

Test(solve, given_step_points_are_the_grid)
{
    const double grid[] = { 0, 0.25, 0.5, 1, 1.5, 2 }, part[] = { 0, 0.25, 0.5, 1 },
                 t[] = { 0, 0.5, 0.7, 1, 2 };
    nde_ode     ode  = { .field = circle, .dim = 2 };
    nde_options all  = { .method = &nde_tsit5, .nsteps_given = 6, .steps_given = grid };
    nde_options some = { .method = &nde_tsit5, .nsteps_given = 4, .steps_given = part };
    double      y[10], z[4];
    nde_stats   s = solve_once(&ode, &all, 5, t, y0_circle, y, NULL);
    cr_assert_eq(s.accepted, 5);
    solve_once(&ode, &some, 2, (double[]){ 0, 1 }, y0_circle, z, NULL);
    cr_expect_arr_eq(y + 6, z + 2, 2 * sizeof *y,
                     "an output at a grid point is the step's own end");
    /* inside a step: tsit5's interpolant is of order 4, h^5 / 5! = 3e-4 a bound with no smallness of its constant */
    cr_expect_lt(off_circle(0.7, y + 4), 3e-4);
    cr_expect_neq(off_circle(0.7, y + 4), 0);

    const double *bad[] = { (double[]){ 0, 1, 1.5 }, (double[]){ 0, 1, 0.5, 2 },
                            (double[]){ 0.1, 1, 2 } };
    const int     n[]   = { 3, 4, 3 };
    for (int i = 0; i < 3; i++) {
        ad_status e;
        solve_once(&ode, &(nde_options){ .nsteps_given = n[i], .steps_given = bad[i] }, 5, t,
                   y0_circle, y, &e);
        cr_expect_eq(e, AD_INVALID);
        cr_expect(strstr(ad_message(), "step point"), "%s", ad_message());
    }
}

/* Roundings of an interpolant: an ulp of each of its terms (k = h = 1). */
static double interpolant_ulps(const nde_tableau *m)
{
    double sum = 16;
    for (int i = 0; i < m->stages + m->dense_stages; i++)
        for (int q = 1; q <= m->dense_degree; q++) sum += fabs(m->dense[i][q]);
    return sum * 0x1p-52;
}

Test(solve, break_points_are_met_exactly)
{
    const double t[] = { 0, 0.5, 1, 1.75, 2 }, back[] = { 2, 1, 0 }, at[] = { 1 },
                 many[] = { -1, 0, 1, 2, 3 };
    nde_ode      ode    = { .field = jump, .dim = 1 };
    const double want[] = { 0, 0.5, 1, 0.25, 0 };
    for (int m = 0; m < nde_method_count(); m++) {
        const nde_tableau *method = nde_method_at(m);
        nde_options        o      = {
                        .method = method, .nbreaks = 1, .breaks = at, .rtol = 1e-6, .atol = 1e-6
        };
        double y[5], start = 0, tol = interpolant_ulps(method);
        if (!method->error_order) o.fixed_step = 0.3;
        nde_stats s = solve_once(&ode, &o, 5, t, &start, y, NULL);
        /* f is constant on either side: a method whose weights sum to 1 is exact but for its roundings */
        for (int i = 0; i < 5; i++)
            cr_expect_float_eq(y[i], want[i], tol, "%s, t = %g: %g", method->name, t[i], y[i]);
        cr_expect_eq(s.rejected, 0);
        solve_once(&ode, &o, 3, back, &start, y, NULL);
        cr_expect_float_eq(y[1], 1, 1e-14);
        cr_expect_float_eq(y[2], 0, 1e-14);
        o.nbreaks = 5, o.breaks = many; /* outside, at the ends, inside */
        solve_once(&ode, &o, 5, t, &start, y, NULL);
        for (int i = 0; i < 5; i++)
            cr_expect_float_eq(y[i], want[i], tol, "%s, t = %g: %g", method->name, t[i], y[i]);
    }
}

/* A step that a stop cut short says nothing about the next one: growing again from 1e-9 by tens would take nine attempts. */
Test(solve, a_step_cut_short_does_not_slow_the_next)
{
    const double t[] = { 0, 10 }, pair[] = { 1, 1 + 1e-9 }, start[] = { 1, 0 };
    nde_ode      ode = { .field = circle, .dim = 2 };
    double       y[4];
    for (int each = 0; each < 2; each++) {
        nde_options o     = { .rtol     = 1e-6,
                              .atol     = 1e-6,
                              .batching = each ? NDE_PER_SAMPLE : NDE_JOINT };
        nde_stats   plain = solve_once(&ode, &o, 2, t, start, y, NULL);
        o.nbreaks = 2, o.breaks = pair;
        nde_stats cut = solve_once(&ode, &o, 2, t, start, y, NULL);
        cr_expect_leq(cut.accepted + cut.rejected, plain.accepted + plain.rejected + 4);
    }
}

/* --- parts and tolerances --------------------------------------------------------------------------------------------- */

static void parted_circle(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    dy[0] = at->part[1];
    dy[1] = ad_neg(at->part[0]);
    if (at->parts > 2) dy[2] = ad_mul(ad_sin(ad_scale(at->part[0], 50)), at->part[2]);
}

Test(solve, named_parts_lie_one_behind_the_other)
{
    const long   two[]  = { 1, 2, 3 };
    nde_part     part[] = { { "x", ad_dims(3, two, 1), 0 }, { "v", ad_dims(3, two, 1), 0 } };
    nde_ode      ode    = { .field_parts = parted_circle, .parts = 2, .part = part };
    const double t[]    = { 0, 1, 2 };
    double       y0[24], y[72];
    nde_solver  *s = solver_of(&ode, &(nde_options){ .rtol = 1e-9, .atol = 1e-9 }, 5);
    cr_assert_eq(nde_solver_dim(s), 12);
    for (int i = 0; i < 12; i++) y0[i] = i, y0[12 + i] = 1;
    ok(nde_solve(s, &(nde_solve_args){ .n = 2, .times = 3, .t = t, .y0 = y0, .y = y }));
    cr_expect_arr_eq(y, y0, sizeof y0);
    double tol = 1e-9 * 12 * (double)nde_solver_stats(s)->accepted;
    for (int k = 1; k < 3; k++)
        for (int i = 0; i < 12; i++) {
            cr_expect_float_eq(y[24 * k + i], i * cos(t[k]) + sin(t[k]), tol);
            cr_expect_float_eq(y[24 * k + 12 + i], cos(t[k]) - i * sin(t[k]), tol);
        }
    nde_solver_free(s);
}

Test(solve, a_part_can_be_left_out_of_error_control)
{
    nde_part part[]  = { { "x", ad_rows(1), 0 }, { "v", ad_rows(1), 0 }, { "z", ad_rows(1), 1 } };
    nde_ode  three   = { .field_parts = parted_circle, .parts = 3, .part = part };
    nde_ode  two     = { .field_parts = parted_circle, .parts = 2, .part = part };
    const double t[] = { 0, 5 }, y0[] = { 1, 0, 1 };
    double       y[6], z[4];
    nde_stats    with = solve_once(&three, NULL, 2, t, y0, y, NULL),
              without = solve_once(&two, NULL, 2, t, y0, z, NULL);
    cr_expect_eq(with.accepted, without.accepted);
    cr_expect_eq(with.rejected, without.rejected);
    cr_expect_arr_eq(y + 3, z + 2, 2 * sizeof *y);
    part[2].no_error = 0;
    cr_expect_gt(solve_once(&three, NULL, 2, t, y0, y, NULL).accepted, without.accepted);
    for (int p = 0; p < 3; p++) part[p].no_error = 1;
    nde_solver *s;
    cr_expect_eq(nde_solver_new(&s, &three, NULL, 1), AD_INVALID);
    cr_expect(strstr(ad_message(), "error control"), "%s", ad_message());
}

Test(solve, an_absolute_tolerance_for_each_component)
{
    nde_ode      ode = { .field = circle, .dim = 2 };
    const double t[] = { 0, 5 }, same[] = { 1e-6, 1e-6 }, loose[] = { 1e-6, 1 },
                 tight[] = { 1e-6, 1e-9 };
    double      y[4], z[4];
    nde_options o      = { .rtol = NDE_ZERO, .atol = 1e-6 };
    nde_stats   scalar = solve_once(&ode, &o, 2, t, y0_circle, y, NULL);
    o.atol_each        = same;
    nde_stats each     = solve_once(&ode, &o, 2, t, y0_circle, z, NULL);
    cr_expect_eq(scalar.accepted, each.accepted);
    cr_expect_arr_eq(y, z, sizeof y);
    o.atol_each = loose;
    cr_expect_lt(solve_once(&ode, &o, 2, t, y0_circle, y, NULL).accepted, scalar.accepted);
    o.atol_each = tight;
    cr_expect_gt(solve_once(&ode, &o, 2, t, y0_circle, y, NULL).accepted, scalar.accepted);
}

/* The list is in the state's order, whatever the parts: both ways the same steps. */
Test(solve, an_absolute_tolerance_for_each_part)
{
    nde_ode      one    = { .field = circle, .dim = 2 };
    nde_part     part[] = { { "x", ad_rows(1), 0 }, { "v", ad_rows(1), 0 } };
    nde_ode      two    = { .field_parts = parted_circle, .parts = 2, .part = part };
    const double t[] = { 0, 5 }, list[2][2] = { { 1e-3, 1e-9 }, { 1e-9, 1e-3 } };
    double       y[4], z[4];
    for (int i = 0; i < 2; i++) {
        nde_options o    = { .rtol = NDE_ZERO, .atol_each = list[i] };
        nde_stats   rows = solve_once(&one, &o, 2, t, y0_circle, y, NULL),
                  parts  = solve_once(&two, &o, 2, t, y0_circle, z, NULL);
        cr_expect_eq(rows.accepted, parts.accepted);
        cr_expect_eq(rows.rejected, parts.rejected);
        for (int k = 0; k < 4; k++) cr_expect_float_eq(y[k], z[k], 1e-12);
    }
}

/* --- times ------------------------------------------------------------------------------------------------------------ */

Test(solve, times_that_repeat)
{
    const double t[] = { 0, 0, 0, 1, 1, 2.5, 2.5, 2.5 };
    for (int m = 0; m < nde_method_count(); m++) {
        nde_ode     ode = { .field = circle, .dim = 2 };
        nde_options o   = { .method = nde_method_at(m) };
        double      y[16];
        if (!o.method->error_order) o.fixed_step = 0.25;
        solve_once(&ode, &o, 8, t, y0_circle, y, NULL);
        cr_expect_arr_eq(y + 2, y, 2 * sizeof *y);
        cr_expect_arr_eq(y + 4, y, 2 * sizeof *y);
        cr_expect_arr_eq(y + 8, y + 6, 2 * sizeof *y);
        cr_expect_arr_eq(y + 12, y + 10, 2 * sizeof *y);
        cr_expect_arr_eq(y + 14, y + 10, 2 * sizeof *y);
        cr_expect_arr_neq(y + 10, y + 6, 2 * sizeof *y);
    }
}

Test(solve, ends_of_a_few_ulp_in_either_type)
{
    const double from = 1e6, ends[] = { nextafter(1e6, 2e6), 1e6 + 1e-9,
                                        (double)nextafterf(1e6f, 2e6f), (double)0.1f, -1e6 };
    for (int type = AD_F32; type <= AD_F64; type++)
        for (int i = 0; i < 5; i++) {
            nde_ode      ode = { .field = jump, .dim = 1, .type = (ad_type)type };
            const double t[] = { from, ends[i] };
            double       y64[2], zero64 = 0;
            float        y32[2], zero32 = 0;
            void        *y = type == AD_F32 ? (void *)y32 : y64;
            nde_stats s   = solve_once(&ode, NULL, 2, t, type == AD_F32 ? (void *)&zero32 : &zero64,
                                       y, NULL);
            double    got = type == AD_F32 ? (double)y32[1] : y64[1];
            cr_expect_eq(s.t_reached, ends[i]);
            /* y' = -1 for t >= 1, 1 before */
            double want = ends[i] >= 1 ? from - ends[i] : from - 1 + ends[i] - 1;
            if (i < 3)
                cr_expect_float_eq(got, want, 4 * (type == AD_F32 ? 0x1p-24 : 0x1p-53) * fabs(want),
                                   "type %d, end %d", type, i);
        }
}

Test(solve, a_smaller_batch_and_a_second_solve_change_nothing)
{
    nde_ode        ode = { .field = circle, .dim = 2 };
    const double   t[] = { 0, 1, 2 }, y0[] = { 1, 0, 0.5, 0.5, -2, 1 };
    double         y[18], z[18];
    nde_solver    *exact = solver_of(&ode, NULL, 3), *roomy = solver_of(&ode, NULL, 50);
    nde_solve_args a = { .n = 3, .times = 3, .t = t, .y0 = y0, .y = y };
    ok(nde_solve(exact, &a));
    a.y = z;
    ok(nde_solve(roomy, &a));
    cr_expect_arr_eq(y, z, sizeof y);
    ok(nde_solve(roomy, &a));
    cr_expect_arr_eq(y, z, sizeof y);
    nde_solver_free(exact);
    nde_solver_free(roomy);
}

Test(solve, a_plain_function_gives_the_same_steps)
{
    const double t[] = { 0, 1.3, 4 };
    for (int m = 0; m < nde_method_count(); m++) {
        nde_ode traced = { .field = circle, .dim = 2 },
                plain  = { .field_plain = circle_plain, .dim = 2 };
        nde_options o  = { .method = nde_method_at(m), .rtol = 1e-6, .atol = 1e-6 };
        double      y[6], z[6];
        if (!o.method->error_order) o.fixed_step = 0.1;
        nde_stats a = solve_once(&traced, &o, 3, t, y0_circle, y, NULL),
                  b = solve_once(&plain, &o, 3, t, y0_circle, z, NULL);
        cr_expect_eq(a.accepted, b.accepted, "%s: %ld and %ld", o.method->name, a.accepted,
                     b.accepted);
        cr_expect_eq(a.nfe, b.nfe);
        /* the sums are rounded in another order: some ulp a step, and a step size that follows the error's last digits */
        cr_expect_lt(distance(6, y, z), 1e-12, "%s: %g", o.method->name, distance(6, y, z));
    }
}
