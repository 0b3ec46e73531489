#!/bin/sh
# SPDX-License-Identifier: MIT
# A capture of everything that the codec can write, in 3.1, 3.1.1 and 5, is read by Wireshark's dissector, which shares no
# code with us: every field must be what was meant, and nothing may be malformed or worth a warning.
#   CAPTURE   the program that writes the capture; by default that of a build in this tree
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
sentence='tshark reads every packet as it was meant'
scratch=$(mktemp -d "${TMPDIR:-/tmp}/readers.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export WIRESHARK_CONFIG_DIR="$scratch" # nobody's preferences

. "$here/lib.sh"
capture=${CAPTURE:-$(built tests/readers/capture)}

# tshark's words on stderr are kept for the case that it fails.
read_capture() {
	tshark -r "$scratch/pcap" "$@" 2>"$scratch/said" || { cat "$scratch/said"; return 1; }
}

[ -x "$capture" ] || { echo "skip - $sentence: $capture is not built, which needs libcheck"; exit 0; }
command -v tshark >/dev/null || { echo "skip - $sentence: tshark is not installed"; exit 0; }
failed=0
if "$capture" "$scratch/pcap" "$scratch/expected" >"$scratch/missing" 2>&1; then
	echo "ok - the capture has every property in every packet that may carry it"
else
	cat "$scratch/missing"
	echo "not ok - the capture has every property in every packet that may carry it"
	failed=1
fi

if read_capture -Y mqtt -J mqtt -T pdml >"$scratch/pdml"; then
	awk -f "$here/dissected.awk" "$scratch/expected" RS='>' "$scratch/pdml" || failed=1
else
	echo "not ok - $sentence: tshark failed"
	failed=1
fi

# 0x600000 is a warning; the notes below it are about connections that end.
nothing_wrong="no packet is malformed, no segment lost, no warning given"
if read_capture -Y '_ws.malformed || _ws.expert.severity >= 0x600000 || tcp.analysis.flags' >"$scratch/wrong" &&
	[ ! -s "$scratch/wrong" ]; then
	echo "ok - $nothing_wrong"
else
	head -n 20 "$scratch/wrong"
	echo "not ok - $nothing_wrong"
	failed=1
fi
exit $failed
