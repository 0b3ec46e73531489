#!/bin/sh
# SPDX-License-Identifier: MIT
# A little of the simulation, with fresh seeds and with those that once found something; and each of its checks at work: with a
# mistake in the client, or a bug in the broker, it must fail, and by the rule that the mistake breaks.
set -u
export LC_ALL=C
sim=${top_builddir:-.}/tests/sim/sim
out=$(mktemp "${TMPDIR:-/tmp}/sim.XXXXXX")
trap 'rm -f "$out"' EXIT
bad=0

# verdict WORDS: as the last command ended.
verdict() {
	if [ $? = 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		sed 's/^/    | /' "$out"
		bad=1
	fi
}

# Seeds that once found a mistake: CONTRIBUTING.md says how to replay one.
for seed in 306166391 20001 20082 20161 20192 586894086 454009272; do
	"$sim" --seed $seed --days 20 >"$out" 2>&1
	verdict "seed $seed, which once found something, finds nothing any more"
done

"$sim" --days 400 --jobs 2 >"$out" 2>&1
verdict "400 device-days from fresh seeds keep every promise ($(sed -n 's/^seed //p' "$out" | head -n 1))"

digest() {
	"$sim" --seed "$1" --days "$2" | sed -n 's/^digest //p'
}
[ $(($(digest 50 20) + $(digest 51 20))) = "$(digest 50 40)" ]
verdict "a world is the same each time it is played"

# found STATUS RULE: the simulation failed, by this rule; "W2 or order": by either.
found() {
	[ "$1" = 1 ] && grep -Eq "^($(echo "$2" | sed 's/ or /|/')): " "$out"
}

"$sim" --mistakes >"$out.list"
while IFS='|' read -r word rule text; do
	"$sim" --seed 1 --days 1000 --mistake "$word" >"$out" 2>&1
	found $? "$rule"
	verdict "found by its rule, $rule: $text"
done <"$out.list"
rm -f "$out.list"

for bug in B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B12 B14 B22 B25 B27; do
	"$sim" --seed 1 --days 400 --bug $bug >"$out" 2>&1
	found $? will
	verdict "the broker's bug $bug is found by the will's rule"
done
"$sim" --seed 1 --days 400 --bug B16 >"$out" 2>&1
found $? truth
verdict "the broker's bug B16, which does not retain a will, is found by who comes late"
"$sim" --seed 1 --days 400 --bug B24 >"$out" 2>&1
found $? 'at least once'
verdict "the broker's bug B24, which delivers nothing after a take-over, is found by what does not come"
exit $bad
