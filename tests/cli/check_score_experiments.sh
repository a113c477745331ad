#!/bin/bash
# The experiments that train score networks, `costate reproduce digits-score`, `ode-sde-gap` and `adjointdpm`, in their quick form.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1
field() { python3 -c 'import json, sys
j = json.load(sys.stdin)
for key in sys.argv[1:]:
    j = j[key]
print(j)' "$@"; }

ok 'digits-score' "$costate" reproduce digits-score --quick --quiet --output ds
is 'tells every sampler at every budget' 24 "$(grep -c '"budget"' ds/results.json)"
ok 'ode-sde-gap' "$costate" reproduce ode-sde-gap --quick --quiet --output gap
is 'the exact score solves the equation' yes "$(field rows < gap/results.json | python3 -c 'import ast, sys
rows = ast.literal_eval(sys.stdin.read())
print("yes" if rows[0]["residual"] < 1e-9 and rows[1]["residual"] > 0.01 else rows)')"
is 'and has no gap' yes "$(python3 -c 'import json
j = json.load(open("gap/results.json"))
print("yes" if j["rows"][0]["gap"] < 2 * j["floor"] else j)')"
ok 'again: what was trained is there' "$costate" reproduce ode-sde-gap --quick --quiet --output gap
ok 'adjointdpm' "$costate" reproduce adjointdpm --quick --quiet --output "$scratch/r"
is 'tells every task by every gradient' 12 "$(grep -c '"gradient"' "$scratch/r/results.json")"
finish
