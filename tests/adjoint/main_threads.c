/* Solvers built and run on several threads at once, each its own: states and gradients equal a single thread's bit for
   bit, joint and per sample, with residuals and with recomputation. Plain, so that it runs under the thread sanitizer. */
#include <pthread.h>

#include <costate/adjoint/operation.h>
#include <costate/autodiff/layers.h>

#include "support.h"

enum { THREADS = 4, WAYS = 4, N = 17, DIM = 2, TIMES = 4, THETA = 512 };

static const double times[TIMES] = { 0, 0.3, 0.7, 1 };

static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_mlp(at->y, at->theta, "f", 3, (long[]){ 50, 5, DIM }, ad_tanh);
}

typedef struct result {
    float  y[TIMES * N * DIM], y0_bar[N * DIM], theta_bar[THETA];
    double t_bar[TIMES];
    long   accepted, rejected;
} result;

static ad_status run(adj_solver *s, const ad_params *theta, result *r)
{
    float    y0[N * DIM], values[THETA], y_bar[TIMES * N * DIM];
    uint64_t seed = 4;
    for (int i = 0; i < N * DIM; i++) y0[i] = (float)draw(&seed, -2, 2);
    for (int i = 0; i < TIMES * N * DIM; i++) y_bar[i] = (float)draw(&seed, -1, 1);
    ad_params_init(theta, 1, values);
    memset(r, 0, sizeof *r);
    nde_solve_args a = { .n = N, .times = TIMES, .t = times, .y0 = y0, .theta = values, .y = r->y };
    adj_cotangents c = {
        .y_bar = y_bar, .y0_bar = r->y0_bar, .theta_bar = r->theta_bar, .t_bar = r->t_bar
    };
    AD_TRY(adj_solve(s, &a));
    r->accepted = adj_solver_stats(s)->accepted, r->rejected = adj_solver_stats(s)->rejected;
    return adj_pullback(s, &c);
}

/* A problem traced, compiled, solved twice (the second time in rooms that exist) and pulled back. */
static ad_status whole(int way, result *r)
{
    nde_ode     ode = { .field = field, .dim = DIM, .type = AD_F32 };
    nde_options o   = { .batching = way & 1 ? NDE_PER_SAMPLE : NDE_JOINT, .rtol = 1e-5 };
    adj_options a   = { .mode = way & 2 ? ADJ_RECOMPUTE : ADJ_STORE_ALL };
    adj_solver *s   = NULL;
    result      first;
    ad_status   e = ad_params_new(&ode.theta, AD_F32);
    if (!e) e = adj_solver_new(&s, &ode, &o, &a, N);
    if (!e) e = run(s, ode.theta, &first);
    if (!e) e = run(s, ode.theta, r);
    if (!e && memcmp(&first, r, sizeof first)) e = ad_fail(AD_INVALID, "two solves differ");
    adj_solver_free(s);
    ad_params_free(ode.theta);
    return e;
}

typedef struct job {
    const result *want;
    int           number, bad;
} job;

static void *work(void *arg)
{
    job *j = arg;
    for (int i = 0; i < 2 * WAYS; i++) {
        int    way = (i + j->number) % WAYS;
        result r;
        if (whole(way, &r) || memcmp(&r, &j->want[way], sizeof r)) j->bad++;
    }
    return NULL;
}

int main(void)
{
    static result want[WAYS];
    job           jobs[THREADS];
    pthread_t     thread[THREADS];
    int           passed = 0, failed = 0;
    for (int way = 0; way < WAYS; way++)
        if (whole(way, &want[way]) || want[way].accepted < 2) {
            fprintf(stderr, "way %d: %s\n", way, ad_message());
            return 1;
        }
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (job){ want, i, 0 };
        if (pthread_create(&thread[i], NULL, work, &jobs[i])) return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        if (jobs[i].bad) fprintf(stderr, "thread %d: %d of its checks failed\n", i, jobs[i].bad);
        jobs[i].bad ? failed++ : passed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
