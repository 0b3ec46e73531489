#!/bin/bash
# SPDX-License-Identifier: MIT
# Wills, births and goodbyes on a real Mosquitto, with mosquitto_sub as a witness that shares no code with us.
# shellcheck disable=SC2015,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# How many statuses the witness has heard, those included that the broker has only just sent.
all_heard() {
	mosquitto_pub -p "$port" -q 1 -t lamp/end -m end
	await heard '^lamp/end '
	grep -c '^lamp/status' heard
}

# ---- The three messages ----------------------------------------------------------------------------------------------

three_messages() {
	mosquitto
	watcher 'lamp/#' # which shows the retain flag as 0 to those who listened already
	online first --version "$1"
	await heard '^lamp/status online q=1 r=0$'
	expect 'the will is in CONNECT' has broker 'Will message specified \(7 bytes\) \(r1, q1\)'
	kill -KILL "$device"
	await heard '^lamp/status offline q=1 r=0$'
	expect 'nobody said goodbye' lacks broker 'Received DISCONNECT from lamp'
	online second --version "$1"
	await_count 2 heard '^lamp/status online'
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	await_count 2 heard '^lamp/status offline q=1 r=0$'
	expect 'goodbye, then DISCONNECT' has_in_order broker 'Received CONNECT|New client connected.* as lamp' \
		'New client connected.* as lamp' "PUBLISH from lamp .*'lamp/status', ... \(6 bytes\)" \
		"PUBLISH from lamp .*'lamp/status', ... \(7 bytes\)" 'PUBACK to lamp' 'Received DISCONNECT from lamp'
	is 'messages in all' 4 "$(all_heard)"
}
for v in 3.1 3.1.1 5; do
	it "MQTT $v: birth, will after SIGKILL, birth again, goodbye after SIGTERM, each once" three_messages $v
done

retained_truth() {
	mosquitto
	is 'before all' '' "$(late lamp/status)"
	online first --version "$1"
	is 'while it is there' online "$(late lamp/status)"
	kill -KILL "$device"
	await broker 'Client lamp closed its connection'
	is 'after its death' offline "$(late lamp/status)"
	online second --version "$1"
	is 'while it is there again' online "$(late lamp/status)"
	kill -INT "$device"
	ended "$device"
	is 'after a clean stop' offline "$(late lamp/status)"
}
for v in 3.1 3.1.1 5; do
	it "MQTT $v: who subscribes late reads the truth before, during and after" retained_truth $v
done

no_retain() {
	mosquitto
	watcher 'lamp/#'
	online device --no-retain --qos 2
	await heard '^lamp/status online q=2'
	is 'late' '' "$(late lamp/status)"
	kill -KILL "$device"
	await heard '^lamp/status offline q=2'
	is 'late' '' "$(late lamp/status)"
}
it 'without retain, at QoS 2, the status is heard by those who listen and kept for nobody' no_retain

will_delay() {
	mosquitto
	watcher 'lamp/#'
	online device --will-delay 3 --session-expiry 60
	kill -KILL "$device"
	local died
	died=$(now)
	await heard offline
	in_time 'until the will' 2300 4000 $(($(now) - died)) # its clock counts whole seconds
}
it 'a will delay of 3 s is kept, give or take the second by which Mosquitto counts' will_delay

# Everything that a will can carry.
all_properties() {
	format='%t|%p|%q|%C|%R|%D|%F|%P' mosquitto
	format='%t|%p|%q|%C|%R|%D|%F|%P' watcher 'lamp/#'
	online device --qos 2 --offline 'gone: café' --message-expiry 1000 --content-type 'text/plain; charset=utf-8' \
		--response-topic lamp/answer --correlation-data hex:63c3a964 --payload-format 1 --user-property b=2 \
		--user-property a=1 --user-property b=3
	kill -KILL "$device"
	await heard '^lamp/status.gone'
	is 'the will' 'lamp/status|gone: café|2|text/plain; charset=utf-8|lamp/answer|céd|1|b:2 a:1 b:3' "$(grep gone heard)"
	local expiry
	expiry=$(mosquitto_sub -p "$port" -V mqttv5 -t lamp/status -C 1 -W 2 -F %E)
	within 'expiry' 990 1000 "${expiry:-0}"
}
it 'every property of a will reaches a subscriber, user properties in their order' all_properties

largest() {
	mosquitto
	watcher '#'
	head -c 65535 /dev/zero | tr '\0' x >payload
	online device --no-self-watch --offline @payload
	kill -KILL "$device"
	until_true "$deadline" has heard '^lamp/status xxx' || fail 'no will came'
	is 'its length' 65535 $(($(grep -E '^lamp/status xxx' heard | cut -d' ' -f2 | wc -c) - 1))
}
it 'a will of 65,535 bytes arrives whole' largest

one_of_a_kind() {
	mosquitto
	watcher '#'
	start "$mqttwill" sub --url "$url" --topic other --will-topic sub/will --will-payload "hex:00ff" --will-qos 1 \
		--will-retain --session-expiry 5 2>sub
	await sub subscribed
	kill -KILL "$pid"
	await heard '^sub/will '
	is 'the will of sub' 00ff "$(mosquitto_sub -p "$port" -t sub/will -C 1 -W 2 -F %x)"
	mkfifo lines
	start "$mqttwill" pub --url "$url" --topic out --stdin --will-topic pub/will --will-payload bye -v <>lines 2>pub
	await pub connected
	kill -KILL "$pid"
	await heard '^pub/will bye q=0'
}
it 'pub and sub have their wills, binary ones too' one_of_a_kind

# ---- Goodbyes, by the bytes on the wire -------------------------------------------------------------------------------

# PUBLISH of "offline" to lamp/status, QoS 1, retained, any packet identifier; in MQTT 5 without properties.
goodbye3=3316000b6c616d702f737461747573....6f66666c696e65
goodbye5=3317000b6c616d702f737461747573....006f66666c696e65

# leaves VERSION GOODBYE: plays a device to its end; $dir/sent holds what it wrote, from the birth on.
leaves() {
	mosquitto
	watcher 'lamp/#'
	proxied
	tell show
	online device --no-self-watch --version "$1" --goodbye "$2" ${3:+"$3"}
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	await proxy '^gone'
	sed -n 's/^up //p' proxy | tr -d '\n' >sent
}

says_offline() {
	leaves "$1" offline
	await heard offline
	case $1 in
	5) expect 'goodbye, then DISCONNECT 0x00' has sent "${goodbye5}e0(00|0100|020000)\$" ;;
	*) expect 'goodbye, then DISCONNECT' has sent "${goodbye3}e000\$" ;;
	esac
	await broker 'Client lamp disconnected'
	is 'messages' 2 "$(all_heard)"
}

with_will() {
	leaves "$1" with-will
	await heard offline
	expect 'no goodbye of its own' lacks sent 6f66666c696e65.*6f66666c696e65
	case $1 in
	5) expect 'DISCONNECT 0x04' has sent 'e0(0104|020400)$' ;;
	*) expect 'no DISCONNECT' lacks broker 'Received DISCONNECT from lamp' ;;
	esac
	expect 'the command says so' has device 'the will is due now'
}

silent() {
	leaves "$1" silent
	expect 'DISCONNECT 0x00' has sent 'e0(00|0100|020000)$'
	await broker 'Client lamp disconnected'
	is 'the status' online "$(late lamp/status)"
	is 'messages' 1 "$(all_heard)"
}

abort() {
	leaves "$1" abort
	await heard offline
	expect 'no DISCONNECT' lacks broker 'Received DISCONNECT from lamp'
	expect 'the birth was the last that it sent' has sent 'online|6f6e6c696e65$'
}
for v in 3.1 3.1.1 5; do
	it "MQTT $v: --goodbye offline sends the goodbye and DISCONNECT 0x00, byte for byte" says_offline $v
	it "MQTT $v: --goodbye with-will leaves the word to the broker" with_will $v
	it "MQTT $v: --goodbye silent leaves the status as it is" silent $v
	it "MQTT $v: --goodbye abort is a crash to the broker" abort $v
done

at_qos_0() {
	leaves 5 offline --qos=0
	await heard offline
	expect 'goodbye, PINGREQ, DISCONNECT' has sent '3115000b6c616d702f737461747573006f66666c696e65c000e0(00|0100|020000)$'
}
it 'at QoS 0 the goodbye is confirmed by a ping before DISCONNECT' at_qos_0

reset_at_abort() {
	mosquitto
	online device --goodbye abort
	kill -TERM "$device"
	ended "$device"
	await broker 'Socket error on client lamp|Client lamp closed its connection|Connection reset'
}
it 'an abort is seen by Mosquitto as a broken connection' reset_at_abort

# ---- A restart is not a lie ----------------------------------------------------------------------------------------------

restarted() {
	mosquitto
	watcher 'lamp/#'
	online first --will-delay 2 --session-expiry 60
	kill -KILL "$device"
	await broker 'Client lamp closed its connection'
	online second --will-delay 2 --session-expiry 60
	await_count 2 heard online
	rest 4000 # the delay of the first one's will, and the second by which Mosquitto is late
	expect 'no stray offline' lacks heard offline
	expect 'CONNECT, DISCONNECT, CONNECT' has_in_order broker 'as lamp \(p5, c0, ' 'Client lamp closed its connection' \
		'as lamp \(p5, c0, ' 'Sending CONNACK to lamp \(1, 0\)' 'Received DISCONNECT from lamp' 'as lamp \(p5, c1, ' \
		'Sending CONNACK to lamp \(0, 0\)'
	is 'births' 2 "$(all_heard)"
	kill -KILL "$device"
	await heard offline # the second one's will is as good
}
it 'a device that is started again within its will delay was never offline (promise 7)' restarted

restarted_with_mail() {
	mosquitto
	start "$mqttwill" sub --url "$url" --id lamp --topic lamp/orders --qos 1 --session-expiry 60 2>sub >got
	await sub subscribed
	kill -KILL "$pid"
	await broker 'Client lamp closed its connection'
	online device --session-expiry 60
	mosquitto_pub -p "$port" -q 1 -t lamp/orders -m 'for the process that died'
	is 'late' online "$(late lamp/status)"
	expect 'nothing of the old session came' lacks broker "Sending PUBLISH to lamp .*'lamp/orders'"
}
it 'a restarted process ends the session of the one before, and none of its subscriptions is left' restarted_with_mail

# ---- The self-watch ----------------------------------------------------------------------------------------------------

restates() {
	mosquitto
	online device
	await broker 'Sending SUBACK to lamp'
	mosquitto_pub -p "$port" -q 1 -r -t lamp/status -m offline
	await device 'will: .*stated again'
	is 'the status' online "$(late lamp/status)"
	mosquitto_pub -p "$port" -q 1 -r -t lamp/status -n
	await_count 2 device 'will: .*stated again'
	is 'the status' online "$(late lamp/status)"
}
it 'a status that somebody else changes, or deletes, is stated again (W4)' restates

watches_not() {
	mosquitto
	watcher 'lamp/#'
	online device --no-self-watch
	mosquitto_pub -p "$port" -q 1 -r -t lamp/status -m nonsense
	await heard nonsense
	kill -TERM "$device"
	ended "$device"
	is 'messages' 3 "$(all_heard)"
	expect 'no SUBSCRIBE' lacks broker 'Received SUBSCRIBE from lamp'
}
it 'without the self-watch nothing is subscribed and nothing restated' watches_not

# stub ACL: the stub broker with an access control list; Mosquitto's own lets every SUBSCRIBE pass.
stub() {
	[ -x "$stub_broker" ] || fail "$stub_broker is not built"
	echo "$1" >acl
	start "$stub_broker" --port 0 --acl acl >broker
	await broker '^listening on '
	url=mqtt://$(sed -n 's/^listening on //p' broker)
}

watch_refused() {
	stub "deny subscribe lamp/status $2"
	run device --version "$1"
	await device 'will: .*watch'
	await_count 1 device ' online: '
	[ -z "$2" ] || await_count 2 device ' online: '
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	is 'events about it' 1 "$(grep -c 'will: .*watch' device)"
}
it 'a refused watch is told once, and the device stays online' watch_refused 5 ''
it 'so it is in MQTT 3.1.1' watch_refused 3.1.1 ''
it 'a broker that answers the watch by disconnecting is asked no second time' watch_refused 5 disconnect

# ---- W2: what comes first after a reconnect ------------------------------------------------------------------------------

unacknowledged() {
	mosquitto
	proxied
	mkfifo lines
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status session_expiry_s=60 backoff_min_ms=200 self_watch=1 \
		<>lines >device
	await device '^ONLINE'
	await broker 'Sending SUBACK to lamp'
	tell 'hole up'
	mosquitto_pub -p "$port" -q 1 -t lamp/status -m offline # which the device will contradict, in vain
	rest 1500
	printf 'pub 1 lamp/data %s\n' one two three >lines
	await_count 3 device '^published'
	tell renew
	await_count 2 device '^ONLINE'
	await_count 3 device '^DONE'
}

resumes_in_order() {
	unacknowledged
	awk '/Sending CONNACK to lamp \(1, 0\)/ { on = 1 } on' broker >resumed
	expect 'birth, what was unacknowledged in its order, the birth again' has_in_order resumed \
		"PUBLISH from lamp \(d0, q1, r1, .*'lamp/status'" "PUBLISH from lamp \(d1, q1, r1, .*'lamp/status'" \
		"PUBLISH from lamp \(d1, q1, r0, .*'lamp/data', ... \(3 bytes\)" \
		"PUBLISH from lamp \(d1, q1, r0, .*'lamp/data', ... \(3 bytes\)" \
		"PUBLISH from lamp \(d1, q1, r0, .*'lamp/data', ... \(5 bytes\)" "PUBLISH from lamp \(d0, q1, r1, .*'lamp/status'"
	is 'each once' 3 "$(grep -c "PUBLISH from lamp .*'lamp/data'" broker)"
	is 'the status' online "$(late lamp/status)"
}
it 'a resumed session: birth, what was unacknowledged, and the birth again if an old one was among it (W2)' resumes_in_order

# ---- W3: the deadline ------------------------------------------------------------------------------------------------------

stopped_broker() {
	mosquitto
	watcher 'lamp/#'
	online device --version "$1" --goodbye-timeout 2
	stop "$broker"
	local began
	began=$(now)
	kill -TERM "$device"
	ended "$device"
	in_time 'of the goodbye' 1500 2000 $(($(now) - began))
	is 'exit code' 6 "$code"
	expect 'the command says so' has device 'left .*the will is due now: .*goodbye was not acknowledged'
	kill -CONT "$broker"
	await_count 2 heard offline # the goodbye, which arrived after all, and the will: the broker spoke
	until_true "$deadline" has broker 'Client lamp (disconnected|closed its connection)' || fail 'it did not leave'
	# whether it saw DISCONNECT 0x04, or first that the connection was gone, is a race inside the broker
	[ "$1" = 5 ] || expect 'no DISCONNECT' lacks broker 'Received DISCONNECT from lamp'
}
for v in 3.1.1 5; do
	it "MQTT $v: a goodbye that is not acknowledged in time leaves the word to the broker (W3)" stopped_broker $v
done

finish
