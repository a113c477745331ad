/* experiment_sampler_gradients.c - what a gradient through sampling keeps in memory, and how far it is from the exact one.

   Every mode of dpm_pullback(), from 10 to 1000 steps: bytes kept between run and pullback; the distance from the gradient of the
   numbers that were computed, the tape's; and from the gradient of the probability-flow ODE that the sampler approximates. Then
   AdjointDPM's own setting (Pan et al. 2024): Runge-Kutta methods in rho, steps even in t, and the adjoint ODE solved by the same. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "gradient_page.h"

enum { POINTS = 64, POINTS_QUICK = 8, TRAINING = 3000, TRAINING_QUICK = 100, CASES = 2 };

static const long sizes[GRADIENT_SIZES] = { 10, 30, 100, 300, 1000 };

static const gradient_mode modes[] = {
    { "tape", "dpmpp-2m", DPM_ADJOINT_TAPE, NULL, 0 },
    { "evaluation points", "dpmpp-2m", DPM_ADJOINT_POINTS, NULL, 0 },
    { "checkpoints, 16 states", "dpmpp-2m", DPM_ADJOINT_CHECKPOINTS, NULL, 0 },
    { "reversible, o-belm", "o-belm", DPM_ADJOINT_REVERSIBLE, NULL, 0 },
    { "reversible, bdia", "bdia", DPM_ADJOINT_REVERSIBLE, NULL, 0 },
    { "last 10 steps", "dpmpp-2m", DPM_ADJOINT_LAST, NULL, 10 },
    { "continuous, euler", "dpmpp-2m", DPM_ADJOINT_CONTINUOUS, &nde_euler, 0 },
    { "continuous, midpoint", "dpmpp-2m", DPM_ADJOINT_CONTINUOUS, &nde_midpoint, 0 },
    { "continuous, rk4", "dpmpp-2m", DPM_ADJOINT_CONTINUOUS, &nde_rk4, 0 },
};
enum { MODES = sizeof modes / sizeof *modes };

static dpm_options options_of(const gradient_mode *m, long steps, dpm_adjoint adjoint)
{
    return (dpm_options){ .sampler    = m->sampler,
                          .grid       = { .name = "logsnr", .steps = steps },
                          .adjoint    = adjoint,
                          .last       = m->last,
                          .continuous = m->method };
}

static ad_status fill(const gradient_case *c, const gradient_mode *m, long steps, gradient_cell *x)
{
    gradient_run r, tape = { 0 };
    dpm_options  o = options_of(m, steps, m->adjoint), t = options_of(m, steps, DPM_ADJOINT_TAPE);
    AD_TRY(gradient_run_new(&r, c, &o));
    ad_status code = gradient_run_new(&tape, c, &t);
    if (!code) code = gradient_median(c, r.x_bar, tape.x_bar, &x->tape);
    if (!code) code = gradient_median(c, r.x_bar, c->ode, &x->ode);
    if (!code) x->weights = gradient_distance(c->count, r.theta_bar, tape.theta_bar);
    x->kept  = (double)r.stats.bytes_kept;
    x->slots = (double)r.stats.bytes;
    x->model = (double)r.stats.bytes_model;
    x->nfe = r.stats.nfe, x->again = r.stats.nfe_again, x->vjps = r.stats.nvjp;
    gradient_run_free(&r);
    gradient_run_free(&tape);
    return code;
}

/* --- AdjointDPM's setting --------------------------------------------------------------------------------------------------- */

static const struct {
    const nde_tableau *method;
    long               steps;
} pans[] = {
    { &nde_euler, 5 },     { &nde_euler, 10 },  { &nde_euler, 30 },
    { &nde_euler, 50 },    { &nde_euler, 100 }, { &nde_midpoint, 10 },
    { &nde_midpoint, 50 }, { &nde_rk4, 10 },    { &nde_rk4, 50 },
};
enum { PANS = sizeof pans / sizeof *pans };

static double cosine(long n, const double *a, const double *b)
{
    double ab = 0, aa = 0, bb = 0;
    for (long i = 0; i < n; i++) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    return ab / sqrt(aa * bb);
}

/* Where the same method on the same points leads from the end: what the continuous adjoint takes for the start. */
static ad_status solve_back(const gradient_case *c, const dpm_options *options, const double *end,
                            double *rms)
{
    dpm_options  o = *options;
    dpm_sampler *s;
    double       sum = 0, *x = c->base.out;
    o.schedule = c->base.schedule;
    o.invert   = 1;
    AD_TRY(dpm_sampler_new(&s, &c->model, &o, c->n));
    ad_status code = dpm_sample(s, &(dpm_run){ .n = c->n, .x = end, .theta = c->theta, .out = x });
    dpm_sampler_free(s);
    for (long i = 0; i < c->n * c->base.dim; i++)
        sum += (x[i] - c->base.start[i]) * (x[i] - c->base.start[i]);
    *rms = sqrt(sum / (double)c->n);
    return code;
}

static ad_status fill_pan(const gradient_case *c, gradient_pan *p)
{
    gradient_run exact, adjoint;
    long         numbers = c->n * c->base.dim;
    dpm_options  o       = { .sampler    = "rho-rk",
                             .tableau    = p->method,
                             .grid       = { .name = "time-uniform", .steps = p->steps },
                             .continuous = p->method };
    AD_TRY(gradient_run_new(&exact, c, &o));
    o.adjoint      = DPM_ADJOINT_CONTINUOUS;
    ad_status code = gradient_run_new(&adjoint, c, &o);
    o.adjoint      = DPM_ADJOINT_POINTS;
    if (!code) code = gradient_median(c, adjoint.x_bar, exact.x_bar, &p->continuous);
    if (!code) code = gradient_median(c, exact.x_bar, c->ode, &p->discrete);
    if (!code) code = solve_back(c, &o, exact.end, &p->back);
    if (!code) {
        p->batch  = gradient_distance(numbers, adjoint.x_bar, exact.x_bar);
        p->cosine = cosine(numbers, adjoint.x_bar, exact.x_bar);
    }
    gradient_run_free(&exact);
    gradient_run_free(&adjoint);
    return code;
}

/* --- all of it --------------------------------------------------------------------------------------------------------------- */

static void told(repro *r, int done)
{
    int                all = CASES * (MODES + PANS);
    cli_progress_state at  = { .iteration     = done,
                               .iterations    = all,
                               .loss          = NAN,
                               .gradient_norm = NAN,
                               .nfe           = -1,
                               .rejected      = -1,
                               .noun          = "row" };
    (done < all ? cli_progress_update : cli_progress_end)(&r->progress, &at);
}

static ad_status fill_all(repro *r, const gradient_case *c, gradient_results *x, int done)
{
    for (int k = 0; k < MODES; k++) {
        for (int i = 0; i < x->sizes; i++) AD_TRY(fill(c, &modes[k], sizes[i], &x->cell[k][i]));
        told(r, ++done);
    }
    for (int i = 0; i < PANS; i++) {
        x->pan[i].method = pans[i].method;
        x->pan[i].steps  = pans[i].steps;
        AD_TRY(fill_pan(c, &x->pan[i]));
        told(r, ++done);
    }
    return AD_OK;
}

static ad_status one_case(repro *r, repro_page *p, int network)
{
    gradient_case    c;
    gradient_results x        = { .name  = network ? "network" : "score",
                                  .title = network ? "A trained network" : "The exact score",
                                  .sizes = r->quick ? 2 : GRADIENT_SIZES,
                                  .size  = sizes,
                                  .modes = MODES,
                                  .mode  = modes,
                                  .pans  = PANS };
    long             training = r->quick ? TRAINING_QUICK : TRAINING;
    AD_TRY(gradient_case_new(&c, r->quick ? POINTS_QUICK : POINTS, network ? training : 0));
    ad_status s = fill_all(r, &c, &x, network * (MODES + PANS));
    if (!s) gradient_page(p, &c, &x);
    gradient_case_free(&c);
    return s;
}

static ad_status whole(repro *r, repro_page *p)
{
    cli_progress_begin(&r->progress, "gradients", cli_flag(r->args, "quiet"));
    for (int network = 0; network < CASES; network++) AD_TRY(one_case(r, p, network));
    return AD_OK;
}

static const char *const notes[] = {
    "Case A, vp-linear from t = 1 to 1e-3; every start has the loss c.x + |x|^2 / 2, c = (0.3, "
    "-0.7), of where it ends. Distances "
    "are |a - b| / |b| of a start's gradient, the median over the starts. The grid is logsnr, but "
    "for the last table of each model.",
    "The sampler's own gradient is that of the numbers which it computed: the tape's. The ODE's is "
    "that of rk4 on 1500 steps.",
    "Last 10 steps: no gradient reaches a start that is farther away, by construction.",
    "Continuous: the adjoint ODE in rho = sigma / alpha, solved backwards on the sampler's points "
    "(Pan et al. 2024). Of the run it keeps "
    "nothing; its memory is a state of (x, its cotangent, those of all weights) for every stage "
    "of the method. It has the errors of "
    "both solves.",
    NULL,
};

const repro_experiment repro_experiment_sampler_gradients = {
    .name  = "sampler-gradients",
    .about = "gradients through sampling: memory against steps, and how exact they are",
    .cite  = "Pan, Liew, Tan, Feng, Yan 2024",
    .notes = notes,
    .whole = whole,
};
