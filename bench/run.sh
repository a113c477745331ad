#!/bin/bash
# make bench: our programs beside the peers (those that are installed: bench/peers/setup.sh) and the hand-written limit, on one
# core in one run; then what is measured for its own sake. Arguments go to compare.py: names of works, --markdown FILE, ...
set -u
cd "$(dirname "$0")/.." || exit 1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
unset OPENBLAS_CORETYPE # OpenBLAS takes the kernels that suit the processor
bench/compare.py "$@" || exit 1
[ $# -eq 0 ] || exit 0
echo "== allocations"
build/release/bench/allocations || exit 1
echo "== product"
build/release/bench/product
echo "== memory of gradients through sampling"
build/release/bench/sampler_memory
