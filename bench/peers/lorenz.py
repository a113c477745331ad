"""Lorenz' equations (sigma 10, rho 28, beta 8/3) from (1, 0, 0), t from 0 to 100, rtol = atol = 1e-8, float64.

Only the end state is asked for; tsit5 (Diffrax, and we), RK45 and DOP853 (SciPy). End states differ, the system being
chaotic: the error is that at t = 10 instead, relative, against SciPy's DOP853 at 1e-13.
"""
import harness

WORK = "lorenz"
START = [1.0, 0.0, 0.0]
END, CHECK = 100.0, 10.0
TOLERANCE = 1e-8


def field(_, u):
    x, y, z = u
    return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]


def exact():
    from scipy.integrate import solve_ivp
    return solve_ivp(field, (0, CHECK), START, "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]


def diffrax():
    import jax
    jax.config.update("jax_enable_x64", True)
    import diffrax as dfx
    import jax.numpy as jnp

    def solve(y0, end):
        return dfx.diffeqsolve(dfx.ODETerm(lambda t, y, args: jnp.stack(field(t, y))), dfx.Tsit5(), 0.0, end, None, y0,
                               adjoint=dfx.ForwardMode(), max_steps=1_000_000, throw=False,
                               stepsize_controller=dfx.PIDController(rtol=TOLERANCE, atol=TOLERANCE))

    y0 = jnp.asarray(START)
    ready, seconds = harness.compiled(jax.jit(solve), y0, END)
    taken = harness.samples(lambda: jax.block_until_ready(ready(y0, END)))
    error = harness.relative_error(ready(y0, CHECK).ys[-1], exact())
    harness.report(WORK, "Diffrax", taken, compile_s=seconds, **harness.step_counts(ready(y0, END)), error=error,
                   versions=harness.versions("jax", "diffrax"))


def scipy():
    from scipy.integrate import solve_ivp
    for method in "RK45", "DOP853":
        solve = lambda end=END: solve_ivp(field, (0, end), START, method, rtol=TOLERANCE, atol=TOLERANCE)
        solution = solve()
        harness.report(WORK, f"SciPy {method}", harness.samples(solve), steps=len(solution.t) - 1, nfe=solution.nfev,
                       error=harness.relative_error(solve(CHECK).y[:, -1], exact()), versions=harness.versions("scipy"))


if __name__ == "__main__":
    harness.main({"Diffrax": diffrax, "SciPy": scipy})
