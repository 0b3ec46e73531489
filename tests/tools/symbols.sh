#!/bin/sh
# SPDX-License-Identifier: MIT
# The header, the version script, the shared library and the man pages speak of the same things: each exported symbol is
# declared, listed, there, and in the SYNOPSIS of exactly one page; each error code is in mqttwill_errors(3); each member of a
# structure is in the page that explains it, and each constant in some page; and no page names a constant that the header does
# not have.
set -eu
export LC_ALL=C
cd "${top_srcdir:-.}"
src=$(pwd)
cd - >/dev/null
: "${NM:=nm}" "${top_builddir:=.}"
header=$src/include/mqttwill.h
network=$src/include/mqttwill_network.h
map=$src/src/mqttwill.map
library=$top_builddir/.libs/libmqttwill.so
tmp=$(mktemp -d "${TMPDIR:-/tmp}/symbols.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
failed=0

# verdict FILE SENTENCE: the sentence holds if FILE, which lists what speaks against it, is empty.
verdict() {
	if [ -s "$1" ]; then
		cat "$1"
		echo "not ok - $2"
		failed=1
	else
		echo "ok - $2"
	fi
}

# differ A B TEXT-A TEXT-B: names that stand in only one of two sorted lists, each with what is wrong with it.
differ() {
	comm -23 "$1" "$2" | sed "s|\$| $3|"
	comm -13 "$1" "$2" | sed "s|\$| $4|"
}

functions() {
	sed -n "/^$1/s/.*[ *]\(mqttwill_[a-z0-9_]*\)(.*/\1/p" "$header" | sort
}

built=$(sed -n 's/^AC_INIT(\[[^]]*\], \[\([^]]*\)\].*/\1/p' "$src/configure.ac")
told=$(sed -n 's/^#define MQTTWILL_VERSION "\(.*\)".*/\1/p' "$header")
[ "$built" = "$told" ] || echo "configure.ac says $built, include/mqttwill.h says $told" >"$tmp/wrong"
touch "$tmp/wrong"
verdict "$tmp/wrong" "configure.ac and header are of one version"

functions MQTTWILL_API >"$tmp/declared"
functions 'static inline' >"$tmp/inline"
sed -n 's/^\t\(mqttwill_[a-z0-9_]*\);$/\1/p' "$map" | sort >"$tmp/listed"
differ "$tmp/declared" "$tmp/listed" \
	"is declared in include/mqttwill.h and not listed in src/mqttwill.map" \
	"is listed in src/mqttwill.map and not declared in include/mqttwill.h" >"$tmp/wrong"
verdict "$tmp/wrong" "header and version script list the same $(wc -l <"$tmp/declared") symbols"

if [ -f "$library" ]; then
	# shellcheck disable=SC2086 # configure's NM holds flags
	$NM -D --defined-only --with-symbol-versions "$library" >"$tmp/nm"
	awk '$2 != "A" { print $3 }' "$tmp/nm" | sort >"$tmp/exported"
	sed 's/$/@@MQTTWILL_1.0/' "$tmp/listed" >"$tmp/versioned"
	differ "$tmp/versioned" "$tmp/exported" \
		"is listed in src/mqttwill.map and not exported by libmqttwill.so" \
		"is exported by libmqttwill.so and not listed in src/mqttwill.map" >"$tmp/wrong"
	verdict "$tmp/wrong" "libmqttwill.so exports these symbols, each with its version, and no other"
else
	echo "skip - libmqttwill.so exports these symbols, each with its version, and no other: built without shared library"
fi

sort "$tmp/declared" "$tmp/inline" >"$tmp/calls"
for page in "$src"/man/*.3; do
	[ -f "$page" ] || continue
	awk -v page="man/$(basename "$page")" '
	/^\.Sh/ { synopsis = $2 == "SYNOPSIS" }
	synopsis && /^\.F[on] / {
		gsub(/"/, "")
		for (i = 2; i <= NF && $i !~ /^\**mqttwill_/; i++)
			;
		sub(/^\**/, "", $i)
		print $i, page
	}
	' "$page"
done | sort -u >"$tmp/documented"
awk '
pass == 1      { pages[$1] = pages[$1] " " $2; count[$1]++; next }
count[$1] == 0 { print "include/mqttwill.h: " $1 " is in the SYNOPSIS of no man page" }
count[$1] > 1  { print "include/mqttwill.h: " $1 " is in the SYNOPSIS of more than one man page:" pages[$1] }
{ call[$1] }
END { for (f in pages) if (!(f in call)) print pages[f] ": " f " is not in the header" }
' pass=1 "$tmp/documented" pass=2 "$tmp/calls" | sed 's/^ //' >"$tmp/wrong"
verdict "$tmp/wrong" "each of the header's $(wc -l <"$tmp/calls") calls is in the SYNOPSIS of exactly one man page"

sed -n 's/^[ \t]*X(\(E[A-Z0-9]*\),.*/MQTTWILL_\1/p' "$src/include/mqttwill_error.h" | sort >"$tmp/errors"
touch "$tmp/wrong"
while read -r code; do
	grep -qw -- "$code" "$src/man/mqttwill_errors.3" 2>/dev/null || echo "man/mqttwill_errors.3: $code is missing"
done <"$tmp/errors" >"$tmp/wrong"
verdict "$tmp/wrong" "mqttwill_errors(3) explains each of the $(wc -l <"$tmp/errors") error codes"

# Which page explains a structure.
cat >"$tmp/homes" <<'HOMES'
mqttwill_address mqttwill_network
mqttwill_attempt mqttwill_set_will
mqttwill_auth mqttwill_options
mqttwill_closing mqttwill_close
mqttwill_connack mqttwill_events
mqttwill_event mqttwill_events
mqttwill_finding mqttwill_will_check
mqttwill_header mqttwill_network
mqttwill_limits mqttwill_will_check
mqttwill_message mqttwill_publish
mqttwill_network mqttwill_network
mqttwill_options mqttwill_options
mqttwill_presence mqttwill_options
mqttwill_reached mqttwill_events
mqttwill_report mqttwill_will_check
mqttwill_subscription mqttwill_subscribe
mqttwill_terms mqttwill_timing
mqttwill_timing mqttwill_timing
mqttwill_tls mqttwill_tls
mqttwill_transport mqttwill_transport
mqttwill_user_property mqttwill_publish
mqttwill_will mqttwill_set_will
HOMES
awk '
FNR == NR { home[$1] = $2; next }
/^struct mqttwill_[a-z_]* \{/ { name = $2; next }
/^}/ { name = "" }
name != "" {
	sub(/\/\*.*/, "")
	sub(/;.*/, "")
	if (match($0, /\(\*[a-z_]*\)/)) # a function
		$0 = substr($0, RSTART + 2, RLENGTH - 3)
	n = split($0, part, ",")
	for (i = 1; i <= n; i++) {
		sub(/\[.*/, "", part[i])
		sub(/[ \t]*$/, "", part[i])
		sub(/.*[ \t*]/, "", part[i])
		if (part[i] ~ /^[a-z]/ && part[i] != "reserved")
			print name, part[i], name in home ? home[name] : "-"
	}
}' "$tmp/homes" "$header" "$network" >"$tmp/members"
while read -r name member page; do
	grep -qw -- "$member" "$src/man/$page.3" 2>/dev/null || echo "man/$page.3: $member of struct $name is missing"
done <"$tmp/members" >"$tmp/wrong"
verdict "$tmp/wrong" "each of the $(wc -l <"$tmp/members") members of the header's structures is in its page"

{ cat "$tmp/errors"; cat "$header" "$network" "$src/include/mqttwill_error.h" | grep -o 'MQTTWILL_[A-Z0-9_]*'; } | sort -u >"$tmp/constants"
awk '!/^\.Dt/ { while (match($0, /MQTTWILL_[A-Z0-9_]*[A-Z0-9]/)) {
	print FILENAME ":" FNR ":" substr($0, RSTART, RLENGTH)
	$0 = substr($0, RSTART + RLENGTH)
} }' "$src"/man/*.[1-9] | while IFS=: read -r page line name; do
	grep -qx -- "$name" "$tmp/constants" || echo "man/$(basename "$page"):$line: the header has no $name"
done >"$tmp/wrong"
verdict "$tmp/wrong" "no man page names a constant that the header does not have"

cat "$src"/man/*.3 >"$tmp/pages"
sed 's|/\*.*||; /^[ \t]*\*/d; /^#/d; s/MQTTWILL_API//' "$header" "$network" | grep -o 'MQTTWILL_[A-Z0-9_]*' | sort -u | while read -r name; do
	grep -qw -- "$name" "$tmp/pages" || echo "include/mqttwill.h: $name is in no man page"
done >"$tmp/wrong"
verdict "$tmp/wrong" "each constant of the header is in a man page"
exit $failed
