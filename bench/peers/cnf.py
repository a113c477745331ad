"""One training iteration (loss and gradient) of torchdiffeq's continuous normalizing flow, in float32.

    [W B U G](t) = tanh(tanh(t W1' + b1) W2' + b2) W3' + b3,   1-32-32-448: the hypernetwork, a function of t alone
    dz/dt = mean over the 64 units of tanh(z W + B) U sigmoid(G),   d(log p)/dt = -trace of the Jacobian of dz/dt by z
    dopri5, rtol = atol = 1e-5, jointly, t from 10 to 0;   512 points z on two circles, log p = 0 at t = 10
    loss = -mean(log N(z(0); 0, 0.1 I) - log p(0));   gradient to W1, b1, W2, b2, W3, b3

In the order of the numbers: W (64, 2), U (64, 2), G (64, 2), B (64). The trace is exact:

    cnf/iteration    by automatic differentiation, a derivative for each of the two dimensions, as in the example
    cnf/closed       sum over the units of (1 - tanh^2) (W U sigmoid(G)), which this field allows
"""
import math

import harness

AUTOMATIC, CLOSED = "cnf/iteration", "cnf/closed"
START, END = 10.0, 0.0
TOLERANCE = 1e-5
UNITS = 64
MAX_STEPS = 32


def inputs():
    hidden, out = 32, 7 * UNITS
    *weights, z = harness.floats("cnf.bin", (hidden, 1), (hidden,), (hidden, hidden), (hidden,), (out, hidden), (out,),
                                 (512, 2))
    return weights, z


def torchdiffeq(peer, name):
    torch = harness.one_torch_thread()
    import torchdiffeq as solvers
    odeint = getattr(solvers, name)
    harness.imported()
    weights, z = inputs()
    evaluations = 0

    class Flow(torch.nn.Module):
        def __init__(self):
            super().__init__()
            learned = [torch.nn.Parameter(torch.tensor(w)) for w in weights]
            self.w1, self.b1, self.w2, self.b2, self.w3, self.b3 = learned

        def forward(self, t, state):
            nonlocal evaluations
            evaluations += 1
            z = state[0]
            with torch.set_grad_enabled(True):
                z.requires_grad_(True)
                linear = torch.nn.functional.linear
                h = torch.tanh(linear(t.reshape(1, 1), self.w1, self.b1))
                numbers = linear(torch.tanh(linear(h, self.w2, self.b2)), self.w3, self.b3).reshape(-1)
                w, u, g, b = numbers.split([2 * UNITS, 2 * UNITS, 2 * UNITS, UNITS])
                u = u.reshape(UNITS, 1, 2) * torch.sigmoid(g.reshape(UNITS, 1, 2))
                units = torch.tanh(torch.matmul(z.unsqueeze(0).repeat(UNITS, 1, 1), w.reshape(UNITS, 2, 1))
                                   + b.reshape(UNITS, 1, 1))
                dz = torch.matmul(units, u).mean(0)
                trace = sum(torch.autograd.grad(dz[:, i].sum(), z, create_graph=True)[0][:, i] for i in range(2))
            return dz, -trace.reshape(-1, 1)

    flow = Flow()
    base = torch.distributions.MultivariateNormal(torch.zeros(2), 0.1 * torch.eye(2))
    z, t, value = torch.tensor(z), torch.tensor([START, END]), 0.0

    def iteration():
        nonlocal evaluations, value
        evaluations = 0
        flow.zero_grad()
        zs, logs = odeint(flow, (z.detach(), torch.zeros(len(z), 1)), t, rtol=TOLERANCE, atol=TOLERANCE,
                          method="dopri5")
        loss = -(base.log_prob(zs[-1]) - logs[-1].reshape(-1)).mean()
        loss.backward()
        value = float(loss.detach())

    taken = harness.samples(iteration)
    norm = float(torch.stack([p.grad.norm() for p in flow.parameters()]).norm())
    harness.report(AUTOMATIC, peer, taken, nfe=evaluations, value=value, norm=norm,
                   versions=harness.versions("torch", "torchdiffeq"))


def diffrax(work):
    import diffrax as dfx
    import jax
    import jax.numpy as jnp
    harness.imported()

    def unpack(t, weights):
        w1, b1, w2, b2, w3, b3 = weights
        h = jnp.tanh(w1 @ jnp.reshape(t, 1) + b1)
        numbers = w3 @ jnp.tanh(w2 @ h + b2) + b3
        w, u, g, b = jnp.split(numbers, [2 * UNITS, 4 * UNITS, 6 * UNITS])
        return w.reshape(UNITS, 2), b, u.reshape(UNITS, 2) * jax.nn.sigmoid(g.reshape(UNITS, 2))

    def field(t, state, weights):
        w, b, u = unpack(jnp.asarray(t, "f4"), weights)
        velocity = lambda z: jnp.tanh(z @ w.T + b) @ u / UNITS
        z = state[0]
        if work == CLOSED:
            h = jnp.tanh(z @ w.T + b)
            return h @ u / UNITS, -(1 - h**2) @ jnp.sum(w * u, 1) / UNITS
        dz, along = jax.jvp(velocity, (z,), (jnp.zeros_like(z).at[:, 0].set(1),))
        _, across = jax.jvp(velocity, (z,), (jnp.zeros_like(z).at[:, 1].set(1),))
        return dz, -(along[:, 0] + across[:, 1])

    def loss(weights, z, adjoint):
        controller = dfx.PIDController(rtol=TOLERANCE, atol=TOLERANCE)
        solution = dfx.diffeqsolve(dfx.ODETerm(field), dfx.Dopri5(), START, END, None, (z, jnp.zeros(len(z))), weights,
                                   adjoint=adjoint, stepsize_controller=controller, max_steps=MAX_STEPS, throw=False)
        z0, log = solution.ys[0][-1], solution.ys[1][-1]
        base = -math.log(2 * math.pi * 0.1) - jnp.sum(z0**2, axis=1) / 0.2
        return -jnp.mean(base - log), (solution.stats, solution.result)

    weights, z = inputs()
    best = harness.fastest_adjoint(loss, (tuple(map(jnp.asarray, weights)), jnp.asarray(z)), MAX_STEPS)
    harness.report(work, "Diffrax", versions=harness.versions("jax", "diffrax"), **best)


if __name__ == "__main__":
    harness.main({"torchdiffeq": lambda: torchdiffeq("torchdiffeq", "odeint"),
                  "torchdiffeq adjoint": lambda: torchdiffeq("torchdiffeq adjoint", "odeint_adjoint"),
                  "Diffrax": lambda: diffrax(AUTOMATIC), "Diffrax, closed trace": lambda: diffrax(CLOSED)})
