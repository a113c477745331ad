/* search.h - what the files of `costate search` share, and `costate reproduce schedule-search` uses. */
#ifndef COSTATE_CLI_SEARCH_H
#define COSTATE_CLI_SEARCH_H

#include <costate/autodiff/memory.h>
#include <costate/diffusion/search.h>
#include <costate/models/denoiser.h>

#include "args.h"
#include "plot.h"
#include "progress.h"

enum { SEARCH_GRIDS = 4, SEARCH_NAME = 64 };

typedef struct search_row {
    char       what[SEARCH_NAME]; /* "dpmpp-2m, order 3" */
    char       grid[24];          /* "logsnr", "found"    */
    dpm_errors e;
} search_row;

/* The same sampler on every standard grid; the best of them; the best of all deterministic samplers of the registry, in all their
   orders and forms, on all of these grids; and what was found. By the median on held-out start points. */
typedef struct search_comparison {
    search_row grid[SEARCH_GRIDS], same, all, found; /* e.nfe is 0: there is none */
    long       tried;                                /* of the registry */
} search_comparison;

/* search_compare.c. What there was, at up to nfe evaluations: same and grid, with `all` the rest of the registry too; and the
   same with what was found, at as many evaluations as that takes. */
ad_status search_standards(dpm_teacher *held_out, const dpm_options *base, long nfe, int all,
                           search_comparison *c);
ad_status search_compare(dpm_teacher *held_out, const dpm_options *base, const dpm_found *f,
                         int all, search_comparison *c);

typedef enum search_way { SEARCH_BOTH, SEARCH_EVOLUTION, SEARCH_GRADIENT } search_way;

typedef struct search_task {
    dpm_options         base; /* "usf": decisions too */
    const dpm_found    *from;
    search_way          way;
    int                 fixed_coefficients; /* gradient: times alone */
    long                budget;
    uint64_t            seed;
    dpm_search_watcher *watch;
    void               *watch_ctx;
} search_task;

/* search_find.c. *f is whole whenever there is one, also when it was cancelled. */
ad_status search_find(const search_task *t, dpm_teacher *train, dpm_found **f,
                      dpm_search_stats *stats);

/* Lambda of the points of standard grids, and of one that was found, as a picture. */
ad_status search_picture(const dpm_options *base, const dpm_found *f, const char *path);

/* --- the verb ----------------------------------------------------------------------------------------------------- */

typedef struct search {
    const cli_args   *args;
    ad_arena         *arena;
    mdl_denoiser     *model;
    dpm_schedule     *schedule; /* its own: of a mixture */
    dpm_found        *from, *found;
    search_task       task;
    long              points, held_out;
    double            guidance;
    void             *condition[2]; /* of training and held-out points */
    dpm_teacher      *teacher[2];
    dpm_search_stats  stats;
    search_comparison c;
    double            seconds;
    int               cancelled, all;
    char             *output, *picture; /* NULL: none */
    cli_progress      progress;
} search;

ad_status      search_options(search *s);  /* search_options.c */
ad_status      search_teachers(search *s); /* search_find.c     */
struct json_t *search_comparison_json(const search_comparison *c);
ad_status      search_json(const search *s);
void           search_print(const search *s); /* search_print.c */

#endif
