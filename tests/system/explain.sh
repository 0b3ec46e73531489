#!/bin/bash
# SPDX-License-Identifier: MIT
# What mqttwill explain tells: its words, its numbers against a computation of their own, CONNECT's size against the bytes
# that mqttwill run sends, its picture. It needs no broker.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# explain OPTION...
explain() {
	"$mqttwill" explain --url mqtt://nowhere.invalid --id lamp --topic lamp/status "$@"
}

# same FILE WANTED
same() {
	diff -u "$2" "$1" >"$dir/difference" || fail "$1 is not as it should be"
}

in_full() {
	cat >wanted <<'TEXT'
lamp: MQTT 5, keep-alive 60 s, session expiry 60 s; CONNECT has 63 bytes
will     "offline" at QoS 1, retained, to lamp/status: 5 s after a loss
birth    "online" at QoS 1, retained, to lamp/status: after every CONNACK
pings    55 s without a byte to or from the broker, PINGREQ; after 10 s more without an answer the link counts as
         dead: 65 s at the latest

crash: the process dies, and its kernel closes the connection
    at once                the connection is closed, and the broker sees it
    after 5 s              the broker publishes "offline"
    then                   who subscribes reads "offline"

cut: power or network is gone, and nobody closes the connection
    within 65 s            the client, where it still runs, misses an answer and tries to connect anew
    after 30 s to 90 s     the broker has heard nothing for one and a half keep-alives, and closes
    after 35 s to 95 s     the broker publishes "offline"
    then                   who subscribes reads "offline"

goodbye: the device stops, and says so
    at once                the client publishes "offline", and waits for the acknowledgement
    at once                DISCONNECT 0x00: the broker drops the will
    after 10 s             where the broker did not take that within 5 s, it publishes "offline"
    then                   who subscribes reads "offline"

with-will: the device stops, and lets the broker say so
    at once                DISCONNECT 0x04: the broker is asked for the will
    after 5 s              the broker publishes "offline"
    then                   who subscribes reads "offline"

silent: the device stops, and says nothing
    at once                DISCONNECT 0x00: the broker drops the will
    never                  the broker publishes "offline"
    then                   who subscribes reads "online", though nobody is there

abort: the device resets the connection
    at once                a TCP reset, which the broker sees
    after 5 s              the broker publishes "offline"
    then                   who subscribes reads "offline"

return: the connection is lost, and the client id is back before the will is due, with Clean Start 0
    at once                the connection is closed, and the broker sees it
    within 5 s             the client is back, and the broker drops the will that was pending
    within 5 s             the client publishes "online"
    never                  the broker publishes "offline"
    then                   who subscribes reads "online"

take-over: the client id connects again while the old connection stands, with Clean Start 0
    at once                the broker ends the old connection; the session goes on, and the will is dropped
    at once                the client publishes "online"
    never                  the broker publishes "offline"
    then                   who subscribes reads "online"

clean-start: the client id connects again before the will is published, with Clean Start 1
    at once                the broker ends the old connection, where it is still there, and the session
    at once                the broker publishes "offline"
    at once                the client publishes "online"
    then                   who subscribes reads "online"

0 warnings

CONNACK may set another keep-alive or session expiry, which then counts. This is what MQTT promises;
mqttwill probe finds out whether a broker keeps it.
TEXT
	explain --will-delay 5 --session-expiry 60 >told || fail 'exit code'
	same told wanted
}
it 'explain tells every ending of a delayed will' in_full

# part NAME: the lines of one ending in the file told.
part() {
	sed -n "/^$1: /,/^\$/p" told
}

in_311() {
	explain --version 3.1.1 --keepalive 0 --qos 0 --no-retain --goodbye-timeout 2.5 >told || fail 'exit code'
	expect 'the head' has told '^lamp: MQTT 3.1.1, keep-alive off; CONNECT has 40 bytes$'
	cat >wanted <<'TEXT'
cut: power or network is gone, and nobody closes the connection
    within 65 s            the client, where it still runs, misses an answer and tries to connect anew
    never                  the broker notices: without a keep-alive it need not
    never                  the broker publishes "offline"
    then                   who subscribes reads nothing: the status is not retained

goodbye: the device stops, and says so
    at once                the client publishes "offline"
    at once                DISCONNECT: the broker drops the will
    after 2.5 s            where the broker did not take that within 2.5 s, it publishes "offline"
    then                   who subscribes reads nothing: the status is not retained

with-will: the device stops, and lets the broker say so
    at once                a close without DISCONNECT, since 3.x has no other way
    at once                the broker publishes "offline"
    then                   who subscribes reads nothing: the status is not retained

return: the connection is lost, and the client id is back before the will is due, with Clean Start 0
    at once                the connection is closed, and the broker sees it
    at once                the broker publishes "offline"
    at once                the client is back: no return is in time where there is no delay
    at once                the client publishes "online"
    then                   who subscribes reads nothing: the status is not retained

TEXT
	{ part cut; part goodbye; part with-will; part return; } >parts
	same parts wanted
	expect 'what a return is' has told 'every session is a clean one'
}
it 'explain tells of 3.1.1 without a keep-alive, at QoS 0, not retained' in_311

warned() {
	explain --will-delay 90 --session-expiry 30 --message-expiry 7200 --offline '' >told || fail 'exit code'
	expect 'the number' has told '^3 warnings$'
	expect 'the delay' has told '^    --will-delay is above .*\(MQTT-3.1.2-8\); raise --session-expiry'
	expect 'the expiry' has told '^    will message_expiry_s makes .*\(MQTT-3.3.2-5\); leave it out'
	expect 'the payload' has told '^    will payload is empty and retained.*MQTT-3.3.1-6\); give it'
	expect 'the session ends first' has told '^    after 30 s  *the broker publishes an empty payload$'
	expect 'what is read' has told '^    then  *who subscribes reads nothing: an empty payload clears the status$'
	explain --message-expiry 7200 >told || fail 'exit code'
	expect 'what is read' has told '^    then  *who subscribes reads "offline" for 2 h, then nothing$'
	explain --version auto --rejoin clean >told || fail 'exit code'
	expect 'auto' has told 'spoken to in 3.1.1 or 3.1'
	expect 'clean' has told 'With --rejoin clean every connection has Clean Start 1'
}
it 'explain has every warning of the will check, with rule and advice' warned

durations() {
	local wanted words
	while read -r wanted words; do
		# shellcheck disable=SC2086 # words
		explain --session-expiry 4294967295 $words >told || fail 'exit code'
		is "after a loss with $words" "${wanted//_/ }" "$(sed -n 's/^will .*: \(.*\) after a loss$/\1/p' told)"
	done <<'ROWS'
1_s --will-delay 1
119_s --will-delay 119
2_min --will-delay 120
2_min_1_s --will-delay 121
1_h_30_min --will-delay 5400
1_h_5_s --will-delay 3605
3_d_1_min_30_s --will-delay 259290
ROWS
	explain --keepalive 1 --goodbye-timeout 1.25 >told || fail 'exit code'
	expect 'parts of a second' has told '^pings +0.75 s .* after 0.5 s more'
	expect 'parts of a second' has told '^ +dead: 1.25 s at the latest'
	expect 'half a keep-alive' has told '^    after 0.5 s to 1.5 s '
	expect 'a timeout' has told 'did not take that within 1.25 s'
}
it 'explain writes times in full, and exactly' durations

# field ENDING NAME: of the object in the file told.
field() {
	sed "s/.*\"ending\":\"$1\"//; s/.*\"$2\":\([^,}]*\).*/\1/; " <<<"$(sed "s/{\"ending\"/\n&/g" told | grep "\"ending\":\"$1\"")"
}

# The truth table once more, in seconds and by hand; `never` as null.
numbers() {
	local k d s wait cut_from=null cut_to=null resumed=null n=0 ping
	for k in 0 1 7 60 65535; do
		for d in 0 5 259200; do
			for s in 0 3 60 4294967295; do
				explain --json --keepalive $k --will-delay $d --session-expiry $s >told || fail 'exit code'
				wait=$((d < s ? d : s)) cut_from=null cut_to=null resumed=null
				[ $k = 0 ] || cut_from=$((k * 500 + wait * 1000)) cut_to=$((k * 1500 + wait * 1000))
				[ $wait != 0 ] || resumed=0
				is "crash $k $d $s" $((wait * 1000)) "$(field crash will_latest_ms)"
				is "cut $k $d $s, at the earliest" $cut_from "$(field cut will_earliest_ms)"
				is "cut $k $d $s, at the latest" $cut_to "$(field cut will_latest_ms)"
				is "with-will $k $d $s" $((wait * 1000)) "$(field with-will will_latest_ms)"
				is "abort $k $d $s" $((wait * 1000)) "$(field abort will_latest_ms)"
				is "take-over $k $d $s" $resumed "$(field take-over will_latest_ms)"
				is "return $k $d $s" $resumed "$(field return will_latest_ms)"
				is "clean-start $k $d $s" 0 "$(field clean-start will_latest_ms)"
				is "silent $k $d $s" null "$(field silent will_latest_ms)"
				is "goodbye $k $d $s" null "$(field goodbye will_latest_ms)"
				case $k in 0) ping='55000 65000' ;; 1) ping='750 1250' ;; 7) ping='5250 8750' ;; *) ping="$((k - 5))000 $((k + 5))000" ;; esac
				is "ping $k" "$ping" "$(sed 's/.*"ping_after_ms":\([0-9]*\),"dead_after_ms":\([0-9]*\).*/\1 \2/' told)"
				n=$((n + 1))
			done
		done
	done
	is 'rows' 60 $n
}
it "explain's numbers are those of MQTT" numbers

# sent OPTION...: the length of the CONNECT that run sends to somebody who only listens.
sent() {
	python3 - "$mqttwill" "$@" <<'PYTHON'
import socket, subprocess, sys
def varint(c):
    n = shift = 0
    head = 1
    while True:
        b = c.recv(1)[0]
        n |= (b & 127) << shift
        shift += 7
        head += 1
        if b < 128:
            return head, n
ear = socket.socket()
ear.bind(('127.0.0.1', 0))
ear.listen()
url = sys.argv[2].replace('PORT', str(ear.getsockname()[1]))
run = subprocess.Popen([sys.argv[1], 'run', '--url', url] + sys.argv[3:], stderr=subprocess.DEVNULL)
c, _ = ear.accept()
assert c.recv(1) == b'\x10'
head, n = varint(c)
body = c.recv(n, socket.MSG_WAITALL)
run.kill()
run.wait()
print(head + len(body))
PYTHON
}

sizes() {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	local options
	while read -r options; do
		# shellcheck disable=SC2086 # words
		set -- $options --id lamp --topic lamp/status
		"$mqttwill" explain --url "${1/PORT/1}" "${@:2}" >told || fail "exit code of $options"
		is "CONNECT with $options" "$(sent "$@")" "$(sed -n 's/.*CONNECT has \([0-9]*\) bytes$/\1/p' told)"
	done <<'ROWS'
mqtt://127.0.0.1:PORT
mqtt://127.0.0.1:PORT --version 3.1
mqtt://127.0.0.1:PORT --version 3.1.1
mqtt://127.0.0.1:PORT --will-delay 5 --session-expiry 60
mqtt://127.0.0.1:PORT --will-delay 0 --content-type text/plain --user-property a=b --user-property a=c
mqtt://me:secret@127.0.0.1:PORT
mqtt://127.0.0.1:PORT --user me --password secret
mqtt://127.0.0.1:PORT --no-topic-alias --connect-user-property a=b --offline hex:00ff
mqtt://127.0.0.1:PORT --qos 0 --no-retain --rejoin always --keepalive 0 --offline=
ROWS
}
it "explain's CONNECT has as many bytes as run's" sizes

refused() {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # words
		explain $words --svg picture >out 2>said
		is "exit code of $words" 2 $?
		is "what stands on stdout with $words" '' "$(cat out)"
		expect 'nothing is drawn' [ ! -e picture ]
		# shellcheck disable=SC2086
		start "$mqttwill" run --url mqtt://nowhere.invalid --id lamp --topic lamp/status $words 2>run_said
		ended "$pid"
		is "what explain and run say of $words" "$(cat run_said)" "$(cat said)"
	done <<'ROWS'
--topic lamp/#
--qos 3
--version 3.1.1 --will-delay 5
--version 3.1.1 --session-expiry 5
--keepalive 65536
--response-topic a/+
--payload-format 1 --offline hex:ff
--id=
ROWS
	"$mqttwill" explain --id lamp 2>said
	is 'exit code without a topic' 1 $?
	expect 'it says so' has said 'explain needs --topic'
	explain --svg /nodir/picture >out 2>said
	is 'exit code of a file that cannot be made' 1 $?
}
it 'what run refuses explain refuses, with the same sentence' refused

# The whole numbers of an attribute that the lane's rectangles have.
widths() {
	tr -d '\n' <"$1" | sed "s/<g class=\"lane\"/\n&/g; s/<\/g>/\n/g" | grep "id=\"$2\"" | grep -o "class=\"$3\"[^>]*width=\"[0-9]*\"" |
		sed 's/.*width="\([0-9]*\)"/\1/'
}

draws() {
	local name
	explain --will-delay 5 --session-expiry 60 --svg short.svg >out || fail 'exit code'
	explain --will-delay 259200 --session-expiry 4294967295 --online '<&">' --message-expiry 8640000 --svg long.svg >out ||
		fail 'exit code'
	for name in crash cut goodbye with-will silent abort return take-over clean-start; do
		expect "a lane for $name" grep -q "<g class=\"lane\" id=\"$name\">" short.svg
	done
	is 'lanes' 9 "$(grep -c 'class="lane"' short.svg)"
	expect 'light and dark' grep -q '@media (prefers-color-scheme: dark)' short.svg
	is 'what it loads' 0 "$(grep -cE 'href|url\(|@import|<script' short.svg long.svg | cut -d: -f2 | sort -u)"
	expect 'seconds are linear' grep -q 'the axis is linear' short.svg
	expect 'days are not' grep -q 'the axis is logarithmic' long.svg
	explain --keepalive 1 --goodbye-timeout 25 --svg half.svg >out || fail 'exit code'
	expect 'half a second beside 25 s is not' grep -q 'the axis is logarithmic' half.svg
	within 'from 35 s to 95 s of 104.5 s' 378 384 "$(widths short.svg cut either)"
	is 'a silent end is not seen' '' "$(widths short.svg silent off)"
	is 'a goodbye is seen at once' '' "$(widths short.svg goodbye on)"
	expect 'a will that expires' [ "$(widths long.svg crash none)" -gt 0 ]
	expect 'three days are seen' [ "$(widths long.svg crash on)" -gt 100 ]
	command -v xmllint >/dev/null || skip 'xmllint is not installed'
	expect 'well-formed' xmllint --noout short.svg long.svg
}
it 'explain draws a lane for each ending, well-formed, for seconds and for days' draws

finish
