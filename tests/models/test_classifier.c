/* A neural ODE with a linear head: its gradient, its precision, what it says of bad input. */
#include <criterion/criterion.h>

#include <costate/models/classifier.h>
#include <costate/models/model.h>

#include "tests/support.h"

enum { IN = 5, CLASSES = 3, ROWS = 9 };

typedef struct task {
    nde_options            solve;
    mdl_classifier_options o;
    double                 x[ROWS * IN];
    float                  x32[ROWS * IN];
    int                    label[ROWS];
} task;

/* Points around three centres, one a class. */
static void task_new(task *t, ad_type type)
{
    uint64_t state = 7;
    *t             = (task){ 0 };
    t->solve       = (nde_options){ .rtol = 1e-6, .atol = 1e-6 };
    t->o           = (mdl_classifier_options){ .inputs  = IN,
                                               .classes = CLASSES,
                                               .hidden  = 4,
                                               .type    = type,
                                               .batch   = ROWS,
                                               .solve   = &t->solve,
                                               .learn   = { .o = { .rate = 0.05 }, .seed = 3 } };
    for (int i = 0; i < ROWS; i++) {
        t->label[i] = i % CLASSES;
        for (int j = 0; j < IN; j++) {
            t->x[i * IN + j]   = draw(&state, -0.3, 0.3) + (j == t->label[i]);
            t->x32[i * IN + j] = (float)t->x[i * IN + j];
        }
    }
}

static mdl_labelled rows_of(const task *t)
{
    return (mdl_labelled){ ROWS, t->o.type == AD_F32 ? (const void *)t->x32 : t->x, t->label };
}

static double loss_of(mdl_classifier *c, const task *t)
{
    mdl_step     s;
    mdl_labelled b = rows_of(t);
    cr_assert_eq(mdl_classifier_gradient(c, &b, (reg_progress){ 0, 0 }, 1, &s), AD_OK, "%s",
                 ad_message());
    return s.loss + s.penalty;
}

/* Fixed steps, so that the loss is smooth in theta. Central differences with h = 1e-5 err by some h^2 / 6 times the third derivative
   (of order one here) and by 1e-16 / h: 1e-10; 1e-7 leaves room. */
static void gradient_is_right(const mdl_classifier_options *o, const task *t)
{
    mdl_classifier *c;
    cr_assert_eq(mdl_classifier_new(&c, o), AD_OK, "%s", ad_message());
    mdl_learner *l = mdl_classifier_learner(c);
    double      *g = malloc((size_t)l->count * sizeof *g), *theta = l->theta;
    loss_of(c, t);
    memcpy(g, l->theta_bar, (size_t)l->count * sizeof *g);
    cr_assert(ad_norm(AD_F64, l->count, g) > 1e-3);
    for (long i = 0; i < l->count; i++) {
        double at = theta[i], h = 1e-5, up, down;
        theta[i] = at + h, up = loss_of(c, t);
        theta[i] = at - h, down = loss_of(c, t);
        theta[i] = at;
        cr_assert_float_eq((up - down) / (2 * h), g[i], 1e-7, "parameter %ld: %.10g, %.10g", i,
                           (up - down) / (2 * h), g[i]);
    }
    free(g);
    mdl_classifier_free(c);
}

Test(classifier, its_gradient)
{
    task t;
    task_new(&t, AD_F64);
    t.solve = (nde_options){ .fixed_step = 0.25 };
    gradient_is_right(&t.o, &t);
    t.o.last = "tanh";
    gradient_is_right(&t.o, &t);
    t.o.state      = 3;
    t.o.activation = t.o.first = t.o.head = "sigmoid";
    t.o.last                              = "none";
    gradient_is_right(&t.o, &t);
    t.solve.batching = NDE_PER_SAMPLE;
    gradient_is_right(&t.o, &t);
}

/* What is differentiated is (3) whole: with an integral, and with an end time that is drawn. */
Test(classifier, its_gradient_with_regularizers)
{
    task     t;
    reg_term term[4];
    task_new(&t, AD_F64);
    t.solve  = (nde_options){ .fixed_step = 0.25 };
    t.o.term = term;
    cr_assert_eq(reg_parse("kinetic:0.3,jacobian:0.2,steer:0.3", 4, term, &t.o.terms), AD_OK);
    gradient_is_right(&t.o, &t);
    t.o.state = 3;
    gradient_is_right(&t.o, &t);
}

/* A field of zeros moves nothing: logits are the head's of the input, and the loss that of a linear classifier by hand. */
Test(classifier, without_a_field_it_is_its_head)
{
    task            t;
    mdl_classifier *c;
    task_new(&t, AD_F64);
    cr_assert_eq(mdl_classifier_new(&c, &t.o), AD_OK, "%s", ad_message());
    mdl_learner  *l     = mdl_classifier_learner(c);
    double       *theta = l->theta, want = 0;
    const double *w = theta +
                      ad_params_view(l->params, ad_params_find(l->params, "head.weight"))->offset;
    for (int i = 0; i < ad_params_views(l->params); i++) {
        const ad_param_view *v = ad_params_view(l->params, i);
        if (!strncmp(v->name, "field.", 6))
            memset(theta + v->offset, 0, (size_t)ad_elements(v->shape) * sizeof *theta);
    }
    for (int i = 0; i < ROWS; i++) {
        double logit[CLASSES] = { 0 }, sum = 0;
        for (int k = 0; k < CLASSES; k++) {
            for (int j = 0; j < IN; j++) logit[k] += w[k * IN + j] * t.x[i * IN + j];
            sum += exp(logit[k]);
        }
        want += (log(sum) - logit[t.label[i]]) / ROWS;
    }
    cr_assert_float_eq(loss_of(c, &t), want, 1e-13);
    mdl_classifier_free(c);
}

Test(classifier, names_and_shapes_are_pytorchs)
{
    static const char *const names[] = { "input.weight [3,5]",   "input.bias [3]",
                                         "field.0.weight [4,4]", "field.0.bias [4]",
                                         "field.1.weight [3,5]", "field.1.bias [3]",
                                         "head.weight [3,3]",    "head.bias [3]" };
    task                     t;
    mdl_classifier          *c;
    task_new(&t, AD_F32);
    t.o.state = 3;
    cr_assert_eq(mdl_classifier_new(&c, &t.o), AD_OK, "%s", ad_message());
    const ad_params *p = mdl_classifier_learner(c)->params;
    cr_assert_eq(ad_params_views(p), 8);
    for (int i = 0; i < 8; i++) {
        char shape[32], text[64];
        snprintf(text, sizeof text, "%s %s", ad_params_view(p, i)->name,
                 ad_shape_text(ad_params_view(p, i)->shape, shape, sizeof shape));
        cr_assert_str_eq(text, names[i]);
    }
    mdl_classifier_free(c);
}

Test(classifier, it_learns_and_allocates_nothing)
{
    task            t;
    mdl_classifier *c;
    mdl_step        s;
    counting        count = { 0 };
    task_new(&t, AD_F32);
    t.solve = (nde_options){ .fixed_step = 0.125 }; /* adaptive, the record grows with the steps */
    counting_start(&count);
    cr_assert_eq(mdl_classifier_new(&c, &t.o), AD_OK, "%s", ad_message());
    mdl_labelled b = rows_of(&t), some = b;
    some.n       = 4;
    double first = loss_of(c, &t);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(mdl_classifier_step(c, i % 4 == 3 ? &some : &b, (reg_progress){ 0, 0 }, 1, &s),
                     AD_OK, "%s", ad_message());
    long before = count.count;
    for (int i = 0; i < 80; i++)
        cr_assert_eq(mdl_classifier_step(c, i % 4 == 3 ? &some : &b, (reg_progress){ 0, 0 }, 1, &s),
                     AD_OK, "%s", ad_message());
    cr_assert_eq(count.count, before, "%ld allocations in 80 steps", count.count - before);
    cr_assert(s.loss < 0.2 * first, "%g, at first %g", s.loss, first);
    cr_assert_eq(s.right, 4);
    cr_assert_eq(s.n, 4);
    cr_assert_float_eq(s.rate, 0.05, 1e-15);
    mdl_classifier_free(c);
    cr_assert_eq(count.live, 0);
    counting_stop();
}

/* An evaluation of the same weights: in the same precision and at the same tolerance it is the training's forward pass, to the bit;
   in float64 it differs by the rounding of float32 (1e-6 of logits of order one). */
Test(classifier, evaluations)
{
    task            t;
    mdl_classifier *c;
    mdl_evaluator  *same, *wide, *small;
    mdl_evaluation  a, b, d;
    task_new(&t, AD_F32);
    cr_assert_eq(mdl_classifier_new(&c, &t.o), AD_OK, "%s", ad_message());
    double       loss  = loss_of(c, &t);
    const void  *theta = mdl_classifier_learner(c)->theta;
    mdl_labelled x32 = rows_of(&t), x64 = { ROWS, t.x, t.label };
    nde_options  tight = { .rtol = 1e-10, .atol = 1e-10 };
    cr_assert_eq(mdl_evaluator_new(&same, &t.o, 0, NULL, ROWS), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_evaluator_new(&wide, &t.o, AD_F64, &tight, ROWS), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_evaluator_new(&small, &t.o, 0, NULL, 4), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_evaluator_run(same, theta, AD_F32, &x32, 1, &a), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_evaluator_run(wide, theta, AD_F32, &x64, 1, &b), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_evaluator_run(small, theta, AD_F32, &x32, 1, &d), AD_OK, "%s", ad_message());
    cr_assert_eq(a.loss, loss);
    cr_assert_eq(a.nfe, (double)adj_solver_stats(reg_adjoint(mdl_classifier_solver(c)))->nfe);
    cr_assert_float_eq(b.loss, loss, 3e-6);
    cr_assert(b.nfe > a.nfe);
    cr_assert_eq(d.solves, 3);
    cr_assert_eq(d.n, ROWS);
    cr_assert_eq(d.right, a.right);
    cr_assert_float_eq(d.loss, loss, 3e-6); /* other steps, within the tolerance */
    cr_assert_eq(mdl_evaluator_run(small, theta, AD_F32, &x32, 0, &d), AD_OK);
    cr_assert_eq(d.n, 2 * ROWS);
    cr_assert_float_eq(d.loss, loss, 3e-6);
    mdl_evaluator_free(same);
    mdl_evaluator_free(wide);
    mdl_evaluator_free(small);
    mdl_classifier_free(c);
}

/* A weight that is NaN is told, and the step before it can be taken back, once. */
Test(classifier, a_step_taken_back)
{
    task            t;
    mdl_classifier *c;
    mdl_step        s;
    task_new(&t, AD_F32);
    cr_assert_eq(mdl_classifier_new(&c, &t.o), AD_OK, "%s", ad_message());
    mdl_learner *l     = mdl_classifier_learner(c);
    mdl_labelled b     = rows_of(&t);
    size_t       bytes = (size_t)l->count * sizeof(float);
    float       *theta = l->theta, *kept = malloc(2 * bytes);
    cr_assert_eq(mdl_classifier_step(c, &b, (reg_progress){ 0, 0 }, 1, &s), AD_OK);
    memcpy(kept, theta, bytes);
    memcpy(kept + l->count, l->optim->moment[1], bytes);
    cr_assert_eq(mdl_classifier_step(c, &b, (reg_progress){ 0, 0 }, 1, &s), AD_OK);
    for (long i = 0; i < l->count; i++) theta[i] = NAN;
    cr_assert_neq(mdl_classifier_step(c, &b, (reg_progress){ 0, 0 }, 1, &s), AD_OK);
    cr_assert(strlen(ad_message()) > 20);
    cr_assert(mdl_learner_undo(l));
    cr_assert(memcmp(kept, theta, bytes) == 0);
    cr_assert(memcmp(kept + l->count, l->optim->moment[1], bytes) == 0);
    cr_assert_eq(l->optim->steps, 1);
    cr_assert_not(mdl_learner_undo(l));
    free(kept);
    mdl_classifier_free(c);
}

Test(classifier, mistakes)
{
    task            t;
    mdl_classifier *c;
    mdl_step        s;
    task_new(&t, AD_F32);
    mdl_classifier_options o = t.o;
    o.classes                = 1;
    cr_assert_eq(mdl_classifier_new(&c, &o), AD_INVALID);
    cr_assert(strstr(ad_message(), "number of classes is 1"));
    o            = t.o;
    o.activation = "tang";
    cr_assert_eq(mdl_classifier_new(&c, &o), AD_INVALID);
    cr_assert(strstr(ad_message(), "tang"));
    o                 = t.o;
    o.learn.optimizer = "adamant";
    cr_assert_eq(mdl_classifier_new(&c, &o), AD_INVALID);
    cr_assert(strstr(ad_message(), "adamant"));
    cr_assert_eq(mdl_classifier_new(&c, &t.o), AD_OK);
    t.label[4]     = CLASSES;
    mdl_labelled b = rows_of(&t);
    cr_assert_eq(mdl_classifier_step(c, &b, (reg_progress){ 0, 0 }, 1, &s), AD_INVALID);
    cr_assert(strstr(ad_message(), "row 4 has the label 3"), "%s", ad_message());
    b.n = ROWS + 1;
    cr_assert_eq(mdl_classifier_step(c, &b, (reg_progress){ 0, 0 }, 1, &s), AD_INVALID);
    cr_assert(strstr(ad_message(), "10 samples"), "%s", ad_message());
    mdl_classifier_free(c);
}

static ad_status make_and_step(void *arg)
{
    task           *t = arg;
    mdl_classifier *c;
    mdl_evaluator  *e;
    mdl_step        step;
    mdl_evaluation  m;
    mdl_labelled    b = rows_of(t);
    AD_TRY(mdl_classifier_new(&c, &t->o));
    ad_status s = mdl_classifier_step(c, &b, (reg_progress){ 0, 0 }, 1, &step);
    if (!s) s = mdl_evaluator_new(&e, &t->o, AD_F32, NULL, 4);
    if (!s) {
        s = mdl_evaluator_run(e, mdl_classifier_learner(c)->theta, AD_F32, &b, 1, &m);
        mdl_evaluator_free(e);
    }
    mdl_classifier_free(c);
    return s;
}

Test(classifier, every_allocation_may_fail)
{
    task t;
    long runs;
    task_new(&t, AD_F32);
    t.o.state = 2;
    t.solve   = (nde_options){ .fixed_step = 1 };
    cr_assert(every_allocation_fails_cleanly(make_and_step, &t, &runs));
    cr_assert_gt(runs, 50);
}
