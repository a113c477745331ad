"""Twenty steps of DPM-Solver++ 2M with a residual network, 256 samples of 64 numbers, float32.

    e = silu(W_1 silu(W_0 [sin(w_k u), cos(w_k u)]_k)),   16 frequencies, 64 wide, of the level of noise u alone
    h = W x,   h += B silu(A silu(h) + E e),   eps = W' silu(h) + (s . e) x,   64-256-256-64

with weights drawn anew: the time does not depend on them. The steps are those of sampler_gradient.py.
"""
import numpy as np

import harness
from sampler_gradient import coefficients, sampled, unrolled

WORK = "sampler-throughput"
BATCH, DIM, WIDTH, LEVEL, WAVES = 256, 64, 256, 64, 16


def inputs():
    rng = np.random.default_rng(7)
    shapes = [(2 * WAVES, LEVEL), (LEVEL, LEVEL), (DIM, WIDTH), (WIDTH, WIDTH), (LEVEL, WIDTH), (WIDTH, WIDTH),
              (WIDTH, DIM), (LEVEL, 1)]
    weights = [rng.uniform(-1, 1, shape) / np.sqrt(shape[0]) for shape in shapes]
    return [a.astype("f4") for a in (*weights, rng.standard_normal((BATCH, DIM)))]


def table():
    """That of sampler_gradient.py with u = log (alpha + 1e-4) / (sigma + 1e-4) in the place of t."""
    rows = coefficients()
    alpha, sigma = 1 / rows[:, 2], rows[:, 1]
    rows[:, 0] = np.log((alpha + 1e-4) / (sigma + 1e-4))
    return rows.astype("f4").tolist()


def network(silu, waves):
    def eps(weights, x, u):
        w0, w1, w, a, level, b, out, skip = weights
        e = silu(silu(waves(u) @ w0) @ w1)
        h = x @ w
        h = h + silu(silu(h) @ a + e @ level) @ b
        return silu(h) @ out + x * (e @ skip)
    return eps


FREQUENCIES = np.geomspace(0.1, 8, WAVES).astype("f4")


def pytorch(threads=1):
    torch = harness.torch_with(threads)
    harness.imported()
    *weights, x = map(torch.tensor, inputs())
    rows, w = table(), torch.tensor(FREQUENCIES)
    eps = network(torch.nn.functional.silu, lambda u: torch.cat([torch.sin(u * w), torch.cos(u * w)])[None])
    with torch.no_grad():
        run = lambda: sampled(lambda x, u: eps(weights, x, u), x, rows, unrolled)
        finish("PyTorch", threads, harness.samples(run), versions=harness.versions("torch"))


def jax(threads=1):
    import jax
    import jax.numpy as jnp
    harness.imported()
    *weights, x = map(jnp.asarray, inputs())
    rows, w = table(), jnp.asarray(FREQUENCIES)
    eps = network(jax.nn.silu, lambda u: jnp.concatenate([jnp.sin(u * w), jnp.cos(u * w)])[None])
    run = jax.jit(lambda weights, x: sampled(lambda x, u: eps(weights, x, u), x, rows, unrolled))
    ready, seconds = harness.compiled(run, weights, x)
    taken = harness.samples(lambda: jax.block_until_ready(ready(weights, x)))
    finish("JAX", threads, taken, compile_s=seconds, versions=harness.versions("jax"))


def finish(peer, threads, taken, **facts):
    work = WORK + ("/two-threads" if threads == 2 else "")
    harness.report(work, peer, taken, note=f"{1e3 * BATCH / np.median(taken):.0f} samples a second", **facts)


if __name__ == "__main__":
    harness.main({"JAX": jax, "PyTorch": pytorch, "JAX, two threads": lambda: jax(2),
                  "PyTorch, two threads": lambda: pytorch(2)})
