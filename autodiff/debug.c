/* debug.c - COSTATE_DEBUG=1..4 in the environment: what the library tells while plans are compiled, on stderr, the one place
   where it writes there. Each level adds to those below it.

       1   statistics of a solve or a training run: the command's business, nothing here
       2   a line a plan:    plan step: 118 nodes, 4 steps once, 31 steps, 96 instructions, block 5312, residual 2048 bytes
       3   its graph:        %7 f32[n,50] = tanh(%6)                                     as ad_graph_text()
       4   its schedule:     strips [50 n]  block+0 = tanh(block+640)                    as ad_plan_text() */
#include <stdio.h>
#include <stdlib.h>

#include "plan_internal.h"

void ad_plan_debug(const ad_plan *p)
{
    const char *level = getenv("COSTATE_DEBUG");
    int         n     = level ? atoi(level) : 0;
    if (n < 2) return;
    fprintf(stderr,
            "plan %s: %d nodes, %d steps once, %d steps, %d instructions, block %zu, residual %zu "
            "bytes\n",
            p->name, ad_graph_size(p->g), p->once.count, p->main.count, p->instrs,
            p->block + p->temps, p->residual);
    char *graph = n >= 3 ? ad_graph_text(p->g, 0, NULL) : NULL;
    if (graph) fputs(graph, stderr);
    ad_free(graph);
    char *plan = n >= 4 ? ad_plan_text(p) : NULL;
    if (plan) fputs(plan, stderr);
    ad_free(plan);
}
