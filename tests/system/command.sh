#!/bin/bash
# SPDX-License-Identifier: MIT
# The command's exit codes and refusals, and what signals, closed pipes and brokers that never answer make of it.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

nobody=mqtt://127.0.0.1:1

table() {
	refusals 38 <<'ROWS'
0|Exit codes|--help
0|^mqttwill [0-9]|--version
0|--goodbye|run --help
1|which command|
1|is no command|fly
1|no option of this command|pub --fly
1|needs a value|pub -t
1|takes no value|pub --retain=1
1|is not an option|sub a
1|needs --topic|run --id a
1|needs --topic|pub -m b
1|needs --topic|sub
1|either --message or --stdin|pub -t a
1|not a number|pub -t a -m b --qos x
1|none of refuse, drop-oldest, drop-newest, keep-last|pub -t a -m b --queue-policy foo
2|--queue-messages: 2000000 is not|pub -t a -m b --queue-messages 2000000
1|not a number|pub -t a -m b --qos -1
1|below 1|sub -t a --count 0
1|no time at all|sub -t a --timeout 0
1|no time at all|pub -t a -m b --timeout 0
1|no time at all|run --id a -t a --goodbye-timeout 0
1|none of with-will, silent, abort|sub -t a --goodbye foo
1|none of auto, 3.1, 3.1.1, 5|sub -t a --version 4
1|No such file|pub -t a -m @/nofile
1|No such file|pub -t a -m b --cafile /nofile
1|not hexadecimal|pub -t a -m hex:0g
1|odd number|pub -t a -m hex:000
1|not NAME=VALUE|pub -t a -m b --user-property x
2|MQTT-3.3.1-4|pub -t a -m b --qos 3
2|MQTT-3.1.2-12|pub -t a -m b --will-topic w --will-qos 3
2|MQTT-4.7.3-1|pub -t a -m b --will-payload x
2|MQTT-4.7.[01]-1|pub -t a -m b --will-topic "w/#"
2|UTF-8|pub -t a -m b --will-topic $'w\xff'
2|UTF-8|pub -t a -m b --will-topic w --will-content-type $'\xff'
2|MQTT 5, 3.1.3.2|pub -t a -m b --will-topic w --will-delay 1 --version 3.1.1
2|MQTT|pub -t a -m b --will-topic w --will-response-topic +
2|MQTT|pub -t a -m b --will-topic w --will-payload hex:ff --will-payload-format 1
2|MQTT 5, 3.1.2.10|pub -t a -m b --keepalive 65536
2|MQTT 5, 3.1.3.2.2|pub -t a -m b --will-delay 4294967296
2|--session-expiry|pub -t a -m b --version 3.1.1 --session-expiry 4
2|--id|run -t a
2|MQTT-4.7.1|sub -t 'a#'
3|Connection refused|pub --url "$nobody" -t a -m b
3|Connection refused|pub --url "$nobody" -t a -m b --version 3.1
3|warning: --cafile|pub --url "$nobody" -t a -m b --cafile /etc/passwd
6|no connection in 0.5 s; last: .*refused|sub --url "$nobody" -t a --retry --timeout .5
6|not subscribed when --for was over|sub --url "$nobody" -t a --retry --for .3
ROWS
}
it 'the table of refusals' table

stub() {
	[ -x "$stub_broker" ] || fail "$stub_broker is not built"
	start "$stub_broker" --port 0 >broker
	await broker '^listening on '
	url=mqtt://$(sed -n 's/^listening on //p' broker)
}

# old_broker HOW: a stub that speaks 3.1.1 alone and refuses others in this way.
old_broker() {
	[ -x "$stub_broker" ] || fail "$stub_broker is not built"
	start "$stub_broker" --port 0 --levels 3.1.1 --refuse-level "$1" --verbose >broker 2>seen
	await broker '^listening on '
	url=mqtt://$(sed -n 's/^listening on //p' broker)
}

falls_back() {
	local how
	for how in in-kind as-311 as-5 close; do
		old_broker "$how"
		"$mqttwill" pub --url "$url" -t a -m "$how" -q 1 >said 2>&1 || fail 'the message was not published'
		is 'what pub says' '' "$(cat said)"
		expect 'the broker has it' has seen "published a = $how"
		[ "$how" != close ] || continue
		start "$mqttwill" pub --url "$url" -t a -m b --version 5 >said 2>&1
		ended "$pid"
		is 'exit code with --version 5' 5 "$code"
		expect 'it says why' has said 'Unsupported Protocol Version'
	done
}
it 'a broker that does not speak MQTT 5 is spoken to in 3.1.1, however it says so' falls_back

relies_on_5() {
	old_broker in-kind
	start "$mqttwill" pub --url "$url" -t a -m b --content-type text/plain >said 2>&1
	ended "$pid"
	is 'exit code' 5 "$code"
	start "$mqttwill" run --url "$url" --id lamp -t lamp/status --will-delay 5 --session-expiry 60 --version auto >said 2>&1
	ended "$pid"
	expect 'the session is what it misses' has said 'session_expiry_s is 60|--session-expiry is 60'
	expect 'no CONNECT left' [ "$(grep -c 'refused' seen)" -eq 2 ]
	"$mqttwill" pub --url "$url" -t a -m b -q 1 --content-type text/plain --adapt >said 2>&1 || fail 'not published with --adapt'
	expect 'it says what is left out' has said 'Content Type'
	run device --url "$url" --id lamp --topic lamp/status --will-delay 5 --session-expiry 60 --adapt
	await device ' online: '
	expect 'the delay is told' has device 'delay_s was 5'
	expect 'the session is told' has device 'which was 60'
	expect 'what it is about is said once' lacks device 'will: will'
	kill -TERM "$device"
	ended "$device"
}
it 'what only MQTT 5 has is not lost unless --adapt says so, and then each loss is told' relies_on_5

status() {
	"$mqttwill" sub --url "$url" -t lamp/status --count 1 --for 5 2>/dev/null | cut -d' ' -f3
}

broken_stderr() {
	stub
	mkfifo words
	start head -n 2 words >head # which ends, and with it the pipe's other end
	start "$mqttwill" run --url "$url" --id lamp --topic lamp/status 2>words
	device=$pid
	await head online
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	is 'the status' offline "$(status)"
}
it 'nobody reads stderr any more: the goodbye is said all the same' broken_stderr

two_signals() {
	stub
	online device
	kill -INT "$device"
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	is 'the status' offline "$(status)"
}
it 'two signals at once, as of timeout(1): the goodbye is said all the same' two_signals

is_json() {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	stub
	start "$mqttwill" sub --url "$url" -t json --json --count 2 --for 5 >lines 2>ear
	await ear subscribed
	"$mqttwill" pub --url "$url" -t json -m hex:00ff -q 1 --user-property $'a"=\\\n' --correlation-data hex:ff
	"$mqttwill" pub --url "$url" -t json -m $'"\\\u202e\u00e4' -q 1 --content-type text/plain
	ended "$pid"
	while read -r line; do
		echo "$line" | python3 -m json.tool >/dev/null || fail "no JSON: $line"
	done <lines
	is 'lines' 2 "$(wc -l <lines)"
}
it '--json is JSON' is_json

# What is sent to one connection for two of its subscriptions.
names_all_ids() {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	start python3 -u -c '
import socket
ear = socket.create_server(("127.0.0.1", 0))
print(ear.getsockname()[1])
line = ear.accept()[0]
line.recv(999)
line.sendall(bytes.fromhex("2003000000"))
line.recv(999)
line.sendall(bytes.fromhex("9004000100023009000174050b070bac0278"))
while line.recv(999):
    pass' >peer
	await peer '[0-9]'
	"$mqttwill" sub --url "mqtt://127.0.0.1:$(cat peer)" -t t --json --count 1 --for 5 >lines 2>ear
	expect 'both identifiers stand in it' has lines '"subscription_ids":\[7,300\]'
}
it '--json names every subscription identifier' names_all_ids

looks_like_hex() {
	stub
	start "$mqttwill" sub --url "$url" -t a --count 3 --for 5 >lines 2>ear
	await ear subscribed
	"$mqttwill" pub --url "$url" -t a -m text:hex:00 -q 1
	"$mqttwill" pub --url "$url" -t a -m hex:ff -q 1
	"$mqttwill" pub --url "$url" -t a -m $'x\u202ey' -q 1
	ended "$pid"
	expect 'each in its way' has_in_order lines ' a text:hex:00 ' ' a hex:ff ' ' a x\\u202ey '
}
it 'a text that begins with hex: is told from bytes; nothing turns the direction of text' looks_like_hex

finish
