#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each fuzz target once over its corpus: what a fuzzer found stays found.
set -eu
failed=0
for corpus in "${top_srcdir:-.}"/tests/fuzz/corpus/*; do
	target=$(basename "$corpus")
	[ "$target" != srv ] || [ "${with_resolv:-yes}" != no ] || continue # it is not built
	"${top_builddir:-.}/tests/fuzz/fuzz_$target" "$corpus" || { echo "not ok - the corpus of fuzz_$target"; failed=1; }
done
exit $failed
