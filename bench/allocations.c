/* allocations.c - what a solve and its gradient take of memory: allocations (none from the second call on), and bytes.

   The problem is spiral.c's (1). A line of each mode: the allocations of building, of the first and of the second call,
   the bytes kept for each accepted step. */
#include "measure.h"

enum { BATCH = 20, TIMES = 10, ALL = TIMES * BATCH * 2 };

typedef struct counted {
    long   calls;
    size_t bytes;
} counted;

static void *count_alloc(size_t bytes, void *ctx)
{
    counted *c = ctx;
    c->calls++;
    c->bytes += bytes;
    return aligned_alloc(AD_ALIGN, (bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN);
}

static void count_free(void *p, void *ctx)
{
    (void)ctx;
    free(p);
}

static counted counter;

static counted since(counted *last)
{
    counted d = { counter.calls - last->calls, counter.bytes - last->bytes };
    *last     = counter;
    return d;
}

static void gradient(adj_solver *s, const nde_solve_args *args, const adj_cotangents *bar)
{
    must(adj_solve(s, args));
    must(adj_pullback(s, bar));
}

static int run(const char *name, adj_mode mode, const float *input)
{
    static float   theta[WEIGHTS], theta_bar[WEIGHTS], y[ALL], y_bar[ALL];
    double         t[TIMES];
    counted        last    = counter;
    nde_ode        ode     = { .field = spiral_field, .dim = 2, .type = AD_F32 };
    nde_options    options = { .method = &nde_dopri5, .rtol = 1e-7, .atol = 1e-9 };
    adj_solver    *s;
    nde_solve_args args = {
        .n = BATCH, .times = TIMES, .t = t, .y0 = input + 200, .theta = theta, .y = y
    };
    adj_cotangents bar = { .y_bar = y_bar, .theta_bar = theta_bar };
    for (int i = 0; i < ALL; i++) y_bar[i] = 1;
    spaced(TIMES, 0, 25, t);
    must(ad_params_new(&ode.theta, AD_F32));
    must(adj_solver_new(&s, &ode, &options, &(adj_options){ .mode = mode }, BATCH));
    spiral_weights(ode.theta, input, input + 100, theta);
    counted built = since(&last);
    gradient(s, &args, &bar);
    counted first = since(&last);
    gradient(s, &args, &bar);
    counted second = since(&last);
    printf("{\"work\": \"allocations/%s\", \"peer\": \"costate\", \"build\": %ld, \"first\": %ld, "
           "\"second\": %ld, "
           "\"steps\": %ld, \"record_bytes_a_step\": %.0f, \"bytes\": %zu}\n",
           name, built.calls, first.calls, second.calls, adj_steps(s),
           (double)first.bytes / (double)adj_steps(s), adj_solver_stats(s)->bytes);
    adj_solver_free(s);
    ad_params_free(ode.theta);
    return second.calls != 0;
}

int main(int argc, char **argv)
{
    static float input[240];
    read_input(argc, argv, "allocations", "spiral.bin", input, sizeof *input, 240);
    ad_allocator_set(&(ad_allocator){ count_alloc, count_free, &counter });
    int bad = run("store-all", ADJ_STORE_ALL, input) | run("recompute", ADJ_RECOMPUTE, input);
    ad_allocator_set(NULL);
    if (bad) fprintf(stderr, "a second solve allocated\n");
    return bad;
}
