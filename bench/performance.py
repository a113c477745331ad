#!/usr/bin/env python3
"""Fills docs/performance.md from a run of compare.py:

    bench/compare.py --lines build/bench.jsonl && bench/performance.py build/bench.jsonl

What stands between <!-- NAME --> and <!-- /NAME --> is replaced, NAME being machine, table, race, large and diffusion; the rest is
prose. Sections of which the run measured nothing stay as they are: bench/page.sh does all of it, or some works of it.
"""
import json
import pathlib
import re
import subprocess
import sys

import compare

LARGE = "mnist-field", "cnf", "hutchinson"
DIFFUSION = "sampler-"
PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def replace(page, name, text):
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
    if not pattern.search(page):
        sys.exit(f"{PAGE} has no section {name}")
    return pattern.sub(lambda m: m[1] + text.rstrip() + "\n" + m[2], page)


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def machine():
    rows = dict(line.split(":", 1) for line in subprocess.run(["lscpu"], capture_output=True, text=True).stdout.splitlines() if ":" in line)
    names = "Model name", "CPU family", "Model", "CPU(s)", "L1d cache", "L2 cache", "L3 cache", "Hypervisor vendor"
    facts = [f"{name.strip()}: {rows[name].strip()}" for name in names if name in rows]
    wide = [flag for flag in ("avx2", "fma", "avx512f", "avx512dq", "avx512vl") if flag in rows.get("Flags", "").split()]
    return "\n".join(f"- {fact}" for fact in facts + ["vector instructions: " + " ".join(wide), first_line("cc", "--version")])


def evaluations(line):
    """Six an attempt and two to begin with: dopri5, whatever the one who solved counts."""
    return 6 * (line["steps"] + line["rejected"]) + 2


def race(lines):
    text = []
    for work, title in (("spiral/gradient", "gradient"), ("spiral/forward", "forward only")):
        ran = [line for line in lines if line["work"] == work and "steps" in line and "rejected" in line and "ms" in line]
        ours = next((line for line in ran if line["peer"] == "costate"), None)
        if ours is None:
            continue
        text += [f"| {title} | ms | evaluations | us an evaluation | costate / this |", "|---|--:|--:|--:|--:|"]
        each = lambda line: 1e3 * line["ms"] / evaluations(line)
        for line in sorted(ran, key=lambda line: (line is not ours, each(line))):
            name = line["peer"] + (f", {line['note']}" if line["peer"].startswith("hand") and "note" in line else "")
            text.append(f"| {name} | {line['ms']:.3f} | {evaluations(line)} | {each(line):.3f} | {each(ours) / each(line):.2f} |")
        text.append("")
    return "\n".join(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    where, *lines = [json.loads(line) for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
    of = lambda names: [line for line in lines if line["work"].replace("_", "-").startswith(names)]
    large, diffusion = of(LARGE), of(DIFFUSION)
    small = [line for line in lines if line not in large + diffusion]
    page = replace(PAGE.read_text(), "machine", machine())
    for name, part in ("table", small), ("large", large), ("diffusion", diffusion):
        if any("ms" in line for line in part):
            page = replace(page, name, compare.markdown(part, where["machine"]))
    if race(small):
        page = replace(page, "race", race(small))
    PAGE.write_text(page)
