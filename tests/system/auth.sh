#!/bin/bash
# SPDX-License-Identifier: MIT
# Enhanced authentication over real sockets: SCRAM-SHA-256 with the broker stub, and Mosquitto, which knows no method.
# shellcheck disable=SC2317
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# stub OPTION...: the broker stub; its words are in $dir/broker, those of its first line in $dir/where; sets url.
stub() {
	[ -x "$stub_broker" ] || fail "$stub_broker is not built"
	start "$stub_broker" --verbose "$@" >where 2>broker
	await where '^listening on '
	url=mqtt://$(sed -n 's/^listening on //p' where)
}

scram=(--auth-method SCRAM-SHA-256)

# says CODE PATTERN OPTION...: what mqttwill pub says and exits with.
says() {
	local wanted=$1 pattern=$2
	shift 2
	start "$mqttwill" pub --url "$url" --topic a --message b --qos 1 --timeout 10 -v "$@" 2>said
	ended "$pid"
	expect 'it says so' has said "$pattern"
	is 'exit code' "$wanted" "$code"
}

proves() {
	stub --scram 'la,mp=7:pen cil'
	says 0 'connected' "${scram[@]}" --user 'la,mp=7' --password 'pen cil'
	expect 'the broker has it' has_in_order broker 'connected' 'authenticated: for CONNECT' 'published a = b'
	echo 'pen cil' >password
	"$mqttwill" sub --url "$url" "${scram[@]}" --user 'la,mp=7' --password-file password --topic a --count 1 --timeout 20 >got \
		2>sub </dev/null &
	local sub=$!
	echo "$sub" >>pids
	await sub 'subscribed'
	says 0 'connected' "${scram[@]}" --user 'la,mp=7' --password 'pen cil'
	ended "$sub"
	is 'exit code of sub' 0 "$code"
}
it 'who knows the password publishes and subscribes' proves

refuses() {
	stub --scram 'lamp:pencil'
	says 5 'connack: Not authorized \(0x87\); the broker says "the authentication failed"' "${scram[@]}" --user lamp \
		--password pencils
	says 5 'connack: Bad User Name or Password \(0x86\)' --user lamp --password pencils
	expect 'nobody came in' lacks broker 'connected'
}
it 'a wrong password is refused and the reason told' refuses

other_method() {
	stub --auth TEST --user lamp --password pencil
	says 5 'connack: Bad authentication method \(0x8c\)' "${scram[@]}" --user lamp --password pencil
}
it 'a broker with another method refuses with 0x8C' other_method

not_mosquitto() {
	mosquitto
	says 5 'connack: Bad authentication method \(0x8c\)' "${scram[@]}" --user lamp --password pencil
}
it 'Mosquitto without a plug-in does, too' not_mosquitto

usage() {
	url=mqtt://127.0.0.1:1
	says 1 '^mqttwill: --auth-method: "GSSAPI" is not known' --auth-method GSSAPI --user lamp --password pencil
	says 2 '^mqttwill: --auth-method: only MQTT 5 has enhanced authentication' "${scram[@]}" --version 3.1.1 --user lamp \
		--password pencil
	says 2 '^mqttwill: --password: SCRAM-SHA-256 needs one' "${scram[@]}" --user lamp
}
it 'what cannot be is refused before a socket is opened' usage

presence() {
	stub --scram 'lamp:pencil'
	run device "${scram[@]}" --user lamp --password pencil
	await device ' online: '
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	expect 'birth and goodbye' has_in_order broker 'authenticated' 'lamp/status = online' 'lamp/status = offline' 'will deleted'
}
it 'mqttwill run has its birth and its goodbye' presence

again() {
	stub --scram 'lamp:pencil'
	mkfifo lines
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status auth_method=SCRAM-SHA-256 user_name=lamp password=pencil <>lines \
		>device
	await device '^ONLINE'
	echo reauth >lines
	await device '^DONE 2 OK'
	printf '%s\n' reauth 'pub 1 t x' >lines
	await_count 3 device '^DONE [0-9]+ OK'
	expect 'the broker was asked twice' counts 2 broker 'lamp: authenticated: once more'
	kill -KILL "$pid"
	await broker 'will published lamp/status = offline'
}
it 'a device proves itself again while it is connected' again

if "$mqttwill" pub --url mqtt://127.0.0.1:1 "${scram[@]}" --user a --password b --topic a --message b --timeout 1 2>&1 |
	grep -q 'built without OpenSSL'; then
	sentences=('SCRAM') plays=("skip 'this build has no OpenSSL' ")
fi
finish
