/* vdp.c - 256 van der Pol oscillators in float32, the peers' vdp.py:

       x' = v,  v' = mu (1 - x^2) v - x,    dopri5, rtol = atol = 1e-5, 200 outputs in [0, 7.63];       (1)

   each sample with steps of its own at mu = 2, all with the same steps, and mu from 1 to 100 over the batch. */
#include "measure.h"

enum { BATCH = 256, TIMES = 200, STATE = 2 * BATCH };

static void field(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    ad_var x = at->part[0], v = at->part[1], one = ad_const(at->g, at->type, 1);
    dy[0] = v;
    dy[1] = ad_sub(ad_mul(ad_mul(at->args[0], ad_sub(one, ad_square(x))), v), x);
}

typedef struct oscillators {
    nde_solver    *solver;
    nde_solve_args args;
} oscillators;

static void solve(void *ctx)
{
    oscillators *o = ctx;
    must(nde_solve(o->solver, &o->args));
}

static const nde_part parts[] = { { .name = "x" }, { .name = "v" } };

static nde_ode problem(ad_type type, nde_part part[2], nde_arg *mu)
{
    for (int p = 0; p < 2; p++) part[p] = (nde_part){ parts[p].name, ad_rows(1), 0 };
    *mu = (nde_arg){ "mu", ad_rows(1), type };
    return (nde_ode){
        .field_parts = field, .parts = 2, .part = part, .nargs = 1, .args = mu, .type = type
    };
}

/* The states at the end to some nine digits, by dop853 in float64. */
static void exact(const float *y0, const float *mu, double *end)
{
    static double start[STATE], all[2 * STATE], m[BATCH];
    const double  t[] = { 0, 7.63 };
    nde_part      part[2];
    nde_arg       arg;
    nde_ode       ode = problem(AD_F64, part, &arg);
    nde_solver   *s;
    for (int i = 0; i < STATE; i++) start[i] = y0[i];
    for (int i = 0; i < BATCH; i++) m[i] = mu[i];
    must(nde_solver_new(
        &s, &ode, &(nde_options){ .method = &nde_dop853, .rtol = 1e-10, .atol = 1e-10 }, BATCH));
    must(nde_solve(s, &(nde_solve_args){ .n     = BATCH,
                                         .times = 2,
                                         .t     = t,
                                         .y0    = start,
                                         .args  = (const void *[]){ m },
                                         .y     = all }));
    memcpy(end, all + STATE, sizeof *end * STATE);
    nde_solver_free(s);
}

static void run(const char *work, nde_batching batching, const float *y0, const float *mu)
{
    static float  y[TIMES * STATE];
    static double end[STATE], last[STATE], t[TIMES];
    nde_part      part[2];
    nde_arg       arg;
    nde_ode       ode     = problem(AD_F32, part, &arg);
    nde_options   options = {
          .method = &nde_dopri5, .rtol = 1e-5, .atol = 1e-5, .batching = batching
    };
    const void *args[] = { mu };
    oscillators o      = { .args = {
                               .n = BATCH, .times = TIMES, .t = t, .y0 = y0, .args = args, .y = y } };
    spaced(TIMES, 0, 7.63, t);
    must(nde_solver_new(&o.solver, &ode, &options, BATCH));
    times_taken times = measure(solve, &o);
    exact(y0, mu, end);
    for (int i = 0; i < STATE; i++) last[i] = y[(TIMES - 1) * STATE + i];
    print_line(&(line){ work, &times, nde_solver_stats(o.solver),
                        .error   = relative_error(STATE, last, end),
                        .samples = batching == NDE_PER_SAMPLE ? BATCH : 0 });
    nde_solver_free(o.solver);
}

int main(int argc, char **argv)
{
    static float input[STATE + BATCH], y0[STATE], two[BATCH];
    read_input(argc, argv, "vdp", "vdp.bin", input, sizeof *input, STATE + BATCH);
    for (int i = 0; i < BATCH; i++) {
        y0[i] = input[2 * i], y0[BATCH + i] = input[2 * i + 1]; /* parts one behind the other */
        two[i] = 2;
    }
    run("vdp/per-sample", NDE_PER_SAMPLE, y0, two);
    run("vdp/joint", NDE_JOINT, y0, two);
    run("vdp/spread", NDE_PER_SAMPLE, y0, input + STATE);
    return 0;
}
