/* hutchinson.c - the gradient of Hutchinson's estimate of a trace: the race of the peers' hutchinson.py.

       f(y) = tanh(tanh(y W1' + b1) W2' + b2) W3' + b3,       batch 512, 6-64-64-6, float32,            (1)
       L = mean over the batch of eps' (df/dy) eps,           dL/d(W1, b1, W2, b2, W3),                 (2)

   as one plan: the jvp of (1) along eps, and the gradient of that. It has six products of 512x64x64, two of them
   contractions over the batch; OpenBLAS's time for those six alone stands beside, as of a peer. */
#include <cblas.h>

#include "measure.h"

enum { BATCH = 512, DIM = 6, WIDTH = 64, VIEWS = 5 };
enum { COUNT = WIDTH * (DIM + 1) + WIDTH * (WIDTH + 1) + DIM * (WIDTH + 1) };

static const char *const VIEW[] = { "fc1.weight", "fc1.bias",   "fc2.weight",
                                    "fc2.bias",   "fc3.weight", "fc3.bias" };

typedef struct race {
    ad_plan *plan;
    ad_work *work;
    ad_args  args;
    float    loss, theta_bar[COUNT];
} race;

static ad_var field(ad_var y, ad_params *theta)
{
    ad_var h = ad_tanh(ad_dense(y, theta, "fc1", WIDTH));
    return ad_dense(ad_tanh(ad_dense(h, theta, "fc2", WIDTH)), theta, "fc3", DIM);
}

/* (2) and its gradient to the first five views, whose order is that of the layers. */
static void compile(race *r, ad_params *theta)
{
    ad_graph *g;
    must(ad_graph_new(&g));
    ad_var in[] = { ad_input(g, "y", AD_F32, ad_rows(DIM)),
                    ad_input(g, "eps", AD_F32, ad_rows(DIM)) };
    ad_var f    = field(in[0], theta), f_dot, out[1 + VIEWS], view[VIEWS];
    must(ad_jvp(1, &in[0], &in[1], 1, &f, &f_dot));
    out[0] = ad_mean(ad_sum(ad_mul(f_dot, in[1]), 2, 0), -1, 0);
    for (int i = 0; i < VIEWS; i++) {
        const ad_param_view *v = ad_params_view(theta, ad_params_find(theta, VIEW[i]));
        view[i]                = ad_param(g, theta, VIEW[i], v->shape, v->init, v->value);
    }
    must(ad_gradient(out[0], VIEWS, view, out + 1));
    must(ad_plan_new(&r->plan, 2, in, 1 + VIEWS, out,
                     &(ad_plan_options){ "hutchinson", BATCH, AD_PADDED }));
    must(ad_work_new(&r->work, r->plan));
    ad_graph_free(g);
}

static void gradient(void *ctx)
{
    race *r = ctx;
    must(ad_execute(r->plan, r->work, &r->args));
}

/* h W' twice, the same backwards, h' h twice */
static void products(void *ctx)
{
    static float h[BATCH * WIDTH], w[WIDTH * WIDTH], y[BATCH * WIDTH];
    (void)ctx;
    for (int i = 0; i < 2; i++) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, BATCH, WIDTH, WIDTH, 1, h, WIDTH, w,
                    WIDTH, 0, y, WIDTH);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, BATCH, WIDTH, WIDTH, 1, y, WIDTH, w,
                    WIDTH, 0, h, WIDTH);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, WIDTH, WIDTH, BATCH, 1, h, WIDTH, y,
                    WIDTH, 0, w, WIDTH);
    }
}

static void *aligned(const float *from, size_t count)
{
    void *to = ad_alloc(count * sizeof *from + AD_PAD);
    if (!to) must(AD_NO_MEMORY);
    if (from) memcpy(to, from, count * sizeof *from);
    return to;
}

int main(int argc, char **argv)
{
    static race  r;
    static float input[COUNT + 2 * BATCH * DIM], theta[COUNT];
    read_input(argc, argv, "hutchinson", "hutchinson.bin", input, sizeof *input,
               COUNT + 2 * BATCH * DIM);
    ad_params *layout;
    must(ad_params_new(&layout, AD_F32));
    compile(&r, layout);
    load_views(layout, 6, VIEW, input, theta);

    const void *in[]  = { aligned(input + COUNT, BATCH * DIM),
                          aligned(input + COUNT + BATCH * DIM, BATCH * DIM) };
    void       *out[] = { aligned(NULL, 1), NULL, NULL, NULL, NULL, NULL };
    for (int i = 0; i < VIEWS; i++)
        out[1 + i] = aligned(NULL, (size_t)ad_elements(ad_params_view(layout, i)->shape));
    r.args = (ad_args){ .n = BATCH, .in = in, .out = out, .theta = theta };

    times_taken times = measure(gradient, &r);
    double      sum   = 0;
    for (int i = 0; i < VIEWS; i++)
        sum += square_sum(ad_elements(ad_params_view(layout, i)->shape), out[1 + i]);
    print_line(&(line){ "hutchinson", &times, .value = *(float *)out[0], .norm = sqrt(sum) });
    openblas_set_num_threads(1);
    times = measure(products, NULL);
    char note[64];
    snprintf(note, sizeof note, "its kernels for %s", openblas_get_corename());
    print_line(&(line){ "hutchinson", &times, .peer = "six products, OpenBLAS", .note = note });
    for (int i = 0; i < 1 + VIEWS; i++) ad_free(out[i]);
    ad_free((void *)in[0]);
    ad_free((void *)in[1]);
    ad_work_free(r.work);
    ad_plan_free(r.plan);
    ad_params_free(layout);
    return 0;
}
