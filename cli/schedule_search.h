/* schedule_search.h - what `costate reproduce schedule-search` computes, and shows. */
#ifndef COSTATE_CLI_SCHEDULE_SEARCH_H
#define COSTATE_CLI_SCHEDULE_SEARCH_H

#include "reproduce_page.h"
#include "sampler_cases.h"
#include "search.h"

enum { SEARCH_WAYS = 6, SEARCH_BUDGETS = 3, SEARCH_CASES = 3, SEARCH_STEPS = 10 };

typedef struct search_way_row {
    const char *name, *title, *sampler;
    search_way  way;
    int         times_only;
} search_way_row;

/* Sums over seeds, and the range of the medians. */
typedef struct search_cell {
    int    seeds;
    double median, p90, rms, least, most;
    double same, all; /* the best median that there was */
    double seconds, evaluations;
} search_cell;

typedef struct search_block {
    long              evaluations;
    search_comparison there_was; /* of the first way's sampler, and of all */
    search_cell       cell[SEARCH_WAYS];
} search_block;

typedef struct search_results {
    const search_way_row *way;
    const char *const    *name; /* of the cases */
    int                   cases, budgets, seeds[SEARCH_CASES];
    search_block          block[SEARCH_CASES][SEARCH_BUDGETS];
    /* lambdas of what was found for the first case; standard grids' */
    double grid[SEARCH_BUDGETS][SEARCH_WAYS][SEARCH_STEPS + 1],
        standard[SEARCH_BUDGETS][SEARCH_GRIDS][SEARCH_STEPS + 1];
} search_results;

void search_cell_add(search_cell *x, const dpm_errors *e, const dpm_search_stats *s);
void search_grid_add(search_results *r, const search_way_row *w, int budget, const dpm_found *f,
                     const dpm_schedule *s);
void search_page(repro_page *p, const search_results *r);

#endif
