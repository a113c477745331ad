#!/bin/bash
# `costate search` as people use it: a schedule that is better, its file, mistakes.
. "$(dirname "$0")/../check.sh"
costate=$1

cat > "$scratch/m.json" << 'END'
{ "weights": [0.1, 0.2, 0.3, 0.4], "means": [[1.2, 0.8], [-1, 0.9], [-0.7, -1.1], [0.9, -0.6]],
  "variances": [[0.04, 0.09], [0.06, 0.03], [0.05, 0.05], [0.02, 0.08]] }
END
search() { "$costate" search "$scratch/m.json" --t-end 1e-3 --points 64 --held-out 128 --quiet "$@"; }
number() { grep -o "\"$1\": [0-9.e-]*" "$scratch/out" | head -n 1 | sed 's/.*: //'; }
at_least() { # NAME LEAST GOT
    awk -v a="$2" -v b="$3" 'BEGIN { exit !(b >= a) }'
    count "$1" $? "$3 is less than $2"
}

ok 'a search' search --steps 5 --sampler dpmpp-2m --method gradient --budget 300 --output "$scratch/s.json"
is 'it has a table' 1 "$(grep -c '^  dpmpp-2m  *found  *5 ' "$scratch/out")"
ok 'the same as JSON' search --steps 5 --sampler dpmpp-2m --method gradient --budget 300 --json
at_least 'three times better on points that it did not see' 3 "$(number median_ratio_same_sampler)"
is 'none of them evaluates more often' 0 "$(grep -c '"nfe": [6-9]' "$scratch/out")"
is 'the file has its times' 1 "$(grep -c '"times": \[1.0, ' "$scratch/s.json")"
ok 'the file is sampled with' "$costate" sample "$scratch/m.json" --t-end 1e-3 --found "$scratch/s.json" --n 8 --json
is 'with as many evaluations' 5 "$(number nfe)"
ok 'it is gone on with' search --from "$scratch/s.json" --steps 5 --budget 40 --compare same --json
at_least 'and is no worse' 3 "$(number median_ratio_same_sampler)"
ok 'decisions' search --steps 4 --budget 60 --method evolution --compare same --output "$scratch/u.json"
is 'are in the file' 1 "$(grep -c '"decisions": \[{"order": 1' "$scratch/u.json")"
cp "$scratch/u.json" "$scratch/again.json"
ok 'the same seed' search --steps 4 --budget 60 --method evolution --compare same --output "$scratch/u.json"
ok 'finds the same' cmp "$scratch/u.json" "$scratch/again.json"
ok 'another noise schedule' "$costate" search "$scratch/m.json" --schedule edm --steps 4 --budget 40 --points 16 \
    --held-out 16 --sampler ipndm --compare same --quiet
if command -v gnuplot > /dev/null; then
    ok 'a picture' search --steps 4 --budget 20 --compare same --picture "$scratch/p.png"
    is 'is a PNG' PNG "$(head -c 4 "$scratch/p.png" | tail -c 3)"
fi

ok 'the experiment' "$costate" reproduce schedule-search --quick --quiet --output "$scratch/r"
is 'has a table for a page' 1 "$(grep -c '^| best of all ' "$scratch/r/table.md")"
is 'and the numbers' 6 "$(grep -c '"ratio_best_of_all"' "$scratch/r/results.json")"
fails 'a row that there is not' 2 "did you mean 'decisions'" "$costate" reproduce schedule-search --rows decision

fails 'no model named' 2 'which model' "$costate" search
fails 'no such model' 1 nowhere.json "$costate" search "$scratch/nowhere.json"
fails 'no folder, told before the search' 1 'cannot be written' search --budget 100000000 --output no/s.json
fails 'a picture of another kind' 2 '.png or .svg' search --budget 100000000 --picture p.gif
fails 'one step' 2 '2 to 1000' search --steps 1
fails 'unknown sampler' 2 "did you mean 'dpmpp-2m'" search --sampler dpmpp-2n
fails 'a sampler that draws noise' 2 'draws noise' search --sampler ddpm
fails 'a sampler that chooses its steps' 2 'chooses its steps' search --sampler dpm-adaptive
fails 'unknown method' 2 'evolution, gradient or both' search --method descent
fails 'unknown schedule' 2 'vp-linear' search --schedule vp-liner
fails 'no order like that' 2 'order' search --sampler ddim --order 7
fails 'a begin that is none' 1 'no found schedule' search --from "$scratch/m.json"
fails 'a begin for another sampler' 2 'no beginning' search --from "$scratch/s.json" --sampler ddim
fails 'a begin of another length' 2 'no beginning' search --from "$scratch/s.json" --steps 6
fails 'a begin on another schedule' 2 'vp-linear' "$costate" search "$scratch/m.json" --from "$scratch/s.json" \
    --schedule cosine --steps 5
fails 'a schedule on another one' 2 'vp-linear' "$costate" sample "$scratch/m.json" --found "$scratch/s.json" \
    --schedule cosine
fails 'guidance without classes' 2 'classes' search --guidance 2
fails 'a full disk' 1 'No space' search --steps 4 --budget 20 --compare same --output /dev/full
finish
