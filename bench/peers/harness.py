"""What the peers' measurements share: the clock, the printed line, the inputs, the counts."""
import importlib.metadata
import json
import os
import pathlib
import resource
import sys
import time

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[2] / "build" / "bench"
idle = {}


def samples(call, seconds=3.0, least=7):
    """Times of single calls in ms, after two that do not count."""
    call(), call()
    taken, end = [], time.perf_counter() + seconds
    while len(taken) < least or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - start))
    return taken


def report(work, peer, taken, **fields):
    """One line of the format in bench/README.md; fields that are None are left out."""
    taken = sorted(taken)
    count = len(taken)
    line = {"work": work, "peer": peer, "ms": taken[count // 2], "min": taken[0], "p90": taken[9 * count // 10],
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **idle}
    line.update((name, value) for name, value in fields.items() if value is not None)
    print(json.dumps({name: rounded(value) for name, value in line.items()}), flush=True)


def rounded(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value


def imported():
    """The libraries are there, the work begins: what the process holds now is not the work's."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    idle["idle_mib"] = pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def versions(*packages):
    return " ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)


def floats(name, *shapes):
    """The arrays of build/bench/NAME (bench/spiral_data.py) in the given shapes."""
    flat = np.fromfile(DATA / name, "<f4")
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends), shapes)]


def compiled(function, *args):
    """A jitted JAX function compiled for these arguments, and the seconds that took."""
    start = time.perf_counter()
    ready = function.lower(*args).compile()
    return ready, time.perf_counter() - start


def step_counts(solution):
    """Accepted and rejected steps of a Diffrax solution; those of the slowest sample where there are many."""
    import diffrax as dfx
    if not bool(np.all(solution.result == dfx.RESULTS.successful)):
        raise RuntimeError("Diffrax did not reach the end")
    stats = {name: np.max(np.asarray(value)) for name, value in solution.stats.items()}
    return {"steps": int(stats["num_accepted_steps"]), "rejected": int(stats["num_rejected_steps"])}


def fastest_adjoint(loss, args, max_steps):
    """What report() says of loss(*args, adjoint) -> (value, (stats, result)) and its gradient to args[0] with the
    adjoint of Diffrax that is fastest; the others in the note."""
    import functools

    import diffrax as dfx
    import jax
    import jax.numpy as jnp
    adjoints = {"every step a checkpoint": dfx.RecursiveCheckpointAdjoint(checkpoints=max_steps),
                "checkpoints by default": dfx.RecursiveCheckpointAdjoint(), "DirectAdjoint": dfx.DirectAdjoint()}
    tried = {}
    for name, adjoint in adjoints.items():
        function = jax.jit(jax.value_and_grad(functools.partial(loss, adjoint=adjoint), has_aux=True))
        gradient, seconds = compiled(function, *args)
        taken = samples(lambda: jax.block_until_ready(gradient(*args)), seconds=2.0)
        (value, (stats, result)), bar = gradient(*args)
        if result != dfx.RESULTS.successful:
            raise RuntimeError("Diffrax did not reach the end")
        steps, rejected = int(stats["num_accepted_steps"]), int(stats["num_rejected_steps"])
        norm = float(jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(bar))))
        tried[name] = dict(taken=taken, compile_s=seconds, steps=steps, rejected=rejected, value=float(value),
                           norm=norm)
    best = min(tried, key=lambda name: np.median(tried[name]["taken"]))
    others = ", ".join(f"{name} {np.median(tried[name]['taken']):.3g} ms" for name in tried if name != best)
    return {**tried[best], "note": f"{best}; {others}"}


def relative_error(value, exact):
    value, exact = np.asarray(value, "f8"), np.asarray(exact, "f8")
    return float(np.linalg.norm(value - exact) / np.linalg.norm(exact))


def one_torch_thread():
    return torch_with(1)


def torch_with(threads):
    import torch
    torch.set_num_threads(threads)
    return torch


def main(peers):
    """Runs peers[sys.argv[1]]; `peers` maps names to functions."""
    peers[sys.argv[1]]()
