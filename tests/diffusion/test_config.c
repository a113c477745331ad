/* scheduler_config.json of diffusers: every class, and every key that changes something. */
#include <criterion/criterion.h>

#include <costate/autodiff/ops.h>
#include <costate/diffusion/sample.h>

#include "diffusion/config_text.h"

static dpm_config read_text(const char *text)
{
    dpm_config  c;
    const char *path = file_of(text);
    ad_status   s    = dpm_config_read(path, &c);
    remove(path);
    cr_assert_eq(s, AD_OK, "%s", ad_message());
    return c;
}

static dpm_config read_file(const char *name, long steps)
{
    char       path[1024];
    dpm_config c;
    snprintf(path, sizeof path, DATA "%s", name);
    cr_assert_eq(dpm_config_read(path, &c), AD_OK, "%s", ad_message());
    cr_assert_eq(dpm_config_steps(&c, steps), AD_OK, "%s", ad_message());
    return c;
}

static dpm_schedule *schedule_of(const dpm_config *c)
{
    dpm_schedule *s;
    cr_assert_eq(dpm_schedule_new(&s, &c->schedule), AD_OK, "%s", ad_message());
    return s;
}

/* The points where it steps. */
static void points_of(const dpm_config *c, dpm_point *p)
{
    dpm_schedule *s = schedule_of(c);
    cr_assert_eq(dpm_grid_make(s, &c->options.grid, p), AD_OK, "%s", ad_message());
    dpm_schedule_free(s);
}

static ad_var network(const dpm_at *at, void *ctx)
{
    (void)ctx;
    return ad_tanh(at->x);
}

/* Something is sampled with it: all that it asks for must be there. */
static void expect_sampled(dpm_config *c)
{
    dpm_sampler  *s;
    dpm_schedule *schedule = schedule_of(c);
    double        x[6]     = { 0.3, -0.2, 1, 0.5, -0.7, 0.1 }, out[6];
    dpm_model     model    = { .network    = network,
                               .prediction = c->prediction,
                               .sigma_data = c->sigma_data,
                               .type       = AD_F64,
                               .dim        = 2 };
    c->options.schedule    = schedule;
    cr_assert_eq(dpm_sampler_new(&s, &model, &c->options, 3), AD_OK, "%s: %s", c->class_name,
                 ad_message());
    cr_expect_eq(dpm_sample(s, &(dpm_run){ .n = 3, .x = x, .seed = 7, .out = out }), AD_OK,
                 "%s: %s", c->class_name, ad_message());
    for (int i = 0; i < 6; i++) cr_expect(isfinite(out[i]), "%s", c->class_name);
    c->options.schedule = NULL;
    dpm_sampler_free(s);
    dpm_schedule_free(schedule);
}

/* --- files as they are found --------------------------------------------------------------------------------------- */

Test(config, stable_diffusion)
{
    dpm_config c = read_file("stable-diffusion-pndm.json", 50);
    dpm_point  p[51];
    cr_expect_str_eq(c.class_name, "PNDMScheduler");
    cr_expect_str_eq(c.options.sampler, "plms");
    cr_expect_str_eq(c.schedule.name, "scaled-linear");
    cr_expect_str_eq(c.ignored, "clip_sample");
    cr_expect_eq(c.prediction, DPM_EPSILON);
    cr_expect(c.options.clip == 0 && c.options.threshold == 0);
    points_of(&c, p);
    for (int i = 0; i < 50; i++) cr_expect(p[i].t == 981 - 20 * i);
    cr_expect(p[50].t == 0, "alphas_cumprod[0] at the end: set_alpha_to_one is false");
    dpm_config_free(&c);
}

Test(config, sdxl)
{
    dpm_config c = read_file("sdxl-euler.json", 20);
    dpm_point  p[21];
    cr_expect_str_eq(c.options.sampler, "euler");
    cr_expect_str_eq(c.ignored, "clip_sample sample_max_value set_alpha_to_one skip_prk_steps");
    points_of(&c, p);
    for (int i = 0; i < 20; i++) cr_expect(p[i].t == 951 - 50 * i);
    cr_expect(p[20].sigma == 0);
    expect_sampled(&c);
    dpm_config_free(&c);
}

Test(config, dpm_solver_karras)
{
    dpm_config c = read_file("dpmpp-2m-karras.json", 20);
    dpm_point  p[21];
    cr_expect_str_eq(c.options.sampler, "dpmpp-2m");
    cr_expect_str_eq(c.options.solver_type, "dpmsolver");
    cr_expect_str_eq(c.ignored, "");
    points_of(&c, p);
    double a = pow(p[0].rho, 1 / 7.0), b = pow(p[19].rho, 1 / 7.0);
    cr_expect(p[0].t == 999 && p[19].t == 0 && p[20].sigma == 0);
    for (int i = 0; i < 20; i++)
        cr_expect_leq(fabs(p[i].rho - pow(a + i / 19.0 * (b - a), 7)), 1e-13 * p[i].rho);
    cr_expect_eq(c.options.lower_order_final, -1,
                 "15 steps and more: the end at 0 alone is of order 1");
    cr_assert_eq(dpm_config_steps(&c, 10), AD_OK);
    cr_expect_gt(c.options.lower_order_final, 0);
    expect_sampled(&c);
    dpm_config_free(&c);
}

Test(config, ddim_of_pixels)
{
    dpm_config c = read_file("pixel-ddim.json", 10);
    dpm_point  p[11];
    cr_expect_str_eq(c.options.sampler, "ddim");
    cr_expect_str_eq(c.schedule.name, "ddpm");
    cr_expect(c.options.clip == 1 && c.options.clip_range == 1);
    points_of(&c, p);
    for (int i = 0; i < 10; i++) cr_expect(p[i].t == 900 - 100 * i);
    cr_expect(p[10].sigma == 0);
    expect_sampled(&c);
    dpm_config_free(&c);
}

Test(config, unipc)
{
    dpm_config c = read_file("unipc.json", 10);
    dpm_point  p[11];
    cr_expect_str_eq(c.options.sampler, "unipc");
    cr_expect_str_eq(c.options.variant, "bh1");
    cr_expect_eq(c.options.order, 3);
    cr_expect_eq(c.options.prediction, DPM_X0);
    points_of(&c, p);
    for (int i = 0; i < 10; i++) cr_expect(p[i].t == 999 - 100 * i);
    cr_expect(p[10].sigma == 0);
    expect_sampled(&c);
    dpm_config_free(&c);
}

/* sigmas: equal steps from 1 to shift(1 / 1000), shifted, then 0 */
Test(config, flow_matching)
{
    dpm_config c = read_file("flow-match-euler.json", 28);
    dpm_point  p[29];
    double     last = 3 * 0.001 / (1 + 2 * 0.001);
    cr_expect_str_eq(c.options.sampler, "flow-euler");
    cr_expect_eq(c.prediction, DPM_FLOW);
    points_of(&c, p);
    for (int i = 0; i < 28; i++) {
        double s = 1 + i / 27.0 * (last - 1);
        cr_expect_leq(fabs(p[i].sigma - 3 * s / (1 + 2 * s)), 4e-16);
    }
    cr_expect(p[0].alpha == 0 && p[28].sigma == 0);
    expect_sampled(&c);
    dpm_config_free(&c);
}

/* sigmas: 1 - linspace(1, 1 / 1000, n + 1), backwards and without the 0, shifted, then 0 */
Test(config, flow_with_dpm_solver)
{
    dpm_config c = read_file("flow-dpm.json", 20);
    dpm_point  p[21];
    cr_expect_str_eq(c.options.sampler, "dpmpp-2m");
    cr_expect_eq(c.prediction, DPM_FLOW);
    points_of(&c, p);
    for (int i = 0; i < 20; i++) {
        double s = 0.999 * (20 - i) / 20;
        cr_expect_leq(fabs(p[i].sigma - 3 * s / (1 + 2 * s)), 1e-15);
    }
    cr_expect(p[20].sigma == 0);
    expect_sampled(&c);
    dpm_config_free(&c);
}

Test(config, edm)
{
    dpm_config c = read_file("edm.json", 18);
    dpm_point  p[19];
    cr_expect_str_eq(c.options.sampler, "dpmpp-2m");
    cr_expect_eq(c.prediction, DPM_EDM);
    cr_expect(c.sigma_data == 0.5);
    points_of(&c, p);
    cr_expect(p[0].sigma == 80 && p[17].sigma == 0.002 && p[18].sigma == 0);
    cr_expect_leq(fabs(p[1].sigma - 57.58598472124816), 1e-12);
    expect_sampled(&c);
    dpm_config_free(&c);
}

Test(config, zero_terminal_snr)
{
    dpm_config c = read_file("zero-snr-ddim.json", 10);
    dpm_point  p[11];
    cr_expect_eq(c.prediction, DPM_V);
    points_of(&c, p);
    cr_expect(p[0].alpha == 0 && p[0].t == 999 && p[1].t == 899 && p[10].sigma == 0);
    dpm_config_free(&c);
}

Test(config, thresholding)
{
    dpm_config c = read_file("thresholding-ddpm.json", 25);
    cr_expect_str_eq(c.options.sampler, "ddpm");
    cr_expect_str_eq(c.options.variant, "large");
    cr_expect_str_eq(c.schedule.name, "cosine-discrete");
    cr_expect(c.options.threshold == 0.95 && c.options.threshold_most == 1.5);
    cr_expect_eq(c.options.clip, 0, "thresholding goes before clipping");
    expect_sampled(&c);
    dpm_config_free(&c);
}

/* --- classes with their defaults ----------------------------------------------------------------------------------- */

Test(config, every_class_samples)
{
    int n = 0;
    for (const char *name; (name = dpm_config_class(n)); n++) {
        char text[128];
        snprintf(text, sizeof text, "{\"_class_name\": \"%s\"}", name);
        dpm_config c = read_text(text);
        cr_expect_str_eq(c.class_name, name);
        cr_expect_str_eq(c.ignored, "");
        cr_assert_eq(dpm_config_steps(&c, 12), AD_OK, "%s", ad_message());
        expect_sampled(&c);
        dpm_config_free(&c);
    }
    cr_expect_eq(n, 18);
}

typedef struct expectation {
    const char *text, *sampler, *schedule, *grid;
    int         final_zero, repeats;
} expectation;

Test(config, samplers_and_grids)
{
    static const expectation row[] = {
        { CLASS("DPMSolverMultistep") "}", "dpmpp-2m", "ddpm", "linspace", DPM_FINAL_REPLACED, 0 },
        { CLASS("DPMSolverMultistep") ", \"solver_order\": 1}", "dpmpp-1", "ddpm", "linspace",
          DPM_FINAL_REPLACED, 0 },
        { CLASS("DPMSolverMultistep") ", \"solver_order\": 3, \"timestep_spacing\": \"leading\"}",
          "dpmpp-3m", "ddpm", "leading", DPM_FINAL_REPLACED, 0 },
        { CLASS("DPMSolverMultistep") ", \"algorithm_type\": \"dpmsolver\", \"final_sigmas_type\": "
                                      "\"sigma_min\"}",
          "dpm-2m", "ddpm", "linspace", DPM_FINAL_GRID, 0 },
        { CLASS("DPMSolverMultistep") ", \"algorithm_type\": \"sde-dpmsolver++\"}", "sde-dpmpp-2m",
          "ddpm", "linspace", DPM_FINAL_REPLACED, 0 },
        { CLASS("DPMSolverMultistep") ", \"use_lu_lambdas\": true, \"final_sigmas_type\": "
                                      "\"sigma_min\"}",
          "dpmpp-2m", "ddpm", "logsnr", DPM_FINAL_GRID, 1 },
        { CLASS("DPMSolverMultistep") ", \"use_beta_sigmas\": true}", "dpmpp-2m", "ddpm", "beta",
          DPM_FINAL_APPENDED, 0 },
        { CLASS("DPMSolverMultistep") ", \"use_exponential_sigmas\": true}", "dpmpp-2m", "ddpm",
          "logsnr", DPM_FINAL_APPENDED, 0 },
        { CLASS("DPMSolverMultistep") ", \"timestep_spacing\": \"trailing\", "
                                      "\"final_sigmas_type\": \"sigma_min\"}",
          "dpmpp-2m", "ddpm", "trailing", DPM_FINAL_END, 0 },
        { CLASS("DPMSolverSinglestep") ", \"solver_order\": 3}", "dpmpp-3s", "ddpm", "linspace",
          DPM_FINAL_REPLACED, 0 },
        { CLASS("DEISMultistep") "}", "deis-logrho", "ddpm", "linspace", DPM_FINAL_GRID, 0 },
        { CLASS("DDIM") ", \"set_alpha_to_one\": false, \"steps_offset\": 1}", "ddim", "ddpm",
          "leading", DPM_FINAL_END, 0 },
        { CLASS("DDIM") ", \"set_alpha_to_one\": false}", "ddim", "ddpm", "leading", DPM_FINAL_GRID,
          1 },
        { CLASS("DDIM") ", \"timestep_spacing\": \"linspace\"}", "ddim", "ddpm", "linspace",
          DPM_FINAL_APPENDED, 0 },
        { CLASS("PNDM") "}", "pndm", "ddpm", "leading", DPM_FINAL_GRID, 1 },
        { CLASS("LMSDiscrete") "}", "lms", "ddpm", "time-uniform", DPM_FINAL_APPENDED, 0 },
        { CLASS("HeunDiscrete") ", \"beta_schedule\": \"squaredcos_cap_v2\"}", "heun",
          "cosine-discrete", "time-uniform", DPM_FINAL_APPENDED, 0 },
        { CLASS("EulerDiscrete") ", \"final_sigmas_type\": \"sigma_min\"}", "euler", "ddpm",
          "time-uniform", DPM_FINAL_GRID, 1 },
        { CLASS("EulerAncestralDiscrete") ", \"timestep_spacing\": \"trailing\"}",
          "euler-ancestral", "ddpm", "trailing", DPM_FINAL_APPENDED, 0 },
        { CLASS("EDMEuler") ", \"sigma_schedule\": \"exponential\"}", "euler", "edm", "logsnr",
          DPM_FINAL_APPENDED, 0 },
        { CLASS("FlowMatchHeunDiscrete") "}", "flow-heun", "flow", "time-uniform",
          DPM_FINAL_APPENDED, 0 },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        dpm_config c = read_text(row[i].text);
        cr_expect_str_eq(c.options.sampler, row[i].sampler, "%s", row[i].text);
        cr_expect_str_eq(c.schedule.name, row[i].schedule, "%s", row[i].text);
        cr_expect_str_eq(c.options.grid.name, row[i].grid, "%s", row[i].text);
        cr_expect_eq(c.options.grid.final_zero, row[i].final_zero, "%s", row[i].text);
        cr_expect_eq(c.repeats_last, row[i].repeats, "%s", row[i].text);
        cr_assert_eq(dpm_config_steps(&c, 12), AD_OK);
        expect_sampled(&c);
        dpm_config_free(&c);
    }
}

/* Where the class visits the last point twice, n of its points are ours. */
Test(config, repeated_last_points)
{
    dpm_point  p[11];
    dpm_config c = read_text(CLASS("PNDM") "}");
    cr_assert_eq(dpm_config_steps(&c, 10), AD_OK);
    cr_expect_eq(c.options.grid.steps, 9);
    points_of(&c, p);
    for (int i = 0; i < 10; i++) cr_expect(p[i].t == 900 - 100 * i);
    cr_expect_eq(dpm_config_steps(&c, 1), AD_INVALID);
    cr_expect(strstr(ad_message(), "take 2"), "%s", ad_message());
    dpm_config_free(&c);
    c = read_text(CLASS(
        "UniPCMultistep") ", \"use_flow_sigmas\": true, \"final_sigmas_type\": \"sigma_min\"}");
    cr_assert_eq(dpm_config_steps(&c, 10), AD_OK);
    points_of(&c, p);
    for (int i = 0; i < 10; i++) cr_expect_leq(fabs(p[i].sigma - 0.0999 * (10 - i)), 4e-16);
    dpm_config_free(&c);
}

/* --- keys ---------------------------------------------------------------------------------------------------------- */

Test(config, trained_betas)
{
    dpm_config c = read_text(
        CLASS("DDIM") ", \"num_train_timesteps\": 3, \"trained_betas\": [0.1, 0.2, 0.5]}");
    dpm_schedule *s = schedule_of(&c);
    double        a = dpm_schedule_at(s, 2).alpha;
    cr_expect_leq(fabs(a * a - 0.36), 1e-15);
    dpm_schedule_free(s);
    dpm_config_free(&c);
}

Test(config, beta_schedules_of_diffusers_alone)
{
    dpm_config c = read_text(
        CLASS("DDPM") ", \"beta_schedule\": \"sigmoid\", \"num_train_timesteps\": 11}");
    dpm_schedule *s = schedule_of(&c);
    cr_expect_leq(fabs(s->o.betas[5] - 0.5 * (1e-4 + 0.02)), 1e-17, "the middle of the sigmoid");
    cr_expect_leq(fabs(s->o.betas[0] - (1e-4 + 0.0199 / (1 + exp(6)))), 1e-18);
    dpm_schedule_free(s);
    dpm_config_free(&c);
    c        = read_text(CLASS("HeunDiscrete") ", \"beta_schedule\": \"exp\"}");
    s        = schedule_of(&c);
    double a = dpm_schedule_at(s, 499).alpha; /* alpha_bar = e^(-12 t) */
    cr_expect_leq(fabs(a * a - exp(-6)), 1e-13 * exp(-6));
    dpm_schedule_free(s);
    dpm_config_free(&c);
}

/* Classes that divide by alpha put 2^-24 for an alpha_bar of 0. */
Test(config, zero_snr_with_a_way_out)
{
    dpm_config c = read_text(CLASS("EulerDiscrete") ", \"beta_schedule\": \"scaled_linear\", "
                                                    "\"rescale_betas_zero_snr\": true, "
                                                    "\"prediction_type\": \"v_prediction\"}");
    dpm_config d = read_text(
        CLASS("DDIM") ", \"beta_schedule\": \"scaled_linear\", \"rescale_betas_zero_snr\": true, "
                      "\"prediction_type\": \"v_prediction\"}");
    dpm_schedule *s = schedule_of(&c), *exact = schedule_of(&d);
    double        a = dpm_schedule_at(s, 999).alpha;
    cr_expect_leq(fabs(a - 0x1p-12), 1e-12 * 0x1p-12);
    cr_expect(dpm_schedule_at(exact, 999).alpha == 0);
    for (int i = 0; i < 999; i += 111)
        cr_expect_leq(fabs(dpm_schedule_at(s, i).lambda - dpm_schedule_at(exact, i).lambda), 1e-11);
    dpm_schedule_free(s);
    dpm_schedule_free(exact);
    dpm_config_free(&c);
    dpm_config_free(&d);
}

Test(config, lambda_min_clipped)
{
    dpm_config c = read_text(
        CLASS("DPMSolverMultistep") ", \"beta_schedule\": \"squaredcos_cap_v2\", "
                                    "\"lambda_min_clipped\": -5.1}");
    dpm_schedule *s = schedule_of(&c);
    double        t = c.options.grid.t_begin;
    cr_expect(t == floor(t) && dpm_schedule_at(s, t).lambda >= -5.1 &&
              dpm_schedule_at(s, t + 1).lambda < -5.1);
    dpm_schedule_free(s);
    dpm_config_free(&c);
}

Test(config, ends_of_karras)
{
    dpm_config c = read_text(CLASS(
        "EulerDiscrete") ", \"use_karras_sigmas\": true, \"sigma_min\": 0.1, \"sigma_max\": 10}");
    dpm_point  p[9];
    cr_assert_eq(dpm_config_steps(&c, 8), AD_OK);
    points_of(&c, p);
    cr_expect_leq(fabs(p[0].rho - 10), 1e-12);
    cr_expect_leq(fabs(p[7].rho - 0.1), 1e-13);
    cr_expect(p[8].sigma == 0);
    dpm_config_free(&c);
}

Test(config, predictions)
{
    static const char *const text[] = {
        CLASS("DDIM") ", \"prediction_type\": \"epsilon\"}",
        CLASS("DDIM") ", \"prediction_type\": \"sample\"}",
        CLASS("DDIM") ", \"prediction_type\": \"v_prediction\"}",
        CLASS("DPMSolverMultistep") ", \"prediction_type\": \"flow_prediction\"}",
    };
    static const dpm_prediction want[] = { DPM_EPSILON, DPM_X0, DPM_V, DPM_FLOW };
    for (int i = 0; i < 4; i++) {
        dpm_config c = read_text(text[i]);
        cr_expect_eq(c.prediction, want[i]);
        dpm_config_free(&c);
    }
}

/* euler_at_final counts where the end is not at 0; singlestep: fixed orders where they fit. */
Test(config, orders_at_the_end)
{
    dpm_config c = read_text(CLASS(
        "DPMSolverMultistep") ", \"euler_at_final\": true, \"final_sigmas_type\": \"sigma_min\"}");
    cr_assert_eq(dpm_config_steps(&c, 30), AD_OK);
    cr_expect_gt(c.options.lower_order_final, 0);
    dpm_config_free(&c);
    c = read_text(CLASS("DPMSolverMultistep") ", \"lower_order_final\": false}");
    cr_assert_eq(dpm_config_steps(&c, 5), AD_OK);
    cr_expect_eq(c.options.lower_order_final, -1);
    dpm_config_free(&c);
    c = read_text(CLASS(
        "DPMSolverSinglestep") ", \"solver_order\": 3, \"final_sigmas_type\": \"sigma_min\"}");
    cr_assert_eq(dpm_config_steps(&c, 9), AD_OK);
    cr_expect_str_eq(c.options.singlestep, "fixed");
    cr_assert_eq(dpm_config_steps(&c, 10), AD_OK);
    cr_expect_str_eq(c.options.singlestep, "fast");
    dpm_config_free(&c);
}

/* Python's -Infinity is read; in a text it stays what it is. */
Test(config, infinities)
{
    dpm_config c = read_text(
        "{\"note \\\" -Infinity\": \"Infinity\", \"_class_name\": \"DPMSolverMultistepScheduler\", "
        "\"lambda_min_clipped\": -Infinity, \"x\": [Infinity]}");
    cr_expect_str_eq(c.ignored, "note \" -Infinity x");
    cr_expect(c.options.grid.t_begin == 0);
    dpm_config_free(&c);
}
