"""The gradient of a solve of a field of MNIST's size (Pal et al. 2021), float32, one thread and two.

    f(t, y) = tanh([tanh([y, t] W1' + b1), t] W2' + b2),   biases zero at the start,   batch 512, 784-100-784
    dopri5, rtol = atol = 1.4e-8, jointly, t from 0 to 1, loss = sum of squares of y(1);   gradient to all and y0

The tolerance is below float32's rounding: how many steps are taken is a matter of rounding as well.
"""
import functools

import numpy as np

import harness

ONE, TWO = "mnist-field/dopri5", "mnist-field/dopri5/two-threads"
TOLERANCE = 1.4e-8
MAX_STEPS = 16


def inputs():
    w1, w2, y0 = harness.floats("mnist_field.bin", (100, 785), (784, 101), (512, 784))
    return w1, np.zeros(100, "f4"), w2, np.zeros(784, "f4"), y0


def torchdiffeq(work, threads):
    torch = harness.torch_with(threads)
    from torchdiffeq import odeint
    harness.imported()
    w1, b1, w2, b2, y0 = wanted = [torch.tensor(a, requires_grad=True) for a in inputs()]
    t = torch.tensor([0.0, 1.0])
    evaluations = 0

    def field(t, y):
        nonlocal evaluations
        evaluations += 1
        time = t.expand(len(y), 1)
        h = torch.tanh(torch.nn.functional.linear(torch.cat([y, time], 1), w1, b1))
        return torch.tanh(torch.nn.functional.linear(torch.cat([h, time], 1), w2, b2))

    def gradient():
        nonlocal evaluations, value
        evaluations = 0
        loss = odeint(field, y0, t, rtol=TOLERANCE, atol=TOLERANCE, method="dopri5")[-1].square().sum()
        value = float(loss.detach())
        return torch.autograd.grad(loss, wanted)

    value = 0.0
    taken = harness.samples(gradient)
    norm = float(torch.stack([g.norm() for g in gradient()]).norm())
    harness.report(work, "torchdiffeq", taken, nfe=evaluations, value=value, norm=norm,
                   versions=harness.versions("torch", "torchdiffeq"), note="backpropagation through the solver")


def diffrax(work):
    import diffrax as dfx
    import jax
    import jax.numpy as jnp
    harness.imported()

    def field(t, y, weights):
        w1, b1, w2, b2 = weights
        time = jnp.full((len(y), 1), t, y.dtype)
        h = jnp.tanh(jnp.concatenate([y, time], 1) @ w1.T + b1)
        return jnp.tanh(jnp.concatenate([h, time], 1) @ w2.T + b2)

    def loss(wanted, adjoint):
        *weights, y0 = wanted
        controller = dfx.PIDController(rtol=TOLERANCE, atol=TOLERANCE)
        solution = dfx.diffeqsolve(dfx.ODETerm(field), dfx.Dopri5(), 0.0, 1.0, None, y0, weights, adjoint=adjoint,
                                   stepsize_controller=controller, max_steps=MAX_STEPS, throw=False)
        return jnp.sum(solution.ys[-1]**2), (solution.stats, solution.result)

    best = harness.fastest_adjoint(loss, (tuple(map(jnp.asarray, inputs())),), MAX_STEPS)
    harness.report(work, "Diffrax", versions=harness.versions("jax", "diffrax"), **best)


if __name__ == "__main__":
    harness.main({"torchdiffeq": lambda: torchdiffeq(ONE, 1), "torchdiffeq, two threads": lambda: torchdiffeq(TWO, 2),
                  "Diffrax": lambda: diffrax(ONE), "Diffrax, two threads": lambda: diffrax(TWO)})
