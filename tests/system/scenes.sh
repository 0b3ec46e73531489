#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job in six scenes: devices come online, die in several ways, and a subscriber is told the truth in time.
# Each scene has a broker, a subscriber and devices of its own; all run at once, and are told one after the other.
#
#   MQTTWILL, STUB_BROKER   the programs; by default those of a build in this tree
#   BROKER_URL              play on this broker instead of the stub
set -u
export LC_ALL=C.UTF-8
top=$(cd "$(dirname "$0")/../.." && pwd)

# built NAME: a program in the tree, built in place or by ./quickstart.
built() {
	local place
	for place in "$top/$1" "$top/build/gcc/$1"; do
		[ -x "$place" ] && break
	done
	echo "$place"
}

mqttwill=${MQTTWILL:-$(built mqttwill)}
stub_broker=${STUB_BROKER:-$(built tests/broker/stub-broker)}
broker_url=${BROKER_URL:-}
if ! [ -x "$mqttwill" ] || { [ -z "$broker_url" ] && ! [ -x "$stub_broker" ]; }; then
	echo "scenes: $mqttwill or $stub_broker is not built; run make first" >&2
	exit 1
fi

# ms that an event may be late on a busy machine; other brokers look at their clocks less often
slack=800 silence_slack=800
[ -z "$broker_url" ] || slack=3000 silence_slack=8000
work=$(mktemp -d "${TMPDIR:-/tmp}/scenes.XXXXXX")
players=()

# ---- Time and processes ----------------------------------------------------------------------------------------------

now() {
	local t=$EPOCHREALTIME
	echo $((10#${t//[.,]/} / 1000))
}

seconds() {
	printf '%d.%02d' $(($1 / 1000)) $(($1 % 1000 / 10))
}

# Ends what this (sub)shell has started, stopped processes too.
dismiss() {
	[ ${#players[@]} = 0 ] || kill -KILL "${players[@]}" 2>/dev/null
	players=()
}

# tell WHO WHAT: a line of the scene's story, with the seconds since it began.
tell() {
	local at=$(($(now) - began))
	printf '  %6s s  %-11s %s\n' "$(seconds $at)" "$1" "$2"
}

# fail WHAT: the scene did not show what it should.
fail() {
	tell '!' "$1"
	echo "$1" >>"$dir/failed"
}

# await FILE PATTERN MS: until a line of the file matches.
await() {
	local until=$(($(now) + $3))
	until grep -qE -- "$2" "$1" 2>/dev/null; do
		[ "$(now)" -lt $until ] || return 1
		sleep 0.02
	done
}

rest() {
	sleep "$(seconds "$1")"
}

# ---- Who plays -------------------------------------------------------------------------------------------------------

# broker [OPTION...]: sets url.
broker() {
	if [ -n "$broker_url" ]; then
		url=$broker_url
		return
	fi
	"$stub_broker" --port 0 "$@" >"$dir/broker" 2>&1 &
	players+=($!)
	await "$dir/broker" '^listening on ' 5000 || fail "the broker did not start: $(cat "$dir/broker")"
	url=mqtt://$(sed -n 's/^listening on //p' "$dir/broker")
}

# Reads a subscriber's lines as they come: tells them, and keeps "MILLISECONDS TOPIC PAYLOAD ..." in heard.
ear() {
	local line
	while read -r _ line; do
		echo "$(now) $line" >>"$dir/heard"
		tell subscriber "${line#"$prefix"}"
	done
}

# subscriber FILTER
subscriber() {
	: >"$dir/heard"
	mkfifo "$dir/ear"
	ear <"$dir/ear" &
	"$mqttwill" sub --url "$url" --topic "$prefix$1" >"$dir/ear" 2>"$dir/subscriber" &
	players+=($!)
	await "$dir/subscriber" subscribed 5000 || fail "the subscriber did not subscribe: $(cat "$dir/subscriber")"
}

# device NAME OPTION...: starts mqttwill run and waits until it is online; sets device.
device() {
	local name=$1
	shift
	: >"$dir/$name"
	"$mqttwill" run --url "$url" --id "$id" "$@" 2>"$dir/$name" &
	device=$!
	players+=("$device")
	await "$dir/$name" ' online' 5000 || fail "the device did not come online: $(cat "$dir/$name")"
	tell device 'is online'
}

# The status as somebody reads it who subscribes only now.
latecomer() {
	"$mqttwill" sub --url "$url" --topic "$prefix$1" --count 1 --for 3 2>/dev/null | cut -d' ' -f3
}

# killed SIGNAL TEXT: sends it to the device; sets gone.
killed() {
	tell device "$2"
	gone=$(now)
	kill "-$1" "$device"
}

# ---- What must be seen -----------------------------------------------------------------------------------------------

# The time of the first line that the subscriber heard after FROM and that matches.
heard() {
	awk -v from="$1" -v pattern="$2" '$1 >= from { line = $0; sub(/^[0-9]+ /, "", line); if (line ~ pattern) { print $1; exit } }' \
		"$dir/heard"
}

# due PATTERN FROM EARLIEST LATEST: waits until it is heard; sets took, in ms after FROM. False: not in that time.
due() {
	local until=$(($2 + $4)) at=
	took=
	while :; do
		at=$(heard "$2" "$1")
		[ -z "$at" ] && [ "$(now)" -lt $((until + 500)) ] || break
		sleep 0.02
	done
	[ -n "$at" ] && took=$((at - $2)) && [ $took -ge "$3" ] && [ $took -le "$4" ]
}

in_time() {
	due "$@" || fail "$1 was due $(seconds "$3") to $(seconds "$4") s after; it came ${took:+$(seconds "$took") s after}${took:-not}"
}

# ---- The scenes ------------------------------------------------------------------------------------------------------

scene_1='A device is killed with SIGKILL. Its will has a delay of 2 s.'
scene_1() {
	broker
	subscriber 'lamp/status'
	device lamp --topic "${prefix}lamp/status" --will-delay 2 --session-expiry 60
	killed KILL 'is killed'
	in_time 'lamp/status offline' "$gone" 1950 $((2000 + slack))
	conclude "the subscriber read \"offline\" ${took:+$(seconds "$took") s} after the device was killed; the will delay is 2 s"
}

scene_2='The same, and the device is started again within the delay of 3 s.'
scene_2() {
	broker
	subscriber 'lamp/status'
	device lamp --topic "${prefix}lamp/status" --will-delay 3 --session-expiry 60
	killed KILL 'is killed'
	rest 1000
	tell device 'is started again'
	device again --topic "${prefix}lamp/status" --will-delay 3 --session-expiry 60
	rest $((gone + 3000 + slack + 500 - $(now)))
	[ -z "$(heard 0 'lamp/status offline')" ] || fail 'the subscriber was told "offline"'
	[ -n "$(heard "$gone" 'lamp/status online')" ] || fail 'the second birth was not heard'
	conclude 'the device was back within its will delay, and the subscriber never read "offline"'
}

scene_3='The will has a delay of 5 s, but the session ends with the connection: the delay is cut short.'
scene_3() {
	broker
	subscriber 'lamp/status'
	device lamp --topic "${prefix}lamp/status" --will-delay 5 --session-expiry 0
	killed KILL 'is killed'
	if due 'lamp/status offline' "$gone" 0 $slack || [ -z "$broker_url" ]; then
		in_time 'lamp/status offline' "$gone" 0 $slack
		conclude "the subscriber read \"offline\" at once (${took:+$(seconds "$took") s}), since the session had expired"
	else
		in_time 'lamp/status offline' "$gone" 4000 $((5000 + slack))
		conclude "this broker is late: \"offline\" came only ${took:+$(seconds "$took") s} after the kill, though the session had expired"
	fi
}

scene_4="The broker throws a device out for publishing what it may not. Its will, \"I'm offline\", has a delay of 5 s."
scene_4() {
	if [ -n "$broker_url" ]; then
		echo 'it needs a broker whose access control list disconnects' >"$dir/skipped"
		return
	fi
	echo 'deny publish test disconnect' >"$dir/acl"
	broker --acl "$dir/acl"
	subscriber 'offline'
	tell device 'publishes to "test"'
	"$mqttwill" pub --url "$url" --id "$id" --topic test --message hello --qos 1 --session-expiry 10 \
		--will-topic "${prefix}offline" --will-payload "I'm offline" --will-delay 5 2>"$dir/device"
	local rc=$?
	gone=$(now)
	tell device "exits with $rc: $(tail -n 1 "$dir/device" | cut -d' ' -f2-)"
	[ $rc = 5 ] || fail 'the exit code is 5 for a broker that disconnects'
	in_time "offline I'm offline" "$gone" 4800 $((5000 + slack))
	conclude "the broker disconnected the device, and ${took:+$(seconds "$took") s} later the subscriber read \"I'm offline\""
}

# late STATUS WHEN
late() {
	local status
	status=$(latecomer A/status)
	tell latecomer "subscribes $2 and reads \"$status\""
	[ "$status" = "$1" ] || fail "the truth is \"$1\""
}

scene_5='The status is retained on A/status: who comes late reads the truth.'
scene_5() {
	broker
	subscriber 'A/status'
	device first --topic "${prefix}A/status" --keepalive 5
	late online 'while the device is there'
	killed KILL 'is killed'
	in_time 'A/status offline' "$gone" 0 $slack
	late offline 'after its death'
	device second --topic "${prefix}A/status" --keepalive 5
	late online 'while it is there again'
	killed TERM 'is stopped with SIGTERM'
	wait "$device"
	local rc=$?
	tell device "exits with $rc"
	[ $rc = 0 ] || fail 'a clean stop exits with 0'
	in_time 'A/status offline' "$gone" 0 $slack
	late offline 'after a clean stop'
	conclude 'four latecomers read "online" and "offline" as it was: alive, killed, alive again, stopped'
}

scene_6='A device hangs: SIGSTOP. Its link looks alive; its keep-alive is 2 s.'
scene_6() {
	broker
	subscriber 'lamp/status'
	device lamp --topic "${prefix}lamp/status" --keepalive 2
	rest 200
	killed STOP 'is stopped with SIGSTOP'
	in_time 'lamp/status offline' "$gone" 2500 $((3000 + silence_slack))
	local born
	born=$(heard 0 'lamp/status online')
	local silence=$((gone + ${took:-0} - ${born:-0})) # the birth was the last that the broker heard, or nearly
	[ $silence -ge 2950 ] || fail 'that was before one and a half times the keep-alive'
	conclude "the subscriber read \"offline\" after $(seconds $silence) s of silence; one and a half times the keep-alive is 3 s"
}

# ---- The stage -------------------------------------------------------------------------------------------------------

conclude() {
	echo "$1" >"$dir/conclusion"
}

# Devices leave in peace, and what they stored on a broker that is not ours goes too.
leave_nothing() {
	local topic
	[ ${#players[@]} != 0 ] || return
	kill -TERM "${players[@]}" 2>/dev/null
	kill -CONT "${players[@]}" 2>/dev/null
	rest 500
	for topic in lamp/status A/status; do
		"$mqttwill" pub --url "$broker_url" --topic "$prefix$topic" --message '' --retain 2>/dev/null
	done
}

# play N: one scene, with its story in $work/N/story.
play() {
	dir=$work/$1
	id=scene-$1-$$
	prefix=
	[ -z "$broker_url" ] || prefix=$id/
	players=()
	trap dismiss EXIT
	trap 'exit 1' TERM INT
	began=$(now)
	"scene_$1"
	[ -z "$broker_url" ] || leave_nothing
	dismiss
}

stages=()
cleanup() {
	[ ${#stages[@]} = 0 ] || kill -TERM "${stages[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' TERM INT

start=$(now)
for n in 1 2 3 4 5 6; do
	mkdir "$work/$n"
	play $n >"$work/$n/story" 2>"$work/$n/noise" &
	stages+=($!)
done

failed=0
for n in 1 2 3 4 5 6; do
	wait "${stages[n - 1]}"
	title=scene_$n
	printf '\nScene %d. %s\n' $n "${!title}"
	cat "$work/$n/story"
	if [ -s "$work/$n/skipped" ]; then
		echo "skip - scene $n: $(cat "$work/$n/skipped")"
	elif [ -s "$work/$n/failed" ] || ! [ -s "$work/$n/conclusion" ]; then
		failed=$((failed + 1))
		echo "not ok - scene $n: $(head -n 1 "$work/$n/failed" 2>/dev/null || cat "$work/$n/noise")"
	else
		echo "ok - scene $n: $(cat "$work/$n/conclusion")"
	fi
done
stages=()

echo
if [ $failed != 0 ]; then
	echo "$failed of the scenes did not show what they should."
	exit 1
elif [ -n "$broker_url" ]; then
	echo "Played on $broker_url in $(seconds $(($(now) - start))) s; what it did is told above."
else
	echo "All six scenes went as MQTT says, in $(seconds $(($(now) - start))) s: a device that dies is reported offline when its will is due,"
	echo "one that comes back in time never is, and whoever asks late reads the truth."
fi
