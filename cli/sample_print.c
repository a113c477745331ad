/* sample_print.c - what sampling took, for people and as JSON. */
#include <string.h>

#include <jansson.h>

#include <costate/diffusion/method.h>

#include "json.h"
#include "sample.h"
#include "text.h"

static const dpm_method *method_of(const sample *s)
{
    return dpm_method_find(s->o.sampler ? s->o.sampler : "dpmpp-2m"); /* it was found before */
}

/* Steps of its own, beside those of the grid? */
static int adaptive(const sample *s)
{
    return strstr(method_of(s)->takes, "rtol") != NULL;
}

static double rate(const sample *s)
{
    return s->seconds > 0 ? (double)s->n / s->seconds : 0;
}

char *sample_rate_text(const sample *s, char *text, size_t size)
{
    double r = rate(s);
    snprintf(text, size, "%.*f", r < 10 ? 2 : r < 100 ? 1 : 0, r);
    return text;
}

void sample_print(const sample *s)
{
    char        a[32], b[32], c[32];
    const char *gradient = cli_text(s->args, "gradient");
    int         files    = s->output || s->picture || s->gradient || s->path;
    FILE       *out      = files ? stdout : stderr; /* the samples themselves are on stdout */
    if (!files && cli_flag(s->args, "quiet")) return;
    snprintf(b, sizeof b, "%ld steps", s->steps);
    fprintf(out, "%s: %ld samples in %s, %s a second; %s, %ld evaluations\n", method_of(s)->name,
            s->n, cli_seconds_text(s->seconds, a, sizeof a), sample_rate_text(s, c, sizeof c),
            adaptive(s) ? "steps of its own" : b, s->nfe);
    if (s->gradient)
        fprintf(out, "gradient by %s in %s: %ld pullbacks, %ld evaluations again, %s kept\n",
                dpm_adjoint_name((int)s->o.adjoint), cli_seconds_text(s->seconds_back, a, sizeof a),
                s->nvjp, s->nfe_again, cli_bytes_text((double)s->bytes_kept, b, sizeof b));
    if (s->output) fprintf(out, "%s\n", s->output);
    if (gradient) fprintf(out, "%s\n", gradient);
    if (s->path) fprintf(out, "%s\n", cli_text(s->args, "path"));
    if (s->picture) fprintf(out, "%s\n", s->picture);
    if (s->report) fprintf(out, "%s\n", s->report);
}

static void file(json_t *files, const char *key, const char *path)
{
    if (path) json_object_set_new(files, key, json_string(path));
}

static json_t *files_of(const sample *s)
{
    json_t *files = json_object();
    if (!files) return NULL;
    file(files, "output", s->output);
    file(files, "gradient", cli_text(s->args, "gradient"));
    file(files, "path", cli_text(s->args, "path"));
    file(files, "picture", s->picture);
    file(files, "report", s->report);
    return files;
}

static void backward(const sample *s, json_t *j)
{
    if (!s->gradient) return;
    json_object_set_new(j, "adjoint", json_string(dpm_adjoint_name((int)s->o.adjoint)));
    json_object_set_new(j, "nvjp", json_integer(s->nvjp));
    json_object_set_new(j, "nfe_again", json_integer(s->nfe_again));
    json_object_set_new(j, "bytes_kept", json_integer((json_int_t)s->bytes_kept));
    json_object_set_new(j, "bytes_model", json_integer((json_int_t)s->bytes_model));
    json_object_set_new(j, "seconds_back", cli_json_number(s->seconds_back));
}

static ad_status grid_of(const sample *s, json_t *j)
{
    long             n     = s->steps + 1;
    const dpm_point *point = s->point;
    if (!point) return AD_OK;
    double *t = ad_alloc(2 * (size_t)n * sizeof *t);
    if (!t) return AD_NO_MEMORY;
    double *lambda = t + n;
    for (long i = 0; i < n; i++) t[i] = point[i].t, lambda[i] = point[i].lambda;
    json_object_set_new(j, "t", cli_json_numbers(n, t));
    json_object_set_new(j, "lambda", cli_json_numbers(n, lambda));
    ad_free(t);
    return AD_OK;
}

ad_status sample_json(const sample *s)
{
    json_t *j = json_object();
    if (!j) return ad_fail(AD_NO_MEMORY, "out of memory");
    json_object_set_new(j, "model", json_string(s->model->path));
    json_object_set_new(j, "sampler", json_string(method_of(s)->name));
    json_object_set_new(j, "schedule", json_string(s->o.schedule->kind->name));
    json_object_set_new(j, "grid", json_string(s->o.grid.name ? s->o.grid.name : "logsnr"));
    json_object_set_new(j, "precision",
                        json_string(s->model->model.type == AD_F64 ? "float64" : "float32"));
    json_object_set_new(j, "n", json_integer(s->n));
    json_object_set_new(j, "dim", json_integer(s->dim));
    json_object_set_new(j, "seed", json_integer(cli_integer(s->args, "seed")));
    json_object_set_new(j, "steps", adaptive(s) ? json_null() : json_integer(s->steps));
    json_object_set_new(j, "nfe", json_integer(s->nfe));
    json_object_set_new(j, "seconds", cli_json_number(s->seconds));
    json_object_set_new(j, "samples_per_second", cli_json_number(rate(s)));
    json_object_set_new(j, "bytes", json_integer((json_int_t)s->bytes));
    backward(s, j);
    ad_status e = grid_of(s, j);
    json_object_set_new(j, "files", files_of(s));
    if (!e) e = cli_json_print(j, stdout);
    json_decref(j);
    return e;
}
