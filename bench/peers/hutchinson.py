"""The gradient of Hutchinson's estimate of a trace (Hutchinson 1990), float32.

    f(y) = tanh(tanh(y W1' + b1) W2' + b2) W3' + b3,   batch 512, 6-64-64-6
    L = mean over the batch of eps' (df/dy) eps,   eps of -1 and 1, given;   gradient to W1, b1, W2, b2, W3

PyTorch forms eps' (df/dy) in reverse and differentiates that in reverse; JAX is measured so and with a jvp inside,
which is the faster one.
"""
import time

import numpy as np

import harness

WORK = "hutchinson"


def inputs():
    layers = (64, 6), (64,), (64, 64), (64,), (6, 64), (6,)
    *weights, y, eps = harness.floats("hutchinson.bin", *layers, (512, 6), (512, 6))
    return weights, y, eps


def torch_gradient(torch):
    weights, y, eps = inputs()
    weights = [torch.tensor(w, requires_grad=True) for w in weights]
    y, eps = torch.tensor(y, requires_grad=True), torch.tensor(eps)
    linear = torch.nn.functional.linear

    def loss(y, eps, w1, b1, w2, b2, w3, b3):
        f = linear(torch.tanh(linear(torch.tanh(linear(y, w1, b1)), w2, b2)), w3, b3)
        pulled, = torch.autograd.grad(f, y, eps, create_graph=True)
        return (pulled * eps).sum(1).mean()

    return loss, (y, eps, *weights), weights[:5]


def pytorch():
    torch = harness.one_torch_thread()
    harness.imported()
    loss, args, wanted = torch_gradient(torch)
    value = 0.0

    def gradient():
        nonlocal value
        reached = loss(*args)
        value = reached.detach()
        return torch.autograd.grad(reached, wanted)

    taken = harness.samples(gradient)
    finish("PyTorch", taken, value, gradient(), versions=harness.versions("torch"))


def pytorch_compiled():
    """torch.compile has no second derivative of its own: the two are taken inside, by torch.func."""
    torch = harness.one_torch_thread()
    harness.imported()
    _, (y, eps, *weights), _ = torch_gradient(torch)
    linear = torch.nn.functional.linear

    def loss(weights, y, eps):
        w1, b1, w2, b2, w3, b3 = weights
        field = lambda y: linear(torch.tanh(linear(torch.tanh(linear(y, w1, b1)), w2, b2)), w3, b3)
        return (torch.func.jvp(field, (y,), (eps,))[1] * eps).sum(1).mean()

    ready = torch.compile(torch.func.grad_and_value(loss))
    args = tuple(w.detach() for w in weights), y.detach(), eps
    with torch.no_grad():
        start = time.perf_counter()
        bars, value = ready(*args)
        seconds = time.perf_counter() - start
        taken = harness.samples(lambda: ready(*args))
    finish("PyTorch compiled", taken, value, bars, compile_s=seconds, versions=harness.versions("torch"))


def jax():
    import jax
    import jax.numpy as jnp
    harness.imported()
    weights, y, eps = inputs()

    def field(weights, y):
        w1, b1, w2, b2, w3, b3 = weights
        return jnp.tanh(jnp.tanh(y @ w1.T + b1) @ w2.T + b2) @ w3.T + b3

    def forward(weights, y, eps):
        return jnp.mean(jnp.sum(jax.jvp(lambda y: field(weights, y), (y,), (eps,))[1] * eps, 1))

    def reverse(weights, y, eps):
        return jnp.mean(jnp.sum(jax.vjp(lambda y: field(weights, y), y)[1](eps)[0] * eps, 1))

    args = tuple(map(jnp.asarray, weights)), jnp.asarray(y), jnp.asarray(eps)
    tried = {}
    for inside, loss in ("jvp", forward), ("vjp", reverse):
        gradient, seconds = harness.compiled(jax.jit(jax.value_and_grad(loss)), *args)
        tried[inside] = harness.samples(lambda: jax.block_until_ready(gradient(*args))), seconds, gradient(*args)
    best = min(tried, key=lambda inside: np.median(tried[inside][0]))
    taken, seconds, (value, bars) = tried[best]
    finish("JAX", taken, value, bars, compile_s=seconds, versions=harness.versions("jax"), note=", ".join(
        f"grad of {inside} {np.median(tried[inside][0]):.3g} ms" for inside in tried))


def finish(peer, taken, value, bars, **facts):
    norm = float(np.sqrt(sum(np.sum(np.asarray(bar, "f8")**2) for bar in bars if bar is not None)))
    harness.report(WORK, peer, taken, value=float(value), norm=norm, **facts)


if __name__ == "__main__":
    harness.main({"JAX": jax, "PyTorch": pytorch, "PyTorch compiled": pytorch_compiled})
