#include <criterion/criterion.h>
#include <unistd.h>

#include <costate/autodiff/checkpoint.h>
#include <costate/autodiff/random.h>

#include "support.h"

static char folder[] = "/tmp/costate-checkpoint-XXXXXX", path[64];

static void enter(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/run.safetensors", folder);
}

static void leave(void)
{
    unlink(path);
    rmdir(folder);
}

TestSuite(checkpoint, .init = enter, .fini = leave);

enum { MOST = 512 };

/* A run with everything that a run can have. */
typedef struct run {
    ad_params    *p;
    ad_optim     *optim;
    ad_ema       *ema;
    ad_schedule   schedule;
    uint64_t      seed;
    int64_t       iteration;
    double        theta[MOST], best[2]; /* theta of either type */
    ad_counter    counter;
    ad_tensor     extra;
    ad_checkpoint all;
} run;

static ad_status open_run(run *r, ad_type type, const char *optimizer, long width)
{
    *r = (run){ .seed = 0xfedcba9876543210u, .best = { INFINITY, 0.1 } };
    AD_TRY(ad_params_new(&r->p, type));
    if (ad_params_add(r->p, "hidden.weight", ad_matrix(width, 2), AD_INIT_KAIMING, 0) < 0 ||
        ad_params_add(r->p, "hidden.bias", ad_vector(width), AD_INIT_ZERO, 0) < 0)
        return AD_NO_MEMORY;
    AD_TRY(ad_optim_new(&r->optim, ad_optimizer_find(optimizer), r->p,
                        &(ad_optim_options){ .rate = 0.1, .clip = 1 }));
    AD_TRY(ad_ema_new(&r->ema, r->p, 0.9, 1));
    AD_TRY(ad_schedule_parse(&r->schedule, "plateau:0.7,1+warmup:5", 0));
    ad_params_init(r->p, r->seed, r->theta);
    r->counter = (ad_counter){ "iteration", &r->iteration };
    r->extra   = (ad_tensor){ "best", AD_TENSOR_F64, 1, { 2 }, r->best };
    r->all     = (ad_checkpoint){ .params    = r->p,
                                  .theta     = r->theta,
                                  .optim     = r->optim,
                                  .ema       = r->ema,
                                  .schedule  = &r->schedule,
                                  .seed      = &r->seed,
                                  .ncounters = 1,
                                  .counters  = &r->counter,
                                  .nextra    = 1,
                                  .extra     = &r->extra,
                                  .config    = "{\"width\": 50}" };
    return AD_OK;
}

static void close_run(run *r)
{
    ad_ema_free(r->ema);
    ad_optim_free(r->optim);
    ad_params_free(r->p);
}

static run opened(ad_type type, const char *optimizer, long width)
{
    static run r; /* pointers into it are set again by the caller's copy */
    cr_assert_eq(open_run(&r, type, optimizer, width), AD_OK, "%s", ad_message());
    return r;
}

/* After a copy by value the run points into itself again. */
static void settle(run *r)
{
    r->counter.value = &r->iteration;
    r->extra.data    = r->best;
    r->all.theta     = r->theta;
    r->all.schedule  = &r->schedule;
    r->all.seed      = &r->seed;
    r->all.counters  = &r->counter;
    r->all.extra     = &r->extra;
}

/* Iterations on a noisy bowl, the noise drawn by (seed, iteration). */
static void train(run *r, int iterations)
{
    ad_type type = ad_params_type(r->p);
    long    n    = ad_params_count(r->p);
    for (int k = 0; k < iterations; k++, r->iteration++) {
        double g[MOST], loss = 0;
        ad_random_normal(type, r->seed, 77 + (uint64_t)r->iteration, 0, n, g);
        for (long i = 0; i < n; i++) {
            if (type == AD_F32) {
                ((float *)g)[i] += ((float *)r->theta)[i];
                loss += fabs(((float *)r->theta)[i]);
            } else {
                g[i] += r->theta[i];
                loss += fabs(r->theta[i]);
            }
        }
        cr_assert_eq(
            ad_optim_step(r->optim, ad_schedule_factor(&r->schedule, r->iteration), r->theta, g),
            AD_OK);
        ad_ema_update(r->ema, r->theta);
        ad_schedule_observe(&r->schedule, loss);
        if (loss < r->best[0]) r->best[0] = loss;
        r->best[1] /= 3;
    }
}

static void check_equal(const run *a, const run *b)
{
    size_t bytes = (size_t)ad_params_count(a->p) * ad_type_size(ad_params_type(a->p));
    cr_assert_arr_eq(a->theta, b->theta, bytes);
    cr_assert_arr_eq(a->ema->average, b->ema->average, bytes);
    for (int i = 0; i < a->optim->method->moments; i++)
        cr_assert_arr_eq(a->optim->moment[i], b->optim->moment[i], bytes);
    cr_assert_eq(a->optim->steps, b->optim->steps);
    cr_assert_eq(a->ema->updates, b->ema->updates);
    cr_assert_eq(a->schedule.best, b->schedule.best);
    cr_assert_eq(a->schedule.cut, b->schedule.cut);
    cr_assert_eq(a->schedule.bad, b->schedule.bad);
    cr_assert_eq(a->seed, b->seed);
    cr_assert_eq(a->iteration, b->iteration);
    cr_assert_arr_eq(a->best, b->best, sizeof a->best);
}

Test(checkpoint, a_resumed_run_is_the_uninterrupted_one)
{
    for (int t = AD_F32; t <= AD_F64; t++)
        for (int row = 0; ad_optimizer_row(row); row++) {
            const char *name = ad_optimizer_row(row)->name;
            run         a    = opened((ad_type)t, name, 50), b, c;
            settle(&a);
            train(&a, 13);
            cr_assert_eq(ad_checkpoint_save(path, &a.all), AD_OK, "%s", ad_message());
            train(&a, 17);
            b = opened((ad_type)t, name, 50);
            settle(&b);
            b.seed = 3; /* all of it comes from the file */
            train(&b, 2);
            cr_assert_eq(ad_checkpoint_load(path, &b.all), AD_OK, "%s", ad_message());
            train(&b, 17);
            check_equal(&a, &b);
            cr_assert_lt(a.schedule.cut, 1); /* it did cut */

            c = opened((ad_type)t, name, 50); /* without the file it would be another run */
            settle(&c);
            c.seed = 3;
            train(&c, 30);
            cr_assert_neq(c.theta[0], a.theta[0]);
            close_run(&a);
            close_run(&b);
            close_run(&c);
        }
}

Test(checkpoint, a_plain_model_can_be_read_from_a_run)
{
    run a = opened(AD_F32, "adam", 50), b = opened(AD_F32, "sgd", 50);
    settle(&a);
    settle(&b);
    train(&a, 3);
    cr_assert_eq(ad_checkpoint_save(path, &a.all), AD_OK);
    cr_assert_eq(ad_checkpoint_load(path, &(ad_checkpoint){ .params = b.p, .theta = b.theta }),
                 AD_OK, "%s", ad_message());
    cr_assert_arr_eq(a.theta, b.theta, 150 * sizeof(float));
    cr_assert_eq(b.optim->steps, 0);

    ad_tensors *f; /* names as PyTorch has them */
    cr_assert_eq(ad_tensors_read(&f, path), AD_OK);
    const ad_tensor *w = ad_tensors_find(f, "hidden.weight");
    cr_assert(w && w->rank == 2 && w->dim[0] == 50 && w->dim[1] == 2);
    cr_assert_not_null(ad_tensors_find(f, "optimizer.exp_avg_sq.hidden.bias"));
    cr_assert_not_null(ad_tensors_find(f, "ema.hidden.weight"));
    cr_assert_not_null(ad_tensors_find(f, "extra.best"));
    cr_assert_str_eq(ad_tensors_meta(f, "seed"), "18364758544493064720");
    ad_tensors_free(f);

    char *config;
    cr_assert_eq(ad_checkpoint_text(path, "config", &config), AD_OK);
    cr_assert_str_eq(config, "{\"width\": 50}");
    ad_free(config);
    cr_assert_eq(ad_checkpoint_text(path, "nothing", &config), AD_BAD_FILE);
    close_run(&a);
    close_run(&b);
}

/* Loads into b what a saved: refused with word in the sentence, b as it was. */
static void refuses(const run *a, run *b, const char *word)
{
    run before = *b;
    cr_assert_eq(ad_checkpoint_save(path, &a->all), AD_OK);
    cr_assert_eq(ad_checkpoint_load(path, &b->all), AD_BAD_FILE);
    cr_assert(strstr(ad_message(), path) && strstr(ad_message(), word), "%s", ad_message());
    cr_assert_arr_eq(b->theta, before.theta, sizeof b->theta);
    cr_assert_arr_eq(b->best, before.best, sizeof b->best);
    cr_assert(b->seed == before.seed && b->iteration == before.iteration && b->optim->steps == 2);
}

Test(checkpoint, from_another_model)
{
    run a = opened(AD_F32, "adam", 50), other[7];
    settle(&a);
    for (int i = 0; i < 7; i++) {
        other[i] = opened(i == 1 ? AD_F64 : AD_F32,
                          i == 2   ? "sgd"
                          : i == 3 ? "adamw"
                                   : "adam",
                          i == 0 ? 64 : 50);
        settle(&other[i]);
        train(&other[i], 2);
    }
    refuses(&a, &other[0], "hidden.weight is [50,2] in the file, [64,2] in the model");
    refuses(&a, &other[1], "hidden.weight is F32 in the file, F64 in the model");
    refuses(&a, &other[2], "optimizer.momentum_buffer.hidden.weight [50,2] is not in the file");
    refuses(&a, &other[3], "optimizer is \"adam\" in the file, \"adamw\" in this run");
    other[4].ema->decay = 0.99;
    refuses(&a, &other[4], "ema is \"debiased 0.9");
    cr_assert_eq(ad_schedule_parse(&other[5].schedule, "constant", 0), AD_OK);
    refuses(&a, &other[5], "of the kind constant");
    other[6].counter.name = "epoch";
    refuses(&a, &other[6], "counter.epoch");

    ad_checkpoint fewer = a.all; /* a file without a moment, an average, a schedule */
    fewer.optim         = NULL;
    cr_assert_eq(ad_checkpoint_save(path, &fewer), AD_OK);
    cr_assert_eq(ad_checkpoint_load(path, &a.all), AD_BAD_FILE);
    cr_assert(strstr(ad_message(), "optimizer.exp_avg.hidden.weight"), "%s", ad_message());

    ad_params *small; /* a model with less than the file has */
    double     theta[MOST];
    cr_assert_eq(ad_params_new(&small, AD_F32), AD_OK);
    ad_params_add(small, "hidden.weight", ad_matrix(50, 2), AD_INIT_ZERO, 0);
    cr_assert_eq(ad_checkpoint_load(path, &(ad_checkpoint){ .params = small, .theta = theta }),
                 AD_BAD_FILE);
    cr_assert(strstr(ad_message(), "the file has hidden.bias [50], the model has not"), "%s",
              ad_message());
    ad_params_add(small, "ema.x", ad_vector(1), AD_INIT_ZERO, 0);
    cr_assert_eq(ad_checkpoint_save(path, &(ad_checkpoint){ .params = small, .theta = theta }),
                 AD_INVALID);
    ad_params_free(small);
    close_run(&a);
    for (int i = 0; i < 7; i++) close_run(&other[i]);
}

/* Numbers in the metadata that someone wrote by hand. */
Test(checkpoint, damaged_numbers)
{
    const char *const wrong[][2] = { { "seed", "" },
                                     { "seed", "12x" },
                                     { "seed", "99999999999999999999" },
                                     { "optimizer.steps", "-1" },
                                     { "ema.updates", "1e3" },
                                     { "schedule", "plateau best x" },
                                     { "counter.iteration", "" } };
    run               a          = opened(AD_F32, "adam", 3);
    settle(&a);
    for (int i = 0; i < 7; i++) {
        cr_assert_eq(ad_checkpoint_save(path, &a.all), AD_OK);
        ad_tensors *f;
        cr_assert_eq(ad_tensors_read(&f, path), AD_OK);
        int found = 0;
        for (int j = 0; j < f->texts; j++)
            if (!strcmp(f->meta[j].key, wrong[i][0])) f->meta[j].value = wrong[i][1], found++;
        cr_assert_eq(found, 1);
        cr_assert_eq(ad_tensors_write(path, f->count, f->tensor, f->texts, f->meta), AD_OK);
        ad_tensors_free(f);
        cr_assert_eq(ad_checkpoint_load(path, &a.all), AD_BAD_FILE, "%s", wrong[i][0]);
        cr_assert(strstr(ad_message(), path) && strstr(ad_message(), wrong[i][0]), "%s",
                  ad_message());
    }
    close_run(&a);
}

static ad_status there_and_back(void *arg)
{
    (void)arg;
    run       a;
    ad_status s = open_run(&a, AD_F32, "adam", 20);
    if (s == AD_OK) s = ad_checkpoint_save(path, &a.all);
    if (s == AD_OK) s = ad_checkpoint_load(path, &a.all);
    close_run(&a);
    return s;
}

Test(checkpoint, every_allocation_may_fail)
{
    long runs;
    cr_assert(every_allocation_fails_cleanly(there_and_back, NULL, &runs));
    cr_assert_geq(runs, 12);
}
