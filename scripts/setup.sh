#!/bin/bash
# Sees to the packages of packages.txt: scripts/setup.sh [--check] [GROUP...]
#
# As root it installs what is missing (on Debian 12 and its kin); otherwise, or with --check, it names what is missing in
# one sentence with the command to type and fails. Missing figures alone never fail: the reports then say what they left out.
# Silent when nothing is missing. Without GROUPs: all of them.
set -u
cd "$(dirname "$0")/.." || exit 1
check_only=no
if [ "${1-}" = --check ]; then check_only=yes; shift; fi
groups=" ${*:-build figures test} "

command -v dpkg-query > /dev/null || exit 0 # another system: CMake names what it does not find

installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' 2> /dev/null) "
missing=() optional=() group=
while read -r word rest; do
    case "$word" in
    '#') group=$rest ;;
    '') ;;
    *)
        [[ $groups == *" $group "* && $installed != *" installed:$word "* ]] || continue
        if [ "$group" = figures ]; then optional+=("$word"); else missing+=("$word"); fi
        ;;
    esac
done < packages.txt

all=(${missing[@]+"${missing[@]}"} ${optional[@]+"${optional[@]}"})
[ ${#all[@]} -gt 0 ] || exit 0

tell() { # what to type, for whoever is not root
    local sudo=
    [ "$(id -u)" -eq 0 ] || sudo='sudo '
    if [ ${#missing[@]} -gt 0 ]; then
        echo "costate needs packages that are not installed (${missing[*]}): type \`${sudo}apt-get install ${all[*]}\`, or \`${sudo}make setup\`." >&2
        exit 1
    fi
    echo "Without ${optional[*]} the reports leave out their figures: \`${sudo}apt-get install ${optional[*]}\` brings them." >&2
    exit 0
}

[ $check_only = no ] && [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null || tell

echo "Installing ${all[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
get() { apt-get install -y -q --no-install-recommends "${all[@]}" > "$log" 2>&1; }
get || { apt-get update -q > /dev/null 2>&1; get; } && exit 0
tail -n 3 "$log" >&2
echo "apt-get could not install ${all[*]}." >&2
[ ${#missing[@]} -eq 0 ] # only figures missing: go on without them
