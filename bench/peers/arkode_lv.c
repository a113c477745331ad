/* arkode_lv.c - Lotka and Volterra's equations by SUNDIALS' ARKODE, Dormand and Prince 5(4), for lotka_volterra.py.

   One line a tolerance: the times of single solves in ms (the integrator made once, reset for each), the counts of the
   last, its end state. */
#include <stdio.h>
#include <time.h>

#include <arkode/arkode_erkstep.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_context.h>

enum { SOLVES = 2001 };

static int field(realtype t, N_Vector y, N_Vector f, void *ctx)
{
    const realtype *u = NV_DATA_S(y);
    realtype       *d = NV_DATA_S(f);
    (void)t, (void)ctx;
    d[0] = 1.5 * u[0] - u[0] * u[1];
    d[1] = -3 * u[1] + u[0] * u[1];
    return 0;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int solve(void *ark, N_Vector y)
{
    realtype t;
    NV_DATA_S(y)[0] = NV_DATA_S(y)[1] = 1;
    if (ERKStepReInit(ark, field, 0, y) || ERKStepSetStopTime(ark, 10)) return -1;
    return ERKStepEvolve(ark, 10, y, &t, ARK_NORMAL);
}

int main(void)
{
    static const double rtol[] = { 1e-3, 1e-6, 1e-9 };
    SUNContext          sun;
    if (SUNContext_Create(NULL, &sun)) return 1;
    for (int i = 0; i < 3; i++) {
        N_Vector y      = N_VNew_Serial(2, sun);
        NV_DATA_S(y)[0] = NV_DATA_S(y)[1] = 1;
        void *ark                         = ERKStepCreate(field, 0, y, sun);
        if (!ark || ERKStepSetTableNum(ark, ARKODE_DORMAND_PRINCE_7_4_5)) return 1;
        if (ERKStepSStolerances(ark, rtol[i], 1e-3 * rtol[i]) || ERKStepSetMaxNumSteps(ark, 100000))
            return 1;

        printf("{\"rtol\": %g, \"taken\": [", rtol[i]);
        for (int k = 0; k < SOLVES; k++) {
            double start = now_ms();
            if (solve(ark, y) < 0) return 1;
            printf("%s%.6f", k ? ", " : "", now_ms() - start);
        }
        long steps, nfe, rejected;
        ERKStepGetNumSteps(ark, &steps);
        ERKStepGetNumRhsEvals(ark, &nfe);
        ERKStepGetNumErrTestFails(ark, &rejected);
        printf("], \"steps\": %ld, \"rejected\": %ld, \"nfe\": %ld, \"end\": [%.17g, %.17g]}\n",
               steps, rejected, nfe, NV_DATA_S(y)[0], NV_DATA_S(y)[1]);
        ERKStepFree(&ark);
        N_VDestroy(y);
    }
    SUNContext_Free(&sun);
    return 0;
}
