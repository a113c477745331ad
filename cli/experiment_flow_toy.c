/* experiment_flow_toy.c - flows on points of the plane, with what keeps them easy to solve.

       z' = f(t, z),  log p(x) = log N(z(1); 0, I) + int_0^1 tr df/dz dt,     z(0) = x                         (1)

   (Chen et al. 2018; Grathwohl et al. 2019), the trace exact; tsit5 at 1e-5, Adam at 5e-3 with batches of new samples. There
   is no table to compare with: the figures are those of the same flow without a regularizer. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/datasets/samples.h>
#include <costate/models/cnf.h>
#include <costate/models/model.h>

#include "json.h"
#include "reproduce_flow.h"

enum { JUDGED = 512, REPEATS = 3, SETS = 3, ORDER = 1, DRAW = 2 };

static const char *const sets[SETS + 1] = { "two-moons", "eight-gaussians", "checkerboard", NULL };

typedef struct points {
    ds_samples *train[SETS], *test[SETS];
} points;

typedef struct state {
    nde_options solve;
    mdl_cnf    *c;
    mdl_flow   *flow;
    void       *x;
    double     *real, *log_p;
    long       *order, epoch;
} state;

/* --- the points ---------------------------------------------------------------------------------------------------------- */

static ad_status open(repro *r)
{
    points *d = r->data = ad_alloc(sizeof *d);
    if (!d) return AD_NO_MEMORY;
    for (int i = 0; i < SETS; i++) {
        ds_samples_options train = { .part = DS_TRAIN, .n = r->train },
                           test  = { .part = DS_TEST, .n = r->test };
        AD_TRY(ds_samples_make(&d->train[i], sets[i], &train));
        AD_TRY(ds_samples_make(&d->test[i], sets[i], &test));
    }
    return AD_OK;
}

static void close(repro *r)
{
    points *d = r->data;
    for (int i = 0; d && i < SETS; i++) {
        ds_samples_free(d->train[i]);
        ds_samples_free(d->test[i]);
    }
    ad_free(d);
}

/* --- the trial ----------------------------------------------------------------------------------------------------------- */

static ad_status start(repro_trial *t)
{
    const points *d = t->r->data;
    state        *s = t->state = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    s->epoch          = -1;
    s->solve          = (nde_options){ .rtol = t->rtol, .atol = t->rtol };
    mdl_cnf_options o = { .dim   = 2,
                          .type  = t->type,
                          .batch = t->batch,
                          .solve = &s->solve,
                          .terms = t->terms,
                          .term  = t->term,
                          .learn = { .o = { .rate = 5e-3 }, .seed = (uint64_t)t->seed } };
    AD_TRY(mdl_cnf_new(&s->c, &o));
    AD_TRY(mdl_flow_new(&s->flow, &o, AD_F64, &s->solve, JUDGED));
    const ds_samples *train = d->train[t->set], *test = d->test[t->set];
    s->x     = ad_alloc((size_t)t->batch * 2 * sizeof(double));
    s->real  = ad_alloc((size_t)test->n * 2 * sizeof(double));
    s->log_p = ad_alloc((size_t)test->n * sizeof(double));
    s->order = ad_alloc((size_t)train->n * sizeof *s->order);
    if (!s->x || !s->real || !s->log_p || !s->order) return AD_NO_MEMORY;
    t->learner = mdl_cnf_learner(s->c);
    return ds_samples_rows(test, test->n, NULL, AD_F64, s->real, NULL);
}

static void stop(repro_trial *t)
{
    state *s = t->state;
    if (!s) return;
    mdl_cnf_free(s->c);
    mdl_flow_free(s->flow);
    ad_free(s->x);
    ad_free(s->real);
    ad_free(s->log_p);
    ad_free(s->order);
    ad_free(s);
    t->state = NULL;
}

static ad_status next_batch(repro_trial *t, long *n)
{
    const points     *d         = t->r->data;
    state            *s         = t->state;
    const ds_samples *train     = d->train[t->set];
    long              batch     = t->batch < train->n ? t->batch : train->n;
    long              per_epoch = train->n / batch;
    long              epoch     = (long)(t->iteration / per_epoch);
    if (epoch != s->epoch)
        ad_random_permutation(ad_random_bits((uint64_t)t->seed, ORDER, (uint64_t)epoch), 0,
                              train->n, s->order);
    s->epoch = epoch;
    *n       = batch;
    return ds_samples_rows(train, batch, s->order + (t->iteration % per_epoch) * batch, t->type,
                           s->x, NULL);
}

static ad_status step(repro_trial *t, json_t *line)
{
    state   *s = t->state;
    mdl_step step;
    long     n;
    AD_TRY(next_batch(t, &n));
    AD_TRY(mdl_cnf_step(s->c, n, s->x, repro_progress(t, 0), repro_draw(t, DRAW), &step));
    long nvjp = adj_solver_stats(reg_adjoint(mdl_cnf_solver(s->c)))->nvjp;
    repro_note_step(
        t,
        &(repro_step){ step.loss, step.penalty, step.norm, step.solve.nfe, step.solve.nfe, nvjp },
        line);
    return AD_OK;
}

/* --- the judge ----------------------------------------------------------------------------------------------------------- */

/* Along a side of the grid that the density is looked at on. */
static long cells(const repro_trial *t)
{
    return t->r->quick ? 48 : 160;
}

static ad_status measure(repro_trial *t, int last, json_t *into)
{
    const points *d   = t->r->data;
    state        *s   = t->state;
    long          all = d->test[t->set]->n, first = all < JUDGED ? all : JUDGED;
    double        best = INFINITY, sum = 0, nfe, integral;
    mdl_flow_set(s->flow, t->learner->theta, t->type);
    for (int i = 0; i < (last ? REPEATS : 1); i++) {
        int64_t began = repro_cpu();
        AD_TRY(mdl_flow_log_density(s->flow, first, s->real, s->log_p, &nfe));
        best = fmin(best, 1e-9 * (double)(repro_cpu() - began));
    }
    if (last) AD_TRY(mdl_flow_log_density(s->flow, all, s->real, s->log_p, NULL));
    for (long i = 0; i < (last ? all : first); i++) sum -= s->log_p[i];
    json_object_set_new(into, "nll", cli_json_number(sum / (double)(last ? all : first)));
    json_object_set_new(into, "nfe", cli_json_number(nfe));
    if (!last) return AD_OK;
    AD_TRY(repro_flow_integral(s->flow, all, s->real, cells(t), &integral));
    json_object_set_new(into, "integral", cli_json_number(integral));
    json_object_set_new(into, "prediction_cpu_seconds", cli_json_number(best));
    return AD_OK;
}

static ad_status pictures(repro_trial *t)
{
    const points *d = t->r->data;
    const state  *s = t->state;
    char          path[REPRO_PATH];
    AD_TRY(repro_path(t->r, t->name, "flow.svg", path));
    ad_status status = repro_flow_picture(s->flow, d->test[t->set]->n, s->real, cells(t), path);
    return status == AD_UNSUPPORTED ? AD_OK
                                    : status; /* no gnuplot: the report says what it lacks */
}

/* Of each group its first seed. */
static void show(const repro *r, const repro_results *s, cli_report *report)
{
    char path[REPRO_PATH], caption[REPRO_TEXT];
    cli_report_section(report, "Flows");
    for (int i = 0; i < s->groups; i++) {
        const repro_group *g = &s->group[i];
        snprintf(caption, sizeof caption,
                 "%.60s, %.60s: the density, samples and paths from data (points) to noise",
                 s->setting[g->setting].data, g->title);
        if (!repro_path(r, g->trial[0], "flow.svg", path))
            cli_report_picture(report, g->trial[0], caption, path);
    }
}

/* --- the table ----------------------------------------------------------------------------------------------------------- */

static const char *const notes[] = {
    "NLL: mean of -log p over held-out points, in nats. NFE: evaluations of f for the first 512 of "
    "them solved together, in "
    "float64. integral: of the density over a grid; 1 when the likelihood is right.",
    "Times are processor time over that of the flow without a regularizer. Evaluations: of f and "
    "its vjp in all of training, over "
    "that flow's.",
    NULL,
};

// clang-format off
static const repro_column columns[] = {
    { "nll", "NLL", 3, 0 },
    { "nfe", "NFE", 1, 0 },
    { "integral", "integral", 4, 0 },
    REPRO_COSTS,
};

static const repro_row rows[] = {
    { "none", "No regularizer", NULL, 0, { { 0 } } },
    { "rnode", "RNODE", "kinetic:0.01,jacobian:0.01", 0, { { 0 } } },
    { "taynode2", "TayNODE 2", "taynode2:0.01", 0, { { 0 } } },
    { "taynode3", "TayNODE 3", "taynode3:0.001", 0, { { 0 } } },
    { "steer", "STEER", "steer:0.25", 0, { { 0 } } },
    { "error", "Error", "error:1..0.1", 0, { { 0 } } },
    { "local-unbiased", "Local unbiased", "local-unbiased:2.5..1.0", 0, { { 0 } } },
    { "local-biased", "Local biased", "local-biased:2.5..1.0", 0, { { 0 } } },
};
// clang-format on

const repro_experiment repro_experiment_flow_toy = {
    .name    = "flow-toy",
    .about   = "flows on two moons, eight Gaussians and a checkerboard",
    .cite    = "Finlay et al. 2020, Kelly et al. 2020, Ghosh et al. 2020, Pal et al. 2021, 2023",
    .notes   = notes,
    .sets    = sets,
    .rows    = sizeof rows / sizeof rows[0],
    .row     = rows,
    .columns = sizeof columns / sizeof columns[0],
    .column  = columns,
    .curve   = { { "loss", "-log p of the batch", 0 },
                 { "nll", "-log p of held-out points", 0 },
                 { "nfe", "NFE", 0 } },
    .nfe     = "nfe",
    .quality = "nll",
    .quality_title = "-log p of held-out points, nats",
    .standard      = { .precision  = "float64",
                       .rtol       = 1e-5,
                       .batch      = 256,
                       .iterations = 1000,
                       .seeds      = "0",
                       .train      = 20000,
                       .test       = 2000 },
    .quick         = { .precision  = "float64",
                       .rtol       = 1e-4,
                       .batch      = 64,
                       .iterations = 10,
                       .every      = 5,
                       .seeds      = "0",
                       .train      = 256,
                       .test       = 128 },
    .open          = open,
    .close         = close,
    .start         = start,
    .step          = step,
    .measure       = measure,
    .stop          = stop,
    .pictures      = pictures,
    .show          = show,
};
