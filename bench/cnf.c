/* cnf.c - one training iteration of a continuous normalizing flow: the race of the peers' cnf.py.

       [W U G B](t) = tanh(tanh(t W1' + b1) W2' + b2) W3' + b3,        1-32-32-448, of t alone,         (1)
       dz/dt = tanh(z W' + B) (U sigmoid(G)) / 64,                     512 points on two circles,       (2)
       d(log p)/dt = -tr(d(dz/dt)/dz),                                 t from 10 to 0,                   (3)
       L = -mean(log N(z(0); 0, s I) - log p(0)),    s = 0.1;          dL/d(W1, b1, W2, b2, W3, b3),    (4)

   float32, dopri5, rtol = atol = 1e-5, jointly. The trace is automatic, a jvp for each dimension, as the peers have it; or
   closed, which (2) allows: a line of its own. */
#include "measure.h"

enum { POINTS = 512, DIM = 2, UNITS = 64, WIDTH = 32, NUMBERS = 7 * UNITS };
enum { COUNT = WIDTH + WIDTH + WIDTH * WIDTH + WIDTH + NUMBERS * WIDTH + NUMBERS };

static const char *const VIEW[]   = { "fc1.weight", "fc1.bias",   "fc2.weight",
                                      "fc2.bias",   "fc3.weight", "fc3.bias" };
static const double      VARIANCE = 0.1;

/* Numbers from, from + 1, .. of (1) as a matrix [UNITS, columns]. */
static ad_var units(ad_var numbers, long from, long columns)
{
    return ad_reshape(ad_slice(numbers, 1, from, from + UNITS * columns), 2,
                      (long[]){ UNITS, columns });
}

/* (2), and what its Jacobian is made of */
typedef struct flow {
    ad_var w, u, before, hidden, velocity;
} flow;

static flow velocity(const nde_point *at)
{
    ad_var t       = ad_reshape(ad_cast(at->t, AD_F32), 2, (long[]){ 1, 1 });
    ad_var h       = ad_tanh(ad_dense(t, at->theta, "fc1", WIDTH));
    h              = ad_tanh(ad_dense(h, at->theta, "fc2", WIDTH));
    ad_var numbers = ad_dense(h, at->theta, "fc3", NUMBERS);
    ad_var u = units(numbers, 2 * UNITS, 2), gate = ad_sigmoid(units(numbers, 4 * UNITS, 2));
    ad_var b = ad_reshape(units(numbers, 6 * UNITS, 1), 1, (long[]){ UNITS });

    flow f     = { .w = units(numbers, 0, 2), .u = ad_scale(ad_mul(u, gate), 1.0 / UNITS) };
    f.before   = ad_affine(at->part[0], f.w, 1, b);
    f.hidden   = ad_tanh(f.before);
    f.velocity = ad_matmul(f.hidden, f.u, 0, 0);
    return f;
}

/* sum_i (d f / d z_i)_i, a jvp along each unit vector */
static ad_var automatic_trace(const flow *f, ad_var z)
{
    ad_var line[DIM];
    for (int i = 0; i < DIM; i++) {
        double unit[DIM] = { 0 };
        unit[i]          = 1;
        ad_var f_dot, e = ad_const_array(z.g, AD_F32, ad_matrix(1, DIM), unit);
        e = ad_broadcast(e, ad_shape_of(z));
        must(ad_jvp(1, &z, &e, 1, &f->velocity, &f_dot));
        line[i] = ad_slice(f_dot, 1, i, i + 1);
    }
    return ad_add(line[0], line[1]);
}

/* tr(U' diag(s) W) = sum_j s_j (W U')_jj with s the slope of each unit, the derivative of tanh by what is before it. */
static ad_var closed_trace(const flow *f)
{
    ad_var slope, one = ad_full(f->before.g, AD_F32, ad_shape_of(f->before), 1);
    must(ad_jvp(1, &f->before, &one, 1, &f->hidden, &slope));
    return ad_matmul(slope, ad_sum(ad_mul(f->w, f->u), 2, 1), 0, 0);
}

static void automatic(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    flow f = velocity(at);
    dy[0]  = f.velocity;
    dy[1]  = ad_neg(automatic_trace(&f, at->part[0]));
}

static void closed(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    flow f = velocity(at);
    dy[0]  = f.velocity;
    dy[1]  = ad_neg(closed_trace(&f));
}

typedef struct race {
    adj_solver    *solver;
    nde_solve_args args;
    adj_cotangents bar;
    float          y[2 * POINTS * (DIM + 1)], y_bar[2 * POINTS * (DIM + 1)], theta_bar[COUNT];
    double         loss;
} race;

static void iteration(void *ctx)
{
    race *r = ctx;
    must(adj_solve(r->solver, &r->args));
    const float *z = r->y + POINTS * (DIM + 1), *log_p = z + POINTS * DIM;
    float       *z_bar = r->y_bar + POINTS * (DIM + 1);
    double       sum   = 0;
    for (int i = 0; i < POINTS * DIM; i++) {
        sum += 0.5 * z[i] * z[i] / VARIANCE;
        z_bar[i] = (float)(z[i] / VARIANCE / POINTS);
    }
    for (int i = 0; i < POINTS; i++) {
        sum += log(2 * M_PI * VARIANCE) + log_p[i];
        z_bar[POINTS * DIM + i] = 1.0f / POINTS;
    }
    r->loss = sum / POINTS;
    memset(r->theta_bar, 0, sizeof r->theta_bar);
    must(adj_pullback(r->solver, &r->bar));
}

/* Builds, measures and prints one of the two. */
static void run(const char *work, nde_field_parts *field, const float *input)
{
    static race  r;
    static float theta[COUNT], y0[POINTS * (DIM + 1)];
    double       t[]     = { 10, 0 };
    nde_part     parts[] = { { .name = "z", .shape = ad_rows(DIM) },
                             { .name = "log_p", .shape = ad_rows(1) } };
    nde_ode      ode     = { .field_parts = field, .type = AD_F32, .parts = 2, .part = parts };
    nde_options  options = { .method     = nde_method("torchdiffeq:dopri5"),
                             .controller = nde_controller_named("torchdiffeq"),
                             .rtol       = 1e-5,
                             .atol       = 1e-5 };
    must(ad_params_new(&ode.theta, AD_F32));
    must(adj_solver_new(&r.solver, &ode, &options, NULL, POINTS));
    load_views(ode.theta, 6, VIEW, input, theta);
    memcpy(y0, input + COUNT, sizeof *y0 * POINTS * DIM);

    r.args = (nde_solve_args){
        .n = POINTS, .times = 2, .t = t, .y0 = y0, .theta = theta, .y = r.y
    };
    r.bar             = (adj_cotangents){ .y_bar = r.y_bar, .theta_bar = r.theta_bar };
    times_taken times = measure(iteration, &r);
    print_line(&(line){ work, &times, adj_solver_stats(r.solver), .value = r.loss,
                        .norm = sqrt(square_sum(COUNT, r.theta_bar)) });
    adj_solver_free(r.solver);
    ad_params_free(ode.theta);
}

/* cnf [FOLDER [closed]]: peak memory is that of a process, so each has its own. */
int main(int argc, char **argv)
{
    static float input[COUNT + POINTS * DIM];
    int          short_way = argc > 2 && !strcmp(argv[2], "closed");
    read_input(argc, argv, "cnf", "cnf.bin", input, sizeof *input, COUNT + POINTS * DIM);
    if (short_way)
        run("cnf/closed", closed, input);
    else
        run("cnf/iteration", automatic, input);
    return 0;
}
