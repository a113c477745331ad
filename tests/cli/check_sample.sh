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
"$costate" sample m.json --n 1000000 --steps 1000 --output y.npy > out 2> err &
job=$!
while ! awk '/^SigCgt/ { exit index("2367abef", substr($2, length($2))) == 0 }' /proc/$job/status; do sleep 0.02; done
sleep 0.1
kill -INT $job
wait $job
is 'a signal ends it' 1 $?
is 'and says so' 1 "$(grep -c 'nothing is written' err)"
is 'the file before it stays' "$(md5sum < first.npy)" "$(md5sum < y.npy)"
rm -f y.* p.*
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
        if e["steps"] != 10: continue
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

# Gradients: v . y differentiated by x, by every adjoint, against central differences through the command.
py 'import random
random.seed(3)
for name in "x", "v": write(name + ".npy", (3, 2), [random.gauss(0, 1) for _ in range(6)])'
cat > gradient.py << 'END'
# Prints the largest difference of g.npy, relative to the largest component of the gradient, from (L(x + h e) - L(x - h e)) / 2 h with
# h = 1e-4 and 2e-4 extrapolated (error h^4, about 1e-11 here, and rounding, 1e-16 / h); the command's arguments are ours.
import subprocess, sys
from npy import read, write
x, v = read("x.npy")[1], read("v.npy")[1]
def loss(x):
    write("moved.npy", (3, 2), x)
    subprocess.run(sys.argv[1:] + ["--quiet", "--start", "moved.npy", "--output", "moved_y.npy"], check=True, capture_output=True)
    return sum(a * b for a, b in zip(read("moved_y.npy")[1], v))
def moved(k, h): return loss(x[:k] + [x[k] + h] + x[k + 1:])
def central(k, h): return (moved(k, h) - moved(k, -h)) / (2 * h)
want = [(4 * central(k, 1e-4) - central(k, 2e-4)) / 3 for k in (0, 3, 4)] # one of each point
got = read("g.npy")[1]
print(max(abs(a - got[k]) for a, k in zip(want, (0, 3, 4))) / max(map(abs, want)))
END
below() { is "$1" yes "$(awk -v x="$3" -v most="$2" 'BEGIN { print (x + 0 == x && x <= most) ? "yes" : x }')"; }
back="--start x.npy --cotangent v.npy --gradient g.npy --json"
for sampler in dpmpp-2m unipc; do
    ok "$sampler: a gradient" sample $back --sampler $sampler --steps 6 --output y.npy
    below 'is that of differences' 1e-8 "$(python3 gradient.py "$costate" sample m.json --sampler $sampler --steps 6)"
done
ok 'a noisy one: the same noise' sample $back --sampler ddim --eta 1 --seed 4 --steps 6
below 'is replayed' 1e-8 "$(python3 gradient.py "$costate" sample m.json --sampler ddim --eta 1 --seed 4 --steps 6)"
ok 'points' sample $back --sampler bdia --steps 12
cp g.npy points.npy
for adjoint in tape "checkpoints --budget 500" reversible "last --last 12"; do
    ok "--adjoint $adjoint" sample $back --sampler bdia --steps 12 --adjoint $adjoint
    below 'is the same' 1e-11 "$(py 'a, b = read("points.npy")[1], read("g.npy")[1]
print(max(abs(x - y) for x, y in zip(a, b)) / max(map(abs, a)))')"
done
ok 'the last steps alone' sample $back --sampler bdia --steps 12 --adjoint last --last 3
is 'reach no start, and that is said' '0.0 1' "$(py 'print(max(map(abs, read("g.npy")[1])))') $(grep -c 'no gradient reaches the start' err)"
ok 'continuous' sample $back --steps 12 --adjoint continuous --adjoint-method rk4
ok 'and adaptive' sample $back --steps 12 --adjoint continuous --adjoint-rtol 1e-6
if [ -f "$shared/case_A.json" ]; then # of the exact solution, to which both come
    py 'd = json.load(open(sys.argv[1] + "/case_A.json"))
json.dump(d["mixture"], open("case.json", "w"))
write("x.npy", (32, 2), sum(d["x_T"], []))
write("v.npy", (32, 2), [c + x for row in d["x_end"] for c, x in zip((0.3, -0.7), row)])' "$shared"
    ok 'the gradient of the flow' "$costate" sample case.json --quiet $back --sampler dpmpp-3m --steps 1000 --output y.npy
    below 'is the reference' 1e-5 "$(py 'd = json.load(open(sys.argv[1] + "/case_A.json"))
print(max(abs(a - b) for a, b in zip(read("g.npy")[1], sum(d["grad_x_T"] if "grad_x_T" in d else d["loss"]["grad_x_T"], []))))' "$shared")"
fi
rm -f y.* g.* p.*

# Other starts.
printf '0.9,-0.6\n' > near.csv
ok 'image to image' sample --from near.csv --strength 0.25 --n 4 --output y.csv --json
is 'is the last part of the steps' 5 "$(field out steps)"
is 'and stays near' 4 "$(awk -F, 'NR > 1 && ($1 - 0.9) ^ 2 + ($2 + 0.6) ^ 2 < 0.1' y.csv | wc -l)"
printf '1,0\n' > mask.csv
ok 'inpainting' sample --sampler ddim --known near.csv --mask mask.csv --n 40 --output y.csv
is 'keeps what is known' -0.6 "$(tail -n +2 y.csv | cut -d, -f2 | sort -u)"
ok 'there' sample --start near.csv --sampler o-belm --invert --steps 400 --output there.npy
ok 'and back' sample --start there.npy --sampler o-belm --steps 400 --output back.npy
below 'is where it was' 1e-3 "$(py 'print(max(abs(a - b) for a, b in zip(read("back.npy")[1], (0.9, -0.6))))')"
ok 'a grid by hand' sample --times 1,0.5,0.1,1e-3 --n 2 --json --output y.npy
is 'of three steps' 3 "$(field out steps)"
ok 'as many as evaluations allow' sample --nfe 11 --sampler heun --n 2 --json --output y.npy
is 'five of two' '5 10' "$(field out steps) $(field out nfe)"
echo '{ "_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "scaled_linear", "use_karras_sigmas": true, "colour": 1 }' > scheduler.json
ok "diffusers' words" sample --scheduler scheduler.json --steps 8 --n 2 --json --output y.npy
is 'are understood' 'dpmpp-2m scaled-linear karras' "$(field out sampler) $(field out schedule) $(field out grid)"
is 'what its class lacks is named' 1 "$(grep -c 'ignored: colour' err)"
ok 'a network of another kind' sample --seed 1 --n 2 --network v --output v.npy
ok 'than this' sample --seed 1 --n 2 --output y.npy
below 'has the same samples' 1e-11 "$(py 'print(max(abs(a - b) for a, b in zip(read("y.npy")[1], read("v.npy")[1])))')"
ok 'and begins without data' sample --network v --schedule ddpm --zero-terminal-snr --grid trailing --sampler ddim --n 2 --output y.npy
echo '{ "_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3 }' > flow.json
ok 'so does a flow' sample --scheduler flow.json --n 2 --output y.npy

# Noise around mu: the samples, and the gradient, are those of the mixture about mu, moved there.
py 'd, mu = json.load(open("m.json")), (0.7, -1.3)
d["means"] = [[a - b for a, b in zip(row, mu)] for row in d["means"]]
json.dump(d, open("about.json", "w"))
write("mu.npy", (1, 2), mu)
write("moved.npy", (3, 2), [a - mu[i % 2] for i, a in enumerate(read("x.npy")[1][:6])])'
py 'write("start.npy", (3, 2), read("x.npy")[1][:6])
write("back.npy", (3, 2), [1, -1, 2, 0.5, 0, 3])'
about="--schedule mean-reverting --cotangent back.npy --gradient g.npy --output y.npy"
for told in 'mr-sampler --order 2' 'mr-sampler --order 3 --network edm' 'mr-sampler-sde --network v'; do
    ok "--sampler $told: a mean" sample $about --start start.npy --sampler $told --mean mu.npy
    cp y.npy here.npy && cp g.npy here_g.npy
    ok 'and none' "$costate" sample about.json --quiet $about --start moved.npy --sampler $told
    below 'are the same, moved' 1e-11 "$(py 'print(max(abs(a - b - (0.7, -1.3)[i % 2]) for i, (a, b) in enumerate(zip(read("here.npy")[1], read("y.npy")[1]))))')"
    below 'so is the gradient' 1e-11 "$(py 'print(max(abs(a - b) for a, b in zip(read("here_g.npy")[1], read("g.npy")[1])))')"
done
fails 'a mean of another schedule' 2 'this is vp-linear' sample --mean mu.npy --sampler mr-sampler --output no.npy
fails 'of another sampler' 2 'this is dpmpp-2m' sample --mean mu.npy --schedule mean-reverting --output no.npy
rm -f g.npy
rm -f y.*

# Samplers that are no sequence of steps. Of p^2 the parts have weights w^2 / sqrt(v1 v2), here 0.024, 0.136, 0.261, 0.579; of 2000
# particles that were resampled, the last's part is off by less than 0.1.
ok 'particles' sample --sampler fkc --power 2 --n 2000 --steps 50 --output y.npy --json
is 'and their evaluations' 101 "$(field out nfe)"
below 'are of the power' 0.1 "$(py 'x = read("y.npy")[1]
print(abs(sum(a > 0.2 and b < 0.2 for a, b in zip(x[::2], x[1::2])) / 2000 - 0.579))')"
ok 'a chain' sample --sampler dmcmc --n 20 --output y.csv
is 'is among the data' 20 "$(awk -F, 'NR > 1 && $1 * $1 + $2 * $2 < 9' y.csv | wc -l)"
fails 'a power of another' 2 'for --sampler fkc' sample --power 2 --output no.npy
fails 'a start of particles' 2 'does not take --start' sample --sampler fkc --start x.npy --output no.npy
rm -f y.*

# A trained run.
ok 'training' "$costate" train score --data two-moons:n=200 --hidden 16 --depth 2 --epochs 2 --quiet --output run
ok 'a run' "$costate" sample run --quiet --n 50 --steps 5
for file in samples.npy samples.html; do
    is "it has $file" yes "$([ -s "run/$file" ] && echo yes)"
done
ok 'in double precision' "$costate" sample run --quiet --n 50 --steps 5 --float64 --output other.npy
below 'is nearly the same' 2e-3 "$(py 'print(max(abs(a - b) for a, b in zip(read("run/samples.npy")[1], read("other.npy")[1])))')"
fails 'its schedule is its own' 2 'was trained on' "$costate" sample run --schedule flow
fails 'it knows no classes' 2 'not trained on classes' "$costate" sample run --class 1
fails 'nothing was found' 1 'costate search' "$costate" sample run --sampler found --steps 5
ok 'training with classes' "$costate" train score --data digits:n=100 --conditional --hidden 16 --depth 1 --epochs 1 --quiet --output ten
ok 'images' "$costate" sample ten --quiet --class 3,7 --guidance 2 --n 4 --output y.npz --json
is 'as a picture' PNG "$(head -c 4 y.png | tail -c 3)"
ok 'as a table' "$costate" sample ten --quiet --class 3,7 --n 4 --output y.csv
ok 'which is a start, its column of classes aside' "$costate" sample ten --quiet --from y.csv --output z.npz
is 'of as many' 4 "$("$costate" sample ten --quiet --from y.csv --output z.npz --json | py 'print(json.load(sys.stdin)["n"])')"
rm -f z.*
ok "training's help" "$costate" train score --help
is 'has its own defaults' '[400]' "$(awk '/--epochs N/ { print $NF }' out)"
for option in '--levels foo' '--weighting foo' '--t-end 2' '--method rk4'; do
    fails "training's $option" 2 'train score' "$costate" train score --data two-moons $option --output none
done
is 'trains nothing' no "$([ -e none ] && echo yes || echo no)"
fails 'a class too many' 2 'they are 0 to 9' "$costate" sample ten --class 10 --output y.npz
fails 'what it has no density for' 2 'needs densities' "$costate" sample ten --sampler fkc --output y.npz
fails 'guided where to' 2 'guided to which' "$costate" sample ten --guidance 2 --output y.npz
rm -f y.*

# Lists.
for list in samplers schedules grids adjoints predictions; do
    ok "list $list" "$costate" list $list --json
    is "$list are all told of" yes "$(py 'rows = json.load(open("out"))
print("yes" if len(rows) > 5 and all(r["name"] and r["about"] for r in rows) else rows)')"
done
ok 'info' "$costate" info m.json
is 'of a mixture' 4 "$(grep -c weight out)"

# Mistakes leave a sentence, and no file.
to="--output y.npy"
fails 'no model' 2 'of which model' "$costate" sample
fails 'no such model' 1 nowhere.json "$costate" sample nowhere.json $to
fails 'no such sampler' 2 "did you mean 'dpmpp-2m'" sample --sampler dpmpp-2n $to
fails 'no such grid' 2 "did you mean 'logsnr'" sample --grid logsn $to
fails 'no such schedule' 2 "did you mean 'vp-linear'" sample --schedule vp-liner $to
fails 'no such adjoint' 2 "did you mean 'points'" sample --adjoint pints --cotangent v.npy --gradient g.npy $to
fails 'no such prediction' 2 'noise' sample --prediction nois $to
fails 'no such network' 2 'there is no prediction' sample --network w $to
fails 'no such type' 2 'neither dpmsolver nor taylor' sample --solver-type euler $to
fails 'no such method' 2 'did you mean "rk4"' sample --tableau rk5 --sampler rho-rk $to
fails 'too few steps' 2 'at least 3 steps' sample --sampler dpmpp-3m --steps 2 $to
fails 'too many samples' 2 'at most' sample --n 4611686018427387904 $to
fails 'a number too large' 2 'is too large' sample --seed 18446744073709551615 $to
fails 'too many evaluations' 2 'at most 1e7' sample --nfe 1e12 $to
fails 'no steps' 2 'at least 1' sample --steps 0 $to
fails 'too few evaluations' 2 'so few evaluations' sample --nfe 1 --sampler rho-rk $to
fails 'an end without noise' 2 'sigma = 0' sample --sampler deis-tab --final zero $to
fails 'a start without data' 2 'zero terminal SNR' sample --schedule ddpm --zero-terminal-snr --grid trailing $to
fails 'an unknown option of a sampler' 2 'does not take --eta' sample --eta 0.5 $to
fails 'a schedule without it' 2 'sigma_max' sample --sigma-max 80 $to
fails 'a grid without it' 2 '--rho is for' sample --rho 5 $to
fails 'times backwards' 2 'noise to data' sample --sampler ddim --times 0.1,0.5 $to
fails 'ends the wrong way' 2 't_end' sample --t-end 2 $to
fails 'an ending' 2 '.npy, .npz or .csv' sample --output y.txt
fails 'no folder' 1 'No such file' sample --output no/y.npy
fails 'one file for two' 2 'same file' sample $back --output g.npy
echo '{ "_class_name": "DPMSolverMultistepSchedular" }' > scheduler.json
fails 'an unknown class' 2 "did you mean 'DPMSolverMultistepScheduler'" sample --scheduler scheduler.json $to
fails 'no start' 1 nowhere.npy sample --start nowhere.npy $to
py 'write("three.npy", (2, 3), [0] * 6)
write("nan.npy", (2, 2), [0, 0, math.nan, 0])
write("two.npy", (2, 2), [0] * 4)'
fails 'a start of another shape' 1 '2 samples of 3 numbers' sample --start three.npy $to
fails 'a start that is not finite' 1 'must be finite' sample --start nan.npy $to
fails 'a cotangent of another shape' 1 'holds 2 samples' sample --n 5 --cotangent two.npy --gradient g.npy $to
fails 'a cotangent for nothing' 2 'needs --gradient' sample --cotangent two.npy $to
fails 'a gradient of nothing' 2 'needs --cotangent' sample --gradient g.npy $to
fails 'an adjoint for nothing' 2 'about a gradient' sample --adjoint tape $to
fails 'what cannot be walked back' 2 'walked back' sample --adjoint reversible --cotangent two.npy --gradient g.npy --start two.npy $to
fails 'how many' 2 'through how many' sample --adjoint last --cotangent two.npy --gradient g.npy --start two.npy $to
fails 'inversion of nothing' 2 'goes from data' sample --invert $to
fails 'classes of a mixture' 2 'not trained on classes' sample --class 1 $to
fails 'a mask alone' 2 'needs --known' sample --mask mask.csv $to
broken() { # NAME PART JSON
    echo "$3" > broken.json
    fails "$1" 1 "$2" "$costate" sample broken.json $to
}
broken 'no JSON' 'broken.json, line ' '{ "weights": [1, '
broken 'a list' 'not a JSON object' '[1, 2]'
broken 'no variances' "lacks 'variances'" '{ "weights": [1], "means": [[0, 0]] }'
broken 'too few means' "'means' has 1 rows" '{ "weights": [1, 1], "means": [[0, 0]], "variances": [[1, 1], [1, 1]] }'
broken 'a short row' 'row 0 of' '{ "weights": [1], "means": [[0, 0]], "variances": [[1]] }'
broken 'words' 'not a number' '{ "weights": ["one"], "means": [[0, 0]], "variances": [[1, 1]] }'
broken 'a negative variance' 'variance' '{ "weights": [1], "means": [[0, 0]], "variances": [[1, -1]] }'
broken 'no weight' 'weight' '{ "weights": [0], "means": [[0, 0]], "variances": [[1, 1]] }'
none 'and nothing is left behind'
ok 'a file' sample --n 5 --seed 9 $to
cp y.npy kept
small() { (trap '' XFSZ && ulimit -f 1 && sample "$@"); }
fails 'a file that grows too large' 1 'p.npy could not be written' small --n 5 $to --path p.npy
is 'leaves the one before it' "$(md5sum < kept)" "$(md5sum < y.npy)"
rm -f y.npy
none 'and nothing else'
mkdir d.npy
fails 'a folder' 1 'is a folder' sample --n 5 --output d.npy
[ -w /dev/full ] && fails 'a full disk' 1 'could not be written' bash -c '"$0" sample m.json --n 3 > /dev/full' "$costate"
fails 'a limit of nothing' 2 '--threshold RATIO' "$costate" sample "$scratch/m.json" --threshold-most 2
fails 'particles in one step' 2 'at least' "$costate" sample "$scratch/m.json" --sampler fkc --steps 1
finish
