/* The first-order, multistep and Heun samplers against endpoints of the official PNDM and diff-sampler. */
#include <costate/diffusion/sample.h>

#include "reference.h"

enum { POINTS = 32, DIM = 2, MOST_STEPS = 64, ALL = 78 };

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

/* --- the time of diff-sampler's DEIS: alpha = 1, sigma^2 = exp(b t^2 / 2 + a t) - 1, a = beta_0, b = beta_1 - beta_0 ------------ */

static dpm_point deis_at(const dpm_schedule *s, double t)
{
    double a = s->o.beta_min, b = s->o.beta_max - a;
    return dpm_point_of(t, 1, sqrt(expm1(0.5 * b * t * t + a * t)));
}

static double deis_time(const dpm_schedule *s, double lambda)
{
    double a = s->o.beta_min, b = s->o.beta_max - a, log1 = log1p(exp(-2 * lambda));
    return 2 * log1 / (a + sqrt(a * a + 2 * b * log1));
}

static const dpm_schedule_kind deis_kind = {
    .name = "deis-time", .about = "", .cite = "", .at = deis_at, .time = deis_time
};

/* --- what an entry asks for ---------------------------------------------------------------------------------------------- */

typedef struct data {
    json_t       *file;
    dpm_mixture  *mixture;
    dpm_schedule *ddpm, *ve;
    dpm_schedule  deis;
    double        latent[POINTS * DIM];
} data;

static int setup(data *d)
{
    d->file = reference_open("samplers_other.json");
    if (!d->file) return 0;
    d->mixture = reference_mixture(d->file);
    cr_assert_eq(reference_rows(json_object_get(d->file, "latents"), d->latent, POINTS * DIM),
                 POINTS * DIM);
    ok(dpm_schedule_new(
        &d->ddpm, &(dpm_schedule_options){
                      .name = "ddpm", .beta_min = 1e-4, .beta_max = 0.02, .train_steps = 1000 }));
    ok(dpm_schedule_new(
        &d->ve, &(dpm_schedule_options){ .name = "ve", .sigma_min = 0.002, .sigma_max = 80 }));
    return 1;
}

static void stop(data *d)
{
    dpm_schedule_free(d->ddpm);
    dpm_schedule_free(d->ve);
    dpm_mixture_free(d->mixture);
    json_decref(d->file);
}

/* Ours for the official sampler's name. */
static void choose(const char *official, dpm_options *o)
{
    int k;
    if (!strcmp(official, "DDIM"))
        o->sampler = "ddim";
    else if (!strcmp(official, "S-PNDM"))
        o->sampler = "s-pndm";
    else if (!strcmp(official, "F-PNDM"))
        o->sampler = "pndm";
    else if (!strncmp(official, "Euler", 5))
        o->sampler = "euler";
    else if (!strcmp(official, "Heun"))
        o->sampler = "heun";
    else if (!strncmp(official, "DPM-Solver-2", 12))
        o->sampler = "dpm-2";
    else if (sscanf(official, "iPNDM max_order %d", &k) == 1) {
        o->sampler = "ipndm";
        o->order   = k;
    } else if (sscanf(official, "DEIS tAB%d", &k) == 1) {
        o->sampler   = "deis-tab";
        o->order     = k;
        o->published = strstr(official, "exact") == NULL;
    } else
        cr_assert_fail("no sampler for %s", official);
}

/* Schedule and grid; returns the deviation of the start. */
static double place(data *d, const json_t *e, dpm_options *o, double grid[])
{
    o->grid.steps = (long)reference_number(e, "steps");
    if (!strcmp(reference_text(e, "family"),
                "pndm")) { /* the official index shift: ours is the index */
        reference_rows(json_object_get(e, "alpha_bar_index"), grid, MOST_STEPS);
        o->schedule = d->ddpm;
        o->grid     = (dpm_grid_options){ "list", .steps = o->grid.steps, .list = grid };
        return 1;
    }
    const json_t *ve    = json_object_get(d->file, "ve");
    const json_t *rules = json_object_get(json_object_get(ve, "grids"), reference_text(e, "grid"));
    double        sigma[MOST_STEPS];
    reference_rows(json_object_get(rules, "sigma"), sigma, MOST_STEPS);
    if (!strcmp(o->sampler, "deis-tab")) {
        reference_rows(json_object_get(rules, "deis_t"), grid, MOST_STEPS);
        d->deis     = (dpm_schedule){ .kind = &deis_kind,
                                      .o    = { .beta_min = reference_number(rules, "deis_beta_0"),
                                                .beta_max = reference_number(rules, "deis_beta_1"),
                                                .t_begin  = grid[0],
                                                .t_end    = grid[o->grid.steps] } };
        o->schedule = &d->deis;
        o->grid     = (dpm_grid_options){ "list", .steps = o->grid.steps, .list = grid };
    } else {
        memcpy(grid, sigma, sizeof sigma);
        o->schedule = d->ve;
        o->grid     = (dpm_grid_options){ "sigmas", .steps = o->grid.steps, .list = grid };
    }
    return sigma[0];
}

static void check(data *d, const json_t *e)
{
    const char  *id = reference_text(e, "id");
    dpm_options  o  = { 0 };
    double       grid[MOST_STEPS], x[POINTS * DIM], out[POINTS * DIM], want[POINTS * DIM];
    dpm_model    model = dpm_mixture_model(d->mixture, AD_F64);
    dpm_sampler *s;
    choose(reference_text(e, "sampler"), &o);
    double first = place(d, e, &o, grid);
    for (int i = 0; i < POINTS * DIM; i++) x[i] = first * d->latent[i];
    ok(dpm_sampler_new(&s, &model, &o, POINTS));
    ok(dpm_sample(s, &(dpm_run){ .n = POINTS, .x = x, .out = out }));
    cr_assert_eq(reference_rows(json_object_get(e, "x_end"), want, POINTS * DIM), POINTS * DIM);
    double off = reference_distance(POINTS * DIM, out, want);
    cr_expect(off <= reference_tolerance(e), "%s: %.3g away, %.3g are allowed", id, off,
              reference_tolerance(e));
    cr_expect_eq(dpm_sampler_stats(s)->nfe, (long)reference_number(e, "model_evaluations"), "%s",
                 id);
    dpm_sampler_free(s);
}

Test(other_reference, endpoints)
{
    data    d = { 0 };
    json_t *e;
    size_t  i;
    if (!setup(&d)) cr_skip("the reference data is not there");
    json_array_foreach(json_object_get(d.file, "entries"), i, e) check(&d, e);
    cr_expect_eq(i, ALL);
    stop(&d);
}
