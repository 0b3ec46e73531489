#!/bin/sh
# SPDX-License-Identifier: MIT
# Does what a packager and a foreign program do: installs into a prefix of its own and into a DESTDIR, compiles with
# nothing but pkg-config's answers, as C11, as C++17 and static, runs the result against the stub broker, and uninstalls.
set -u
: "${CC:=cc}" "${CXX:=g++}" "${NM:=nm}" "${MAKE:=make}" "${top_srcdir:=.}" "${top_builddir:=.}"
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR prefix
source=$(cd "$top_srcdir" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/install.XXXXXX")
prefix=$scratch/prefix
broker_pid=
trap '[ -z "$broker_pid" ] || kill "$broker_pid"; chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
failed=0

# check SENTENCE COMMAND...: the command's output is shown only if it fails.
check() {
	sentence=$1
	shift
	if "$@" >"$scratch/output" 2>&1; then
		echo "ok - $sentence"
	else
		tail -n 40 "$scratch/output"
		echo "not ok - $sentence"
		failed=1
		return 1
	fi
}

# A source tree that was configured in place cannot be built elsewhere: then a copy of it is.
builds() {
	if [ -f "$source/config.status" ]; then
		$MAKE -C "$top_builddir" distdir distdir="$scratch/source" || return 1
		source=$scratch/source
	fi
	mkdir "$scratch/build" && cd "$scratch/build" || return 1
	"$source/configure" --prefix="$prefix" CC="$CC" CFLAGS=-O0 --disable-dependency-tracking $TLS_OPTION $WEBSOCKET_OPTION &&
		$MAKE -j2 && $MAKE install
}

# The list of what a directory holds below it.
held() {
	(cd "$1" && find . -type f -o -type l | sort)
}

installs_completely() {
	for f in include/mqttwill.h include/mqttwill_error.h lib/libmqttwill.a lib/libmqttwill.so lib/pkgconfig/mqttwill.pc bin/mqttwill; do
		[ -f "$prefix/$f" ] || { echo "$f is not installed"; return 1; }
	done
	ls "$prefix"/share/man/man1/mqttwill*.1 "$prefix"/share/man/man3/mqttwill*.3 "$prefix"/share/man/man7/mqttwill-wills.7
}

obeys_destdir() {
	$MAKE -C "$scratch/build" install DESTDIR="$scratch/dest" || return 1
	held "$prefix" >"$scratch/in-prefix"
	held "$scratch/dest$prefix" >"$scratch/in-dest"
	diff "$scratch/in-prefix" "$scratch/in-dest"
}

exports_only_versioned() {
	$NM -D --defined-only --with-symbol-versions "$prefix/lib/libmqttwill.so" >"$scratch/nm" &&
		awk '$2 != "A" { n++ } $2 != "A" && $3 !~ /^mqttwill_[a-z0-9_]+@@MQTTWILL_[0-9.]+$/ { print; bad++ }
			END { exit bad > 0 || n == 0 }' "$scratch/nm"
}

hides_in_static() {
	$NM -g --defined-only "$prefix/lib/libmqttwill.a" >"$scratch/nm" &&
		awk 'NF == 3 { n++ } NF == 3 && $3 !~ /^mqttwill_/ { print; bad++ } END { exit bad > 0 || n == 0 }' "$scratch/nm"
}

has_soname() {
	readelf -d "$prefix/lib/libmqttwill.so" | grep 'SONAME.*\[libmqttwill\.so\.[0-9]*\]'
}

# The foreign program: comes online at the URL it is given, publishes, and says goodbye.
write_programs() {
	cat >"$scratch/app.c" <<'END'
#include <mqttwill.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	const struct mqttwill_presence status = { .topic = "app/status" };
	const struct mqttwill_options opt = {
		.url = argc > 1 ? argv[1] : "mqtt://127.0.0.1",
		.client_id = "app",
		.presence = &status,
	};
	const struct mqttwill_message hello = { .topic = "app/said", .text = "hello", .qos = 1 };
	mqttwill *app;
	int rc = mqttwill_new(&app, &opt);
	if (rc == 0)
		rc = mqttwill_connect(app, 10000);
	if (rc == 0) {
		int64_t token = mqttwill_publish(app, &hello);
		rc = token < 0 ? (int)token : mqttwill_wait(app, token, 10000);
	}
	if (rc == 0)
		rc = mqttwill_disconnect(app, 10000);
	printf("%s: %s\n", mqttwill_version_string(), rc == 0 ? "said hello" : mqttwill_errmsg(app, rc));
	mqttwill_free(app);
	return rc != 0;
}
END
	cat >"$scratch/app.cpp" <<'END'
#include <mqttwill.h>
#include <cstdio>

int main(int, char **argv)
{
	mqttwill_presence status = {};
	status.topic = "app/status";
	status.delay_s = 5;
	mqttwill_will will = {};
	will.topic = "app/will";
	will.retain = true;
	mqttwill_options opt = {};
	opt.url = argv[1];
	opt.client_id = "app-in-c++";
	opt.session_expiry_s = 60;
	opt.presence = &status;
	mqttwill_report report;
	int rc = mqttwill_will_check(&will, &opt, nullptr, &report);
	mqttwill *app = nullptr;
	if (rc == 0)
		rc = mqttwill_new(&app, &opt);
	if (rc == 0)
		rc = mqttwill_connect(app, 10000);
	if (rc == 0)
		rc = mqttwill_disconnect(app, 10000);
	std::printf("%s\n", rc == 0 ? "was online" : mqttwill_errmsg(app, rc));
	mqttwill_free(app);
	return rc != 0;
}
END
}

# shellcheck disable=SC2046 # pkg-config's answer is words
compiles_c() {
	$CC -std=c11 -Wall -Wextra -Werror "$scratch/app.c" $(pkg-config --cflags --libs mqttwill) -o "$scratch/app"
}

# shellcheck disable=SC2046
compiles_cxx() {
	$CXX -std=c++17 -Wall -Wextra -Wpedantic -Werror "$scratch/app.cpp" $(pkg-config --cflags --libs mqttwill) \
		-o "$scratch/app-cxx"
}

# shellcheck disable=SC2046
compiles_static() {
	$CC -static -std=c11 "$scratch/app.c" $(pkg-config --static --cflags --libs mqttwill) -o "$scratch/app-static"
}

lacks_websocket() {
	case $(pkg-config --static --libs mqttwill) in *-lwslay*) return 0 ;; esac
	"$scratch/app-static" ws://127.0.0.1 | grep 'websocket: .* without libwslay'
}

start_broker() {
	mkfifo "$scratch/listening" || return 1
	"${STUB_BROKER:-$scratch/build/tests/broker/stub-broker}" --port 0 >"$scratch/listening" 2>"$scratch/broker.log" &
	broker_pid=$!
	read -r line <"$scratch/listening"
	url=mqtt://${line##* }
}

with_library() {
	LD_LIBRARY_PATH=$prefix/lib "$@"
}

leaves_nothing() {
	$MAKE -C "$scratch/build" uninstall || return 1
	[ -z "$(held "$prefix")" ] || { held "$prefix"; return 1; }
}

TLS_OPTION=--with-openssl=${with_openssl:-yes}
WEBSOCKET_OPTION=${with_wslay:+--with-wslay=$with_wslay}
check "it builds and installs into a prefix" builds || exit 1
check "header, libraries, pkg-config file, command and man pages are installed" installs_completely
check "DESTDIR holds the same files and nothing else" obeys_destdir
check "only mqttwill_ symbols are exported, each with a version" exports_only_versioned
check "the shared library has a soname" has_soname
check "the static library shows mqttwill_ symbols only" hides_in_static

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
write_programs
start_broker
check "a foreign program compiles as C11 with pkg-config's flags" compiles_c &&
	check "and it comes online, publishes and says goodbye" with_library "$scratch/app" "$url"
check "the header serves C++17 without a warning" compiles_cxx &&
	check "and the C++ program comes online and leaves" with_library "$scratch/app-cxx" "$url"
check "a static program links with pkg-config --static" compiles_static &&
	check "and it runs with a numeric address" "$scratch/app-static" "$url" &&
	check "and without a static libwslay it says so of a ws URL" lacks_websocket
check "uninstall leaves nothing behind" leaves_nothing
exit $failed
