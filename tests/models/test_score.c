/* Score networks: targets against the table of predictions, gradients, weights of the loss, the Fokker-Planck residual. */
#include <criterion/criterion.h>

#include <costate/autodiff/random.h>
#include <costate/models/score.h>

#include "models/score_internal.h"
#include "tests/support.h"

enum { ROWS = 12, DIM = 3, CLASSES = 4 };

static const dpm_prediction predictions[] = { DPM_EPSILON, DPM_X0,   DPM_V,
                                              DPM_SCORE,   DPM_FLOW, DPM_EDM };
enum { PREDICTIONS = 6 };

typedef struct task {
    dpm_schedule      *schedule;
    mdl_scorer_options o;
    double             x[ROWS * DIM];
    int                label[ROWS];
} task;

static void task_new(task *t, const char *schedule)
{
    uint64_t state = 7;
    *t             = (task){ 0 };
    cr_assert_eq(dpm_schedule_new(&t->schedule, &(dpm_schedule_options){ .name = schedule }), AD_OK,
                 "%s", ad_message());
    t->o = (mdl_scorer_options){ .dim        = DIM,
                                 .hidden     = 6,
                                 .depth      = 2,
                                 .embedding  = 3,
                                 .sigma_data = 0.7,
                                 .schedule   = t->schedule,
                                 .levels     = "lambda",
                                 .type       = AD_F64,
                                 .batch      = ROWS,
                                 .learn      = { .o = { .rate = 0.01 }, .seed = 5 } };
    for (int i = 0; i < ROWS * DIM; i++) t->x[i] = draw(&state, -1, 1);
    for (int i = 0; i < ROWS; i++) t->label[i] = i % CLASSES;
}

static mdl_scorer *scorer(const task *t)
{
    mdl_scorer *s;
    cr_assert_eq(mdl_scorer_new(&s, &t->o), AD_OK, "%s", ad_message());
    return s;
}

/* Layers that start at zero would hide what stands before them. */
static void shake(mdl_scorer *s)
{
    uint64_t     state = 3;
    mdl_learner *l     = mdl_scorer_learner(s);
    for (long i = 0; i < l->count; i++) ((double *)l->theta)[i] += draw(&state, -0.2, 0.2);
}

static const double *column(const mdl_scorer *s, int i)
{
    return s->rows.in[i];
}

static dpm_point point_of(const mdl_scorer *s, long i)
{
    return (dpm_point){ column(s, SCORE_T)[i], column(s, SCORE_ALPHA)[i], column(s, SCORE_SIGMA)[i],
                        column(s, SCORE_LAMBDA)[i], column(s, SCORE_RHO)[i] };
}

/* What a network that is right predicts becomes the noise by prediction.h's affine map, at the input that the map says; and the
   weight of an error, through the same map, is what the weighting puts on the noise's. Rounding grows by 1 / q at the ends. */
static void rows_fit_the_table(mdl_scorer *s, const task *t, double (*on_noise)(const dpm_point *))
{
    mdl_scorer_draw(s, ROWS, t->x, NULL, 11, 0);
    for (long i = 0; i < ROWS; i++) {
        dpm_affine a;
        dpm_point  p = point_of(s, i);
        cr_assert_eq(dpm_affine_make(s->o.prediction, DPM_EPSILON, &p, 0.7, &a), AD_OK);
        for (int j = 0; j < DIM; j++) {
            long   k = i * DIM + j;
            double x = p.alpha * t->x[k] + p.sigma * s->noise[k];
            double e = a.p * x + a.q * column(s, SCORE_WANT)[k];
            cr_assert_float_eq(column(s, SCORE_X)[k], a.cin * x, 1e-13 * (1 + fabs(x)));
            cr_assert_float_eq(e, s->noise[k], 1e-12 * (1 + 1 / p.rho), "%s, rho %g",
                               dpm_prediction_name(s->o.prediction), p.rho);
        }
        if (!on_noise) continue;
        double w = column(s, SCORE_WEIGHT)[i], want = on_noise(&p) * a.q * a.q;
        cr_assert_float_eq(w, want, 1e-12 * want, "%s, rho %g: %g, not %g",
                           dpm_prediction_name(s->o.prediction), p.rho, w, want);
    }
}

static double on_epsilon(const dpm_point *p)
{
    (void)p;
    return 1;
}
static double on_x0(const dpm_point *p)
{
    return p->rho * p->rho;
}
static double on_v(const dpm_point *p)
{
    return 1 / (p->alpha * p->alpha);
}
static double on_flow(const dpm_point *p)
{
    return (1 + p->rho) * (1 + p->rho);
}
static double on_edm(const dpm_point *p)
{
    return 1 + p->rho * p->rho / 0.49;
}
static double min_snr(const dpm_point *p)
{
    return fmin(1, 5 * p->rho * p->rho);
}

Test(score, targets_and_weights)
{
    static const char *const name[] = { "own", "epsilon", "x0", "v", "flow", "edm", "min-snr" };
    double (*const on_noise[])(const dpm_point *) = { NULL,    on_epsilon, on_x0,  on_v,
                                                      on_flow, on_edm,     min_snr };
    static const char *const levels[]             = { "t", "lambda", "normal" };
    task                     t;
    task_new(&t, "vp-linear");
    for (int i = 0; i < PREDICTIONS; i++)
        for (int k = 0; k < 7; k++) {
            t.o.prediction = predictions[i], t.o.weighting = name[k], t.o.levels = levels[k % 3];
            mdl_scorer *s = scorer(&t);
            rows_fit_the_table(s, &t, on_noise[k]);
            mdl_scorer_free(s);
        }
    dpm_schedule_free(t.schedule);
    task_new(&t, "flow");
    t.o.prediction = DPM_FLOW;
    mdl_scorer *s  = scorer(&t);
    rows_fit_the_table(s, &t, NULL);
    mdl_scorer_free(s);
    dpm_schedule_free(t.schedule);
}

/* Kingma et al. 2021: the levels of a batch are one in each n-th part of the range. */
Test(score, levels_are_even)
{
    task t;
    task_new(&t, "vp-linear");
    t.o.levels    = "t";
    mdl_scorer *s = scorer(&t);
    mdl_scorer_draw(s, ROWS, t.x, NULL, 4, 0);
    for (int i = 0; i < ROWS; i++) {
        double u = (column(s, SCORE_T)[i] - 1e-3) / (1 - 1e-3) * ROWS;
        cr_assert(u > i && u < i + 1, "row %d: %g", i, u);
    }
    mdl_scorer_free(s);
    dpm_schedule_free(t.schedule);
}

/* --- gradients -------------------------------------------------------------------------------------------------------- */

static double loss_of(mdl_scorer *s, const task *t)
{
    mdl_step   step;
    const int *label = t->o.classes ? t->label : NULL;
    cr_assert_eq(mdl_scorer_gradient(s, ROWS, t->x, label, 9, &step), AD_OK, "%s", ad_message());
    return step.loss + step.penalty;
}

/* Central differences of h = 1e-5 in float64: 1e-10 times the third derivative, and 1e-11 times the loss. */
static void gradient_is_right(const task *t)
{
    mdl_scorer *s = scorer(t);
    shake(s);
    mdl_learner *l     = mdl_scorer_learner(s);
    double      *theta = l->theta, *g = malloc((size_t)l->count * sizeof *g), size = loss_of(s, t);
    memcpy(g, l->theta_bar, (size_t)l->count * sizeof *g);
    cr_assert(ad_norm(AD_F64, l->count, g) > 1e-3);
    for (long i = 0; i < l->count; i += 3) {
        double at = theta[i], h = 1e-5, up, down;
        theta[i] = at + h, up = loss_of(s, t);
        theta[i] = at - h, down = loss_of(s, t);
        theta[i] = at;
        cr_assert_float_eq((up - down) / (2 * h), g[i], 2e-7 * (1 + size), "parameter %ld", i);
    }
    free(g);
    mdl_scorer_free(s);
}

Test(score, its_gradient)
{
    task t;
    task_new(&t, "vp-linear");
    t.o.levels = "normal";
    for (int i = 0; i < PREDICTIONS; i++) {
        t.o.prediction = predictions[i];
        t.o.classes    = i % 2 ? CLASSES : 0;
        gradient_is_right(&t);
    }
    dpm_schedule_free(t.schedule);
}

Test(score, its_gradient_with_the_residual)
{
    task t;
    task_new(&t, "vp-linear");
    t.o.levels        = "normal";
    t.o.level_mean    = 0;
    t.o.fokker_planck = 0.1;
    t.o.activation    = "tanh";
    for (int i = 0; i < PREDICTIONS; i += 2) {
        t.o.prediction = predictions[i];
        gradient_is_right(&t);
    }
    dpm_schedule_free(t.schedule);
}

/* A class that is always lost, and one that never is. */
Test(score, classes)
{
    task   t;
    double with, without, penalty;
    task_new(&t, "vp-linear");
    t.o.classes   = CLASSES;
    t.o.average   = DPM_ZERO;
    t.o.dropout   = 1;
    mdl_scorer *s = scorer(&t);
    shake(s);
    with = loss_of(s, &t);
    cr_assert_eq(mdl_scorer_loss(s, ROWS, t.x, NULL, 9, &without, &penalty), AD_OK);
    cr_assert_eq(with, without, "all classes are lost");
    cr_assert_eq(mdl_scorer_loss(s, ROWS, t.x, t.label, 9, &with, &penalty), AD_OK);
    cr_assert_neq(with, without, "no class is lost");
    mdl_scorer_free(s);
    dpm_schedule_free(t.schedule);
}

/* --- learning ----------------------------------------------------------------------------------------------------------- */

/* Of N(0, diag v) the noise is known: eps = sigma x / (alpha^2 v + sigma^2). The error that is left after 600 steps of 256 is
   some 2 % of its size; twice that is allowed. */
Test(score, learns_a_normal_distribution)
{
    enum { BATCH = 256, STEPS = 600 };
    static const double v[] = { 1, 0.25 };
    task                t;
    task_new(&t, "vp-linear");
    t.o = (mdl_scorer_options){ .dim      = 2,
                                .hidden   = 32,
                                .depth    = 1,
                                .schedule = t.schedule,
                                .average  = 0.98,
                                .batch    = BATCH,
                                .learn    = { .o = { .rate = 0.003 }, .seed = 1 } };
    double      x[2 * BATCH], loss, penalty, best = 0;
    mdl_scorer *s = scorer(&t);
    for (int k = 0; k < STEPS; k++) {
        mdl_step step;
        ad_random_normal(AD_F64, 5, (uint64_t)k, 0, 2 * BATCH, x);
        for (int i = 0; i < BATCH; i++) x[2 * i + 1] *= sqrt(v[1]);
        cr_assert_eq(mdl_scorer_step(s, BATCH, x, NULL, (uint64_t)k, &step), AD_OK, "%s",
                     ad_message());
    }
    cr_assert_eq(mdl_scorer_loss(s, BATCH, x, NULL, 77, &loss, &penalty), AD_OK);
    for (int i = 0; i < BATCH; i++)
        for (int j = 0; j < 2; j++) {
            dpm_point p = point_of(s, i);
            double    y = p.alpha * x[2 * i + j] + p.sigma * s->noise[2 * i + j];
            double    e = p.sigma * y / (p.alpha * p.alpha * v[j] + p.sigma * p.sigma);
            best += (e - s->noise[2 * i + j]) * (e - s->noise[2 * i + j]) / (2 * BATCH);
        }
    cr_assert(loss < best + 0.04, "the loss is %g; the best is %g", loss, best);
    mdl_scorer_free(s);
    dpm_schedule_free(t.schedule);
}

/* --- the choices ----------------------------------------------------------------------------------------------------- */

static void refuses(const task *t, const char *word)
{
    mdl_scorer *s;
    cr_assert_neq(mdl_scorer_new(&s, &t->o), AD_OK);
    cr_assert_null(s);
    cr_assert(strstr(ad_message(), word), "'%s' has no '%s'", ad_message(), word);
}

Test(score, mistakes)
{
    task t, u;
    task_new(&t, "ve");
    u              = t;
    u.o.prediction = DPM_V;
    refuses(&u, "alpha^2 + sigma^2 = 1");
    u = t, u.o.levels = "lamda";
    refuses(&u, "lambda");
    u = t, u.o.weighting = "min_snr";
    refuses(&u, "min-snr");
    u = t, u.o.average = 1;
    refuses(&u, "average is 1");
    dpm_schedule_free(t.schedule);
}

static ad_status whole(void *ctx)
{
    const task *t = ctx;
    mdl_scorer *s;
    mdl_step    step;
    AD_TRY(mdl_scorer_new(&s, &t->o));
    ad_status status = mdl_scorer_step(s, ROWS, t->x, NULL, 1, &step);
    mdl_scorer_free(s);
    return status;
}

Test(score, no_memory)
{
    task t;
    long runs;
    task_new(&t, "vp-linear");
    t.o.hidden = 2, t.o.depth = 1;
    cr_assert(every_allocation_fails_cleanly(whole, &t, &runs));
    cr_assert(runs > 20);
    dpm_schedule_free(t.schedule);
}
