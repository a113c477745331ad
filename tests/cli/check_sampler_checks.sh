#!/bin/bash
# `costate reproduce sampler-checks`: all that the papers claim holds, and is told in each form.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1

ok 'runs' "$costate" reproduce sampler-checks --quick --quiet --output checks
is 'all hold' 1 "$(grep -cE '^([0-9]+) of \1 hold' out)"
is 'none does not' 0 "$(grep -c ' NO$' out)"
for sampler in BDIA O-BELM Rex 'MR sampler' RF-Solver sada FKC DMCMC interpolant; do
    is "$sampler is there" yes "$(grep -q "^| $sampler" checks/table.md && echo yes)"
done
is 'numbers as JSON' yes "$(python3 -c 'import json
x = json.load(open("checks/results.json"))
print("yes" if all(r["holds"] for r in x["results"]) and len(x["round_trips"]) == 36 else "no")')"
is 'a report' 1 "$(grep -c '<h1>sampler-checks' checks/report.html)"
fails 'no trials' 2 'trains nothing' "$costate" reproduce sampler-checks --seeds 0..2
finish
