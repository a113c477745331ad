#!/bin/bash
# `costate train cnf` as people use it, on points that are drawn.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1
train() { "$costate" train cnf "$@"; }
quick="--data two-moons:n=400 --hidden 16 --depth 2 --test-rows 128 --rtol 1e-4 --atol 1e-4 --quiet"
field() { python3 -c 'import json, sys
j = json.load(sys.stdin)
for key in sys.argv[1:]:
    j = j[key]
print(j)' "$@"; }

ok 'the models' "$costate" list models
is 'has it' 1 "$(grep -c '^cnf ' out)"
ok 'a dry run' train $quick --dry-run
is 'says what was read' 1 "$(grep -c '400 points of 2 columns' out)"
is 'and leaves nothing' '' "$(ls -d run* 2> /dev/null)"

ok 'a run' train $quick --epochs 20 --lr 0.02 --regularizer kinetic:0.01 --output run --json
cp out run.json
for file in config.json metrics.jsonl checkpoint.safetensors report.html; do
    is "it has $file" yes "$([ -s "run/$file" ] && echo yes)"
done
# -log of a normal distribution with the data's covariance, which is what no flow is: 1 + log(2 pi) + log det / 2 = 3.5
is 'better than a normal distribution' yes "$(field test loss < run.json | awk '{ print ($1 < 3.3) ? "yes" : $1 }')"
is 'the density integrates to 1' yes "$(field integral < run.json | awk '{ print ($1 > 0.97 && $1 < 1.01) ? "yes" : $1 }')"
is 'a line an iteration' 80 "$(wc -l < run/metrics.jsonl)"
is 'lines hold what they should' ok "$(python3 -c 'import json
rows = [json.loads(line) for line in open("run/metrics.jsonl")]
assert all("accuracy" not in r and r["nfe"] > 0 for r in rows)
assert all(abs(r["penalty"] - 0.01 * r["regularizers"]["kinetic"]["value"]) < 1e-9 for r in rows)
assert ["test_loss" in r for r in rows].count(True) == 20
print("ok")')"
ok 'info' "$costate" info run
is 'tells what it is' 1 "$(grep -c 'a flow of 2 columns, for two-moons' out)"

for trace in rademacher gaussian; do
    ok "noise: $trace" train $quick --epochs 1 --trace $trace --field plain --activation softplus --output $trace
done
ok 'whole' train $quick --trace rademacher --schedule constant --iterations 12 --output whole
ok 'a half' train $quick --trace rademacher --schedule constant --iterations 5 --output half
ok 'and the rest' train --resume --iterations 12 --output half --quiet
is 'are the same' "$(cut -d, -f1-7 whole/metrics.jsonl | md5sum)" "$(cut -d, -f1-7 half/metrics.jsonl | md5sum)"

# Columns of any size: densities are of the data as they are, so ten times as wide is log 10 more.
awk 'BEGIN { srand(3); print "a,b"; for (i = 0; i < 400; i++) printf "%g,%g\n", 5 * rand(), 3 + rand() }' > narrow.csv
awk -F, 'NR == 1 { print; next } { printf "%g,%g\n", 10 * $1, $2 }' narrow.csv > wide.csv
ok 'a table' train --data narrow.csv --hidden 16 --epochs 2 --precision float64 --quiet --json --output narrow
narrow=$(field test loss < out)
ok 'a wider one' train --data wide.csv --hidden 16 --epochs 2 --precision float64 --quiet --json --output wide
is 'has a lower density' yes "$(echo "$narrow $(field test loss < out)" | awk '{ d = $2 - $1 - log(10); print (d * d < 1e-10) ? "yes" : d }')"
fails 'a rate that blows up' 1 'The weights before that are in blown' \
    train $quick --optimizer sgd --lr 100 --epochs 50 --max-steps 60 --output blown
ok 'leaves good weights' "$costate" info blown

# Mistakes.
fails 'no data' 2 'on which data' train --epochs 1
fails 'an unknown set' 1 'two-moons' train --data two-moon
awk 'BEGIN { srand(5); for (i = 0; i < 9; i++) { for (k = 0; k < 300; k++) printf "%s%g", k ? "," : "", rand(); print "" } }' > broad.csv
fails 'a flow of pictures' 1 'samples of 300 numbers' train --data broad.csv --quiet
fails 'an unknown trace' 2 'rademacher' train $quick --trace hutchinson
fails 'an unknown field' 2 'squash or plain' train $quick --field mlp
fails 'an unknown regularizer' 2 'eror' train $quick --regularizer eror:1
fails 'an option of another model' 2 "unknown option 'head'" train $quick --head tanh
fails 'a run of another model' 1 "a run of the model 'cnf'" "$costate" train ode-classifier --resume --output run
fails 'what cannot be evaluated' 2 'runs of cnf cannot be evaluated' "$costate" evaluate run
fails 'a forecast of it' 1 "a run of the model 'cnf', not of ode" "$costate" forecast run --until 3

finish
