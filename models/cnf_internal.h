/* cnf_internal.h - the flow's field, as training and evaluation compile it (internal). */
#ifndef COSTATE_MODELS_CNF_INTERNAL_H
#define COSTATE_MODELS_CNF_INTERNAL_H

#include <costate/autodiff/layers.h>
#include <costate/models/cnf.h>

enum { MDL_CNF_EXACT, MDL_CNF_RADEMACHER, MDL_CNF_GAUSSIAN };

/* z and a of (1) as the parts of a state. What an ode points to lives here: it does not move. */
typedef struct mdl_cnf_field {
    long           dim, hidden, depth;
    int            squash, trace;
    ad_activation *activation;
    ad_params     *params;
    nde_part       part[2];
    nde_arg        eps;
    nde_ode        flow;  /* (1), both parts  */
    nde_ode        paths; /* z' = f alone     */
} mdl_cnf_field;

ad_status mdl_cnf_defaults(mdl_cnf_options *o, nde_options *solve);
/* o with the defaults filled in */
ad_status mdl_cnf_field_new(mdl_cnf_field **f, const mdl_cnf_options *o);
void      mdl_cnf_field_free(mdl_cnf_field *f);

#endif
