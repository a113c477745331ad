#!/bin/bash
# `costate tune` as people use it: noise, a condition, weights; what it leaves; mistakes.
. "$(dirname "$0")/../check.sh"
costate=$1

cat > "$scratch/m.json" << 'END'
{ "weights": [0.4, 0.6], "means": [[1, 0.5], [-1, -0.3]], "variances": [[0.1, 0.2], [0.15, 0.1]] }
END
echo '1.2,0.4' > "$scratch/one.csv"
number() { grep -o "\"$1\": [0-9.e-]*" "$scratch/out" | head -n 1 | sed 's/.*: //'; }
at_most() { # NAME MOST GOT
    awk -v a="$2" -v b="$3" 'BEGIN { exit !(b <= a) }'
    count "$1" $? "$3 is more than $2"
}
tune() { "$costate" tune "$@" --quiet --output "$scratch/t" --overwrite; }
part() { awk -v a="$(number loss_before)" -v b="$(number loss_after)" 'BEGIN { print b / a }'; }

ok 'noise of a mixture' tune "$scratch/m.json" --target "$scratch/one.csv" --n 8 --json
at_most 'the loss falls to a fifth' 0.2 "$(part)"
for file in report.html before.npy after.npy noise.npy tune.json metrics.jsonl; do
    ok "it leaves $file" test -s "$scratch/t/$file"
done
is 'a line of metrics a step' 50 "$(wc -l < "$scratch/t/metrics.jsonl")"
ok 'its noise is a start' "$costate" sample "$scratch/m.json" --start "$scratch/t/noise.npy" --output "$scratch/y.npy" --quiet
cmp -s "$scratch/y.npy" "$scratch/t/after.npy"
count 'from which the tuned samples come, bit for bit' $? ''
for adjoint in tape checkpoints; do
    ok "by $adjoint" tune "$scratch/m.json" --target "$scratch/one.csv" --n 8 --adjoint $adjoint
    cmp -s "$scratch/t/after.npy" "$scratch/y.npy"
    count 'gives the same samples' $? ''
done
ok 'backwards without memory' tune "$scratch/m.json" --target "$scratch/one.csv" --sampler o-belm --adjoint reversible
ok 'by the continuous adjoint' tune "$scratch/m.json" --target "$scratch/one.csv" --adjoint continuous --json
at_most 'it falls too' 0.5 "$(part)"
ok 'within a radius' tune "$scratch/m.json" --target "$scratch/one.csv" --radius 0.1 --json
at_most 'it stays there' 0.1000001 "$(number moved)"
ok 'until it is good enough' tune "$scratch/m.json" --target "$scratch/one.csv" --until 0.5 --iterations 500 --json
at_most 'and no longer' 200 "$(number iterations)"

ok 'a run with classes' "$costate" train score --data digits --rows 400 --conditional --hidden 32 --depth 1 --epochs 2 \
    --quiet --output "$scratch/run"
{
    echo x,y,kind
    awk 'BEGIN { for (i = 0; i < 200; i++) printf "%g,%g,%s\n", i % 7 / 9 + i % 2, i % 11 / 9, i % 2 ? "red" : "blue" }'
} > "$scratch/kinds.csv"
ok 'a run of a table' "$costate" train score --data "$scratch/kinds.csv" --label kind --conditional --hidden 16 --depth 1 --epochs 2 --quiet \
    --output "$scratch/kinds"
ok 'its classes are told by its own column' tune "$scratch/kinds" --class 0 --target class:1 --steps 5 --iterations 5 --n 4
ok 'a class by its name' tune "$scratch/kinds" --class red --target class:1 --steps 5 --iterations 5 --n 4
ok 'in samples too' "$costate" sample "$scratch/kinds" --class red,0 --n 2 --steps 5 --quiet --output "$scratch/y.csv"
is 'is its number' '1 0' "$(tail -n 2 "$scratch/y.csv" | cut -d, -f3 | paste -sd ' ')"
fails 'a name that there is not' 2 'they are 0 to 1 (blue, red)' "$costate" sample "$scratch/kinds" --class rd
fails 'what it left stays' 1 '--overwrite' "$costate" tune "$scratch/kinds" --target "$scratch/one.csv" --output "$scratch/t"
fails 'a class by another word' 2 'no file, and no class:K' tune "$scratch/kinds" --target clas:1
ok 'away from a class' tune "$scratch/run" --class 3 --target not:3 --steps 5 --iterations 10 --n 4
is 'the classifier is asked' 1 "$(grep -c 'are class 3' "$scratch/out")"
ok 'samples to aim at' "$costate" sample "$scratch/run" --class 7 --n 6 --steps 5 --output "$scratch/x.npy" --quiet
ok 'a condition' tune "$scratch/run" --of condition --target "$scratch/x.npy" --loss mean --steps 5 --iterations 5
ok 'is left as numbers' test -s "$scratch/t/condition.npy"
ok 'weights' tune "$scratch/run" --of weights --target "$scratch/x.npy" --steps 5 --iterations 5 --same-noise --json
at_most 'they learn' 0.99 "$(part)"
ok 'are a run that is sampled' "$costate" sample "$scratch/t" --n 4 --steps 5 --quiet

fails 'no model named' 2 'which model' "$costate" tune
fails 'no target' 2 'class:K' "$costate" tune "$scratch/m.json"
fails 'no such file' 2 nowhere.npy "$costate" tune "$scratch/m.json" --target nowhere.npy
fails 'a target of other columns' 1 'numbers' "$costate" tune "$scratch/m.json" --target "$scratch/x.npy"
fails 'what is not there to tune' 2 "did you mean 'noise'" "$costate" tune "$scratch/m.json" --of nois --target "$scratch/one.csv"
fails 'weights of a mixture' 2 'no weights' "$costate" tune "$scratch/m.json" --of weights --target "$scratch/one.csv"
fails 'a condition of a mixture' 2 'no classes' "$costate" tune "$scratch/m.json" --of condition --target "$scratch/one.csv"
fails 'a class without a classifier' 2 "--classifier" "$costate" tune "$scratch/m.json" --target class:1
fails 'a class that there is not' 2 '0 to 9' "$costate" tune "$scratch/run" --target class:12
fails 'reversible by a sampler that is not' 2 bdia "$costate" tune "$scratch/m.json" --target "$scratch/one.csv" \
    --adjoint reversible
fails 'as many as there are targets' 2 'as many' "$costate" tune "$scratch/run" --target "$scratch/x.npy" --n 5
[ ! -e run-tune ]
count 'mistakes leave nothing' $? 'run-tune is there'
finish
