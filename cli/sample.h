/* sample.h - what the files of `costate sample` share. */
#ifndef COSTATE_CLI_SAMPLE_H
#define COSTATE_CLI_SAMPLE_H

#include <costate/autodiff/memory.h>
#include <costate/diffusion/config.h>
#include <costate/diffusion/found.h>
#include <costate/models/denoiser.h>

#include "args.h"
#include "progress.h"
#include "run_files.h"

/* Arrays are float64 and lie in the arena, [n, dim] unless said. Start and gradient are in the units of the model (denoiser.h), what
   is sampled, its cotangent and what --from, --known and --mean give in those of the data. */
typedef struct sample {
    const cli_args      *args;
    ad_arena            *arena;
    mdl_denoiser        *model;
    dpm_schedule_options schedule_options; /* of --scheduler, then of --schedule and its like */
    dpm_schedule        *schedule;         /* its own: of a mixture */
    dpm_found           *found;            /* NULL: none */
    dpm_config           config;           /* of --scheduler */
    dpm_options          o;
    dpm_sampler         *sampler; /* NULL: a procedure of its own */
    long                 steps;
    const dpm_point     *point; /* [steps + 1]; NULL: it knows none */
    double               power; /* fkc samples p^power */
    long                 n, dim, batch;
    int                  classes; /* of --class: how many; rows take them in turn */
    int                 *label;   /* [classes] */
    double              *start, *out;
    double              *known, *mask, *mean; /* NULL: none */
    nde_arg              mean_arg;            /* of a mixture that is told `mean` */
    dpm_model            told;                /* the same without: sample_mean.c */
    double              *cotangent, *gradient;
    double              *path; /* [steps + 1, n, dim] */
    /* what it took, all batches together */
    long   nfe, nvjp, nfe_again; /* of a batch */
    size_t bytes, bytes_kept, bytes_model;
    double seconds, seconds_back;
    /* files: NULL where there is none */
    char        *output, *picture, *report;
    cli_progress progress;
} sample;

double *sample_room(sample *s, long rows); /* [rows, dim]; NULL: no memory */
/* *x: what --key says, DPM_ZERO for 0; left alone where it was not given. AD_INVALID: it is negative. */
ad_status sample_number(const cli_args *a, const char *key, double *x);

/* What sampler_options.h has, for every verb that samples; in this order, with args, arena and model. */
ad_status sample_scheduler(sample *s); /* sample_scheduler.c: --scheduler, --found           */
ad_status sample_options(sample *s);   /* sample_options.c: s->o but grid and schedule       */
ad_status sample_schedule(sample *s);  /* sample_schedule.c: s->schedule, s->o.grid          */
void      sample_clear(sample *s);     /* verb_sample.c: all that it holds                   */

ad_status sample_strength(sample *s); /* sample_schedule.c: --from and --strength cut the grid */
/* sample_mean.c: does --mean go with the rest? Then, once it was read: the mixture is asked about it. */
ad_status sample_mean_check(const sample *s);
void      sample_about_mean(sample *s);
ad_status sample_begin(sample *s); /* sample_start.c: n, and arrays that are given       */
ad_status sample_start(sample *s); /* sample_start.c: s->start, of a built sampler       */
/* Samplers that are no sequence of steps, dmcmc and fkc: sample_procedure.c. */
int       sample_is_procedure(const sample *s);
ad_status sample_procedure_check(sample *s);
ad_status sample_procedure(sample *s);     /* in place of sample_start() and sample_run() */
ad_status sample_run(sample *s);           /* sample_run.c                                       */
ad_status sample_files(sample *s);         /* sample_write.c: where they go, and whether they can */
ad_status sample_write(sample *s);         /* sample_write.c: arrays                             */
ad_status sample_picture_files(sample *s); /* sample_picture.c                            */
ad_status sample_picture(sample *s);       /* sample_picture.c: picture and report               */
ad_status sample_json(const sample *s);
char     *sample_rate_text(const sample *s, char *text, size_t size); /* samples a second */
void      sample_print(const sample *s); /* sample_print.c: a line or two for people */

#endif
