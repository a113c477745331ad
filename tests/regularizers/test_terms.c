/* Terms as they are typed: read, written back, mistaken; coefficients over training; what cannot be carried. */
#include "field.h"

static reg_term one(const char *text)
{
    reg_term t;
    int      n;
    ok(reg_parse(text, 1, &t, &n));
    cr_assert_eq(n, 1);
    return t;
}

static void same(const char *text, const char *want)
{
    reg_term t = one(text);
    char     back[128];
    cr_expect_str_eq(reg_term_text(&t, back, sizeof back), want);
    t = one(want); /* and what is written can be read */
    cr_expect_str_eq(reg_term_text(&t, back, sizeof back), want);
}

Test(terms, read_and_written)
{
    same("error:100..10", "error:100..10@exponential");
    same("error:100", "error:100");
    same("error+unscaled+sum:1e4..0@linear/epoch", "error+sum+unscaled:10000..0@linear/epoch");
    same("taynode3:3.02e-3", "taynode3:0.00302");
    same("kinetic:.01", "kinetic:0.01");
    same("steer+gaussian:0.25", "steer+gaussian:0.25");
    same("stiffness:1..2@inverse", "stiffness:1..2@inverse");
    same(" error:2.5..1.0 ", "error:2.5..1@exponential");
}

Test(terms, several_and_none)
{
    reg_term t[REG_MOST];
    int      n;
    ok(reg_parse("taynode3:0.003,kinetic:0.01, error:1", REG_MOST, t, &n));
    cr_expect_eq(n, 3);
    cr_expect_eq(t[0].order, 3);
    ok(reg_parse(NULL, REG_MOST, t, &n));
    cr_expect_eq(n, 0);
    ok(reg_parse("none", REG_MOST, t, &n));
    cr_expect_eq(n, 0);
}

static void mistake(const char *text, const char *says)
{
    reg_term t[REG_MOST];
    int      n;
    cr_expect_eq(reg_parse(text, REG_MOST, t, &n), AD_INVALID, "'%s' was accepted", text);
    cr_expect(strstr(ad_message(), says), "'%s': no \"%s\" in \"%s\"", text, says, ad_message());
}

Test(terms, mistakes)
{
    mistake("eror:1", "did you mean 'error'?");
    mistake("error:100-10", "'100-10' where a number is wanted");
    mistake("error", "lacks a coefficient");
    mistake("error:", "lacks a number");
    mistake("error:1..", "lacks a number");
    mistake("error:-1", "at least 0");
    mistake("error:nan", "finite");
    mistake("error:1..0", "use @linear");
    mistake("error:1..2@slow", "unknown shape");
    mistake("error:1..2@constant", "constant, yet");
    mistake("error:1@linear", "write FROM..TO");
    mistake("error:1/iteration", "not /epoch");
    mistake("error:1/ep", "not /epoch");
    mistake("error+medium:1", "it has: sum max");
    mistake("error:1,", "empty regularizer");
    mistake("error:1,error:2", "twice");
    mistake("taynode:1", "taynode2 to taynode6");
    mistake("taynode7:1", "taynode2 to taynode6");
    mistake("kinetic3:1", "no regularizer is called 'kinetic3'");
    mistake("error:1,kinetic:1,jacobian:1,taynode2:1,taynode3:1,taynode4:1,taynode5:1,taynode6:1,"
            "stiffness:1",
            "more than 8");
}

static double at(const char *text, double p)
{
    reg_term t = one(text);
    return reg_coefficient_at(&t.lambda, (reg_progress){ p, 0 });
}

Test(terms, coefficients)
{
    cr_expect_float_eq(at("error:100..10", 0), 100, 1e-12);
    cr_expect_float_eq(at("error:100..10", 0.5), sqrt(1000), 1e-12);
    cr_expect_float_eq(at("error:100..10", 1), 10, 1e-12);
    cr_expect_float_eq(at("error:100..10@linear", 0.25), 77.5, 1e-12);
    cr_expect_float_eq(at("error:100..10@inverse", 1), 10, 1e-12);
    cr_expect_float_eq(at("error:100..10@inverse", 0.5), 100 / 5.5, 1e-12);
    cr_expect_float_eq(at("error:100", 0.7), 100, 0);
    cr_expect_float_eq(at("error:100..10/epoch", 0.7), 100, 0); /* the epoch began at 0 */
}

static void refused(const char *terms, const nde_options *o, const char *says)
{
    regularized p = { .ode = { .field = network, .dim = DIM }, .o = *o };
    ok(ad_params_new(&p.ode.theta, AD_F64));
    cr_expect_eq(regularized_try(&p, terms, NULL), AD_UNSUPPORTED);
    cr_expect(strstr(ad_message(), says), "\"%s\"", ad_message());
    regularized_stop(&p);
}

Test(terms, what_cannot_be_carried)
{
    refused("error:1", &(nde_options){ .method = &nde_rk4, .fixed_step = 0.1 }, "tsit5");
    refused("stiffness:1", &(nde_options){ .method = &nde_bosh3 }, "tsit5 and dopri5");
    refused("error+through-h:1", &(nde_options){ .batching = NDE_PER_SAMPLE }, "joint");
}

Test(terms, every_regularizer_is_told)
{
    for (int i = 0; reg_about_at(i); i++) {
        const reg_about *a = reg_about_at(i);
        cr_expect(a->name && a->about && a->cite, "%d", i);
    }
    cr_expect_null(reg_about_at(1000));
}
