/* DPM-Solver, DPM-Solver++ and UniPC against endpoints, evaluations and paths of the official implementations (case A, logSNR grid).

   The effective orders of an entry are compared through what they do: each lowers the number of values that a step combines, which
   changes the endpoint by far more than the tolerance; and through the times of the evaluations. */
#include <math.h>

#include <costate/diffusion/sample.h>

#include "reference.h"

enum { POINTS = 32, DIM = 2, MOST_STEPS = 20, ALL = 168 };

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

/* Times of the evaluations, in the order of the program, from its text. */
static long evaluated_at(const dpm_sampler *s, double *t, long most)
{
    char *text = dpm_sampler_text(s);
    long  n    = 0;
    cr_assert(text);
    for (const char *p = text; (p = strstr(p, ", t = ")); p++) {
        cr_assert_lt(n, most);
        t[n++] = strtod(p + 6, NULL);
    }
    ad_free(text);
    return n;
}

static dpm_options options_of(const json_t *e, char name[])
{
    static const char *const variant[] = { "bh1", "bh2" };
    const char   *family = reference_text(e, "family"), *method = reference_text(e, "method");
    const json_t *lower = json_object_get(e, "lower_order_final");
    int           order = (int)reference_number(e, "order");
    dpm_options   o     = { .sampler = name, .grid.steps = (long)reference_number(e, "steps") };
    int           data  = !strcmp(reference_text(e, "prediction"), "data");
    if (lower) o.lower_order_final = json_is_true(lower) ? 1 : -1;
    if (!strcmp(family, "unipc")) {
        strcpy(name, "unipc");
        o.order      = order;
        o.prediction = data ? DPM_X0 : DPM_EPSILON;
        o.variant    = variant[!strcmp(reference_text(e, "variant"), "bh2")];
        return o;
    }
    int single = !strncmp(method, "singlestep", 10);
    sprintf(name, "dpm%s-%d%s", data ? "pp" : "", order, order == 1 ? "" : single ? "s" : "m");
    if (single) o.singlestep = strcmp(method, "singlestep") ? "fixed" : "fast";
    o.solver_type = strcmp(reference_text(e, "solver_type"), "taylor") ? "dpmsolver" : "taylor";
    o.published   = !single && order == 3;
    return o;
}

/* Where a singlestep run is at the official steps' ends: the grid's points that lie there. */
static long row_of(const json_t *e, long k, long steps)
{
    const json_t *orders = json_object_get(e, "effective_orders");
    long          end    = 0;
    if (strncmp(reference_text(e, "method"), "singlestep", 10)) return k;
    for (long j = 0; j < k; j++) end += (long)json_integer_value(json_array_get(orders, (size_t)j));
    return k == (long)json_array_size(orders) ? steps : end;
}

static void check_times(const json_t *e, const dpm_sampler *s)
{
    double t[2 * MOST_STEPS], want[2 * MOST_STEPS];
    long   n = reference_rows(json_object_get(e, "eval_t"), want, 2 * MOST_STEPS);
    cr_expect_eq(evaluated_at(s, t, 2 * MOST_STEPS), n, "%s", reference_text(e, "id"));
    for (long i = 0; i < n; i++) /* nine digits are printed */
        cr_expect_leq(fabs(t[i] / want[i] - 1), 1e-8, "%s: evaluation %ld at %.9g, not %.9g",
                      reference_text(e, "id"), i, t[i], want[i]);
}

static void check(const dpm_mixture *m, const dpm_schedule *vp, const double *x, const json_t *e)
{
    const char  *id = reference_text(e, "id");
    char         name[32];
    dpm_model    model = dpm_mixture_model(m, AD_F64);
    dpm_options  o     = options_of(e, name);
    double       out[POINTS * DIM], want[POINTS * DIM], path[(MOST_STEPS + 1) * POINTS * DIM];
    dpm_sampler *s;
    o.schedule = vp;
    ok(dpm_sampler_new(&s, &model, &o, POINTS));
    ok(dpm_sample(s, &(dpm_run){ .n = POINTS, .x = x, .out = out, .path = path }));
    cr_expect_eq(dpm_sampler_stats(s)->nfe, (long)reference_number(e, "model_evaluations"), "%s",
                 id);
    cr_assert_eq(reference_rows(json_object_get(e, "x_end"), want, POINTS * DIM), POINTS * DIM);
    double off = reference_distance(POINTS * DIM, out, want), most = reference_tolerance(e);
    cr_expect(off <= most, "%s: the end is %.3g away, %.3g are allowed", id, off, most);
    long rows = reference_rows(json_object_get(e, "path_point0"), want, POINTS * DIM) / DIM;
    for (long k = 0; k < rows; k++) {
        long at = row_of(e, k, o.grid.steps);
        off     = reference_distance(DIM, path + at * POINTS * DIM, want + k * DIM);
        cr_expect(off <= most, "%s: point 0 after step %ld is %.3g away, %.3g are allowed", id, k,
                  off, most);
    }
    check_times(e, s);
    dpm_sampler_free(s);
}

Test(dpm_reference, every_entry)
{
    json_t       *file = reference_open("samplers_logSNR.json"), *e;
    size_t        i;
    double        x[POINTS * DIM];
    dpm_schedule *vp;
    if (!file) cr_skip("no shared reference data (COSTATE_SHARED)");
    dpm_mixture *m = reference_mixture(file);
    ok(dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    cr_assert_eq(reference_rows(json_object_get(file, "x_T"), x, POINTS * DIM), POINTS * DIM);
    json_array_foreach(json_object_get(file, "entries"), i, e) check(m, vp, x, e);
    cr_expect_eq(i, ALL);
    dpm_schedule_free(vp);
    dpm_mixture_free(m);
    json_decref(file);
}
