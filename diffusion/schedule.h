/* schedule.h - noise schedules: alpha and sigma as functions of a time t.

   t_begin is the noise end, where sampling starts, t_end the data end; lambda falls from t_end to t_begin whichever of the two
   is larger. A schedule is one file of schedules/ and one line of schedules.def. */
#ifndef COSTATE_DIFFUSION_SCHEDULE_H
#define COSTATE_DIFFUSION_SCHEDULE_H

#include <costate/diffusion/point.h>

COSTATE_BEGIN_DECLS

#define DPM_ZERO (-1.0) /* where 0 means the default and zero is wanted */

/* Zero means the schedule's own default, which `costate list schedules` shows. */
typedef struct dpm_schedule_options {
    const char *name; /* "vp-linear"                                                             */
    double      beta_min,
        beta_max; /* vp-linear, sub-vp: of beta(t); ddpm, scaled-linear: of the first and last step */
    long
        train_steps; /* ddpm, scaled-linear, cosine-discrete: 1000; t counts them, from 0            */
    const double
          *betas; /* discrete ones: train_steps values in place of beta_min and beta_max; copied  */
    double sigma_min,
        sigma_max;    /* ve, edm: of sigma                                                      */
    double sigma_inf; /* mean-reverting: deviation at infinity                                   */
    double shift;     /* flow: s' = k s / (1 + (k - 1) s)                                         */
    int zero_terminal_snr; /* discrete: sqrt(alpha_bar) shifted and scaled to end at 0 (Lin et al. 2024) */
    double t_begin,
        t_end; /* DPM_ZERO for 0                                                          */
} dpm_schedule_options;

typedef struct dpm_schedule dpm_schedule;

typedef struct dpm_schedule_kind {
    const char          *name, *about, *cite;
    dpm_schedule_options defaults;
    /* Checks s->o and fills s->table, where the kind has one; NULL: nothing to do. */
    ad_status (*prepare)(dpm_schedule *s);
    dpm_point (*at)(const dpm_schedule *s, double t);
    double (*time)(const dpm_schedule *s, double lambda); /* the inverse */
} dpm_schedule_kind;

struct dpm_schedule {
    const dpm_schedule_kind *kind;
    dpm_schedule_options     o; /* defaults filled in: DPM_ZERO is 0 here */
    long                     entries;
    double                  *table; /* [entries] of the kind's own; freed with the schedule */
};

ad_status dpm_schedule_new(dpm_schedule **s, const dpm_schedule_options *o);
void      dpm_schedule_free(dpm_schedule *s);

dpm_point dpm_schedule_at(const dpm_schedule *s, double t);
double    dpm_schedule_time(const dpm_schedule *s, double lambda);
/* The point of a lambda: its t, and alpha and sigma of that t. */
dpm_point dpm_schedule_at_lambda(const dpm_schedule *s, double lambda);

int                      dpm_schedule_count(void);
const dpm_schedule_kind *dpm_schedule_row(int i);
const dpm_schedule_kind *dpm_schedule_find(
    const char *name); /* NULL with a sentence: the nearest name */

COSTATE_END_DECLS
#endif
