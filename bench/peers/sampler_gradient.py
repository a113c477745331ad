"""The gradient through twenty steps of DPM-Solver++ 2M (Lu et al. 2022b), float32, batch 64.

    eps(x, t) = tanh(tanh(x W1x' + t w1t + b1) W2' + b2) W3' + b3,   2-64-64-2, W1 = [W1x w1t]
    lambda from t = 1 to 1e-3 in equal steps, log alpha = -(20 - 0.1) t^2 / 4 - 0.1 t / 2
    x0_i = (x_i - sigma_i eps) / alpha_i,   D_i = x0_i + (x0_i - x0_{i-1}) / 2,   D_0 = x0_0
    x_{i+1} = sigma_{i+1} / sigma_i x_i + alpha_{i+1} (1 - e^-h) D_i
    L = mean of x_20^2;   gradient to all weights and x_0

The coefficients are computed in advance, in float64. JAX unrolls the steps or scans them, whichever is faster.
"""
import functools
import time

import numpy as np

import harness

WORK = "sampler-gradient"
STEPS = 20


def inputs():
    layers = (64, 3), (64,), (64, 64), (64,), (2, 64), (2,)
    return harness.floats("sampler.bin", *layers, (64, 2))


def log_alpha(t):
    return -0.25 * 19.9 * t**2 - 0.05 * t


def coefficients():
    """t, sigma, 1 / alpha of each point that is evaluated, and what x and D are multiplied by; rows of float64."""
    half = lambda t: log_alpha(t) - 0.5 * np.log(-np.expm1(2 * log_alpha(t)))
    lam = np.linspace(half(1.0), half(1e-3), STEPS + 1)
    z = 0.5 * np.log1p(np.exp(-2 * lam))  # -log alpha
    t = 4 * z / (0.1 + np.sqrt(0.01 + 4 * 19.9 * z))
    alpha, sigma = np.exp(-z), np.exp(-z - lam)
    h = np.diff(lam)
    return np.stack([t[:-1], sigma[:-1], 1 / alpha[:-1], sigma[1:] / sigma[:-1], -alpha[1:] * np.expm1(-h)], 1)


def sampled(eps, x, table, form):
    """x_20; form makes of a step (carry, row) -> carry a loop over the table's rows."""
    def predicted(x, row):
        t, sigma, inverse, _, _ = row
        return (x - sigma * eps(x, t)) * inverse

    first = table[0]
    before = predicted(x, first)
    x = first[3] * x + first[4] * before

    def step(carry, row):
        x, before = carry
        now = predicted(x, row)
        return row[3] * x + row[4] * (1.5 * now - 0.5 * before), now

    return form(step, (x, before), table[1:])[0]


def unrolled(step, carry, rows):
    for row in rows:
        carry = step(carry, row)
    return carry


def torch_loss(torch):
    linear = torch.nn.functional.linear
    table = coefficients().tolist()

    def loss(w1, b1, w2, b2, w3, b3, x):
        wx, wt = w1[:, :2], w1[:, 2]
        eps = lambda x, t: linear(torch.tanh(linear(torch.tanh(linear(x, wx, b1 + t * wt)), w2, b2)), w3, b3)
        return sampled(eps, x, table, unrolled).square().mean()

    return loss, [torch.tensor(a, requires_grad=True) for a in inputs()]


def torch_gradient(loss, args):
    import torch
    reached = loss(*args)
    return reached.detach(), torch.autograd.grad(reached, args)


def pytorch():
    torch = harness.one_torch_thread()
    harness.imported()
    loss, args = torch_loss(torch)
    taken = harness.samples(lambda: torch_gradient(loss, args))
    finish("PyTorch", taken, *torch_gradient(loss, args), versions=harness.versions("torch"))


def pytorch_compiled():
    torch = harness.one_torch_thread()
    harness.imported()
    loss, args = torch_loss(torch)
    ready = torch.compile(loss)
    start = time.perf_counter()
    torch_gradient(ready, args)
    seconds = time.perf_counter() - start
    taken = harness.samples(lambda: torch_gradient(ready, args))
    finish("PyTorch compiled", taken, *torch_gradient(ready, args), compile_s=seconds,
           versions=harness.versions("torch"))


def jax():
    import jax
    import jax.numpy as jnp
    harness.imported()
    table = coefficients().astype("f4")

    def scanned(step, carry, rows):
        return jax.lax.scan(lambda carry, row: (step(carry, row), None), carry, rows)[0]

    def loss(args, form, table):
        w1, b1, w2, b2, w3, b3, x = args
        wx, wt = w1[:, :2].T, w1[:, 2]
        eps = lambda x, t: jnp.tanh(jnp.tanh(x @ wx + (b1 + t * wt)) @ w2.T + b2) @ w3.T + b3
        return jnp.mean(sampled(eps, x, table, form)**2)

    args = tuple(map(jnp.asarray, inputs()))
    tried = {}
    for name, form, rows in ("unrolled", unrolled, table.tolist()), ("scanned", scanned, jnp.asarray(table)):
        function = jax.jit(jax.value_and_grad(functools.partial(loss, form=form, table=rows)))
        ready, seconds = harness.compiled(function, args)
        tried[name] = harness.samples(lambda: jax.block_until_ready(ready(args))), seconds, ready(args)
    best = min(tried, key=lambda name: np.median(tried[name][0]))
    taken, seconds, (value, bars) = tried[best]
    finish("JAX", taken, value, bars, compile_s=seconds, versions=harness.versions("jax"),
           note=", ".join(f"{name} {np.median(tried[name][0]):.3g} ms" for name in tried))


def finish(peer, taken, value, bars, **facts):
    norm = float(np.sqrt(sum(np.sum(np.asarray(bar, "f8")**2) for bar in bars)))
    harness.report(WORK, peer, taken, value=float(value), norm=norm, **facts)


if __name__ == "__main__":
    harness.main({"JAX": jax, "PyTorch": pytorch, "PyTorch compiled": pytorch_compiled})
