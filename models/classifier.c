#include <string.h>

#include <costate/autodiff/loss.h>
#include <costate/autodiff/memory.h>

#include "classifier_internal.h"
#include "pass.h"

struct mdl_classifier {
    mdl_classifier_options o;
    nde_options            solve;
    mdl_classnet          *net;
    reg_solver            *solver;
    mdl_learner           *learner;
    void                  *y0, *y0_bar;         /* [batch, dim]: with a layer in front          */
    void                  *y, *y_bar;           /* [2][n, dim]                                  */
    void                  *logits, *logits_bar; /* [batch, classes]                             */
};

static ad_status range(const char *what, double x, double least)
{
    if (x >= least) return AD_OK;
    return ad_fail(AD_INVALID, "a classifier's %s is %g; it must be at least %g", what, x, least);
}

ad_status mdl_classifier_defaults(mdl_classifier_options *o, nde_options *solve)
{
    const char **name[] = { &o->first, &o->last, &o->head };
    for (int i = 0; i < 3; i++)
        if (!*name[i] || !strcmp(*name[i], "none")) *name[i] = "identity";
    if (!o->activation) o->activation = "tanh";
    if (!o->hidden) o->hidden = 100;
    if (!o->type) o->type = AD_F32;
    if (o->t1 == 0) o->t1 = 1;
    if (!o->batch) o->batch = 128;
    *solve = o->solve ? *o->solve : (nde_options){ .rtol = 1.4e-8, .atol = 1.4e-8 };
    if (!o->solve && !(solve->controller = nde_controller_named("ordinarydiffeq")))
        return AD_INVALID;
    o->solve = solve;
    AD_TRY(range("number of inputs", (double)o->inputs, 1));
    AD_TRY(range("number of classes", (double)o->classes, 2));
    AD_TRY(range("state", (double)o->state, 0));
    AD_TRY(range("hidden width", (double)o->hidden, 1));
    return range("batch", (double)o->batch, 1);
}

static ad_status buffers(mdl_classifier *c)
{
    size_t size = ad_type_size(c->o.type), rows = size * (size_t)c->o.batch;
    size_t dim = (size_t)c->net->dim, classes = (size_t)c->o.classes;
    c->y          = ad_alloc(2 * rows * dim);
    c->y_bar      = ad_alloc(2 * rows * dim);
    c->y0         = ad_alloc(rows * dim);
    c->y0_bar     = ad_alloc(rows * dim);
    c->logits     = ad_alloc(rows * classes);
    c->logits_bar = ad_alloc(rows * classes);
    int all       = c->y && c->y_bar && c->y0 && c->y0_bar && c->logits && c->logits_bar;
    return all ? AD_OK : AD_NO_MEMORY;
}

static ad_status build(mdl_classifier *c)
{
    AD_TRY(mdl_classifier_defaults(&c->o, &c->solve));
    AD_TRY(mdl_classnet_new(&c->net, &c->o, 1, c->o.batch));
    reg_solver_spec spec = { .ode      = &c->net->ode,
                             .solve    = &c->solve,
                             .adjoint  = c->o.adjoint,
                             .terms    = c->o.terms,
                             .term     = c->o.term,
                             .capacity = c->o.batch };
    AD_TRY(reg_solver_new(&c->solver, &spec));
    AD_TRY(mdl_learner_new(&c->learner, c->net->params, &c->o.learn));
    return buffers(c);
}

ad_status mdl_classifier_new(mdl_classifier **out, const mdl_classifier_options *o)
{
    *out              = NULL;
    mdl_classifier *c = ad_alloc(sizeof *c);
    if (!c) return AD_NO_MEMORY;
    c->o        = *o;
    ad_status s = build(c);
    c->o.term = NULL, c->o.adjoint = NULL; /* the caller's */
    if (s)
        mdl_classifier_free(c);
    else
        *out = c;
    return s;
}

void mdl_classifier_free(mdl_classifier *c)
{
    if (!c) return;
    reg_solver_free(c->solver);
    mdl_learner_free(c->learner);
    mdl_classnet_free(c->net);
    ad_free(c->y0);
    ad_free(c->y0_bar);
    ad_free(c->y);
    ad_free(c->y_bar);
    ad_free(c->logits);
    ad_free(c->logits_bar);
    ad_free(c);
}

mdl_learner *mdl_classifier_learner(const mdl_classifier *c)
{
    return c->learner;
}
reg_solver *mdl_classifier_solver(const mdl_classifier *c)
{
    return c->solver;
}
const mdl_classifier_options *mdl_classifier_about(const mdl_classifier *c)
{
    return &c->o;
}

static size_t state_bytes(const mdl_classifier *c, long n)
{
    return (size_t)(n * c->net->dim) * ad_type_size(c->o.type);
}

/* What a step is taken on. */
typedef struct pass {
    mdl_classifier     *c;
    const mdl_labelled *b;
    reg_progress        p;
    uint64_t            draw;
} pass;

/* x to logits and the loss; logits_bar is set. */
static ad_status forward(void *ctx, mdl_step *step)
{
    pass               *a     = ctx;
    mdl_classifier     *c     = a->c;
    const mdl_labelled *b     = a->b;
    const void         *theta = c->learner->theta, *y0 = b->x;
    if (c->net->has_input) {
        AD_TRY(mdl_map_forward(&c->net->input, b->n, theta, b->x, c->y0));
        y0 = c->y0;
    }
    nde_solve_args args = {
        .n = b->n, .times = 2, .t = c->net->t, .y0 = y0, .theta = theta, .seed = a->draw, .y = c->y
    };
    ad_status s = reg_solve(c->solver, &args, a->p, a->draw);
    step->solve = *adj_solver_stats(reg_adjoint(c->solver));
    if (s) return s;
    step->penalty = reg_value(c->solver);
    void *end     = (char *)c->y + state_bytes(c, b->n);
    AD_TRY(mdl_map_forward(&c->net->output, b->n, theta, end, c->logits));
    return ad_cross_entropy(&(ad_class_args){ .type       = c->o.type,
                                              .n          = b->n,
                                              .k          = c->o.classes,
                                              .logits     = c->logits,
                                              .label      = b->label,
                                              .logits_bar = c->logits_bar },
                            &step->loss, &step->right);
}

static ad_status backward(void *ctx)
{
    pass               *a    = ctx;
    mdl_classifier     *c    = a->c;
    const mdl_labelled *b    = a->b;
    mdl_learner        *l    = c->learner;
    size_t              half = state_bytes(c, b->n);
    void               *end = (char *)c->y + half, *end_bar = (char *)c->y_bar + half;
    memset(c->y_bar, 0, half);
    AD_TRY(mdl_map_backward(&c->net->output, b->n, l->theta, end, c->logits_bar, end_bar,
                            l->theta_bar));
    adj_cotangents bar = { .y_bar     = c->y_bar,
                           .y0_bar    = c->net->has_input ? c->y0_bar : NULL,
                           .theta_bar = l->theta_bar };
    AD_TRY(reg_pullback(c->solver, &bar));
    if (!c->net->has_input) return AD_OK;
    return mdl_map_backward(&c->net->input, b->n, l->theta, b->x, c->y0_bar, NULL, l->theta_bar);
}

static mdl_pass pass_of(const mdl_classifier *c)
{
    return (mdl_pass){ "classifier", c->o.batch, c->learner, c->solver,
                       c->o.measure, forward,    backward };
}

ad_status mdl_classifier_gradient(mdl_classifier *c, const mdl_labelled *b, reg_progress p,
                                  uint64_t draw, mdl_step *step)
{
    mdl_pass way = pass_of(c);
    *step        = (mdl_step){ .n = b->n };
    return mdl_pass_gradient(&way, &(pass){ c, b, p, draw }, step);
}

ad_status mdl_classifier_step(mdl_classifier *c, const mdl_labelled *b, reg_progress p,
                              uint64_t draw, mdl_step *step)
{
    mdl_pass way = pass_of(c);
    *step        = (mdl_step){ .n = b->n };
    return mdl_pass_step(&way, &(pass){ c, b, p, draw }, step);
}
