/* Where samplers step: recorded grids, formulas, ends, and what is refused. */
#include <criterion/criterion.h>

#include <costate/diffusion/grid.h>

#include "diffusion/reference.h"

enum { MOST = 256 };

static dpm_schedule *named(const char *name)
{
    dpm_schedule *s;
    cr_assert_eq(dpm_schedule_new(&s, &(dpm_schedule_options){ .name = name }), AD_OK, "%s",
                 ad_message());
    return s;
}

static void make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *p)
{
    cr_assert_eq(dpm_grid_make(s, o, p), AD_OK, "%s", ad_message());
}

/* --- recorded ------------------------------------------------------------------------------------------------------- */

/* The README of the data: times differ by up to 6e-13 relative from a grid recomputed with expm1, lambda by 2.1e-13. */
Test(grids, official_logsnr)
{
    json_t *file = reference_open("samplers_logSNR.json"), *grid;
    if (!file) cr_skip_test("reference/diffusion/samplers_logSNR.json is not there");
    dpm_schedule *s = named("vp-linear");
    const char   *steps;
    json_object_foreach(json_object_get(file, "grids"), steps, grid)
    {
        dpm_point p[MOST];
        double    t[MOST], lambda[MOST], alpha[MOST];
        long      n = reference_rows(json_object_get(grid, "t"), t, MOST) - 1;
        cr_assert_eq(n, atol(steps));
        reference_rows(json_object_get(grid, "lambda_accurate"), lambda, MOST);
        reference_rows(json_object_get(grid, "alpha"), alpha, MOST);
        make(s, &(dpm_grid_options){ .name = "logsnr", .steps = n }, p);
        for (long i = 0; i <= n; i++) {
            cr_expect_leq(fabs(p[i].t - t[i]), 1e-12 * t[i], "t %ld of %ld", i, n);
            cr_expect_leq(fabs(p[i].lambda - lambda[i]), 1e-12, "lambda %ld of %ld", i, n);
            cr_expect_leq(fabs(p[i].alpha - alpha[i]), 1e-12, "alpha %ld of %ld", i, n);
        }
    }
    dpm_schedule_free(s);
    json_decref(file);
}

/* Karras' values and log-uniform ones, sigma 80 to 0.002, with and without a last 0: some roundings of a seventh power. */
Test(grids, official_edm)
{
    json_t *file = reference_open("samplers_other.json"), *grid;
    if (!file) cr_skip_test("reference/diffusion/samplers_other.json is not there");
    dpm_schedule *s = named("edm");
    const char   *name;
    int           seen = 0;
    json_object_foreach(json_object_get(json_object_get(file, "ve"), "grids"), name, grid)
    {
        dpm_point p[MOST];
        double    sigma[MOST];
        long      n    = reference_rows(json_object_get(grid, "sigma"), sigma, MOST) - 1;
        int       zero = sigma[n] == 0, karras = strstr(name, "polynomial") || strstr(name, "edm"),
            log = !!strstr(name, "logsnr");
        if (!karras && !log) continue;
        make(s,
             &(dpm_grid_options){
                 .name = karras ? "karras" : "logsnr", .steps = n, .final_zero = zero },
             p);
        for (long i = 0; i <= n; i++)
            cr_expect_leq(fabs(p[i].sigma - sigma[i]), 1e-13 * sigma[i], "%s %ld: %.17g, %.17g",
                          name, i, p[i].sigma, sigma[i]);
        seen++;
    }
    cr_expect_geq(seen, 6);
    dpm_schedule_free(s);
    json_decref(file);
}

/* --- formulas ------------------------------------------------------------------------------------------------------- */

Test(grids, uniform_and_quadratic)
{
    dpm_schedule *s = named("vp-linear");
    dpm_point     p[11];
    make(s, &(dpm_grid_options){ .name = "time-uniform", .steps = 10 }, p);
    for (int i = 0; i <= 10; i++) cr_expect_leq(fabs(p[i].t - (1 - 0.0999 * i)), 4e-16);
    cr_expect(p[0].t == 1 && p[10].t == 1e-3);
    make(s,
         &(dpm_grid_options){
             .name = "time-quadratic", .steps = 10, .t_begin = 0.81, .t_end = DPM_ZERO },
         p);
    for (int i = 0; i <= 10; i++) cr_expect_leq(fabs(p[i].t - pow(0.09 * (10 - i), 2)), 4e-16);
    cr_expect(p[0].t == 0.81 && p[10].t == 0 && p[10].sigma == 0);
    dpm_schedule_free(s);
}

Test(grids, shifted_flow)
{
    dpm_schedule *s = named("flow");
    dpm_point     p[11];
    make(s,
         &(dpm_grid_options){
             .name = "time-uniform", .steps = 10, .t_begin = 1, .t_end = DPM_ZERO, .shift = 3 },
         p);
    for (int i = 0; i <= 10; i++) {
        double u = 1 - i / 10.0;
        cr_expect_leq(fabs(p[i].sigma - 3 * u / (1 + 2 * u)), 4e-16);
        cr_expect(p[i].t == p[i].sigma, "the network is told the level");
    }
    cr_expect(p[0].alpha == 0 && p[10].sigma == 0);
    dpm_schedule_free(s);
}

/* Karras et al. 2022, eq. 5, with another exponent */
Test(grids, karras)
{
    dpm_schedule *s = named("scaled-linear");
    dpm_point     p[13];
    make(s, &(dpm_grid_options){ .name = "karras", .steps = 12, .rho = 5 }, p);
    double a = pow(dpm_schedule_at(s, 999).rho, 0.2), b = pow(dpm_schedule_at(s, 0).rho, 0.2);
    for (int i = 0; i <= 12; i++) {
        double want = pow(a + i / 12.0 * (b - a), 5);
        cr_expect_leq(fabs(p[i].rho - want), 1e-13 * want);
    }
    cr_expect(p[0].t == 999 && p[12].t == 0);
    dpm_schedule_free(s);
}

/* Quantiles of the beta distribution with 0.6 and 0.6, found with 40 digits. */
Test(grids, beta)
{
    static const double quantile[][2] = { { 0.01, 0.00086123882154290683 },
                                          { 0.1, 0.03958440558878085157 },
                                          { 0.25, 0.17568037865269502035 },
                                          { 0.4, 0.36270099075321432098 } };
    dpm_schedule       *s             = named("edm");
    dpm_point           p[101];
    make(s, &(dpm_grid_options){ .name = "beta", .steps = 100 }, p);
    for (int i = 0; i < 4; i++) {
        int    at   = (int)lround(100 * quantile[i][0]);
        double want = 0.002 + (80 - 0.002) * quantile[i][1],
               high = 0.002 + (80 - 0.002) * (1 - quantile[i][1]);
        cr_expect_leq(fabs(p[100 - at].sigma - want), 1e-13 * want, "%.17g, %.17g",
                      p[100 - at].sigma, want);
        cr_expect_leq(fabs(p[at].sigma - high), 1e-13 * high);
    }
    cr_expect_leq(fabs(p[50].sigma - (0.002 + 79.998 / 2)), 1e-12);
    dpm_schedule_free(s);
}

/* Whole steps as diffusers counts them: N = 1000, n steps, the last point appended, for many n. */
Test(grids, whole_steps_appended)
{
    dpm_schedule *s = named("ddpm");
    for (int n = 2; n <= 100; n++) {
        dpm_point p[MOST], q[MOST], r[MOST];
        make(s,
             &(dpm_grid_options){
                 .name = "leading", .steps = n, .final_zero = DPM_FINAL_END, .offset = 1 },
             p);
        make(
            s,
            &(dpm_grid_options){ .name = "trailing", .steps = n, .final_zero = DPM_FINAL_APPENDED },
            q);
        make(
            s,
            &(dpm_grid_options){ .name = "linspace", .steps = n, .final_zero = DPM_FINAL_APPENDED },
            r);
        for (int i = 0; i < n; i++) {
            cr_expect(p[i].t == (n - 1 - i) * (1000 / n) + 1, "leading %d of %d: %g", i, n, p[i].t);
            cr_expect(q[i].t == nearbyint(1000 - i * (1000.0 / n)) - 1, "trailing %d of %d", i, n);
            cr_expect(r[i].t == nearbyint((n - 1 - i) * (999.0 / (n - 1))), "linspace %d of %d", i,
                      n);
        }
        cr_expect(p[n].t == 0 && q[n].t == -1 && q[n].sigma == 0 && r[n].sigma == 0);
    }
    dpm_schedule_free(s);
}

/* DPM-Solver's classes: n + 1 values, the last one replaced, or left at step 0. */
Test(grids, whole_steps_replaced)
{
    static const double linspace[] = { 999, 799, 599, 400, 200 },
                        leading[]  = { 830, 664, 498, 332, 166 },
                        trailing[] = { 999, 799, 599, 399, 199 };
    static const struct {
        const char   *name;
        const double *want;
    } row[] = { { "linspace", linspace }, { "leading", leading }, { "trailing", trailing } };
    dpm_schedule *s = named("scaled-linear");
    for (int k = 0; k < 3; k++)
        for (int zero = 0; zero < 2; zero++) {
            dpm_point p[6];
            make(s,
                 &(dpm_grid_options){
                     .name = row[k].name, .steps = 5, .final_zero = zero ? DPM_FINAL_REPLACED : 0 },
                 p);
            for (int i = 0; i < 5; i++)
                cr_expect(p[i].t == row[k].want[i], "%s %d: %g", row[k].name, i, p[i].t);
            cr_expect(p[5].t == (zero ? -1 : 0));
        }
    dpm_schedule_free(s);
}

/* The published time steps belong to the published levels, which are rounded to three decimals. */
Test(grids, align_your_steps)
{
    static const double image[] = { 999, 850, 736, 645, 545, 455, 343, 233, 124, 24 },
                        xl[]    = { 999, 845, 730, 587, 443, 310, 193, 116, 53, 13 };
    dpm_schedule *s             = named("scaled-linear");
    dpm_point     p[11], q[11], r[21];
    make(s, &(dpm_grid_options){ .name = "ays", .steps = 11, .final_zero = 1 },
         (dpm_point[12]){ 0 });
    make(s, &(dpm_grid_options){ .name = "ays", .steps = 10 }, p);
    make(s, &(dpm_grid_options){ .name = "StableDiffusionXLSigmas", .steps = 10 }, q);
    make(s, &(dpm_grid_options){ .name = "ays", .steps = 20 }, r);
    for (int i = 0; i < 10; i++) {
        cr_expect_leq(fabs(p[i].t - image[i]), 0.75, "%d: %g", i, p[i].t);
        cr_expect_leq(fabs(q[i].t - xl[i]), 0.75, "%d: %g", i, q[i].t);
        cr_expect_leq(fabs(r[2 * i].lambda - p[i].lambda), 1e-13);
        if (i == 0) continue; /* 14.615 is a little above the schedule's first level */
        cr_expect_leq(fabs(r[2 * i + 1].lambda - 0.5 * (p[i].lambda + p[i + 1].lambda)), 1e-13);
    }
    dpm_schedule_free(s);
}

/* 8 times between those of Karras' first and tenth level of 12, and the end */
Test(grids, hyperparameters)
{
    dpm_schedule *s = named("scaled-linear");
    dpm_point     p[9], k[12];
    make(s, &(dpm_grid_options){ .name = "karras", .steps = 11 }, k);
    make(s, &(dpm_grid_options){ .name = "hyperparameters", .steps = 8, .final_zero = 1 }, p);
    double a = pow(999, 1 / 1.2), b = pow(k[9].t, 1 / 1.2);
    for (int i = 0; i < 8; i++) {
        double want = pow(a + i / 7.0 * (b - a), 1.2);
        cr_expect_leq(fabs(p[i].t - want), 1e-13 * want);
    }
    cr_expect(p[0].t == 999 && p[8].sigma == 0);
    make(s, &(dpm_grid_options){ .name = "karras", .steps = 7, .rho = 5 }, k);
    make(s, &(dpm_grid_options){ .name = "hyperparameters", .steps = 6 }, p);
    cr_expect_leq(fabs(p[5].t - k[6].t), 1e-13 * k[6].t);
    cr_expect(p[0].t == 999 && p[6].t == 0);
    dpm_schedule_free(s);
}

Test(grids, lists)
{
    dpm_schedule *s   = named("ddpm");
    double        t[] = { 901, 801.5, 1, 0, -1 }, sigma[] = { 100, 1, 0.5, 0 };
    dpm_point     p[5];
    make(s, &(dpm_grid_options){ .name = "list", .steps = 4, .list = t }, p);
    for (int i = 0; i < 5; i++) cr_expect(p[i].t == t[i]);
    make(s, &(dpm_grid_options){ .name = "sigmas", .steps = 3, .list = sigma }, p);
    for (int i = 0; i < 4; i++) cr_expect_leq(fabs(p[i].rho - sigma[i]), 1e-13 * sigma[i]);
    make(s, &(dpm_grid_options){ .name = "list", .steps = 3, .list = t, .final_zero = 1 }, p);
    cr_expect(p[2].t == 1 && p[3].t == -1, "the last is not read where it is appended");
    dpm_schedule_free(s);
}

/* Every grid on every schedule that it is for, with every kind of end. */
static void expect_grid(const dpm_schedule *s, const char *grid, long n, int final)
{
    dpm_point p[MOST];
    double    list[MOST];
    for (long i = 0; i <= n; i++)
        list[i] = s->o.t_begin + (s->o.t_end - s->o.t_begin) * (double)i / (double)n;
    list[n] = s->o.t_end;
    make(s, &(dpm_grid_options){ .name = grid, .steps = n, .final_zero = final, .list = list }, p);
    for (long i = 0; i < n; i++) cr_expect_lt(p[i].lambda, p[i + 1].lambda);
    cr_expect((p[n].sigma == 0) == (final == DPM_FINAL_APPENDED || final == DPM_FINAL_REPLACED));
    cr_expect(final || p[n].t == s->o.t_end, "%s on %s ends at %g", grid, s->kind->name, p[n].t);
    cr_expect(!strcmp(grid, "leading") || p[0].t == s->o.t_begin, "%s on %s", grid, s->kind->name);
}

Test(grids, every_grid_on_every_schedule)
{
    int made = 0;
    for (int k = 0; k < dpm_schedule_count(); k++) {
        dpm_schedule *s = named(dpm_schedule_row(k)->name);
        for (int g = 0; g < dpm_grid_count(); g++) {
            const char *name  = dpm_grid_row(g)->name;
            int         whole = !strcmp(name, "leading") || !strcmp(name, "trailing") ||
                        !strcmp(name, "linspace");
            if (!strncmp(name, "ays", 3) || !strcmp(name, "hyperparameters") ||
                !strcmp(name, "sigmas") || (whole && !s->o.train_steps))
                continue;
            for (long n = 1; n <= 64; n *= 2)
                for (int final = 0; final <= DPM_FINAL_REPLACED; final++, made++)
                    expect_grid(s, name, n, final);
        }
        dpm_schedule_free(s);
    }
    cr_expect_eq(made, 21 * (10 * 6 + 3 * 3));
    cr_expect_eq(dpm_grid_count(), 14);
    cr_expect_null(dpm_grid_row(14));
}

/* --- mistakes ------------------------------------------------------------------------------------------------------- */

static void refused(const char *schedule, const dpm_grid_options *o, const char *part)
{
    dpm_schedule *s = named(schedule);
    dpm_point     p[2000];
    cr_expect_eq(dpm_grid_make(s, o, p), AD_INVALID, "%s", part);
    cr_expect(strstr(ad_message(), part), "'%s' says nothing of '%s'", ad_message(), part);
    dpm_schedule_free(s);
}

#define REFUSED(schedule, part, ...) refused(schedule, &(dpm_grid_options){ __VA_ARGS__ }, part)

Test(grids, mistakes)
{
    double up[] = { 0.1, 0.5, 0.9 }, twice[] = { 0.9, 0.5, 0.5 }, out[] = { 1500, 3, 2 },
           minus[] = { 3, 2, -1 };
    REFUSED("flow", "did you mean 'karras'", .name = "karas", .steps = 5);
    REFUSED("flow", "there is no grid 'zzzzzzzz'", .name = "zzzzzzzz", .steps = 5);
    REFUSED("flow", "a grid of 0 steps", .steps = 0);
    REFUSED("flow", "a grid of -3 steps", .steps = -3);
    REFUSED("flow", "final_zero = 7", .steps = 5, .final_zero = 7);
    REFUSED("flow", "picks steps of a discrete schedule", .name = "leading", .steps = 5);
    REFUSED("flow", "picks steps of a discrete schedule", .name = "trailing", .steps = 5);
    REFUSED("edm", "picks steps of a discrete schedule", .name = "linspace", .steps = 5);
    REFUSED("flow", "needs a finite lambda at both ends", .steps = 5, .t_begin = 1);
    REFUSED("edm", "final_zero (--final zero) adds", .name = "karras", .steps = 5,
            .t_end = DPM_ZERO);
    REFUSED("vp-linear", "needs a finite lambda at both ends", .name = "beta", .steps = 5,
            .t_end = DPM_ZERO);
    REFUSED("vp-linear", "is for the schedule 'flow'", .name = "time-uniform", .steps = 5,
            .shift = 2);
    REFUSED("flow", "shift = -2", .name = "time-uniform", .steps = 5, .shift = -2);
    REFUSED("edm", "rho = -7", .name = "karras", .steps = 5, .rho = -7);
    REFUSED("vp-linear", "needs a list", .name = "list", .steps = 2);
    REFUSED("vp-linear", "needs a list", .name = "sigmas", .steps = 2);
    REFUSED("vp-linear", "must go from noise to data", .name = "list", .steps = 2, .list = up);
    REFUSED("vp-linear", "points 1 and 2 of 2 steps coincide", .name = "list", .steps = 2,
            .list = twice);
    REFUSED("ddpm", "point 0, t = 1500, is no time of the schedule", .name = "list", .steps = 2,
            .list = out);
    REFUSED("edm", "value 2 is -1", .name = "sigmas", .steps = 2, .list = minus);
    REFUSED("ddpm", "coincide", .name = "linspace", .steps = 1500);
    REFUSED("ddpm", "coincide", .name = "leading", .steps = 10, .final_zero = DPM_FINAL_END);
    REFUSED("ddpm", "has 5, 6 or 8 steps, not 7", .name = "hyperparameters", .steps = 7);
    REFUSED("ddpm", "t_end = 5 is not for it", .name = "leading", .steps = 5, .t_end = 5);
}
