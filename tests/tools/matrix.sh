#!/bin/sh
# SPDX-License-Identifier: MIT
# Each row of tests/broker/matrix.txt is played by a test of the broker that says its id, and no test says an id that is
# not a row.
set -eu
export LC_ALL=C
cd "${top_srcdir:-.}"

# shellcheck disable=SC2046 # no name in the tree has a blank
awk '
FILENAME ~ /matrix\.txt$/ {
	if ($1 ~ /^W/ && rows[$1]++) {
		print FILENAME ":" FNR ": " $1 " is there twice"
		bad++
	}
	next
}
{
	for (line = $0; match(line, /("|ok - )W[0-9A-Z]-[0-9][0-9]/); line = substr(line, RSTART + RLENGTH)) {
		id = substr(line, RSTART + RLENGTH - 5, 5)
		said[id] = FILENAME ":" FNR
	}
}
END {
	for (id in rows) {
		count++
		if (!(id in said)) {
			print "no test says " id
			bad++
		}
	}
	for (id in said)
		if (!(id in rows)) {
			print said[id] ": " id " is no row"
			bad++
		}
	print (bad || !count ? "not ok - " : "ok - ") "each of the " count " rows of the truth table has its test"
	exit bad || !count
}' tests/broker/matrix.txt $(ls tests/broker/*_test.c)
