/* mnist_field.c - a neural ODE of MNIST's size (Kelly et al. 2020; Pal et al. 2021) and its gradient.

       f(t, x) = tanh(W2 [tanh(W1 [x; t] + b1); t] + b2),    512 samples, 784-100-784, float32,              (1)
       L = sum of y(1)^2,    dL/d(W1, b1, W2, b2, y0),

   from t = 0 to 1, rtol = atol = 1.4e-8, jointly. W [x; t] + b is W[:, :784] x + (b + t w_t): time moves the bias.

       mnist_field [folder] [--threads n] [--method dopri5|tsit5] [--recompute] [--float64] [--batch n]

   Beside the line of bench/README.md: the share of the time that the matrix products alone take, each shape
   timed in this run by OpenBLAS's gemm on one thread, their sum over the median of a gradient. */
#include <sys/resource.h>

#include <cblas.h>

#include "measure.h"

enum { WIDTH = 784, UNITS = 100 };

typedef struct bench {
    nde_solver    *plain;
    adj_solver    *recorded;
    nde_solve_args args;
    adj_cotangents bar;
    ad_type        type;
    long           numbers; /* of a state */
    double         loss;
} bench;

/* W [x; t] + b with time beside the features: a column of W. */
static ad_var layer(const nde_point *at, const char *name, ad_var x, long in, long out)
{
    char weight[32], bias[32];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    ad_var w = ad_param(at->g, at->theta, weight, ad_matrix(out, in + 1), AD_INIT_GLOROT, 0);
    ad_var b = ad_param(at->g, at->theta, bias, ad_vector(out), AD_INIT_ZERO, 0);
    ad_var t = ad_cast(at->t, at->type), column = ad_slice(w, 1, in, in + 1);
    b = ad_add(b, ad_mul(t, ad_reshape(column, 1, (long[]){ out })));
    return ad_affine(x, ad_slice(w, 1, 0, in), 1, b);
}

static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var h = ad_tanh(layer(at, "hidden", at->y, WIDTH, UNITS));
    return ad_tanh(layer(at, "out", h, UNITS, WIDTH));
}

static double square(const bench *b, int want_bar)
{
    long        end = b->numbers; /* y(0) stands in front */
    double      sum = 0;
    const void *y   = b->args.y;
    void       *bar = (void *)b->bar.y_bar;
    for (long i = 0; i < b->numbers; i++) {
        double v = b->type == AD_F32 ? ((const float *)y)[end + i] : ((const double *)y)[end + i];
        sum += v * v;
        if (!want_bar) continue;
        if (b->type == AD_F32)
            ((float *)bar)[end + i] = (float)(2 * v);
        else
            ((double *)bar)[end + i] = 2 * v;
    }
    return sum;
}

static void forward(void *ctx)
{
    bench *b = ctx;
    must(nde_solve(b->plain, &b->args));
    b->loss = square(b, 0);
}

static void gradient(void *ctx)
{
    bench *b = ctx;
    must(adj_solve(b->recorded, &b->args));
    b->loss = square(b, 1);
    must(adj_pullback(b->recorded, &b->bar));
}

/* --- the products alone ------------------------------------------------------------------------------------------------ */

typedef struct gemm {
    ad_type type;
    int     ta, m, n, k;
    void   *a, *b, *c;
} gemm;

static void run_gemm(void *ctx)
{
    const gemm     *g = ctx;
    CBLAS_TRANSPOSE t = g->ta ? CblasTrans : CblasNoTrans;
    int             l = g->ta ? g->m : g->k;
    for (int i = 0; i < 4; i++)
        if (g->type == AD_F32)
            cblas_sgemm(CblasRowMajor, t, CblasNoTrans, g->m, g->n, g->k, 1, g->a, l, g->b, g->n, 0,
                        g->c, g->n);
        else
            cblas_dgemm(CblasRowMajor, t, CblasNoTrans, g->m, g->n, g->k, 1, g->a, l, g->b, g->n, 0,
                        g->c, g->n);
}

static double gemm_ms(ad_type type, int ta, long m, long n, long k)
{
    size_t size = ad_type_size(type);
    gemm   g    = { type,
                    ta,
                    (int)m,
                    (int)n,
                    (int)k,
                    ad_alloc(size * (size_t)(m * k)),
                    ad_alloc(size * (size_t)(k * n)),
                    ad_alloc(size * (size_t)(m * n)) };
    if (!g.a || !g.b || !g.c) exit(1);
    times_taken t = measure(run_gemm, &g);
    ad_free(g.a), ad_free(g.b), ad_free(g.c);
    return t.median / 4;
}

/* --- the whole ---------------------------------------------------------------------------------------------------------- */

typedef struct choice {
    const char *method, *folder;
    long        batch;
    int         recompute;
} choice;

static void put(ad_type type, void *to, long i, double v)
{
    if (type == AD_F32)
        ((float *)to)[i] = (float)v;
    else
        ((double *)to)[i] = v;
}

/* W1, W2, y0 as the peers have them, where bench/spiral_data.py has written them; else Glorot's weights and numbers in [0, 1]. */
static void numbers(const bench *b, const choice *c, const ad_params *layout, void *theta, void *y0)
{
    enum { W1 = UNITS * (WIDTH + 1), W2 = WIDTH * (UNITS + 1), Y0 = 512 * WIDTH };
    char   path[1024];
    float *all = ad_alloc(sizeof *all * (W1 + W2 + Y0));
    snprintf(path, sizeof path, "%s/mnist_field.bin", c->folder);
    FILE *f    = c->folder && c->batch == 512 ? fopen(path, "rb") : NULL;
    int   read = f && all && fread(all, sizeof *all, W1 + W2 + Y0, f) == W1 + W2 + Y0;
    if (f) fclose(f);
    ad_params_init(layout, 1, theta);
    for (long i = 0; i < c->batch * WIDTH; i++)
        put(b->type, y0, i, read ? all[W1 + W2 + i] : (double)(i * 7919 % 10007) / 10007);
    long hidden = ad_params_view(layout, ad_params_find(layout, "hidden.weight"))->offset;
    long out    = ad_params_view(layout, ad_params_find(layout, "out.weight"))->offset;
    for (long i = 0; read && i < W1; i++) put(b->type, theta, hidden + i, all[i]);
    for (long i = 0; read && i < W2; i++) put(b->type, theta, out + i, all[W1 + i]);
    ad_free(all);
}

static void setup(bench *b, const choice *c)
{
    static const double t[]  = { 0, 1 };
    size_t              size = ad_type_size(b->type);
    nde_ode             ode  = { .field = field, .dim = WIDTH, .type = b->type };
    nde_options         o    = { .method = nde_method(c->method), .rtol = 1.4e-8, .atol = 1.4e-8 };
    adj_options         a    = { .mode = c->recompute ? ADJ_RECOMPUTE : ADJ_STORE_ALL };
    must(ad_params_new(&ode.theta, b->type));
    must(nde_solver_new(&b->plain, &ode, &o, c->batch));
    must(adj_solver_new(&b->recorded, &ode, &o, &a, c->batch));
    size_t count = (size_t)ad_params_count(ode.theta), state = (size_t)(c->batch * WIDTH);
    void  *theta = ad_alloc(size * count), *y = ad_alloc(2 * size * state);
    void  *y0 = ad_alloc(size * state);
    numbers(b, c, ode.theta, theta, y0);
    b->numbers = (long)state;
    b->args    = (nde_solve_args){
           .n = c->batch, .times = 2, .t = t, .y0 = y0, .theta = theta, .y = y
    };
    b->bar = (adj_cotangents){ .y_bar     = ad_alloc(2 * size * state),
                               .y0_bar    = ad_alloc(size * state),
                               .theta_bar = ad_alloc(size * count) };
}

/* Processor time of a gradient, all threads: what is left to say on a machine that others use too. */
static double cpu_ms(bench *b)
{
    double least = INFINITY;
    for (int i = 0; i < 7; i++) {
        double start = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
        gradient(b);
        least = fmin(least, clock_ms(CLOCK_PROCESS_CPUTIME_ID) - start);
    }
    return least;
}

static void report(bench *b, const choice *c, int threads)
{
    openblas_set_num_threads(1);
    long   m = c->batch;
    double f = gemm_ms(b->type, 0, m, UNITS, WIDTH) + gemm_ms(b->type, 0, m, WIDTH, UNITS);
    double w = gemm_ms(b->type, 1, WIDTH, UNITS, m) + gemm_ms(b->type, 1, UNITS, WIDTH, m);
    char   work[64];
    snprintf(work, sizeof work, "mnist-field/%s%s%s", c->method, c->recompute ? "/recompute" : "",
             b->type == AD_F64 ? "/float64" : "");
    times_taken      t = measure(gradient, b), fw = measure(forward, b);
    const nde_stats *s    = adj_solver_stats(b->recorded);
    double           back = (double)(6 * s->accepted + 1), products = s->nfe * f + back * (f + w);
    print_line(&(line){ work, &t, s, .value = b->loss });
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf("  %d thread%s, OpenBLAS for %s: gradient %.1f ms (processors %.1f), forward %.1f, nfe "
           "%ld, "
           "products alone %.1f ms = %.1f %%, peak %.0f MB, record %.0f MB\n",
           threads, threads == 1 ? "" : "s", openblas_get_corename(), t.median, cpu_ms(b),
           fw.median, s->nfe, products, 100 * products / t.median, (double)use.ru_maxrss / 1024,
           (double)s->bytes / 1048576);
}

int main(int argc, char **argv)
{
    choice c       = { .method = "dopri5", .batch = 512 };
    int    threads = 1;
    bench  b       = { .type = AD_F32 };
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (i == 1 && argv[i][0] != '-') c.folder = argv[i];
        if (!strcmp(argv[i], "--threads")) threads = atoi(value);
        if (!strcmp(argv[i], "--method")) c.method = value;
        if (!strcmp(argv[i], "--batch")) c.batch = atol(value);
        if (!strcmp(argv[i], "--recompute")) c.recompute = 1;
        if (!strcmp(argv[i], "--float64")) b.type = AD_F64;
    }
    ad_threads_set(threads);
    setup(&b, &c);
    report(&b, &c, threads);
    return 0;
}
