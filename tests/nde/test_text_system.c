/* Systems as text, what they say: statements, setting, networks, loss, start values, number types. */
#include "text_spot.h"

/* --- what a system says --------------------------------------------------------------------------------------------- */

Test(text_system, statements)
{
    nde_system *s = system_of(
        "\xEF\xBB\xBF# a comment \xC3\xA9\r\n"
        "a = 2 # one\r\nb = 3\r\nc=4\r\n\r\nx' = a*x + b*y + c\r\ny' = -x\r\nz' = 0\r\n"
        "x(2*3.5) = a^2 + 1\r\ny(0) = 2*3\r\nt = 7 .. -pi\r\nbreak = 2.5, 1, 5/2\r\nbreak = 2\r\n"
        "fit = a, b in 0 .. 10\r\nfit = c\r\nobserve Lynx = x\r\nobserve t = y\r\nloss = x*t");
    const nde_system_info *i = nde_system_about(s);
    cr_assert_eq(i->states, 3);
    cr_assert_str_eq(i->state[2].name, "z");
    cr_assert_eq(i->state[0].start, NDE_START_EXPRESSION);
    cr_assert_eq(i->state[0].y0, 5);
    cr_assert_eq(i->state[1].start, NDE_START_NUMBER);
    cr_assert_eq(i->state[1].y0, 6);
    cr_assert_eq(i->state[2].start, NDE_START_NONE);
    cr_assert(i->has_interval && i->has_loss && i->t0 == 7 &&
              fabs(i->t1 + 3.14159265358979) < 1e-14);
    cr_assert(i->breaks == 3 && i->break_at[0] == 1 && i->break_at[1] == 2 &&
              i->break_at[2] == 2.5);
    cr_assert(i->parameter[0].fit && i->parameter[0].bounded && i->parameter[0].hi == 10);
    cr_assert(i->parameter[2].fit && !i->parameter[2].bounded);
    cr_assert(i->columns == 2 && i->column[1].state == 1);
    cr_assert_str_eq(i->column[0].name, "Lynx");

    cr_assert_eq(nde_system_solvable(s), AD_INVALID);
    cr_assert(strstr(ad_message(), "state z has no start value"), "%s", ad_message());
    cr_assert_eq(nde_system_set(s, "z(0)", 1), AD_OK);
    cr_assert_eq(nde_system_solvable(s), AD_OK);
    cr_assert_eq(nde_system_set(s, "a", 3), AD_OK);
    cr_assert_eq(i->state[0].y0, 10); /* follows the parameter */
    cr_assert_eq(nde_system_set(s, "x(7)", 4), AD_OK);
    cr_assert(i->state[0].start == NDE_START_NUMBER && i->state[0].y0 == 4);
    nde_system_free(s);
}

Test(text_system, set_tells_what_cannot_be_set)
{
    static const char *const cases[][2] = {
        { "alpha2", "a.ode: no parameter is called 'alpha2'; did you mean 'alpha'?" },
        { "x", "a.ode: 'x' is a state; its start value is set as x(0)" },
        { "s", "a.ode: 's' is an auxiliary, which follows from other names; only parameters can be "
               "set" },
        { "x(3)", "a.ode: x(3) is no start value; write x(0)" },
        { "x(0", "a.ode: x(0 is no start value; write x(0)" },
        { "x(0q)", "a.ode: x(0q) is no start value; write x(0)" },
        { "alpha(0)", "a.ode: alpha(0): 'alpha' is no state" },
        { "(0)", "a.ode: (0): '' is no state" },
    };
    nde_system *s = system_of("alpha = 1\ns = 2*alpha\nx' = s\nt = 1 .. 2\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(nde_system_set(s, cases[i][0], 1), AD_INVALID);
        cr_expect(strstr(ad_message(), cases[i][1]) == ad_message(), "%s", ad_message());
    }
    cr_expect_eq(nde_system_set(s, "alpha", NAN), AD_INVALID);
    cr_expect_eq(nde_system_set(s, "x(1)", 1), AD_OK);
    cr_expect_eq(nde_system_set(s, "x(t0)", 1), AD_OK);
    nde_system_free(s);
}

/* --- networks ------------------------------------------------------------------------------------------------------- */

Test(text_system, networks)
{
    nde_system *s = system_of(
        "a = 0.3\nu = x*y\nf = nn(u, t; 5, 4)\ng = nn(u, t; 5, 4)\n"
        "x' = f[1] + nn(x , a;3)[0]\ny' = g[0]*nn(x,a; 3)[2] + nn( sin(x), 2, nn(y)[0] )[0]\n");
    const nde_system_info *i = nde_system_about(s);
    cr_assert_eq(i->networks, 5);
    static const char *const name[] = { "f", "g", "nn", "nn2", "nn3" };
    static const int         in[] = { 2, 2, 2, 1, 3 }, out[] = { 2, 1, 3, 1, 1 },
                     hidden[] = { 2, 2, 1, 0, 0 };
    for (int k = 0; k < 5; k++) {
        cr_expect_str_eq(i->network[k].name, name[k]);
        cr_expect(i->network[k].inputs == in[k] && i->network[k].outputs == out[k] &&
                      i->network[k].hidden == hidden[k],
                  "%s", name[k]);
    }
    cr_assert_eq(i->network[0].widths[1], 4);
    const ad_params *p = nde_system_params(s, AD_F64);
    cr_assert_eq(ad_params_count(p), 1 + (15 + 24 + 10) + (15 + 24 + 5) + (9 + 12) + 2 + 4);
    cr_assert_geq(ad_params_find(p, "f.0.weight"), 0);
    cr_assert_geq(ad_params_find(p, "nn2.0.bias"), 0);
    int views = ad_params_views(p);
    cr_assert(traced_against_plain(s, 1.3) <= ROUNDING);
    cr_assert_eq(ad_params_views(p), views, "tracing knows the layout");

    double y[2] = { 1, 2 }, dy[2];
    cr_assert_eq(nde_system_eval(s, 0, y, NULL, dy, NULL), AD_INVALID);
    nde_system_free(s);
}

/* --- loss, start values --------------------------------------------------------------------------------------------- */

/* loss = a x t^2: its derivatives by t, x and a. */
Test(text_system, loss_is_differentiable)
{
    nde_system *s    = system_of("a = 1.5\nx' = -x\nloss = a*x*t^2");
    spot        p    = spot_of(s, AD_F64);
    ad_var      loss = nde_system_loss(s, point(&p)), sum = ad_sum(loss, -1, 1), by[3];
    ad_var      x[3] = { p.in[0], p.in[1],
                         ad_param(p.g, p.ode.theta, "a", ad_vector(1), AD_INIT_VALUE, 0) };
    cr_assert(ad_shape_equal(ad_shape_of(loss), ad_rows(1)));
    cr_assert_eq(ad_graph_status(p.g), AD_OK, "%s", ad_message());
    sum = ad_reshape(sum, 1, (long[]){ 1 });
    cr_assert_eq(ad_gradient(sum, 3, x, by), AD_OK, "%s", ad_message());
    double y[1][ROWS] = { { 1, 2, 4 } }, value[4][ROWS], *theta = theta_of(s, AD_F64), plain_loss;
    run64(&p, 4, (ad_var[]){ loss, by[0], by[1], by[2] }, 3, y, theta, value);
    cr_expect_float_eq(value[0][2], 1.5 * 4 * 9, 1e-13);
    cr_expect_float_eq(value[1][0], 1.5 * 7 * 6, 1e-13);
    cr_expect_float_eq(value[2][1], 1.5 * 9, 1e-13);
    cr_expect_float_eq(value[3][0], 7 * 9, 1e-13);
    cr_expect_eq(nde_system_eval(s, 3, &y[0][2], NULL, NULL, &plain_loss), AD_OK);
    cr_expect_float_eq(plain_loss, 54, 1e-13);
    ad_free(theta);
    ad_graph_free(p.g);
    nde_system_free(s);
}

Test(text_system, start_values_chain_into_parameters)
{
    nde_system *s = system_of(
        "a = 3\nb = 2\nh = a/2\nx' = y\ny' = -x\nz' = 1\nx(0) = h*b\ny(0) = -4\n");
    ad_params *theta = nde_system_params(s, AD_F64);
    ad_graph  *g;
    ad_var     y0[3], by[2], a[2];
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    cr_assert_eq(nde_system_start(s, g, theta, y0), AD_OK, "%s", ad_message());
    cr_assert(y0[2].id < 0);
    a[0] = ad_param(g, theta, "a", ad_vector(1), AD_INIT_VALUE, 0);
    a[1] = ad_param(g, theta, "b", ad_vector(1), AD_INIT_VALUE, 0);
    cr_assert_eq(ad_gradient(y0[0], 2, a, by), AD_OK, "%s", ad_message());
    double  values[2] = { 5, 7 }, out[4], plain_start[3];
    void   *to[4]     = { &out[0], &out[1], &out[2], &out[3] };
    ad_args args      = { .n = 1, .out = to, .theta = values };
    cr_assert_eq(ad_eager(0, NULL, 4, (ad_var[]){ y0[0], y0[1], by[0], by[1] }, &args), AD_OK, "%s",
                 ad_message());
    cr_expect(out[0] == 17.5 && out[1] == -4 && out[2] == 3.5 && out[3] == 2.5);
    cr_assert_eq(nde_system_start_values(s, values, plain_start), AD_OK);
    cr_expect(plain_start[0] == 17.5 && plain_start[1] == -4 && isnan(plain_start[2]));
    cr_assert_eq(nde_system_start_values(s, NULL, plain_start), AD_OK);
    cr_expect_eq(plain_start[0], 3);
    ad_graph_free(g);
    nde_system_free(s);
}

/* --- float32 -------------------------------------------------------------------------------------------------------- */

/* Time alone is decided in float64: one ulp beside a break point float32 would see the break point itself. */
Test(text_system, float32_decides_time_in_float64)
{
    nde_system *s = system_of(
        "p = 2.5\nx' = x*le(t, 2.5)\ny' = if(le(t, p), 1, y)\nz' = floor(t/p) + sin(1e6*t)*z\n"
        "w' = 3\nv' = le(x, t)\n");
    spot   p = spot_of(s, AD_F32);
    ad_var dy[5];
    float  y[5][ROWS], value[5][ROWS], *theta = (float *)theta_of(s, AD_F32);
    for (int i = 0; i < 5; i++)
        for (int r = 0; r < ROWS; r++) y[i][r] = 2;
    p.ode.field_parts(point(&p), dy, p.ode.ctx);
    for (int i = 0; i < 5; i++) {
        cr_expect_eq(ad_type_of(dy[i]), AD_F32);
        cr_expect(ad_shape_equal(ad_shape_of(dy[i]), ad_rows(1)));
    }
    for (int side = 0; side < 2; side++) {
        double      t    = nextafter(2.5, side ? 10 : 0);
        const void *in[] = { &t, y[0], y[1], y[2], y[3], y[4] };
        void       *to[] = { value[0], value[1], value[2], value[3], value[4] };
        ad_args     args = { .n = ROWS, .in = in, .out = to, .theta = theta };
        cr_assert_eq(ad_eager(6, p.in, 5, dy, &args), AD_OK, "%s", ad_message());
        cr_expect_eq(value[0][1], side ? 0 : 2);
        cr_expect_eq(value[1][1], side ? 2 : 1);
        /* one rounding of the sine, one of the product, one of the sum, all below 4 in size */
        cr_expect_float_eq(value[2][1], side + 2 * sin(1e6 * t), 8 * FLT_EPSILON);
        cr_expect_eq(value[3][2], 3);
        cr_expect_eq(value[4][2], 1);
    }
    ad_free(theta);
    ad_graph_free(p.g);
    nde_system_free(s);
}

Test(text_system, examples)
{
    static const char *const names[] = { "lotka-volterra", "van-der-pol", "lorenz63",
                                         "robertson",      "forced",      "neural" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char        path[1024];
        nde_system *s;
        snprintf(path, sizeof path, "%s/examples/%s.ode", COSTATE_SOURCE_DIR, names[i]);
        cr_assert_eq(nde_system_read(&s, path), AD_OK, "%s", ad_message());
        cr_expect_eq(nde_system_solvable(s), AD_OK, "%s", ad_message());
        cr_expect(traced_against_plain(s, 2.25) <= ROUNDING);
        nde_system_free(s);
    }
}
