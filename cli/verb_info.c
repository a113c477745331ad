/* costate info RUN|FILE: what is in a run's directory, a checkpoint, a data file, a mixture or a system. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/safetensors.h>
#include <costate/datasets/normalise.h>
#include <costate/datasets/read.h>
#include <costate/diffusion/mixture.h>
#include <costate/nde/text.h>

#include "folder.h"
#include "info.h"
#include "models.h"
#include "run_files.h"
#include "verbs.h"

static void print_shape(const ad_tensor *t)
{
    printf("[");
    for (int i = 0; i < t->rank; i++) printf("%s%ld", i ? ", " : "", t->dim[i]);
    printf("]");
}

static ad_status info_checkpoint(const char *path)
{
    ad_tensors *f;
    AD_TRY(ad_tensors_read(&f, path));
    printf("%s: %d arrays\n", path, f->count);
    for (int i = 0; i < f->count; i++) {
        printf("  %-40s %s ", f->tensor[i].name, ad_tensor_type_name(f->tensor[i].type));
        print_shape(&f->tensor[i]);
        putchar('\n');
    }
    for (int i = 0; i < f->texts; i++)
        printf("  %s: %.200s%s\n", f->meta[i].key, f->meta[i].value,
               strlen(f->meta[i].value) > 200 ? "..." : "");
    ad_tensors_free(f);
    return AD_OK;
}

static ad_status info_run(const char *path)
{
    const cli_model *m = cli_model_of_run(path);
    return m ? m->info(path) : AD_BAD_FILE;
}

static int is_run(const char *directory)
{
    char path[RUN_PATH];
    return run_path(directory, "config.json", path) == AD_OK && cli_exists(path);
}

static ad_status info_system(const char *path)
{
    nde_system *s;
    AD_TRY(nde_system_read(&s, path));
    const nde_system_info *a = nde_system_about(s);
    printf("%s: %d equations, %d parameters, %d networks\n", path, a->states, a->parameters,
           a->networks);
    for (int i = 0; i < a->states; i++)
        printf("  %s%s", a->state[i].name,
               a->state[i].start == NDE_START_NONE ? " (without a start)\n" : "\n");
    for (int i = 0; i < a->parameters; i++)
        printf("  %s = %g%s\n", a->parameter[i].name, a->parameter[i].value,
               a->parameter[i].fit ? "" : " (known)");
    nde_system_free(s);
    return AD_OK;
}

/* A mixture of Gaussians, in JSON. */
static ad_status info_mixture(const char *path)
{
    dpm_mixture *m;
    AD_TRY(dpm_mixture_read(&m, path));
    printf("%s: a mixture of %ld Gaussians in %ld dimensions\n", path, m->components, m->dim);
    for (long k = 0; k < m->components && k < 32; k++) {
        printf("  weight %.4g  mean", m->weight[k]);
        for (long j = 0; j < m->dim && j < 8; j++) printf(" %.4g", m->mean[k * m->dim + j]);
        printf("%s  deviation", m->dim > 8 ? " ..." : "");
        for (long j = 0; j < m->dim && j < 8; j++)
            printf(" %.4g", sqrt(m->variance[k * m->dim + j]));
        printf("%s\n", m->dim > 8 ? " ..." : "");
    }
    if (m->components > 32) printf("  ...\n");
    dpm_mixture_free(m);
    return AD_OK;
}

static ad_status info_data(const char *what)
{
    ds_series_set *set;
    char           a[DS_CLOCK_TEXT], b[DS_CLOCK_TEXT];
    AD_TRY(ds_open(&set, what, NULL));
    printf("%s: %ld rows, %d columns, %d series, %ld values missing\n", what, ds_rows(set),
           set->cols, set->count, ds_missing(set));
    if (*set->note) printf("%s%s", set->note, set->note[strlen(set->note) - 1] == '\n' ? "" : "\n");
    const ds_series *s = &set->series[0];
    printf("%s from %s to %s, median step %g %s\n", set->time,
           ds_clock_text(&set->clock, s->t[0], a), ds_clock_text(&set->clock, s->t[s->len - 1], b),
           ds_spacing(set), ds_unit_name(set->clock.unit));
    ds_normalise *n;
    ad_status     status = ds_normalise_fit(&n, set, DS_TIME_AS_IS);
    for (int j = 0; !status && j < set->cols; j++)
        printf("  %-18s mean %-12.5g deviation %.5g\n", set->column[j], n->mean[j], n->std[j]);
    if (!status) ds_normalise_free(n);
    ds_series_set_free(set);
    return status;
}

static int ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

static int run(const cli_args *a)
{
    const char *what = cli_word(a, 0);
    struct stat st;
    ad_status   s;
    if (!what)
        return cli_mistake(a, "about what? A run, a checkpoint, a data set, a mixture or a system");
    int there = stat(what, &st) == 0, folder = there && S_ISDIR(st.st_mode);
    if (folder && !is_run(what) && ds_samples_in_folder(what))
        s = info_set(ds_samples_in_folder(what), what);
    else if (folder)
        s = info_run(what);
    else if (!there && ds_samples_named(what))
        s = info_set(what, NULL);
    else if (there && info_is_idx(what))
        s = info_idx(what);
    else if (ends_with(what, ".safetensors"))
        s = info_checkpoint(what);
    else if (ends_with(what, ".json"))
        s = info_mixture(what);
    else if (ends_with(what, ".ode"))
        s = info_system(what);
    else
        s = info_data(what);
    return s ? cli_failed(a) : CLI_DONE;
}

static const cli_option options[] = {
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};

const cli_verb cli_verb_info = {
    .name      = "info",
    .summary   = "tells what is in a run, a checkpoint, a data set, a mixture or a system",
    .usage     = "RUN|FILE|NAME",
    .examples  = "costate info run\ncostate info lynx-hare\ncostate info digits\ncostate info "
                 "run/checkpoint.safetensors",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
