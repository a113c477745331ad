/* Model statistics: estimated, read, saved, and what is refused. */
#include <unistd.h>

#include <costate/diffusion/statistics.h>

#include "dpm_problem.h"

static char path[64];

static void name_file(void)
{
    snprintf(path, sizeof path, "/tmp/costate-statistics-%ld.json", (long)getpid());
}

static void remove_file(void)
{
    unlink(path);
}

TestSuite(statistics, .init = name_file, .fini = remove_file);

Test(statistics, are_estimated)
{
    problem         p;
    dpm_statistics *st;
    start(&p, 1);
    ok(dpm_statistics_mixture(&st, p.mixture, p.vp, 8, &(dpm_statistics_options){ .nodes = 241 }));
    cr_assert(st->nodes == 241 && st->dim == DIM);
    for (long k = 0; k < st->nodes; k++) {
        dpm_point at = dpm_schedule_at_lambda(p.vp, st->lambda[k]);
        for (int d = 0; d < DIM; d++) {
            /* eps = sigma (x - alpha m) / v, v = alpha^2 var + sigma^2: l = sigma^2 / v, f = -rho sigma alpha m / v */
            double v = at.alpha * at.alpha * p.mixture->variance[d] + at.sigma * at.sigma;
            double l = at.sigma * at.sigma / v;
            cr_expect_leq(fabs(st->l[k * DIM + d] - l), 1e-12);
            cr_expect_eq(st->s[k * DIM + d], 0);
            /* f = -l m, f' = -l' m, l' = -2 l (1 - l); l' by parabolas, x' by differences: 1e-6 of x / alpha = 150 */
            double b = 2 * l * (1 - l) * p.mixture->mean[d];
            cr_expect_leq(fabs(st->b[k * DIM + d] - b), 2e-3, "b of node %ld, %d: %g, not %g", k, d,
                          st->b[k * DIM + d], b);
        }
    }
    dpm_statistics_free(st);
    stop(&p);
}

Test(statistics, are_read_back)
{
    problem         p;
    dpm_statistics *st, *again;
    start(&p, 3);
    ok(dpm_statistics_mixture(&st, p.mixture, p.vp, 50, NULL));
    ok(dpm_statistics_save(st, path));
    ok(dpm_statistics_read(&again, path));
    cr_assert(again->nodes == st->nodes && again->dim == st->dim);
    cr_expect_arr_eq(again->lambda, st->lambda,
                     (size_t)(st->nodes * (1 + 3 * st->dim)) * sizeof(double));
    dpm_statistics_free(st);
    dpm_statistics_free(again);
    stop(&p);
}

Test(statistics, bad_files_have_their_sentence)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        { "{}", "\"format\" is not" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": []}", "it lacks" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1, 1], \"l\": [[0]]}",
          "'lambda' does not increase: 1, then 1" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1, 2], \"l\": [[0]]}",
          "'l' has 1 rows where there are 2 lambdas" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1], \"l\": [[0]], \"s\": [[\"a\"]]}",
          "'s' holds something that is no number" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1], \"l\": [[0]], \"s\": [[0, 1]]}",
          "'s' has 2 numbers in a row where 1 belong" },
        { "{\"format\": ", "line 1" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1], \"l\": [[1, 1, 1]], \"s\": [[0, "
          "0, "
          "0]], \"b\": [[0, 0, 0]]}",
          "statistics of 3 components for a model of 2" },
    };
    problem p;
    start(&p, 1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        FILE *f = fopen(path, "w");
        fputs(row[i].text, f);
        fclose(f);
        dpm_options o = {
            .sampler = "dpm-v3", .schedule = p.vp, .grid.steps = 5, .statistics = path
        };
        dpm_sampler *s;
        cr_expect(dpm_sampler_new(&s, &p.model, &o, ROWS) != AD_OK);
        cr_expect(strstr(ad_message(), row[i].says), "%s", ad_message());
    }
    stop(&p);
}

static ad_status estimate(void *arg)
{
    problem        *p = arg;
    dpm_statistics *st;
    ad_status       s = dpm_statistics_mixture(&st, p->mixture, p->vp, 4,
                                               &(dpm_statistics_options){ .nodes = 3 });
    dpm_statistics_free(st);
    return s;
}

static ad_status sample(void *arg)
{
    problem     *p = arg;
    dpm_sampler *s;
    dpm_options o = { .sampler = "dpm-v3", .schedule = p->vp, .grid.steps = 4, .statistics = path };
    ad_status   code = dpm_sampler_new(&s, &p->model, &o, ROWS);
    dpm_sampler_free(s);
    return code;
}

Test(statistics, no_memory)
{
    problem p;
    long    runs;
    start(&p, 3);
    dpm_statistics *st;
    ok(dpm_statistics_mixture(&st, p.mixture, p.vp, 16, &(dpm_statistics_options){ .nodes = 3 }));
    ok(dpm_statistics_save(st, path));
    dpm_statistics_free(st);
    cr_expect(every_allocation_fails_cleanly(estimate, &p, &runs) && runs > 10);
    cr_expect(every_allocation_fails_cleanly(sample, &p, &runs) && runs > 10);
    stop(&p);
}
