/* graph.h - expressions, built once and differentiated as graphs.

   An ad_var names a node of an ad_graph. The functions of ops.h add nodes; equal nodes are shared (hash-consing), so
   a graph is a directed acyclic graph in creation order. Building is sticky: after the first mistake every further
   call returns a dead variable, and ad_graph_status() (or any compilation) tells the first mistake.

   Shapes. rank <= AD_RANK. A node is *shared* (one value) or *batched*: then dim[0] is c, and the leading extent at
   run time is c * n, n the batch of the run. ad_rows(2) is one [n, 2] array. The mark propagates; it is never
   inferred from a size. */
#ifndef COSTATE_AUTODIFF_GRAPH_H
#define COSTATE_AUTODIFF_GRAPH_H

#include <costate/autodiff/params.h>
#include <costate/autodiff/status.h>
#include <costate/autodiff/types.h>

COSTATE_BEGIN_DECLS

typedef struct ad_graph ad_graph;

typedef struct ad_var {
    ad_graph *g;
    int       id; /* < 0: dead (a mistake was made) or AD_NONE */
} ad_var;

#define AD_NONE ((ad_var){ NULL, -1 })

ad_status ad_graph_new(ad_graph **g);
void      ad_graph_free(ad_graph *g);

ad_status ad_graph_status(
    const ad_graph *g); /* the first mistake; its sentence becomes ad_message() */
/* Records a mistake (the first one stays) and returns a dead variable. */
ad_var ad_graph_fail(ad_graph *g, ad_status code, const char *format, ...) COSTATE_PRINTF(3, 4);

int      ad_graph_size(const ad_graph *g); /* number of nodes */
ad_shape ad_shape_of(ad_var v);
ad_type  ad_type_of(ad_var v);
int      ad_is_zero(ad_var v); /* a constant zero (of any shape) */

/* Leaves. Names are copied. Parameters: params.h's ad_param(). */
ad_var ad_input(ad_graph *g, const char *name, ad_type type, ad_shape shape);
ad_var ad_const(ad_graph *g, ad_type type, double value); /* shared, shape [1]            */
ad_var ad_full(ad_graph *g, ad_type type, ad_shape shape,
               double value); /* every element is value       */
ad_var ad_const_array(ad_graph *g, ad_type type, ad_shape shape,
                      const double *values); /* shared; copied   */

/* Copies the nodes that outs depend on from src into dst, the nodes from[] replaced by to[]; results[i] is outs[i]'s
   copy. How a field traced once is inlined into every stage. Parameter nodes stay parameter nodes. */
ad_status ad_inline(ad_graph *dst, const ad_graph *src, int n, const ad_var from[],
                    const ad_var to[], int nout, const ad_var outs[], ad_var results[]);

/* The graph as text, one node a line, as mathematics: "%7 f32[n,50] = tanh(%6)". Only what outs depend on (nout = 0:
   all). Returns a string to ad_free(). */
char *ad_graph_text(const ad_graph *g, int nout, const ad_var outs[]);

COSTATE_END_DECLS
#endif
