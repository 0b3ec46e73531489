#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds each fuzz target with libFuzzer and sanitizers, and lets it look for new inputs for FUZZ_SECONDS; make fuzz
# runs it. What it finds is left in the build directory, to be added to tests/fuzz/corpus.
set -u
seconds=${FUZZ_SECONDS:-60}
src=$(cd "${top_srcdir:-.}" && pwd)
out=$(cd "${top_builddir:-.}" && pwd)/fuzzing
support=$(grep -L 'int main(' "$src"/tests/support/*.c | grep -v '/alloc\.c$')
scram="$src/src/api/scram.c -lcrypto"
[ "${with_openssl:-yes}" != no ] || scram=$src/src/api/scram_none.c
net=
for c in http_head no_proxy pipe proxy proxy_http proxy_socks url; do
	net="$net $src/src/net/$c.c"
done
tls="-DHAVE_OPENSSL $(ls "$src"/src/net/tls*.c | grep -v _none) $src/tests/fuzz/tls_fixed.c -lssl -lcrypto"
[ "${with_openssl:-yes}" != no ] || tls=$src/src/net/tls_none.c
websocket="$(ls "$src"/src/net/websocket*.c | grep -v _none) -lwslay"
[ "${with_wslay:-yes}" != no ] || websocket=$src/src/net/websocket_none.c
srv="$src/src/net/srv.c -lresolv"
[ "${with_resolv:-yes}" != no ] || srv=
failed=0

mkdir -p "$out" && cd "$out" || exit 1
if ! echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | clang -fsanitize=fuzzer -x c - -o probe 2>/dev/null; then
	echo "skip - new inputs for the fuzz targets: clang with libFuzzer is not installed"
	exit 77
fi
for c in "$src"/tests/fuzz/fuzz_*.c; do
	target=$(basename "$c" .c)
	[ "$target" != fuzz_srv ] || [ -n "$srv" ] || continue
	known=$src/tests/fuzz/corpus/${target#fuzz_}
	[ -d "$known" ] || known=
	mkdir -p "$target.corpus"
	# shellcheck disable=SC2086 # lists of files
	if clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-I"$src/include" -I"$src/src" -I"$src/tests" "$c" "$src"/src/base/*.c "$src"/src/wire/*.c \
		"$src"/src/session/*.c $net $websocket $srv $tls \
		$support $scram -lcheck -lsubunit -lm -lrt -pthread -o "$target" &&
		"./$target" -max_total_time="$seconds" -artifact_prefix="$target." "$target.corpus" $known >"$target.log" 2>&1; then
		echo "ok - $target ran $seconds s: $(grep -a '^Done' "$target.log")"
	else
		tail -n 40 "$target.log"
		echo "not ok - $target ran $seconds s"
		failed=1
	fi
done
exit $failed
