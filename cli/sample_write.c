/* sample_write.c - arrays into files: what was sampled, the gradient, the path. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <costate/datasets/file.h>
#include <costate/datasets/npz.h>
#include <costate/datasets/number.h>

#include "folder.h"
#include "sample.h"

/* An array to be written: [lead, n, shape of a sample], lead = 0 for [n, ...]. */
typedef struct array {
    const char   *key, *name; /* the option, and the name within an archive */
    const double *value;
    long          lead;
} array;

typedef enum ending { NONE, NPY, NPZ, CSV } ending;

static ending ending_of(const char *path)
{
    static const char *const known[] = { [NPY] = ".npy", [NPZ] = ".npz", [CSV] = ".csv" };
    const char              *dot     = strrchr(path, '.');
    for (int i = NPY; dot && i <= CSV; i++)
        if (!strcasecmp(dot, known[i])) return (ending)i;
    return NONE;
}

static int shape_of(const sample *s, const array *a, long dim[DS_NPY_RANK])
{
    int rank = 0;
    if (a->lead) dim[rank++] = a->lead;
    dim[rank++] = s->n;
    for (int i = 0; i < s->model->rank; i++) dim[rank++] = s->model->shape[i];
    return rank;
}

static ad_status write_npz(const sample *s, const array *a, const char *path)
{
    ds_npz_entry entry[2] = { { .name = a->name, .value = a->value } };
    entry[0].rank         = shape_of(s, a, entry[0].dim);
    if (!s->classes) return ds_npz_write(path, 1, entry, 1);
    double *label = ad_arena_alloc(s->arena, (size_t)s->n * sizeof *label);
    if (!label) return AD_NO_MEMORY;
    for (long i = 0; i < s->n; i++) label[i] = s->label[i % s->classes];
    entry[1] = (ds_npz_entry){ .name = "label", .rank = 1, .dim = { s->n }, .value = label };
    return ds_npz_write(path, 2, entry, 1);
}

/* A row a sample, in front the class, of a path step and time, where there is one. */
static void print_csv(const sample *s, const array *a, FILE *f)
{
    const dpm_point *point = s->point;
    char             text[32];
    if (a->lead) fputs("step,t,sample,", f);
    for (long j = 0; j < s->dim; j++) fprintf(f, "%sx%ld", j ? "," : "", j + 1);
    fputs(s->classes ? ",label\n" : "\n", f);
    for (long k = 0; k < (a->lead ? a->lead : 1); k++)
        for (long i = 0; i < s->n; i++) {
            const double *x = a->value + (k * s->n + i) * s->dim;
            if (a->lead) fprintf(f, "%ld,%s,%ld,", k, ds_number_text(point[k].t, text), i);
            for (long j = 0; j < s->dim; j++)
                fprintf(f, "%s%s", j ? "," : "", ds_number_text(x[j], text));
            if (s->classes) fprintf(f, ",%d", s->label[i % s->classes]);
            fputc('\n', f);
        }
}

static ad_status write_csv(const sample *s, const array *a, const char *path)
{
    ds_replacement r;
    AD_TRY(ds_replace_begin(&r, path));
    print_csv(s, a, r.file);
    return ds_replace_commit(&r);
}

static ad_status write_one(const sample *s, const array *a, const char *path)
{
    long dim[DS_NPY_RANK];
    switch (ending_of(path)) {
    case NPZ: return write_npz(s, a, path);
    case CSV: return write_csv(s, a, path);
    default: return ds_npy_write(path, shape_of(s, a, dim), dim, a->value);
    }
}

/* Beside a run lies what is not asked to lie elsewhere. */
static ad_status name_files(sample *s)
{
    const char *given = cli_text(s->args, "output");
    char        path[RUN_PATH];
    if (!given && s->model->schedule) {
        AD_TRY(run_path(s->model->path, "samples.npy", path));
        given = path;
    }
    s->output = given ? ad_arena_strdup(s->arena, given) : NULL;
    return given && !s->output ? AD_NO_MEMORY : AD_OK;
}

ad_status sample_files(sample *s)
{
    static const char *const keys[] = { "output", "gradient", "path", "picture" };
    AD_TRY(name_files(s));
    for (int i = 0; i < 4; i++) {
        const char *path = cli_text(s->args, keys[i]);
        if (!path) continue;
        if (i < 3 && ending_of(path) == NONE)
            return ad_fail(AD_INVALID, "--%s: %s: arrays are .npy, .npz or .csv", keys[i], path);
        AD_TRY(cli_writable(keys[i], path));
        for (int j = 0; j < i; j++)
            if (cli_text(s->args, keys[j]) && !strcmp(path, cli_text(s->args, keys[j])))
                return ad_fail(AD_INVALID, "--%s and --%s are the same file, %s", keys[j], keys[i],
                               path);
    }
    return sample_picture_files(s);
}

/* Beside its place, under a name with the same ending. */
static ad_status aside(const char *path, char to[RUN_PATH])
{
    int n = snprintf(to, RUN_PATH, "%s.part%ld%s", path, (long)getpid(), strrchr(path, '.'));
    return n < RUN_PATH ? AD_OK : ad_fail(AD_IO, "%.60s...: the path is too long", path);
}

/* The sentence names the file that was asked for. */
static ad_status renamed(ad_status e, const char *part, const char *path)
{
    char        text[1024];
    const char *sentence = ad_message(), *at = strstr(sentence, part);
    if (!e || !at) return e;
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - sentence), sentence, path,
             at + strlen(part));
    return ad_fail(e, "%s", text);
}

/* All of them or none: what stood at their places is replaced when all are written. */
ad_status sample_write(sample *s)
{
    const array all[] = { { "output", "x", s->out, 0 },
                          { "gradient", "gradient", s->gradient, 0 },
                          { "path", "path", s->path, s->steps + 1 } };
    const char *path[3];
    char        part[3][RUN_PATH];
    int         written = 0;
    ad_status   e       = AD_OK;
    for (int i = 0; !e && i < 3; i++) {
        const char *to = i ? cli_text(s->args, all[i].key) : s->output;
        if (!to || !all[i].value) continue;
        path[written] = to;
        e             = aside(to, part[written]);
        if (!e) e = renamed(write_one(s, &all[i], part[written]), part[written], to);
        if (!e) written++;
    }
    for (int i = 0; i < written; i++) {
        if (!e && rename(part[i], path[i]))
            e = ad_fail(AD_IO, "%s cannot be written: %s", path[i], strerror(errno));
        if (e) unlink(part[i]);
    }
    if (!e && !s->output && !s->gradient && !s->path && !s->picture && !cli_flag(s->args, "json"))
        print_csv(s, &all[0], stdout);
    return e;
}
