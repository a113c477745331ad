/* The likelihood by the probability-flow ODE: where the score is known, the density is. */
#include <criterion/criterion.h>

#include <costate/diffusion/mixture.h>
#include <costate/models/density.h>

#include "tests/support.h"

enum { ROWS = 40 };

static const double weight[]   = { 0.1, 0.2, 0.3, 0.4 };
static const double mean[]     = { 1.2, 0.8, -1, 0.9, -0.7, -1.1, 0.9, -0.6 };
static const double variance[] = { 0.04, 0.09, 0.06, 0.03, 0.05, 0.05, 0.02, 0.08 };

typedef struct task {
    dpm_mixture  *mixture;
    dpm_schedule *schedule;
    double        x[2 * ROWS], exact[ROWS];
} task;

static void task_new(task *t, const dpm_schedule_options *schedule)
{
    cr_assert_eq(dpm_mixture_new(&t->mixture, 4, 2, weight, mean, variance), AD_OK);
    cr_assert_eq(dpm_schedule_new(&t->schedule, schedule), AD_OK, "%s", ad_message());
    dpm_mixture_draw(t->mixture, 3, 0, ROWS, t->x);
    dpm_point end = dpm_schedule_at(t->schedule, t->schedule->o.t_end);
    for (int i = 0; i < ROWS; i++) {
        t->x[2 * i] *= end.alpha, t->x[2 * i + 1] *= end.alpha;
        t->exact[i] = dpm_mixture_log_density(t->mixture, &end, t->x + 2 * i, NULL);
    }
}

static void task_free(task *t)
{
    dpm_mixture_free(t->mixture);
    dpm_schedule_free(t->schedule);
}

static double worst(const task *t, int estimate, nde_batching batching, double tolerance)
{
    mdl_density *d;
    dpm_model    m     = dpm_mixture_model(t->mixture, AD_F64);
    nde_options  solve = { .rtol = tolerance, .atol = tolerance, .batching = batching };
    double       log_p[ROWS], most = 0, nfe;
    cr_assert_eq(
        mdl_density_new(&d, &m, t->schedule, &(mdl_density_options){ &solve, ROWS / 3, estimate }),
        AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_density_log(d, ROWS, t->x, NULL, NULL, 1, log_p, &nfe), AD_OK, "%s",
                 ad_message());
    cr_assert(nfe > 10);
    for (int i = 0; i < ROWS; i++) most = fmax(most, fabs(log_p[i] - t->exact[i]));
    mdl_density_free(d);
    return most;
}

/* The end is N(0, rho_T^2) but for the data's own spread, of mean m and mean square S: that is at most |m| |y| / rho_T^2 and
   S / (2 rho_T^2) times a few, with |y| <= 3 rho_T: below 0.1 at rho_T = 80, and below 2e-3 at 5000. */
Test(density, is_the_mixtures)
{
    task t;
    task_new(&t, &(dpm_schedule_options){ .name = "edm" });
    cr_assert(worst(&t, 0, NDE_JOINT, 1e-7) < 0.1);
    task_free(&t);
    task_new(&t, &(dpm_schedule_options){ .name = "edm", .sigma_max = 5000 });
    double joint = worst(&t, 0, NDE_JOINT, 1e-7), alone = worst(&t, 0, NDE_PER_SAMPLE, 1e-7);
    cr_assert(joint < 2e-3, "%g", joint);
    cr_assert(alone < 2e-3, "%g", alone);
    task_free(&t);
}

/* With |m_T| = alpha_T |m| = 0.007: as above with rho_T = 152. Flow's noise end has no data in it at all, but is met at rho = 1e4. */
Test(density, on_other_schedules)
{
    task t;
    task_new(&t, &(dpm_schedule_options){ .name = "vp-linear" });
    cr_assert(worst(&t, 0, NDE_JOINT, 1e-7) < 0.06);
    task_free(&t);
    task_new(&t, &(dpm_schedule_options){ .name = "flow", .t_end = 1e-3 });
    cr_assert(worst(&t, 0, NDE_JOINT, 1e-7) < 2e-3);
    task_free(&t);
}

/* Hutchinson's estimate is right in the mean over probes: 64 rows of one x. The deviation of one is that of the estimates themselves. */
Test(density, hutchinson)
{
    enum { MANY = 256 };
    task t;
    task_new(&t, &(dpm_schedule_options){ .name = "edm", .sigma_max = 5000 });
    mdl_density *d;
    dpm_model    m     = dpm_mixture_model(t.mixture, AD_F64);
    nde_options  solve = { .rtol = 1e-6, .atol = 1e-6 };
    double       x[2 * MANY], log_p[MANY], sum = 0, square = 0;
    cr_assert_eq(mdl_density_new(&d, &m, t.schedule, &(mdl_density_options){ &solve, MANY, 1 }),
                 AD_OK);
    for (int i = 0; i < 2 * MANY; i++) x[i] = t.x[i % 2];
    cr_assert_eq(mdl_density_log(d, MANY, x, NULL, NULL, 5, log_p, NULL), AD_OK);
    for (int i = 0; i < MANY; i++) sum += log_p[i] / MANY;
    for (int i = 0; i < MANY; i++) square += (log_p[i] - sum) * (log_p[i] - sum) / (MANY - 1);
    cr_assert(square > 1e-6, "the probes differ");
    cr_assert_float_eq(sum, t.exact[0], 4 * sqrt(square / MANY) + 2e-3, "%g, not %g", sum,
                       t.exact[0]);
    mdl_density_free(d);
    task_free(&t);
}

static ad_status whole(void *ctx)
{
    task        *t = ctx;
    mdl_density *d;
    double       log_p[ROWS];
    dpm_model    m = dpm_mixture_model(t->mixture, AD_F64);
    AD_TRY(mdl_density_new(&d, &m, t->schedule, &(mdl_density_options){ .capacity = ROWS }));
    ad_status s = mdl_density_log(d, 2, t->x, NULL, NULL, 1, log_p, NULL);
    mdl_density_free(d);
    return s;
}

Test(density, no_memory)
{
    task t;
    long runs;
    task_new(&t, &(dpm_schedule_options){ .name = "edm" });
    cr_assert(every_allocation_fails_cleanly(whole, &t, &runs));
    cr_assert(runs > 20);
    task_free(&t);
}
