# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC3013 # $reason is for the scripts; every sh of today has -nt
# What the scripts share: the programs of a build, and the modules that npm brings.

readers=$(cd "$(dirname "$0")" && pwd)
modules=$readers/node_modules

# built NAME: a program in the tree, built in place or by ./quickstart.
built() {
	for place in "${top_builddir:-$readers/../..}/$1" "$readers/../../build/gcc/$1"; do
		[ ! -x "$place" ] || break
	done
	echo "$place"
}

# have_modules LOG: installs what package-lock.json names, unless that was done. 1: cannot be had here; 2: npm failed. Says
# why in $reason. Two scripts may come here at once; npm's own list of what it installed is the last that it writes.
have_modules() {
	for program in node npm; do
		command -v $program >/dev/null || { reason="$program is not installed"; return 1; }
	done
	(
		flock 9
		[ "$modules/.package-lock.json" -nt "$readers/package-lock.json" ] ||
			npm ci --prefix "$readers" --ignore-scripts --no-audit --no-fund
	) 9<"$readers/package.json" >"$1" 2>&1 && return 0
	reason="npm ci failed: $(grep -v '^npm warn' "$1" | head -n 1)"
	! grep -qE 'ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH' "$1" || return 1
	return 2
}
