/* Random expressions: the plan against eager execution, the pullback against the eagerly evaluated vjp. Batches reach over several
   tiles, values live long and short, are broadcast, sliced, joined, multiplied and summed, so that every way of placing a value is met. */
#include <criterion/criterion.h>

#include <costate/autodiff/layers.h>
#include <costate/autodiff/plan.h>

#include "support.h"

enum { CAPACITY = 700, NODES = 60, INPUTS = 3, OUTPUTS = 3, WIDEST = 24, GRAPHS = 40 };

static const long width[INPUTS] = { 1, 5, 24 };

/* A small generator of its own: the graphs are the same everywhere. */
static unsigned pick(uint64_t *state, unsigned n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33) % n;
}

/* bounded, so that chains of any length stay finite */
static ad_var one(uint64_t *s, ad_var x)
{
    switch (pick(s, 8)) {
    case 0: return ad_tanh(x);
    case 1: return ad_sin(x);
    case 2: return ad_omsq(ad_tanh(x));
    case 3: return ad_scale(x, 0.5);
    case 4: return ad_sigmoid(x);
    case 5: return ad_abs(x);
    case 6: return ad_max(x, ad_const(x.g, ad_type_of(x), -0.25));
    default: return ad_square(ad_tanh(x));
    }
}

static long columns(ad_var x)
{
    return ad_shape_of(x).dim[1];
}

static ad_var two(uint64_t *s, ad_params *theta, ad_var x, ad_var y, int node)
{
    char name[32];
    snprintf(name, sizeof name, "layer%d", node);
    if (columns(x) != columns(y) && columns(y) != 1) {
        if (pick(s, 2)) return ad_tanh(ad_dense(x, theta, name, columns(y)));
        if (columns(x) + columns(y) <= WIDEST) return ad_concat(2, (ad_var[]){ x, y }, 1);
        return ad_slice(x, 1, 0, 1 + pick(s, (unsigned)columns(x)));
    }
    switch (pick(s, 6)) {
    case 0: return ad_tanh(ad_add(x, y));
    case 1: return ad_mul(ad_tanh(x), ad_tanh(y));
    case 2:
        return ad_lincomb(2, (double[]){ 0.25, -0.5 },
                          (ad_var[]){ x, ad_broadcast(y, ad_shape_of(x)) });
    case 3: /* continuous: a rounding must not choose */
        return ad_tanh(ad_where(ad_gt(x, y), x, y));
    case 4: return ad_fma(ad_tanh(x), ad_tanh(y), ad_scale(x, 0.5));
    default: return ad_mul(ad_tanh(x), ad_broadcast(ad_mean(ad_tanh(y), 1, 1), ad_shape_of(x)));
    }
}

typedef struct expression {
    ad_graph  *g;
    ad_params *theta;
    ad_var     in[INPUTS], out[OUTPUTS];
} expression;

static void grow(expression *e, uint64_t seed, ad_type type)
{
    ad_var v[INPUTS + NODES];
    int    n = 0;
    cr_assert_eq(ad_graph_new(&e->g), AD_OK);
    cr_assert_eq(ad_params_new(&e->theta, type), AD_OK);
    for (; n < INPUTS; n++) v[n] = e->in[n] = ad_input(e->g, "x", type, ad_rows(width[n]));
    for (; n < INPUTS + NODES; n++) { /* recent values more often, old ones sometimes */
        unsigned reach = pick(&seed, 4) ? 6 : (unsigned)n;
        ad_var   x     = v[n - 1 - (int)pick(&seed, reach < (unsigned)n ? reach : (unsigned)n)],
               y       = v[pick(&seed, (unsigned)n)];
        v[n]           = pick(&seed, 3) ? two(&seed, e->theta, x, y, n) : one(&seed, x);
    }
    for (int i = 0; i < OUTPUTS; i++) e->out[i] = v[n - 1 - 7 * i];
    cr_assert_eq(ad_graph_status(e->g), AD_OK, "%s", ad_message());
}

static double at(ad_type type, const void *p, long i)
{
    return type == AD_F32 ? ((const float *)p)[i] : ((const double *)p)[i];
}

static void fill(ad_type type, void *p, long n, double scale)
{
    for (long i = 0; i < n; i++) {
        double v = scale * sin(1.7 * (double)i + 0.3);
        if (type == AD_F32)
            ((float *)p)[i] = (float)v;
        else
            ((double *)p)[i] = v;
    }
}

/* Kernels of plans and plain ones differ by some ulp each; bounded functions of slope <= 1, 60 deep, amplify little. */
static void close_to(ad_type type, long n, const void *a, const void *b, double scale,
                     const char *what, uint64_t seed)
{
    double tol = (type == AD_F32 ? 0x1p-24 : 0x1p-53) * 4096 * scale;
    for (long i = 0; i < n; i++)
        cr_assert(fabs(at(type, a, i) - at(type, b, i)) <= tol,
                  "graph %d, %s, number %ld: %.17g, eagerly %.17g", (int)seed, what, i,
                  at(type, a, i), at(type, b, i));
}

typedef struct buffers {
    void *x[INPUTS], *x_bar[INPUTS], *x_bar2[INPUTS], *y[OUTPUTS], *y2[OUTPUTS], *y_bar[OUTPUTS],
        *theta, *theta_bar, *residual;
} buffers;

static void buffers_new(buffers *b, const expression *e, ad_type type, size_t residual)
{
    for (int i = 0; i < INPUTS; i++) {
        b->x[i] = ad_alloc(8 * CAPACITY * WIDEST), b->x_bar[i] = ad_alloc(8 * CAPACITY * WIDEST);
        b->x_bar2[i] = ad_alloc(8 * CAPACITY * WIDEST);
        fill(type, b->x[i], CAPACITY * width[i], 1 + 0.1 * i);
    }
    for (int i = 0; i < OUTPUTS; i++) {
        b->y[i] = ad_alloc(8 * CAPACITY * WIDEST), b->y2[i] = ad_alloc(8 * CAPACITY * WIDEST);
        b->y_bar[i] = ad_alloc(8 * CAPACITY * WIDEST);
        fill(type, b->y_bar[i], CAPACITY * WIDEST, 0.5);
    }
    size_t n     = (size_t)ad_params_count(e->theta);
    b->theta     = ad_alloc(8 * n);
    b->theta_bar = ad_alloc(8 * n);
    b->residual  = ad_alloc(residual);
    ad_params_init(e->theta, 1, b->theta);
}

static void buffers_free(buffers *b)
{
    for (int i = 0; i < INPUTS; i++) ad_free(b->x[i]), ad_free(b->x_bar[i]), ad_free(b->x_bar2[i]);
    for (int i = 0; i < OUTPUTS; i++) ad_free(b->y[i]), ad_free(b->y2[i]), ad_free(b->y_bar[i]);
    ad_free(b->theta), ad_free(b->theta_bar), ad_free(b->residual);
}

static void run(expression *e, ad_plan *forward, ad_plan *back, buffers *b, ad_type type, long n,
                uint64_t seed)
{
    ad_work *w, *wb;
    cr_assert_eq(ad_work_new(&w, forward), AD_OK);
    cr_assert_eq(ad_work_new(&wb, back), AD_OK);
    const void *in[INPUTS + OUTPUTS];
    for (int i = 0; i < INPUTS; i++) in[i] = b->x[i];
    for (int i = 0; i < OUTPUTS; i++) in[INPUTS + i] = b->y_bar[i];
    ad_args a = { .n = n, .in = in, .out = b->y, .theta = b->theta, .residual = b->residual };
    for (int twice = 0; twice < 2; twice++) cr_assert_eq(ad_execute(forward, w, &a), AD_OK);
    a.out = b->y2;
    cr_assert_eq(ad_eager(INPUTS, e->in, OUTPUTS, e->out, &a), AD_OK, "%s", ad_message());
    for (int i = 0; i < OUTPUTS; i++)
        close_to(type, n * columns(e->out[i]), b->y[i], b->y2[i], 1, "output", seed);
    a.out = b->x_bar, a.theta_bar = b->theta_bar;
    cr_assert_eq(ad_execute(back, wb, &a), AD_OK);
    ad_var bar[OUTPUTS], x_bar[INPUTS], all[INPUTS + OUTPUTS];
    for (int i = 0; i < OUTPUTS; i++) bar[i] = ad_input(e->g, "bar", type, ad_shape_of(e->out[i]));
    cr_assert_eq(ad_vjp(OUTPUTS, e->out, bar, INPUTS, e->in, x_bar), AD_OK, "%s", ad_message());
    for (int i = 0; i < INPUTS; i++) all[i] = e->in[i];
    for (int i = 0; i < OUTPUTS; i++) all[INPUTS + i] = bar[i];
    a.out = b->x_bar2;
    cr_assert_eq(ad_eager(INPUTS + OUTPUTS, all, INPUTS, x_bar, &a), AD_OK, "%s", ad_message());
    for (int i = 0; i < INPUTS; i++) {
        double most = 1;
        for (long k = 0; k < n * width[i]; k++) most = fmax(most, fabs(at(type, b->x_bar2[i], k)));
        close_to(type, n * width[i], b->x_bar[i], b->x_bar2[i], most, "cotangent", seed);
    }
    ad_work_free(w), ad_work_free(wb);
}

Test(plan_random, equal_eager)
{
    for (uint64_t seed = 1; seed <= GRAPHS; seed++)
        for (int kind = 0; kind < 4; kind++) {
            ad_type         type = kind & 1 ? AD_F32 : AD_F64;
            ad_plan_options o    = { "random", CAPACITY, kind & 2 ? AD_PADDED : 0 };
            ad_plan        *forward, *back;
            expression      e;
            buffers         b;
            grow(&e, seed, type);
            ad_pullback  pb   = { NULL, NULL, 1 };
            ad_pair_spec spec = { INPUTS, OUTPUTS, e.in, e.out, 1, &pb };
            cr_assert_eq(ad_plan_pair(&forward, &back, &spec, &o), AD_OK, "%s", ad_message());
            buffers_new(&b, &e, type, ad_plan_residual_bytes(forward));
            static const long batch[] = { 1, 7, CAPACITY };
            for (int i = 0; i < 3; i++) run(&e, forward, back, &b, type, batch[i], seed);
            buffers_free(&b);
            ad_plan_free(forward), ad_plan_free(back);
            ad_graph_free(e.g);
            ad_params_free(e.theta);
        }
}
