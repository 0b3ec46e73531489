#!/bin/sh
# SPDX-License-Identifier: MIT
# The man pages are clean under mandoc's lint, from its level "warning" up.
set -eu
export LC_ALL=C
cd "${top_srcdir:-.}"
# A page that only names another one holds one line, and the other is there.
for link in $(grep -l '^\.so ' man/*.[1-9]); do
	[ -f "man/$(sed -n 's|^\.so man3/||p' "$link")" ] || { echo "not ok - $link names a page that is there"; exit 1; }
done
# shellcheck disable=SC2046 # no page's name has a blank
set -- $(grep -L '^\.so ' man/*.[1-9])
if [ ! -f "$1" ]; then
	echo "not ok - there are man pages"
	exit 1
fi
if ! command -v mandoc >/dev/null; then
	echo "skip - the man pages are clean under mandoc -Tlint: mandoc is not installed"
	exit 77
fi
if mandoc -Tlint -W warning "$@"; then
	echo "ok - the man pages are clean under mandoc -Tlint ($# pages)"
else
	echo "not ok - the man pages are clean under mandoc -Tlint"
	exit 1
fi
