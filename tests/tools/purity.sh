#!/bin/sh
# SPDX-License-Identifier: MIT
# wire and session touch no clock, no descriptor and no state of their own. Their objects are built here without
# hardening, sanitizers and assertions; what they leave undefined must be mem*, str*, the allocator, or a name that base,
# wire or (for session) session defines, and they may hold no variable.
set -eu
export LC_ALL=C
cd "${top_srcdir:-.}"
src=$(pwd)
cd - >/dev/null
: "${CC:=cc}" "${NM:=nm}" "${top_builddir:=.}"
objects=$(mktemp -d "${TMPDIR:-/tmp}/purity.XXXXXX")
trap 'rm -rf "$objects"' EXIT

for layer in base wire session; do
	mkdir "$objects/$layer"
	for c in "$src/src/$layer"/*.c; do
		[ -f "$c" ] || continue
		# shellcheck disable=SC2086 # CC may hold flags
		$CC -O2 -DNDEBUG -U_FORTIFY_SOURCE -fno-stack-protector -fno-sanitize=all -fno-pic -fno-pie \
			-I"$top_builddir" -I"$src/include" -I"$src/src" -c "$c" -o "$objects/$layer/$(basename "$c" .c).o"
	done
done

# "layer/file kind name" for each symbol; a capital letter is a global one.
for o in "$objects"/*/*.o; do
	file=${o#"$objects"/}
	# shellcheck disable=SC2086 # configure's NM holds flags
	$NM -P "$o" >"$objects/symbols"
	awk -v file="${file%.o}" '{ print file, $2, $1 }' "$objects/symbols"
done >"$objects/all"

awk '
{
	layer = $1
	sub(/\/.*/, "", layer)
}
layer != "base" {
	objects[$1]
}
layer != "base" && $2 ~ /^[bBdDC]$/ {
	print "src/" $1 ".c: holds the variable " $3
	bad++
}
$2 ~ /^[A-TV-Z]$/ {
	defined[layer, $3]
}
$2 == "U" {
	wanted[++n] = $1 " " layer " " $3
}
END {
	for (i = 1; i <= n; i++) {
		split(wanted[i], w, " ")
		name = w[3]
		if (w[2] == "base" || name ~ /^(mem|str)[a-z]+$/ || name ~ /^(malloc|calloc|realloc|free|bcmp)$/)
			continue
		if (name ~ /^__[a-z]+[dt]i[23]$/)  # the compiler does arithmetic with these
			continue
		if (("base", name) in defined || ("wire", name) in defined)
			continue
		if (w[2] == "session" && ("session", name) in defined)
			continue
		print "src/" w[1] ".c: uses " name
		bad++
	}
	for (o in objects)
		count++
	sentence = "wire and session are pure: they use memory, strings and base, and hold no variable (" count " objects)"
	print (bad ? "not ok - " : "ok - ") sentence
	exit bad > 0
}' "$objects/all"
