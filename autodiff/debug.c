/* debug.c - COSTATE_DEBUG=1..4, the one place where the library writes to stderr: 2 a line a plan, 3 its graph, 4 its
   schedule with buffers. (1 is for the command: statistics of a solve.) */
#include <stdio.h>
#include <stdlib.h>

#include "plan_internal.h"

void plan_debug(const ad_plan *p)
{
    const char *level = getenv("COSTATE_DEBUG");
    int         n     = level ? atoi(level) : 0;
    if (n < 2) return;
    fprintf(stderr, "plan %s: %d nodes, %d steps once, %d steps, %d instructions, block %zu, residual %zu bytes\n", p->name,
            ad_graph_size(p->g), p->once.count, p->main.count, p->instrs, p->block + p->temps, p->residual);
    char *graph = n >= 3 ? ad_graph_text(p->g, 0, NULL) : NULL;
    if (graph) fputs(graph, stderr);
    ad_free(graph);
    char *plan = n >= 4 ? ad_plan_text(p) : NULL;
    if (plan) fputs(plan, stderr);
    ad_free(plan);
}
