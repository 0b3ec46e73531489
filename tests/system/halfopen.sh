#!/bin/bash
# SPDX-License-Identifier: MIT
# Half-open connections: one side believes in what the other has lost. Whatever a connection goes over, and in whichever
# direction the bytes vanish, the client knows after the keep-alive and the ping timeout, says DOWN, and comes back.
# shellcheck disable=SC2015,SC2317,SC2119
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
bridge=${BRIDGE:-$(built tests/support/bridge)}
keepalive_ms=2000 ping_ms=700
built_without=$("$mqttwill" pub --url mqtts://localhost --topic a --message b --timeout 1 2>&1
	"$mqttwill" pub --url ws://localhost --topic a --message b --timeout 1 2>&1)

# ---- Ways to the broker: each sets way, the device's options -----------------------------------------------------------------

certificate() {
	command -v openssl >/dev/null || skip 'the openssl command is not installed'
	[[ $built_without != *'built without OpenSSL'* ]] || skip 'this build has no TLS'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>/dev/null || fail 'no certificate'
}

over_tcp() {
	mosquitto
	proxied
	way=("url=$url")
}

over_tls() {
	certificate
	mosquitto "certfile $dir/cert" "keyfile $dir/key"
	proxied
	way=("url=mqtts://localhost:${url##*:}" ca_file=cert)
}

over_websocket() {
	[[ $built_without != *'built without libwslay'* ]] || skip 'this build has no WebSocket'
	free_port # Mosquitto 2.0.11 does not start without a listener of another kind
	mosquitto 'protocol websockets' "listener $port 127.0.0.1"
	proxied
	way=("url=ws${url#mqtt}/mqtt")
}

over_wss() {
	certificate
	[[ $built_without != *'built without libwslay'* ]] || skip 'this build has no WebSocket'
	free_port
	mosquitto 'protocol websockets' "certfile $dir/cert" "keyfile $dir/key" "listener $port 127.0.0.1"
	proxied
	way=("url=wss://localhost:${url##*:}/mqtt" ca_file=cert)
}

over_unix() {
	mosquitto
	proxied "$port" "$dir/socket"
	way=("url=unix://$dir/socket")
}

over_a_proxy() {
	command -v microsocks >/dev/null || skip 'microsocks is not installed'
	mosquitto
	proxied
	free_port
	start microsocks -i 127.0.0.1 -p "$port" >socks 2>&1
	until_true $deadline grep -qi "$(printf ':%04X 0*:0000 0A' "$port")" /proc/net/tcp || fail 'microsocks does not listen'
	way=("url=$url" "proxy=socks5://127.0.0.1:$port")
}

over_a_transport() {
	mosquitto
	proxied
	start "$bridge" "${url##*:}" <&"$never" >line
	await line '^line /'
	way=(url=mqtt://localhost "serial=$(sed -n 's/^line //p' line)")
}

# ---- What happens ------------------------------------------------------------------------------------------------------------

# ONLINE, then ORDER; DOWN comes in time, and when the way is whole again, so does ONLINE.
falls_silent() {
	"over_$1"
	start "$api_dir/device" "${way[@]}" id=lamp topic=lamp/status keepalive_s=$((keepalive_ms / 1000)) ping_timeout_ms=$ping_ms \
		backoff_min_ms=100 connect_timeout_ms=1500 </dev/null >device 2>&1
	await device '^ONLINE'
	tell "$2"
	local began
	began=$(now)
	await device '^DOWN '
	in_time 'until the client knew' 0 $((keepalive_ms + ping_ms)) $(($(now) - began))
	expect 'why' has device '^DOWN .*ESILENT .*keep-alive: the broker has sent nothing for too long'
	tell renew
	await_count 2 device '^ONLINE'
	expect 'no step took long' lacks device '^SLOW'
}

for way in tcp tls websocket wss unix a_proxy a_transport; do
	for order in hole 'hole up' 'hole down'; do
		it "over ${way//_/ }: $order" falls_silent $way "$order"
	done
done

# The client's bytes are taken, and acknowledged by nobody: what it has to say must not make it wait longer.
busy_and_silent() {
	over_tcp
	mkfifo lines
	start "$api_dir/device" "${way[@]}" id=lamp topic=lamp/status keepalive_s=2 ping_timeout_ms=$ping_ms backoff_min_ms=100 <>lines >device
	await device '^ONLINE'
	tell hole
	local began i
	began=$(now)
	for ((i = 0; i < 200; i++)); do
		! has device '^DOWN' || break
		echo 'pub 0 lamp/data x' >lines
		rest 30
	done
	await device '^DOWN .*ESILENT'
	in_time 'until the client knew' 0 $((keepalive_ms + ping_ms)) $(($(now) - began))
}
it 'a client that goes on publishing knows as soon' busy_and_silent

at_once=${TESTS_AT_ONCE:-24} # they rest nearly all the time
finish
