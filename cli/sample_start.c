/* sample_start.c - where sampling starts: a file, noise, or data with noise; and the other arrays that are given. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/random.h>
#include <costate/datasets/samples_read.h>
#include <costate/diffusion/method.h>

#include "sample.h"
#include "text.h"

enum { STREAM = 0x73746172, FEW = 64, MANY = 1000, ROWS = 4096, NUMBERS = 1 << 18 };

static const long MOST = 100000000000; /* numbers: 1e7 steps of them are still counted by a long */

/* The file of --key: *rows of dim numbers, finite. */
static ad_status read(sample *s, const char *key, long *rows, double **x)
{
    ds_samples *f;
    const char *path = cli_text(s->args, key);
    AD_TRY(ds_samples_read(&f, path, &(ds_samples_read_options){ .label = "none" }));
    if (f->dim == s->dim + 1) { /* what --class and a CSV have behind them */
        ds_samples_free(f);
        AD_TRY(ds_samples_read(&f, path, NULL));
    }
    ad_status e = AD_OK;
    *rows       = f->n;
    if (f->dim != s->dim && f->dim == 1 && f->n == s->dim) *rows = 1; /* [dim] */
    if (*rows * s->dim != f->n * f->dim)
        e = ad_fail(AD_BAD_SHAPE, "--%s: %s holds %ld samples of %ld numbers; %s has %ld", key,
                    path, f->n, f->dim, s->model->path, s->dim);
    *x = e ? NULL : sample_room(s, *rows);
    if (!e && !*x) e = AD_NO_MEMORY;
    if (!e) e = ds_samples_rows(f, f->n, NULL, AD_F64, *x, NULL);
    ds_samples_free(f);
    return e;
}

/* The same for one row, which is repeated, or n. */
static ad_status read_all(sample *s, const char *key, double **x)
{
    long    rows;
    double *read_x;
    AD_TRY(read(s, key, &rows, &read_x));
    *x = read_x;
    if (rows == s->n) return AD_OK;
    if (rows != 1)
        return ad_fail(AD_BAD_SHAPE, "--%s: %s holds %ld samples, and %ld are to be sampled", key,
                       cli_text(s->args, key), rows, s->n);
    *x = sample_room(s, s->n);
    for (long i = 0; *x && i < s->n; i++)
        memcpy(*x + i * s->dim, read_x, (size_t)s->dim * sizeof(double));
    return *x ? AD_OK : AD_NO_MEMORY;
}

static ad_status how_many(sample *s, const char *key)
{
    long    n = s->dim <= 2 ? MANY : FEW;
    double *x;
    if (key) AD_TRY(read(s, key, &n, &x));
    s->n = n;
    if (cli_given(s->args, "n")) s->n = cli_integer(s->args, "n");
    if (s->n < 1) return ad_fail(AD_INVALID, "--n is %s; at least 1", cli_text(s->args, "n"));
    if (s->n > MOST / s->dim)
        return ad_fail(AD_INVALID, "--n is %s; at most %ld samples of %ld numbers",
                       cli_text(s->args, "n"), MOST / s->dim, s->dim);
    return key ? read_all(s, key, &s->start) : AD_OK;
}

static ad_status labels(sample *s)
{
    const cli_args *a = s->args;
    s->classes        = cli_list(a, "class");
    s->label          = ad_arena_alloc(s->arena, ((size_t)s->classes + 1) * sizeof *s->label);
    if (!s->label) return AD_NO_MEMORY;
    if ((s->classes || cli_given(a, "guidance")) && !s->model->classes)
        return ad_fail(AD_INVALID, "--%s: %s was not trained on classes",
                       s->classes ? "class" : "guidance", s->model->path);
    if (cli_given(a, "guidance") && !s->classes)
        return ad_fail(AD_INVALID, "--guidance needs --class: guided to which?");
    s->model->model.guided = cli_given(a, "guidance");
    for (int i = 0; i < s->classes; i++) {
        long k;
        if (mdl_denoiser_class(s->model, cli_item(a, "class", i), &k))
            return ad_fail_at(AD_INVALID, "--class: ");
        s->label[i] = (int)k;
    }
    return AD_OK;
}

/* Samplers that decide by the whole batch get the whole batch. */
static ad_status batch(sample *s)
{
    const dpm_method *m = dpm_method_find(s->o.sampler ? s->o.sampler : "dpmpp-2m");
    if (!m) return AD_INVALID;
    long parts = s->model->mixture ? s->model->mixture->components : 1;
    long rows  = NUMBERS / (s->dim * (parts < 16 ? parts : 16));
    rows       = rows < FEW ? FEW : rows > ROWS ? ROWS : rows;
    long given = cli_integer(s->args, "batch");
    if (given < 0) return ad_fail(AD_INVALID, "--batch is %ld; at least 1, or 0", given);
    s->batch = given ? given : m->flags & DPM_LIVE ? s->n : rows;
    if (s->batch > s->n) s->batch = s->n;
    return AD_OK;
}

ad_status sample_begin(sample *s)
{
    const cli_args *a = s->args;
    AD_TRY(labels(s));
    AD_TRY(how_many(s, cli_given(a, "start") ? "start" : cli_given(a, "from") ? "from" : NULL));
    if (cli_given(a, "known")) {
        AD_TRY(read_all(s, "known", &s->known));
        AD_TRY(read_all(s, "mask", &s->mask));
        mdl_denoiser_from_data(s->model, s->n, s->known);
        for (long i = 0; i < s->n * s->dim; i++) s->mask[i] = s->mask[i] > 0;
    }
    if (cli_given(a, "mean")) AD_TRY(read_all(s, "mean", &s->mean));
    sample_about_mean(s);
    if (cli_given(a, "cotangent")) {
        long rows;
        AD_TRY(read(s, "cotangent", &rows, &s->cotangent));
        if (rows != s->n)
            return ad_fail(AD_BAD_SHAPE, "--cotangent: %s holds %ld samples, and %ld are sampled",
                           cli_text(a, "cotangent"), rows, s->n);
    }
    return batch(s);
}

/* alpha x0 + sigma e, of data in s->start, or of none; around mu, where there is one. */
ad_status sample_start(sample *s)
{
    const cli_args  *a    = s->args;
    const dpm_point *from = s->point;
    long             m    = s->n * s->dim;
    if (cli_flag(a, "invert")) mdl_denoiser_from_data(s->model, s->n, s->start);
    if (cli_given(a, "start")) return AD_OK;
    double *e = sample_room(s, s->n);
    if (!e) return AD_NO_MEMORY;
    ad_random_normal(AD_F64, (uint64_t)cli_integer(a, "seed"), STREAM, 0, m, e);
    if (s->start) mdl_denoiser_from_data(s->model, s->n, s->start);
    for (long i = 0; i < m; i++) {
        double mu = s->mean ? s->mean[i] : 0;
        e[i]      = mu + from->sigma * e[i] + (s->start ? from->alpha * (s->start[i] - mu) : 0);
    }
    s->start = e;
    return AD_OK;
}
