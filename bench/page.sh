#!/bin/bash
# Measures and fills docs/performance.md: page.sh [WORK...], everything by default. What is not measured stays as it is.
# On a machine that others use: ROUNDS=3 page.sh, ours and the peers' three times in turn, medians of medians.
set -eu
cd "$(dirname "$0")/.."
make >/dev/null
bench/peers/setup.sh
bench/compare.py --rounds "${ROUNDS:-1}" --lines build/bench.jsonl "$@"
bench/performance.py build/bench.jsonl
