#!/bin/bash
# make demo: lynx and hare of Hudson Bay, the last quarter held out. Trains a neural ODE, and beside it Lotka and Volterra's
# equations with their constants unknown; prints the forecasts' errors beside persistence and a linear autoregression.
set -eu
cd "$(dirname "$0")/.."
costate=${COSTATE:-build/release/costate}
demo=build/demo
mkdir -p $demo
"$costate" train ode --data lynx-hare --holdout 0.25 --output $demo --overwrite
printf '\n'
"$costate" train ode --system examples/lotka-volterra-fit.ode --data lynx-hare --holdout 0.25 \
    --output $demo/lotka-volterra --overwrite --quiet --json > $demo/lotka-volterra.json
sed -n 's/^ *"\(birth\|hunt\|death\|gain\)": \(-\{0,1\}[0-9.]*\).*/  \1 \2/p' $demo/lotka-volterra.json |
    sed '1i Lotka and Volterra'"'"'s equations, their constants fitted by the same tool:'
sed -n '/"whole"/,/}/s/.*"model": \([0-9.e-]*\).*/  forecast error \1/p' $demo/lotka-volterra.json
printf '\nThe report: %s/report.html\n' $demo
