#!/bin/bash
# make bench: every program of bench/, one after the other, on one thread; then the peers where they are installed.
set -u
cd "$(dirname "$0")/.." || exit 1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
for program in build/release/bench/*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    echo "== $(basename "$program")"
    "$program" || exit 1
done
for peer in bench/peers/*.sh; do
    [ -f "$peer" ] || continue
    echo "== $(basename "$peer")"
    "$peer" || exit 1
done
