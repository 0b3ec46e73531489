#!/bin/sh
# SPDX-License-Identifier: MIT
# No function over 60 lines, signature to closing brace; no file over 500. The layout is what makes this short: a
# function's body opens with { and closes with } in the first column.
set -eu
export LC_ALL=C
cd "${top_srcdir:-.}"

find src include tests examples -name '*.[ch]' | sort | xargs awk '
FNR == 1 {
	files++
	body = signature = 0
}
FNR == 501 {
	printf "%s:501: the file is longer than 500 lines\n", FILENAME
	bad++
}
!body && /^[A-Za-z_].*\(/ {
	signature = FNR
	name = $0
	sub(/\(.*/, "", name)
	sub(/.*[ \t*]/, "", name)
	if (name == "START_TEST") {
		name = $0
		gsub(/.*\(|\).*/, "", name)
	}
}
/^\{/ {
	body = 1
	functions++
}
/^\}/ && body {
	body = 0
	lines = FNR - signature + 1
	if (lines > 60) {
		printf "%s:%d: %s() has %d lines\n", FILENAME, signature, name, lines
		bad++
	}
}
END {
	sentence = "no function has over 60 lines and no file over 500 (" functions " functions, " files " files)"
	print (bad ? "not ok - " : "ok - ") sentence
	exit bad > 0
}'
