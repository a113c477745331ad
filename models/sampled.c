#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <costate/datasets/samples_read.h>
#include <costate/nde/controller.h>

#include "sampled.h"

static adj_mode mode_named(const char *name)
{
    for (int i = 0; i < adj_mode_count(); i++)
        if (!strcmp(adj_mode_name(i), name)) return (adj_mode)i;
    return ADJ_STORE_ALL;
}

static double or_zero(double x)
{
    return x == 0 ? AD_OPTIM_ZERO : x;
}

static mdl_learning learning(const mdl_samples_config *c, long iterations)
{
    return (mdl_learning){ .optimizer  = c->optimizer,
                           .o          = { .rate         = c->lr,
                                           .beta1        = or_zero(c->momentum),
                                           .weight_decay = or_zero(c->weight_decay),
                                           .clip         = c->clip },
                           .schedule   = iterations ? c->schedule : "constant",
                           .iterations = iterations,
                           .seed       = (uint64_t)c->seed };
}

ad_status mdl_sampled_choices(const mdl_samples_config *c, long iterations, mdl_sampled *out)
{
    *out = (mdl_sampled){ .type = !strcmp(c->precision, "float32") ? AD_F32 : AD_F64 };
    AD_TRY(reg_parse(c->regularizer, MDL_TERMS, out->term, &out->terms));
    if (!iterations) out->terms = 0;
    out->learn = learning(c, iterations);
    if (!c->method) return AD_OK; /* nothing is solved */
    out->solve   = (nde_options){ .method     = nde_method(c->method),
                                  .rtol       = c->rtol,
                                  .atol       = c->atol,
                                  .controller = nde_controller_named(c->controller),
                                  .batching   = !strcmp(c->batching, "joint") ? NDE_JOINT
                                                                              : NDE_PER_SAMPLE,
                                  .max_steps  = c->max_steps };
    out->adjoint = (adj_options){ .mode = mode_named(c->adjoint) };
    return out->solve.method && out->solve.controller ? AD_OK : AD_INVALID;
}

mdl_training_spec mdl_sampled_training(const mdl_samples_config *c, long samples)
{
    long per_epoch = (samples + c->batch - 1) / c->batch;
    return (mdl_training_spec){ .samples    = samples,
                                .batch      = c->batch,
                                .iterations = c->iterations ? c->iterations : c->epochs * per_epoch,
                                .every      = c->every,
                                .seed       = (uint64_t)c->seed };
}

/* Takes the place of *s: the first n of it. */
static ad_status cut(ds_samples **s, long n)
{
    ds_samples *first;
    if (n == 0 || n >= (*s)->n) return AD_OK;
    AD_TRY(ds_samples_take(&first, *s, n, NULL));
    ds_samples_free(*s);
    *s = first;
    return AD_OK;
}

/* A file, a folder with the files of a recorded set, or a set by name: a folder without such files (the run on a set, perhaps) does
   not hide the set of its name. A file has no test part. */
static ad_status open_part(const mdl_samples_config *c, ds_part part, ds_samples **out)
{
    struct stat        st;
    ds_samples_options o     = { .dir = c->data_dir, .part = part, .seed = (uint64_t)c->seed };
    int                there = stat(c->data, &st) == 0;
    *out                     = NULL;
    if (there && S_ISDIR(st.st_mode)) {
        const char *set = ds_samples_in_folder(c->data);
        there           = set || !ds_samples_named(c->data);
        o.dir           = there ? c->data : c->data_dir;
        if (there) return ds_samples_make(out, set ? set : "mnist", &o);
    }
    if (!there && part == DS_TEST && (strstr(c->data, ":part=") || strstr(c->data, ",part=")))
        return AD_OK; /* one part of a set is all there is, as of a file */
    if (!there) return ds_samples_make_spec(out, c->data, &o);
    if (part == DS_TEST) return AD_OK;
    return ds_samples_read(out, c->data,
                           &(ds_samples_read_options){ .label = c->label, .labels = c->labels });
}

static ad_status hold_out(const mdl_samples_config *c, ds_samples **train, ds_samples **test)
{
    ds_samples *all = *train;
    if (c->holdout == 0) return AD_OK;
    *train      = NULL;
    ad_status s = ds_samples_split(all, c->holdout, (uint64_t)c->seed, train, test);
    ds_samples_free(all);
    return s;
}

ad_status mdl_sampled_data(const mdl_samples_config *c, long classes, ds_samples **train,
                           ds_samples **test)
{
    *train = *test = NULL;
    if (!c->data) return ad_fail(AD_INVALID, "there is no data: give --data");
    AD_TRY(open_part(c, DS_TRAIN, train));
    if ((*train)->classes < classes)
        return ad_fail(
            AD_INVALID,
            "%s has no labels to learn: name their column (--label NAME, or last) or their "
            "file (--labels FILE)",
            c->data);
    AD_TRY(open_part(c, DS_TEST, test));
    if (!*test) AD_TRY(hold_out(c, train, test));
    if (*test && (*test)->dim != (*train)->dim)
        return ad_fail(AD_BAD_SHAPE, "%s: training samples of %ld numbers, test samples of %ld",
                       c->data, (*train)->dim, (*test)->dim);
    return cut(train, c->rows);
}
