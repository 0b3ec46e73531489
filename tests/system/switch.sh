#!/bin/bash
# SPDX-License-Identifier: MIT
# A connected device gets a new will, on a real Mosquitto: what an independent witness hears of it is the new one after the
# device's death, and nothing before. And brokers that send their clients elsewhere.
# shellcheck disable=SC2015,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# device OPTION...: tests/api/device, online; its events are in $dir/device, and it obeys `order`.
device() {
	mkfifo orders
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status "$@" <>orders >device
	device=$pid
	exec {orders}<>orders
	await device '^ONLINE'
}

order() {
	echo "$*" >&"$orders"
}

# The device dies; the witness hears this will and has heard no other one.
dies_with() {
	lacks heard '^lamp/status (offline|new)' || fail 'a will came while the device lived'
	kill -KILL "$device"
	await heard '^lamp/status '"$1"
	is 'wills in all' 1 "$(grep -cE '^lamp/status (offline|new)' heard)"
}

# ---- Take-over ---------------------------------------------------------------------------------------------------------

take_over() {
	mosquitto
	watcher 'lamp/#'
	device delay_s=2 session_expiry_s=60
	order update 0 new
	await device '^update 1'
	await device '^WILL 0 OK .*the new will is in force$'
	await_count 2 device '^ONLINE'
	expect 'UP again, and never DOWN' lacks device '^(DOWN|RETRY)'
	expect 'the broker saw a take-over' has broker 'Client lamp already connected'
	rest 3500 # the old will's delay, and the second that the broker's clock may be off
	dies_with new
}
it 'a take-over brings the new will; the old one is never heard' take_over

# Messages at every QoS go both ways all the while.
in_traffic() {
	local i n=200
	mosquitto
	watcher 'lamp/#' -V mqttv311 # in 5.0 Mosquitto's client leaves when Mosquitto passes its Receive Maximum
	device delay_s=2 session_expiry_s=60
	order sub 2 to/lamp
	await device '^DONE 2 OK'
	start mosquitto_pub -p "$port" -V mqttv5 -q 2 -t to/lamp -l < <(for ((i = 0; i < n; i++)); do echo "in-$i"; done)
	for ((i = 0; i < n; i++)); do
		echo "pub $((i % 3)) lamp/data out-$i"
		[ $((i % 50)) != 25 ] || echo "update 0 new-$i"
	done >&"$orders"
	await heard "out-$((n - 1)) "
	await device "in-$((n - 1)) "
	until_true "$deadline" counts 1 device '^WILL 0 OK' || fail 'no update came to its end'
	expect 'no loss' lacks device '^(DOWN|RETRY)'
	order pub 2 lamp/data last
	await heard 'data last '
	for ((i = 0; i < n; i++)); do
		case $((i % 3)) in
		1) expect "out-$i at QoS 1 arrived" has heard "out-$i " ;;
		*) is "times that out-$i arrived" 1 "$(grep -c "out-$i " heard)" ;;
		esac
		is "times that in-$i came" 1 "$(grep -c "in-$i " device)"
	done
}
it 'messages of each QoS, both ways, during take-overs: none is lost, none comes twice that may not' in_traffic

# Ten of them, one after the other, as fast as they go.
again_and_again() {
	local i
	mosquitto
	watcher 'lamp/#'
	device delay_s=2 session_expiry_s=60
	for i in 1 2 3 4 5 6 7 8 9 10; do
		order update 0 "new-$i"
		await_count "$i" device '^WILL 0 OK .*in force$'
	done
	rest 3000
	dies_with new-10
}
it 'ten take-overs in a row: the tenth will is the one' again_and_again

# The same over TLS: two handshakes' worth of state at once.
over_tls() {
	command -v openssl >/dev/null || skip 'openssl is not installed'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>openssl
	free_port
	local plain=$port
	mosquitto "certfile $dir/cert.pem" "keyfile $dir/key.pem" "listener $plain 127.0.0.1"
	url=mqtts://localhost:$port port=$plain
	watcher 'lamp/#'
	device delay_s=2 session_expiry_s=60 ca_file="$dir/cert.pem"
	order update 0 new
	await device '^WILL 0 OK .*in force$'
	await_count 2 device '^ONLINE'
	order pub 1 lamp/data after
	await heard 'data after'
	expect 'UP again, and never DOWN' lacks device '^(DOWN|RETRY)'
	rest 3500
	dies_with new
}
it 'a take-over over TLS' over_tls

# The broker takes no third connection: the device stays with what it has.
refused() {
	mosquitto 'max_connections 2'
	watcher 'lamp/#'
	device delay_s=2 session_expiry_s=60 connect_timeout_ms=3000
	order update 0 new # there is no room for a third connection
	await device '^WILL 0 MQTTWILL_E'
	expect 'the old will stays' has device 'the former one stays in force, until the next CONNECT brings the new one'
	order pub 1 lamp/data after
	await heard 'data after'
	expect 'no loss' lacks device '^(DOWN|RETRY)'
	dies_with offline
}
it 'a second connection that the broker does not take leaves the first one alone' refused

# ---- Without a take-over -------------------------------------------------------------------------------------------------

unarmed() {
	mosquitto
	watcher 'lamp/#'
	device version="$1"
	order update 0 new
	await device '^update -2 .*MQTTWILL_ALLOW_UNARMED'
	order update 1 new
	await device '^WILL 0 OK .*the new will is in force; for [0-9]+ ms there was none$'
	await_count 2 device '^ONLINE'
	expect 'UP again, and never DOWN' lacks device '^(DOWN|RETRY)'
	expect 'DISCONNECT, then CONNECT' has_in_order broker 'Received DISCONNECT from lamp' 'New client connected.* as lamp'
	rest 500
	dies_with new
}
it 'MQTT 5 without a session: the flag is demanded, and the unarmed moment told' unarmed 0
it 'MQTT 3.1.1: so it is' unarmed 4
it 'MQTT 3.1: so it is' unarmed 3

# ---- Another server --------------------------------------------------------------------------------------------------------

# elsewhere CODE: a stub that sends everybody to a Mosquitto.
elsewhere() {
	[ -x "$stub_broker" ] || fail "$stub_broker is not built"
	mosquitto
	start "$stub_broker" --port 0 --refuse "$1" --server-reference "127.0.0.1:$port" >stub
	await stub '^listening on '
	url=mqtt://$(sed -n 's/^listening on //p' stub)
}

followed() {
	elsewhere "$1"
	watcher 'lamp/#'
	device redirect_maximum=1 stable_ms=1
	await heard '^lamp/status online'
	expect 'it is told' has device "^RETRY .*EMOVED 0 .*\($1\).*; it names \"127.0.0.1:$port\", which is followed"
	[ "$1" = 0x9d ] && lacks device '^RETRY .*permanent' || :
}
it 'use another server: the client goes there' followed 0x9c
it 'server moved: so it does' followed 0x9d

not_followed() {
	elsewhere 0x9c
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status </dev/null >device
	await device '^RETRY .*EMOVED permanent .*which is not followed: redirect_maximum is 0'
}
it 'without the option it stays and says so' not_followed

by_command() {
	elsewhere 0x9c
	start "$mqttwill" pub --url "$url" --topic a --message b --qos 1 --follow-redirects 1 2>said
	ended "$pid"
	is 'exit code' 0 "$code"
	expect 'it arrived there' has broker 'Received PUBLISH'
}
it 'mqttwill pub --follow-redirects' by_command
finish
