# check.sh - for check_*.sh: each check is one line, `finish` counts them.
#
#     ok    NAME COMMAND...              it succeeds
#     fails NAME STATUS PART COMMAND...  it ends with that status and one to five lines on stderr that hold PART,
#                                        not one of them a sanitizer's
#     is    NAME WANT GOT                two texts are equal
checks_passed=0 checks_failed=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
ulimit -c 0

count() { # NAME 0|1 WHY
    if [ "$2" -eq 0 ]; then
        checks_passed=$((checks_passed + 1))
    else
        checks_failed=$((checks_failed + 1))
        printf 'FAIL %s: %s\n' "$1" "$3"
    fi
}

ok() {
    local name=$1 status
    shift
    "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null
    status=$?
    count "$name" $((status != 0)) "exit status $status: $(head -n 3 "$scratch/err")"
}

fails() {
    local name=$1 want=$2 part=$3 status lines
    shift 3
    "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null
    status=$?
    lines=$(wc -l < "$scratch/err")
    [ "$status" -eq "$want" ] && [ "$lines" -ge 1 ] && [ "$lines" -le 5 ] && grep -qF -- "$part" "$scratch/err" &&
        ! grep -qE 'Sanitizer|runtime error' "$scratch/err"
    count "$name" $? "exit status $status (expected $want), $lines lines, '$part' expected in: $(head -n 5 "$scratch/err")"
}

is() {
    [ "$2" = "$3" ]
    count "$1" $? "expected '$2', found '$3'"
}

finish() {
    echo "$checks_passed passed, $checks_failed failed"
    [ "$checks_failed" -eq 0 ] && [ "$checks_passed" -gt 0 ]
    exit
}
