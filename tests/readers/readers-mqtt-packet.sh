#!/bin/sh
# SPDX-License-Identifier: MIT
# Thousands of random packets of every type, with random legal properties: mqtt-packet reads them and writes them again,
# and what it wrote is read by us and compared with what we meant.
#   TRIP   the program that makes the packets and judges; by default that of a build in this tree
set -u
export LC_ALL=C
. "$(dirname "$0")/lib.sh"
trip=${TRIP:-$(built tests/readers/trip)}
sentence='mqtt-packet reads our packets, and we read what it writes'
scratch=$(mktemp -d "${TMPDIR:-/tmp}/readers.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

[ -x "$trip" ] || { echo "skip - $sentence: $trip is not built, which needs libcheck"; exit 0; }
have_modules "$scratch/npm"
case $? in
1) echo "skip - $sentence: $reason"; exit 0 ;;
2) cat "$scratch/npm"; echo "not ok - $sentence: $reason"; exit 1 ;;
esac

if ! { "$trip" make >"$scratch/made" && node "$readers/roundtrip.js" <"$scratch/made" >"$scratch/back"; }; then
	echo "not ok - $sentence: a program failed"
	exit 1
fi
"$trip" compare <"$scratch/back"
