#!/bin/bash
# The experiments that judge samplers.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1
reproduce() { "$costate" reproduce "$@" --quiet; }
# FILE.json PYTHON-EXPRESSION of x
value() { python3 -c 'import json, sys
x = json.load(open(sys.argv[1]))["results"]
print(eval(sys.argv[2]))' "$1" "$2"; }

ok 'orders' reproduce sampler-orders --quick --rows ddim,lms,dpm-3m,dpm-3s,rf-solver --output orders
is 'all within 0.2 of what is stated' 6 "$(grep -c ' yes$' out)"
is 'none beyond' 0 "$(grep -c ' NO$' out)"
is 'the published third order is the second' yes "$(value orders/results.json \
    'next("yes" if abs(r["mixture"] - 2) < 0.1 else r["mixture"] for r in x if r["published"])')"
is 'a page has the table' 6 "$(grep -c 'yes |$' orders/table.md)"
is 'and there is a report' 1 "$(grep -c '<h1>sampler-orders' orders/report.html)"
ok 'the same as JSON' reproduce sampler-orders --quick --rows ddim --output orders --json
is 'one line of it' 1 "$(value out 'len(x)')"

ok 'errors' reproduce sampler-errors --quick --rows dpm-2m,ddim,euler-ancestral --output errors
is 'the better one stands first' dpm-2m "$(grep -A2 '^Case A' out | tail -n 1 | cut -d' ' -f1)"
is 'each at four budgets of three mixtures' 36 "$(value errors/results.json 'sum(len(r["at"]) for r in x)')"
is 'no budget is overrun' True "$(value errors/results.json \
    'all(a["nfe"] <= a["budget"] for r in x for a in r["at"])')"
is 'more evaluations are better' True "$(value errors/results.json \
    'all(r["at"][3]["median"] < r["at"][1]["median"] for r in x if "median" in r["at"][0])')"
is 'noise is judged by its samples' 3 "$(value errors/results.json \
    'sum(a["sliced_w2"] < 1 for r in x if r["sampler"] == "euler-ancestral" for a in r["at"][3:])')"
command -v gnuplot > /dev/null && is 'and a picture' yes "$([ -s errors/errors.svg ] && echo yes)"

fails 'a sampler that there is not' 2 "did you mean 'dpm-3m'" reproduce sampler-orders --rows dpm-3n
fails 'what only trials have' 2 'trains nothing: --seeds' reproduce sampler-errors --seeds 0..2
ok 'what would be done' reproduce sampler-errors --dry-run
finish
