#!/bin/bash
# `costate reproduce` as people use it: tables, going on after a kill, sharing, mistakes.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1
reproduce() { "$costate" reproduce "$@" --quiet; }

# A result without its times.
timeless() { grep -v seconds "$1"; }
# A file of metrics without them.
timeless_lines() { sed -E 's/, "cpu_seconds": [^,}]*//' "$1"; }
value() { # FILE.json KEY.KEY...
    python3 -c 'import json, sys
x = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."): x = x[int(key) if isinstance(x, list) else key]
print(x)' "$1" "$2"
}

# --- three tables -----------------------------------------------------------------------------------------------------
ok 'digits' reproduce mnist-node --quick --rows vanilla,ernode,local-biased --output digits
is 'says that these are not MNIST' 1 "$(grep -c '8 x 8 digits (without --data' out)"
is 'the paper stands beside' 1 "$(grep -cE '^Vanilla +paper +100.00 ± 0.00 +97.94 ± 0.02 +253.0 ± 3.5' out)"
is 'the paper tells a ratio' 1 "$(grep -cE '^ERNODE +paper .* 0.84 ± 0.02 +0.64 ± 0.01' out)"
is 'ours is a ratio to vanilla' 1 "$(grep -E '^ +ours ' out | head -n 1 | grep -cE ' 1.00 +1.00 +1.00  1 seed')"
is 'a page has the table' 3 "$(grep -c '^| .*`\|^| Vanilla |' digits/table.md)"
is 'and there is a report' 1 "$(grep -c '<h1>mnist-node' digits/report.html)"
is 'three trials' 3 "$(ls -d digits/*-s0 | wc -l)"
is 'NFE is 3 + 6 attempts' 3 "$(($(value digits/vanilla-*/result.json figures.nfe | cut -d. -f1) % 6))"
is 'learning happens' yes "$(value digits/vanilla-*/result.json figures.accuracy_test |
    awk '{ print ($1 > 20 ? "yes" : "no, " $1 " %") }')"

ok 'a flow' reproduce flow-toy --quick --data two-moons --rows none,rnode --output flow --json
is 'its density integrates to 1' yes "$(value out results.0.ours.integral.mean |
    awk '{ print ($1 > 0.99 && $1 < 1.01 ? "yes" : "no, " $1) }')"
command -v gnuplot > /dev/null && is 'and has pictures' 2 "$(grep -o 'alt="two-moons' flow/report.html | wc -l)"

ok 'a spiral' reproduce spiral-node --quick --seeds 0..2 --rows vanilla,error-stiffness --output spiral
is 'three seeds have a spread' 1 "$(grep -cE '^ +ours +[0-9.]+ ± [0-9.]+ .* 3 seeds' out | sed 's/2/1/')"
ok 'other coefficients' reproduce spiral-node --quick --rows error --coefficient 0.1,10 --output spiral
is 'join the table' 2 "$(grep -cE '^Error x (0.1|10) ' out)"
is 'which has all that is there' 1 "$(grep -c '^Error + stiffness' out)"
is 'the coefficient was scaled' 10 "$(value spiral/error-x0.1-*/result.json regularizer | grep -o '10' | head -n 1)"
ok 'one that changes' reproduce spiral-node --quick --regularizer error:10..1 --coefficient 0.5 --output changing --json
is 'is told as it would be typed' error:5..0.5 "$(value out results.0.regularizer)"
ok 'a row of your own' reproduce spiral-node --quick --regularizer error+sum:1..0.1 --output spiral
is 'is in the table' 1 "$(grep -c '^error+sum:1..0.1 ' out)"
ok 'the report alone' reproduce spiral-node --output spiral --report
is 'trains nothing' 9 "$(ls -d spiral/*-s[0-2] | wc -l)"
ok 'another precision and tolerance' reproduce spiral-node --quick --rows vanilla --precision float32 --rtol 1e-4 --output spiral
is 'make a table of their own' 2 "$(grep -c '^spiral-node: ' out)"
ok 'what would be done' reproduce spiral-node --dry-run
is 'is 30 trials' 30 "$(grep -c '^  .*-n2000-s[0-4]  ' out)"

# --- killed, and gone on with -----------------------------------------------------------------------------------------------
half="spiral-node --quick --rows error-stiffness --iterations 150 --every 7 --checkpoint 0 --output"
ok 'a whole run' reproduce $half whole
run=$(basename whole/*-s0)
"$costate" reproduce $half killed --quiet > killed.out 2>&1 &
process=$!
for _ in $(seq 200); do
    [ "$(cat killed/*-s0/metrics.jsonl 2> /dev/null | wc -l)" -ge 20 ] && break
    sleep 0.05
done
kill -KILL $process
wait $process 2> /dev/null
is 'killed half way' no "$([ -e "killed/$run/result.json" ] && echo yes || echo no)"
ok 'goes on' reproduce $half killed
is 'to the same result' "$(timeless "whole/$run/result.json")" "$(timeless "killed/$run/result.json")"
is 'along the same way' "$(timeless_lines "whole/$run/metrics.jsonl" | sha256sum)" \
    "$(timeless_lines "killed/$run/metrics.jsonl" | sha256sum)"
before=$(sha256sum "killed/$run/result.json")
ok 'what is done' reproduce $half killed
is 'is left alone' "$before" "$(sha256sum "killed/$run/result.json")"

"$costate" reproduce $half stopped --quiet > stopped.out 2> stopped.err &
process=$!
for _ in $(seq 200); do
    [ "$(cat stopped/*-s0/metrics.jsonl 2> /dev/null | wc -l)" -ge 20 ] && break
    sleep 0.05
done
kill -INT $process # a shell without job control starts its jobs deaf to it; the command installs its own handler
wait $process
is 'Ctrl-C is told' 1 "$(grep -c 'everything is in stopped' stopped.err)"
ok 'and goes on' reproduce $half stopped
is 'to the same result again' "$(timeless "whole/$run/result.json")" "$(timeless "stopped/$run/result.json")"

mkdir -p "held/$run"
(
    flock 9
    "$costate" reproduce $half held > held.out 2> held.err
) 9> "held/$run/lock"
is 'what another process holds is left to it' 1 "$(cat held.out held.err | grep -c 'holds no result')"

# --- mistakes ----------------------------------------------------------------------------------------------------------------
fails 'nothing' 2 'mnist-node' reproduce
fails 'no such experiment' 2 'did you mean mnist-node?' reproduce mnist-nod
fails 'no such row' 2 'did you mean ernode?' reproduce mnist-node --quick --rows ernod
fails 'no such data' 2 'two-moons' reproduce flow-toy --quick --data moon
fails 'no such regularizer' 2 "did you mean 'error'?" reproduce spiral-node --regularizer eror:1
fails 'a malformed schedule' 2 'error:100-10' reproduce spiral-node --regularizer error:100-10
fails 'seeds that are none' 2 '0..2' reproduce spiral-node --seeds 2..0
fails 'a precision that is none' 2 'float32' reproduce spiral-node --precision half
fails 'a tolerance that is none' 2 '--rtol' reproduce spiral-node --rtol=-1
fails 'no iterations' 2 '--iterations' reproduce spiral-node --iterations 0
fails 'too many threads' 2 '--threads is 99' reproduce spiral-node --threads 99
fails 'MNIST without a folder' 1 'train-images-idx3-ubyte' reproduce mnist-node --output nothing
fails 'MNIST from the wrong folder' 1 'train-images-idx3-ubyte' reproduce mnist-node --data . --output nothing
fails 'another trial under the same name' 1 '"every"' reproduce $half whole --every 8
fails 'a report of nothing' 1 'nowhere' reproduce spiral-node --report --output nowhere
echo '{"experiment": ' > "whole/$run/result.json"
fails 'a broken result' 1 'no valid JSON' reproduce spiral-node --report --output whole
fails 'a coefficient that blows up' 1 'trials failed' reproduce mnist-node --quick --regularizer error+sum:1e300 --output blown
is 'leaves a checkpoint' 1 "$(ls blown/*/checkpoint.safetensors 2> /dev/null | wc -l)"
finish
