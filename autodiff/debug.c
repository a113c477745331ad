/* debug.c - COSTATE_DEBUG=1..4 in the environment: what the library tells on stderr, the one place where it writes
   there. Each level adds to those below it.

       1   a line a solve:   solve tsit5: 26 steps, 6 rejected, 194 evaluations, 9.1 us (7.9 us in the step)
       2   a line a plan:    plan step: 118 nodes, 4 steps once, 31 steps, 96 instructions, block 5312, residual 2048 bytes
       3   its graph:        %7 f32[n,50] = tanh(%6)                                     as ad_graph_text()
       4   its schedule:     strips [50 n]  block+0 = tanh(block+640)                    as ad_plan_text() */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "debug.h"
#include "plan_internal.h"

int ad_debug_level(void)
{
    const char *level = getenv("COSTATE_DEBUG");
    return level ? atoi(level) : 0;
}

void ad_debug(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

void ad_plan_debug(const ad_plan *p)
{
    int n = ad_debug_level();
    if (n < 2) return;
    ad_debug("plan %s: %d nodes, %d steps once, %d steps, %d instructions, block %zu, residual %zu "
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
