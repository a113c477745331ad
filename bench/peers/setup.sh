#!/bin/bash
# Installs the peers into build/peers-venv: bench/peers/setup.sh [PYTHON]. Silent when they are there already.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$here/../../build/peers-venv
stamp=$venv/requirements.txt

cmp -s "$here/requirements.txt" "$stamp" && exit 0
[ -x "$venv/bin/python" ] || "${1:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
cp "$here/requirements.txt" "$stamp"
echo "The peers are installed in build/peers-venv: bench/compare.py measures them."
