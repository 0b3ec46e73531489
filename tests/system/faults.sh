#!/bin/bash
# SPDX-License-Identifier: MIT
# What goes wrong in the field: a device or a broker that hangs, cables that are pulled, brokers that restart at the worst
# moment, two devices with one client id, names that nobody knows. Real processes, real time.
# shellcheck disable=SC2015,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# device NAME=VALUE...: the test's own device, which has every option; orders go to $dir/lines, its words are in $dir/device.
device() {
	[ -x "$api_dir/device" ] || fail "$api_dir/device is not built"
	[ -p lines ] || mkfifo lines
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status backoff_min_ms=200 backoff_max_ms=1000 "$@" <>lines >>device
	device=$pid
}

order() {
	printf '%s\n' "$*" >lines
}

# passed: milliseconds since mark.
mark() {
	marked=$(now)
}

passed() {
	echo $(($(now) - marked))
}

# ---- Processes that hang ---------------------------------------------------------------------------------------------------

device_hangs() {
	mosquitto
	watcher 'lamp/#'
	online device --keepalive 2
	mark
	stop "$device"
	await heard offline
	in_time 'until the will' 1400 8000 "$(passed)" # 3 s, and Mosquitto looks every five seconds
	kill -CONT "$device"
	await_count 2 device ' online: '
	await_count 2 heard online
}
it 'a device that hangs is offline after 1.5 times its keep-alive, and online again when it goes on' device_hangs

broker_hangs() {
	mosquitto
	device keepalive_s=2 ping_timeout_ms=1000 connect_timeout_ms=1000
	await device '^ONLINE'
	mark
	stop "$broker"
	await device '^DOWN .*ESILENT'
	in_time 'until the device noticed' 500 3000 "$(passed)" # keep-alive + ping timeout
	await device '^RETRY .*ETIMEOUT' # the kernel accepts for the broker, but nobody answers CONNECT
	kill -CONT "$broker"
	await_count 2 device '^ONLINE'
}
it 'a broker that hangs is noticed within keep-alive and ping timeout; the device comes back with it' broker_hangs

swallowed() {
	mosquitto
	proxied
	watcher 'lamp/#'
	device keepalive_s=2 ping_timeout_ms=1000 connect_timeout_ms=1000
	await device '^ONLINE'
	mark
	tell hole
	await device '^DOWN .*ESILENT'
	in_time 'until the device noticed' 500 3000 "$(passed)"
	await heard offline # the broker gives the device up, too
	tell pass
	await_count 2 device '^ONLINE'
	until_true "$deadline" is_retained online || fail 'the status is not online'
}
is_retained() {
	[ "$(late lamp/status)" = "$1" ]
}
it 'a proxy that swallows everything: both sides notice, and the device comes back' swallowed

keepalive_off() {
	mosquitto
	online device --keepalive 0 # to which Mosquitto answers with a keep-alive of its own in MQTT 5
	expect 'the broker is told 0' has broker 'as lamp \(p5, c0, k0\)'
	expect 'and its answer counts' has device 'keep-alive 65535 s'
	online other --id other --keepalive 0 --version 3.1.1
	expect 'the broker is told 0' has broker 'as other \(p2, c1, k0\)'
	expect 'the command says so' has other 'keep-alive 0 s'
}
it 'with keep-alive off the broker is told 0' keepalive_off

publishing_only() {
	mosquitto
	proxied
	device keepalive_s=2 ping_timeout_ms=1000
	await device '^ONLINE'
	tell hole
	mark
	while lacks device '^DOWN' && [ "$(passed)" -lt 8000 ]; do # a busy sender is never idle in its own direction
		order 'pub 0 lamp/data x'
		rest 200
	done
	expect 'it is noticed' has device '^DOWN .*ESILENT'
	in_time 'until the device noticed' 500 3000 "$(passed)"
}
it 'a device that publishes all the time notices a dead broker just as soon' publishing_only

# ---- A pulled cable, in a network namespace ---------------------------------------------------------------------------------

# Two ends of a virtual cable: the broker in a namespace of its own at 10.213.N.2, the device here at 10.213.N.1.
cable() {
	[ "$(id -u)" = 0 ] || skip 'only root may make network namespaces'
	command -v ip >/dev/null && command -v nft >/dev/null || skip 'iproute2 or nftables is not installed'
	netns=mqttwill-$$-$BASHPID
	ip netns add "$netns" 2>/dev/null || skip 'this system lets nobody make network namespaces'
	local n=$((BASHPID % 250 + 1)) link=mqw$BASHPID
	echo "ip netns del $netns; ip link del $link 2>/dev/null" >undo
	net=10.213.$n
	ip link add "$link" type veth peer name far netns "$netns" || skip 'this system has no virtual cables'
	ip addr add "$net.1/30" dev "$link" && ip link set "$link" up
	ip -n "$netns" addr add "$net.2/30" dev far && ip -n "$netns" link set far up && ip -n "$netns" link set lo up
	ip netns exec "$netns" nft add table inet cable || skip 'this system has no nftables'
	mosquitto_conf
	sed -i "s/^listener .*/listener $port/" conf
	mosquitto_start
	url=mqtt://$net.2:$port
}

# What leaves or enters the broker's namespace is dropped without a word.
pull() {
	ip netns exec "$netns" nft -f - <<-'END' || fail 'nftables refused the rules'
		add chain inet cable in { type filter hook input priority 0; }
		add chain inet cable out { type filter hook output priority 0; }
		add rule inet cable in iifname far drop
		add rule inet cable out oifname far drop
	END
}

plug() {
	ip netns exec "$netns" nft flush table inet cable
}

cable_pulled() {
	cable
	ip netns exec "$netns" mosquitto_sub -h 127.0.0.1 -p "$port" -t lamp/status -F %p >heard 2>watcher </dev/null &
	echo $! >>pids
	await broker 'Sending SUBACK'
	device keepalive_s=2 ping_timeout_ms=1000 connect_timeout_ms=1000
	await device '^ONLINE'
	mark
	pull
	await device '^DOWN'
	in_time 'until the device noticed' 500 3000 "$(passed)"
	await heard offline
	await device '^RETRY'
	plug
	await_count 2 device '^ONLINE'
	await_count 2 heard online
}
it 'a cable is pulled (nftables): the device notices in time, the broker speaks, and all is well when it is plugged in' cable_pulled

cable_pulled_while_sending() {
	cable
	device keepalive_s=2 ping_timeout_ms=1000 connect_timeout_ms=1000 session_expiry_s=60
	await device '^ONLINE'
	pull
	for n in $(seq 20); do
		order "pub 1 lamp/data $n"
	done
	await device '^DOWN'
	plug
	await_count 20 device '^DONE [0-9]+ OK'
	for n in $(seq 20); do
		expect "message $n arrived" has broker "Received PUBLISH from lamp \(d., q1, r0, m.*'lamp/data'"
	done
}
it 'messages that were sent into a pulled cable arrive when it is plugged in' cable_pulled_while_sending

closes_into_nothing() {
	cable
	run device --goodbye-timeout 1
	await device ' online: '
	pull
	mark
	kill -TERM "$device"
	ended "$device"
	in_time 'until it was gone' 700 1200 "$(passed)"
	is 'exit code' 6 "$code"
}
it 'a goodbye into a pulled cable ends at its deadline with exit code 6' closes_into_nothing

# ---- Brokers that restart ------------------------------------------------------------------------------------------------------

not_there_yet() {
	mosquitto_conf
	device
	await_count 2 device '^RETRY .*ECONNECT'
	mosquitto_start
	await device '^ONLINE'
	is 'the status' online "$(late lamp/status)"
}
it 'a broker that is not there yet is waited for' not_there_yet

restart_while_idle() {
	mosquitto
	device
	await device '^ONLINE'
	kill -KILL "$broker"
	await device '^DOWN'
	mosquitto_start
	await_count 2 device '^ONLINE'
	is 'the status' online "$(late lamp/status)" # a broker that lost its memory is told again
}
it 'a broker that was killed and has lost everything is told the status again' restart_while_idle

restart_while_connecting() {
	mosquitto
	stop "$broker"
	device connect_timeout_ms=4000
	until_true "$deadline" waits_for_connack || fail 'the device did not send CONNECT'
	kill -KILL "$broker"
	mosquitto_start
	await device '^ONLINE'
	expect 'the attempt failed before' has device '^RETRY'
}
# The bytes of a CONNECT lie in the stopped broker's socket.
waits_for_connack() {
	grep -qi "^ *[0-9]*: 0100007F:$(printf %04X "$port") 0100007F:.... 01 ........:000000[3-9A-F]" /proc/net/tcp
}
it 'a broker that dies after CONNECT and before CONNACK is tried again' restart_while_connecting

# Every message arrives, for the broker keeps its sessions on disk. Exactly once is judged by what we send: Mosquitto 2.0.11
# itself may publish to the reader again what the reader had answered with PUBREC before the restart, and mosquitto_sub ends
# with a protocol error when it resumes a session with QoS 2, so that the reader is a client of ours.
restart_while_publishing() {
	mosquitto 'persistence true' "persistence_location $dir/" 'autosave_interval 1' 'autosave_on_changes true'
	reader
	device session_expiry_s=600 queue_messages=5000
	await device '^ONLINE'
	for round in 1 2 3; do
		for n in $(seq 200); do
			echo "pub $1 lamp/data $round-$n"
		done >lines
		await_count $((round * 200 - 150)) device '^DONE'
		[ "$round" = 3 ] || again
	done
	await_count 600 device '^DONE [0-9]+ OK'
	until_true "$deadline" complete || fail "only $(got | sort -u | wc -l) of 600 arrived"
	is 'published again after PUBREL' '' "$(awk '/PUBREL from lamp/ { sub(/\)/, ""); released["m" $NF] }
		/PUBLISH from lamp/ && $9 in released { print }' FS='[ ,]+' broker)"
}
reader() {
	mkfifo reading
	start "$api_dir/device" url="mqtt://127.0.0.1:$port" id=reader session_expiry_s=600 backoff_min_ms=200 <>reading >reader
	echo 'sub 2 lamp/data' >reading
	await reader '^DONE'
}
got() {
	sed -n 's/^MESSAGE lamp.data \([^ ]*\) .*/\1/p' reader
}
complete() {
	[ "$(got | sort -u | wc -l)" = 600 ]
}
# A clean stop and start: Mosquitto 2.0 writes its store at SIGTERM.
again() {
	kill -TERM "$broker"
	ended "$broker"
	mosquitto_start
}
it 'QoS 1: a broker that restarts twice while messages flow loses none' restart_while_publishing 1
it 'QoS 2: a broker that restarts twice while messages flow loses none, and what it has is not sent again' restart_while_publishing 2

cut_while_publishing() {
	mosquitto
	proxied
	reader
	device session_expiry_s=600 queue_messages=5000
	await device '^ONLINE'
	tell 'delay 5'
	for round in 1 2 3; do
		for n in $(seq 200); do
			echo "pub 2 lamp/data $round-$n"
		done >lines
		await_count $((round * 200 - 150)) device '^DONE'
		[ "$round" = 3 ] || tell cut
	done
	await_count 600 device '^DONE [0-9]+ OK'
	until_true "$deadline" complete || fail "only $(got | sort -u | wc -l) of 600 arrived"
	is 'duplicates' '' "$(got | sort | uniq -d)"
	expect 'some were sent again' has broker 'Received PUBLISH from lamp \(d1|Received PUBREL from lamp'
}
it 'QoS 2: connections that are cut while messages flow: each arrives exactly once' cut_while_publishing

restart_while_leaving() {
	mosquitto
	online device --goodbye-timeout 3
	stop "$broker"
	kill -TERM "$device"
	await device 'stopping'
	rest 200 # the goodbye is in the stopped broker's socket
	kill -KILL "$broker"
	ended "$device"
	is 'exit code' 3 "$code"
	expect 'it says so' has device 'left '
}
it 'a broker that dies during the goodbye: the command says that nobody heard it, exit code 3' restart_while_leaving

leaves_without_broker() {
	mosquitto
	online device
	kill -KILL "$broker"
	await device 'lost: '
	mark
	kill -TERM "$device"
	ended "$device"
	in_time 'until it was gone' 0 300 "$(passed)"
	is 'exit code' 3 "$code"
	expect 'it says so' has device 'left without a connection'
}
it 'a device whose broker is gone leaves at once, exit code 3' leaves_without_broker

# ---- One client id, two devices --------------------------------------------------------------------------------------------------

duel() {
	mosquitto
	device backoff_min_ms=1000 backoff_max_ms=60000 self_watch=1
	await device '^ONLINE'
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status self_watch=1 </dev/null >other
	await other '^ONLINE'
	await device '^DOWN'
	rest 10000
	within 'connections in 10 s' 2 10 "$(grep -c 'New client connected.* as lamp' broker)"
	expect 'the pauses grow' has device '^DOWN .*ELOST [2-9]?[0-9]{4} '
}
# Mosquitto 2.0.11 closes the old connection without DISCONNECT 0x8E, so that only the growing pauses stand between them.
it 'two devices with one client id do not duel' duel

kicked_out() {
	[ -x "$stub_broker" ] || fail "$stub_broker is not built"
	start "$stub_broker" --port 0 >broker
	await broker '^listening on '
	url=mqtt://$(sed -n 's/^listening on //p' broker)
	device takeover_backoff_ms=20000
	await device '^ONLINE'
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status takeover_backoff_ms=20000 </dev/null >other
	await other '^ONLINE'
	await device '^DOWN .*ETAKENOVER'
	rest 6000
	is 'attempts of the one that was taken over' 0 "$(grep -c '^RETRY' device)"
	is 'times that it was online' 1 "$(grep -c '^ONLINE' device)"
	expect 'it waits at least half of the pause' has device '^DOWN .*ETAKENOVER 1[0-9]{4} '
	is 'losses of the other' 0 "$(grep -c '^DOWN' other)"
}
it 'a device that is told of the take-over (0x8E) stays away' kicked_out

# ---- Exit codes of the command, and what it says ------------------------------------------------------------------------------------

# exits CODE PATTERN COMMAND...
exits() {
	local wanted=$1 pattern=$2
	shift 2
	start "$mqttwill" "$@" 2>said
	ended "$pid"
	is 'exit code' "$wanted" "$code"
	expect 'it says why' has said "$pattern"
}

exit_codes() {
	free_port
	local nobody=mqtt://127.0.0.1:$port
	exits 3 'Connection refused' pub --url "$nobody" --topic a --message b
	exits 6 'no connection in 1.0 s' run --url "$nobody" --id lamp --topic a --timeout 1
	exits 3 'resolve nowhere.invalid' pub --url mqtt://nowhere.invalid --topic a --message b
	mosquitto_passwd -b -c passwords lamp secret 2>/dev/null
	chmod 644 passwords
	mosquitto 'allow_anonymous false' "password_file $dir/passwords"
	exits 5 'no connection: connack: ' pub --url "$url" --topic a --message b --user lamp --password wrong
	exits 5 'no connection: connack: ' run --url "$url" --id lamp --topic a --user lamp --password wrong --version 3.1.1
	exits 5 'no connection: connack: ' sub --url "$url" --id ear --topic a --version 3.1
	exits 0 '^$|connected' pub -v --url "${url/\/\//\/\/lamp:secret@}" --topic a --message b --qos 1
	stop "$broker"
	exits 6 'connack: the broker did not answer CONNECT in time' pub --url "$url" --topic a --message b --timeout 1
}
it 'exit codes: 3 nobody there, 3 unknown host, 5 credentials refused, 6 no answer' exit_codes

refused_birth() {
	mosquitto_conf "acl_file $dir/acl"
	printf 'topic read #\ntopic write other/#\n' >acl
	mosquitto_start
	run device
	await device 'the broker refused the birth message'
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 5 "$code"
}
it 'a birth that the ACL refuses is told, and so is the goodbye (exit code 5)' refused_birth

# ---- Names --------------------------------------------------------------------------------------------------------------------------

# A name server that never answers: a namespace with a resolv.conf of its own, and nothing comes through its loopback.
slow_names() {
	[ "$(id -u)" = 0 ] || skip 'only root may give a process another resolv.conf'
	unshare -mn true 2>/dev/null || skip 'this system lets nobody make namespaces'
	command -v nft >/dev/null || skip 'nftables is not installed'
	echo 'nameserver 127.0.0.9' >resolv.conf
	cat >inside <<-'END'
		ip link set lo up
		nft 'add table inet t; add chain inet t in { type filter hook input priority 0; policy drop; }'
		mount --bind resolv.conf /etc/resolv.conf && exec "$@"
	END
	mkfifo lines
	mark
	start unshare -mn sh inside "$api_dir/device" url=mqtt://broker.example.org id=lamp topic=lamp/status \
		connect_timeout_ms=1500 <>lines >device
	await device '^RETRY .*ETIMEOUT'
	in_time 'of the attempt' 1400 1500 "$(passed)"
	expect 'no step took long' lacks device '^SLOW'
	order 'close offline'
	await device '^CLOSED'
	mark
	ended "$pid"
	in_time 'to free it' 0 100 "$(passed)"
}
it 'a name server that does not answer blocks nothing: the attempt ends at its deadline' slow_names

unknown_name() {
	url=mqtt://nowhere.invalid
	device
	await_count 2 device '^RETRY .*ERESOLVE'
	expect 'no step took long' lacks device '^SLOW'
	order 'close offline'
	await device '^CLOSED'
	ended "$device"
	is 'exit code' 0 "$code"
}
it 'a host that does not exist: ERESOLVE, again and again' unknown_name

finish
