#!/bin/bash
# `costate reproduce sampler-gradients`: what its tables must say, whatever the numbers.
. "$(dirname "$0")/../check.sh"
costate=$1
cd "$scratch" || exit 1

ok 'the quick run' "$costate" reproduce sampler-gradients --quick --quiet --output gradients
is 'two models' 2 "$(grep -cE '^## (The exact score|A trained network)$' gradients/table.md)"
is 'four tables each' 8 "$(grep -c '^|---' gradients/table.md)"
is 'a report' 1 "$(grep -c '<h1>sampler-gradients' gradients/report.html)"
command -v gnuplot > /dev/null && is 'and pictures' 2 "$(ls gradients/*.svg | wc -l)"
is 'what the numbers say' good "$(python3 - gradients/results.json << 'END'
import json, sys
results = json.load(open(sys.argv[1]))
wrong = []
for name in "score", "network":
    modes, pan = results[name]["modes"], results[name]["adjoint_dpm"]
    of = lambda mode, key: [row[key] for row in modes if row["mode"].startswith(mode)]
    slope = lambda mode: (of(mode, "bytes_kept")[1] - of(mode, "bytes_kept")[0]) / 20
    state = 8 * 2 * 8  # starts, dimensions, bytes
    checks = {
        "points are the tape": max(of("evaluation points", "from_sampler")) == 0,
        "checkpoints are the tape": max(of("checkpoints", "from_sampler")) == 0,
        "what can be recovered is, to rounding": max(of("reversible", "from_sampler")) < 1e-12,
        "the continuous adjoint is not": min(of("continuous, euler", "from_sampler")) > 0.1,
        "points keep a state a step": slope("evaluation points") == state,
        "the tape keeps residuals": slope("tape") >= of("tape", "bytes_model")[0],
        "reversible ones keep nothing a step": slope("reversible, o-belm") == slope("reversible, bdia") == 0,
        "Euler's error falls by half as steps double": 1.5 < pan[3]["continuous"] / pan[4]["continuous"] < 2.5,
        "rk4's by more": pan[7]["continuous"] / pan[8]["continuous"] > 100,
    }
    wrong += [f"{name}: {what}" for what, holds in checks.items() if not holds]
print(", ".join(wrong) or "good")
END
)"
finish
