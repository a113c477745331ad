#!/usr/bin/env python3
"""Measures the peers on one thread: run.py [--core N] [MODULE...], all modules by default.

Each peer runs alone in a process of its own, held to one core, or to two where its name ends in "two threads". Prints
the lines of bench/README.md; a peer that is not installed (or fails) gives a line without "ms" whose note says why.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
VENV = HERE.parents[1] / "build" / "peers-venv" / "bin" / "python"
MODULES = {
    "spiral": ["Diffrax", "torchdiffeq"],
    "vdp": ["Diffrax", "torchode", "torchode compiled"],
    "lotka_volterra": ["Diffrax", "ARKODE", "SciPy"],
    "lorenz": ["Diffrax", "SciPy"],
    "train_spiral": ["Diffrax", "torchdiffeq"],
    "mnist_field": ["Diffrax", "torchdiffeq", "Diffrax, two threads", "torchdiffeq, two threads"],
    "cnf": ["Diffrax", "Diffrax, closed trace", "torchdiffeq", "torchdiffeq adjoint"],
    "hutchinson": ["JAX", "PyTorch", "PyTorch compiled"],
    "sampler_overhead": ["diffusers"],
    "sampler_gradient": ["JAX", "PyTorch", "PyTorch compiled"],
    "sampler_throughput": ["JAX", "PyTorch", "JAX, two threads", "PyTorch, two threads"],
}
QUIET = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "ignore"}


def threads(count):
    env = {f"{name}_NUM_THREADS": str(count) for name in ("OMP", "MKL", "OPENBLAS")}
    if count == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return env


def cores(first, count):
    """The core asked for, and the next ones that this process may use."""
    free = sorted(os.sched_getaffinity(0) - {first}, key=lambda core: (core < first, core))
    if count > 1 + len(free):
        raise OSError(f"there is no second core for {count} threads")
    return {first, *free[:count - 1]}


def measure(module, peer, core):
    python = VENV if VENV.exists() else sys.executable
    command = [python, HERE / f"{module}.py", peer, repr(time.time())]
    count = 2 if peer.endswith("two threads") else 1
    try:
        held = cores(core, count)
    except OSError as reason:
        print(json.dumps({"work": module, "peer": peer, "note": f"skipped: {reason}"}), flush=True)
        return
    free = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}  # _CORETYPE
    done = subprocess.run(command, capture_output=True, text=True, env={**free, **QUIET, **threads(count)},
                          preexec_fn=lambda: os.sched_setaffinity(0, held))
    print(done.stdout, end="", flush=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        advice = "" if VENV.exists() else " (bench/peers/setup.sh installs the peers)"
        print(json.dumps({"work": module, "peer": peer, "note": f"skipped: {reason}{advice}"}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(MODULES))
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    unknown = set(options.modules) - set(MODULES)
    if unknown:
        parser.error(f"unknown module {', '.join(sorted(unknown))}: there are {', '.join(MODULES)}")
    for module in options.modules or MODULES:
        for peer in MODULES[module]:
            measure(module, peer, options.core)
