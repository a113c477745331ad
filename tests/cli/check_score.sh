#!/bin/bash
# `costate train score` as people use it: points, tables, digits; interrupted and resumed; mistakes.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1
train() { "$costate" train score "$@"; }
small="--hidden 16 --depth 1 --batch 64 --quiet"
moons="--data two-moons:n=400 $small"
field() { python3 -c 'import json, sys
j = json.load(sys.stdin)
for key in sys.argv[1:]:
    j = j[key]
print(j)' "$@"; }

ok 'the models' "$costate" list models
is 'has it' 1 "$(grep -c '^score ' out)"
ok 'help' train --help
is 'offers nothing of solves' 0 "$(grep -cE -- '--(method|rtol|atol|controller|adjoint|batching|max-steps|t1|regularizer|measure) ' out)"
ok 'a dry run' train $moons --dry-run
is 'says what was read' 1 "$(grep -c '400 samples of 2 numbers' out)"
is 'and leaves nothing' '' "$(ls -d run* 2> /dev/null)"

ok 'a run' train $moons --epochs 30 --lr 0.005 --ema 0.9 --output run --json
cp out run.json
for file in config.json metrics.jsonl checkpoint.safetensors report.html; do
    is "it has $file" yes "$([ -s "run/$file" ] && echo yes)"
done
# that the noise is 0 is worth a loss of 1
is 'it has learned' yes "$(field test loss < run.json | awk '{ print ($1 < 0.75) ? "yes" : $1 }')"
is 'a line an iteration' 210 "$(wc -l < run/metrics.jsonl)"
ok 'info' "$costate" info run
is 'tells what it is' 1 "$(grep -c 'a score network of 2 numbers, for two-moons:n=400, 0 classes; predicts epsilon on vp-linear' out)"
ok 'it is sampled' "$costate" sample run --n 16 --steps 5 --output x.npy --quiet
fails 'a run that stands there' 1 '--overwrite' train $moons --output run
ok 'may go' train $moons --epochs 1 --overwrite --output run

for prediction in x0 v score flow edm; do
    ok "it predicts $prediction" train $moons --prediction $prediction --epochs 1 --output $prediction
done
for schedule in cosine sub-vp ve edm flow; do
    ok "noise: $schedule" train $moons --noise-schedule $schedule --levels lambda --weighting min-snr --epochs 1 --output noise-$schedule
done
ok 'with the Fokker-Planck residual' train $moons --fokker-planck 0.1 --epochs 2 --activation tanh --output planck --json
is 'which is told' yes "$(field test fokker_planck < out | awk '{ print ($1 > 0) ? "yes" : $1 }')"

# Interrupted and resumed: the same bits.
same() { # NAME RUN: weights, and metrics but for the time
    cmp -s <(python3 "$scratch/weights.py" < whole/checkpoint.safetensors) <(python3 "$scratch/weights.py" < "$2/checkpoint.safetensors")
    count "$1: weights" $? 'they differ'
    is "$1: metrics" "$(python3 "$scratch/lines.py" < whole/metrics.jsonl)" "$(python3 "$scratch/lines.py" < "$2/metrics.jsonl")"
}
cat > weights.py << 'END'
import hashlib, json, struct, sys
b = sys.stdin.buffer.read()
n = struct.unpack("<Q", b[:8])[0]
head = json.loads(b[8:8 + n])
for name in sorted(k for k in head if not k.startswith("__")):
    first, last = head[name]["data_offsets"]
    if "second" not in name and "progress" not in name:
        print(name, hashlib.md5(b[8 + n + first:8 + n + last]).hexdigest())
END
cat > lines.py << 'END'
import hashlib, json, sys
rows = [json.loads(line) for line in sys.stdin]
print(len(rows), hashlib.md5(repr([(r["iteration"], r["loss"]) for r in rows]).encode()).hexdigest())
END
steady="$moons --schedule constant --fokker-planck 0.01"
ok 'whole' train $steady --iterations 250 --output whole
ok 'a half' train $steady --iterations 100 --output half
ok 'and the rest' train --resume --iterations 250 --output half --quiet
same 'resumed' half
train $steady --iterations 250 --checkpoint-every 0 --output killed > out 2> err &
pid=$!
for _ in $(seq 200); do
    [ "$(wc -l 2> /dev/null < killed/metrics.jsonl || echo 0)" -ge 40 ] && break
    sleep 0.01
done
kill -INT $pid 2> /dev/null
wait $pid
ok 'interrupted, it goes on' train --resume --iterations 250 --output killed --quiet
same 'interrupted' killed
train $steady --iterations 250 --checkpoint-every 0 --output shot > out 2> err &
pid=$!
for _ in $(seq 200); do
    [ "$(wc -l 2> /dev/null < shot/metrics.jsonl || echo 0)" -ge 40 ] && break
    sleep 0.01
done
kill -KILL $pid 2> /dev/null
wait $pid 2> /dev/null
ok 'killed, it goes on' train --resume --iterations 250 --output shot --quiet
same 'killed' shot

# Tables and digits, with classes.
{
    echo x,y,kind
    awk 'BEGIN { for (i = 0; i < 200; i++) printf "%g,%g,%s\n", i % 7 / 9 + i % 2, i % 11 / 9, i % 2 ? "red" : "blue" }'
} > kinds.csv
ok 'a table' train --data kinds.csv --label kind --conditional $small --epochs 2 --output kinds
cut -d, -f1,2 kinds.csv > two-moons.csv
ok 'without its classes' train --data kinds.csv --label kind $small --epochs 1 --output plain
ok 'digits' train --data digits --rows 300 --test-rows 100 --conditional $small --epochs 2 --prediction v --noise-schedule cosine --output digits
ok 'info' "$costate" info digits
is 'tells of classes' 1 "$(grep -c 'of 64 numbers, for digits, 10 classes; predicts v on cosine' out)"
ok 'a class is sampled' "$costate" sample digits --class 3 --guidance 2 --n 4 --steps 4 --output y.npy --quiet

# Mistakes.
fails 'no data' 2 'on which data' train --epochs 1
fails 'an unknown set' 1 'two-moons' train --data two-moon $small
fails 'an unknown prediction' 2 'epsilon' train $moons --prediction epsilom
fails 'an unknown schedule' 2 'cosine' train $moons --noise-schedule cosin
fails 'unknown levels' 2 'lambda' train $moons --levels lamda
fails 'an unknown weighting' 2 'min-snr' train $moons --weighting minsnr
fails 'an unknown activation' 2 'silu' train $moons --activation sillu
fails 'an unknown normalisation' 2 'range' train $moons --normalise rang
fails 'classes of none' 1 'no labels' train --data two-moons.csv --label none --conditional $small --output none
fails 'a negative weight' 2 'fokker-planck' train $moons --fokker-planck -1
fails 'an average that never moves' 2 'ema' train $moons --ema 1
fails 'a tolerance, of what?' 2 "unknown option 'rtol'" train $moons --rtol 1e-3
fails 'a regularizer of solves' 2 "unknown option 'regularizer'" train $moons --regularizer error:1
fails 'a run of another model' 1 "a run of the model 'score'" "$costate" train cnf --resume --output run
ok 'the likelihood of its data' "$costate" evaluate run --rows 50 --tolerance 1e-4 --json
is 'is a number' 1 "$(grep -c '"log_density": -*[0-9]' "$scratch/out")"
fails 'other data' 1 numbers "$costate" evaluate run --data digits
fails 'a forecast of it' 1 "a run of the model 'score', not of ode" "$costate" forecast run --until 3
fails 'a class that there is not' 2 '0 to 9' "$costate" sample digits --class 12
finish
