/* reproduce_flow.h - a flow of the plane looked at: the integral of its density, and a picture. */
#ifndef COSTATE_CLI_REPRODUCE_FLOW_H
#define COSTATE_CLI_REPRODUCE_FLOW_H

#include <costate/models/cnf.h>

#include "reproduce.h"

/* Sum of p over the cells x cells of a grid that reaches beyond the n points x [n, 2] by their extent. */
ad_status repro_flow_integral(mdl_flow *f, long n, const double *x, long cells, double *integral);

/* Density on a grid of cells x cells, samples and paths, by the ending of path. AD_UNSUPPORTED: no gnuplot. */
ad_status repro_flow_picture(mdl_flow *f, long n, const double *x, long cells, const char *path);

#endif
