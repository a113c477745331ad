#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/models/generate.h>
#include <costate/models/model.h>

static const uint64_t stream_of_starts = 0x7374617274u;

typedef struct work {
    const mdl_denoiser   *d;
    const mdl_generation *g;
    dpm_sampler          *sampler;
    long                  batch;
    void                 *x, *out, *condition;
    double               *noise;
} work;

static ad_status conditions(const work *w, long first, long n)
{
    size_t row = (size_t)w->d->embedding * ad_type_size(w->d->model.type);
    for (long i = 0; i < n && w->condition; i++)
        AD_TRY(mdl_denoiser_embed(w->d, w->g->label ? w->g->label[first + i] : -1,
                                  (char *)w->condition + (size_t)i * row));
    return AD_OK;
}

/* Rows first .. first + n - 1, from sigma_T times noise. */
static ad_status part(const work *w, long first, long n, double *x)
{
    long        m         = n * w->d->model.dim;
    ad_type     type      = w->d->model.type;
    double      sigma     = dpm_sampler_points(w->sampler)->sigma;
    const void *condition = w->condition;
    ad_random_normal(AD_F64, w->g->seed, stream_of_starts, (uint64_t)(first * w->d->model.dim), m,
                     w->noise);
    for (long i = 0; i < m; i++) mdl_put(type, w->x, i, sigma * w->noise[i]);
    AD_TRY(conditions(w, first, n));
    AD_TRY(dpm_sample(w->sampler, &(dpm_run){ .n        = n,
                                              .x        = w->x,
                                              .args     = &condition,
                                              .theta    = w->d->theta,
                                              .guidance = w->g->guidance,
                                              .seed     = w->g->seed,
                                              .first    = first,
                                              .out      = w->out }));
    for (long i = 0; i < m; i++) x[i] = mdl_get(type, w->out, i);
    mdl_denoiser_to_data(w->d, n, x);
    return AD_OK;
}

static ad_status prepare(work *w)
{
    dpm_options o      = w->g->o;
    dpm_model   m      = w->d->model;
    size_t      number = ad_type_size(m.type), rows = (size_t)w->batch;
    if (!o.schedule) o.schedule = w->d->schedule;
    m.guided = w->g->guidance != 0;
    if (m.guided && !w->d->classes)
        return ad_fail(AD_INVALID, "%s was not trained on classes: nothing guides it", w->d->path);
    AD_TRY(dpm_sampler_new(&w->sampler, &m, &o, w->batch));
    w->x     = ad_alloc(rows * (size_t)m.dim * number);
    w->out   = ad_alloc(rows * (size_t)m.dim * number);
    w->noise = ad_alloc(rows * (size_t)m.dim * sizeof(double));
    if (w->d->classes) w->condition = ad_alloc(rows * (size_t)w->d->embedding * number);
    return w->x && w->out && w->noise && (!w->d->classes || w->condition) ? AD_OK : AD_NO_MEMORY;
}

ad_status mdl_generate(const mdl_denoiser *d, const mdl_generation *g, double *x, long *nfe)
{
    work w = { .d = d, .g = g, .batch = g->batch ? g->batch : 512 };
    if (g->n < 1) return ad_fail(AD_INVALID, "%ld samples: at least 1 is made", g->n);
    if (w.batch > g->n) w.batch = g->n;
    ad_status s = prepare(&w);
    for (long at = 0; at < g->n && !s; at += w.batch)
        s = part(&w, at, g->n - at < w.batch ? g->n - at : w.batch, x + at * d->model.dim);
    if (!s && nfe) *nfe = dpm_sampler_stats(w.sampler)->nfe;
    dpm_sampler_free(w.sampler);
    ad_free(w.x);
    ad_free(w.out);
    ad_free(w.noise);
    ad_free(w.condition);
    return s;
}
