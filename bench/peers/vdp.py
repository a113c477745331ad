"""Van der Pol oscillators, 256 at once, in float32: x' = v, v' = mu (1 - x^2) v - x.

dopri5, rtol = atol = 1e-5, 200 outputs from 0 to t = 7.63 (one cycle at mu = 2).

    vdp/per-sample     every sample steps for itself, mu = 2
    vdp/joint          one step for the whole batch, mu = 2
    vdp/spread         every sample steps for itself, mu = np.linspace(1, 100, 256)

The error is that of the last outputs against SciPy's DOP853 at 1e-8, as a relative 2-norm over the batch.
"""
import time

import numpy as np

import harness

PER_SAMPLE, JOINT, SPREAD = "vdp/per-sample", "vdp/joint", "vdp/spread"
OUTPUTS = np.linspace(0, 7.63, 200, dtype="f4")
TOLERANCE = 1e-5


def inputs(work):
    y0, spread = harness.floats("vdp.bin", (256, 2), (256,))
    return y0, spread if work == SPREAD else np.full(256, 2, "f4")


def exact(work):
    from scipy.integrate import solve_ivp
    ends = []
    for (x, v), mu in zip(*inputs(work)):
        mu = float(mu)
        field = lambda t, y: [y[1], mu * (1 - y[0]**2) * y[1] - y[0]]
        ends.append(solve_ivp(field, (0, 7.63), [float(x), float(v)], "DOP853", rtol=1e-8, atol=1e-8).y[:, -1])
    return np.array(ends)


def diffrax():
    import diffrax as dfx
    import jax
    import jax.numpy as jnp

    def field(t, y, mu):
        x, v = y[..., 0], y[..., 1]
        return jnp.stack([v, mu * (1 - x**2) * v - x], axis=-1)

    def solve(y0, mu):
        return dfx.diffeqsolve(dfx.ODETerm(field), dfx.Dopri5(), 0.0, 7.63, None, y0, mu,
                               saveat=dfx.SaveAt(ts=jnp.asarray(OUTPUTS)), adjoint=dfx.ForwardMode(), max_steps=100_000,
                               stepsize_controller=dfx.PIDController(rtol=TOLERANCE, atol=TOLERANCE), throw=False)

    for work in PER_SAMPLE, JOINT, SPREAD:
        args = tuple(jnp.asarray(a) for a in inputs(work))
        ready, seconds = harness.compiled(jax.jit(solve if work == JOINT else jax.vmap(solve)), *args)
        solution = ready(*args)
        last = solution.ys[-1] if work == JOINT else solution.ys[:, -1]
        taken = harness.samples(lambda: jax.block_until_ready(ready(*args)))
        harness.report(work, "Diffrax", taken, compile_s=seconds, **harness.step_counts(solution),
                       error=harness.relative_error(last, exact(work)), versions=harness.versions("jax", "diffrax"))


def torchode():
    measure_torchode("torchode", lambda solve: solve)


def torchode_compiled():
    torch = harness.one_torch_thread()
    measure_torchode("torchode compiled", torch.compile)


def measure_torchode(peer, prepare):
    torch = harness.one_torch_thread()
    import torchode as to

    def field(t, y, mu):
        x, v = y[:, 0], y[:, 1]
        return torch.stack((v, mu * (1 - x**2) * v - x), dim=1)

    for work in PER_SAMPLE, SPREAD:
        y0, mu = (torch.tensor(a) for a in inputs(work))
        problem = to.InitialValueProblem(y0=y0, t_eval=torch.tensor(OUTPUTS).repeat(256, 1))
        term = to.ODETerm(field, with_args=True, with_stats=False)
        controller = to.IntegralController(TOLERANCE, TOLERANCE, term=term)
        prepared = prepare(to.AutoDiffAdjoint(to.Dopri5(term), controller).solve)
        solve = torch.no_grad()(lambda: prepared(problem, args=mu))
        start = time.perf_counter()
        solution = solve()
        seconds = time.perf_counter() - start
        taken = harness.samples(solve)
        accepted, tried = int(solution.stats["n_accepted"].max()), int(solution.stats["n_steps"].max())
        harness.report(work, peer, taken, steps=accepted, rejected=tried - accepted, compile_s=seconds,
                       error=harness.relative_error(solution.ys[:, -1], exact(work)),
                       versions=harness.versions("torch", "torchode"))


if __name__ == "__main__":
    harness.main({"Diffrax": diffrax, "torchode": torchode, "torchode compiled": torchode_compiled})
