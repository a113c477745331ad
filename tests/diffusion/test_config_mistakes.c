/* What is refused of a scheduler_config.json, and why. */
#include "diffusion/config_text.h"

static void refused(ad_status status, const char *text, const char *part)
{
    dpm_config  c;
    const char *path = file_of(text);
    cr_expect_eq(dpm_config_read(path, &c), status, "%s", text);
    remove(path);
    cr_expect(strstr(ad_message(), part), "'%s' says nothing of '%s'", ad_message(), part);
    cr_expect_null(c.arena);
}

Test(config, broken_files)
{
    dpm_config c;
    cr_expect_eq(dpm_config_read(DATA "none.json", &c), AD_BAD_FILE, "%s", ad_message());
    refused(AD_BAD_FILE, "", "line 1");
    refused(AD_BAD_FILE, "{\n\"_class_name\": \"DDIMScheduler\",\n\"x\": }", "line 3");
    refused(AD_BAD_FILE, "[1, 2]", "has no \"_class_name\"");
    refused(AD_BAD_FILE, "{\"beta_start\": 1}", "has no \"_class_name\"");
    refused(AD_BAD_FILE, CLASS("DDIM") ", \"beta_start\": \"small\"}",
            "'beta_start' is not a number");
    refused(AD_BAD_FILE, CLASS("DDIM") ", \"clip_sample\": 1}",
            "'clip_sample' is not true or false");
    refused(AD_BAD_FILE, CLASS("DDIM") ", \"steps_offset\": 0.5}",
            "'steps_offset' is not a whole number");
    refused(AD_BAD_FILE, CLASS("DDIM") ", \"timestep_spacing\": 3}",
            "'timestep_spacing' is not a text");
    refused(AD_BAD_FILE, CLASS("DDIM") ", \"trained_betas\": 3}",
            "'trained_betas' is not a list of numbers");
    refused(AD_BAD_FILE, CLASS("DDIM") ", \"trained_betas\": [\"a\"]}",
            "'trained_betas' is not a list of numbers");
}

Test(config, classes_that_are_not_here)
{
    refused(AD_INVALID, "{\"_class_name\": \"DPMSolverMultistepSheduler\"}",
            "did you mean 'DPMSolverMultistepScheduler'");
    refused(AD_INVALID, "{\"_class_name\": \"UNet\"}", "there is no scheduler class 'UNet'");
    refused(AD_UNSUPPORTED, CLASS("LCM") "}", "LCMScheduler is for consistency models");
    refused(AD_UNSUPPORTED, CLASS("IPNDM") "}", "a noise schedule of its own");
    refused(AD_UNSUPPORTED, CLASS("DDIMInverse") "}", "--invert");
}

#define UNSUPPORTED(name, rest, part) refused(AD_UNSUPPORTED, CLASS(name) ", " rest "}", part)

Test(config, values_that_are_not_here)
{
    UNSUPPORTED("DDIM", "\"beta_schedule\": \"laplace\"", "beta_schedule = laplace");
    UNSUPPORTED("DDIM", "\"prediction_type\": \"noise\"", "prediction_type = noise");
    UNSUPPORTED("DDIM", "\"timestep_spacing\": \"odd\"", "timestep_spacing = odd");
    UNSUPPORTED("DDPM", "\"variance_type\": \"learned_range\"", "predict the variance too");
    UNSUPPORTED("DDPM", "\"variance_type\": \"medium\"", "fixed_small or fixed_large");
    UNSUPPORTED("DPMSolverMultistep", "\"variance_type\": \"learned\"", "predict the variance too");
    UNSUPPORTED("DPMSolverMultistep", "\"algorithm_type\": \"dpmsolver\"",
                "cannot end at sigma = 0");
    UNSUPPORTED("DPMSolverMultistep", "\"algorithm_type\": \"dpm\"", "algorithm_type = dpm:");
    UNSUPPORTED("DPMSolverMultistep", "\"solver_type\": \"rk4\"", "solver_type = rk4");
    UNSUPPORTED("DPMSolverMultistep", "\"final_sigmas_type\": \"one\"", "final_sigmas_type = one");
    UNSUPPORTED("DPMSolverMultistep", "\"use_flow_sigmas\": true, \"use_dynamic_shifting\": true",
                "flow_shift = e^mu");
    UNSUPPORTED(
        "DPMSolverMultistep",
        "\"euler_at_final\": true, \"solver_order\": 3, \"final_sigmas_type\": \"sigma_min\"",
        "euler_at_final");
    UNSUPPORTED("DPMSolverSinglestep", "\"algorithm_type\": \"sde-dpmsolver++\"",
                "needs the sampler 'sde-dpmpp-2s'");
    UNSUPPORTED("UniPCMultistep", "\"disable_corrector\": [0, 1]", "disable_corrector");
    UNSUPPORTED("UniPCMultistep", "\"solver_p\": {}", "solver_p");
    UNSUPPORTED("UniPCMultistep", "\"solver_type\": \"bh3\"", "bh1 or bh2");
    UNSUPPORTED("UniPCMultistep", "\"shift_terminal\": 0.1", "shift_terminal");
    UNSUPPORTED("DEISMultistep", "\"algorithm_type\": \"rhoab\"", "algorithm_type = rhoab");
    UNSUPPORTED("DEISMultistep", "\"solver_type\": \"t\"", "it is logrho");
    UNSUPPORTED("EulerDiscrete", "\"timestep_type\": \"continuous\"", "timestep_type = continuous");
    UNSUPPORTED("EulerDiscrete", "\"interpolation_type\": \"cubic\"", "interpolation_type = cubic");
    UNSUPPORTED("EDMEuler", "\"prediction_type\": \"v_prediction\"", "only epsilon's");
    UNSUPPORTED("EDMEuler", "\"sigma_schedule\": \"linear\"", "karras or exponential");
    UNSUPPORTED("EDMEuler", "\"final_sigmas_type\": \"one\"", "zero or sigma_min");
    UNSUPPORTED("FlowMatchEulerDiscrete", "\"use_dynamic_shifting\": true", "shift = e^mu");
    UNSUPPORTED("FlowMatchEulerDiscrete", "\"invert_sigmas\": true", "invert_sigmas");
    UNSUPPORTED("FlowMatchEulerDiscrete", "\"stochastic_sampling\": true", "stochastic_sampling");
    UNSUPPORTED("FlowMatchEulerDiscrete", "\"shift_terminal\": 0.1", "shift_terminal");
    UNSUPPORTED("FlowMatchEulerDiscrete", "\"use_karras_sigmas\": true", "curves in the level");
}

#define INVALID(name, rest, part) refused(AD_INVALID, CLASS(name) ", " rest "}", part)

Test(config, values_that_make_no_sense)
{
    INVALID("DDIM", "\"num_train_timesteps\": 1", "num_train_timesteps = 1");
    INVALID("DDIM", "\"trained_betas\": [0.1, 0.2]",
            "2 trained_betas for num_train_timesteps = 1000");
    INVALID("DDIM", "\"thresholding\": true, \"dynamic_thresholding_ratio\": 2",
            "dynamic_thresholding_ratio = 2");
    INVALID("DPMSolverMultistep", "\"solver_order\": 4", "solver_order = 4");
    INVALID("DPMSolverMultistep", "\"use_karras_sigmas\": true, \"use_beta_sigmas\": true",
            "only one can be true");
    INVALID("FlowMatchEulerDiscrete", "\"shift\": 0", "shift = 0");
    INVALID("EulerDiscrete", "\"use_karras_sigmas\": true, \"sigma_max\": 5, \"beta_start\": 2",
            "beta_min <= beta_max");
}

static ad_status read_and_free(void *path)
{
    dpm_config c;
    AD_TRY(dpm_config_read(path, &c));
    dpm_config_free(&c);
    return AD_OK;
}

Test(config, no_memory)
{
    long  runs;
    char *path = (char *)(uintptr_t)file_of(
        CLASS("EulerDiscrete") ", \"beta_schedule\": \"scaled_linear\", "
                               "\"rescale_betas_zero_snr\": true, \"use_karras_sigmas\": true, "
                               "\"sigma_max\": 9}");
    cr_expect(every_allocation_fails_cleanly(read_and_free, path, &runs));
    cr_expect_geq(runs, 5);
    remove(path);
}
