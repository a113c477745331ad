#include "solver.h"
ad_status lanes_new(nde_solver *s) { (void)s; return AD_OK; }
void lanes_free(nde_lanes *l) { (void)l; }
ad_status solve_lanes(nde_solver *s, const nde_solve_args *a) { (void)s; (void)a; return ad_fail(AD_UNSUPPORTED, "not yet"); }
