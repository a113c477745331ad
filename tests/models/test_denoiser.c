/* What samplers are given: runs of score networks and mixtures, read back. */
#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <costate/autodiff/plan.h>
#include <costate/models/denoiser.h>
#include <costate/models/model.h>
#include <costate/models/score_task.h>

#include "tests/support.h"

enum { PATH = 256, ROWS = 7 };

static char run[64];

static void path_of(const char *name, char path[PATH])
{
    snprintf(path, PATH, "%s/%s", run, name);
}

static mdl_score_task *task_of(const char *const set[][2], int n)
{
    void           *config;
    mdl_score_task *t;
    cr_assert_eq(mdl_settings_new(&mdl_score_settings, &config), AD_OK);
    for (int i = 0; i < n; i++)
        cr_assert_eq(mdl_settings_set(&mdl_score_settings, config, set[i][0], set[i][1]), AD_OK);
    cr_assert_eq(mdl_score_task_new(&t, config), AD_OK, "%s", ad_message());
    return t;
}

/* A run of 12 iterations in a folder of its own. */
static mdl_score_task *train(void)
{
    static const char *const set[][2] = { { "data", "two-moons:n=200" },
                                          { "conditional", "yes" },
                                          { "hidden", "8" },
                                          { "depth", "1" },
                                          { "embedding", "5" },
                                          { "iterations", "12" },
                                          { "batch", "32" } };
    char                     path[PATH];
    strcpy(run, "/tmp/costate-denoiser-XXXXXX");
    cr_assert_not_null(mkdtemp(run));
    mdl_score_task *t = task_of(set, 7);
    cr_assert_eq(mdl_training_run(t->training, NULL, NULL), AD_OK, "%s", ad_message());
    path_of("checkpoint.safetensors", path);
    cr_assert_eq(mdl_training_save(t->training, path, "{}"), AD_OK);
    path_of("config.json", path);
    json_t *j = mdl_score_task_to_json(t);
    cr_assert_eq(json_dump_file(j, path, 0), 0);
    json_decref(j);
    return t;
}

static void remove_run(void)
{
    static const char *const name[] = { "checkpoint.safetensors", "config.json" };
    char                     path[PATH];
    for (int i = 0; i < 2; i++) {
        path_of(name[i], path);
        unlink(path);
    }
    rmdir(run);
}

static void same_weights(const mdl_denoiser *d, const void *theta, ad_type type)
{
    for (long i = 0; i < ad_params_count(d->model.theta); i++)
        cr_assert_eq(mdl_get(d->model.type, d->theta, i), mdl_get(type, theta, i), "weight %ld", i);
}

Test(denoiser, of_a_run)
{
    mdl_score_task *t = train();
    mdl_denoiser   *d, *wide, *copy;
    cr_assert_eq(mdl_denoiser_load(&d, run, 0), AD_OK, "%s", ad_message());
    cr_assert_eq(d->model.type, AD_F32);
    cr_assert_eq(d->model.dim, 2);
    cr_assert_eq(d->classes, 2);
    cr_assert_eq(d->embedding, 5);
    cr_assert_eq(d->rank, 1);
    cr_assert_str_eq(d->schedule->kind->name, "vp-linear");
    cr_assert_eq(memcmp(d->scale, t->scale, sizeof(double) * 2), 0);
    float *averaged = ad_alloc((size_t)mdl_scorer_learner(t->score)->count * sizeof *averaged);
    cr_assert_eq(mdl_scorer_weights(t->score, averaged), AD_OK);
    same_weights(d, averaged, AD_F32);
    cr_assert_eq(mdl_denoiser_load(&wide, run, AD_F64), AD_OK, "%s", ad_message());
    cr_assert_eq(wide->model.type, AD_F64);
    same_weights(wide, averaged, AD_F32);
    /* other weights, saved */
    ((double *)wide->theta)[3] = 0.1;
    cr_assert_eq(mdl_denoiser_save(wide, run), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_denoiser_load(&copy, run, 0), AD_OK, "%s", ad_message());
    cr_assert_eq(copy->model.type, AD_F64);
    same_weights(copy, wide->theta, AD_F64);
    mdl_denoiser_free(copy);
    mdl_denoiser_free(wide);
    mdl_denoiser_free(d);
    ad_free(averaged);
    mdl_score_task_free(t);
    remove_run();
}

static void evaluate(const mdl_denoiser *d, const double *x, const double *c, int unconditional,
                     double *out)
{
    ad_graph *g;
    ad_plan  *plan;
    ad_work  *work;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    dpm_point p    = dpm_schedule_at(d->schedule, 0.3);
    ad_var    in[] = { ad_input(g, "x", AD_F64, ad_rows(2)), ad_input(g, "c", AD_F64, ad_rows(5)) };
    dpm_at    at   = { .g             = g,
                       .x             = in[0],
                       .t             = ad_const(g, AD_F64, p.t),
                       .alpha         = ad_const(g, AD_F64, p.alpha),
                       .sigma         = ad_const(g, AD_F64, p.sigma),
                       .nargs         = 1,
                       .args          = &in[1],
                       .theta         = d->model.theta,
                       .type          = AD_F64,
                       .unconditional = unconditional };
    ad_var    y    = d->model.network(&at, d->model.ctx);
    cr_assert_eq(ad_plan_new(&plan, 2, in, 1, &y, &(ad_plan_options){ .capacity = ROWS }), AD_OK,
                 "%s", ad_message());
    cr_assert_eq(ad_work_new(&work, plan), AD_OK);
    const void *from[] = { x, c };
    void       *to     = out;
    cr_assert_eq(
        ad_execute(plan, work, &(ad_args){ .n = ROWS, .in = from, .out = &to, .theta = d->theta }),
        AD_OK);
    ad_work_free(work);
    ad_plan_free(plan);
    ad_graph_free(g);
}

/* "No class" is a vector like those of the classes, and what guidance asks without a condition. */
Test(denoiser, conditions)
{
    mdl_score_task *t = train();
    mdl_denoiser   *d;
    double          x[2 * ROWS], c[5 * ROWS], a[2 * ROWS], b[2 * ROWS], e[5];
    uint64_t        state = 1;
    cr_assert_eq(mdl_denoiser_load(&d, run, AD_F64), AD_OK, "%s", ad_message());
    for (int i = 0; i < 2 * ROWS; i++) x[i] = draw(&state, -1, 1);
    for (long label = -1; label < 2; label++) {
        for (int i = 0; i < ROWS; i++)
            cr_assert_eq(mdl_denoiser_embed(d, label, c + (size_t)(5 * i)), AD_OK);
        evaluate(d, x, c, 0, a);
        evaluate(d, x, c, 1, b);
        double far = distance(2 * ROWS, a, b);
        cr_assert(label < 0 ? far < 1e-14 : far > 1e-5, "class %ld: %g", label, far);
    }
    cr_assert_eq(mdl_denoiser_embed(d, 2, e), AD_INVALID);
    cr_assert(strstr(ad_message(), "they are 0 to 1"));
    double y[2 * ROWS];
    memcpy(y, x, sizeof y);
    mdl_denoiser_to_data(d, ROWS, y);
    cr_assert(distance(2 * ROWS, x, y) > 0.01);
    mdl_denoiser_from_data(d, ROWS, y);
    cr_assert(distance(2 * ROWS, x, y) < 1e-15);
    mdl_denoiser_free(d);
    mdl_score_task_free(t);
    remove_run();
}

Test(denoiser, of_a_mixture)
{
    mdl_denoiser *d;
    char          path[PATH], c[8];
    strcpy(run, "/tmp/costate-denoiser-XXXXXX");
    cr_assert_not_null(mkdtemp(run));
    path_of("config.json", path);
    FILE *f = fopen(path, "w");
    fputs("{\"weights\": [1, 3], \"means\": [[0, 1, 2], [3, 4, 5]], \"note\": 0,"
          "\"variances\": [[1, 1, 1], [2, 2, 2]]}",
          f);
    fclose(f);
    cr_assert_eq(mdl_denoiser_load(&d, path, 0), AD_OK, "%s", ad_message());
    cr_assert_eq(d->model.type, AD_F64);
    cr_assert_eq(d->model.dim, 3);
    cr_assert_null(d->schedule);
    cr_assert_eq(d->scale[2], 1);
    cr_assert_eq(mdl_denoiser_embed(d, 0, c), AD_INVALID);
    cr_assert_eq(mdl_denoiser_save(d, run), AD_UNSUPPORTED);
    mdl_denoiser_free(d);
    cr_assert_eq(mdl_denoiser_load(&d, "/nowhere", 0), AD_IO);
    cr_assert_null(d);
    cr_assert_eq(mdl_denoiser_load(&d, run, 0), AD_BAD_FILE, "%s", ad_message());
    cr_assert_null(d);
    remove_run();
}

/* A file that was cut short anywhere is a failure with a sentence. */
Test(denoiser, broken_files)
{
    mdl_score_task *t = train();
    mdl_denoiser   *d;
    struct stat     st;
    char            path[PATH];
    mdl_score_task_free(t);
    path_of("checkpoint.safetensors", path);
    cr_assert_eq(stat(path, &st), 0);
    for (off_t size = st.st_size - 1; size > 0; size = size * 2 / 3) {
        cr_assert_eq(truncate(path, size), 0);
        cr_assert_eq(mdl_denoiser_load(&d, run, 0), AD_BAD_FILE, "%s", ad_message());
        cr_assert_null(d);
    }
    remove_run();
}

static ad_status whole(void *path)
{
    mdl_denoiser *d;
    AD_TRY(mdl_denoiser_load(&d, path, AD_F64));
    mdl_denoiser_free(d);
    return AD_OK;
}

Test(denoiser, no_memory)
{
    long runs;
    mdl_score_task_free(train());
    cr_assert(every_allocation_fails_cleanly(whole, run, &runs));
    cr_assert(runs > 20);
    remove_run();
}

/* --- units of the data ------------------------------------------------------------------------------------------------- */

Test(score_task, units)
{
    static const char *const points[][2] = { { "data", "two-moons:n=100" }, { "hidden", "4" } };
    static const char *const images[][2] = { { "data", "digits" },
                                             { "rows", "50" },
                                             { "hidden", "4" } };
    mdl_score_task          *t           = task_of(points, 2);
    cr_assert_float_eq(t->sigma_data, 1, 1e-12, "deviation 1");
    cr_assert_neq(t->scale[0], t->scale[1]);
    mdl_score_task_free(t);
    t = task_of(images, 3);
    for (int j = 0; j < 64; j++) cr_assert(t->scale[j] == 0.5 && t->shift[j] == 0.5, "to [-1, 1]");
    cr_assert(t->sigma_data > 0.5 && t->sigma_data < 1);
    mdl_score_task_free(t);
}
