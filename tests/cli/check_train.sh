#!/bin/bash
# `costate train`, `forecast` and `info` as people use them: a run, its future, going on, mistakes.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1

awk 'BEGIN { print "when,x,v"; for (i = 0; i < 60; i++) printf "2021-%02d-%02d,%.6f,%.6f\n", 1 + int(i / 28), 1 + i % 28, cos(i / 4), -sin(i / 4) }' > days.csv
train() { "$costate" train ode "$@"; }
quick="--iterations 40 --warm-start 20 --width 6 --time-budget 0 --quiet"

ok 'a dry run' train --data days.csv --dry-run
is 'says what was read' 1 "$(grep -c '^time .*2021-01-01 to 2021-03-04' out)"
is 'says what would be trained' 1 "$(grep -c '^model .*network 2-32-32-2' out)"
is 'and leaves nothing' '' "$(ls -d run* 2> /dev/null)"

ok 'a run' train --data days.csv --output deep/run $quick
for file in config.json metrics.jsonl checkpoint.safetensors report.html; do
    is "it has $file" yes "$([ -s "deep/run/$file" ] && echo yes)"
done
is 'a line an iteration' 40 "$(wc -l < deep/run/metrics.jsonl)"
is 'lines are JSON' 40 "$(python3 -c 'import json
print(sum("loss" in json.loads(line) for line in open("deep/run/metrics.jsonl")))')"
is 'persistence is beside it' 1 "$(grep -c 'persistence' out)"
is 'evaluations are those of the steps' 40 "$(python3 -c 'import json
runs = [json.loads(line) for line in open("deep/run/metrics.jsonl")]
print(sum(2 <= r["nfe"] - 6 * (r["accepted"] + r["rejected"]) <= 2 * 32 for r in runs))')"
printed=$(awk '/^  (neural ODE|persistence|autoregression)/ { print $(NF - 1), $NF }' out)
ok 'the same with --json' train --data days.csv --output same $quick --json
is 'has the errors that are printed' "$printed" "$(python3 -c 'import json, sys
r = json.load(sys.stdin)
for name in "model", "persistence", "autoregression":
    print("%.4f %.4f" % (r["forecast"][name], r["whole"][name]))' < out)"
fails 'a run is not overwritten' 1 'holds a run already' train --data days.csv --output deep/run $quick
ok 'unless asked' train --data days.csv --output deep/run --overwrite $quick
ok 'a name of its own' train --data days.csv $quick
is 'made from the data' yes "$([ -d run-days ] && echo yes)"

ok 'a forecast' "$costate" forecast deep/run --until 2021-03-10
is 'has a header' 'time,x,v' "$(head -n 1 out)"
is 'dates as the data had them' 2021-03-10 "$(tail -n 1 out | cut -d, -f1)"
is 'a row a day' 7 "$(wc -l < out)"
ok 'to a file' "$costate" forecast deep/run --until 2021-03-06 --every 0.5 --output f.csv
is 'of half days' 5 "$(wc -l < f.csv)"
ok 'as JSON' "$costate" forecast deep/run --until 2021-03-06 --json
is 'valid' 2 "$(python3 -c 'import json, sys
print(len(json.load(sys.stdin)["y"]["x"]))' < out)"
ok 'info of a run' "$costate" info deep/run
is 'names the columns' 1 "$(grep -c '^columns: x v' out)"
ok 'info of a checkpoint' "$costate" info deep/run/checkpoint.safetensors
is 'names the arrays' 1 "$(grep -c '^  net.0.weight ' out)"
ok 'info of data' "$costate" info lynx-hare

# The same iterations in one go and in two.
ok 'half' train --data days.csv --output half $quick
ok 'more of it' train --resume --output half --iterations 60 --quiet
is 'goes on where it stood' 60 "$(wc -l < half/metrics.jsonl)"
ok 'what is done already' train --resume --output half --iterations 60 --quiet
is 'is not told to have been in vain' '' "$(cat err)"
mkdir lynx-hare
ok 'a folder does not hide a data set' train --data lynx-hare --dry-run
fails 'a coefficient that blows the loss up' 1 'The last checkpoint is in blown' \
    train --data days.csv $quick --regularizer taynode3:1e300 --precision float32 --output blown
ok 'leaves a checkpoint that goes on' train --resume --output blown --regularizer none --iterations 30 --quiet
ok 'and forecasts too' "$costate" forecast blown --until 2021-03-06
cat > slow.sh << END
"$costate" train ode --data days.csv --output cut --iterations 1000000 --time-budget 0 --quiet &
pid=\$!
for i in \$(seq 100); do [ -s cut/metrics.jsonl ] && break; sleep 0.1; done
sleep 0.3
kill -INT \$pid
wait \$pid
END
fails 'Ctrl-C' 1 'stopped at iteration' bash -m slow.sh
ok 'leaves a checkpoint that goes on' train --resume --output cut --iterations 30 --quiet
ok 'and forecasts' "$costate" forecast cut --until 2021-03-06

cat > decay.ode << 'END'
k = 1
x' = -k*v
v' = k*x
fit = k in 0 .. 10
END
ok 'constants' train --system decay.ode --data days.csv --output lv --iterations 200 --quiet --json
is 'are told' yes "$(python3 -c 'import json, sys
k = json.load(sys.stdin)["constants"]["k"]; print("yes" if abs(k) < 10 else k)' < out)"
ok 'and forecast' "$costate" forecast lv --until 2021-03-06
printf 'x(0) = 1\nv(0) = 0\nt = 0 .. 1\n' | cat decay.ode - > whole.ode
ok 'its constants solve' "$costate" solve whole.ode --run lv --json
ok 'its own file may go' mv decay.ode elsewhere.ode
ok 'forecast without it' "$costate" forecast lv --until 2021-03-06

# Mistakes.
fails 'no model' 2 'which model' "$costate" train
fails 'another model' 2 "no model 'sde'" "$costate" train sde
fails 'no data' 2 'on which data' train
fails 'no file of that name' 1 'nowhere.csv' train --data nowhere.csv
fails 'an unknown option' 2 "did you mean" train --data days.csv --widht 3
fails 'a number that is none' 2 'width' train --data days.csv --width many
fails 'out of range' 2 'holdout is 1.5' train --data days.csv --holdout 1.5
fails 'an unknown method' 2 'rk5' train --data days.csv --method rk5
printf 't,x\n0,1\n1,inf\n2,3\n3,4\n4,5\n' > infinite.csv
fails 'infinity in the data' 1 'infinite' train --data infinite.csv
printf 't,x\n0,1\n2,2\n1,3\n' > back.csv
fails 'times that go back' 1 'back.csv' train --data back.csv
printf 't,x\n0,1\n1\n2,3\n' > ragged.csv
fails 'ragged rows' 1 'ragged.csv' train --data ragged.csv
printf 't,x\n0,1\n1,two\n2,3\n' > text.csv
fails 'a text cell' 1 'two' train --data text.csv
: > empty.csv
fails 'an empty file' 1 'empty.csv' train --data empty.csv
head -c 3000 "$costate" > binary.csv
fails 'a binary file' 1 'binary.csv' train --data binary.csv
printf 't,x\n0,\n1,\n2,\n3,\n4,\n5,\n' > nothing.csv
fails 'a column without a value' 1 'nothing.csv' train --data nothing.csv
printf "x' = -x*\n" > broken.ode
fails 'a syntax error' 1 'broken.ode:1:' train --system broken.ode --data days.csv
printf "q' = -q\n" > other.ode
fails 'no column of that name' 1 'observe COLUMN' train --system other.ode --data days.csv
fails 'a resume of nothing' 1 'config.json' train --resume --output nowhere
fails 'a resume with another width' 1 'net.0.weight' train --resume --output half --width 7
fails 'until the past' 2 'not after' "$costate" forecast deep/run --until 2021-01-01
fails 'until no date' 2 'someday' "$costate" forecast deep/run --until someday
fails 'a run that is none' 1 'config.json' "$costate" forecast "$scratch" --until 3
cp -r deep/run short && head -c 500 deep/run/checkpoint.safetensors > short/checkpoint.safetensors
fails 'a checkpoint cut off' 1 'checkpoint.safetensors' "$costate" forecast short --until 2021-03-06
cp deep/run/config.json half/config.json && cp lv/checkpoint.safetensors short/checkpoint.safetensors
fails 'a checkpoint of another model' 1 'checkpoint.safetensors' "$costate" forecast short --until 2021-03-06
[ -w /dev/full ] && fails 'a forecast to a full disk' 1 'o space left' "$costate" forecast deep/run --until 2021-03-06 --output /dev/full
before=$(md5sum < deep/run/checkpoint.safetensors)
fails 'a full disk while training' 1 'metrics.jsonl' bash -c "ulimit -f 40; trap '' XFSZ; \"\$0\" train ode --resume --output deep/run --iterations 100000 --quiet" "$costate"
is 'loses nothing' yes "$("$costate" forecast deep/run --until 2021-03-06 > /dev/null 2>&1 && echo yes)"

# a constant that nothing observed depends on is told, never silent
printf "a = 1\nb = 0.05\nc = 1\nd = 0.05\nidle = 2\nx' = a*x - b*x*y\ny' = -c*y + d*x*y\nw' = -idle*w\nw(0) = 1\n" > "$scratch/idle.ode"
printf "fit = a, b, c, d, idle\nobserve hare = x\nobserve lynx = y\n" >> "$scratch/idle.ode"
ok "a fit with an idle constant" "$costate" train ode --system "$scratch/idle.ode" --data lynx-hare --iterations 30 \
    --output "$scratch/idle" --quiet
is "the idle constant is named" "costate train: no gradient ever reached the parameter 'idle': what was fitted does not depend on it" \
    "$(cat "$scratch/err")"

finish
