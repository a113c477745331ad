#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>
#include <costate/autodiff/threads.h>

#include "folder.h"
#include "json.h"
#include "run_files.h"

enum { LINE = 8192 };

ad_status run_threads(const cli_args *a)
{
    long n = cli_integer(a, "threads");
    if (n < 0 || n > AD_THREADS_MOST)
        return ad_fail(AD_INVALID,
                       "--threads is %ld; 1 to %d, or 0 for COSTATE_THREADS and else the cores "
                       "there are",
                       n, AD_THREADS_MOST);
    if (n) ad_threads_set((int)n);
    return AD_OK;
}

ad_status run_options(const cli_args *a)
{
    if (cli_flag(a, "dry-run") && cli_flag(a, "json"))
        return ad_fail(AD_INVALID, "--dry-run is told as text; leave --json out");
    return run_threads(a);
}

ad_status run_path(const char *directory, const char *name, char *path)
{
    int n = snprintf(path, RUN_PATH, "%s/%s", directory, name);
    return n > 0 && n < RUN_PATH ? AD_OK
                                 : ad_fail(AD_IO, "%.60s...: the path is too long", directory);
}

/* "run-" and the name of the data without folder and endings, the first number that is free behind it. */
static void own_name(const char *data, char *path)
{
    const char *end = data + strlen(data);
    while (end > data && end[-1] == '/') end--;
    const char *base = end;
    while (base > data && base[-1] != '/') base--;
    int n = (int)strcspn(base, ".:/");
    if (n == 0) base = "data", n = 4; /* ".", "..", "/" */
    snprintf(path, RUN_PATH, "run-%.*s", n > 60 ? 60 : n, base);
    for (int i = 2; cli_exists(path) && i < 10000; i++)
        snprintf(path, RUN_PATH, "run-%.*s-%d", n > 60 ? 60 : n, base, i);
}

ad_status run_choose_directory(const cli_args *a, const char *data, char **directory)
{
    char        path[RUN_PATH];
    const char *asked = cli_text(a, "output");
    if (!asked) own_name(data, path);
    *directory = ad_strdup(asked ? asked : path);
    if (!*directory) return AD_NO_MEMORY;
    AD_TRY(run_path(*directory, "checkpoint.safetensors", path));
    if (cli_exists(path) && !cli_flag(a, "overwrite"))
        return ad_fail(AD_INVALID,
                       "%s holds a run already: --resume goes on with it, --overwrite replaces it, "
                       "or choose another --output",
                       *directory);
    AD_TRY(run_path(*directory, "tune.json", path));
    if (cli_exists(path) && !cli_flag(a, "overwrite"))
        return ad_fail(
            AD_INVALID,
            "%s has what `costate tune` left: --overwrite replaces it, or choose another "
            "--output",
            *directory);
    return cli_make_folder(*directory);
}

/* What a run wrote after its last checkpoint goes. */
static ad_status cut(const char *path, long keep)
{
    char    line[LINE];
    ad_file f;
    FILE   *in = fopen(path, "r");
    if (!in) return AD_OK;
    ad_status s = ad_file_create(&f, path);
    while (!s && fgets(line, sizeof line, in)) {
        const char *at = strstr(line, "\"iteration\":");
        if (at && strchr(line, '\n') && strtol(at + 12, NULL, 10) <= keep)
            ad_file_write(&f, line, strlen(line));
    }
    fclose(in);
    return s ? s : ad_file_commit(&f);
}

ad_status run_metrics_open(const char *directory, long keep, FILE **f)
{
    char path[RUN_PATH];
    AD_TRY(run_path(directory, "metrics.jsonl", path));
    if (keep > 0) AD_TRY(cut(path, keep));
    *f = fopen(path, keep > 0 ? "a" : "w");
    return *f ? AD_OK : ad_fail(AD_IO, "%s: cannot write: %s", path, strerror(errno));
}

static void field(json_t *j, const char *key, double x)
{
    if (!isnan(x)) json_object_set_new(j, key, cli_json_number(x));
}

void run_metrics_term(json_t *all, const reg_result *r)
{
    char    name[96];
    json_t *one = json_object();
    if (!one) return;
    reg_term_text(r->term, name, sizeof name);
    name[strcspn(name, ":")] = 0;
    field(one, "coefficient", r->lambda);
    field(one, "value", r->value);
    field(one, "norm", r->norm);
    json_object_set_new(all, name, one);
}
