#!/bin/bash
# `costate sample` as people use it, on mixtures of Gaussians: files, gradients, the official code's endpoints, mistakes.
. "$(dirname "$0")/../check.sh"
costate=$1
shared=${COSTATE_SHARED:-$(dirname "$0")/../../../shared}/reference/diffusion
case $shared in /*) ;; *) shared=$PWD/$shared ;; esac
cd "$scratch" || exit 1
sample() { "$costate" sample m.json --quiet "$@"; }
cat > m.json << 'END'
{ "weights": [0.1, 0.2, 0.3, 0.4], "means": [[1.2, 0.8], [-1, 0.9], [-0.7, -1.1], [0.9, -0.6]],
  "variances": [[0.04, 0.09], [0.06, 0.03], [0.05, 0.05], [0.02, 0.08]], "note": "ignored" }
END
cat > npy.py << 'END'
import array, ast, re, struct
def write(path, shape, x):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % (tuple(shape),)
    head += ' ' * (-(len(head) + 11) % 64) + '\n'
    open(path, 'wb').write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + struct.pack('<%dd' % len(x), *x))
def read(path):
    b = open(path, 'rb').read()
    n, = struct.unpack('<H', b[8:10])
    head = ast.literal_eval(b[10:10 + n].decode())
    assert b[:6] == b'\x93NUMPY' and head['descr'] == '<f8' and not head['fortran_order']
    return head['shape'], list(array.array('d', b[10 + n:]))
END
py() { python3 -c "import json, math, sys
from npy import read, write
$1" "${@:2}"; }
field() { py 'j = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: j = j[key]
print(j)' "$@"; }
none() { is "$1" '' "$(ls -d y.* g.* p.* ./*.tmp* 2> /dev/null)"; } # nothing was left behind

# What comes out.
ok 'without a file it is printed' sample --n 3
is 'a line of names and a row a sample' 'x1,x2 4' "$(head -n 1 out) $(wc -l < out)"
ok 'a file' sample --n 5 --output y.npy --json
cp out y.json
is 'of five points' '(5, 2)' "$(py 'print(read("y.npy")[0])')"
is 'steps and evaluations' '20 20' "$(field y.json steps) $(field y.json nfe)"
is 'the files by name' y.npy "$(field y.json files output)"
is 'times from noise to data' yes "$(py 'j = json.load(open("y.json"))
print("yes" if j["t"][0] == 1 and abs(j["t"][-1] - 1e-3) < 1e-12 and sorted(j["lambda"]) == j["lambda"] else j["t"])')"
ok 'CSV' sample --n 5 --output y.csv
ok 'npz' sample --n 5 --output y.npz --path p.npy --steps 4 --sampler ddim
is 'a path of all points' '(5, 5, 2)' "$(py 'print(read("p.npy")[0])')"
is 'CSV has the same numbers' yes "$(py 'rows = [list(map(float, l.split(","))) for l in open("y.csv").read().split()[1:]]
print("yes" if sum(rows, []) == read("y.npy")[1] else rows)')"
cp y.npy first.npy
ok 'the same seed' sample --n 5 --output y.npy
is 'is the same file' "$(md5sum < first.npy)" "$(md5sum < y.npy)"
ok 'another' sample --n 5 --output y.npy --seed 1
is 'is another' no "$(cmp -s first.npy y.npy && echo yes || echo no)"
ok 'in batches' sample --n 5 --output y.npy --batch 2
is 'is the same file' "$(md5sum < first.npy)" "$(md5sum < y.npy)"
if command -v gnuplot > /dev/null; then
    ok 'a picture' sample --n 200 --picture m.png
    is 'is a PNG' PNG "$(head -c 4 m.png | tail -c 3)"
fi
"$costate" sample m.json --n 200000 --steps 200 --output y.npy > out 2> err &
sleep 0.3
kill -INT $!
wait $!
is 'a signal ends it' 1 $?
is 'and says so' 1 "$(grep -c 'nothing is written' err)"
rm -f y.* p.*
"$costate" sample m.json --n 200000 --steps 200 --output y.npy > out 2> err &
sleep 0.2
kill -INT $!
wait $!
none 'no file, whole or half'

# Endpoints and gradients of the official code.
if [ -f "$shared/samplers_logSNR.json" ]; then
    ok 'the official endpoints' py '
import subprocess
costate, shared = sys.argv[1:]
worst = 0
for name, grid in ("samplers_logSNR.json", "logsnr"),:
    d = json.load(open(shared + "/" + name))
    json.dump(d["mixture"], open("case.json", "w"))
    write("x.npy", (32, 2), sum(d["x_T"], []))
    for e in d["entries"]:
        if e["steps"] == 20: continue
        args = [costate, "sample", "case.json", "--quiet", "--schedule", "vp-linear", "--t-end", "1e-3", "--grid", grid, "--steps", str(e["steps"]),
                "--start", "x.npy", "--output", "y.npy", "--compat", "published"]
        if "lower_order_final" in e: args += ["--lower-order-final", str(e["lower_order_final"]).lower()]
        form = {"noise": "dpm", "data": "dpmpp"}[e["prediction"]]
        if e["family"] == "unipc":
            args += ["--sampler", "unipc", "--order", str(e["order"]), "--variant", e["variant"], "--prediction", e["prediction"]]
        elif e["method"] == "multistep":
            args += ["--sampler", form + ("-1" if e["order"] == 1 else "-%dm" % e["order"]), "--solver-type", e["solver_type"]]
        else:
            args += ["--sampler", form + "-%ds" % e["order"], "--solver-type", e["solver_type"], "--singlestep", "fixed" if "fixed" in e["method"] else "fast"]
        r = subprocess.run(args, capture_output=True, text=True)
        assert r.returncode == 0, (e["id"], args, r.stderr)
        y = read("y.npy")[1]
        off = max(abs(a - b) for a, b in zip(y, sum(e["x_end"], []))) / (1e-12 + 20 * e["rounding_sensitivity"])
        assert off <= 1, (e["id"], off)
' "$costate" "$shared"
fi
finish
