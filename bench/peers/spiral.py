"""The gradient of a neural ODE solve, and the solve alone, in float32.

    f(y) = tanh(y^3 W1' + b1) W2' + b2,   batch 20, 2-50-2, biases zero;   dopri5, rtol 1e-7, atol 1e-9, jointly,
    t from 0 to 25, 10 outputs, loss = mean of squares;   gradient to W1, b1, W2, b2 and y0.
"""
import functools

import numpy as np

import harness

GRADIENT, FORWARD = "spiral/gradient", "spiral/forward"
OUTPUTS = np.linspace(0, 25, 10, dtype="f4")
MAX_STEPS = 192  # 188 are tried; a tight bound is fastest


def inputs():
    w1, w2, y0 = harness.floats("spiral.bin", (50, 2), (2, 50), (20, 2))
    return w1, np.zeros(50, "f4"), w2, np.zeros(2, "f4"), y0


def torchdiffeq():
    torch = harness.one_torch_thread()
    from torchdiffeq import odeint
    w1, b1, w2, b2, y0 = (torch.tensor(a, requires_grad=True) for a in inputs())
    t = torch.tensor(OUTPUTS)
    evaluations = 0

    def field(_, y):
        nonlocal evaluations
        evaluations += 1
        return torch.tanh((y**3) @ w1.T + b1) @ w2.T + b2

    def loss():
        return odeint(field, y0, t, rtol=1e-7, atol=1e-9, method="dopri5").square().mean()

    def gradient():
        return torch.autograd.grad(loss(), (w1, b1, w2, b2, y0))

    def forward():
        with torch.no_grad():
            return loss()

    value = float(forward())
    facts = dict(steps=None, nfe=evaluations, value=value, versions=harness.versions("torch", "torchdiffeq"))
    report = functools.partial(harness.report, peer="torchdiffeq", **facts)
    report(GRADIENT, taken=harness.samples(gradient, 4), norm=float(torch.stack([g.norm() for g in gradient()]).norm()),
           note="backpropagation through the solver")
    report(FORWARD, taken=harness.samples(forward))


def diffrax():
    import diffrax as dfx
    import jax
    import jax.numpy as jnp

    def solve(params, adjoint):
        w1, b1, w2, b2, y0 = params
        term = dfx.ODETerm(lambda t, y, args: jnp.tanh(y**3 @ w1.T + b1) @ w2.T + b2)
        return dfx.diffeqsolve(term, dfx.Dopri5(), 0.0, 25.0, None, y0, saveat=dfx.SaveAt(ts=jnp.asarray(OUTPUTS)),
                               stepsize_controller=dfx.PIDController(rtol=1e-7, atol=1e-9), adjoint=adjoint,
                               max_steps=MAX_STEPS, throw=False)

    def loss(params, adjoint):
        solution = solve(params, adjoint)
        return jnp.mean(solution.ys**2), solution.stats

    params = tuple(jnp.asarray(a) for a in inputs())
    forward, seconds = harness.compiled(jax.jit(functools.partial(solve, adjoint=dfx.ForwardMode())), params)
    solution = forward(params)
    facts = dict(harness.step_counts(solution), value=float(jnp.mean(solution.ys**2)),
                 versions=harness.versions("jax", "diffrax"))
    taken = harness.samples(lambda: jax.block_until_ready(forward(params)))
    harness.report(FORWARD, "Diffrax", taken, compile_s=seconds, **facts)

    adjoints = {"every step a checkpoint": dfx.RecursiveCheckpointAdjoint(checkpoints=MAX_STEPS),
                "checkpoints by default": dfx.RecursiveCheckpointAdjoint(),
                "DirectAdjoint": dfx.DirectAdjoint()}
    tried = {}
    for name, adjoint in adjoints.items():
        function = jax.jit(jax.value_and_grad(functools.partial(loss, adjoint=adjoint), has_aux=True))
        gradient, seconds = harness.compiled(function, params)
        taken = harness.samples(lambda: jax.block_until_ready(gradient(params)))
        norm = float(jnp.sqrt(sum(jnp.sum(g**2) for g in gradient(params)[1])))
        tried[name] = taken, seconds, norm
    best = min(tried, key=lambda name: min(tried[name][0]))
    others = ", ".join(f"{name} {np.median(tried[name][0]):.3g} ms" for name in tried if name != best)
    taken, seconds, norm = tried[best]
    harness.report(GRADIENT, "Diffrax", taken, compile_s=seconds, norm=norm, note=f"{best}; {others}", **facts)


if __name__ == "__main__":
    harness.main({"torchdiffeq": torchdiffeq, "Diffrax": diffrax})
