#!/bin/bash
# `costate train ode-classifier`, `evaluate` and `info` as people use them, on the digits that come along.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1
train() { "$costate" train ode-classifier "$@"; }
quick="--data digits --rows 512 --hidden 16 --test-rows 128 --quiet"
field() { python3 -c 'import json, sys
j = json.load(sys.stdin)
for key in sys.argv[1:]:
    j = j[int(key) if isinstance(j, list) else key]
print(j)' "$@"; }

ok 'the models' "$costate" list models
is 'has it' 1 "$(grep -c '^ode-classifier ' out)"
ok 'help' "$costate" train ode-classifier --help
is 'has its own options' 1 "$(grep -c -- '^  --epochs' out)"
is 'and not those of another' 0 "$(grep -c -- '^  --window' out)"
ok 'a dry run' train $quick --dry-run
is 'says what was read' 1 "$(grep -c '512 samples of 1x8x8, 10 classes; 1797 to test' out)"
is 'and leaves nothing' '' "$(ls -d run* 2> /dev/null)"

ok 'a run' train $quick --epochs 5 --regularizer error:100..10,kinetic:0.01 --measure 4 --lr 0.01 --output run --json
cp out train.json
for file in config.json metrics.jsonl checkpoint.safetensors report.html; do
    is "it has $file" yes "$([ -s "run/$file" ] && echo yes)"
done
is 'better than chance' yes "$(field test accuracy < out | awk '{ print ($1 > 0.5) ? "yes" : $1 }')"
is 'a line an iteration' 20 "$(wc -l < run/metrics.jsonl)"
is 'lines hold what they should' 'ok' "$(python3 -c 'import json
rows = [json.loads(line) for line in open("run/metrics.jsonl")]
assert [r["iteration"] for r in rows] == list(range(1, 21))
assert rows[0]["epoch"] == 1 and rows[-1]["epoch"] == 5
assert all(0 <= r["accuracy"] <= 1 and r["nfe"] >= 8 for r in rows)
assert all(2 <= r["nfe"] - 6 * (r["accepted"] + r["rejected"]) <= 3 for r in rows)
assert abs(rows[0]["regularizers"]["error"]["coefficient"] - 100) < 1e-9
assert rows[-1]["regularizers"]["error"]["coefficient"] < 15
assert all("norm" in r["regularizers"]["error"] for r in rows[::4])
assert not any("norm" in r["regularizers"]["error"] for r in rows[1::4])
assert ["test_loss" in r for r in rows].count(True) == 5
print("ok")')"
is 'the pictures are in the report' yes "$(command -v gnuplot > /dev/null && grep -q 'data:image' run/report.html && echo yes || { command -v gnuplot > /dev/null || echo yes; })"
mkdir -p here/pictures && head -c 30730 /dev/zero > here/pictures/cifar10_train.bin && head -c 3073 /dev/zero > here/pictures/cifar10_test.bin
ok 'info of a set' "$costate" info digits
is 'has both parts' 2 "$(grep -c 'samples of 1x8x8 numbers, 10 classes' out)"
ok 'info of a folder of pictures' "$costate" info here/pictures
is 'has their classes' 2 "$(grep -c '10 classes: airplane, ' out)"
ok 'info' "$costate" info run
is 'tells what it is' 1 "$(grep -c '10 classes apart from 64 numbers' out)"
is 'and its arrays' 1 "$(grep -c 'field.0.weight  *.16,65.' out)"

ok 'an evaluation' "$costate" evaluate run --json
is 'is what training ended with' "$(field test loss < train.json)" "$(field 0 loss < out)"
is 'in both precisions' 'float32 float64' "$(echo $("$costate" evaluate run --json | python3 -c 'import json, sys
print(*[r["precision"] for r in json.load(sys.stdin)])'))"
ok 'at tolerances' "$costate" evaluate run --precision float64 --tolerance 1e-3,1e-9 --rows 100 --part train --json
is 'a tighter one costs more' yes "$(python3 -c 'import json
a, b = json.load(open("out"))
print("yes" if a["nfe"] < b["nfe"] and a["samples"] == 100 else "no")')"

ok 'the same in one go' train $quick --epochs 6 --output whole
ok 'a half' train $quick --iterations 13 --output half
ok 'and the rest' train --resume --iterations 24 --output half --quiet
weights() { # of a checkpoint: every array but the time that training took
    python3 -c 'import json, sys
b = open(sys.argv[1], "rb").read()
n = int.from_bytes(b[:8], "little")
for k, v in sorted(json.loads(b[8:8 + n]).items()):
    if k not in ("__metadata__", "extra.seconds"): print(k, b[8 + n + v["data_offsets"][0]:8 + n + v["data_offsets"][1]].hex())' "$1" | md5sum
}
for n in 1 2; do
    ok "$n threads" train --data digits --rows 512 --batch 512 --hidden 64 --iterations 2 --test-rows 64 --threads $n --quiet --output threads$n
done
is 'give the same weights' "$(weights threads1/checkpoint.safetensors)" "$(weights threads2/checkpoint.safetensors)"
is 'are the same' "$(cut -d, -f1-8 whole/metrics.jsonl | md5sum)" "$(cut -d, -f1-8 half/metrics.jsonl | md5sum)"
cat > slow.sh << END
"$costate" train ode-classifier $quick --output cut --iterations 100000 &
pid=\$!
for i in \$(seq 100); do [ -s cut/metrics.jsonl ] && break; sleep 0.1; done
sleep 0.3
kill -INT \$pid
wait \$pid
END
fails 'Ctrl-C' 1 'stopped at iteration' bash -m slow.sh
at=$(wc -l < cut/metrics.jsonl)
ok 'leaves a checkpoint that goes on' train --resume --output cut --iterations $((at + 3)) --quiet
is 'where it stood' $((at + 3)) "$(wc -l < cut/metrics.jsonl)"

fails 'a coefficient that blows the loss up' 1 'The weights before that are in blown' \
    train $quick --optimizer sgd --lr 100 --momentum 0 --epochs 50 --max-steps 60 --output blown
ok 'leaves good weights' "$costate" evaluate blown --rows 64 --tolerance 1e-2

# Files: a table with a column of classes, by name or pointed at; arrays with a file of classes.
python3 - << 'END'
import random, struct
random.seed(1)
rows = [[random.gauss(3 * (k % 3), 1), random.gauss(0, 100), k % 3] for k in range(300)]
with open("table.csv", "w") as f:
    f.write("u,v,species\n" + "".join("%g,%g,%s\n" % (a, b, ["ash", "elm", "oak"][c]) for a, b, c in rows))
def npy(path, descr, shape, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    head += " " * (117 - len(head)) + "\n"
    open(path, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)
npy("x.npy", "<f8", (300, 2), b"".join(struct.pack("<2d", a, b / 100) for a, b, c in rows))
npy("y.npy", "<i8", (300,), b"".join(struct.pack("<q", c) for a, b, c in rows))
END
small="--hidden 8 --epochs 30 --lr 0.02 --batch 32 --quiet --json"
ok 'a table' train --data table.csv --label species $small --schedule cosine --output table
ok 'whose schedule ended' "$costate" info table
is 'three kinds' yes "$(python3 -c 'import json
p = json.load(open("table/config.json")); print("yes" if (p["inputs"], p["classes"]) == (2, 3) else p)')"
ok 'arrays' train --data x.npy --labels y.npy $small --output arrays
is 'are learned' yes "$(field test accuracy < out | awk '{ print ($1 > 0.8) ? "yes" : $1 }')"
is 'a fifth is held out' 60 "$(field test samples < out)"
ok 'and judged' "$costate" evaluate arrays --part train
ok 'another file is judged whole' "$costate" evaluate table --data table.csv --precision float64 --json
is 'all of it' 300 "$(field 0 samples < out)"
accuracy=$(field 0 accuracy < out)
grep -v ash table.csv > two.csv
grep ash table.csv | sed '1i u,v,species' > one.csv
right=$(for part in one two; do "$costate" evaluate table --data $part.csv --precision float64 --json | python3 -c 'import json, sys
e = json.load(sys.stdin)[0]; print(round(e["accuracy"] * e["samples"]))'; done | awk '{ n += $1 } END { print n }')
is 'classes go by their names, not by their place in the file' "$(awk "BEGIN { printf \"%.0f\", 300 * $accuracy }")" "$right"
sed 's/elm/fir/' table.csv > fir.csv
fails 'a class that the run does not know' 1 "no class 'fir'" "$costate" evaluate table --data fir.csv
fails 'arrays of other lengths' 1 'cut.npy' bash -c 'head -c 1000 x.npy > cut.npy; "$0" train ode-classifier --data cut.npy --labels y.npy' "$costate"
fails 'a column that is not there' 1 'kind' train --data table.csv --label kind

# Mistakes.
fails 'no data' 2 'on which data' train --epochs 1
fails 'an unknown set' 1 'two-moons' train --data two-moon
fails 'a series' 1 "'spiral' is a time series" train --data spiral
fails 'samples for a series' 1 "'digits' is a set of samples" "$costate" train ode --data digits
fails 'MNIST without its files' 1 'train-images-idx3-ubyte' train --data mnist
mkdir empty
fails 'a folder without them' 1 'train-images-idx3-ubyte' train --data empty
fails 'points without labels' 1 'no labels' train --data checkerboard
fails 'an unknown regularizer' 2 'eror' train $quick --regularizer eror:1
fails 'a malformed one' 2 '100-10' train $quick --regularizer error:100-10
fails 'one that the method cannot carry' 1 'tsit5' train $quick --regularizer stiffness:0.1 --method bosh3
fails 'a dry run as JSON' 2 'leave --json out' train $quick --dry-run --json
fails 'too many threads' 2 '--threads is 99' train $quick --threads 99
fails 'no epoch' 2 'epochs is 0' train $quick --epochs 0
fails 'an unknown option' 2 'did you mean --hidden' train $quick --hiden 3
fails 'an unknown activation' 2 'tanhh' train $quick --last tanhh
fails 'a run that stands' 1 'holds a run already' train $quick --epochs 1 --output run
fails 'a resume of another model' 2 'train ode' "$costate" train ode --resume --output nowhere-else --nothing 1
fails 'a resume with another width' 1 'field.0.weight' train --resume --output run --hidden 17 --quiet
fails 'an evaluation of no run' 1 'config.json' "$costate" evaluate empty
fails 'with other samples' 1 'the run is for 64' "$costate" evaluate run --data two-moons
fails 'fewer than none of them' 2 'rows' "$costate" evaluate run --rows -3
cp -r run nameless && sed -i 's/"precision": "float32"/"precision": null/' nameless/config.json
fails 'a run without a name that it needs' 1 'precision' "$costate" info nameless
cp -r run digits
ok 'a run that is called like its data' "$costate" evaluate digits --data digits --rows 64
ok 'does not hide them' train $quick --dry-run
rm -r digits
ok 'a part of a set' train $quick --data digits:part=test --rows 0 --dry-run
is 'is not judged by itself' 1 "$(grep -c '1438 samples of 1x8x8, 10 classes; 359 to test' out)"
ok 'a folder of pictures' train --data here/pictures/ --hidden 4 --iterations 1 --quiet
is 'names its run' yes "$([ -d run-pictures ] && echo yes)"
fails 'in no precision' 2 'float16' "$costate" evaluate run --precision float16
cp -r run short && head -c 500 run/checkpoint.safetensors > short/checkpoint.safetensors
fails 'a checkpoint cut off' 1 'checkpoint.safetensors' "$costate" evaluate short
before=$(md5sum < run/checkpoint.safetensors)
fails 'a full disk while training' 1 'metrics.jsonl' bash -c "ulimit -f 200; trap '' XFSZ; \"\$0\" train ode-classifier --resume --output run --iterations 100000 --quiet" "$costate"
ok 'loses nothing' "$costate" evaluate run --rows 64

finish
