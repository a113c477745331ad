/* score_evaluate.c - the likelihood of data under a score run, by its probability-flow ODE (density.h), in any precision and at any
   tolerance. Of the data as they are: log p(data) = log p(x) - sum_j log scale_j, data = x scale + shift. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/samples_read.h>
#include <costate/models/denoiser.h>
#include <costate/models/density.h>
#include <costate/models/pass.h>
#include <costate/models/score_task.h>

#include "json.h"
#include "score_evaluate.h"
#include "text.h"

/* Up to so many numbers the divergence is exact, beyond by probes. */
enum { EXACT = 64, BATCH = 256, MOST = 16 };

typedef struct likelihood {
    const cli_args *args;
    const char     *directory;
    ad_arena       *arena;
    mdl_score_task *task; /* whose data it is; NULL with --data */
    ds_samples     *own;
    long            n, dim;
    double         *data;  /* [n, dim] */
    int            *label; /* NULL: none */
    json_t         *list;
} likelihood;

/* --- the data ------------------------------------------------------------------------------------------------------------------ */

static ad_status samples_of(likelihood *v, const ds_samples **s)
{
    const char *data = cli_text(v->args, "data"), *part = cli_text(v->args, "part");
    if (strcmp(part, "train") && strcmp(part, "test"))
        return ad_fail(AD_INVALID, "--part is train or test, not '%.40s'", part);
    if (data) {
        AD_TRY(ds_samples_open(&v->own, data,
                               &(ds_samples_options){ .dir = cli_text(v->args, "data-dir") }));
        *s = v->own;
        return AD_OK;
    }
    mdl_score_config *c;
    mdl_score_facts   facts;
    AD_TRY(mdl_score_read_json(v->directory, &c, &facts));
    json_decref(facts.class_names);
    AD_TRY(mdl_score_task_new(&v->task, c));
    *s = strcmp(part, "train") && v->task->test ? v->task->test : v->task->train;
    return AD_OK;
}

static ad_status read_data(likelihood *v, const mdl_denoiser *d)
{
    const ds_samples *s    = NULL;
    long              rows = cli_integer(v->args, "rows");
    if (rows < 0) return ad_fail(AD_INVALID, "--rows counts samples; 0 takes all");
    AD_TRY(samples_of(v, &s));
    if (s->dim != d->model.dim)
        return ad_fail(AD_BAD_SHAPE, "%s: samples of %ld numbers; the run's have %ld", s->name,
                       s->dim, d->model.dim);
    v->n     = rows && rows < s->n ? rows : s->n;
    v->dim   = s->dim;
    v->data  = ad_arena_alloc(v->arena, (size_t)(v->n * v->dim) * sizeof(double));
    v->label = s->label && d->classes ? ad_arena_alloc(v->arena, (size_t)v->n * sizeof(int)) : NULL;
    if (!v->data || (s->label && d->classes && !v->label)) return AD_NO_MEMORY;
    return ds_samples_rows(s, v->n, NULL, AD_F64, v->data, v->label);
}

/* --- one precision and tolerance ----------------------------------------------------------------------------------------------- */

/* What the network is told of each sample: its class where there is one. */
static ad_status conditions(const likelihood *v, const mdl_denoiser *d, void **c)
{
    size_t row = (size_t)d->embedding * ad_type_size(d->model.type);
    *c         = NULL;
    if (!d->classes) return AD_OK;
    if (!(*c = ad_arena_alloc(v->arena, (size_t)v->n * row))) return AD_NO_MEMORY;
    for (long i = 0; i < v->n; i++) {
        int k = v->label && v->label[i] < d->classes ? v->label[i] : -1;
        AD_TRY(mdl_denoiser_embed(d, k, (char *)*c + (size_t)i * row));
    }
    return AD_OK;
}

static ad_status densities(likelihood *v, const mdl_denoiser *d, const nde_options *solve,
                           double *log_p, double *nfe)
{
    size_t       row = (size_t)d->embedding * ad_type_size(d->model.type);
    mdl_density *p;
    void        *c;
    double      *x = ad_arena_alloc(v->arena, (size_t)(v->n * v->dim) * sizeof *x);
    if (!x) return AD_NO_MEMORY;
    memcpy(x, v->data, (size_t)(v->n * v->dim) * sizeof *x);
    mdl_denoiser_from_data(d, v->n, x);
    AD_TRY(conditions(v, d, &c));
    AD_TRY(mdl_density_new(
        &p, &d->model, d->schedule,
        &(mdl_density_options){ .solve = solve, .capacity = BATCH, .estimate = v->dim > EXACT }));
    ad_status s = AD_OK;
    *nfe        = 0;
    for (long at = 0; !s && at < v->n; at += BATCH) {
        long        n      = v->n - at < BATCH ? v->n - at : BATCH;
        const void *args[] = { c ? (char *)c + (size_t)at * row : NULL };
        double      one;
        s = mdl_density_log(p, n, x + at * v->dim, d->theta, args, (uint64_t)at, log_p + at, &one);
        *nfe += one * (double)n / (double)v->n;
    }
    mdl_density_free(p);
    return s;
}

static ad_status judge(likelihood *v, ad_type type, double tolerance)
{
    mdl_denoiser *d;
    nde_options   solve = { .rtol = tolerance, .atol = tolerance };
    double        nfe, mean = 0, square = 0, scale = 0, begin = mdl_seconds(), *log_p;
    AD_TRY(mdl_denoiser_load(&d, v->directory, type));
    ad_status s = v->data ? AD_OK : read_data(v, d);
    if (!s && !(log_p = ad_arena_alloc(v->arena, (size_t)v->n * sizeof *log_p))) s = AD_NO_MEMORY;
    if (!s) s = densities(v, d, &solve, log_p, &nfe);
    for (long j = 0; !s && j < v->dim; j++) scale += log(fabs(d->scale[j]));
    mdl_denoiser_free(d);
    AD_TRY(s);
    for (long i = 0; i < v->n; i++) mean += (log_p[i] - scale) / (double)v->n;
    for (long i = 0; i < v->n; i++) square += pow(log_p[i] - scale - mean, 2) / (double)v->n;
    json_t *j = json_pack("{s:s, s:f, s:I, s:o, s:o, s:o, s:o, s:s, s:f}", "precision",
                          type == AD_F32 ? "float32" : "float64", "tolerance", tolerance, "samples",
                          (json_int_t)v->n, "log_density", cli_json_number(mean), "standard_error",
                          cli_json_number(sqrt(square / (double)v->n)), "bits_a_number",
                          cli_json_number(-mean / ((double)v->dim * log(2))), "nfe",
                          cli_json_number(nfe), "divergence", v->dim > EXACT ? "probes" : "exact",
                          "seconds", mdl_seconds() - begin);
    return j && !json_array_append_new(v->list, j) ? AD_OK : ad_fail(AD_NO_MEMORY, "out of memory");
}

static ad_status all(likelihood *v)
{
    int types = cli_list(v->args, "precision"), tolerances = cli_list(v->args, "tolerance");
    for (int i = 0; i < (types ? types : 1); i++) {
        const char *name = types ? cli_item(v->args, "precision", i) : "float32";
        if (strcmp(name, "float32") && strcmp(name, "float64"))
            return ad_fail(AD_INVALID, "--precision is float32 or float64, not '%.40s'", name);
        for (int k = 0; k < (tolerances ? tolerances : 1); k++) {
            double tolerance = 1e-5;
            if (tolerances && (!cli_parse_number(cli_item(v->args, "tolerance", k), &tolerance) ||
                               tolerance <= 0))
                return ad_fail(AD_INVALID, "--tolerance: '%.40s' is no positive number",
                               cli_item(v->args, "tolerance", k));
            AD_TRY(judge(v, strcmp(name, "float32") ? AD_F64 : AD_F32, tolerance));
        }
    }
    return AD_OK;
}

static double number(const json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

static void print(const likelihood *v)
{
    char    seconds[32];
    size_t  i;
    json_t *j;
    printf("%-10s %-9s %-8s %-22s %-15s %-6s %s\n", "precision", "tolerance", "samples",
           "log density (nats)", "bits a number", "NFE", "time");
    json_array_foreach(v->list, i, j)
    {
        char mean[48];
        snprintf(mean, sizeof mean, "%.4f +- %.4f", number(j, "log_density"),
                 number(j, "standard_error"));
        printf("%-10s %-9g %-8ld %-22s %-15.4f %-6.0f %s\n",
               json_string_value(json_object_get(j, "precision")), number(j, "tolerance"), v->n,
               mean, number(j, "bits_a_number"), number(j, "nfe"),
               cli_seconds_text(number(j, "seconds"), seconds, sizeof seconds));
    }
}

int score_evaluate(const cli_args *a, const char *directory)
{
    likelihood v = {
        .args = a, .directory = directory, .arena = ad_arena_new(), .list = json_array()
    };
    ad_status s = v.arena && v.list ? all(&v) : ad_fail(AD_NO_MEMORY, "out of memory");
    if (!s && cli_flag(a, "json"))
        s = cli_json_print(v.list, stdout);
    else if (!s)
        print(&v);
    json_decref(v.list);
    ds_samples_free(v.own);
    mdl_score_task_free(v.task);
    ad_arena_free(v.arena);
    if (s == AD_INVALID) return cli_mistake(a, "%s", ad_message());
    return s ? cli_failed(a) : CLI_DONE;
}
