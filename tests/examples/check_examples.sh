#!/bin/bash
# What the examples print, beyond ending well, and that they stay short and public.
. "$(dirname "$0")/../check.sh"
examples=$(dirname "$1")/examples
cd "$(dirname "$0")/../.." || exit 1

for source in examples/*.c; do
    is "$source has at most 60 lines" yes "$([ "$(wc -l < "$source")" -le 60 ] && echo yes)"
    is "$source includes one header of ours" 1 "$(grep -c '#include <costate/' "$source")"
    is "$source includes costate.h" 1 "$(grep -c '#include <costate/costate.h>' "$source")"
done

ok '01_decay' "$examples/01_decay"
is 'four lines beside the closed form' 4 "$(grep -c exact "$scratch/out")"
is 'each within 1e-8' 4 "$(awk '/exact/ && $NF < 1e-8 && $NF > -1e-8' "$scratch/out" | wc -l)"

ok '02_spiral' "$examples/02_spiral"
is 'six losses' 6 "$(grep -c 'loss' "$scratch/out")"
is 'the loss falls tenfold at least' yes "$(awk '/loss/ { if (!first) first = $NF; last = $NF }
END { if (last < first / 10) print "yes" }' "$scratch/out")"

# The mean square error of the forecast against that of the last known row standing still.
ok '03_csv' "$examples/03_csv"
is 'columns as in the data' "$(head -n 1 examples/pendulum.csv)" "$(head -n 1 "$scratch/out")"
is 'a row for each of the last quarter' 38 "$(tail -n +2 "$scratch/out" | wc -l)"
is 'four times better than standing still' yes "$(awk -F, 'FNR == 1 { next }
NR == FNR { angle[++n] = $2; next }
{ m++; error += ($2 - angle[n - 38 + m]) ^ 2; still += (angle[n - 38] - angle[n - 38 + m]) ^ 2 }
END { if (error < still / 4) print "yes" }' examples/pendulum.csv "$scratch/out")"
ok '04_sampling' "$examples/04_sampling"
is 'an evaluation and a pullback a step' 1 "$(grep -c '^20 steps, 20 evaluations, 20 pullbacks' "$scratch/out")"
is 'the gradient and its difference' yes "$(awk '/^gradient/ { d = $2 - $4; print (d * d < 1e-14) ? "yes" : d }' "$scratch/out")"
ok '05_tuning' "$examples/05_tuning"
is 'a loss of ones own falls to a tenth' yes "$(awk '/^loss/ { print ($4 < $2 / 10) ? "yes" : $4 / $2 }' "$scratch/out")"
fails '03_csv: a file that is not there' 1 nowhere.csv "$examples/03_csv" nowhere.csv
finish
