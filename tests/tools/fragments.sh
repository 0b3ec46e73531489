#!/bin/sh
# SPDX-License-Identifier: MIT
# Every fragment of C in README.md and in the man pages of section 3 compiles, without a warning; every `mqttwill run` that
# README.md and the man pages show has options that mqttwill explain takes, every other command options that it has. What a
# fragment leaves out stands in the prelude.
set -eu
export LC_ALL=C
: "${CC:=cc}" "${top_srcdir:=.}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/fragments.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
failed=0

cat >"$tmp/prelude.h" <<'END'
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <mqttwill.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
/* other libraries' names, as they declare them */
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_poll_s { void *data; } uv_poll_t;
typedef void uv_poll_cb(uv_poll_t *p, int status, int events);
enum { UV_READABLE = 1, EV_READ = 2, EV_PERSIST = 16, G_IO_IN = 1, G_SOURCE_CONTINUE = 1 };
int uv_poll_init(uv_loop_t *loop, uv_poll_t *p, int fd);
int uv_poll_start(uv_poll_t *p, int events, uv_poll_cb *cb);
typedef int evutil_socket_t, gint, gboolean, GIOCondition;
typedef unsigned guint;
typedef void *gpointer;
struct event_base;
struct event;
struct event *event_new(struct event_base *base, evutil_socket_t fd, short what, void (*cb)(evutil_socket_t, short, void *), void *arg);
int event_add(struct event *e, const struct timeval *t);
guint g_unix_fd_add(gint fd, GIOCondition what, gboolean (*cb)(gint, GIOCondition, gpointer), gpointer data);
END

# What a fragment that is no whole program finds around it.
cat >"$tmp/around.h" <<'END'
extern uv_loop_t *loop;
extern struct event_base *base;
extern volatile sig_atomic_t stop;
extern bool closed;
extern uv_poll_t watch;
extern struct mqttwill_message lux;
extern mqttwill *c, *lamp;
extern void *bytes;
extern size_t n;
END

# Blocks into files of their own: what begins with a function or a declaration at file scope, up to the last brace in the
# first column, stays there; the rest becomes a function's body.
cat >"$tmp/split.awk" <<'END'
function begin(where) { file = sprintf("%s/%03d.c", tmp, ++count); from = where; lines = 0; last = 0 }
function keep(text) { block[++lines] = text; if (text ~ /^}/) last = lines }
function end(    i, whole, scope) {
	whole = scope = 0
	for (i = 1; i <= lines; i++)
		whole += block[i] ~ /^int main/
	scope = block[1] ~ /^(static|typedef)/ ? (last ? last : lines) : 0
	if (block[1] ~ /^struct [a-z_]* (\{|  *\{)/) { count--; return } # the header's, once more
	if (!whole)
		print "#include \"prelude.h\"\n#include \"around.h\"" >file
	printf "#line %d \"%s\"\n", from, FILENAME >file
	for (i = 1; i <= lines; i++) {
		if (!whole && i == scope + 1)
			printf "void fragment(void);\nvoid fragment(void)\n{\n#line %d\n", from + scope >file
		print (block[i] ~ /\{ \.\.\. \}/ ? "" : block[i]) >file
	}
	if (!whole && scope < lines)
		print "}" >file
	close(file)
}
FNR == 1 { open = 0 }
FILENAME ~ /README/ && /^```c$/ { begin(FNR + 1); open = 1; next }
FILENAME ~ /README/ && /^```$/ && open { end(); open = 0 }
FILENAME ~ /\.3$/ && /^\.Bd -literal/ { begin(FNR + 1); open = 1; next }
FILENAME ~ /\.3$/ && /^\.Ed/ && open { end(); open = 0 }
open { gsub(/\\e/, "\\"); keep($0) }
END

cd "$top_srcdir"
# shellcheck disable=SC2046 # no page's name has a blank
awk -v tmp="$tmp" -f "$tmp/split.awk" README.md $(grep -L '^\.so ' man/*.3)
total=0
for file in "$tmp"/[0-9]*.c; do
	total=$((total + 1))
	if ! $CC -std=c11 -fsyntax-only -Wall -Wextra -Werror -Wno-unused -Wno-unused-parameter -Wno-unused-result -Iinclude -I"$tmp" "$file" >"$tmp/said" 2>&1; then
		cat "$tmp/said"
		failed=1
	fi
done
[ "$total" -ge 15 ] || failed=1
if [ $failed = 0 ]; then
	echo "ok - the $total fragments of C in README.md and the man pages compile"
else
	echo "not ok - the fragments of C in README.md and the man pages compile ($total found)"
fi

# `mqttwill run` and `explain`, with what is continued on the next line.
sed 's/\\e$/\\/' README.md man/*.[17] | sed -e ':a' -e '/\\$/N; s/\\\n//; ta' | sed 's/^ExecStart=/    /' |
	sed -n 's/^ *mqttwill \(run\|explain\) \(--[^`|]*\)$/\2/p' | sed 's/--svg [^ ]*//' >"$tmp/lines"
bad=0 shown=0
while read -r words; do
	shown=$((shown + 1))
	if ! eval "\"\${MQTTWILL:-./mqttwill}\" explain $words" >"$tmp/said" 2>&1 </dev/null &&
		! grep -q ': this library was built without [A-Za-z]*$' "$tmp/said"; then
		echo "mqttwill run $words"
		cat "$tmp/said"
		bad=1
	fi
done <"$tmp/lines"
[ "$shown" -ge 4 ] || bad=1
if [ $bad = 0 ]; then
	echo "ok - the $shown commands that README.md and the man pages show for a device are taken"
else
	echo "not ok - the commands that README.md and the man pages show for a device are taken ($shown found)"
	failed=1
fi

# The other commands connect somewhere; their options must be there, at least.
bad=0 shown=0
sed 's/\\e$/\\/' README.md man/*.[17] | sed -e ':a' -e '/\\$/N; s/\\\n//; ta' | sed -n 's/^.*mqttwill \(pub\|sub\|probe\) \(-[^`|]*\)$/\1 \2/p' >"$tmp/lines"
for command in pub sub probe; do
	"${MQTTWILL:-./mqttwill}" $command --help >"$tmp/$command"
done
while read -r command words; do
	shown=$((shown + 1))
	for option in $(echo " $words" | grep -o ' --[a-z0-9-]*'); do
		grep -qE -- "(^|[ ,])$option( |=|\$)" "$tmp/$command" && continue
		echo "mqttwill $command has no $option"
		bad=1
	done
done <"$tmp/lines"
[ "$shown" -ge 15 ] || bad=1
if [ $bad = 0 ]; then
	echo "ok - the options of the $shown other commands that README.md and the man pages show are there"
else
	echo "not ok - the options of other commands that README.md and the man pages show are there ($shown found)"
	failed=1
fi
exit $failed
