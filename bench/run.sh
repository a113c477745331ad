#!/bin/bash
# make bench: our programs, the hand-written limit where it is there, and the peers that are installed (bench/peers/setup.sh),
# all on one core in one run, set side by side.
set -u
cd "$(dirname "$0")/.." || exit 1
exec python3 bench/compare.py "$@"
