/* sampler_throughput.c - samples a second of a network of a size that is trained: the race of the peers' sampler_throughput.py.

       e   = silu(W_1 silu(W_0 [sin(w_k u), cos(w_k u)]_k)),    u = log (alpha + 1e-4) / (sigma + 1e-4),     (1)
       h   = W x,    h += B silu(A silu(h) + E e),
       eps = W' silu(h) + (s . e) x,                            64-256-256-64, batch 256, float32,           (2)

   which is `costate train score`'s network with one block and without biases; twenty steps of DPM-Solver++ 2M. The weights are
   random.

       sampler_throughput [folder] [--threads n] */
#include "measure.h"

enum { BATCH = 256, DIM = 64, WIDTH = 256, LEVEL = 64, WAVES = 16, STEPS = 20 };

static ad_var layer(const dpm_at *at, ad_var x, const char *name, long width)
{
    return ad_dense_with(x, at->theta, name, width, &(ad_dense_options){ .no_bias = 1 });
}

/* (1) [1, LEVEL] */
static ad_var level(const dpm_at *at)
{
    double w[WAVES];
    for (int k = 0; k < WAVES; k++) w[k] = 0.1 * pow(80, k / (WAVES - 1.0));
    ad_var u       = ad_sub(ad_log(ad_shift(at->alpha, 1e-4)), ad_log(ad_shift(at->sigma, 1e-4)));
    ad_var angle   = ad_mul(ad_reshape(u, 2, (long[]){ 1, 1 }),
                            ad_const_array(at->g, AD_F64, ad_vector(WAVES), w));
    ad_var both[2] = { ad_sin(angle), ad_cos(angle) };
    ad_var e       = ad_cast(ad_concat(2, both, 1), AD_F32);
    return ad_silu(layer(at, ad_silu(layer(at, e, "level.0", LEVEL)), "level.1", LEVEL));
}

/* (2) */
static ad_var network(const dpm_at *at, void *ctx)
{
    (void)ctx;
    ad_var e = level(at), h = layer(at, at->x, "input", WIDTH);
    ad_var r = ad_add(layer(at, ad_silu(h), "block.0", WIDTH), layer(at, e, "block.level", WIDTH));
    h        = ad_add(h, layer(at, ad_silu(r), "block.1", WIDTH));
    return ad_add(layer(at, ad_silu(h), "output", DIM), ad_mul(at->x, layer(at, e, "skip", 1)));
}

typedef struct sampling {
    dpm_sampler *sampler;
    dpm_run      run;
} sampling;

static void sample(void *ctx)
{
    sampling *s = ctx;
    must(dpm_sample(s->sampler, &s->run));
}

int main(int argc, char **argv)
{
    dpm_model     model = { .network = network, .type = AD_F32, .dim = DIM };
    dpm_options   o     = { .sampler = "dpmpp-2m", .grid = { .name = "logsnr", .steps = STEPS } };
    dpm_schedule *vp;
    sampling      s;
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], "--threads")) ad_threads_set(atoi(argv[i + 1]));
    must(dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear" }));
    must(ad_params_new(&model.theta, AD_F32));
    o.schedule = vp;
    must(dpm_sampler_new(&s.sampler, &model, &o, BATCH));
    float *theta = ad_alloc((size_t)ad_params_count(model.theta) * sizeof *theta);
    float *x = ad_alloc(BATCH * DIM * sizeof *x), *y = ad_alloc(BATCH * DIM * sizeof *y);
    if (!theta || !x || !y) must(AD_NO_MEMORY);
    ad_params_init(model.theta, 1, theta);
    ad_random_normal(AD_F32, 1, 0, 0, BATCH * DIM, x);

    s.run         = (dpm_run){ .n = BATCH, .x = x, .theta = theta, .out = y };
    times_taken t = measure(sample, &s);
    char        note[64];
    snprintf(note, sizeof note, "%.0f samples a second", 1e3 * BATCH / t.median);
    print_line(&(line){ "sampler-throughput", &t, .note = note });
    ad_free(theta), ad_free(x), ad_free(y);
    dpm_sampler_free(s.sampler);
    ad_params_free(model.theta);
    dpm_schedule_free(vp);
    return 0;
}
