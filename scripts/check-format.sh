#!/bin/bash
# Does every C file look as clang-format 14 and .clang-format would have it? With --fix: make it so.
# Ends with the names of the files that do not.
set -u
cd "$(dirname "$0")/.." || exit 1
command -v clang-format-14 > /dev/null || { echo "clang-format-14 is not installed: \`make setup\` brings it" >&2; exit 1; }
files() { git ls-files -z -- '*.c' '*.h' '*.inc' 2> /dev/null || find . -path ./build -prune -o -name '*.[ch]' -print0; }
if [ "${1-}" = --fix ]; then
    files | xargs -0 -r clang-format-14 -i
else
    files | xargs -0 -r -n 8 -P 2 clang-format-14 --dry-run -Werror 2>&1 | grep -o '^[^ :]*:[0-9]*:[0-9]*: error' | cut -d: -f1,2 |
        sort -u -t: -k1,1 | sed 's/$/ is not formatted (`make format`)/' | { ! grep .; }
fi
