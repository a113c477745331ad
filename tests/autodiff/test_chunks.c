/* Plans that run in chunks of rows: the same as the whole, the same for any number of threads, and only where they may. */
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "chunks.h"

static result one, other;

static int in_chunks(const ad_plan *p)
{
    char *text = ad_plan_text(p);
    int   yes  = text && strstr(text, "in chunks of");
    ad_free(text);
    return yes;
}

static void tear_down(void)
{
    ad_threads_set(0);
}

static const long batches[] = { 0, 1, 63, 64, 65, 128, 333, ROWS };
enum { BATCHES = sizeof batches / sizeof batches[0] };

Test(chunks, any_number_of_threads_gives_the_same_bits, .fini = tear_down)
{
    for (ad_type type = AD_F32; type <= AD_F64; type++) {
        model m;
        cr_assert_eq(model_new(&m, type, ROWS, AD_PADDED), AD_OK, "%s", ad_message());
        cr_assert_leq(ad_params_count(m.theta), COUNT);
        cr_assert(in_chunks(m.forward) && in_chunks(m.back));
        for (int i = 0; i < BATCHES; i++) {
            ad_threads_set(1);
            cr_assert_eq(model_run(&m, batches[i], &one), AD_OK);
            for (int threads = 2; threads <= 5; threads++) {
                ad_threads_set(threads);
                cr_assert_eq(model_run(&m, batches[i], &other), AD_OK);
                cr_assert(same(&m, batches[i], &one, &other), "%d threads, %ld rows", threads,
                          batches[i]);
            }
        }
        model_free(&m);
    }
}

/* |a - b| <= bound scale, numbers of a type */
static void near(ad_type type, long n, const void *a, const void *b, double bound, const char *what)
{
    double scale = 1, off = 0;
    for (long i = 0; i < n; i++) {
        double x = type == AD_F32 ? ((const float *)a)[i] : ((const double *)a)[i];
        double y = type == AD_F32 ? ((const float *)b)[i] : ((const double *)b)[i];
        scale    = fmax(scale, fabs(y));
        off      = isfinite(x) ? fmax(off, fabs(x - y)) : INFINITY;
    }
    cr_expect_leq(off, bound * scale, "%s: off by %g of %g", what, off, scale);
}

/* A plan whose arguments are not padded runs as a whole: rows have the same bits, sums over the 500 rows differ by rounding
   (at most half an ulp of the largest partial sum an addition; 500 are well below 64 of the result's scale). */
Test(chunks, equal_the_whole, .fini = tear_down)
{
    for (ad_type type = AD_F32; type <= AD_F64; type++) {
        model  m, whole;
        double bound = 64 * (type == AD_F32 ? 6e-8 : 1.2e-16);
        cr_assert_eq(model_new(&m, type, ROWS, AD_PADDED), AD_OK);
        cr_assert_eq(model_new(&whole, type, ROWS, 0), AD_OK);
        cr_assert(!in_chunks(whole.forward) && !in_chunks(whole.back));
        for (int i = 0; i < BATCHES; i++) {
            size_t bytes = (size_t)batches[i] * ad_type_size(type);
            cr_assert_eq(model_run(&m, batches[i], &one), AD_OK);
            cr_assert_eq(model_run(&whole, batches[i], &other), AD_OK);
            cr_expect(!memcmp(one.y, other.y, bytes * OUT), "y of %ld rows", batches[i]);
            cr_expect(!memcmp(one.u, other.u, bytes * WIDE), "u of %ld rows", batches[i]);
            near(type, OUT, one.sum, other.sum, bound, "sums");
            near(type, batches[i] * IN, one.x_bar, other.x_bar, bound, "x_bar");
            near(type, ad_params_count(m.theta), one.theta_bar, other.theta_bar, bound,
                 "theta_bar");
            near(AD_F64, 1, one.t_bar, other.t_bar, bound, "t_bar");
        }
        model_free(&m), model_free(&whole);
    }
}

/* A frame too large for the cache holds fewer arrays, and what is not there is computed again: the same bits. */
Test(chunks, a_large_frame_keeps_less)
{
    enum { LARGE = 8192, FEW = 40 };
    model small, large;
    cr_assert_eq(model_new(&small, AD_F64, FEW, AD_PADDED), AD_OK);
    cr_assert_eq(model_new(&large, AD_F64, LARGE, AD_PADDED), AD_OK);
    cr_expect_lt(ad_plan_residual_bytes(large.forward) / LARGE,
                 ad_plan_residual_bytes(small.forward) / FEW * 7 / 8);
    cr_assert_eq(model_run(&small, FEW, &one), AD_OK);
    cr_assert_eq(model_run(&large, FEW, &other), AD_OK);
    cr_expect(same(&small, FEW, &one, &other));
    model_free(&small), model_free(&large);
}

/* A run whose gradients nobody wants leaves nothing behind for the next. */
Test(chunks, unwanted_sums_are_forgotten)
{
    model m;
    cr_assert_eq(model_new(&m, AD_F32, ROWS, AD_PADDED), AD_OK);
    cr_assert_eq(model_run(&m, ROWS, &one), AD_OK);
    cr_assert_eq(model_run(&m, ROWS, &other), AD_OK);
    cr_expect(same(&m, ROWS, &one, &other));
    model_free(&m);
}

/* A chunk that fails, whoever runs it, stops the run with its sentence in the caller's thread; the next run is well. */
Test(chunks, a_failure_is_told, .fini = tear_down)
{
    enum { MANY = 4096, WIDTH = 64, BAD = 3000 };
    ad_graph *g;
    ad_plan  *p;
    ad_work  *w;
    double   *x = ad_alloc(sizeof *x * MANY * WIDTH), *index = ad_alloc(sizeof *index * MANY),
           *y = ad_alloc(sizeof *y * MANY);
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in[2] = { ad_input(g, "x", AD_F64, ad_rows(WIDTH)),
                     ad_input(g, "index", AD_F64, (ad_shape){ 1, 1, { 1 } }) };
    ad_var out   = ad_pick(ad_exp(in[0]), in[1]);
    cr_assert_eq(ad_plan_new(&p, 2, in, 1, &out, &(ad_plan_options){ "p", MANY, AD_PADDED }), AD_OK,
                 "%s", ad_message());
    cr_assert(in_chunks(p));
    ad_threads_set(4);
    cr_assert_eq(ad_work_new(&w, p), AD_OK);
    ad_args a = { .n = MANY, .in = (const void *[]){ x, index }, .out = (void *[]){ y } };
    for (int i = 0; i < 5; i++) {
        index[BAD] = WIDTH;
        cr_expect_eq(ad_execute(p, w, &a), AD_INVALID);
        cr_expect(strstr(ad_message(), "element 3000"), "%s", ad_message());
        index[BAD] = WIDTH - 1;
        cr_expect_eq(ad_execute(p, w, &a), AD_OK);
        cr_expect_eq(y[BAD], 1);
    }
    ad_work_free(w), ad_plan_free(p), ad_graph_free(g);
    ad_free(x), ad_free(index), ad_free(y);
}

/* A child has none of its parent's threads, and the same results. */
Test(chunks, survive_a_fork, .fini = tear_down)
{
    model m;
    int   status = -1;
    ad_threads_set(3);
    cr_assert_eq(model_new(&m, AD_F32, ROWS, AD_PADDED), AD_OK);
    cr_assert_eq(model_run(&m, ROWS, &one), AD_OK);
    pid_t child = fork();
    if (!child) {
        ad_status e = model_run(&m, ROWS, &other);
        _exit(e || !same(&m, ROWS, &one, &other));
    }
    cr_assert_gt(child, 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(status, 0);
    cr_assert_eq(model_run(&m, ROWS, &other), AD_OK);
    cr_expect(same(&m, ROWS, &one, &other));
    model_free(&m);
}

static int chunks_of(ad_var in, ad_var out, long capacity)
{
    ad_plan *p;
    cr_assert_eq(ad_plan_new(&p, 1, &in, 1, &out, &(ad_plan_options){ "p", capacity, AD_PADDED }),
                 AD_OK, "%s", ad_message());
    int yes = in_chunks(p);
    ad_plan_free(p);
    return yes;
}

static ad_status twice(long n, const void *const in[], void *out, void *ctx)
{
    (void)ctx;
    for (long i = 0; i < n * 64; i++) ((float *)out)[i] = 2 * ((const float *)in[0])[i];
    return AD_OK;
}

/* What couples rows, calls C code that may not know threads, or is small runs as a whole. */
Test(chunks, only_where_they_may)
{
    ad_params *theta;
    ad_graph  *g;
    cr_assert_eq(ad_params_new(&theta, AD_F32), AD_OK);
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var      x = ad_input(g, "x", AD_F32, ad_rows(64)), y = ad_dense(x, theta, "w", 64);
    ad_callback f = { .name = "twice", .value = twice };
    cr_expect(chunks_of(x, y, 4096));
    cr_expect_not(chunks_of(x, y, 64), "a small batch");
    cr_expect_not(chunks_of(x, ad_sub(y, ad_mean(y, 1, 1)), 4096), "a batch norm");
    cr_expect_not(chunks_of(x, ad_call(&f, 1, &y, AD_F32, ad_rows(64)), 4096), "a callback");
    cr_expect(chunks_of(x, ad_mean(y, 1, 1), 4096), "a mean over rows");
    ad_graph_free(g);
    ad_params_free(theta);
}

Test(chunks, number_of_threads, .fini = tear_down)
{
    ad_threads_set(3);
    cr_expect_eq(ad_threads(), 3);
    ad_threads_set(1 << 20);
    cr_expect_eq(ad_threads(), AD_THREADS_MOST);
    ad_threads_set(0);
    setenv("COSTATE_THREADS", "2", 1);
    cr_expect_eq(ad_threads(), 2);
    setenv("COSTATE_THREADS", "none", 1);
    cr_expect_geq(ad_threads(), 1);
    unsetenv("COSTATE_THREADS");
    cr_expect_geq(ad_threads(), 1);
}
