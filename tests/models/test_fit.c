/* Training: it learns, it goes on from a checkpoint bit for bit, and a solve that fails does not end it. */
#include <criterion/criterion.h>

#include <costate/models/run.h>

#include "task.h"

static int stop_at(const mdl_progress *p, void *ctx)
{
    return p->iteration >= *(long *)ctx;
}

static mdl_fit *fit_of(mdl_task *t)
{
    mdl_fit *f;
    cr_assert_eq(mdl_fit_new(&f, t->model, t->data, t->config), AD_OK, "%s", ad_message());
    return f;
}

static void open_small(mdl_task **t, const char *data, const char *precision)
{
    cr_assert_eq(TASK(t, data, precision, "iterations=60", "warm-start=20", "time-budget=0",
                      "width=6", "every=5", "batch=8", "window=20"),
                 AD_OK, "%s", ad_message());
}

/* Interrupted after `at` iterations, saved, loaded into a new process's place, ended. */
static void resumes(const char *data, const char *precision, long at)
{
    char      path[256];
    mdl_task *a, *b, *c;
    open_small(&a, data, precision);
    open_small(&b, data, precision);
    open_small(&c, data, precision);
    mdl_fit *whole = fit_of(a), *first = fit_of(b), *rest = fit_of(c);
    scratch(path, sizeof path, "resume.safetensors");
    cr_assert_eq(mdl_fit_run(whole, NULL, NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_run(first, stop_at, &at), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_end(first), MDL_INTERRUPTED);
    cr_assert_eq(mdl_fit_save(first, path, "{}"), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_load(rest, path), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_run(rest, NULL, NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_progress(rest)->iteration, mdl_fit_progress(whole)->iteration);
    cr_assert_eq(mdl_fit_finish(whole), AD_OK);
    cr_assert_eq(mdl_fit_finish(rest), AD_OK);
    size_t bytes = (size_t)a->model->count * ad_type_size(a->model->ode.type);
    cr_assert(memcmp(a->model->theta, c->model->theta, bytes) == 0, "%s, stopped at %ld", data, at);
    mdl_fit_free(whole);
    mdl_fit_free(first);
    mdl_fit_free(rest);
    mdl_task_free(a);
    mdl_task_free(b);
    mdl_task_free(c);
    remove(path);
}

Test(fit, a_resumed_run_is_the_uninterrupted_one)
{
    resumes("data=damped-oscillator:n=200,noise=0.05", "precision=float64", 17);
    resumes("data=damped-oscillator:n=200,noise=0.05", "precision=float64",
            41); /* just before the validation part joins */
    resumes("data=damped-oscillator:n=200,noise=0.05", "precision=float64", 52);
    resumes("data=lynx-hare", "precision=float32", 30);
}

Test(fit, it_learns_an_oscillator)
{
    mdl_task           *t;
    mdl_forecaster     *f;
    mdl_autoregression *a;
    mdl_score          *s;
    cr_assert_eq(TASK(&t, "data=damped-oscillator:n=200,noise=0.05,seed=1", "iterations=600",
                      "warm-start=100", "time-budget=0", "width=8", "depth=1"),
                 AD_OK, "%s", ad_message());
    mdl_fit *fit = fit_of(t);
    cr_assert_eq(mdl_fit_run(fit, NULL, NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_end(fit), MDL_COMPLETE);
    cr_assert_eq(mdl_fit_finish(fit), AD_OK);
    cr_assert_eq(mdl_forecaster_new(&f, t->model, t->data, t->config), AD_OK);
    cr_assert_eq(mdl_autoregression_fit(&a, t->data), AD_OK);
    cr_assert_eq(mdl_judge_forecasts(&s, f, a, t->data, &(mdl_judging){ MDL_HELD_OUT, 0, 4, 16 }),
                 AD_OK);
    cr_assert_lt(s->error[MDL_MODEL], 0.1, "%g: the noise is 0.05 deviations", s->error[MDL_MODEL]);
    cr_assert_lt(s->error[MDL_MODEL], s->error[MDL_PERSISTENCE]);
    mdl_score_free(s);
    mdl_autoregression_free(a);
    mdl_forecaster_free(f);
    mdl_fit_free(fit);
    mdl_task_free(t);
}

static const char *write_text(char *path, size_t size, const char *name, const char *text)
{
    FILE *f = fopen(scratch(path, size, name), "w");
    fputs(text, f);
    fclose(f);
    return path;
}

static const char decay[] = "k = 0.3\nc = 2\nx' = -k*(x - c)\nfit = k in 0 .. 10\n";

static void write_decay(char *path, size_t size)
{
    FILE *f = fopen(scratch(path, size, "decay.csv"), "w");
    fputs("t,X\n", f);
    for (int i = 0; i < 30; i++) fprintf(f, "%g,%.12g\n", 0.1 * i, 2 + 3 * exp(-1.7 * 0.1 * i));
    fclose(f);
}

Test(fit, an_unknown_constant_is_found)
{
    char      ode[256], csv[256], system[300], data[300];
    mdl_task *t;
    write_text(ode, sizeof ode, "decay.ode", decay);
    write_decay(csv, sizeof csv);
    snprintf(system, sizeof system, "system=%s", ode);
    snprintf(data, sizeof data, "data=%s", csv);
    cr_assert_eq(TASK(&t, system, data, "iterations=600", "rtol=1e-6", "atol=1e-8", "holdout=0"),
                 AD_OK, "%s", ad_message());
    mdl_fit *fit = fit_of(t);
    cr_assert_eq(mdl_fit_run(fit, NULL, NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_finish(fit), AD_OK);
    const double *theta = t->model->theta;
    cr_assert_float_eq(theta[0], 1.7, 5e-3, "%g", theta[0]);
    cr_assert_eq(theta[1], 2, "a constant that no fit line names stays");
    mdl_fit_free(fit);
    mdl_task_free(t);
    remove(ode);
    remove(csv);
}

/* Where the data want more than a bound allows, the constant ends on the bound. */
Test(fit, a_bound_holds)
{
    char      ode[256], csv[256], system[300], data[300];
    mdl_task *t;
    write_decay(csv, sizeof csv);
    snprintf(data, sizeof data, "data=%s", csv);
    for (int above = 0; above < 2; above++) {
        write_text(ode, sizeof ode, "bound.ode",
                   above ? "k = 3\nx' = -k*(x - 2)\nfit = k in 2.5 .. 10\n"
                         : "k = 0.3\nx' = -k*(x - 2)\nfit = k in 0 .. 1.25\n");
        snprintf(system, sizeof system, "system=%s", ode);
        cr_assert_eq(TASK(&t, system, data, "iterations=60", "holdout=0"), AD_OK, "%s",
                     ad_message());
        mdl_fit *fit = fit_of(t);
        cr_assert_eq(mdl_fit_run(fit, NULL, NULL), AD_OK, "%s", ad_message());
        cr_assert_eq(mdl_fit_finish(fit), AD_OK);
        const double *theta = t->model->theta;
        double        bound = above ? 2.5 : 1.25;
        cr_expect_float_eq(theta[0], bound, 1e-12, "%.17g, the bound is %g", theta[0], bound);
        mdl_fit_free(fit);
        mdl_task_free(t);
        remove(ode);
    }
    remove(csv);
}

/* x' = k x^2 from x = 5 has no solution beyond t = 1 / (5 k): solves fail until k is small, and training goes on. */
Test(fit, a_blow_up_does_not_end_training)
{
    char      ode[256], csv[256], system[300], data[300];
    mdl_task *t;
    write_text(ode, sizeof ode, "blow.ode", "k = 1\nx' = k*x^2 - 4*x\nfit = k in -10 .. 10\n");
    write_decay(csv, sizeof csv);
    snprintf(system, sizeof system, "system=%s", ode);
    snprintf(data, sizeof data, "data=%s", csv);
    cr_assert_eq(TASK(&t, system, data, "iterations=200", "warm-start=0", "time-budget=0",
                      "max-steps=300", "lr=0.0005"),
                 AD_OK, "%s", ad_message());
    mdl_fit *fit = fit_of(t);
    cr_assert_eq(mdl_fit_run(fit, NULL, NULL), AD_OK, "%s", ad_message());
    cr_assert_gt(mdl_fit_progress(fit)->failures, 0);
    cr_assert(isfinite(mdl_fit_progress(fit)->loss));
    mdl_fit_free(fit);
    mdl_task_free(t);
    remove(ode);
    remove(csv);
}

Test(fit, another_models_checkpoint)
{
    char      path[256];
    mdl_task *a, *b;
    cr_assert_eq(TASK(&a, "data=lynx-hare", "width=4"), AD_OK);
    cr_assert_eq(TASK(&b, "data=lynx-hare", "width=5"), AD_OK);
    mdl_fit *f = fit_of(a), *g = fit_of(b);
    scratch(path, sizeof path, "other.safetensors");
    cr_assert_eq(mdl_fit_save(f, path, "{}"), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_load(g, path), AD_BAD_FILE);
    cr_assert(strstr(ad_message(), "net.0.weight"), "%s", ad_message());
    mdl_fit_free(f);
    mdl_fit_free(g);
    mdl_task_free(a);
    mdl_task_free(b);
    remove(path);
}

static ad_status train_a_little(void *arg)
{
    (void)arg;
    mdl_task *t = NULL;
    mdl_fit  *f = NULL;
    ad_status s = TASK(&t, "data=lynx-hare", "width=2", "depth=1", "iterations=3", "warm-start=2",
                       "time-budget=0", "window=4");
    if (!s) s = mdl_fit_new(&f, t->model, t->data, t->config);
    if (!s) s = mdl_fit_run(f, NULL, NULL);
    mdl_fit_free(f);
    mdl_task_free(t);
    return s;
}

Test(fit, every_allocation_may_fail)
{
    long runs;
    cr_assert(every_allocation_fails_cleanly(train_a_little, NULL, &runs));
    cr_assert_gt(runs, 100);
}
