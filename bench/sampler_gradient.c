/* sampler_gradient.c - the gradient through twenty steps of sampling: the race of the peers' sampler_gradient.py.

       eps(x, t) = tanh(tanh(x W1x' + t w1t + b1) W2' + b2) W3' + b3,     batch 64, 2-64-64-2, float32,     (1)
       DPM-Solver++ 2M from t = 1 to 1e-3 of the linear VP schedule, uniform in lambda,                     (2)
       L = mean of x(1e-3)^2;      dL/d(W1, b1, W2, b2, W3, b3, x(1)),                                      (3)

   by the tape, as the peers do it, and by evaluation points alone, which runs each evaluation again. An evaluation and its
   pullback have three products of 64x64x64, one of them a contraction over the batch: those sixty alone stand beside, as of
   peers, by OpenBLAS and by our own kernels. */
#include <cblas.h>

#include <costate/autodiff/kernels/product.h>

#include "measure.h"

enum { BATCH = 64, DIM = 2, WIDTH = 64, STEPS = 20 };
enum { COUNT = WIDTH * (DIM + 2) + WIDTH * (WIDTH + 1) + DIM * (WIDTH + 1) };

static const char *const VIEW[] = { "fc1.weight", "fc1.bias",   "fc2.weight",
                                    "fc2.bias",   "fc3.weight", "fc3.bias" };

/* (1): time moves the first bias */
static ad_var network(const dpm_at *at, void *ctx)
{
    (void)ctx;
    ad_params *p = at->theta;
    ad_var     w = ad_param(at->g, p, "fc1.weight", ad_matrix(WIDTH, DIM + 1), AD_INIT_KAIMING, 0);
    ad_var     b = ad_param(at->g, p, "fc1.bias", ad_vector(WIDTH), AD_INIT_ZERO, 0);
    ad_var     by_time = ad_reshape(ad_slice(w, 1, DIM, DIM + 1), 1, (long[]){ WIDTH });
    b                  = ad_add(b, ad_mul(ad_cast(at->t, AD_F32), by_time));
    ad_var h           = ad_tanh(ad_affine(at->x, ad_slice(w, 1, 0, DIM), 1, b));
    h                  = ad_tanh(ad_dense(h, p, "fc2", WIDTH));
    return ad_dense(h, p, "fc3", DIM);
}

typedef struct race {
    dpm_sampler   *sampler;
    dpm_run        run;
    dpm_cotangents bar;
    float         *out_bar, theta_bar[COUNT];
    double         loss;
} race;

static void gradient(void *ctx)
{
    race *r = ctx;
    must(dpm_sample(r->sampler, &r->run));
    const float *x   = r->run.out;
    double       sum = 0;
    for (int i = 0; i < BATCH * DIM; i++) {
        sum += (double)x[i] * x[i];
        r->out_bar[i] = 2 * x[i] / (BATCH * DIM);
    }
    r->loss = sum / (BATCH * DIM);
    memset(r->theta_bar, 0, sizeof r->theta_bar);
    must(dpm_pullback(r->sampler, &r->bar));
}

static void forward(void *ctx)
{
    race *r = ctx;
    must(dpm_sample(r->sampler, &r->run));
}

static void *aligned(const float *from, size_t count)
{
    void *to = ad_alloc(count * sizeof *from);
    if (!to) must(AD_NO_MEMORY);
    if (from) memcpy(to, from, count * sizeof *from);
    return to;
}

/* One way of pulling back: a line. */
static void run(const char *work, const dpm_schedule *vp, dpm_adjoint adjoint, const float *input)
{
    static race r;
    dpm_model   model = { .network = network, .type = AD_F32, .dim = DIM };
    dpm_options o     = { .sampler  = "dpmpp-2m",
                          .schedule = vp,
                          .grid     = { .name = "logsnr", .steps = STEPS },
                          .adjoint  = adjoint };
    must(ad_params_new(&model.theta, AD_F32));
    must(dpm_sampler_new(&r.sampler, &model, &o, BATCH));
    float *theta = aligned(NULL, COUNT), *x = aligned(input + COUNT, BATCH * DIM);
    load_views(model.theta, 6, VIEW, input, theta);
    r.out_bar = aligned(NULL, BATCH * DIM);
    r.run     = (dpm_run){
            .n = BATCH, .x = x, .theta = theta, .out = aligned(NULL, BATCH * DIM), .record = 1
    };
    r.bar             = (dpm_cotangents){ .out_bar   = r.out_bar,
                                          .x_bar     = aligned(NULL, BATCH * DIM),
                                          .theta_bar = r.theta_bar };
    times_taken times = measure(gradient, &r);
    double      norm  = square_sum(COUNT, r.theta_bar) + square_sum(BATCH * DIM, r.bar.x_bar);
    print_line(&(line){ work, &times, .value = r.loss, .norm = sqrt(norm) });
    if (adjoint == DPM_ADJOINT_TAPE) {
        r.run.record = 0;
        times        = measure(forward, &r);
        print_line(&(line){ "sampler-gradient/forward", &times, .value = r.loss });
    }
    ad_free(theta), ad_free(x), ad_free(r.out_bar), ad_free(r.run.out), ad_free(r.bar.x_bar);
    dpm_sampler_free(r.sampler);
    ad_params_free(model.theta);
}

/* --- the products alone ------------------------------------------------------------------------------------------- */

typedef struct factors {
    float *h, *w, *y, *packed, *sum;
} factors;

/* For each evaluation h W', y W and y' h. */
static void by_openblas(void *ctx)
{
    factors *f = ctx;
    for (int i = 0; i < STEPS; i++) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, BATCH, WIDTH, WIDTH, 1, f->h, WIDTH,
                    f->w, WIDTH, 0, f->y, WIDTH);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, BATCH, WIDTH, WIDTH, 1, f->y, WIDTH,
                    f->w, WIDTH, 0, f->h, WIDTH);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, WIDTH, WIDTH, BATCH, 1, f->y, WIDTH,
                    f->h, WIDTH, 1, f->sum, WIDTH);
    }
}

static void by_own_kernels(void *ctx)
{
    factors       *f       = ctx;
    ad_pack_kind   kind    = ad_pack_choose(AD_F32, WIDTH, WIDTH);
    ad_product_fn *product = ad_product(AD_F32, kind, WIDTH, WIDTH);
    for (int i = 0; i < STEPS; i++) {
        product(BATCH, WIDTH, WIDTH, f->h, f->packed, NULL, f->y);
        product(BATCH, WIDTH, WIDTH, f->y, f->packed, NULL, f->h);
        ad_dotrows(AD_F32, 1, &(ad_segment){ f->y, f->h, BATCH }, WIDTH, WIDTH, f->sum, NULL);
    }
}

/* All factors stay zero: times do not depend on the numbers, as long as none is subnormal. */
static void products(void)
{
    ad_pack_kind kind   = ad_pack_choose(AD_F32, WIDTH, WIDTH);
    size_t       square = WIDTH * WIDTH;
    factors      f      = { aligned(NULL, square), aligned(NULL, square), aligned(NULL, square),
                            ad_alloc(ad_pack_bytes(AD_F32, kind, WIDTH, WIDTH)),
                            ad_alloc(ad_dotrows_bytes(AD_F32, WIDTH, WIDTH) + square * sizeof(float)) };
    char         note[64];
    openblas_set_num_threads(1);
    snprintf(note, sizeof note, "its kernels for %s", openblas_get_corename());
    times_taken times = measure(by_openblas, &f);
    print_line(
        &(line){ "sampler-gradient", &times, .peer = "sixty products, OpenBLAS", .note = note });
    times = measure(by_own_kernels, &f);
    print_line(&(line){ "sampler-gradient", &times, .peer = "sixty products, own kernels" });
    ad_free(f.h), ad_free(f.w), ad_free(f.y), ad_free(f.packed), ad_free(f.sum);
}

int main(int argc, char **argv)
{
    static float  input[COUNT + BATCH * DIM];
    dpm_schedule *vp;
    read_input(argc, argv, "sampler-gradient", "sampler.bin", input, sizeof *input,
               COUNT + BATCH * DIM);
    must(dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    run("sampler-gradient", vp, DPM_ADJOINT_TAPE, input);
    run("sampler-gradient/points", vp, DPM_ADJOINT_POINTS, input);
    products();
    dpm_schedule_free(vp);
    return 0;
}
