#!/usr/bin/env python3
"""Measures the peers on one thread: run.py [--core N] [MODULE...], all modules by default.

Each peer runs alone in a process of its own, held to one core. Prints the lines of bench/README.md; a peer that is
not installed (or fails) gives a line without "ms" whose note says why.
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
}
THREADS = {
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "CUDA_VISIBLE_DEVICES": "",
    "PYTHONWARNINGS": "ignore",
}


def one_core(core):
    return lambda: os.sched_setaffinity(0, {core})


def measure(module, peer, core):
    python = VENV if VENV.exists() else sys.executable
    command = [python, HERE / f"{module}.py", peer, repr(time.time())]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **THREADS},
                          preexec_fn=one_core(core))
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
