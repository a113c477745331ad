/* text_spot.h - a point at which a system in text is traced, and the two paths compared. */
#ifndef COSTATE_TESTS_NDE_TEXT_SPOT_H
#define COSTATE_TESTS_NDE_TEXT_SPOT_H

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/nde/text.h>

#include "../support.h"

/* Each function is within 2 ulp in either path; three in a row, arguments of order one. */
#define ROUNDING (64 * DBL_EPSILON)

static inline nde_system *system_of(const char *text)
{
    nde_system *s = NULL;
    cr_assert_eq(nde_system_parse(&s, "a.ode", text, strlen(text)), AD_OK, "%s\n%s", ad_message(),
                 text);
    return s;
}

enum { ROWS = 3, MOST = 64 };

typedef struct spot {
    ad_graph *g;
    ad_var    in[MOST + 1]; /* t, the states */
    nde_point at;
    nde_ode   ode;
} spot;

static inline spot spot_of(nde_system *s, ad_type type)
{
    spot p = { .ode = { .type = type } };
    cr_assert_eq(ad_graph_new(&p.g), AD_OK);
    cr_assert_eq(nde_system_problem(s, &p.ode), AD_OK, "%s", ad_message());
    p.in[0] = ad_input(p.g, "t", AD_F64, ad_scalar());
    for (int i = 0; i < p.ode.parts; i++)
        p.in[i + 1] = ad_input(p.g, p.ode.part[i].name, type, p.ode.part[i].shape);
    return p;
}

/* The spot is returned by value, so that its point is made where it stays. */
static inline const nde_point *point(spot *p)
{
    p->at = (nde_point){ .g     = p->g,
                         .t     = p->in[0],
                         .y     = p->in[1],
                         .parts = p->ode.parts,
                         .part  = p->in + 1,
                         .theta = p->ode.theta,
                         .type  = p->ode.type };
    return &p->at;
}

/* Runs float64 outputs at ROWS points y[part][row]; theta float64. */
static inline void run64(spot *p, int nout, const ad_var out[], double t, double y[][ROWS],
                         const double *theta, double (*value)[ROWS])
{
    const void *in[MOST + 1] = { &t };
    void       *to[MOST];
    for (int i = 0; i < p->ode.parts; i++) in[i + 1] = y[i];
    for (int i = 0; i < nout; i++) to[i] = value[i];
    ad_args a = { .n = ROWS, .in = in, .out = to, .theta = theta };
    cr_assert_eq(ad_eager(p->ode.parts + 1, p->in, nout, out, &a), AD_OK, "%s", ad_message());
}

static inline double *theta_of(nde_system *s, ad_type type)
{
    double *theta = ad_alloc((size_t)ad_params_count(nde_system_params(s, type)) * sizeof *theta +
                             8);
    cr_assert_eq(nde_system_theta(s, type, 7, theta), AD_OK, "%s", ad_message());
    return theta;
}

/* Traced and plain right-hand sides at ROWS random points in (0.5, 1.5); returns the largest relative difference. */
static inline double traced_against_plain(nde_system *s, double t)
{
    spot     p = spot_of(s, AD_F64);
    double   y[MOST][ROWS], traced[MOST][ROWS], *theta = theta_of(s, AD_F64), worst = 0;
    ad_var   dy[MOST];
    uint64_t state = 3;
    int      n     = p.ode.parts;
    cr_assert(n <= MOST);
    for (int i = 0; i < n; i++)
        for (int r = 0; r < ROWS; r++) y[i][r] = draw(&state, 0.5, 1.5);
    p.ode.field_parts(point(&p), dy, p.ode.ctx);
    run64(&p, n, dy, t, y, theta, traced);
    for (int r = 0; r < ROWS; r++) {
        double here[MOST], plain[MOST];
        for (int i = 0; i < n; i++) here[i] = y[i][r];
        cr_assert_eq(nde_system_eval(s, t, here, theta, plain, NULL), AD_OK, "%s", ad_message());
        for (int i = 0; i < n; i++) {
            double d = distance(1, &traced[i][r], &plain[i]);
            if (d > worst) worst = d;
        }
    }
    ad_free(theta);
    ad_graph_free(p.g);
    return worst;
}

#endif
