#!/usr/bin/env python3
"""Our benchmarks and the peers' on one core in one run: compare.py [--core N] [--rounds N] [--build DIR] [WORK...]

WORK is a program: spiral, vdp, lotka_volterra, lorenz, train_spiral, mnist_field, cnf, hutchinson, sampler_overhead,
sampler_gradient, sampler_throughput. bench/README.md has the line they print. On a machine that others use, --rounds 3
does all of it three times in turn and tells medians.
"""
import argparse
import datetime
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH, DATA = ROOT / "bench", ROOT / "build" / "bench"
PROGRAMS = ("spiral", "vdp", "lotka_volterra", "lorenz", "train_spiral", "mnist_field", "cnf", "hutchinson",
            "sampler_overhead", "sampler_gradient", "sampler_throughput")
BOTH = [([], 1), (["--threads", "2"], 2)]  # arguments, threads
RUNS = {"mnist_field": BOTH, "cnf": [([], 1), (["closed"], 1)], "sampler_throughput": BOTH}
TITLES = {
    "spiral/gradient": "spiral gradient, float32",
    "spiral/forward": "the same, forward only",
    "vdp/per-sample": "van der Pol, batch 256, mu 2, per sample",
    "vdp/joint": "the same, jointly",
    "vdp/spread": "the same, mu 1 to 100, per sample",
    "lotka-volterra/1e-3": "Lotka-Volterra, float64, 1e-3",
    "lotka-volterra/1e-6": "the same, 1e-6",
    "lotka-volterra/1e-9": "the same, 1e-9",
    "lorenz": "Lorenz 63, 0 to 100, 1e-8, float64",
    "train-spiral": "500 Adam steps, whole process",
    "mnist-field/dopri5": "gradient of MNIST's field, 512 x 784, 1.4e-8, float32",
    "mnist-field/dopri5/two-threads": "the same, two threads",
    "cnf/iteration": "flow, 512 points, 1e-5, loss and gradient, float32",
    "cnf/closed": "the same, the trace in closed form",
    "hutchinson": "gradient of Hutchinson's trace, 512 x 6-64-64-6, float32",
    "sampler-overhead/euler": "a thousand steps of Euler beside the model, 64 x 2, float32",
    "sampler-overhead/ddim": "the same, DDIM",
    "sampler-overhead/dpmpp-2m": "the same, DPM-Solver++ 2M",
    "sampler-overhead/unipc": "the same, UniPC",
    "sampler-gradient": "gradient through 20 steps of DPM-Solver++ 2M, 64 x 2-64-64-2, float32",
    "sampler-gradient/points": "the same, evaluation points alone",
    "sampler-gradient/forward": "sampling alone",
    "sampler-throughput": "20 steps of DPM-Solver++ 2M, 256 x 64-256-256-64, float32",
    "sampler-throughput/two-threads": "the same, two threads",
}
OURS = "costate"
PROCESS_RUNS = 5
LIMIT_LINE = re.compile(r"f32 \((\w)\) (.*?)\s+(fwd\+grad|forward)\s+([\d.]+) ms \(min ([\d.]+), p90 ([\d.]+)\)"
                        r"\s+acc (\d+) rej (\d+).*loss (\S+)")


# --- running ----------------------------------------------------------------------------------------------------

def find_python_with_numpy():
    for name in ROOT / "build/peers-venv/bin/python", sys.executable, "python3", "/usr/bin/python3":
        python = shutil.which(name)
        if python and subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode == 0:
            return python
    sys.exit("bench/compare.py draws its inputs with numpy, which no python3 here has: install python3-numpy.")


def cpu_info():
    try:
        return pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def unforced():
    """The environment without OPENBLAS_CORETYPE and its like: a yardstick takes the kernels that suit the processor."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}


def run(command, *cores, **env):
    """Standard output, or None with a word on stderr; and the wall time in ms."""
    start = time.perf_counter()
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, cwd=ROOT,
                          env={**unforced(), "OMP_NUM_THREADS": str(len(cores)), **env},
                          preexec_fn=lambda: os.sched_setaffinity(0, cores))
    wall = 1e3 * (time.perf_counter() - start)
    if done.returncode:
        print(f"{command[0]} failed with status {done.returncode}", file=sys.stderr)
        return None, wall
    return done.stdout, wall


def parse(text):
    lines = []
    for line in (text or "").splitlines():
        if line.startswith("{"):
            lines.append(json.loads(line))
    return lines


def ours(name, build, core):
    program = build / "bench" / name
    if not program.exists():
        return [{"work": name, "peer": OURS, "note": f"skipped: {program} is not built"}]
    lines = []
    for arguments, threads in RUNS.get(name, [([], 1)]):
        cores = [core, *sorted(os.sched_getaffinity(0) - {core})][:threads]
        if len(cores) < threads:
            note = f"skipped: {threads} threads want as many cores"
            lines.append({"work": name, "peer": OURS, "note": note})
            continue
        text, wall = run([program, DATA, *arguments], *cores)
        for line in parse(text):
            if threads == 2:
                line["work"] += "/two-threads"
            if "ms" not in line and "note" not in line:
                more = [run([program, DATA, *arguments], *cores)[1] for _ in range(PROCESS_RUNS - 1)]
                walls = sorted([wall, *more])
                line.update(ms=statistics.median(walls), min=walls[0], p90=walls[-1])
            lines.append(line)
    return lines


def hand_written(core, python):
    """The race partner of the spiral gradient, where the shared folder is there."""
    shared = pathlib.Path(os.environ.get("COSTATE_SHARED", ROOT.parent / "shared"))
    script = shared / "bench" / "spiral_limit.sh"
    if not script.exists():
        return [{"work": "spiral", "peer": "hand-written C", "note": "skipped: spiral_limit.sh is not here"}]
    path = f"{pathlib.Path(python).parent}:{os.environ['PATH']}"
    text, _ = run([script], core, CORE=str(core), PATH=path)
    lines = []
    for kind, name, what, ms, least, p90, steps, rejected, loss in LIMIT_LINE.findall(text or ""):
        work = "spiral/gradient" if what == "fwd+grad" else "spiral/forward"
        lines.append({"work": work, "peer": f"hand-written C ({kind})", "ms": float(ms), "min": float(least),
                      "p90": float(p90), "steps": int(steps), "rejected": int(rejected), "value": float(loss),
                      "note": name})
    return fastest(lines)


def fastest(lines):
    """One line for each work and peer: the first variant wins a tie."""
    best = {}
    for line in lines:
        key = line["work"], line["peer"]
        if key not in best or line["ms"] < best[key]["ms"]:
            best[key] = line
    return list(best.values())


def peers(name, core, python):
    """run.py holds each to its cores."""
    return parse(run([python, BENCH / "peers" / "run.py", "--core", core, name], *os.sched_getaffinity(0))[0])


def measure(names, build, core, rounds):
    python = find_python_with_numpy()
    subprocess.run([python, BENCH / "spiral_data.py", DATA], check=True)
    lines = []
    for name in names:
        for count in range(rounds):
            lines += ours(name, build, core)
            if name == "spiral":
                lines += hand_written(core, python)
            lines += peers(name, core, python)
            print(f"{name}: measured" + (f", {count + 1} of {rounds}" if rounds > 1 else ""), file=sys.stderr)
    return merged(lines)


def merged(lines):
    """One line for each work and peer: of several rounds the one whose median is the median, the least of all."""
    rounds = {}
    for line in lines:
        rounds.setdefault((line["work"], line["peer"]), []).append(line)
    return [middle([line for line in same if "ms" in line]) or same[0] for same in rounds.values()]


def middle(lines):
    if not lines:
        return None
    line = sorted(lines, key=lambda line: line["ms"])[len(lines) // 2]
    return {**line, **({"min": min(other["min"] for other in lines)} if "min" in line else {})}


# --- the table --------------------------------------------------------------------------------------------------

BESIDE = {"first": "first result {:.4g} ms", "compile_s": "compiled in {:.3g} s", "error": "error {:.1e}",
          "value": "loss {:.6g}", "note": "{}"}
HEAD = "work", "by", "ms", "min", "p90", "peer / costate", "costate / peer", "steps", "MiB", "beside"


def rows(lines):
    """The table's rows; a work that nobody did has none."""
    for work, title in TITLES.items():
        measured = [line for line in lines if line["work"] == work and "ms" in line]
        base = next((line["ms"] for line in measured if line["peer"] == OURS), None)
        for line in sorted(measured, key=lambda line: (line["peer"] != OURS, line["ms"])):
            ratio = line["ms"] / base if base and line["peer"] != OURS else None
            yield (title, line["peer"], number(line["ms"]), number(line.get("min")), number(line.get("p90")),
                   number(ratio), number(1 / ratio if ratio else None), steps(line), memory(line),
                   beside(line))
            title = ""


def number(value):
    """Three significant digits, without an exponent."""
    if not value:
        return ""
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def steps(line):
    if "steps" in line:
        return f"{line['steps']} + {line['rejected']}" if "rejected" in line else str(line["steps"])
    return f"{line['nfe']} evaluations" if "nfe" in line else ""


def memory(line):
    """The peak of the process, and (before the work began)."""
    idle = f" ({line['idle_mib']:.0f})" if "idle_mib" in line else ""
    return f"{line['peak_mib']:.0f}{idle}" if "peak_mib" in line else ""


def beside(line):
    return "; ".join(text.format(line[key]) for key, text in BESIDE.items() if key in line)


def skipped(lines):
    return [f"{line['work']}, {line['peer']}: {line['note']}" for line in lines if "ms" not in line]


def machine(core):
    cpu = re.search(r"model name\s*: (.*)", cpu_info())
    name = cpu[1] if cpu else "an unnamed processor"
    return f"{name}, core {core} alone, one thread where nothing else is said, {datetime.date.today()}"


def libraries(lines):
    pairs = set()
    for line in lines:
        words = line.get("versions", "").split()
        pairs.update(zip(words[::2], words[1::2]))
    return ", ".join(" ".join(pair) for pair in sorted(pairs))


def plain(table):
    widths = [max(len(row[i]) for row in table) for i in range(len(HEAD) - 1)]
    for row in table:
        cells = [cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))]
        print("  ".join(cells + [row[-1]]).rstrip())


def markdown(lines, where):
    table = [HEAD, *rows(lines)]
    text = [f"Measured on {where}, everything in one run of `bench/compare.py`.",
            "Milliseconds, the median of single calls; steps are accepted + rejected; MiB: the most that the process",
            "held, and in brackets what it held with its libraries loaded, before the work.",
            f"Versions: {libraries(lines) or 'no peers were there'}.", ""]
    text += ["| " + " | ".join(row) + " |" for row in table[:1]] + ["|---|---|" + "--:|" * (len(HEAD) - 3) + "---|"]
    text += ["| " + " | ".join(row) + " |" for row in table[1:]]
    text += [""] + [f"- {line}" for line in skipped(lines)]
    return "\n".join(line.rstrip() for line in text).rstrip() + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", nargs="*", metavar="WORK", help=", ".join(PROGRAMS))
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="all of it N times in turn")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="write the table there, too")
    parser.add_argument("--lines", type=pathlib.Path, metavar="FILE", help="and the measured lines there")
    options = parser.parse_args()
    unknown = set(options.works) - set(PROGRAMS)
    if unknown:
        parser.error(f"unknown work {', '.join(sorted(unknown))}: there are {', '.join(PROGRAMS)}")
    lines = measure(options.works or PROGRAMS, options.build, options.core, options.rounds)
    plain([HEAD, *rows(lines)])
    print(*skipped(lines), sep="\n")
    where = machine(options.core)
    if options.markdown:
        options.markdown.write_text(markdown(lines, where))
    if options.lines:
        text = [json.dumps(line) + "\n" for line in [{"machine": where}, *lines]]
        options.lines.write_text("".join(text))
