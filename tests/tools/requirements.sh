#!/bin/sh
# SPDX-License-Identifier: MIT
# Each requirement of MQTT is held by a line that cites it and by a test that exists, or cannot apply: the lists in
# tests/requirements against the tree. `requirements.sh report` prints the lists with line numbers instead.
set -eu
export LC_ALL=C
cd "${top_srcdir:-.}"
lists=$(ls tests/requirements/*.txt)

# shellcheck disable=SC2086,SC2046 # no name in the tree has a blank
awk -v report="${1:-}" -f tests/tools/requirements.awk $lists \
	$(find src include tests -name node_modules -prune -o -name '*.[ch]' -print | sort) \
	$(find tests/system tests/readers -name node_modules -prune -o -name '*.sh' -print | sort)
