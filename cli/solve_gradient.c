/* solve_gradient.c - the gradient of L = sum_i loss(t_i, y(t_i); theta), and where its parts go.

   With y_bar_i = dloss/dy at t_i, the solve's pullback (adjoint.h) gives the cotangents of y0, of theta and of the grid's
   times; what is added here:

       theta_bar += sum_i dloss/dtheta + sum_j y0_bar_j dy0_j/dtheta        start values that are expressions            (1)
       t_bar_i   += dloss/dt (t_i)                                                                                     (2)

   The times of --at are numbers of their own. A t_i that equals t0 is y there, not y0: y(t_i) = y0 + (t_i - t0) f + ..,
   so that t_bar_i is y_bar_i f(t0, y0) and t0_bar loses as much; the solve's pullback, for which that output is y0, knows
   nothing of it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solve.h"

/* A function compiled with its pullback. */
typedef struct pair {
    ad_graph *g;
    ad_plan  *forward, *backward;
    ad_work  *go, *back;
    void     *residual;
} pair;

static void pair_free(pair *p)
{
    ad_work_free(p->go);
    ad_work_free(p->back);
    ad_plan_free(p->forward);
    ad_plan_free(p->backward);
    ad_free(p->residual);
    ad_graph_free(p->g);
}

static ad_status pair_compile(pair *p, int nin, const ad_var in[], int nout, const ad_var out[],
                              long capacity)
{
    ad_pullback  all  = { .want_params = 1 };
    ad_pair_spec spec = { nin, nout, in, out, 1, &all };
    AD_TRY(ad_plan_pair(&p->forward, &p->backward, &spec,
                        &(ad_plan_options){ .name = "loss", .capacity = capacity }));
    p->residual = ad_alloc(ad_plan_residual_bytes(p->forward) + AD_PAD);
    if (!p->residual) return AD_NO_MEMORY;
    AD_TRY(ad_work_new(&p->go, p->forward));
    return ad_work_new(&p->back, p->backward);
}

/* io: nin inputs, then nout cotangents. */
static ad_status pair_run(const solve *s, pair *p, long n, const void *const io[],
                          void *const out[], void *const in_bar[], void *theta_bar)
{
    ad_args a = { .n = n, .in = io, .out = out, .theta = s->theta, .residual = p->residual };
    AD_TRY(ad_execute(p->forward, p->go, &a));
    a.out       = in_bar;
    a.theta_bar = theta_bar;
    return ad_execute(p->backward, p->back, &a);
}

/* What the pullbacks work on, of the state's type unless said. */
typedef struct work {
    long         points; /* where the loss is asked for */
    const void **in;     /* t, the states [points] each, the loss's cotangent */
    void       **in_bar;
    double      *t, *t_bar; /* [points]                    */
    double      *grid_bar;  /* [times]                     */
    void        *loss, *one, *y_bar, *y0_bar, *theta_bar;
} work;

static ad_status work_new(solve *s, work *w)
{
    long n = w->points = s->ats ? s->ats : 1, dim = s->about->states;
    w->in        = solve_room(s, dim + 2, sizeof *w->in);
    w->in_bar    = solve_room(s, dim + 1, sizeof *w->in_bar);
    w->t         = solve_room(s, n, sizeof *w->t);
    w->t_bar     = solve_room(s, n, sizeof *w->t_bar);
    w->grid_bar  = solve_room(s, s->times, sizeof *w->grid_bar);
    w->loss      = solve_room(s, n, solve_size(s));
    w->one       = solve_room(s, n, solve_size(s));
    w->y_bar     = solve_room(s, s->times * dim, solve_size(s));
    w->y0_bar    = solve_room(s, dim, solve_size(s));
    w->theta_bar = solve_room(s, s->weights, solve_size(s));
    int ok       = w->in && w->in_bar && w->t && w->t_bar && w->grid_bar && w->loss && w->one &&
             w->y_bar && w->y0_bar && w->theta_bar;
    for (long i = 0; i < dim && ok; i++)
        ok = (w->in[i + 1] = solve_room(s, n, solve_size(s))) &&
             (w->in_bar[i + 1] = solve_room(s, n, solve_size(s)));
    return ok ? AD_OK : AD_NO_MEMORY;
}

static ad_status trace_loss(solve *s, pair *p, ad_var in[], ad_var *loss)
{
    AD_TRY(ad_graph_new(&p->g));
    in[0] = ad_input(p->g, "t", AD_F64, ad_rows(1));
    for (int i = 0; i < s->ode.parts; i++)
        in[i + 1] = ad_input(p->g, s->ode.part[i].name, s->ode.type, s->ode.part[i].shape);
    nde_point at = { .g     = p->g,
                     .t     = in[0],
                     .y     = in[1],
                     .parts = s->ode.parts,
                     .part  = in + 1,
                     .theta = s->layout,
                     .type  = s->ode.type };
    *loss        = nde_system_loss(s->system, &at);
    return ad_graph_status(p->g);
}

/* The loss at each point, and its derivatives: t_bar, y_bar on the grid, theta_bar. */
static ad_status pull_loss(solve *s, work *w, pair *p, const void *y)
{
    long    dim = s->about->states;
    ad_var *in  = solve_room(s, dim + 1, sizeof *in), loss;
    if (!in) return AD_NO_MEMORY;
    AD_TRY(trace_loss(s, p, in, &loss));
    AD_TRY(pair_compile(p, (int)dim + 1, in, 1, &loss, w->points));
    w->in[0] = w->t, w->in_bar[0] = w->t_bar, w->in[dim + 1] = w->one;
    for (long k = 0; k < w->points; k++) {
        w->t[k] = s->grid[s->place[k]];
        solve_put(s, w->one, k, 1);
        for (long i = 0; i < dim; i++)
            solve_put(s, (void *)w->in[i + 1], k, solve_get(s, y, s->place[k] * dim + i));
    }
    AD_TRY(pair_run(s, p, w->points, w->in, &w->loss, w->in_bar, w->theta_bar));
    s->loss = 0;
    for (long k = 0; k < w->points; k++) {
        s->loss += solve_get(s, w->loss, k);
        for (long i = 0; i < dim; i++) {
            long at = s->place[k] * dim + i;
            solve_put(s, w->y_bar, at,
                      solve_get(s, w->y_bar, at) + solve_get(s, w->in_bar[i + 1], k));
        }
    }
    return AD_OK;
}

/* The second sum of (1). */
static ad_status pull_starts(solve *s, work *w, pair *p)
{
    int          dim = s->about->states, n = 0;
    ad_var      *y0 = solve_room(s, dim, sizeof *y0), *out = solve_room(s, dim, sizeof *out);
    const void **bar = solve_room(s, dim, sizeof *bar);
    void       **to  = solve_room(s, dim, sizeof *to);
    if (!y0 || !out || !bar || !to) return AD_NO_MEMORY;
    for (int i = 0; i < dim; i++) n += s->about->state[i].start == NDE_START_EXPRESSION;
    if (n == 0) return AD_OK;
    AD_TRY(ad_graph_new(&p->g));
    AD_TRY(nde_system_start(s->system, p->g, s->layout, y0));
    for (int i = n = 0; i < dim; i++) {
        if (s->about->state[i].start != NDE_START_EXPRESSION) continue;
        out[n]   = y0[i];
        to[n]    = solve_room(s, 1, solve_size(s));
        bar[n++] = (char *)w->y0_bar + (size_t)i * solve_size(s);
        if (!to[n - 1]) return AD_NO_MEMORY;
    }
    AD_TRY(pair_compile(p, 0, NULL, n, out, 1));
    return pair_run(s, p, 1, bar, to, NULL, w->theta_bar);
}

/* f(t0, y0), t0 as the first stage sees it */
static ad_status field_at_start(solve *s, double *f)
{
    long    dim   = s->about->states;
    double *y0    = solve_room(s, dim, sizeof *y0);
    double *theta = s->layout ? solve_room(s, s->weights, sizeof *theta) : NULL;
    double  t     = s->about->breaks ? nextafter(s->grid[0], s->grid[1]) : s->grid[0];
    if (!y0 || (s->layout && !theta)) return AD_NO_MEMORY;
    for (long i = 0; i < dim; i++) y0[i] = solve_get(s, s->y0, i);
    for (long i = 0; i < s->weights; i++) theta[i] = solve_get(s, s->theta, i);
    return nde_system_eval(s->system, t, y0, theta, f, NULL);
}

/* (2), and what several times on one grid point share; the loss is the same at each of them. */
static ad_status give_times(solve *s, const work *w)
{
    long    dim   = s->about->states;
    double *f     = solve_room(s, dim, sizeof *f);
    int    *share = solve_room(s, s->times, sizeof *share);
    if (!f || !share) return AD_NO_MEMORY;
    if (s->ats && s->place[0] == 0) AD_TRY(field_at_start(s, f));
    for (long k = 0; k < s->ats; k++) share[s->place[k]]++;
    s->t0_bar = w->grid_bar[0];
    s->t1_bar = s->ats ? 0 : w->grid_bar[1] + w->t_bar[0];
    for (long k = 0; k < s->ats; k++) {
        double moved = 0;
        int    at    = s->place[k];
        for (long i = 0; i < dim && at == 0; i++) moved += f[i] * solve_get(s, w->in_bar[i + 1], k);
        if (at == 0) s->t0_bar -= moved;
        if (at > 0) moved = w->grid_bar[at] / share[at];
        s->at_bar[k] = moved + w->t_bar[k];
    }
    if (s->ats && s->at[s->ats - 1] == s->about->t1) s->t1_bar = s->at_bar[s->ats - 1];
    return AD_OK;
}

static ad_status give(solve *s, const work *w)
{
    AD_TRY(give_times(s, w));
    for (long i = 0; i < s->about->states; i++) s->y0_bar[i] = solve_get(s, w->y0_bar, i);
    for (long i = 0; i < s->weights; i++) s->theta_bar[i] = solve_get(s, w->theta_bar, i);
    return AD_OK;
}

ad_status solve_gradient(solve *s, const void *y)
{
    work      w    = { 0 };
    pair      loss = { 0 }, starts = { 0 };
    ad_status e = work_new(s, &w);
    if (!e) e = pull_loss(s, &w, &loss, y);
    if (!e)
        e = adj_pullback(s->recorder, &(adj_cotangents){ .y_bar     = w.y_bar,
                                                         .y0_bar    = w.y0_bar,
                                                         .theta_bar = w.theta_bar,
                                                         .t_bar     = w.grid_bar });
    if (!e) e = pull_starts(s, &w, &starts);
    if (!e) e = give(s, &w);
    pair_free(&loss);
    pair_free(&starts);
    if (e) solve_gradient_room(s);
    return e;
}

static double *nans(solve *s, long n)
{
    double *x = solve_room(s, n, sizeof *x);
    for (long i = 0; x && i < n; i++) x[i] = NAN;
    return x;
}

ad_status solve_gradient_room(solve *s)
{
    s->loss = s->t0_bar = s->t1_bar = NAN;
    s->theta_bar                    = nans(s, s->weights);
    s->y0_bar                       = nans(s, s->about->states);
    s->at_bar                       = nans(s, s->ats);
    return s->theta_bar && s->y0_bar && s->at_bar ? AD_OK : AD_NO_MEMORY;
}

const char *solve_start_key(const solve *s, int state, char *text, size_t size)
{
    snprintf(text, size, "%s(0)", s->about->state[state].name);
    return text;
}
