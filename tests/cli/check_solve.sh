#!/bin/bash
# `costate solve` as people use it: tables, files, mistakes.
. "$(dirname "$0")/../check.sh"
costate=$1

cat > "$scratch/lv.ode" << 'END'
a = 1.5
b = 1
c = 3
d = 1
x' = a*x - b*x*y
y' = -c*y + d*x*y
x(0) = 1
y(0) = 1
t = 0 .. 10
loss = x + y
END
solve() { "$costate" solve "$scratch/lv.ode" "$@"; }

ok 'a table' solve
is 'it has the end state' 1 "$(grep -c '^t = 10$' "$scratch/out")"
is 'and the statistics' 1 "$(grep -c '^tsit5: .* steps, .* rejected, .* evaluations' "$scratch/out")"
ok 'rows' solve --at 0:2.5:10 --gradient --rtol=1e-8
is 'a row a time' 5 "$(grep -cE '^ +[0-9.]+ +[0-9.]+ +[0-9.]+$' "$scratch/out")"
is 'the gradient' 1 "$(grep -cE '^  x\(0\) ' "$scratch/out")"
echo '{"atol": [1e-8, 1e-9], "at": [1, 2], "set": ["a=2"], "json": true, "colour": 1}' > "$scratch/solve.json"
ok 'a configuration file' solve --config "$scratch/solve.json"
is 'is read' 1 "$(grep -c '"t": \[1, 2\]' "$scratch/out")"
ok 'a CSV alone' solve --output "$scratch/lv.csv"
is 'has its header' t,x,y "$(head -n 1 "$scratch/lv.csv")"
if command -v gnuplot > /dev/null; then
    ok 'a picture' solve --plot "$scratch/lv.png"
    is 'is a PNG' PNG "$(head -c 4 "$scratch/lv.png" | tail -c 3)"
fi

fails 'no file named' 2 'which system' "$costate" solve
fails 'no such file' 1 nowhere.ode "$costate" solve "$scratch/nowhere.ode"
fails 'unknown method' 2 'did you mean "tsit5"' solve --method tsit
fails 'unknown controller' 2 'pid' solve --controller pidd
fails 'neither precision' 2 'neither float64 nor float32' solve --precision double
fails 'outside the interval' 2 'outside of the interval' solve --at 0,11
fails 'times out of order' 2 'stands behind' solve --at 4,1
fails 'no range' 2 'START:STEP:END' solve --at 0:1
fails 'a range going nowhere' 2 'gets nowhere' solve --at 0:-1:10
fails 'endless range' 2 'are the most' solve --at 0:1e-12:10
fails 'two tolerances for three' 2 '3 numbers for 2 states' solve --atol 1e-3,1e-4,1e-5
fails 'negative tolerance' 2 '>= 0' solve --rtol=-1
fails 'no tolerance at all' 2 'both 0' solve --rtol 0 --atol 0
fails 'backward step' 2 'not greater than 0' solve --fixed-step=-0.1
fails 'nothing called so' 2 "no parameter is called 'aa'" solve --set aa=2
fails 'no number' 2 'finite number' solve --set a=two
fails 'no NAME=NUMBER' 2 'NAME=NUMBER' solve --set a
fails 'a method without an estimate' 1 'fixed step' solve --method rk4
fails 'a full disk' 1 'No space' solve --output /dev/full
sed '/loss/d' "$scratch/lv.ode" > "$scratch/bare.ode"
fails 'a gradient of what' 1 'no loss' "$costate" solve "$scratch/bare.ode" --gradient
sed '/x(0)/d' "$scratch/lv.ode" > "$scratch/startless.ode"
fails 'no start value' 1 'state x has no start value' "$costate" solve "$scratch/startless.ode"
fails 'a trained run that is not there' 1 'nowhere' solve --run "$scratch/nowhere"
sed 's/y(0) = 1/y(0) = /' "$scratch/lv.ode" > "$scratch/wrong.ode"
fails 'a mistake in the text' 1 'wrong.ode:8:' "$costate" solve "$scratch/wrong.ode"
finish
