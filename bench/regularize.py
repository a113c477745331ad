#!/usr/bin/env python3
"""bench/regularize.py [FOLDER [SEEDS]]: regularizers on time series. Each series is trained with and without them by the default
recipe, and the forecast of the held-out part, the evaluations of f a training solve takes at the end (mean over the last 100 iterations)
and the time are printed as a table (docs/regularizers.md has the numbers). FOLDER holds the files as their sources publish
them; lynx and hare are built in. SEEDS: how many, 3. COSTATE: the command."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
COSTATE = os.environ.get("COSTATE", str(ROOT / "build/release/costate"))
SERIES = [("lynx and hare", "lynx-hare"), ("pendulum, measured", "schmidt_lipson_real_pend_h_1.txt.gz"),
          ("Lorenz 63, noisy", "gtf_lorenz63_noisy_train_f32.npy.gz")]
TERMS = ["none", "error:0.001", "error:0.01", "error:0.1", "error:1", "error:100..10", "stiffness:0.001", "stiffness:0.01",
         "local-biased+k1:0.1", "local-biased+k1:10", "taynode2:1e-4", "kinetic:1e-3", "steer+outputs:0.5"]


def run(data, terms, seed, folder):
    command = [COSTATE, "train", "ode", "--data", data, "--regularizer", terms, "--seed", str(seed), "--time-budget", "0",
               "--quiet", "--json", "--overwrite", "--output", f"{folder}/run"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None
    result = json.loads(done.stdout)
    lines = pathlib.Path(f"{folder}/run/metrics.jsonl").read_text().splitlines()[-100:]
    nfe = [json.loads(line)["nfe"] for line in lines]
    return result["forecast"]["model"], sum(nfe) / len(nfe), result["seconds"]


def mean(x):
    return sum(x) / len(x)


def spread(x, form):
    return f"{mean(x):{form}}" + (f" ({min(x):{form}} to {max(x):{form}})" if len(x) > 1 else "")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "../shared/data/series")
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    print("| series | regularizer | held-out error | evaluations a solve | training, relative |\n|---|---|---|---|---|", flush=True)
    for name, file in SERIES:
        data = folder / file if "." in file else file
        if "." in file and not data.exists():
            print(f"{name}: {data} is not there, left out", file=sys.stderr)
            continue
        plain = None
        for terms in TERMS:
            with tempfile.TemporaryDirectory() as scratch:
                rows = [run(str(data), terms, seed, scratch) for seed in range(seeds)]
            if None in rows:
                print(f"| {name} | {terms} | failed | | |", flush=True)
                continue
            error, nfe, seconds = zip(*rows)
            plain = plain or mean(seconds)
            print(f"| {name} | {terms} | {spread(error, '.4f')} | {mean(nfe):.0f} | {mean(seconds) / plain:.2f} |", flush=True)


main()
