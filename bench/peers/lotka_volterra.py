"""Lotka and Volterra's equations, one sample, float64: x' = 1.5 x - x y, y' = -3 y + x y from (1, 1), t from 0 to 10.

Only the end state is asked for; rtol 1e-3, 1e-6, 1e-9 with atol = rtol / 1000; tsit5 (Diffrax, and we), RK45 (SciPy),
Dormand and Prince 5(4) (ARKODE, by arkode_lv.c). The error is that of the end state, relative, against SciPy's DOP853
at 1e-13.
"""
import json
import pathlib
import shutil
import subprocess

import numpy as np

import harness

RTOL = 1e-3, 1e-6, 1e-9
END = 10.0


def work(rtol):
    return f"lotka-volterra/{rtol:.0e}".replace("e-0", "e-")


def field(_, y):
    return [1.5 * y[0] - y[0] * y[1], -3 * y[1] + y[0] * y[1]]


def exact():
    from scipy.integrate import solve_ivp
    return solve_ivp(field, (0, END), [1.0, 1.0], "DOP853", rtol=1e-13, atol=1e-15).y[:, -1]


def diffrax():
    import jax
    jax.config.update("jax_enable_x64", True)
    import diffrax as dfx
    import jax.numpy as jnp

    def solve(y0, rtol):
        return dfx.diffeqsolve(dfx.ODETerm(lambda t, y, args: jnp.stack(field(t, y))), dfx.Tsit5(), 0.0, END, None, y0,
                               adjoint=dfx.ForwardMode(), max_steps=100_000, throw=False,
                               stepsize_controller=dfx.PIDController(rtol=rtol, atol=1e-3 * rtol))

    y0 = jnp.ones(2)
    ready, seconds = harness.compiled(jax.jit(solve), y0, 1e-3)
    for rtol in RTOL:
        solution = ready(y0, rtol)
        taken = harness.samples(lambda: jax.block_until_ready(ready(y0, rtol)))
        harness.report(work(rtol), "Diffrax", taken, compile_s=seconds, **harness.step_counts(solution),
                       error=harness.relative_error(solution.ys[-1], exact()),
                       versions=harness.versions("jax", "diffrax"))


def scipy():
    from scipy.integrate import solve_ivp
    for rtol in RTOL:
        solve = lambda: solve_ivp(field, (0, END), [1.0, 1.0], "RK45", rtol=rtol, atol=1e-3 * rtol)
        solution = solve()
        harness.report(work(rtol), "SciPy RK45", harness.samples(solve, 2), steps=len(solution.t) - 1,
                       nfe=solution.nfev, error=harness.relative_error(solution.y[:, -1], exact()),
                       versions=harness.versions("scipy"))


def arkode():
    here = pathlib.Path(__file__).resolve().parent
    program = harness.DATA / "arkode_lv"
    program.parent.mkdir(parents=True, exist_ok=True)
    build = [shutil.which("cc") or "gcc", "-O3", "-march=native", here / "arkode_lv.c", "-o", program,
             "-lsundials_arkode", "-lsundials_nvecserial", "-lm"]
    made = subprocess.run(build, capture_output=True, text=True)
    if made.returncode:
        raise ImportError("SUNDIALS (Debian: libsundials-dev) is not installed")
    for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines():
        fields = json.loads(line)
        rtol, taken, end = fields.pop("rtol"), fields.pop("taken"), fields.pop("end")
        harness.report(work(rtol), "ARKODE", taken, error=harness.relative_error(np.array(end), exact()), **fields)


if __name__ == "__main__":
    harness.main({"Diffrax": diffrax, "SciPy": scipy, "ARKODE": arkode})
