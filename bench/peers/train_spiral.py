"""500 training steps of torchdiffeq's ode_demo as a whole process: start, imports, compilation, training.

    data    y' = y^3 A, A = [[-0.1, 2], [-2, -0.1]], from (2, 0): 1000 points, t = np.linspace(0, 25, 1000),
            solved in float32 by dopri5 at the tolerances below
    batch   20 pieces of 10 consecutive points, the first of them the start; where they begin: train_spiral.bin
    field   tanh(y^3 W1' + b1) W2' + b2, 2-50-2, weights of spiral.bin, biases zero, float32
    solve   dopri5, rtol 1e-7, atol 1e-9 (torchdiffeq's own, which its demo uses), jointly, 10 outputs at times[:10];
            exact gradient of the solver
    loss    mean absolute error over all 10 points of the pieces; Adam, learning rate 1e-2 (the demo: RMSprop, 1e-3)

The time ends with the last step; "first" is when the first step's loss is known. "value" is the mean absolute error
along the whole curve after training (no part of the time). It says little more than that something was learned: the
first steps' losses agree between libraries to four digits, the last ones do not, since at this rate Adam amplifies
rounding; changing rtol by a tenth moves the value as much as changing the library does.
"""
import sys
import time

import numpy as np

import harness

WORK = "train-spiral"
STEPS, PIECE, RATE = 500, 10, 1e-2
RTOL, ATOL = 1e-7, 1e-9
TIMES = np.linspace(0, 25, 1000, dtype="f4")
A = np.array([[-0.1, 2.0], [-2.0, -0.1]], "f4")
START = np.array([2.0, 0.0], "f4")


def inputs():
    w1, w2, _ = harness.floats("spiral.bin", (50, 2), (2, 50), (20, 2))
    starts = np.fromfile(harness.DATA / "train_spiral.bin", "<i4").reshape(STEPS, 20)
    return (w1, np.zeros(50, "f4"), w2, np.zeros(2, "f4")), starts


def torchdiffeq():
    torch = harness.one_torch_thread()
    from torchdiffeq import odeint
    weights, starts = inputs()
    w1, b1, w2, b2 = weights = [torch.tensor(w, requires_grad=True) for w in weights]
    times, a = torch.tensor(TIMES), torch.tensor(A)
    solve = lambda field, y0, t: odeint(field, y0, t, rtol=RTOL, atol=ATOL, method="dopri5")
    field = lambda t, y: torch.tanh(y**3 @ w1.T + b1) @ w2.T + b2

    with torch.no_grad():
        data = solve(lambda t, y: y**3 @ a, torch.tensor(START), times)
    adam = torch.optim.Adam(weights, lr=RATE)
    for k, s in enumerate(torch.tensor(starts, dtype=torch.long)):
        want = torch.stack([data[s + i] for i in range(PIECE)])
        adam.zero_grad()
        loss = (solve(field, data[s], times[:PIECE]) - want).abs().mean()
        loss.backward()
        adam.step()
        if k == 0:
            first = time.time()
    end = time.time()
    with torch.no_grad():
        value = (solve(field, torch.tensor(START), times) - data).abs().mean()
    finish("torchdiffeq", first, end, float(loss.detach()), float(value), harness.versions("torch", "torchdiffeq"))


def diffrax():
    import diffrax as dfx
    import jax
    import jax.numpy as jnp
    import optax

    def solve(field, y0, times, max_steps):
        return dfx.diffeqsolve(dfx.ODETerm(field), dfx.Dopri5(), times[0], times[-1], None, y0,
                               saveat=dfx.SaveAt(ts=times), max_steps=max_steps, throw=False,
                               stepsize_controller=dfx.PIDController(rtol=RTOL, atol=ATOL)).ys

    def model(weights):
        w1, b1, w2, b2 = weights
        return lambda t, y, args: jnp.tanh(y**3 @ w1.T + b1) @ w2.T + b2

    def loss(weights, s):
        want = data[s + jnp.arange(PIECE)[:, None]]
        return jnp.mean(jnp.abs(solve(model(weights), data[s], times[:PIECE], 64) - want))

    @jax.jit
    def step(weights, moments, s):
        value, gradient = jax.value_and_grad(loss)(weights, s)
        updates, moments = adam.update(gradient, moments)
        return optax.apply_updates(weights, updates), moments, value

    weights, starts = inputs()
    weights, times, a = tuple(map(jnp.asarray, weights)), jnp.asarray(TIMES), jnp.asarray(A)
    data = jax.jit(lambda: solve(lambda t, y, args: y**3 @ a, jnp.asarray(START), times, 4096))()
    adam = optax.adam(RATE)
    moments = adam.init(weights)
    for k, s in enumerate(starts):
        weights, moments, value = step(weights, moments, s)
        if k == 0:
            value.block_until_ready()
            first = time.time()
    value.block_until_ready()
    end = time.time()
    whole = jnp.mean(jnp.abs(solve(model(weights), jnp.asarray(START), times, 4096) - data))
    finish("Diffrax", first, end, float(value), float(whole), harness.versions("jax", "diffrax", "optax"))


def finish(peer, first, end, loss, value, versions):
    """run.py gave the time it started this process; the check of the result after `end` is not part of the work."""
    start = float(sys.argv[2]) if len(sys.argv) > 2 else first
    harness.report(WORK, peer, [1e3 * (end - start)], first=1e3 * (first - start), loss=loss, value=value,
                   versions=versions)


if __name__ == "__main__":
    harness.main({"torchdiffeq": torchdiffeq, "Diffrax": diffrax})
