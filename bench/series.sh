#!/bin/bash
# bench/series.sh [FOLDER [SEEDS]]: forecasts of measured series with the default recipe, the last quarter held out, beside
# persistence and a linear autoregression (docs/forecasting.md has the numbers). FOLDER holds the files as their sources
# publish them; lynx and hare are built in. SEEDS: how many, 3.
set -u
cd "$(dirname "$0")/.." || exit 1
costate=${COSTATE:-build/release/costate}
folder=${1:-../shared/data/series}
seeds=${2:-3}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

row() { # NAME SEED ARGUMENTS...
    local name=$1 seed=$2
    shift 2
    "$costate" train ode "$@" --seed "$seed" --quiet --json --output "$scratch/run" --overwrite > "$scratch/result" ||
        return 1
    python3 - "$name" "$seed" "$scratch/result" << 'END'
import json, sys
r = json.load(open(sys.argv[3]))
f, w = r["forecast"], r["whole"]
print(f"| {sys.argv[1]} | {sys.argv[2]} | {f['rows']} x {f['starts']} | {f['model']:.4f} | {f['persistence']:.4f} | "
      f"{f['autoregression']:.4f} ({r['order']}) | {w['rows']} | {w['model']:.4f} | {w['autoregression']:.4f} | {r['seconds']:.1f} |")
END
}

echo '| series | seed | rows x starts | neural ODE | persistence | autoregression (order) | rows, one start | neural ODE | autoregression | seconds |'
echo '|---|---|---|---|---|---|---|---|---|---|'
for seed in $(seq 0 $((seeds - 1))); do row 'lynx and hare' "$seed" --data lynx-hare; done
row 'lynx and hare, Lotka-Volterra' 0 --data lynx-hare --system examples/lotka-volterra-fit.ode
series() { # NAME FILE
    if [ ! -f "$folder/$2" ]; then
        echo "$1: $folder/$2 is not there, left out" >&2
        return
    fi
    for seed in $(seq 0 $((seeds - 1))); do row "$1" "$seed" --data "$folder/$2"; done
}
series 'pendulum, measured' schmidt_lipson_real_pend_h_1.txt.gz
series 'oscillator, measured' schmidt_lipson_real_linear_h_1.txt.gz
series 'Lorenz 63, noisy' gtf_lorenz63_noisy_train_f32.npy.gz
