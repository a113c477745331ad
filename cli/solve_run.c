/* solve_run.c - the solve, its gradient, and the rows of the result. */
#include <math.h>
#include <string.h>

#include "solve.h"

ad_status solve_at(solve *s, int times, const double *t, void *y)
{
    nde_solve_args a = { .n = 1, .times = times, .t = t, .y0 = s->y0, .theta = s->theta, .y = y };
    ad_status      e = s->recorder ? adj_solve(s->recorder, &a) : nde_solve(s->solver, &a);
    return s->log.status ? s->log.status : e;
}

static ad_status compile(solve *s)
{
    return s->gradient ? adj_solver_new(&s->recorder, &s->ode, &s->o, &s->adjoint, 1)
                       : nde_solver_new(&s->solver, &s->ode, &s->o, 1);
}

static int valid(const solve *s, const void *y, long row)
{
    for (int i = 0; i < s->about->states; i++)
        if (isnan(solve_get(s, y, row * s->about->states + i))) return 0;
    return 1;
}

/* Rows of the result: at time[i] the states y[place[i]] (place NULL: y[i]), up to the first that is not there. */
static ad_status keep_rows(solve *s, int n, const double *time, const int *place, const void *y)
{
    long dim = s->about->states;
    s->t     = solve_room(s, n, sizeof *s->t);
    s->y     = solve_room(s, n * dim, sizeof *s->y);
    if (!s->t || !s->y) return AD_NO_MEMORY;
    for (s->rows = 0; s->rows < n; s->rows++) {
        long row = place ? place[s->rows] : s->rows;
        if (!valid(s, y, row)) break;
        s->t[s->rows] = time[s->rows];
        for (long i = 0; i < dim; i++) s->y[s->rows * dim + i] = solve_get(s, y, row * dim + i);
    }
    return AD_OK;
}

/* Every accepted step. The same solve once more with the steps' ends as output times: an output at the end of a step is
   that step's very result. A failed solve is asked for t1 as well, so that it takes the same steps again. */
static ad_status keep_steps(solve *s)
{
    long    n = s->log.n;
    double *t = solve_room(s, n + 2, sizeof *t);
    void   *y = solve_room(s, (n + 2) * s->about->states, solve_size(s));
    if (!t || !y) return AD_NO_MEMORY;
    if (n) memcpy(t, s->log.t, (size_t)n * sizeof *t);
    double reached = n ? s->stats.t_reached : s->grid[0];
    if (!n || t[n - 1] != reached) t[n++] = reached;
    long times = n;
    if (t[n - 1] != s->grid[1]) t[times++] = s->grid[1];
    ad_status e = solve_at(s, (int)times, t, y);
    if (e && !s->status) return e;
    return keep_rows(s, (int)n, t, NULL, y);
}

static ad_status remember(solve *s, ad_status e)
{
    if (e && !s->status) {
        s->status = e;
        snprintf(s->message, sizeof s->message, "%s", ad_message());
    }
    return e;
}

/* The failure that counts is the first; its rows are wanted all the same. */
static ad_status run(solve *s)
{
    void *y = solve_room(s, (long)s->times * s->about->states, solve_size(s));
    if (!y) return AD_NO_MEMORY;
    s->log.keep = 1;
    remember(s, solve_at(s, s->times, s->grid, y));
    s->log.keep = 0;
    s->stats    = *(s->recorder ? adj_solver_stats(s->recorder) : nde_solver_stats(s->solver));
    if (s->gradient && !s->status) remember(s, solve_gradient(s, y));
    return s->ats ? keep_rows(s, s->ats, s->at, s->place, y) : keep_steps(s);
}

ad_status solve_run(solve *s)
{
    if (!remember(s, compile(s))) remember(s, run(s));
    return s->status;
}
