/* sample_run.c - samples and gradients, a batch at a time. */
#include <math.h>
#include <string.h>

#include "interrupt.h"
#include "sample.h"

/* Rows of a batch in the model's type. */
typedef struct buffers {
    void *start, *out, *known, *mask, *mean, *condition, *cotangent, *gradient, *path;
} buffers;

static ad_status room(sample *s, size_t numbers, void **x)
{
    *x = ad_arena_alloc(s->arena, numbers * ad_type_size(s->model->model.type));
    return *x ? AD_OK : AD_NO_MEMORY;
}

static ad_status buffers_new(sample *s, buffers *b)
{
    size_t m = (size_t)s->batch * (size_t)s->dim;
    AD_TRY(room(s, m, &b->start));
    AD_TRY(room(s, m, &b->out));
    if (s->known) AD_TRY(room(s, m, &b->known));
    if (s->known) AD_TRY(room(s, m, &b->mask));
    if (s->mean) AD_TRY(room(s, m, &b->mean));
    if (s->cotangent) AD_TRY(room(s, m, &b->cotangent));
    if (s->cotangent) AD_TRY(room(s, m, &b->gradient));
    if (s->path) AD_TRY(room(s, m * (size_t)(s->steps + 1), &b->path));
    if (s->model->classes)
        AD_TRY(room(s, (size_t)s->batch * (size_t)s->model->embedding, &b->condition));
    return AD_OK;
}

static void typed(const sample *s, long m, const double *x, void *out)
{
    if (s->model->model.type == AD_F64)
        memcpy(out, x, (size_t)m * sizeof *x);
    else
        for (long i = 0; i < m; i++) ((float *)out)[i] = (float)x[i];
}

static void untyped(const sample *s, long m, const void *x, double *out)
{
    if (s->model->model.type == AD_F64)
        memcpy(out, x, (size_t)m * sizeof *out);
    else
        for (long i = 0; i < m; i++) out[i] = (double)((const float *)x)[i];
}

static const void *rows(const sample *s, long first, long n, const double *x, void *to)
{
    if (!x) return NULL;
    typed(s, n * s->dim, x + first * s->dim, to);
    return to;
}

static ad_status conditions(const sample *s, long first, long n, void *c)
{
    size_t bytes = (size_t)s->model->embedding * ad_type_size(s->model->model.type);
    for (long i = 0; i < n; i++) {
        long label = s->classes ? s->label[(first + i) % s->classes] : -1;
        AD_TRY(mdl_denoiser_embed(s->model, label, (char *)c + (size_t)i * bytes));
    }
    return AD_OK;
}

typedef struct watch {
    sample *s;
    long    first, n;
} watch;

static cli_progress_state state_of(const sample *s, double fraction)
{
    double spent = cli_progress_seconds(&s->progress);
    return (cli_progress_state){ .noun          = "sample",
                                 .iteration     = (long)(fraction * (double)s->n),
                                 .iterations    = s->n,
                                 .fraction      = fraction,
                                 .rate          = spent > 0 ? fraction * (double)s->n / spent : 0,
                                 .loss          = NAN,
                                 .gradient_norm = NAN,
                                 .nfe           = -1,
                                 .rejected      = -1 };
}

static int look(long done, long all, void *ctx)
{
    watch             *w    = ctx;
    double             part = all > 0 ? (double)done / (double)all : 0;
    cli_progress_state p    = state_of(w->s,
                                       ((double)w->first + part * (double)w->n) / (double)w->s->n);
    cli_progress_update(&w->s->progress, &p);
    return cli_interrupted();
}

static void keep(sample *s, const buffers *b, long first, long n)
{
    long points = s->steps + 1;
    untyped(s, n * s->dim, b->out, s->out + first * s->dim);
    if (s->gradient) untyped(s, n * s->dim, b->gradient, s->gradient + first * s->dim);
    for (long k = 0; s->path && k < points; k++)
        untyped(s, n * s->dim,
                (const char *)b->path +
                    (size_t)(k * n * s->dim) * ad_type_size(s->model->model.type),
                s->path + (k * s->n + first) * s->dim);
}

static void add_up(sample *s)
{
    const dpm_stats *t = dpm_sampler_stats(s->sampler);
    if (t->nfe > s->nfe) s->nfe = t->nfe;
    s->nvjp        = t->nvjp;
    s->nfe_again   = t->nfe_again;
    s->bytes       = t->bytes;
    s->bytes_model = t->bytes_model;
    s->bytes_kept  = t->bytes_kept > s->bytes_kept ? t->bytes_kept : s->bytes_kept;
    s->seconds += t->seconds;
    s->seconds_back += s->gradient ? t->seconds_back : 0;
}

static ad_status one(sample *s, buffers *b, long first, long n)
{
    watch   w        = { s, first, n };
    double  guidance = cli_number(s->args, "guidance");
    dpm_run r        = { .n        = n,
                         .x        = rows(s, first, n, s->start, b->start),
                         .args     = (const void *[]){ b->mean ? b->mean : b->condition },
                         .theta    = s->model->theta,
                         .guidance = cli_given(s->args, "guidance") && guidance == 0 ? DPM_ZERO : guidance,
                         .seed     = (uint64_t)cli_integer(s->args, "seed"),
                         .first    = first,
                         .mean     = rows(s, first, n, s->mean, b->mean),
                         .known    = rows(s, first, n, s->known, b->known),
                         .mask     = rows(s, first, n, s->mask, b->mask),
                         .out      = b->out,
                         .path     = b->path,
                         .record   = s->cotangent != NULL,
                         .watch    = look,
                         .watch_ctx = &w };
    if (b->condition) AD_TRY(conditions(s, first, n, b->condition));
    AD_TRY(dpm_sample(s->sampler, &r));
    if (s->cotangent)
        AD_TRY(dpm_pullback(
            s->sampler, &(dpm_cotangents){ .out_bar = rows(s, first, n, s->cotangent, b->cotangent),
                                           .x_bar   = b->gradient }));
    keep(s, b, first, n);
    add_up(s);
    return AD_OK;
}

/* Inpainting ends at t_end with what is known and the noise of there; the data themselves are known better. */
static void known_data(const sample *s, double *x)
{
    for (long i = 0; s->known && i < s->n * s->dim; i++)
        if (s->mask[i] == 0) x[i] = s->known[i];
}

/* Samples are data = x scale + shift; a start that was data has a gradient as such. */
static void to_data(sample *s)
{
    for (long i = 0; s->gradient && s->o.invert && i < s->n * s->dim; i++)
        s->gradient[i] /= s->model->scale[i % s->dim];
    if (s->o.invert) return;
    known_data(s, s->out);
    if (s->path) known_data(s, s->path + s->steps * s->n * s->dim);
    mdl_denoiser_to_data(s->model, s->n, s->out);
    for (long k = 0; s->path && k <= s->steps; k++)
        mdl_denoiser_to_data(s->model, s->n, s->path + k * s->n * s->dim);
}

static ad_status prepare(sample *s, buffers *b)
{
    long points = s->steps + 1;
    s->out      = sample_room(s, s->n);
    if (s->cotangent) s->gradient = sample_room(s, s->n);
    if (cli_given(s->args, "path")) s->path = sample_room(s, s->n * points);
    if (!s->out || (s->cotangent && !s->gradient) || (cli_given(s->args, "path") && !s->path))
        return AD_NO_MEMORY;
    for (long i = 0; s->cotangent && !s->o.invert && i < s->n * s->dim; i++)
        s->cotangent[i] *= s->model->scale[i % s->dim];
    return buffers_new(s, b);
}

ad_status sample_run(sample *s)
{
    buffers   b = { 0 };
    ad_status e = prepare(s, &b);
    if (e) return e;
    cli_progress_begin(&s->progress, "sampling", cli_flag(s->args, "quiet"));
    for (long first = 0; !e && first < s->n; first += s->batch) {
        e                    = cli_interrupted()
                                   ? ad_fail(AD_CANCELLED, "stopped")
                                   : one(s, &b, first, s->n - first < s->batch ? s->n - first : s->batch);
        cli_progress_state p = state_of(s, fmin(1, (double)(first + s->batch) / (double)s->n));
        if (!e) cli_progress_update(&s->progress, &p);
    }
    if (!e && cli_interrupted()) e = AD_CANCELLED;
    if (e && s->progress.terminal && s->progress.drawn) fputc('\n', stderr);
    if (e == AD_CANCELLED) return ad_fail(e, "stopped; nothing is written");
    if (e) return e;
    cli_progress_state p = state_of(s, 1);
    if (s->progress.drawn) cli_progress_end(&s->progress, &p);
    to_data(s);
    return AD_OK;
}
