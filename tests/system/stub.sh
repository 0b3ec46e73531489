#!/bin/bash
# SPDX-License-Identifier: MIT
# The stub broker as others' clients find it: mosquitto_pub and mosquitto_sub, which share no code with us, in 3.1, 3.1.1 and
# 5. MQTT.js does the same in tests/readers/readers-mqttjs.sh.
# shellcheck disable=SC2094,SC2119,SC2120,SC2154 # the library sets variables
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- Parts -----------------------------------------------------------------------------------------------------------

# stub [OPTION...]: sets port; what happens is in the file broker.
stub() {
	command -v mosquitto_sub >/dev/null || skip 'mosquitto-clients are not installed'
	start "$stub_broker" --port 0 --verbose "$@" >broker 2>&1
	stub_pid=$pid
	await broker '^listening on '
	port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' broker)
}

# sub NAME VERSION FILTER [OPTION...]: a subscriber; what it hears is in the file NAME. Sets pid.
sub() {
	local name=$1 version=$2 filter=$3 before
	shift 3
	before=$(grep -c " $name: subscribed" broker)
	start mosquitto_sub -h 127.0.0.1 -p "$port" -V "$version" -i "$name" -t "$filter" -F "${format:-%t %p q=%q r=%r}" "$@" \
		>>"$name" 2>>"$name.errors"
	await_count $((before + 1)) broker " $name: subscribed"
}

pub() {
	local version=$1
	shift
	mosquitto_pub -h 127.0.0.1 -p "$port" -V "$version" -i speaker "$@" >>speaker 2>&1
}

said() {
	pub "$@" || fail "mosquitto_pub $* ended with $?: $(cat speaker)"
}

# Nothing is on its way that a last message could not overtake.
heard_in_all() {
	local name=$1 version=$2
	said "$version" -t lamp/end -m end -q 2
	await "$name" '^lamp/end end'
	is "what $name heard" "$3" "$(grep -v '^lamp/end' "$name")"
}

# ---- Messages --------------------------------------------------------------------------------------------------------

every_qos() {
	local granted qos want
	stub
	for granted in 0 1 2; do
		sub "g$granted" "$1" 'lamp/#' -q $granted
	done
	for qos in 0 1 2; do
		said "$1" -t "lamp/$qos" -m größer -q $qos
	done
	for granted in 0 1 2; do
		want=
		for qos in 0 1 2; do
			want+="lamp/$qos größer q=$((qos < granted ? qos : granted)) r=0"$'\n'
		done
		heard_in_all "g$granted" "$1" "${want%$'\n'}"
	done
}

retained() {
	stub
	said "$1" -t lamp/a -m kept -q 1 -r
	sub late "$1" 'lamp/#' -q 2
	await late '^lamp/a kept q=1 r=1$'
	said "$1" -t lamp/a -n -r
	await late '^lamp/a  q=0 r=0$'
	sub later "$1" 'lamp/#' -q 2
	heard_in_all later "$1" ''
}

sessions() {
	local keep=(-c -q 2)
	[ "$1" != mqttv5 ] || keep+=(-x 60)
	stub
	sub away "$1" 'lamp/#' "${keep[@]}"
	kill -KILL "$pid"
	await broker ' away: disconnected'
	said "$1" -t lamp/0 -m none -q 0
	said "$1" -t lamp/1 -m one -q 1
	said "$1" -t lamp/2 -m two -q 2
	sub away "$1" 'lamp/#' "${keep[@]}"
	heard_in_all away "$1" $'lamp/1 one q=1 r=0\nlamp/2 two q=2 r=0'
}

shared() {
	stub
	said "$1" -t lamp/kept -m kept -r
	sub one "$1" "\$share/group/lamp/#" -q 1
	sub two "$1" "\$share/group/lamp/#" -q 1
	sub all "$1" 'lamp/+' -q 1
	await all '^lamp/kept kept'
	seq 6 | said "$1" -t lamp/n -q 1 -l
	await_count 3 one '^lamp/n '
	await_count 3 two '^lamp/n '
	is 'together, each once' "$(seq 6)" "$(sed -n 's/^lamp\/n \([0-9]*\) q=1 r=0$/\1/p' one two | sort -n)"
	is 'messages that who does not share heard' 7 "$(grep -c . all)"
	is 'retained messages that the group heard' '' "$(grep -h kept one two)"
}

# ---- Wills -----------------------------------------------------------------------------------------------------------

# with_will NAME VERSION [OPTION...]
with_will() {
	local name=$1 version=$2
	shift 2
	sub "$name" "$version" "own/$name" --will-topic "lamp/$name" --will-payload 'vergangen ä' --will-qos 1 -C 1 "$@"
}

# It has had its one message, and says DISCONNECT 0x00. On SIGTERM it says 0x04 in MQTT 5, and 3.x knows no other than 0x00.
ends_well() {
	said "$2" -t "own/$1" -m last -q 1
	await broker " $1: disconnected: DISCONNECT"
}

killed() {
	stub
	sub watcher "$1" 'lamp/#' -q 2
	with_will clean "$1"
	ends_well clean "$1"
	with_will device "$1" --will-retain
	kill -KILL "$pid"
	heard_in_all watcher "$1" 'lamp/device vergangen ä q=1 r=0'
	sub late "$1" 'lamp/device' -q 2
	await late '^lamp/device vergangen ä q=1 r=1$'
}

stopped() {
	stub
	sub watcher "$1" 'lamp/#' -q 2
	with_will device "$1"
	kill -TERM "$stub_pid"
	await watcher '^lamp/device vergangen ä q=1 r=0$'
}

delayed() {
	local since
	stub
	format='%t %p q=%q r=%r type=%C answer=%R data=%D format=%F expiry=%E users=%P' sub watcher mqttv5 'lamp/#' -q 2
	with_will device mqttv5 -c -x 60 -D will will-delay-interval 1 -D will content-type text/plain \
		-D will response-topic why -D will correlation-data data -D will payload-format-indicator 1 \
		-D will message-expiry-interval 100 -D will user-property b 1 -D will user-property a 2 -D will user-property b 1
	since=$(now)
	kill -KILL "$pid"
	await watcher '^lamp/device '
	in_time 'until the will' 1000 1000 $(($(now) - since))
	is 'the will' 'lamp/device vergangen ä q=1 r=0 type=text/plain answer=why data=data format=1 expiry=100 users=b:1 a:2 b:1' \
		"$(cat watcher)"
}

cancelled() {
	stub
	sub watcher mqttv5 'lamp/#' -q 2
	with_will device mqttv5 -c -x 60 -D will will-delay-interval 60
	kill -KILL "$pid"
	await broker ' device: will due'
	with_will device mqttv5 -c -x 60
	await broker ' device: will cancelled'
	ends_well device mqttv5
	heard_in_all watcher mqttv5 ''
}

left_with_will() {
	stub
	sub watcher mqttv5 'lamp/#' -q 2
	with_will device mqttv5
	kill -TERM "$pid"
	await broker ' device: disconnected 0x04: DISCONNECT'
	heard_in_all watcher mqttv5 'lamp/device vergangen ä q=1 r=0'
}

# ---- What the stub is told to do -------------------------------------------------------------------------------------

refused() {
	stub --user somebody --password secret
	said "$1" -u somebody -P secret -t t -m x
	! pub "$1" -u somebody -P wrong -t t -m x || fail 'a wrong password is taken'
	expect 'it is told' has speaker '[Nn]ot authori|bad user name|Bad User'
}

misbehaving() {
	local since
	stub --delay-acks 200 --send 30040001747A --misbehave-to slow
	format='%t %p' sub slow "$1" t -C 1
	ended "$pid"
	is 'what nobody has published' 't z' "$(cat slow)"
	since=$(now)
	said "$1" -t t -m x -q 1
	expect 'others have no delay' test $(($(now) - since)) -lt "$deadline"
}

late_answers() {
	local since
	stub --delay-acks 300
	since=$(now)
	said "$1" -t t -m x -q 2 # CONNACK, PUBREC, PUBCOMP
	in_time 'until all was acknowledged' 900 900 $(($(now) - since))
}

cut_off() {
	stub --close-at 40
	! pub "$1" -t t -m "$(printf '%100s' x)" -q 1 || fail 'it was published'
	expect 'the broker has nothing of it' lacks broker published
}

for v in mqttv31 mqttv311 mqttv5; do
	it "mosquitto_pub and mosquitto_sub on the stub broker, $v: each QoS at each granted QoS" every_qos $v
	it "mosquitto_pub and mosquitto_sub on the stub broker, $v: a retained message, and its end" retained $v
	it "mosquitto_pub and mosquitto_sub on the stub broker, $v: a session is kept while the client is away" sessions $v
	it "mosquitto_pub and mosquitto_sub on the stub broker, $v: a shared subscription" shared $v
	it "mosquitto_sub on the stub broker, $v: a will after SIGKILL, retained, and none after a clean end" killed $v
	it "mosquitto_sub on the stub broker, $v: a broker that is stopped publishes wills first" stopped $v
	it "mosquitto_pub on the stub broker, $v: a wrong password is refused in words" refused $v
	it "mosquitto_pub on the stub broker, $v: late answers are waited for" late_answers $v
	it "mosquitto_pub on the stub broker, $v: a connection that ends in the middle of a packet" cut_off $v
done
it 'mosquitto_sub on the stub broker: a delayed will with all its properties' delayed
it 'mosquitto_sub on the stub broker: a delayed will is cancelled by a return' cancelled
it 'mosquitto_sub on the stub broker: DISCONNECT 0x04 publishes the will' left_with_will
it 'mosquitto_sub on the stub broker: one client is sent bytes and late answers, others are not' misbehaving mqttv311
finish
