/* SADA: evaluations are skipped where the path is stable (Jiang et al. 2025), over DPM-Solver++ 2M or
   Euler's method.

   With f = eps = dy/drho at the last three steps, d = f_n - 2 f_{n-1} + f_{n-2}, and an extrapolation
       y^ = y_n + (5/8 f_n + 3/4 f_{n-1} - 3/8 f_{n-2}) (rho_{n+1} - rho_n),                                   (1)
   the next evaluation is skipped when the mean of (y_{n+1} - y^) d is not positive; its step takes eps as it was. In the second half
   x0 is what is known instead: evaluated every fourth step, in between the cubic through its last four values in t.
   The settings are those of the authors' code for 50 steps (first 10 and last 3 always evaluated, cubics from the 24th on, at
   most 4 skipped in a row), in parts of the whole. Over Euler's steps (1) makes the mean -3/8 |rho_{n+1} - rho_n| |d|^2, never
   positive: there the limit of 4 alone decides. Pruning of tokens is a network's business and not done here. */
#include <costate/diffusion/method.h>

#include <math.h>

enum { NODES = 4, BACK = 3 };

typedef struct cache {
    int      euler, row; /* evaluations skipped in a row                                   */
    int      skip_next;  /* what the criterion has said                                    */
    dpm_slot f[BACK];    /* the last steps' eps                                            */
    dpm_slot x0;         /* the step's                                                     */
    dpm_slot x0_before;
    int      nodes;
    double   t[NODES];    /* newest first                                                   */
    dpm_slot node[NODES]; /* x0 where it was evaluated                                      */
} cache;

static int skip_most(const dpm_build *b)
{
    return b->o->skip_most ? b->o->skip_most : 4;
}

/* 10, 24 and 47 of 50. */
static long first_skip(const dpm_build *b)
{
    long i = (b->steps + 4) / 5;
    return i < BACK ? BACK : i;
}
static long first_cubic(const dpm_build *b)
{
    return (b->steps * 12 + 24) / 25;
}
static long last_skip(const dpm_build *b)
{
    long tail = (b->steps * 3 + 25) / 50;
    return b->steps - (tail < 1 ? 1 : tail);
}

enum step_kind { EVALUATE, REUSE, CUBIC };

static enum step_kind choose(const dpm_build *b, const cache *c, long i)
{
    if (i < first_skip(b) || i >= last_skip(b) || c->row >= skip_most(b)) return EVALUATE;
    if (i >= first_cubic(b) && c->nodes == NODES)
        return (i - first_cubic(b)) % NODES ? CUBIC : EVALUATE;
    return c->skip_next ? REUSE : EVALUATE;
}

static void remember(cache *c, double t, dpm_slot x0)
{
    for (int j = NODES - 1; j > 0; j--) c->t[j] = c->t[j - 1], c->node[j] = c->node[j - 1];
    c->t[0] = t, c->node[0] = x0;
    if (c->nodes < NODES) c->nodes++;
}

static dpm_slot cubic(dpm_build *b, const cache *c, double t)
{
    double w[NODES];
    for (int j = 0; j < NODES; j++) {
        w[j] = 1;
        for (int k = 0; k < NODES; k++)
            if (k != j) w[j] *= (t - c->t[k]) / (c->t[j] - c->t[k]);
    }
    return dpm_lin(b, NODES, w, c->node);
}

/* eps and x0 of a step, evaluated or not. */
static void predict(dpm_build *b, cache *c, long i, dpm_slot x)
{
    const dpm_point     *s    = &b->point[i];
    const enum step_kind kind = choose(b, c, i);
    c->x0_before              = c->x0;
    dpm_slot f                = c->f[0];
    if (kind == EVALUATE) f = dpm_eval(b, x, s, DPM_EPSILON);
    if (kind == CUBIC) {
        c->x0 = cubic(b, c, s->t);
        f     = dpm_lin2(b, 1 / s->sigma, x, -s->alpha / s->sigma, c->x0);
    } else {
        c->x0 = dpm_lin2(b, 1 / s->alpha, x, -s->sigma / s->alpha, f);
    }
    if (kind == EVALUATE) remember(c, s->t, c->x0);
    c->row = kind == EVALUATE ? 0 : c->row + 1;
    for (int j = BACK - 1; j > 0; j--) c->f[j] = c->f[j - 1];
    c->f[0] = f;
}

static dpm_slot advance(dpm_build *b, const cache *c, long i, dpm_slot x)
{
    const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
    const double     keep = dpm_transfer(DPM_X0, s, t), w = dpm_moment(DPM_X0, s, t, 0);
    int              last = i == b->steps - 1 && (b->steps < 15 || t->sigma == 0);
    if (c->euler || i == 0 || last) return dpm_lin2(b, keep, x, w, c->x0);
    double half_r = 0.5 * (t->lambda - s->lambda) / (s->lambda - b->point[i - 1].lambda);
    return dpm_lin3(b, keep, x, w * (1 + half_r), c->x0, -w * half_r, c->x0_before);
}

static double mean_product(long n, ad_type type, const void *a, const void *b)
{
    double sum = 0;
    for (long i = 0; i < n; i++) sum += ad_get(type, a, i) * ad_get(type, b, i);
    return sum / (double)n;
}

/* The criterion at step i, which has led from x to next: skip the evaluation at i + 1? */
static int stable(dpm_build *b, const cache *c, long i, dpm_slot x, dpm_slot next)
{
    const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
    const double     h    = t->rho - s->rho;
    dpm_slot         miss = dpm_lin(
                b, 5, (double[]){ 1 / t->alpha, -1 / s->alpha, -0.625 * h, -0.75 * h, 0.375 * h },
                (dpm_slot[]){ next, x, c->f[0], c->f[1], c->f[2] });
    dpm_slot    bend = dpm_lin3(b, 1, c->f[0], -2, c->f[1], 1, c->f[2]);
    const void *u = dpm_look(b, miss), *v = dpm_look(b, bend);
    if (!u || !v) return 0;
    return mean_product(dpm_look_rows(b) * b->dim, b->model->type, u, v) <= 0;
}

static void walk(dpm_build *b, int euler)
{
    cache    c = { .euler = euler };
    dpm_slot x = b->x;
    for (long i = 0; i < b->steps && !dpm_build_failed(b); i++) {
        predict(b, &c, i, x);
        dpm_slot next = advance(b, &c, i, x);
        if (i + 1 >= first_skip(b) && i + 1 < last_skip(b) && i + 1 < first_cubic(b))
            c.skip_next = skip_most(b) > 0 && stable(b, &c, i, x, next);
        x = dpm_step(b, i, next);
    }
    dpm_result(b, x);
}

static void make(dpm_build *b)
{
    walk(b, 0);
}
static void make_euler(dpm_build *b)
{
    walk(b, 1);
}

const dpm_method dpm_method_sada = {
    .name    = "sada",
    .about   = "DPM-Solver++ 2M that skips evaluations where the path is stable",
    .cite    = "Jiang et al. 2025",
    .aliases = "sada-dpmpp-2m",
    .order   = 2,
    .form    = DPM_X0,
    .flags   = DPM_LIVE | DPM_TO_ZERO,
    .takes   = "skip-most",
    .make    = make,
};

const dpm_method dpm_method_sada_euler = {
    .name    = "sada-euler",
    .about   = "Euler's method that skips evaluations where the path is stable",
    .cite    = "Jiang et al. 2025",
    .aliases = "",
    .order   = 1,
    .form    = DPM_X0,
    .flags   = DPM_LIVE | DPM_TO_ZERO,
    .takes   = "skip-most",
    .make    = make_euler,
};
