/* Samplers in float32 against themselves in float64.

   How much the endpoints may differ is measured, not guessed: the float64 run again, with what the model is asked and what it
   answers moved by pseudo-random parts of 2^-24, as rounding to float32 moves them, gives the sampler's sensitivity s at that point. A run in float32
   rounds the model's output, what it computes on the way, and the terms and sums of every combination: some 8 roundings of the state's
   size an evaluation. 20 s (the factor that the README of the reference data gives for the same measure) covers the first; for
   the others, e evaluations of 8 roundings each of numbers up to the largest state on the path, which the sampler amplifies as it
   does s. Reversible samplers carry a second state, and what rounding makes of the two's difference in x / alpha does not shrink as the
   states do: there the latter is 1 / alpha_T times as large. */
#include "registry.h"

typedef struct moved {
    const dpm_mixture *mixture;
    double             by;
} moved;

/* v (1 + by cos(1e4 v)) */
static ad_var shake(ad_var v, double by)
{
    return ad_fma(v, ad_scale(ad_cos(ad_scale(v, 1e4)), by), v);
}

static ad_var moved_network(const dpm_at *at, void *ctx)
{
    const moved *m     = ctx;
    dpm_at       shook = *at;
    shook.x            = shake(at->x, m->by);
    return shake(dpm_mixture_network(&shook, (void *)m->mixture), m->by);
}

static double largest(const float *x, long n)
{
    double most = 0;
    for (long i = 0; i < n; i++) most = fmax(most, fabs((double)x[i]));
    return most;
}

static double in_float32(const registry *r, const dpm_options *o, double *out, double *scale,
                         long *nfe)
{
    enum { MOST = 65 };
    static float path[MOST * REGISTRY_ALL];
    float        x[REGISTRY_ALL], y[REGISTRY_ALL];
    dpm_model    model = dpm_mixture_model(r->mixture, AD_F32);
    dpm_sampler *s;
    for (int i = 0; i < REGISTRY_ALL; i++) x[i] = (float)r->x[i];
    ok(dpm_sampler_new(&s, &model, o, REGISTRY_ROWS));
    ok(dpm_sample(s, &(dpm_run){ .n = REGISTRY_ROWS, .x = x, .out = y, .path = path, .seed = 1 }));
    *nfe   = dpm_sampler_stats(s)->nfe;
    *scale = largest(path, (o->grid.steps + 1) * REGISTRY_ALL);
    dpm_sampler_free(s);
    double off = 0;
    for (int i = 0; i < REGISTRY_ALL; i++) off = fmax(off, fabs((double)y[i] - out[i]));
    return off;
}

Test(samplers_float, float32_is_float64_but_for_rounding)
{
    const double      u = 0x1p-24;
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    for (int i = 0; i < REGISTRY_ALL; i++) r.x[i] = (float)r.x[i]; /* the same start in both */
    for (int i = 0; (m = registry_next(&i));) {
        double      exact[REGISTRY_ALL], other[REGISTRY_ALL], sensitivity = 0, scale;
        long        nfe;
        dpm_options o = registry_options(&r, m, 16);
        if (m->flags & DPM_LIVE) continue; /* another rounding, another decision */
        ok(registry_run(&r, &o, exact));
        registry with      = r;
        moved    by        = { .mixture = r.mixture, .by = u };
        with.model.network = moved_network;
        with.model.ctx     = &by;
        ok(registry_run(&with, &o, other));
        for (int k = 0; k < REGISTRY_ALL; k++)
            sensitivity = fmax(sensitivity, fabs(exact[k] - other[k]));
        double off   = in_float32(&r, &o, exact, &scale, &nfe);
        double kept  = m->flags & DPM_REVERSIBLE ? 1 / dpm_schedule_at(r.vp, 1).alpha : 1;
        double bound = 20 * sensitivity + 8 * (double)nfe * u * scale * kept;
        cr_expect_leq(off, bound, "%s: %.2e apart, %.2e allowed", m->name, off, bound);
        cr_expect_gt(off, 0, "%s: float32 is float64?", m->name);
    }
    registry_stop(&r);
}
