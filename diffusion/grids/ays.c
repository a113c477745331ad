/* Align Your Steps, Sabour, Fidler, Kreis 2024: sigma / alpha of 10 steps, found for Stable Diffusion 1.5, for SDXL and for Stable Video
   Diffusion; other numbers of steps by interpolating log sigma, as their project page does. t_begin and t_end are not looked at. */
#include <math.h>

#include "../grid_make.h"

enum { KNOWN = 11 };

static const double image[KNOWN] = { 14.615, 6.475, 3.861, 2.697, 1.886, 1.396,
                                     0.963,  0.652, 0.399, 0.152, 0.029 };
static const double xl[KNOWN]    = { 14.615, 6.315, 3.771, 2.181, 1.342, 0.862,
                                     0.555,  0.380, 0.234, 0.113, 0.029 };
static const double video[KNOWN] = { 700.00, 54.5,  15.886, 7.977, 4.248, 1.789,
                                     0.981,  0.403, 0.173,  0.034, 0.002 };

static void make(const dpm_schedule *s, const dpm_grid_options *o, const double *known,
                 dpm_point *point)
{
    for (long i = 0; i <= o->steps; i++) {
        double at = dpm_grid_part(i, o->steps) * (KNOWN - 1);
        int    k  = (int)fmin(floor(at), KNOWN - 2);
        double u = at - k, log_rho = (1 - u) * log(known[k]) + u * log(known[k + 1]);
        point[i] = dpm_schedule_at_lambda(s, -log_rho);
    }
}

static ad_status make_image(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    make(s, o, image, point);
    return AD_OK;
}

static ad_status make_xl(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    make(s, o, xl, point);
    return AD_OK;
}

static ad_status make_video(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    make(s, o, video, point);
    return AD_OK;
}

const dpm_grid_kind dpm_grid_ays = {
    .name    = "ays",
    .about   = "Align Your Steps, found for Stable Diffusion 1.5",
    .cite    = "Sabour et al. 2024",
    .aliases = "StableDiffusionSigmas",
    .make    = make_image,
};

const dpm_grid_kind dpm_grid_ays_xl = {
    .name    = "ays-xl",
    .about   = "Align Your Steps, found for SDXL",
    .cite    = "Sabour et al. 2024",
    .aliases = "StableDiffusionXLSigmas",
    .make    = make_xl,
};

const dpm_grid_kind dpm_grid_ays_video = {
    .name    = "ays-video",
    .about   = "Align Your Steps, found for Stable Video Diffusion",
    .cite    = "Sabour et al. 2024",
    .aliases = "StableDiffusionVideoSigmas ays-svd",
    .make    = make_video,
};
