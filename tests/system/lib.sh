# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # much is set for the scripts
# What the system tests share: brokers on free ports, devices, watchers, and waiting for what happens, never for how long it
# might take. A test is a function that `it` names with a sentence; each plays in a subshell and a directory of its own,
# several at once, and all that it started is killed at its end. A script sources this file, says `it ...`, ends with `finish`.
#   MQTTWILL, STUB_BROKER, MOSQUITTO, PROXY, API_DIR   the programs; by default those of a build in this tree
set -u
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin
unset BROKER_URL
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# built NAME: a program in the tree, built in place or by ./quickstart.
built() {
	local place
	for place in "${top_builddir:-$top}/$1" "$top/build/gcc/$1"; do
		[ -x "$place" ] && break
	done
	(cd "$(dirname "$place")" 2>/dev/null && echo "$PWD/${place##*/}") || echo "$place"
}

mqttwill=${MQTTWILL:-$(built mqttwill)}
stub_broker=${STUB_BROKER:-$(built tests/broker/stub-broker)}
proxy=${PROXY:-$(built tests/support/proxy)}
api_dir=${API_DIR:-$(dirname "$(built tests/api/device)")}
mosquitto=${MOSQUITTO:-$(command -v mosquitto || echo no)}
work=$(mktemp -d "${TMPDIR:-/tmp}/system.XXXXXX")
ports=${TMPDIR:-/tmp}/mqttwill-ports.$UID
at_once=${TESTS_AT_ONCE:-10}
deadline=${TESTS_DEADLINE_MS:-20000} # for what should take no time
slack=${TESTS_SLACK_MS:-2500}        # for what should take a certain time
exec {never}<> <(:) # nobody writes to it: read -t on it rests without a process

# ---- Time ------------------------------------------------------------------------------------------------------------

now() {
	local t=$EPOCHREALTIME
	echo $((10#${t//[.,]/} / 1000))
}

# rest MS: only where time itself is what is tested.
rest() {
	local s
	printf -v s '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	read -rt "$s" -u "$never" || :
}

# await FILE PATTERN [MS]: until a line of the file matches; fails the test at the deadline.
await() {
	until_true "${3:-$deadline}" grep -qE -- "$2" "$1" 2>/dev/null || fail "no \"$2\" in $(basename "$1") after ${3:-$deadline} ms"
}

# await_count N FILE PATTERN [MS]: until N lines match.
await_count() {
	until_true "${4:-$deadline}" counts "$@" || fail "not $1 times \"$3\" in $(basename "$2") after ${4:-$deadline} ms"
}

counts() {
	[ "$(grep -cE -- "$3" "$2")" -ge "$1" ]
}

# until_true MS COMMAND...
until_true() {
	local until=$(($(now) + $1))
	shift
	until "$@"; do
		[ "$(now)" -lt $until ] || return 1
		rest 30
	done
}

# ---- Judging ---------------------------------------------------------------------------------------------------------

# Ends the test; what its parts said is shown.
fail() {
	echo "$*" >"$dir/failed"
	exit 1
}

# Ends the test as one that could not be played.
skip() {
	echo "$*" >"$dir/skipped"
	exit 0
}

# expect WHAT COMMAND...
expect() {
	local what=$1
	shift
	"$@" || fail "$what ($*)"
}

# is WHAT WANTED GOT
is() {
	[ "$2" = "$3" ] || fail "$1: wanted \"$2\", got \"$3\""
}

# within WHAT LOW HIGH NUMBER
within() {
	if [ "$4" -lt "$2" ] || [ "$4" -gt "$3" ]; then
		fail "$1: $4 is not within $2 to $3"
	fi
}

# in_time WHAT LOW HIGH MS: the same for a time, with what a busy machine may be late.
in_time() {
	within "ms $1" "$2" $(($3 + slack)) "$4"
}

has() {
	grep -qE -- "$2" "$1"
}

lacks() {
	! grep -qE -- "$2" "$1"
}

# has_in_order FILE PATTERN...: each pattern's first line after the one before.
has_in_order() {
	local file=$1 line=0 n
	shift
	for pattern; do
		n=$(tail -n +$((line + 1)) "$file" | grep -nE -m 1 -- "$pattern" | cut -d: -f1)
		[ -n "$n" ] || { echo "missing, or too early: $pattern" >>"$dir/why"; return 1; }
		line=$((line + n))
	done
}

# refusals LEAST <TABLE: plays the command with each row's words. A row is: exit code|pattern of what it says|words.
refusals() {
	local wanted pattern words n=0 least=$1
	while IFS='|' read -r wanted pattern words; do
		[ -n "$wanted" ] || continue
		eval "set -- $words"
		start "$mqttwill" "$@" >out 2>said </dev/null
		ended "$pid"
		is "exit code of $words" "$wanted" "$code"
		expect "$words says why" grep -qE -- "$pattern" out said
		echo "ok - exit code $wanted: mqttwill $words" >>"$dir/verdicts"
		n=$((n + 1))
	done
	expect 'all rows were played' [ "$n" -ge "$least" ]
}

# ---- Processes -------------------------------------------------------------------------------------------------------

# Starts COMMAND in the background; sets pid, which is killed at the test's end.
start() {
	"$@" <&0 & # or bash takes stdin away
	pid=$!
	echo "$pid" >>"$dir/pids"
}

# ended PID: waits for a process of this test; sets code.
ended() {
	until_true $deadline gone "$1" || fail "process $1 did not end"
	wait "$1"
	code=$?
}

gone() {
	local state
	[ -d "/proc/$1" ] || return 0
	read -r state <<<"$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)"
	[ "$state" = Z ] || [ -z "$state" ]
}

# Stopped, and seen to be.
stop() {
	kill -STOP "$1"
	until_true $deadline grep -q '^State:.T' "/proc/$1/status" || fail "process $1 did not stop"
}

tidy() {
	local p
	[ ! -f "$dir/pids" ] || while read -r p; do
		kill -KILL "$p" 2>/dev/null && wait "$p" 2>/dev/null
	done <"$dir/pids"
	[ ! -f "$dir/ports" ] || while read -r p; do
		rmdir "$ports/$p"
	done <"$dir/ports"
	[ ! -f "$dir/undo" ] || sh "$dir/undo"
} 2>/dev/null

# ---- Parts -----------------------------------------------------------------------------------------------------------

# Sets port: one below those that the kernel gives to connections, on which nobody listens, and ours alone.
free_port() {
	mkdir -p "$ports" || fail "$ports cannot be made"
	while :; do
		port=$((10000 + (RANDOM << 15 | RANDOM) % 20000))
		mkdir "$ports/$port" 2>/dev/null || continue
		echo $port >>"$dir/ports"
		grep -qi "$(printf ':%04X 0*:0000 0A' $port)" /proc/net/tcp /proc/net/tcp6 || return 0
	done
}

# mosquitto_conf [LINE...]: a configuration in $dir/conf with a listener on a free port; sets port and url.
mosquitto_conf() {
	[ -x "$mosquitto" ] || skip 'mosquitto is not installed'
	command -v mosquitto_sub >/dev/null || skip 'mosquitto-clients are not installed'
	free_port
	url=mqtt://127.0.0.1:$port
	{
		echo "listener $port ${address:-127.0.0.1}"
		printf '%s\n' 'user root' 'connection_messages true' 'max_packet_size 268435456' "$@"
		case "$*" in *log_type*) ;; *) echo 'log_type all' ;; esac
		case "$*" in *allow_anonymous*) ;; *) echo 'allow_anonymous true' ;; esac
	} >"$dir/conf"
	: >"$dir/broker"
}

# Starts Mosquitto, or starts it again; sets broker. Its log is $dir/broker.
mosquitto_start() {
	local before
	before=$(grep -c ' running$' "$dir/broker")
	start ${netns:+ip netns exec "$netns"} "$mosquitto" -c "$dir/conf" 2>>"$dir/broker"
	broker=$pid
	until_true $deadline listens "$pid" "$((before + 1))" || fail "Mosquitto did not start: $(tail -n 1 "$dir/broker")"
}

# listens PID N: has it said so for the Nth time? Where it writes no log, the kernel is asked.
listens() {
	grep -q 'log_type none' "$dir/conf" && grep -qi "$(printf ':%04X 0*:0000 0A' "$port")" /proc/net/tcp ||
		counts "$2" "$dir/broker" '^[0-9]+: mosquitto version .* running$'
}

# mosquitto [LINE...]
mosquitto() {
	mosquitto_conf "$@"
	mosquitto_start
}

# watcher FILTER [OPTION...]: an independent client that writes what comes, as FORMAT says, to $dir/heard.
watcher() {
	local filter=$1
	shift
	: >"$dir/heard"
	start mosquitto_sub -h 127.0.0.1 -p "$port" -V mqttv5 -q 2 -i watcher -t "$filter" -F "${format:-%t %p q=%q r=%r}" "$@" \
		>>"$dir/heard" 2>"$dir/watcher"
	await "$dir/broker" 'Sending SUBACK to watcher'
}

# late TOPIC: what somebody reads who subscribes only now; nothing if nothing is retained.
late() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t "$1" -C 1 -W 2 2>/dev/null
}

# run NAME OPTION...: starts mqttwill run, which writes to $dir/NAME; sets device.
run() {
	local name=$1
	shift
	: >"$dir/$name"
	start "$mqttwill" run --url "$url" --id lamp --topic lamp/status "$@" 2>>"$dir/$name"
	device=$pid
}

# online NAME OPTION...: the same, and waits until it is online.
online() {
	run "$@"
	await "$dir/$1" ' online: '
}

# proxied [PORT [PATH]]: a proxy in front of the broker, on a Unix socket, too; sets url, proxy_pid. Its words are in $dir/proxy; command it with `tell`.
proxied() {
	[ -x "$proxy" ] || fail "$proxy is not built"
	mkfifo "$dir/orders"
	start "$proxy" "${1:-$port}" ${2+"$2"} <>"$dir/orders" >"$dir/proxy"
	exec {orders}<>"$dir/orders"
	await "$dir/proxy" '^listening on '
	url=mqtt://$(sed -n 's/^listening on //p' "$dir/proxy")
}

# tell ORDER: and waits until the proxy has obeyed.
tell() {
	local before
	before=$(grep -cx "ok $1" "$dir/proxy")
	echo "$1" >&"$orders"
	await_count $((before + 1)) "$dir/proxy" "^ok $1\$"
}

# ---- Playing ---------------------------------------------------------------------------------------------------------

sentences=()
plays=()

# it 'does something' FUNCTION [ARGUMENT...]
it() {
	sentences+=("$1")
	shift
	plays+=("$(printf '%q ' "$@")")
}

play() {
	dir=$work/$1
	mkdir "$dir"
	trap tidy EXIT
	trap 'exit 1' TERM INT
	cd "$dir" || exit 1
	local began
	began=$(now)
	eval "${plays[$1]}"
	echo $(($(now) - began)) >"$dir/took"
}

verdict() {
	local d=$work/$1 sentence=${sentences[$1]} f
	if [ -s "$d/skipped" ]; then
		echo "skip - $sentence: $(cat "$d/skipped")"
	elif [ -s "$d/failed" ] || [ ! -s "$d/took" ]; then
		for f in "$d"/*; do
			[ -f "$f" ] || continue
			echo "--- ${f##*/}"
			tail -n 40 "$f" | cut -c 1-300
		done
		echo "not ok - $sentence: $(cat "$d/failed" 2>/dev/null || echo 'it ended before its end')"
		return 1
	else
		cat "$d/verdicts" 2>/dev/null || echo "ok - $sentence" # a program that was run may have verdicts of its own
		[ -z "${TESTS_TIMES-}" ] || echo "  $(cat "$d/took") ms"
	fi
}

cleanup() {
	local p
	for p in "${running[@]}"; do
		kill -TERM "$p" 2>/dev/null
	done
	wait 2>/dev/null
	[ -n "${TESTS_KEEP-}" ] || rm -rf "$work"
	rmdir "$ports" 2>/dev/null
}

# Plays all, several at once, and prints their verdicts in the order in which they were named. ONLY=PATTERN plays some.
finish() {
	local i n=0 failed=0
	if ! [ -x "$mqttwill" ]; then
		echo "not ok - ${0##*/}: $mqttwill is not built"
		exit 1
	fi
	running=()
	trap cleanup EXIT
	trap 'exit 1' TERM INT
	for i in "${!plays[@]}"; do
		[[ ${sentences[i]} =~ ${ONLY-} ]] || continue
		while n=$(jobs -rp | wc -l) && [ "$n" -ge "$at_once" ]; do
			wait -n
		done
		play "$i" >"$work/$i.out" 2>&1 &
		running[i]=$!
	done
	for i in "${!plays[@]}"; do
		[ -n "${running[i]-}" ] || continue
		wait "${running[i]}"
		unset "running[i]"
		verdict "$i" || { failed=1; cat "$work/$i.out"; }
	done
	exit $failed
}
