/* solver.h - a problem and its options compiled (internal to nde/ and adjoint/). */
#ifndef COSTATE_NDE_SOLVER_H
#define COSTATE_NDE_SOLVER_H

#include "error.h"
#include "record.h"

typedef struct nde_lanes nde_lanes; /* lanes.h */

/* Room for one attempt. */
typedef struct nde_scratch {
    char   *y[2], *carry[2];
    char   *stages, **k; /* values of the stages, one state each; pointers for nde_attempt_io.k */
    char  **coefficient; /* degree states */
    double *rows[NDE_COLUMNS];
    double *t, *h, *lo, *hi; /* [capacity] */
    char   *point;           /* a state: an output on its way out */
    void   *frame;           /* residuals of an attempt that keeps none; gradients only */
} nde_scratch;

struct nde_solver {
    nde_ode     ode; /* completed, own copies of its lists */
    nde_options o;   /* defaults filled in                 */
    nde_layout *layout;
    nde_step   *step;
    long        capacity, error_dim;
    void      **args; /* padded copies */
    nde_scratch w;
    nde_stats   stats;
    int         debug;  /* COSTATE_DEBUG: a line a solve */
    nde_record *record; /* joint; NULL: not recorded */
    nde_lanes  *lanes;  /* per sample                */
};

/* gradient: with pullbacks and a record; keep_frames: with residuals in it. */
ad_status nde_solver_build(nde_solver **s, const nde_ode *ode, const nde_options *o, long capacity,
                           int gradient, int keep_frames);

/* --- shared by the joint and the per-sample loop ----------------------------------------------------------------- */

ad_status nde_solver_check(const nde_solver *s, const nde_solve_args *a);
ad_status nde_solver_load_args(nde_solver *s, const nde_solve_args *a);
/* stage pointers of an attempt from (carry) to (carry1) */
void nde_solver_bind_stages(nde_solver *s, const char *carry, char *carry1);
/* The ends of the piece that t lies in, as seen by the stages: one ulp inside break points; *stop: where it ends. */
void nde_solver_piece(const nde_solver *s, double t, double end, double *lo, double *hi,
                      double *stop);
void nde_piece(const nde_options *o, double t, double end, double *lo, double *hi, double *stop);
/* Given step points must be a grid from t to end. */
ad_status nde_solver_check_grid(const nde_solver *s, double t, double end);
/* RMS of x / (atol + rtol |y|) over n rows, or of (x - x0) when x0 is given. */
double nde_solver_norm(const nde_solver *s, long row, long n, const char *x, const char *x0,
                       const char *y);
/* y(x) = y + sum_p c_p x^p of n rows from `row` */
void nde_solver_interpolate(const nde_solver *s, long row, long n, const char *y, double x,
                            char *out);
/* order of the controller's exponent */
int nde_solver_error_order(const nde_solver *s);
/* where did numbers stop being finite? */
ad_status nde_solver_nonfinite(const nde_solver *s, long n, double t, double h, long step,
                               const char *y, const char *f, const long *sample_of);
void      nde_solver_count(nde_solver *s, long starts);
/* One attempt, its time added to the statistics where that is asked for. */
ad_status nde_solver_forward(nde_solver *s, const nde_attempt_io *io);

ad_status nde_solve_joint(nde_solver *s, const nde_solve_args *a);
ad_status nde_solve_lanes(nde_solver *s, const nde_solve_args *a);
ad_status nde_lanes_new(nde_solver *s);
void      nde_lanes_free(nde_lanes *l);

#endif
