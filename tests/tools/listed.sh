#!/bin/sh
# SPDX-License-Identifier: MIT
# Makefile.am names every file that is built, run or installed: what it forgets is missing from a distribution.
set -eu
export LC_ALL=C
cd "${top_srcdir:-.}"
files=$(mktemp "${TMPDIR:-/tmp}/listed.XXXXXX")
trap 'rm -f "$files"' EXIT

# A program of one source is listed by its own name, without .c.
find src include examples man tests -name node_modules -prune -o -path tests/fuzz/corpus -prune -o \
	\( -name '*.[ch]' -o -name '*.[1-9]' -o -name '*.sh' -o -name '*.awk' -o -name '*.js' \) -print | sort >"$files"
awk '
pass == 1 {
	gsub(/\\$/, "")
	for (i = 1; i <= NF; i++)
		listed[$i]
	next
}
{
	files++
	program = $0
	sub(/\.c$/, "", program)
	if (!($0 in listed) && !(program in listed)) {
		print $0 ":1: Makefile.am does not list it"
		bad++
	}
}
END {
	print (bad ? "not ok - " : "ok - ") "Makefile.am lists every file (" files " files)"
	exit bad > 0
}' pass=1 Makefile.am pass=2 "$files"
