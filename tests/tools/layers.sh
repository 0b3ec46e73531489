#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may include whom. The table below is the architecture: a layer sees what stands in its row, itself, the public
# header and config.h, and nothing else. Session and net meet in one place only, src/client/driver*.c.
set -eu
export LC_ALL=C
cd "${top_srcdir:-.}"

find src tests/broker -name '*.[ch]' | sort | xargs awk '
BEGIN {
	sees["base"]     = ""
	sees["wire"]     = "base"
	sees["session"]  = "wire base"
	sees["net"]      = "base"
	sees["client"]   = "session wire base"
	sees["presence"] = "client wire base"
	sees["api"]      = "client presence wire base"
	sees["probe"]    = "session wire net base"
	sees["cli"]      = "probe net wire base"     # net to lead the probe to its broker, wire for what it has seen
	sees["broker"]   = "wire base"
	driver           = "net"                 # what src/client/driver*.c sees besides
	tests            = "support"             # what the tests of the broker see besides
}
FNR == 1 {
	files++
	n = split(FILENAME, part, "/")
	layer = part[2]
	allowed = " " layer " " sees[layer] " "
	if (FILENAME ~ /^src\/client\/driver[^\/]*\.c$/)
		allowed = allowed driver " "
	if (FILENAME ~ /^tests\/broker\/(.*_test|main)\.c$/)
		allowed = allowed tests " "
	if (!(layer in sees)) {
		printf "%s:1: no layer is called %s\n", FILENAME, layer
		bad++
	}
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	includes++
	split($0, quoted, "\"")
	name = quoted[2]
	if (name == "config.h" || name == "mqttwill.h")
		next
	target = layer
	if (name ~ /\//) {
		target = name
		sub(/\/.*/, "", target)
	}
	if (index(allowed, " " target " ") == 0) {
		printf "%s:%d: %s may not include \"%s\" (it sees:%s)\n", FILENAME, FNR, layer, name, allowed
		bad++
	}
}
END {
	sentence = "each layer includes only what it may see (" files " files, " includes " includes)"
	print (bad ? "not ok - " : "ok - ") sentence
	exit bad > 0
}'
