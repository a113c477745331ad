/* tableau.h - explicit Runge-Kutta methods as data.

       k_i = f(t + c_i h, y + h sum_j a_ij k_j),   y1 = y + h sum_i b_i k_i,   err = h sum_i e_i k_i           (1)

   A method is its tableau and nothing else; one file nde/methods/NAME.c and one line of nde/methods/registry.def. */
#ifndef COSTATE_NDE_TABLEAU_H
#define COSTATE_NDE_TABLEAU_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

enum { NDE_STAGES = 16, NDE_DENSE = 8 };

typedef struct nde_tableau {
    const char *name;    /* "tsit5"                                                    */
    const char *cite;    /* "Tsitouras 2011, Table 1"                                  */
    const char *aliases; /* peers' names: "RK45 torchdiffeq:dopri5"; NULL              */
    int         stages;  /* of the step itself                                         */
    int         order;
    int         error_order;  /* 0: no estimate, fixed steps; with e2: of the two combined  */
    int         dense_stages; /* for dense output alone: they follow the others in a and c  */
    int         dense_order;  /* of the interpolant                                         */
    int         dense_degree; /* highest power of x; 0: cubic Hermite of y, y1, k1, f(y1)   */
    double      a[NDE_STAGES][NDE_STAGES], b[NDE_STAGES], c[NDE_STAGES];
    double      e[NDE_STAGES];  /* b minus the embedded weights                             */
    double      e2[NDE_STAGES]; /* dop853's second estimate, of order 3; elsewhere zero     */
    /* y(t + x h) = y + h sum_i k_i sum_{p=1..dense_degree} dense[i][p] x^p; x = 1 gives y1 */
    double dense[NDE_STAGES][NDE_DENSE + 1];
    double stability; /* extent of the stability region on the negative real axis; 0: unknown */
} nde_tableau;

/* Derived properties. */

/* Is the last stage f(t + h, y1), and so the first of the next step? */
int nde_tableau_fsal(const nde_tableau *m);

/* i such that stages i and i + 1, the last two, share their c: |k_{i+1} - k_i| / |g_{i+1} - g_i|, g the stages' arguments,
   estimates the Lipschitz constant. -1: there is no such pair. */
int nde_tableau_stiff_stage(const nde_tableau *m);

/* A tableau checks itself: row sums, explicitness, the sums of b and e, the interpolant's ends; AD_INVALID and a sentence
   that names the coefficient. (The order conditions are the tests' business.) */
ad_status nde_tableau_check(const nde_tableau *m);

extern const nde_tableau nde_euler, nde_midpoint, nde_heun2, nde_bosh3, nde_rk4, nde_rk38,
    nde_dopri5, nde_dopri5_shampine, nde_tsit5, nde_dop853;

/* By name or alias, case ignored; NULL with a sentence that suggests the nearest. */
const nde_tableau *nde_method(const char *name);
int                nde_method_count(void);
const nde_tableau *nde_method_at(int i);

COSTATE_END_DECLS
#endif
