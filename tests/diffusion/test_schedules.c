/* Noise schedules against their formulas in long double, their inverses, and what they refuse. */
#include <criterion/criterion.h>

#include <costate/diffusion/schedule.h>

#include "diffusion/reference.h"

static dpm_schedule *make(const dpm_schedule_options *o)
{
    dpm_schedule *s;
    cr_assert_eq(dpm_schedule_new(&s, o), AD_OK, "%s", ad_message());
    return s;
}

static dpm_schedule *named(const char *name)
{
    return make(&(dpm_schedule_options){ .name = name });
}

static int close_to(double got, long double want, double tolerance)
{
    return fabsl(got - want) <= tolerance * fabsl(want);
}

/* A few roundings of each of alpha, sigma, rho; lambda is a difference of logarithms of up to 10. */
static void expect_point(const dpm_schedule *s, double t, long double alpha, long double sigma)
{
    dpm_point   p      = dpm_schedule_at(s, t);
    long double lambda = logl(alpha) - logl(sigma);
    cr_expect(p.t == t);
    cr_expect(close_to(p.alpha, alpha, 2e-15 * (1 + fabsl(logl(alpha)))),
              "%s at %g: alpha %.17g, %.17Lg", s->kind->name, t, p.alpha, alpha);
    cr_expect(close_to(p.sigma, sigma, 4e-15), "%s at %g: sigma %.17g, %.17Lg", s->kind->name, t,
              p.sigma, sigma);
    cr_expect(close_to(p.rho, sigma / alpha, 2e-14), "%s at %g: rho", s->kind->name, t);
    cr_expect(fabsl(p.lambda - lambda) <= 4e-15 * (1 + fabsl(lambda)),
              "%s at %g: lambda %.17g, %.17Lg", s->kind->name, t, p.lambda, lambda);
}

static const double places[] = { 1e-12, 1e-8, 1e-4, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99 };
enum { PLACES = sizeof places / sizeof *places };

static long double linear(double t)
{
    return -(20.0L - 0.1L) * t * t / 4 - 0.1L * t / 2;
}

Test(schedules, formulas_of_linear_beta)
{
    dpm_schedule *vp = named("vp-linear"), *sub = named("sub-vp"), *mr = named("mean-reverting");
    for (int i = 0; i < PLACES; i++) {
        double      t = places[i];
        long double a = expl(linear(t)), v = -expm1l(2 * linear(t));
        expect_point(vp, t, a, sqrtl(v));
        expect_point(sub, t, a, v);
        expect_point(mr, t, a, 0.2L * sqrtl(v));
    }
    dpm_schedule_free(vp);
    dpm_schedule_free(sub);
    dpm_schedule_free(mr);
}

Test(schedules, formula_of_cosine)
{
    dpm_schedule *s    = named("cosine");
    long double   half = acosl(0), a0 = half * 0.008L / 1.008L;
    for (int i = 0; i < PLACES; i++) {
        long double u = half * places[i] / 1.008L;
        long double d = 2 * sinl(a0 + u / 2) * sinl(u / 2) / cosl(a0); /* 1 - alpha */
        expect_point(s, places[i], 1 - d, sqrtl(d * (2 - d)));
    }
    dpm_schedule_free(s);
}

Test(schedules, formulas_of_ve_edm_flow)
{
    dpm_schedule *ve = named("ve"), *edm = named("edm"), *flow = named("flow");
    dpm_schedule *shifted = make(&(dpm_schedule_options){ .name = "flow", .shift = 3 });
    for (int i = 0; i < PLACES; i++) {
        double      t = places[i];
        long double k = 3.0L * t / (1 + 2.0L * t);
        expect_point(ve, t, 1, 0.01L * powl(5000, t));
        expect_point(edm, t, 1, t);
        expect_point(flow, t, 1 - (long double)t, t);
        expect_point(shifted, t, 1 - k, k);
    }
    dpm_schedule_free(ve);
    dpm_schedule_free(edm);
    dpm_schedule_free(flow);
    dpm_schedule_free(shifted);
}

/* t -> lambda -> t. The inverse is well conditioned but where lambda hardly depends on t, which is nowhere here: a few roundings. */
static void expect_inverse(const dpm_schedule *s)
{
    double a = s->o.t_begin, b = s->o.t_end, before = -INFINITY, scale = fabs(a - b);
    for (int i = 0; i <= 1000; i++) {
        double    t = a + (b - a) * i / 1000;
        dpm_point p = dpm_schedule_at(s, t);
        double    u = dpm_schedule_time(s, p.lambda);
        cr_expect(i == 0 || p.lambda > before, "%s: lambda falls at %g", s->kind->name, t);
        cr_expect_leq(fabs(u - t), 1e-13 * (fabs(t) + 1e-3 * scale), "%s: %.17g became %.17g",
                      s->kind->name, t, u);
        before = p.lambda;
    }
}

/* lambda -> t -> lambda, at lambdas of no grid of t */
static void expect_inverse_of_lambda(const dpm_schedule *s)
{
    double a = dpm_schedule_at(s, s->o.t_begin).lambda, b = dpm_schedule_at(s, s->o.t_end).lambda;
    if (isinf(a)) a = -8;
    for (int i = 0; i <= 700; i++) {
        double    l = a + (b - a) * i / 700;
        dpm_point p = dpm_schedule_at_lambda(s, l);
        cr_expect_leq(fabs(p.lambda - l), 1e-13 * (1 + fabs(l)), "%s: lambda %.17g became %.17g",
                      s->kind->name, l, p.lambda);
    }
}

Test(schedules, inverses)
{
    cr_assert_eq(dpm_schedule_count(), 10);
    cr_assert_null(dpm_schedule_row(10));
    cr_assert_null(dpm_schedule_row(-1));
    for (int i = 0; i < dpm_schedule_count(); i++) {
        dpm_schedule *s = named(dpm_schedule_row(i)->name);
        expect_inverse(s);
        expect_inverse_of_lambda(s);
        dpm_point zero = dpm_schedule_at_lambda(s, INFINITY);
        cr_expect(zero.sigma == 0 && zero.alpha == 1 && zero.rho == 0 && isinf(zero.lambda), "%s",
                  s->kind->name);
        dpm_schedule_free(s);
    }
}

Test(schedules, inverses_of_zero_terminal_snr)
{
    static const char *const name[] = { "ddpm", "scaled-linear", "cosine-discrete" };
    for (int i = 0; i < 3; i++) {
        dpm_schedule *s = make(&(dpm_schedule_options){ .name = name[i], .zero_terminal_snr = 1 });
        expect_inverse(s);
        expect_inverse_of_lambda(s);
        cr_expect(dpm_schedule_time(s, -INFINITY) == 999);
        dpm_schedule_free(s);
    }
}

/* --- discrete schedules -------------------------------------------------------------------------------------------- */

/* alpha_bar of a product of at most 1000 factors, each rounded and each beta rounded: 2000 eps at the very most. */
#define PRODUCT (2000 * 0x1p-53)

static double alpha_bar(const dpm_schedule *s, long i)
{
    double a = dpm_schedule_at(s, (double)i).alpha;
    return a * a;
}

Test(schedules, ddpm_is_the_product)
{
    dpm_schedule *s       = named("ddpm");
    long double   product = 1;
    cr_assert(s->o.t_begin == 999 && s->o.t_end == 0);
    for (int i = 0; i < 1000; i++) {
        product *= 1 - (1e-4L + (0.02L - 1e-4L) * i / 999);
        cr_expect(close_to(alpha_bar(s, i), product, PRODUCT), "step %d", i);
    }
    dpm_schedule_free(s);
}

Test(schedules, ddpm_is_the_official_one)
{
    json_t *file = reference_open("samplers_other.json");
    if (!file) cr_skip_test("reference/diffusion/samplers_other.json is not there");
    double        want[1024];
    json_t       *pndm = json_object_get(file, "pndm");
    long          n    = reference_rows(json_object_get(pndm, "alpha_bar"), want, 1024);
    dpm_schedule *s    = named("ddpm");
    cr_assert_geq(n, 1000);
    for (int i = 0; i < 1000; i++)
        cr_expect(close_to(alpha_bar(s, i), want[i], PRODUCT), "step %d", i);
    dpm_schedule_free(s);
    json_decref(file);
}

/* Stable Diffusion's sigma / alpha at both ends, as everyone prints them: 14.615 and 0.029. */
Test(schedules, scaled_linear_is_that_of_latent_diffusion)
{
    dpm_schedule *s       = named("scaled-linear");
    long double   product = 1;
    for (int i = 0; i < 1000; i++) {
        long double root = sqrtl(0.00085L) + (sqrtl(0.012L) - sqrtl(0.00085L)) * i / 999;
        product *= 1 - root * root;
        cr_expect(close_to(alpha_bar(s, i), product, PRODUCT), "step %d", i);
    }
    cr_expect_leq(fabs(dpm_schedule_at(s, 999).rho - 14.615), 5e-4);
    cr_expect_leq(fabs(dpm_schedule_at(s, 0).rho - 0.029), 5e-4);
    dpm_schedule_free(s);
}

/* Before the cut at 0.999 the product telescopes to f(i + 1) / f(0). */
Test(schedules, cosine_discrete_telescopes)
{
    dpm_schedule *s    = named("cosine-discrete");
    long double   half = acosl(0), f0 = cosl(half * 0.008L / 1.008L);
    for (int i = 0; i < 999; i++) {
        long double f = cosl(half * ((i + 1) / 1000.0L + 0.008L) / 1.008L);
        cr_expect(close_to(alpha_bar(s, i), f * f / (f0 * f0), 1e-12), "step %d", i);
    }
    double last = alpha_bar(s, 999) / alpha_bar(s, 998);
    cr_expect_leq(fabs(last - 0.001), 1e-14);
    dpm_schedule_free(s);
}

Test(schedules, between_steps_lambda_is_linear)
{
    dpm_schedule *s = named("ddpm");
    for (int i = 0; i < 999; i += 37) {
        double a = dpm_schedule_at(s, i).lambda, b = dpm_schedule_at(s, i + 1).lambda;
        double m = dpm_schedule_at(s, i + 0.25).lambda;
        cr_expect_leq(fabs(m - (a + 0.25 * (b - a))), 1e-14 * (1 + fabs(a)));
    }
    dpm_point data = dpm_schedule_at(s, -1), half = dpm_schedule_at(s, -0.5),
              first = dpm_schedule_at(s, 0);
    cr_expect(data.alpha == 1 && data.sigma == 0 && isinf(data.lambda) && data.lambda > 0);
    cr_expect(close_to(half.sigma * half.sigma, 0.5L * first.sigma * first.sigma, 4e-15));
    cr_expect(isnan(dpm_schedule_at(s, 999.001).lambda) &&
              isnan(dpm_schedule_at(s, -1.001).lambda));
    cr_expect(isnan(dpm_schedule_at(s, NAN).lambda) && isnan(dpm_schedule_time(s, NAN)));
    cr_expect(dpm_schedule_time(s, -100) == 999, "beyond the noisy end");
    dpm_schedule_free(s);
}

/* Lin et al. 2024, algorithm 1: sqrt(alpha_bar) is shifted to 0 at the end and scaled so that the first keeps its value. */
Test(schedules, zero_terminal_snr)
{
    dpm_schedule *s = named("scaled-linear");
    dpm_schedule *z = make(
        &(dpm_schedule_options){ .name = "scaled-linear", .zero_terminal_snr = 1 });
    double first = dpm_schedule_at(s, 0).alpha, last = dpm_schedule_at(s, 999).alpha;
    for (int i = 0; i < 1000; i++) {
        double want = (dpm_schedule_at(s, i).alpha - last) * first / (first - last);
        cr_expect_leq(fabs(dpm_schedule_at(z, i).alpha - want), 4e-16, "step %d", i);
    }
    dpm_point end = dpm_schedule_at(z, 999);
    cr_expect(end.alpha == 0 && end.sigma == 1 && end.lambda == -INFINITY && end.rho == INFINITY);
    dpm_point a = dpm_schedule_at(z, 998), b = dpm_schedule_at(z, 998.75);
    cr_expect(close_to(b.alpha * b.alpha, 0.25L * a.alpha * a.alpha, 1e-13), "the last interval");
    dpm_schedule_free(s);
    dpm_schedule_free(z);
}

Test(schedules, given_betas)
{
    double        beta[] = { 0.1, 0.2, 0.5, 1 };
    dpm_schedule *s      = make(
             &(dpm_schedule_options){ .name = "ddpm", .train_steps = 4, .betas = beta });
    beta[0] = beta[1] = 7; /* they were copied */
    cr_expect(s->o.betas[0] == 0.1 && s->o.betas[3] == 1);
    cr_expect_leq(fabs(alpha_bar(s, 0) - 0.9), 1e-15);
    cr_expect_leq(fabs(alpha_bar(s, 1) - 0.72), 1e-15);
    cr_expect_leq(fabs(alpha_bar(s, 2) - 0.36), 1e-15);
    cr_expect(dpm_schedule_at(s, 3).alpha == 0);
    dpm_schedule *again = make(&s->o); /* options of a schedule make the same one */
    cr_expect(dpm_schedule_at(again, 1.5).lambda == dpm_schedule_at(s, 1.5).lambda);
    dpm_schedule_free(again);
    dpm_schedule_free(s);
}

/* --- options and mistakes ------------------------------------------------------------------------------------------ */

Test(schedules, options)
{
    dpm_schedule *s = make(&(dpm_schedule_options){ 0 });
    cr_expect_str_eq(s->kind->name, "vp-linear");
    cr_expect(s->o.t_begin == 1 && s->o.t_end == 1e-3 && s->o.beta_max == 20);
    dpm_schedule_free(s);
    s = make(&(dpm_schedule_options){ .name = "edm", .sigma_max = 10, .t_end = DPM_ZERO });
    cr_expect(s->o.t_begin == 10 && s->o.t_end == 0);
    dpm_schedule_free(s);
    s = make(&(dpm_schedule_options){ .name = "vp-linear", .beta_min = DPM_ZERO });
    expect_point(s, 0.5, expl(-20 * 0.25L / 4), sqrtl(-expm1l(-20 * 0.25L / 2)));
    cr_expect(dpm_schedule_time(s, INFINITY) == 0);
    dpm_schedule_free(s);
}

Test(schedules, names_of_others)
{
    static const char *const row[][2] = {
        { "VP", "vp-linear" },
        { "linear", "ddpm" },
        { "scaled_linear", "scaled-linear" },
        { "squaredcos_cap_v2", "cosine-discrete" },
        { "rf", "flow" },
        { "VE", "ve" },
        { "IR_SDE", "mean-reverting" },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const dpm_schedule_kind *kind = dpm_schedule_find(row[i][0]);
        cr_assert(kind, "%s", ad_message());
        cr_expect_str_eq(kind->name, row[i][1]);
    }
}

static void refused(const dpm_schedule_options *o, const char *part)
{
    dpm_schedule *s;
    cr_expect_eq(dpm_schedule_new(&s, o), AD_INVALID, "%s", part);
    cr_expect_null(s);
    cr_expect(strstr(ad_message(), part), "'%s' says nothing of '%s'", ad_message(), part);
}

#define REFUSED(part, ...) refused(&(dpm_schedule_options){ __VA_ARGS__ }, part)

Test(schedules, mistakes)
{
    double half = 0.5, two[] = { 0.5, 2 };
    REFUSED("did you mean 'cosine'", .name = "cosin");
    REFUSED("there is no noise schedule 'xyzzy'", .name = "xyzzy");
    REFUSED("'ve' has no beta_min", .name = "ve", .beta_min = 1);
    REFUSED("'ddpm' has no shift", .name = "ddpm", .shift = 2);
    REFUSED("beta_max = -3", .name = "vp-linear", .beta_max = -3);
    REFUSED("sigma_max = nan", .name = "edm", .sigma_max = NAN);
    REFUSED("0 <= beta_min <= beta_max", .name = "vp-linear", .beta_min = 30);
    REFUSED("0 <= beta_min <= beta_max", .name = "sub-vp", .beta_min = DPM_ZERO,
            .beta_max = DPM_ZERO);
    REFUSED("0 < beta_min <= beta_max < 1", .name = "ddpm", .beta_max = 1);
    REFUSED("0 < beta_min <= beta_max < 1", .name = "scaled-linear", .beta_min = DPM_ZERO);
    REFUSED("0 < sigma_min < sigma_max", .name = "ve", .sigma_min = 60);
    REFUSED("sigma_inf = 0", .name = "mean-reverting", .sigma_inf = DPM_ZERO);
    REFUSED("shift = 0", .name = "flow", .shift = DPM_ZERO);
    REFUSED("train_steps = 1;", .name = "ddpm", .train_steps = 1, .betas = &half);
    REFUSED("train_steps = -5", .name = "cosine-discrete", .train_steps = -5);
    REFUSED("beta of step 1 of 2 is 2", .name = "ddpm", .train_steps = 2, .betas = two);
    REFUSED("is continuous", .name = "cosine", .zero_terminal_snr = 1);
    REFUSED("is continuous", .name = "flow", .train_steps = 10);
    REFUSED("from t_begin = 0.1 to t_end = 0.5", .name = "cosine", .t_begin = 0.1, .t_end = 0.5);
    REFUSED("t_begin = 2000", .name = "ddpm", .t_begin = 2000);
    REFUSED("t_end = -0.5", .name = "vp-linear", .t_end = -0.5);
    REFUSED("t_end = -0.25", .name = "cosine", .t_end = -0.25);
}

static ad_status make_and_free(void *name)
{
    dpm_schedule *s;
    AD_TRY(dpm_schedule_new(&s, &(dpm_schedule_options){ .name = name }));
    dpm_schedule_free(s);
    return AD_OK;
}

Test(schedules, no_memory)
{
    long runs;
    cr_expect(every_allocation_fails_cleanly(make_and_free, "ddpm", &runs));
    cr_expect_eq(runs, 2);
    cr_expect(every_allocation_fails_cleanly(make_and_free, "flow", &runs));
    cr_expect_eq(runs, 1);
    dpm_schedule_free(NULL);
}
