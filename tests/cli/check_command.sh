#!/bin/bash
# What holds for the command whatever the verb.
. "$(dirname "$0")/../check.sh"
costate=$1

fails 'no verb' 2 'costate --help' "$costate"
fails 'unknown verb' 2 'did you mean `costate list`' "$costate" lits
fails 'nothing like it' 2 "unknown verb 'zzzzzz'" "$costate" zzzzzz
ok 'overview' "$costate" --help
is 'overview goes to stdout' 1 "$(grep -c '^usage: costate VERB' "$scratch/out")"
verbs=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' "$scratch/out")
is 'the overview names verbs' yes "$([ -n "$verbs" ] && echo yes)"
for verb in $verbs; do
    ok "$verb --help" "$costate" "$verb" --help
    is "$verb --help names its usage" 1 "$(grep -c "^usage: costate $verb" "$scratch/out")"
    is "$verb --help has an example" yes "$(grep -q "^  costate $verb" "$scratch/out" && echo yes)"
    is "$verb --help keeps to 100 columns" '' "$(awk 'length > 100' "$scratch/out")"
    ok "help $verb" "$costate" help "$verb"
    fails "$verb: an unknown option" 2 "unknown option 'no-such-thing'" "$costate" "$verb" --no-such-thing
    fails "$verb: a configuration that is not there" 1 nowhere.json "$costate" "$verb" --config "$scratch/nowhere.json"
done

ok 'version' "$costate" --version
is 'version is a number' 1 "$(grep -cE '^costate [0-9]+\.[0-9]+\.[0-9]+$' "$scratch/out")"
ok 'list methods' "$costate" list methods
is 'tsit5 is one' 1 "$(grep -c '^tsit5 ' "$scratch/out")"
ok 'list methods --json' "$costate" list methods --json
is 'valid JSON' tsit5 "$(python3 -c 'import json, sys
print(*[m["name"] for m in json.load(sys.stdin) if m["name"] == "tsit5"])' < "$scratch/out")"
ok 'json=yes is the same' "$costate" list methods json=yes
fails 'nothing to list' 2 'say what to list' "$costate" list
fails 'a list that is not there' 2 'did you mean methods' "$costate" list method
fails 'a word too many' 2 "'more' is one word too many" "$costate" list methods more

echo '{"json": true, "colour": "red"}' > "$scratch/config.json"
ok 'a configuration' "$costate" list methods --config "$scratch/config.json"
is 'its unknown key is warned of' 1 "$(grep -c "'colour'" "$scratch/err")"
is 'its known one counts' '[' "$(head -c 1 "$scratch/out")"
echo '{"json": }' > "$scratch/config.json"
fails 'a broken configuration' 1 'config.json:1:' "$costate" list methods --config "$scratch/config.json"
[ -w /dev/full ] && fails 'a full disk' 1 'could not be written' bash -c '"$0" list methods > /dev/full' "$costate"
finish
