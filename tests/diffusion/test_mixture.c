/* Mixtures against 40-digit numbers, against themselves in other types and layouts, and what is wrong with a file. */
#include <unistd.h>

#include <costate/autodiff/plan.h>
#include <costate/autodiff/random.h>

#include "reference.h"

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

static const double weight_a[4] = { .1, .2, .3, .4 };
static const double mean_a[8]   = { 1.2, .8, -1, .9, -.7, -1.1, .9, -.6 };
static const double var_a[8]    = { .04, .09, .06, .03, .05, .05, .02, .08 };

static dpm_mixture *case_a(void)
{
    dpm_mixture *m;
    ok(dpm_mixture_new(&m, 4, 2, weight_a, mean_a, var_a));
    return m;
}

/* --- the network, traced ----------------------------------------------------------------------------------------- */

/* eps, or eps and its Jacobian by x. rows: each row has its own time. */
typedef struct traced {
    ad_graph *g;
    ad_plan  *plan;
    ad_work  *work;
    ad_type   type;
    long      dim;
} traced;

static ad_status traced_try(traced *t, const dpm_mixture *m, ad_type type, int rows, long capacity)
{
    ad_shape  place = rows ? ad_rows(1) : ad_scalar();
    dpm_model model = dpm_mixture_model(m, type);
    *t              = (traced){ .type = type, .dim = m->dim };
    AD_TRY(ad_graph_new(&t->g));
    ad_var in[3] = { ad_input(t->g, "x", type, ad_rows(m->dim)),
                     ad_input(t->g, "alpha", AD_F64, place),
                     ad_input(t->g, "sigma", AD_F64, place) };
    dpm_at at    = { .g = t->g, .x = in[0], .alpha = in[1], .sigma = in[2], .type = type };
    ad_var e = model.network(&at, model.ctx), out[2] = { e, ad_jacobian(e, in[0], 1) };
    AD_TRY(ad_graph_status(t->g));
    ad_status s = ad_plan_new(&t->plan, 3, in, 2, out, &(ad_plan_options){ .capacity = capacity });
    return s ? s : ad_work_new(&t->work, t->plan);
}

static void traced_stop(traced *t)
{
    ad_work_free(t->work);
    ad_plan_free(t->plan);
    ad_graph_free(t->g);
}

static void traced_run(traced *t, long n, const void *x, const double *alpha, const double *sigma,
                       void *eps, void *jacobian)
{
    ok(ad_execute(t->plan, t->work,
                  &(ad_args){ .n   = n,
                              .in  = (const void *[]){ x, alpha, sigma },
                              .out = (void *[]){ eps, jacobian } }));
}

/* --- case A ------------------------------------------------------------------------------------------------------ */

enum { ROWS = 20 };

typedef struct row_check {
    dpm_point at;
    double    x[2], log_density, score[2], eps[2], x0[2], jacobian[4];
} row_check;

static void get(const json_t *row, const char *key, long n, double *out)
{
    cr_assert_eq(reference_rows(json_object_get(row, key), out, n), n, "%s", key);
}

static void rows_read(row_check r[ROWS])
{
    json_t *file = reference_open("case_A.json");
    if (!file) cr_skip_test("no reference data: set COSTATE_SHARED");
    json_t *rows = json_object_get(json_object_get(file, "score_check"), "rows");
    cr_assert_eq(json_array_size(rows), ROWS);
    for (int i = 0; i < ROWS; i++) {
        const json_t *row = json_array_get(rows, i);
        get(row, "x", 2, r[i].x);
        get(row, "score", 2, r[i].score);
        get(row, "eps", 2, r[i].eps);
        get(row, "denoised_x0", 2, r[i].x0);
        get(row, "eps_jacobian", 4, r[i].jacobian);
        r[i].log_density = reference_number(row, "log_density");
        r[i].at = dpm_point_vp(reference_number(row, "t"), reference_number(row, "log_alpha"));
    }
    json_decref(file);
}

/* The reference's own float64 model is within 2.2e-14 of the 40 digits, relatively (its README); five times that. */
static const double digits = 1.1e-13;

static void near(const char *what, int row, long n, const double *a, const double *want, double tol)
{
    double d = 0, size = 0;
    for (long i = 0; i < n; i++)
        d = fmax(d, fabs(a[i] - want[i])), size = fmax(size, fabs(want[i]));
    cr_expect(d <= tol * (1 + size), "%s of row %d: off by %g of %g", what, row, d, size);
}

Test(mixture, density_and_score)
{
    row_check r[ROWS];
    rows_read(r);
    dpm_mixture *m = case_a();
    for (int i = 0; i < ROWS; i++) {
        double score[2], log_p = dpm_mixture_log_density(m, &r[i].at, r[i].x, score);
        near("log density", i, 1, &log_p, &r[i].log_density, digits);
        near("score", i, 2, score, r[i].score, digits);
        log_p = dpm_mixture_log_density(m, &r[i].at, r[i].x, NULL);
        near("log density alone", i, 1, &log_p, &r[i].log_density, digits);
    }
    dpm_mixture_free(m);
}

static void network_rows(ad_type type, int own, double tol)
{
    row_check r[ROWS];
    rows_read(r);
    dpm_mixture *m = case_a();
    traced       t;
    ok(traced_try(&t, m, type, own, ROWS));
    double alpha[ROWS], sigma[ROWS], x[2 * ROWS], e[2 * ROWS], jacobian[4 * ROWS];
    float  x32[2 * ROWS], e32[2 * ROWS], jacobian32[4 * ROWS];
    for (int i = 0; i < 2 * ROWS; i++) x[i] = r[i / 2].x[i % 2], x32[i] = (float)x[i];
    for (int i = 0; i < ROWS; i++) alpha[i] = r[i].at.alpha, sigma[i] = r[i].at.sigma;
    const void *in  = type == AD_F64 ? (void *)x : (void *)x32;
    void       *out = type == AD_F64 ? (void *)e : (void *)e32;
    void       *jac = type == AD_F64 ? (void *)jacobian : (void *)jacobian32;
    for (int i = 0; i < ROWS; i++) { /* all at the place of row i, of which row i is looked at */
        if (!own || i == 0)
            traced_run(&t, ROWS, in, own ? alpha : &alpha[i], own ? sigma : &sigma[i], out, jac);
        for (int j = 0; type == AD_F32 && j < 4 * ROWS; j++) jacobian[j] = jacobian32[j];
        for (int j = 0; type == AD_F32 && j < 2 * ROWS; j++) e[j] = e32[j];
        near("eps", i, 2, e + 2 * i, r[i].eps, tol);
        near("Jacobian", i, 4, jacobian + 4 * i, r[i].jacobian, tol);
        double x0[2];
        for (int j = 0; j < 2; j++)
            x0[j] = (r[i].x[j] - r[i].at.sigma * e[2 * i + j]) / r[i].at.alpha;
        if (type == AD_F64) near("data prediction", i, 2, x0, r[i].x0, tol);
    }
    traced_stop(&t);
    dpm_mixture_free(m);
}

Test(mixture, network_at_one_time)
{
    network_rows(AD_F64, 0, digits);
}

Test(mixture, network_with_a_time_for_each_row)
{
    network_rows(AD_F64, 1, digits);
}

/* Rounding x to float32 alone moves the exponents, up to some 500 in size, by 500 2^-24, and the responsibilities of a row
   between two components by as much. */
Test(mixture, network_in_float32)
{
    network_rows(AD_F32, 0, 500 * 0x1p-24);
    network_rows(AD_F32, 1, 500 * 0x1p-24);
}

/* --- its flow ----------------------------------------------------------------------------------------------------- */

enum { DIM = 16, MANY = 40 };

static dpm_mixture *gaussian(void)
{
    double       one = 1, mean[DIM], var[DIM];
    dpm_mixture *m;
    for (int j = 0; j < DIM; j++) mean[j] = -.5 + j / 15., var[j] = .01 * pow(200, j / 15.);
    ok(dpm_mixture_new(&m, 1, DIM, &one, mean, var));
    return m;
}

static dpm_schedule *schedule(const char *name)
{
    dpm_schedule *s;
    ok(dpm_schedule_new(&s, &(dpm_schedule_options){ .name = name }));
    return s;
}

/* Against an extrapolation integrator in 80-bit arithmetic: local errors of 1e-13 in some tens of steps, carried on by a Jacobian
   of norm 1.6 at most, back by one of 6. */
Test(mixture, flow_of_case_a)
{
    enum { N = 32 };
    double  x[2 * N], want[2 * N], end[2 * N], back[2 * N];
    json_t *file = reference_open("case_A.json");
    if (!file) cr_skip_test("no reference data: set COSTATE_SHARED");
    const json_t *extended = json_object_get(file, "extended");
    cr_assert_eq(reference_rows(json_object_get(file, "x_T"), x, 2 * N), 2 * N);
    cr_assert_eq(reference_rows(json_object_get(extended, "x_end"), want, 2 * N), 2 * N);
    json_decref(file);
    dpm_mixture  *m  = case_a();
    dpm_schedule *vp = schedule("vp-linear");
    ok(dpm_mixture_flow(m, vp, 1, 1e-3, N, x, end));
    cr_expect_leq(reference_distance(2 * N, end, want), 1e-11);
    ok(dpm_mixture_flow(m, vp, 1e-3, 1, N, end, back));
    cr_expect_leq(reference_distance(2 * N, back, x), 4e-11);
    dpm_schedule_free(vp);
    dpm_mixture_free(m);
}

/* One Gaussian has its flow in closed form: x / sqrt(V) about the mean is constant, V = alpha^2 v + sigma^2. From pure noise
   (alpha = 0) to the data itself (sigma = 0), too. */
static void gaussian_flow(const char *name, double from, double to)
{
    enum { N = 3 };
    dpm_mixture  *m = gaussian();
    dpm_schedule *s = schedule(name);
    dpm_point     a = dpm_schedule_at(s, from), b = dpm_schedule_at(s, to);
    double        x[N * DIM], end[N * DIM], size = hypot(a.alpha, a.sigma);
    ad_random_normal(AD_F64, 3, 0, 0, N * DIM, x);
    for (int i = 0; i < N * DIM; i++) x[i] *= size;
    ok(dpm_mixture_flow(m, s, from, to, N, x, end));
    for (int i = 0; i < N * DIM; i++) {
        double v = m->variance[i % DIM], mean = m->mean[i % DIM];
        double ratio = hypot(b.alpha * sqrt(v), b.sigma) / hypot(a.alpha * sqrt(v), a.sigma);
        double want  = b.alpha * mean + ratio * (x[i] - a.alpha * mean);
        cr_expect_float_eq(end[i], want, 1e-10, "%s: %.17g for %.17g", name, end[i], want);
    }
    dpm_schedule_free(s);
    dpm_mixture_free(m);
}

Test(mixture, flow_of_one_gaussian)
{
    gaussian_flow("vp-linear", 1, 1e-3);
    gaussian_flow("edm", 80, 2e-3);
    gaussian_flow("flow", 1, 0);
}

/* --- one Gaussian, many dimensions -------------------------------------------------------------------------------- */

Test(mixture, one_gaussian)
{
    dpm_mixture *m  = gaussian();
    dpm_point    at = dpm_point_vp(.3, -1);
    double      *x = ad_alloc(MANY * DIM * sizeof *x), *e = ad_alloc(MANY * DIM * sizeof *e);
    double      *jacobian = ad_alloc(MANY * DIM * DIM * sizeof *jacobian);
    ad_random_normal(AD_F64, 3, 0, 0, MANY * DIM, x);
    traced t;
    ok(traced_try(&t, m, AD_F64, 0, MANY));
    traced_run(&t, MANY, x, &at.alpha, &at.sigma, e, jacobian);
    for (int i = 0; i < MANY * DIM; i++) {
        int    j = i % DIM;
        double v = at.alpha * at.alpha * m->variance[j] + at.sigma * at.sigma;
        cr_expect_float_eq(e[i], at.sigma * (x[i] - at.alpha * m->mean[j]) / v, 1e-14);
        for (int k = 0; k < DIM; k++)
            cr_expect_float_eq(jacobian[i * DIM + k], j == k ? at.sigma / v : 0, 1e-14);
    }
    ad_free(x), ad_free(e), ad_free(jacobian);
    traced_stop(&t);
    dpm_mixture_free(m);
}

/* --- draws and modes ---------------------------------------------------------------------------------------------- */

/* Moments of N draws within five standard deviations of what they are; the same rows however they are asked for. */
Test(mixture, draws)
{
    enum { N = 20000 };
    dpm_mixture *m = case_a();
    double      *x = ad_alloc(2 * N * sizeof *x), again[2 * 3], sum[4] = { 0 };
    long         count[4] = { 0 };
    dpm_mixture_draw(m, 7, 0, N, x);
    dpm_mixture_draw(m, 7, 100, 3, again);
    cr_expect(memcmp(again, x + 200, sizeof again) == 0);
    for (int i = 0; i < N; i++) {
        long k = dpm_mixture_mode(m, x + 2 * i);
        count[k]++;
        for (int j = 0; j < 2; j++) {
            double z = (x[2 * i + j] - mean_a[2 * k + j]) / sqrt(var_a[2 * k + j]);
            sum[j] += z, sum[2 + j] += z * z;
        }
    }
    /* components overlap: at most 1e-3 of the draws has another's mode */
    for (int k = 0; k < 4; k++)
        cr_expect_float_eq((double)count[k] / N, weight_a[k], 5 * sqrt(.25 / N) + 1e-3);
    for (int j = 0; j < 2; j++) {
        cr_expect_float_eq(sum[j] / N, 0, 5 / sqrt(N) + 5e-3);
        cr_expect_float_eq(sum[2 + j] / N, 1, 5 * sqrt(2. / N) + 1e-2);
    }
    ad_free(x);
    dpm_mixture_free(m);
}

Test(mixture, weights_are_normalised)
{
    dpm_mixture *m;
    double       weight[2] = { 3, 1 }, mean[2] = { -1, 1 }, var[2] = { 1, 1 };
    ok(dpm_mixture_new(&m, 2, 1, weight, mean, var));
    cr_expect_float_eq(m->weight[0], .75, 1e-16);
    cr_expect_float_eq(m->weight[1], .25, 1e-16);
    cr_expect_eq(dpm_mixture_mode(m, &(double){ 0 }), 0); /* the heavier one in the middle */
    cr_expect_eq(dpm_mixture_mode(m, &(double){ 1 }), 1);
    dpm_mixture_free(m);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

typedef struct file {
    char path[64];
} file;

static file file_with(const char *text)
{
    file f = { "/tmp/costate-mixture-XXXXXX" };
    int  h = mkstemp(f.path);
    cr_assert(h >= 0 && write(h, text, strlen(text)) == (ssize_t)strlen(text));
    close(h);
    return f;
}

Test(mixture, read)
{
    file f = file_with(
        "{\"note\": \"four\", \"weights\": [1, 3.0], \"means\": [[0, 1, 2], [3, 4, 5]],\n"
        " \"variances\": [[1, 1, 1], [2, 2, 0.5]], \"seed\": {}}");
    dpm_mixture *m;
    ok(dpm_mixture_read(&m, f.path));
    cr_expect(m->components == 2 && m->dim == 3);
    cr_expect(m->weight[1] == .75 && m->mean[5] == 5 && m->variance[5] == .5);
    dpm_mixture_free(m);
    unlink(f.path);
}

Test(mixture, broken_files)
{
    static const char *const broken[][2] = {
        { "", "line" },
        { "{\"weights\": [1], \"means\": [[0]], \"variances\": [[1]]", "line 1" },
        { "[1, 2]", "not a JSON object" },
        { "{\"means\": [[0]], \"variances\": [[1]]}", "lacks 'weights'" },
        { "{\"weights\": [1], \"variances\": [[1]]}", "lacks 'means'" },
        { "{\"weights\": [1], \"means\": [[0]]}", "lacks 'variances'" },
        { "{\"weights\": 1, \"means\": [[0]], \"variances\": [[1]]}",
          "no list of numbers under 'weights'" },
        { "{\"weights\": [], \"means\": [[0]], \"variances\": [[1]]}", "under 'weights'" },
        { "{\"weights\": [1, 2], \"means\": [[0]], \"variances\": [[1], [1]]}",
          "'means' has 1 rows" },
        { "{\"weights\": [1], \"means\": [[0]], \"variances\": [[1], [1]]}",
          "'variances' has 2 rows" },
        { "{\"weights\": [1], \"means\": [0], \"variances\": [1]}", "row 0 of 'means'" },
        { "{\"weights\": [1], \"means\": [[]], \"variances\": [[]]}", "row 0 of 'means'" },
        { "{\"weights\": [1], \"means\": [[0, 1]], \"variances\": [[1]]}", "has 1 numbers" },
        { "{\"weights\": [1, 1], \"means\": [[0, 1], [0]], \"variances\": [[1, 1], [1, 1]]}",
          "row 1 of 'means' has 1 numbers where the first mean has 2" },
        { "{\"weights\": [\"1\"], \"means\": [[0]], \"variances\": [[1]]}",
          "number 0 of 'weights'" },
        { "{\"weights\": [1], \"means\": [[null]], \"variances\": [[1]]}",
          "number 0 of row 0 of 'means'" },
        { "{\"weights\": [0], \"means\": [[0]], \"variances\": [[1]]}", "must be positive" },
        { "{\"weights\": [1], \"means\": [[0]], \"variances\": [[-1]]}", "variance 0 has -1" },
        { "{\"weights\": [1], \"means\": [[1e999]], \"variances\": [[1]]}", "line 1" },
        { "{\"weights\": [1], \"means\": [[0]], \"variances\": [[1]]} 2", "line 1" },
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        file         f = file_with(broken[i][0]);
        dpm_mixture *m = (dpm_mixture *)&f;
        cr_expect_eq(dpm_mixture_read(&m, f.path), AD_BAD_FILE, "accepted: %s", broken[i][0]);
        cr_expect_null(m);
        cr_expect(strstr(ad_message(), broken[i][1]) && strstr(ad_message(), f.path), "%s: \"%s\"",
                  broken[i][0], ad_message());
        unlink(f.path);
    }
    dpm_mixture *m;
    cr_expect_eq(dpm_mixture_read(&m, "/no/such/file.json"), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "cannot be opened"));
}

Test(mixture, mistakes)
{
    dpm_mixture *m;
    double       one = 1, zero = 0, nan = NAN;
    cr_expect_eq(dpm_mixture_new(&m, 0, 1, &one, &one, &one), AD_INVALID);
    cr_expect_eq(dpm_mixture_new(&m, 1, 0, &one, &one, &one), AD_INVALID);
    cr_expect_eq(dpm_mixture_new(&m, 1, 1, &nan, &one, &one), AD_INVALID);
    cr_expect_eq(dpm_mixture_new(&m, 1, 1, &one, &nan, &one), AD_INVALID);
    cr_expect_eq(dpm_mixture_new(&m, 1, 1, &one, &one, &zero), AD_INVALID);
    dpm_mixture_free(NULL);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static ad_status read_it(void *path)
{
    dpm_mixture *m;
    ad_status    s = dpm_mixture_read(&m, path);
    dpm_mixture_free(m);
    return s;
}

static ad_status trace_it(void *mixture)
{
    traced    t;
    ad_status s = traced_try(&t, mixture, AD_F64, 0, 3);
    traced_stop(&t);
    return s;
}

static ad_status flow_it(void *mixture)
{
    dpm_schedule *vp;
    double        x[2] = { 1, -1 }, end[2];
    AD_TRY(dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear" }));
    ad_status s = dpm_mixture_flow(mixture, vp, 1, 0.5, 1, x, end);
    dpm_schedule_free(vp);
    return s;
}

Test(mixture, no_memory)
{
    long         runs;
    file         f = file_with("{\"weights\": [1], \"means\": [[0]], \"variances\": [[1]]}");
    dpm_mixture *m = case_a();
    cr_expect(every_allocation_fails_cleanly(read_it, f.path, &runs));
    cr_expect_geq(runs, 2);
    cr_expect(every_allocation_fails_cleanly(flow_it, m, &runs));
    cr_expect_geq(runs, 4);
    cr_expect(every_allocation_fails_cleanly(trace_it, m, &runs));
    cr_expect_geq(runs, 10);
    unlink(f.path);
    dpm_mixture_free(m);
}
