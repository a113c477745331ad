/* sampler_overhead.c - what a step of sampling costs beside the model: the race of the peers' sampler_overhead.py.

   A state of (64, 2) in float32, a hundred steps, and the cheapest network there is, eps = x / 2. A plan of that network alone is
   timed in the same run and taken off: what a line tells is (time of a run) / steps - (time of an evaluation) of a thousand steps. */
#include "measure.h"

enum { BATCH = 64, DIM = 2, STEPS = 100, RUNS = 10 };

static ad_var network(const dpm_at *at, void *ctx)
{
    (void)ctx;
    return ad_scale(at->x, 0.5);
}

typedef struct sampling {
    dpm_sampler *sampler;
    dpm_run      run;
} sampling;

/* Ten runs, a thousand steps: what the clock takes is small beside it. */
static void sample(void *ctx)
{
    sampling *s = ctx;
    for (int i = 0; i < RUNS; i++) must(dpm_sample(s->sampler, &s->run));
}

typedef struct evaluation {
    ad_plan *plan;
    ad_work *work;
    ad_args  args;
} evaluation;

static void evaluate(void *ctx)
{
    evaluation *e = ctx;
    for (int i = 0; i < STEPS * RUNS; i++) must(ad_run(e->plan, e->work, &e->args));
}

/* ms of one evaluation of the network */
static double alone(float *x, float *y)
{
    ad_graph  *g;
    evaluation e = { .args = { .n = BATCH, .in = (const void *[]){ x }, .out = (void *[]){ y } } };
    must(ad_graph_new(&g));
    dpm_at at  = { .g = g, .x = ad_input(g, "x", AD_F32, ad_rows(DIM)), .type = AD_F32 };
    ad_var out = network(&at, NULL);
    must(ad_plan_new(&e.plan, 1, &at.x, 1, &out,
                     &(ad_plan_options){ .capacity = BATCH, .flags = AD_PADDED }));
    must(ad_work_new(&e.work, e.plan));
    must(ad_prepare(e.plan, e.work, &e.args));
    double ms = measure(evaluate, &e).median / (STEPS * RUNS);
    ad_work_free(e.work);
    ad_plan_free(e.plan);
    ad_graph_free(g);
    return ms;
}

/* of the thousand steps of sample() without their evaluations */
static double beside(double ms, double model)
{
    return ms - STEPS * RUNS * model;
}

static void run(const char *name, const dpm_schedule *vp, float *x, float *y)
{
    char        work[64], note[64];
    double      model = alone(x, y);
    dpm_model   m     = { .network = network, .type = AD_F32, .dim = DIM };
    dpm_options o     = { .sampler  = name,
                          .schedule = vp,
                          .grid     = { .name = "logsnr", .steps = STEPS } };
    sampling    s     = { .run = { .n = BATCH, .x = x, .out = y } };
    must(dpm_sampler_new(&s.sampler, &m, &o, BATCH));
    times_taken t = measure(sample, &s);
    t = (times_taken){ beside(t.median, model), beside(t.least, model), beside(t.p90, model) };
    snprintf(work, sizeof work, "sampler-overhead/%s", name);
    snprintf(note, sizeof note, "an evaluation, %.3f us, taken off", 1e3 * model);
    print_line(&(line){ work, &t, .note = note });
    dpm_sampler_free(s.sampler);
}

int main(void)
{
    dpm_schedule *vp;
    float        *x = ad_alloc(BATCH * DIM * sizeof *x), *y = ad_alloc(BATCH * DIM * sizeof *y);
    if (!x || !y) must(AD_NO_MEMORY);
    ad_random_normal(AD_F32, 1, 0, 0, BATCH * DIM, x);
    must(dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear" }));
    run("euler", vp, x, y);
    run("ddim", vp, x, y);
    run("dpmpp-2m", vp, x, y);
    run("unipc", vp, x, y);
    dpm_schedule_free(vp);
    ad_free(x);
    ad_free(y);
    return 0;
}
