/* Found schedules: files there and back, files that are broken, and what `usf` makes of decisions. */
#include <unistd.h>

#include <criterion/criterion.h>

#include <costate/autodiff/file.h>
#include <costate/diffusion/found.h>
#include <costate/diffusion/mixture.h>

#include "tests/support.h"

enum { ROWS = 16, DIM = 2, STEPS = 6 };

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

typedef struct house {
    dpm_mixture  *mixture;
    dpm_schedule *vp;
    dpm_model     model;
    double        x[ROWS * DIM];
} house;

static void build(house *h)
{
    double   w[] = { .4, .6 }, mean[] = { 1, .5, -1, -.5 }, v[] = { .05, .1, .1, .02 };
    uint64_t state = 7;
    ok(dpm_mixture_new(&h->mixture, 2, DIM, w, mean, v));
    ok(dpm_schedule_new(&h->vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    h->model = dpm_mixture_model(h->mixture, AD_F64);
    for (int i = 0; i < ROWS * DIM; i++) h->x[i] = draw(&state, -2, 2);
}

static void clear(house *h)
{
    dpm_mixture_free(h->mixture);
    dpm_schedule_free(h->vp);
}

static long sample(const house *h, const dpm_options *o, double *out)
{
    dpm_sampler *s;
    ok(dpm_sampler_new(&s, &h->model, o, ROWS));
    ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = h->x, .out = out }));
    long nfe = dpm_sampler_stats(s)->nfe;
    dpm_sampler_free(s);
    return nfe;
}

/* A usf schedule on the logSNR grid: every step of the same kind, orders rising at the start. */
static dpm_found *uniform(const house *h, dpm_decision d)
{
    dpm_found *f;
    dpm_point  point[STEPS + 1];
    ok(dpm_found_new(&f, "usf", STEPS, 1));
    ok(dpm_grid_make(h->vp, &(dpm_grid_options){ .name = "logsnr", .steps = STEPS }, point));
    for (int i = 0; i <= STEPS; i++) f->times[i] = point[i].t;
    for (int i = 0; i < STEPS; i++) {
        f->decision[i] = d;
        if (d.order > i + 1) f->decision[i].order = i + 1;
    }
    f->decision[STEPS - 1].corrector = DPM_CORRECTOR_NONE;
    return f;
}

static double from_usf(const house *h, dpm_decision d, const dpm_options *as)
{
    double      a[ROWS * DIM], b[ROWS * DIM];
    dpm_options o = { .schedule = h->vp }, p = *as;
    dpm_found  *f = uniform(h, d);
    dpm_found_options(f, &o);
    p.schedule          = h->vp;
    p.grid              = (dpm_grid_options){ .name = "logsnr", .steps = STEPS };
    p.lower_order_final = -1;
    long nfe            = sample(h, &o, a);
    cr_assert_eq(nfe, sample(h, &p, b));
    dpm_found_free(f);
    return distance(ROWS * DIM, a, b);
}

/* Decisions that are the same at every step are samplers that have names. The tolerance is that of rounding: coefficients
   of some hundred ulp, amplified by six steps. */
Test(usf, is_the_samplers_that_have_names)
{
    house h;
    build(&h);
    dpm_options pp = { .sampler = "dpmpp-2m" }, dpm = { .sampler = "dpm-3m" },
                uni    = { .sampler = "unipc", .order = 2, .variant = "bh1" };
    dpm_decision two   = { 2, DPM_X0, DPM_DPMSOLVER, DPM_CORRECTOR_NONE },
                 three = { 3, DPM_EPSILON, DPM_DPMSOLVER, DPM_CORRECTOR_NONE },
                 both  = { 2, DPM_X0, DPM_BH1, DPM_CORRECTOR_PSEUDO };
    cr_expect_lt(from_usf(&h, two, &pp), 1e-12);
    cr_expect_lt(from_usf(&h, three, &dpm), 1e-12);
    cr_expect_lt(from_usf(&h, both, &uni), 1e-12);
    cr_expect_gt(from_usf(&h, two, &dpm), 1e-3, "the comparison must be able to fail");
    clear(&h);
}

/* Both forms in one run: to first order they are the same step, and the turned values say so. */
Test(usf, forms_may_change_between_steps)
{
    house  h;
    double a[ROWS * DIM], b[ROWS * DIM];
    build(&h);
    dpm_found  *f = uniform(&h, (dpm_decision){ 1, DPM_X0, DPM_TAYLOR, DPM_CORRECTOR_NONE });
    dpm_options o = { .schedule = h.vp };
    dpm_found_options(f, &o);
    sample(&h, &o, a);
    for (int i = 1; i < STEPS; i += 2) f->decision[i].form = DPM_EPSILON;
    sample(&h, &o, b);
    cr_expect_lt(distance(ROWS * DIM, a, b), 1e-13);
    for (int i = 1; i < STEPS; i++) f->decision[i].order = 2;
    sample(&h, &o, b);
    cr_expect_gt(distance(ROWS * DIM, a, b), 1e-3);
    dpm_found_free(f);
    clear(&h);
}

Test(usf, an_implicit_corrector_costs_an_evaluation)
{
    house  h;
    double out[ROWS * DIM];
    build(&h);
    dpm_found  *f = uniform(&h, (dpm_decision){ 2, DPM_X0, DPM_TAYLOR, DPM_CORRECTOR_PSEUDO });
    dpm_options o = { .schedule = h.vp };
    dpm_found_options(f, &o);
    cr_expect_eq(sample(&h, &o, out), STEPS);
    f->decision[1].corrector = f->decision[3].corrector = DPM_CORRECTOR_IMPLICIT;
    cr_expect_eq(sample(&h, &o, out), STEPS + 2);
    dpm_found_free(f);
    clear(&h);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static char *path_of(const char *name, char path[128])
{
    snprintf(path, 128, "/tmp/costate-found-%ld-%s", (long)getpid(), name);
    return path;
}

/* Everything set, in numbers that few digits cannot tell. */
static dpm_found *full(const house *h)
{
    uint64_t   state = 3;
    dpm_found *f     = uniform(h, (dpm_decision){ 3, DPM_EPSILON, DPM_BH2, DPM_CORRECTOR_PSEUDO });
    for (int i = 1; i < STEPS; i++) f->times[i] *= 1 + 1e-15 * i;
    f->nfe          = STEPS;
    f->schedule     = ad_strdup("vp-linear");
    f->note         = ad_strdup("a \"note\" with \xc3\xa9");
    f->variant      = ad_strdup("bh1");
    f->order        = 3;
    f->prediction   = DPM_X0;
    f->coefficients = 5;
    f->coefficient  = ad_alloc(5 * sizeof *f->coefficient);
    for (int i = 0; i < 5; i++) f->coefficient[i] = draw(&state, -1, 1) * pow(10, -3 * i);
    f->lower_order_final = -1;
    return f;
}

static void same_text(const char *a, const char *b)
{
    cr_expect_eq(!a, !b);
    if (a && b) cr_expect_str_eq(a, b);
}

static void same(const dpm_found *a, const dpm_found *b)
{
    cr_assert_eq(a->steps, b->steps);
    cr_assert_eq(a->coefficients, b->coefficients);
    same_text(a->sampler, b->sampler);
    same_text(a->schedule, b->schedule);
    same_text(a->note, b->note);
    same_text(a->solver_type, b->solver_type);
    same_text(a->singlestep, b->singlestep);
    same_text(a->variant, b->variant);
    cr_expect_eq(a->nfe, b->nfe);
    cr_expect_eq(a->order, b->order);
    cr_expect_eq(a->prediction, b->prediction);
    cr_expect_eq(a->lower_order_final, b->lower_order_final);
    cr_expect_eq(a->no_corrector, b->no_corrector);
    cr_expect_arr_eq(a->times, b->times, (size_t)(a->steps + 1) * sizeof *a->times);
    if (a->coefficients)
        cr_expect_arr_eq(a->coefficient, b->coefficient, (size_t)a->coefficients * sizeof(double));
    cr_expect_eq(!a->decision, !b->decision);
    for (long i = 0; a->decision && i < a->steps; i++) {
        const dpm_decision *p = &a->decision[i], *q = &b->decision[i];
        cr_expect(p->order == q->order && p->form == q->form && p->relaxation == q->relaxation &&
                  p->corrector == q->corrector);
    }
}

Test(found, a_file_there_and_back)
{
    house      h;
    char       path[128];
    dpm_found *f, *g, *copy;
    build(&h);
    f = full(&h);
    ok(dpm_found_save(f, h.vp, path_of("full.json", path)));
    ok(dpm_found_load(&g, path));
    same(f, g);
    ok(dpm_found_copy(&copy, g));
    same(f, copy);
    dpm_found_free(g);
    dpm_found_free(copy);
    /* the least that a schedule is, without its lambdas */
    ok(dpm_found_new(&g, "ddim", 1, 0));
    g->times[0] = 1;
    ok(dpm_found_save(g, NULL, path));
    ok(dpm_found_load(&copy, path));
    same(g, copy);
    unlink(path);
    dpm_found_free(copy);
    dpm_found_free(g);
    dpm_found_free(f);
    clear(&h);
}

static size_t contents(const char *path, char **text)
{
    void  *data;
    size_t n;
    ok(ad_file_read(path, &data, &n));
    *text = data;
    return n;
}

Test(found, what_cannot_be_saved_leaves_the_file_alone)
{
    house  h;
    char   path[128], *before, *after;
    size_t n;
    build(&h);
    dpm_found *f = full(&h);
    ok(dpm_found_save(f, h.vp, path_of("kept.json", path)));
    n                 = contents(path, &before);
    f->coefficient[2] = NAN;
    cr_expect_eq(dpm_found_save(f, h.vp, path), AD_INVALID);
    cr_expect(strstr(ad_message(), "coefficient 2"), "%s", ad_message());
    f->coefficient[2] = 1;
    ad_free(f->note);
    f->note = ad_strdup("no UTF-8: \xff");
    cr_expect_neq(dpm_found_save(f, h.vp, path), AD_OK);
    cr_expect_eq(contents(path, &after), n);
    cr_expect_arr_eq(before, after, n);
    ad_free(f->note);
    f->note = NULL;
    cr_expect_eq(dpm_found_save(f, h.vp, "/nowhere/at/all.json"), AD_IO, "%s", ad_message());
    ad_free(before);
    ad_free(after);
    unlink(path);
    dpm_found_free(f);
    clear(&h);
}

#define SCHEDULE(rest) "{\"format\": \"costate-schedule-1\", \"sampler\": \"usf\", " rest "}"
#define DECISION(order, form, relaxation)                                          \
    "{\"order\": " order ", \"form\": \"" form "\", \"relaxation\": \"" relaxation \
    "\", \"corrector\": \"none\"}"

Test(found, broken_files_are_sentences)
{
    static const struct {
        const char *text, *part;
    } bad[] = {
        { "", "no valid JSON" },
        { "{", "no valid JSON" },
        { "[]", "format" },
        { "{\"format\": \"other\"}", "costate-schedule-1" },
        { "{\"format\": \"costate-schedule-1\"}", "sampler" },
        { SCHEDULE("\"x\": 1"), "times" },
        { SCHEDULE("\"times\": [1]"), "times" },
        { SCHEDULE("\"times\": [1, \"a\", 0]"), "number 1" },
        { SCHEDULE("\"times\": [1, null]"), "number 1" },
        { SCHEDULE("\"times\": [1, 0.5, 0.7]"), "0.7" },
        { SCHEDULE("\"times\": [1, 0.5, 0.5]"), "0.5" },
        { SCHEDULE("\"times\": [1, 0], \"nfe\": 0"), "nfe" },
        { SCHEDULE("\"times\": [1, 0], \"order\": 2.5"), "order" },
        { SCHEDULE("\"times\": [1, 0], \"note\": 3"), "note" },
        { SCHEDULE("\"times\": [1, 0], \"prediction\": \"noize\""), "noize" },
        { SCHEDULE("\"times\": [1, 0], \"coefficients\": []"), "coefficients" },
        { SCHEDULE("\"times\": [1, 0], \"coefficients\": [1, {}]"), "number 1" },
        { SCHEDULE("\"times\": [1, 0], \"decisions\": []"), "0 decisions for 1 step" },
        { SCHEDULE("\"times\": [1, 0], \"decisions\": [1]"), "decision 0" },
        { SCHEDULE("\"times\": [1, 0], \"decisions\": [{}]"), "order" },
        { SCHEDULE("\"times\": [1, 0], \"decisions\": [" DECISION("5", "x0", "bh1") "]"),
          "1 to 4" },
        { SCHEDULE("\"times\": [1, 0], \"decisions\": [" DECISION("2", "x0", "bh1") "]"),
          "order 2" },
        { SCHEDULE("\"times\": [1, 0], \"decisions\": [" DECISION("1", "v", "bh1") "]"), "v" },
        { SCHEDULE("\"times\": [1, 0], \"decisions\": [" DECISION("1", "x0", "bh3") "]"), "bh3" },
        { SCHEDULE("\"times\": [1, 0], \"times\": [1, 0]"), "no valid JSON" },
    };
    char path[128];
    path_of("broken.json", path);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dpm_found *f;
        ad_file    file;
        ok(ad_file_create(&file, path));
        ad_file_write(&file, bad[i].text, strlen(bad[i].text));
        ok(ad_file_commit(&file));
        cr_expect_eq(dpm_found_load(&f, path), AD_BAD_FILE, "%s", bad[i].text);
        cr_expect(strstr(ad_message(), bad[i].part) && strstr(ad_message(), "broken.json"),
                  "%s: %s", bad[i].text, ad_message());
        cr_expect_null(f);
    }
    unlink(path);
    dpm_found *f;
    cr_expect_neq(dpm_found_load(&f, path), AD_OK);
    cr_expect_null(f);
}

/* A file that ends anywhere but at its end is no schedule. */
Test(found, cut_files_are_told)
{
    house  h;
    char   path[128], *text;
    size_t n;
    build(&h);
    dpm_found *f = full(&h), *g;
    ok(dpm_found_save(f, h.vp, path_of("cut.json", path)));
    n = contents(path, &text);
    for (size_t k = 0; k + 2 < n; k += 7) { /* behind the last brace stands a line's end */
        FILE *out = fopen(path, "wb");
        fwrite(text, 1, k, out);
        fclose(out);
        cr_expect_eq(dpm_found_load(&g, path), AD_BAD_FILE, "%zu of %zu bytes", k, n);
    }
    unlink(path);
    ad_free(text);
    dpm_found_free(f);
    clear(&h);
}

/* --- use ---------------------------------------------------------------------------------------------------------- */

Test(found, learned_coefficients_are_used)
{
    house        h;
    double       a[ROWS * DIM], b[ROWS * DIM];
    dpm_sampler *s;
    build(&h);
    dpm_found  *f = uniform(&h, (dpm_decision){ 1, DPM_X0, DPM_TAYLOR, DPM_CORRECTOR_NONE });
    dpm_options o = { .schedule = h.vp };
    dpm_found_options(f, &o);
    ok(dpm_sampler_new(&s, &h.model, &o, ROWS));
    long n         = dpm_sampler_coefficients(s);
    f->coefficient = ad_alloc((size_t)n * sizeof *f->coefficient);
    memcpy(f->coefficient, dpm_sampler_coefficient(s), (size_t)n * sizeof *f->coefficient);
    f->coefficients = n;
    dpm_sampler_free(s);
    cr_assert_eq(n, 2 * STEPS, "two terms a step");
    sample(&h, &o, a);
    f->coefficient[n - 1] += 1; /* x_end = c x + (c' + 1) x0 */
    sample(&h, &o, b);
    cr_expect_gt(distance(ROWS * DIM, a, b), 0.1);
    f->coefficients--;
    cr_expect_eq(dpm_sampler_new(&s, &h.model, &o, ROWS), AD_INVALID);
    cr_expect(strstr(ad_message(), "coefficients"), "%s", ad_message());
    dpm_found_free(f);
    clear(&h);
}

Test(found, another_noise_schedule_is_told)
{
    house         h;
    dpm_schedule *cosine;
    build(&h);
    dpm_found *f = full(&h);
    ok(dpm_schedule_new(&cosine, &(dpm_schedule_options){ .name = "cosine" }));
    cr_expect_eq(dpm_found_check(f, cosine), AD_INVALID);
    cr_expect(strstr(ad_message(), "vp-linear") && strstr(ad_message(), "cosine"), "%s",
              ad_message());
    ok(dpm_found_check(f, h.vp));
    double t            = f->times[0];
    f->times[0]         = f->times[STEPS];
    f->times[STEPS]     = t;
    f->decision[1].form = DPM_V;
    cr_expect_eq(dpm_found_check(f, NULL), AD_INVALID);
    dpm_schedule_free(cosine);
    dpm_found_free(f);
    clear(&h);
}

static ad_status load(void *path)
{
    dpm_found *f;
    AD_TRY(dpm_found_load(&f, path));
    dpm_found *g = NULL;
    ad_status  s = dpm_found_copy(&g, f);
    dpm_found_free(f);
    dpm_found_free(g);
    return s;
}

Test(found, no_memory)
{
    house h;
    char  path[128];
    long  runs;
    build(&h);
    dpm_found *f = full(&h);
    ok(dpm_found_save(f, h.vp, path_of("memory.json", path)));
    cr_expect(every_allocation_fails_cleanly(load, path, &runs));
    cr_expect_gt(runs, 10);
    unlink(path);
    dpm_found_free(f);
    clear(&h);
}
