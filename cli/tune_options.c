/* tune_options.c - what is tuned and towards what, from the command line. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/text.h>
#include <costate/datasets/samples_read.h>
#include <costate/models/settings.h>

#include "folder.h"
#include "text.h"
#include "tune.h"

static ad_status of(tune *t)
{
    const char *word = cli_text(t->args, "of"), *known[3];
    for (int i = 0; i < 3; i++) {
        known[i] = mdl_tune_name(i);
        if (strcmp(word, known[i])) continue;
        t->o.of = (mdl_tune_of)i;
        return AD_OK;
    }
    const char *near = ad_nearest(word, 3, known);
    return ad_fail(AD_INVALID, "--of: '%.40s' is none of noise, weights and condition%s%s%s", word,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static ad_status least(const cli_args *a, const char *key, long least, long most, long *x)
{
    *x = cli_integer(a, key);
    if (*x >= least && *x <= most) return AD_OK;
    return ad_fail(AD_INVALID, "--%s is %s; %ld to %ld", key, cli_text(a, key), least, most);
}

static ad_status not_negative(const cli_args *a, const char *key, double *x)
{
    *x = cli_number(a, key);
    return *x >= 0 ? AD_OK
                   : ad_fail(AD_INVALID, "--%s is %s; it is not negative", key, cli_text(a, key));
}

/* --- targets --------------------------------------------------------------------------------------------------------------- */

/* Samples in a file, as many columns as the model has. */
static ad_status of_file(tune *t, const char *path)
{
    ds_samples *x;
    long        dim = t->s.dim;
    AD_TRY(ds_samples_open(&x, path, NULL));
    ad_status e = AD_OK;
    if (x->dim != dim && x->n * x->dim != dim)
        e = ad_fail(AD_BAD_SHAPE, "--target: %s has samples of %ld numbers, the model's have %ld",
                    path, x->dim, dim);
    long m      = x->n * x->dim / dim;
    t->target_x = e ? NULL : ad_arena_alloc(t->s.arena, (size_t)(m * dim) * sizeof(double));
    if (!e && !t->target_x) e = AD_NO_MEMORY;
    if (!e) e = ds_samples_rows(x, x->n, NULL, AD_F64, t->target_x, NULL);
    ds_samples_free(x);
    return e ? e : mdl_target_new(&t->target, m, dim, t->target_x);
}

static ad_status loss_of_file(tune *t)
{
    static const struct {
        const char    *name;
        mdl_tune_loss *loss;
    } known[]        = { { "match", mdl_loss_match },
                         { "mean", mdl_loss_mean },
                         { "style", mdl_loss_style } };
    const char *word = cli_text(t->args, "loss");
    if (!word) word = t->o.of == MDL_TUNE_WEIGHTS ? "style" : "match";
    for (int i = 0; i < 3; i++) {
        if (strcmp(word, known[i].name)) continue;
        t->loss      = known[i].loss;
        t->loss_name = known[i].name;
        return AD_OK;
    }
    return ad_fail(AD_INVALID, "--loss: '%.40s' is none of match, mean and style", word);
}

/* A judge of --classifier's samples, or of those that the run was trained on. */
static ad_status judge(tune *t)
{
    const char *data = cli_text(t->args, "classifier");
    ds_samples *x;
    int         own = !data && t->s.model->config;
    if (own) data = t->s.model->config->samples.data;
    if (!data)
        return ad_fail(
            AD_INVALID,
            "--target class:K needs samples with labels to tell classes by: --classifier DATA");
    AD_TRY(own ? mdl_denoiser_data(t->s.model, &x) : ds_samples_open(&x, data, NULL));
    ad_status e = AD_OK;
    if (x->dim != t->s.dim)
        e = ad_fail(AD_INVALID, "--classifier: %s has samples of %ld numbers, the model's have %ld",
                    data, x->dim, t->s.dim);
    if (!e) e = mdl_judge_new(&t->judge, x, &(mdl_judge_options){ .seed = 1 });
    if (!e) e = mdl_judge_accuracy(t->judge, x, &t->judge_accuracy);
    ds_samples_free(x);
    return e;
}

static ad_status of_class(tune *t, const char *word, int towards)
{
    long k;
    if (cli_given(t->args, "loss"))
        return ad_fail(AD_INVALID, "--loss is for targets in a file, not for --target %s", word);
    if (!cli_parse_integer(word + strcspn(word, ":") + 1, &k))
        return ad_fail(AD_INVALID, "--target: '%.40s' has no class; class:3, or not:3", word);
    AD_TRY(judge(t));
    if (k < 0 || k >= mdl_judge_classes(t->judge))
        return ad_fail(AD_INVALID, "--target %s: there are classes 0 to %ld", word,
                       mdl_judge_classes(t->judge) - 1);
    t->target    = (mdl_target){ .dim = t->s.dim, .judge = t->judge, .label = k };
    t->loss      = towards ? mdl_loss_towards : mdl_loss_away;
    t->loss_name = towards ? "towards a class" : "away from a class";
    return AD_OK;
}

static ad_status target(tune *t)
{
    const char *word = cli_text(t->args, "target");
    if (!word)
        return ad_fail(AD_INVALID, "towards what? --target FILE with samples, class:K, or not:K");
    int towards = !strncmp(word, "class:", 6);
    if (towards || !strncmp(word, "not:", 4)) return of_class(t, word, towards);
    if (strchr(word, ':') && !cli_exists(word) && !ds_samples_named(word))
        return ad_fail(AD_INVALID, "--target: '%.60s' is no file, and no class:K or not:K", word);
    AD_TRY(of_file(t, word));
    AD_TRY(loss_of_file(t));
    if (t->loss != mdl_loss_match || t->target.m == 1 || t->target.m == t->o.n) return AD_OK;
    if (!cli_given(t->args, "n")) {
        t->o.n = t->target.m;
        return AD_OK;
    }
    return ad_fail(
        AD_INVALID,
        "--target has %ld samples and --n is %ld: to match each they are as many, or one target",
        t->target.m, t->o.n);
}

static ad_status class_of(tune *t)
{
    long k;
    if (!cli_given(t->args, "class")) return AD_OK;
    if (!t->s.model->classes)
        return ad_fail(AD_INVALID, "--class: %s knows no classes", t->s.model->path);
    if (mdl_denoiser_class(t->s.model, cli_text(t->args, "class"), &k))
        return ad_fail_at(AD_INVALID, "--class: ");
    t->o.label = 1 + (int)k;
    return AD_OK;
}

static ad_status numbers(tune *t)
{
    const cli_args *a = t->args;
    long            seed;
    AD_TRY(least(a, "n", 1, 1000000, &t->o.n));
    AD_TRY(least(a, "seed", 0, 0x7fffffff, &seed));
    AD_TRY(least(a, "iterations", 1, 10000000, &t->iterations));
    AD_TRY(not_negative(a, "radius", &t->o.radius));
    AD_TRY(not_negative(a, "lr", &t->o.learn.o.rate));
    AD_TRY(not_negative(a, "clip-norm", &t->o.learn.o.clip));
    AD_TRY(sample_number(a, "guidance", &t->o.guidance));
    if (cli_given(a, "radius") && t->o.of != MDL_TUNE_NOISE)
        return ad_fail(AD_INVALID, "--radius is for --of noise");
    t->o.seed            = (uint64_t)seed;
    t->o.same            = cli_flag(a, "same-noise");
    t->o.learn.optimizer = cli_text(a, "optimizer");
    return AD_OK;
}

ad_status tune_options(tune *t)
{
    sample *s = &t->s;
    AD_TRY(run_threads(t->args));
    AD_TRY(of(t));
    AD_TRY(numbers(t));
    AD_TRY(class_of(t));
    AD_TRY(sample_scheduler(s));
    AD_TRY(sample_options(s));
    AD_TRY(sample_schedule(s));
    AD_TRY(target(t));
    t->o.sampler = s->o;
    return AD_OK;
}
