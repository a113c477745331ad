/* There and back again: BDIA, O-BELM, EDICT, Rex, and DDIM's inversion beside them.

   The error of the recovered start, rms over points and components, which are N(0, 1). Rounding starts it, and each step back
   multiplies it: by 1 / gamma (BDIA), 1 / p^2 (EDICT), 1 / zeta (Rex), and by what the step's own map does. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "json.h"
#include "sampler_checks.h"

enum { LENGTHS = CHECK_LENGTHS };
static const long lengths[LENGTHS] = { 20, 50, 100, 200 };

typedef struct trip {
    const char *title, *sampler;
    double      gamma, growth; /* growth: a step, expected */
} trip;

static const trip trips[] = {
    { "DDIM, inverted", "ddim", 0, 0 },
    { "BDIA, gamma 1", "bdia", 1, 1 },
    { "BDIA, gamma 0.9", "bdia", 0.9, 1 / 0.9 },
    { "BDIA, gamma 0.5", "bdia", 0.5, 2 },
    { "O-BELM", "o-belm", 0, 1 },
    { "EDICT, p 0.93", "edict", 0, 1 / (0.93 * 0.93) },
    { "Rex, Euler", "rex", 0, 1 / 0.999 },
    { "Rex, Heun", "rex-heun", 0, 1 / 0.999 },
    { "Rex, RK4", "rex-rk4", 0, 1 / 0.999 },
};
enum { TRIPS = sizeof trips / sizeof *trips };
_Static_assert((int)TRIPS == (int)CHECK_TRIPS, "room for every trip");

/* The numbers of one sampler: start, end and back, of either type. */
typedef struct journey {
    checks     *k;
    ad_type     type;
    dpm_options o;
    void       *x, *y, *back;
    double      error, forward; /* rms of back - x; median distance of y from the exact end */
} journey;

static ad_status there_and_back(journey *j)
{
    const sampler_case *a    = &j->k->a;
    dpm_model           m    = dpm_mixture_model(a->mixture, j->type);
    dpm_sampler        *s    = NULL;
    int                 ddim = !strcmp(j->o.sampler, "ddim");
    AD_TRY(dpm_sampler_new(&s, &m, &j->o, a->n));
    ad_status code = dpm_sample(s,
                                &(dpm_run){ .n = a->n, .x = j->x, .out = j->y, .record = !ddim });
    if (!code && !ddim) code = dpm_recover_start(s, j->back);
    dpm_sampler_free(s);
    if (code || !ddim) return code;
    j->o.invert = 1;
    AD_TRY(dpm_sampler_new(&s, &m, &j->o, a->n));
    code = dpm_sample(s, &(dpm_run){ .n = a->n, .x = j->y, .out = j->back });
    dpm_sampler_free(s);
    return code;
}

static ad_status measure(journey *j)
{
    sampler_case *a   = &j->k->a;
    const long    all = a->n * a->dim;
    double        sum = 0;
    sampler_error e;
    for (long i = 0; i < all; i++)
        if (j->type == AD_F32)
            ((float *)j->x)[i] = (float)a->start[i];
        else
            ((double *)j->x)[i] = a->start[i];
    AD_TRY(there_and_back(j));
    for (long i = 0; i < all; i++) {
        double d = ad_get(j->type, j->back, i) - ad_get(j->type, j->x, i);
        sum += d * d;
        a->out[i] = ad_get(j->type, j->y, i);
    }
    j->error = sqrt(sum / (double)all);
    AD_TRY(sampler_case_judge(a, &e));
    j->forward = e.median;
    return AD_OK;
}

static ad_status travel(checks *k, const trip *t, ad_type type, long steps, journey *out)
{
    const size_t bytes = (size_t)(k->a.n * k->a.dim) * sizeof(double);
    journey      j     = { .k    = k,
                           .type = type,
                           .o    = { .sampler  = t->sampler,
                                     .schedule = k->a.schedule,
                                     .grid     = { .name = "time-uniform", .steps = steps },
                                     .gamma    = t->gamma } };
    j.x = ad_alloc(bytes), j.y = ad_alloc(bytes), j.back = ad_alloc(bytes);
    ad_status s = j.x && j.y && j.back ? measure(&j) : AD_NO_MEMORY;
    /* what overflows on the way back has no error to be told */
    if (s == AD_NONFINITE_FIELD || s == AD_NONFINITE_STATE) s = AD_OK, j.error = INFINITY;
    ad_free(j.x);
    ad_free(j.y);
    ad_free(j.back);
    *out = j;
    return s;
}

static void note(checks *k, const trip *t, const journey *j, long steps)
{
    json_t *o = check_json(k, "round_trips");
    json_object_set_new(o, "sampler", json_string(t->sampler));
    json_object_set_new(o, "gamma", cli_json_number(t->gamma ? t->gamma : NAN));
    json_object_set_new(o, "precision", json_string(j->type == AD_F32 ? "float32" : "float64"));
    json_object_set_new(o, "steps", json_integer(steps));
    json_object_set_new(o, "error", cli_json_number(j->error));
    json_object_set_new(o, "forward_median", cli_json_number(j->forward));
}

/* The claims: back to rounding where nothing grows, growth as said where it does. error[type][length]. */
static void judge(checks *k, const trip *t, double (*error)[LENGTHS], int last)
{
    if (!strcmp(t->title, "BDIA, gamma 1")) {
        check_below(k, t->title, "round trip in float64, rms, most steps", error[1][last], 1e-14);
        check_below(k, t->title, "round trip in float32", error[0][last], 1e-6);
    } else if (!strcmp(t->title, "BDIA, gamma 0.5")) {
        check_near(k, t->title, "error growth a step, 20 to 50 steps",
                   pow(error[1][1] / error[1][0], 1 / 30.), 2, 0.1);
    } else if (!strcmp(t->title, "BDIA, gamma 0.9") && last == LENGTHS - 1) {
        check_near(k, t->title, "error growth a step, 50 to 200 steps",
                   pow(error[1][3] / error[1][1], 1 / 150.), t->growth, 0.02);
    } else if (!strcmp(t->sampler, "o-belm")) {
        check_below(k, t->title, "round trip in float64", error[1][last], 1e-13);
        check_below(k, t->title, "round trip in float32", error[0][last], 1e-5);
    } else if (!strcmp(t->sampler, "edict") && last == LENGTHS - 1) {
        check_near(k, t->title, "error growth a step, 100 to 200 steps",
                   pow(error[1][3] / error[1][2], 1 / 100.), t->growth, 0.05);
    } else if (!strncmp(t->sampler, "rex", 3)) {
        check_below(k, t->title, "round trip in float64", error[1][last], 1e-9);
    }
}

ad_status check_round_trips(checks *k)
{
    static const char *const heads[] = {
        "there and back", "growth",       "float32, N = 20",    "float32, 50",
        "float32, 100",   "float32, 200", "float64, N = 20",    "float64, 50",
        "float64, 100",   "float64, 200", "median error at 50", NULL
    };
    check_table *table = check_table_new(
        k, "Round trips",
        "rms of the recovered start minus the start, which is N(0, 1); time-uniform grid. Growth: "
        "what "
        "a step back multiplies the error by. Median error: of the end, from the exact flow. "
        "DDIM's "
        "inversion integrates the other way, the others walk back exactly.",
        heads);
    const int last = k->quick ? 1 : LENGTHS - 1;
    for (int i = 0; i < TRIPS; i++) {
        double error[2][LENGTHS];
        check_row(table);
        check_cell(table, 0, "%s", trips[i].title);
        check_cell(table, 1, trips[i].growth ? "%.4g" : "-", trips[i].growth);
        for (int c = 2; c < 11; c++) check_cell(table, c, "-");
        for (int type = 0; type < 2; type++)
            for (int n = 0; n <= last; n++) {
                journey j;
                AD_TRY(travel(k, &trips[i], type ? AD_F64 : AD_F32, lengths[n], &j));
                note(k, &trips[i], &j, lengths[n]);
                error[type][n] = j.error;
                if (type) k->back[i][n] = j.error;
                check_cell(table, 2 + LENGTHS * type + n, "%.1e", j.error);
                if (type && lengths[n] == 50) check_cell(table, 10, "%.1e", j.forward);
            }
        judge(k, &trips[i], error, last);
    }
    return k->status;
}

void check_draw_round_trips(checks *k)
{
    double    x[LENGTHS];
    cli_curve curve[TRIPS];
    for (int n = 0; n < LENGTHS; n++) x[n] = (double)lengths[n];
    for (int i = 0; i < TRIPS; i++)
        curve[i] = (cli_curve){
            trips[i].title, i ? CLI_LINE : CLI_DASHES, i, k->quick ? 2 : LENGTHS, x, k->back[i]
        };
    cli_panel panel = { .x_label = "steps",
                        .y_label = "rms error of the start",
                        .curves  = TRIPS,
                        .curve   = curve,
                        .log_x   = 1,
                        .log_y   = 1 };
    repro_page_figure(k->page, "round-trips", "There and back again in float64.",
                      &(cli_figure){ .panels = 1, .panel = &panel, .height = 420 });
}
