/* Graphs and plans built and run on several threads at once; one immutable plan run by all of them. Plain, not Criterion:
   it runs under the thread sanitizer too. Results must equal a single thread's bit for bit. */
#include <pthread.h>

#include <costate/autodiff/layers.h>
#include <costate/autodiff/loss.h>
#include <costate/autodiff/plan.h>

#include "support.h"

enum { THREADS = 4, ROUNDS = 40, N = 33, IN = 3, OUT = 2, THETA = 512 };

typedef struct model {
    ad_params *theta;
    ad_graph  *g;
    ad_plan   *forward, *back;
} model;

/* loss(f(x) + noise, want) and its pullback: products, strips, sums over rows, random draws */
static ad_status model_new(model *m)
{
    *m = (model){ 0 };
    AD_TRY(ad_params_new(&m->theta, AD_F32));
    AD_TRY(ad_graph_new(&m->g));
    ad_var x          = ad_input(m->g, "x", AD_F32, ad_rows(IN)),
           want       = ad_input(m->g, "want", AD_F32, ad_rows(OUT));
    ad_var y          = ad_mlp(x, m->theta, "f", 3, (long[]){ 50, 5, OUT }, ad_tanh);
    y                 = ad_add(y, ad_normal(m->g, AD_F32, ad_rows(OUT), 1));
    ad_var       loss = ad_loss_mse(y, want), in[2] = { x, want };
    ad_pullback  pb   = { (char[]){ 1, 0 }, NULL, 1 };
    ad_pair_spec spec = { 2, 1, in, &loss, 1, &pb };
    return ad_plan_pair(&m->forward, &m->back, &spec, &(ad_plan_options){ "model", N, 0 });
}

static void model_free(model *m)
{
    ad_plan_free(m->forward), ad_plan_free(m->back);
    ad_graph_free(m->g);
    ad_params_free(m->theta);
}

typedef struct result {
    float loss, x_bar[N * IN], theta_bar[THETA];
} result;

/* One run with work of its own; the data is that of `seed`. */
static ad_status run(const model *m, uint64_t seed, result *r)
{
    float       x[N * IN], want[N * OUT], theta[THETA], one = 1;
    const void *in[3] = { x, want, &one };
    ad_work    *work = NULL, *back = NULL;
    void       *frame = ad_alloc(ad_plan_residual_bytes(m->forward));
    uint64_t    s     = seed;
    for (int i = 0; i < N * IN; i++) x[i] = (float)draw(&s, -1, 1);
    for (int i = 0; i < N * OUT; i++) want[i] = (float)draw(&s, -1, 1);
    ad_params_init(m->theta, seed, theta);
    memset(r, 0, sizeof *r);
    ad_args a = { .n        = N,
                  .in       = in,
                  .out      = (void *[]){ &r->loss },
                  .theta    = theta,
                  .residual = frame,
                  .seed     = seed },
            b = a;
    b.out = (void *[]){ r->x_bar, NULL }, b.theta_bar = r->theta_bar;
    ad_status e = frame ? ad_work_new(&work, m->forward) : AD_NO_MEMORY;
    if (!e) e = ad_work_new(&back, m->back);
    for (int i = 0; !e && i < 3; i++) { /* three times: the same work serves again */
        memset(r->theta_bar, 0, sizeof r->theta_bar);
        e = ad_execute(m->forward, work, &a);
        if (!e) e = ad_execute(m->back, back, &b);
    }
    ad_work_free(work), ad_work_free(back);
    ad_free(frame);
    return e;
}

typedef struct job {
    const model  *shared;
    const result *want;
    int           bad;
} job;

/* Each thread makes mistakes of its own, too: the sentence of a failure belongs to its thread. */
static int mistake(int round)
{
    ad_graph *g;
    char      part[32];
    if (ad_graph_new(&g)) return 0;
    ad_add(ad_input(g, "a", AD_F64, ad_vector(100 + round)),
           ad_input(g, "b", AD_F64, ad_vector(7)));
    ad_status e = ad_graph_status(g);
    snprintf(part, sizeof part, "[%d]", 100 + round);
    int told = e == AD_BAD_SHAPE && strstr(ad_message(), part);
    ad_graph_free(g);
    return told;
}

static void *work(void *arg)
{
    job *j = arg;
    for (int i = 0; i < ROUNDS; i++) {
        model  own;
        result r;
        if (run(j->shared, (uint64_t)i, &r) || memcmp(&r, &j->want[i], sizeof r)) j->bad++;
        if (i % 4 == 0) { /* a model of its own, traced and compiled beside the others */
            if (model_new(&own) || run(&own, (uint64_t)i, &r) || memcmp(&r, &j->want[i], sizeof r))
                j->bad++;
            model_free(&own);
        }
        if (!mistake(i)) j->bad++;
    }
    return NULL;
}

int main(void)
{
    static result want[ROUNDS];
    model         m;
    job           jobs[THREADS];
    pthread_t     thread[THREADS];
    int           passed = 0, failed = 0;
    if (model_new(&m) || ad_params_count(m.theta) > THETA) {
        fprintf(stderr, "%s\n", ad_message());
        return 1;
    }
    for (int i = 0; i < ROUNDS; i++)
        if (run(&m, (uint64_t)i, &want[i]) || !(want[i].loss > 0)) failed++;
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (job){ &m, want, 0 };
        if (pthread_create(&thread[i], NULL, work, &jobs[i])) return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        if (jobs[i].bad) fprintf(stderr, "thread %d: %d of its checks failed\n", i, jobs[i].bad);
        jobs[i].bad ? failed++ : passed++;
    }
    model_free(&m);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
