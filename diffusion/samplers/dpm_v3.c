/* dpm-v3 - DPM-Solver-v3 with the model's own statistics (Zheng et al. 2023, algorithm 1; statistics.h, dpm_v3.h).

   Predictor of order p through f at the p newest points; corrector through f at the predicted point as well, whose f is then kept as
   it is (their code's N_old). Without statistics, l = 1 and s = b = 0, it integrates x0 as DPM-Solver++ does.
   With fewer than 10 steps the last ones are of lower order; their code has that with any number, which leaves an h^2.
   The official code takes integrals by trapezoids between the nodes of its statistics (250 or 1200 of them) and moves all times to the
   nearest: not done here. compat published: its "pseudo" corrector, which has k! times divided differences for derivatives. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "dpm_solver.h"
#include "dpm_v3.h"

enum { MOST = 3, TERMS = MOST + 3 /* x, f at up to 4 points, one */, FEW = 10 };

typedef struct run {
    dpm_build      *b;
    dpm_statistics *st;     /* NULL: none */
    long            dim;    /* of the numbers: 1 or the state's */
    double         *number; /* [TERMS, dim] */
} run;

/* c[i] is row i of u->number. */
static dpm_slot combine(run *u, int n, const dpm_slot v[])
{
    const double *c[TERMS];
    double        same[TERMS];
    for (int i = 0; i < n; i++) {
        c[i]    = u->number + i * u->dim;
        same[i] = *c[i];
    }
    return u->dim > 1 ? dpm_lin_each(u->b, n, c, v) : dpm_lin(u->b, n, same, v);
}

/* f at a point, from the state there (statistics.h, eq. 1). */
static dpm_slot residue(run *u, dpm_slot x, const dpm_point *at)
{
    for (long d = 0; d < u->dim; d++) {
        u->number[d]          = at->rho;
        u->number[u->dim + d] = -dpm_v3_l(u->st, d, at->lambda) / at->alpha;
    }
    return combine(u, 2, (dpm_slot[]){ dpm_eval(u->b, x, at, DPM_EPSILON), x });
}

/* From x at point i to the next, through f at n nodes. */
static dpm_slot step(run *u, long i, dpm_slot x, int n, const dpm_point *const node[],
                     const dpm_slot f[], int pseudo)
{
    const dpm_point *s        = &u->b->point[i];
    dpm_slot         v[TERMS] = { x };
    for (long d = 0; d < u->dim; d++) {
        dpm_v3_weights w = dpm_v3_step(u->st, d, s, s + 1, n, node, pseudo);
        u->number[d]     = w.keep;
        for (int j = 0; j < n; j++) u->number[(j + 1) * u->dim + d] = w.w[j];
        u->number[(n + 1) * u->dim + d] = w.constant;
    }
    for (int j = 0; j < n; j++) v[j + 1] = f[j];
    v[n + 1] = dpm_ones(u->b);
    return combine(u, u->st ? n + 2 : n + 1, v);
}

static void walk(run *u)
{
    dpm_build *b = u->b;
    dpm_slot   x = b->x, f[MOST] = { residue(u, x, b->point), -1, -1 };
    for (long i = 0; i < b->steps; i++) {
        int              p = dpm_order_at(b, i, b->order, FEW);
        const dpm_point *s = &b->point[i], *node[MOST + 1] = { s }, *both[MOST + 1] = { s, s + 1 };
        for (int j = 1; j < p; j++) both[j + 1] = node[j] = s - j;
        dpm_slot y = step(u, i, x, p, node, f, 0);
        if (i < b->steps - 1) {
            dpm_slot       next = residue(u, y, s + 1);
            const dpm_slot g[]  = { f[0], next, f[1], f[2] };
            if (!b->o->no_corrector) y = step(u, i, x, p + 1, both, g, b->o->published);
            for (int j = MOST - 1; j > 0; j--) f[j] = f[j - 1];
            f[0] = next;
        }
        x = dpm_step(b, i, y);
    }
    dpm_result(b, x);
}

static void load(run *u)
{
    dpm_build  *b    = u->b;
    const char *path = b->o->statistics;
    ad_status   s    = path ? dpm_statistics_read(&u->st, path) : AD_OK;
    if (s) {
        char text[300];
        strncpy(text, ad_message(), sizeof text - 1);
        text[sizeof text - 1] = 0;
        dpm_build_fail(b, s, "%s", text);
    } else if (u->st && u->st->dim != 1 && u->st->dim != b->dim) {
        dpm_build_fail(b, AD_BAD_SHAPE, "%s: statistics of %ld components for a model of %ld", path,
                       u->st->dim, b->dim);
    }
    u->dim = u->st ? u->st->dim : 1;
}

static void make(dpm_build *b)
{
    run u = { .b = b };
    if (b->steps < b->order)
        dpm_build_fail(b, AD_INVALID, "dpm-v3 of order %d needs %d steps or more, and has %ld",
                       b->order, b->order, b->steps);
    load(&u);
    u.number = ad_alloc((size_t)(TERMS * u.dim) * sizeof *u.number);
    if (!u.number)
        dpm_build_fail(b, AD_NO_MEMORY, "dpm-v3: no memory for %ld coefficients", TERMS * u.dim);
    if (!dpm_build_failed(b)) walk(&u);
    ad_free(u.number);
    dpm_statistics_free(u.st);
}

const dpm_method dpm_method_dpm_v3 = {
    .name            = "dpm-v3",
    .about           = "predictor and corrector around the model's own linear part and drift",
    .cite            = "Zheng et al. 2023, algorithm 1",
    .aliases         = "dpm-solver-v3",
    .order           = 3,
    .order_most      = MOST,
    .true_order      = 4,
    .published_order = 2,
    .form            = DPM_EPSILON,
    .flags           = DPM_ORDERS,
    .takes           = "statistics no-corrector lower-order-final compat invert",
    .make            = make,
};
