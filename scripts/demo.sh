#!/bin/bash
# make demo: lynx and hare of Hudson Bay, the last quarter held out. Trains a neural ODE, and beside it Lotka and
# Volterra's equations with their constants unknown; each prints its forecast's error against persistence and a linear autoregression.
set -eu
cd "$(dirname "$0")/.."
costate=build/release/costate
$costate train ode --data lynx-hare --holdout 0.25 --output build/demo
if [ -f examples/lynx-hare.ode ]; then
    $costate train ode --system examples/lynx-hare.ode --data lynx-hare --holdout 0.25 --output build/demo/lotka-volterra
fi
echo "The report: build/demo/report.html"
