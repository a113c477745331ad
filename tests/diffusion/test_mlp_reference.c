/* Gradients through official samplers: two small networks, five samplers, to 1e-9 and to the accuracy of the data. */
#include <costate/autodiff/layers.h>
#include <costate/diffusion/sample.h>

#include "reference.h"

enum {
    POINTS  = 8,
    HIDDEN  = 16,
    STEPS   = 10,
    WEIGHTS = HIDDEN * 3 + HIDDEN + HIDDEN * HIDDEN + HIDDEN + 2 * HIDDEN + 2
};

static ad_var network(const dpm_at *at, void *ctx)
{
    (void)ctx;
    /* a column of t beside x: x e1' 0 + t */
    ad_var t = ad_add(ad_scale(ad_slice(at->x, 1, 0, 1), 0), ad_cast(at->t, at->type));
    ad_var h = ad_concat(2, (const ad_var[]){ at->x, t }, 1);
    return ad_mlp(h, at->theta, "net", 3, (const long[]){ HIDDEN, HIDDEN, 2 }, ad_tanh);
}

static const struct {
    const char *official, *sampler, *variant, *singlestep;
    int         order;
} run_of[] = {
    { "DDIM", "ddim", NULL, NULL, 0 },
    { "DPM-Solver 2M", "dpm-2m", NULL, NULL, 0 },
    { "DPM-Solver++ 2M", "dpmpp-2m", NULL, NULL, 0 },
    { "UniPC-2 bh2 x0", "unipc", "bh2", NULL, 2 },
    { "DPM-Solver 3S", "dpm-3s", NULL, "fast", 0 },
};

static const char *const weight_name[] = { "W1", "b1", "W2", "b2", "W3", "b3" };
static const char *const view_name[]   = { "net.0.weight", "net.0.bias",   "net.1.weight",
                                           "net.1.bias",   "net.2.weight", "net.2.bias" };

/* Six arrays of a JSON object at the places of the parameters. */
static void weights_of(const json_t *j, const ad_params *p, double *theta)
{
    for (int i = 0; i < 6; i++) {
        const ad_param_view *v = ad_params_view(p, ad_params_find(p, view_name[i]));
        cr_assert_eq(reference_rows(json_object_get(j, weight_name[i]), theta + v->offset, WEIGHTS),
                     ad_elements(v->shape));
    }
}

/* |a - b| / |b| */
static double relative(long n, const double *a, const double *b)
{
    double d = 0, s = 0;
    for (long i = 0; i < n; i++) {
        d += (a[i] - b[i]) * (a[i] - b[i]);
        s += b[i] * b[i];
    }
    return sqrt(d / s);
}

typedef struct answer {
    double x[2 * POINTS], x_bar[2 * POINTS], theta_bar[WEIGHTS];
} answer;

static void solve(const dpm_model *m, const dpm_options *o, const double *x, const double *target,
                  const double *theta, answer *a)
{
    dpm_sampler *s;
    double       out_bar[2 * POINTS];
    cr_assert_eq(dpm_sampler_new(&s, m, o, POINTS), AD_OK, "%s", ad_message());
    cr_assert_eq(
        dpm_sample(s, &(dpm_run){ .n = POINTS, .x = x, .theta = theta, .out = a->x, .record = 1 }),
        AD_OK, "%s", ad_message());
    for (int i = 0; i < 2 * POINTS; i++) out_bar[i] = 2 * (a->x[i] - target[i]) / POINTS;
    memset(a->theta_bar, 0, sizeof a->theta_bar);
    cr_assert_eq(dpm_pullback(s, &(dpm_cotangents){ .out_bar   = out_bar,
                                                    .x_bar     = a->x_bar,
                                                    .theta_bar = a->theta_bar }),
                 AD_OK, "%s", ad_message());
    dpm_sampler_free(s);
}

Test(mlp_reference, gradients_of_official_samplers)
{
    json_t *file = reference_open("mlp_gradients.json");
    if (!file) cr_skip_test("the shared reference data are not here");
    double x[2 * POINTS], target[2 * POINTS];
    reference_rows(json_object_get(file, "x_T"), x, 2 * POINTS);
    reference_rows(json_object_get(file, "target"), target, 2 * POINTS);
    dpm_schedule *vp;
    ad_params    *params;
    cr_assert_eq(
        dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }),
        AD_OK);
    cr_assert_eq(ad_params_new(&params, AD_F64), AD_OK);
    dpm_model m = { .network = network, .type = AD_F64, .dim = 2, .theta = params, .name = "mlp" };
    size_t    i, k;
    const json_t *net, *run;
    /* views are registered by tracing */
    dpm_sampler *first;
    cr_assert_eq(dpm_sampler_new(&first, &m, &(dpm_options){ .schedule = vp, .grid.steps = 2 }, 1),
                 AD_OK, "%s", ad_message());
    dpm_sampler_free(first);
    cr_assert_eq(ad_params_count(params), WEIGHTS);
    json_array_foreach(json_object_get(file, "networks"), i, net)
    {
        double theta[WEIGHTS];
        weights_of(json_object_get(net, "weights"), params, theta);
        json_array_foreach(json_object_get(net, "runs"), k, run)
        {
            const char *official = reference_text(run, "sampler");
            cr_assert_str_eq(official, run_of[k].official);
            double        end[2 * POINTS], x_bar[2 * POINTS], theta_bar[WEIGHTS];
            const json_t *accuracy = json_object_get(run, "rounding_sensitivity_relative");
            (void)accuracy;
            reference_rows(json_object_get(run, "x_end"), end, 2 * POINTS);
            reference_rows(json_object_get(run, "grad_x_T"), x_bar, 2 * POINTS);
            weights_of(json_object_get(run, "grad_weights"), params, theta_bar);
            static const dpm_adjoint mode[] = { DPM_ADJOINT_POINTS, DPM_ADJOINT_TAPE,
                                                DPM_ADJOINT_CHECKPOINTS };
            for (int a = 0; a < 3; a++) {
                answer      got;
                dpm_options o = { .sampler    = run_of[k].sampler,
                                  .schedule   = vp,
                                  .grid       = { .name = "logsnr", .steps = STEPS },
                                  .variant    = run_of[k].variant,
                                  .singlestep = run_of[k].singlestep,
                                  .order      = run_of[k].order,
                                  .adjoint    = mode[a],
                                  .budget     = 3 * 2 * POINTS * sizeof(double) };
                solve(&m, &o, x, target, theta, &got);
                const char *how = dpm_adjoint_name(mode[a]);
                /* README: relative to the norm, 4.3e-13 and 6.9e-13 of a second implementation, 1.3e-12 of perturbed official runs */
                cr_expect_lt(relative(2 * POINTS, got.x, end), 2e-11, "%s, %s: end %g", official,
                             how, relative(2 * POINTS, got.x, end));
                cr_expect_lt(relative(2 * POINTS, got.x_bar, x_bar), 2e-11, "%s, %s: x_T %g",
                             official, how, relative(2 * POINTS, got.x_bar, x_bar));
                cr_expect_lt(relative(WEIGHTS, got.theta_bar, theta_bar), 2e-11,
                             "%s, %s: weights %g", official, how,
                             relative(WEIGHTS, got.theta_bar, theta_bar));
            }
        }
    }
    ad_params_free(params);
    dpm_schedule_free(vp);
    json_decref(file);
}
