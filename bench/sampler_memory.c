/* sampler_memory.c - what a gradient through sampling takes of memory: what dpm_stats tells, beside what the allocator saw.

       sampler_memory [steps ...]                       10 100 1000

   sampler_gradient.c's size, batch 64, 2-64-64-2, float32. For each way of pulling back and number of steps: what the statistics
   call kept, the most that was allocated at once during the first gradient beyond what the sampler holds when it is built (the plans of
   the pullback are compiled then), and the same of the second gradient, with how many allocations it made. */
#include "measure.h"

enum { BATCH = 64, DIM = 2, WIDTH = 64 };

/* --- an allocator that counts ------------------------------------------------------------------------------------- */

typedef struct counted {
    size_t live, peak;
    long   calls;
} counted;

enum { HEADER = AD_ALIGN };

static void *count_alloc(size_t bytes, void *ctx)
{
    counted *c     = ctx;
    size_t   whole = (bytes + HEADER + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    char    *p     = aligned_alloc(AD_ALIGN, whole);
    if (!p) return NULL;
    memcpy(p, &bytes, sizeof bytes);
    c->live += bytes;
    c->calls++;
    if (c->live > c->peak) c->peak = c->live;
    return p + HEADER;
}

static void count_free(void *p, void *ctx)
{
    counted *c = ctx;
    size_t   bytes;
    memcpy(&bytes, (char *)p - HEADER, sizeof bytes);
    c->live -= bytes;
    free((char *)p - HEADER);
}

/* --- a gradient ----------------------------------------------------------------------------------------------------- */

static ad_var network(const dpm_at *at, void *ctx)
{
    (void)ctx;
    ad_var x = ad_concat(
        2,
        (ad_var[]){ at->x, ad_mul(ad_full(at->g, AD_F32, ad_rows(1), 1), ad_cast(at->t, AD_F32)) },
        1);
    return ad_mlp(x, at->theta, "net", 3, (long[]){ WIDTH, WIDTH, DIM }, ad_tanh);
}

typedef struct mode {
    const char *name, *sampler;
    dpm_adjoint adjoint;
} mode;

static const mode modes[] = {
    { "tape", "dpmpp-2m", DPM_ADJOINT_TAPE },
    { "points", "dpmpp-2m", DPM_ADJOINT_POINTS },
    { "checkpoints", "dpmpp-2m", DPM_ADJOINT_CHECKPOINTS },
    { "reversible", "o-belm", DPM_ADJOINT_REVERSIBLE },
    { "last 10", "dpmpp-2m", DPM_ADJOINT_LAST },
    { "continuous, rk4", "dpmpp-2m", DPM_ADJOINT_CONTINUOUS },
};

static void *block(long numbers)
{
    void *p = calloc((size_t)numbers, sizeof(float));
    if (!p) must(ad_fail(AD_NO_MEMORY, "no memory for %ld numbers", numbers));
    return p;
}

/* Bytes beyond `held`, at their most, and allocations of one gradient. */
static counted gradient(dpm_sampler *s, const dpm_run *run, const dpm_cotangents *bar, counted *c)
{
    size_t held  = c->live;
    long   calls = c->calls;
    c->peak      = held;
    must(dpm_sample(s, run));
    must(dpm_pullback(s, bar));
    return (counted){ c->live - held, c->peak - held, c->calls - calls };
}

static void run(const mode *m, long steps, const dpm_schedule *vp, counted *c)
{
    dpm_model    model = { .network = network, .type = AD_F32, .dim = DIM };
    dpm_sampler *s;
    dpm_options  o = { .sampler  = m->sampler,
                       .schedule = vp,
                       .grid     = { .name = "logsnr", .steps = steps },
                       .adjoint  = m->adjoint,
                       .last     = m->adjoint == DPM_ADJOINT_LAST ? 10 : 0 };
    must(ad_params_new(&model.theta, AD_F32));
    must(dpm_sampler_new(&s, &model, &o, BATCH));
    long    count = ad_params_count(model.theta);
    float  *x = block(BATCH * DIM), *theta = block(count);
    dpm_run r = { .n = BATCH, .x = x, .theta = theta, .out = block(BATCH * DIM), .record = 1 };
    dpm_cotangents bar = { .out_bar   = block(BATCH * DIM),
                           .x_bar     = block(BATCH * DIM),
                           .theta_bar = block(count) };
    ad_params_init(model.theta, 1, theta);
    ad_random_normal(AD_F32, 1, 0, 0, BATCH * DIM, x);
    counted first = gradient(s, &r, &bar, c), second = gradient(s, &r, &bar, c);
    printf("%-16s %6ld %12zu %12zu %12zu %12ld\n", m->name, steps, dpm_sampler_stats(s)->bytes_kept,
           first.peak, second.peak, second.calls);
    free(x), free(theta), free(r.out), free((void *)bar.out_bar), free(bar.x_bar),
        free(bar.theta_bar);
    dpm_sampler_free(s);
    ad_params_free(model.theta);
}

int main(int argc, char **argv)
{
    static counted c;
    long           steps[16] = { 10, 100, 1000 };
    int            n         = 3;
    dpm_schedule  *vp;
    ad_allocator_set(&(ad_allocator){ count_alloc, count_free, &c });
    for (int i = 1; i < argc && i <= 16; i++) steps[(n = i) - 1] = atol(argv[i]);
    printf("%-16s %6s %12s %12s %12s %12s\n", "bytes", "steps", "kept", "first", "second",
           "allocations");
    must(dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear" }));
    for (size_t k = 0; k < sizeof modes / sizeof *modes; k++)
        for (int i = 0; i < n; i++) run(&modes[k], steps[i], vp, &c);
    dpm_schedule_free(vp);
    return c.live != 0;
}
