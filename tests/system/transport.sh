#!/bin/bash
# SPDX-License-Identifier: MIT
# A transport of the application's own, in real time: MQTT over a pseudo-terminal as over a serial line, in the clear, with TLS
# and with WebSocket above it, with a descriptor and without one.
# shellcheck disable=SC2015,SC2317,SC2119
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
bridge=${BRIDGE:-$(built tests/support/bridge)}

# bridged [PORT]: a serial line to the broker; sets line.
bridged() {
	[ -x "$bridge" ] || fail "$bridge is not built"
	start "$bridge" "${1:-$port}" <&"$never" >line
	await line '^line /'
	line=$(sed -n 's/^line //p' line)
}

example() {
	mosquitto
	watcher 'lamp-7/#'
	bridged
	start "$(dirname "$api_dir")/../examples/transport" "$line" 2>errors
	ended "$pid"
	is 'exit code' 0 "$code"
	await heard '^lamp-7/status offline'
	expect 'what was heard' has_in_order heard '^lamp-7/status online' '^lamp-7/lux 451' '^lamp-7/status offline'
	is 'how often it was offline' 1 "$(grep -c 'status offline' heard)"
}
it 'the example: a device behind a serial line' example

# device URL OPTION...: over the line; with orders.
over_line() {
	mkfifo orders
	start "$api_dir/device" url="$1" serial="$line" id=lamp topic=lamp/status backoff_min_ms=200 "${@:2}" <>orders >device
	await device '^ONLINE'
}

# A message of 60,000 bytes there and back, one at QoS 2, and the goodbye.
plays() {
	local bytes
	bytes=$(head -c 240 /dev/zero | tr '\0' x)
	echo 'sub 2 lamp/echo' >orders
	await device '^DONE [0-9]+ OK'
	echo "pub 2 lamp/echo $bytes" >orders
	await device "^MESSAGE lamp/echo x"
	echo 'close offline' >orders
	await device '^CLOSED .* OK'
	expect 'no loss' lacks device '^(DOWN|RETRY)'
	expect 'no step took long' lacks device '^SLOW'
}

plain() {
	mosquitto
	bridged
	over_line "mqtt://localhost" "$@"
	plays
}
it 'MQTT over a serial line' plain
it 'MQTT over a serial line whose descriptor the library does not know' plain no_fd=1

with_tls() {
	command -v openssl >/dev/null || skip 'the openssl command is not installed'
	! "$mqttwill" pub --url mqtts://localhost --topic a --message b --timeout 1 2>&1 | grep -q 'built without' || skip 'this build has no TLS'
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=far -addext subjectAltName=DNS:far.example \
		2>/dev/null || fail 'no certificate'
	mosquitto "certfile $dir/cert" "keyfile $dir/key"
	bridged
	over_line mqtts://far.example ca_file=cert "$@"
	expect 'UP tells of TLS' has device '^UP .*connected to mqtts://far.example:8883 with TLSv1\.[23]'
	plays
}
it 'TLS over a serial line' with_tls
it 'TLS over a serial line without a descriptor' with_tls no_fd=1

with_websocket() {
	! "$mqttwill" pub --url ws://localhost --topic a --message b --timeout 1 2>&1 | grep -q 'built without' || skip 'this build has no WebSocket'
	free_port # Mosquitto 2.0.11 does not start without a listener of another kind
	mosquitto 'protocol websockets' "listener $port 127.0.0.1"
	bridged
	over_line ws://far.example "$@"
	plays
}
it 'WebSocket over a serial line' with_websocket
it 'WebSocket over a serial line without a descriptor' with_websocket no_fd=1

no_line() {
	free_port
	start "$api_dir/device" url=mqtt://far serial="$dir/nowhere" id=lamp topic=lamp/status </dev/null >device
	await device '^RETRY .*MQTTWILL_ECONNECT .*open far:1883: .*/nowhere: No such file'
}
it 'what the transport says of a failure is in the event' no_line

# The line stays open while the broker's side is gone: only silence tells.
broker_gone() {
	mosquitto
	watcher 'lamp/#'
	bridged
	over_line mqtt://localhost keepalive_s=2 ping_timeout_ms=500
	kill -KILL "$broker"
	local began
	began=$(now)
	await device '^DOWN .*ESILENT'
	in_time 'until it was seen' 0 2500 $(($(now) - began))
	mosquitto_start
	await_count 2 device '^ONLINE'
}
it 'a broker that is gone is found out by its silence' broker_gone
finish
