#!/bin/bash
# SPDX-License-Identifier: MIT
# What strace sees: a client that connects over slow ways makes no call that blocks in its own thread but the poll(2) of its
# application, and names are looked up in other threads.
# shellcheck disable=SC2015,SC2317,SC2119
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
slow_ms=500 # of every answer
built_without=$("$mqttwill" pub --url mqtts://localhost --topic a --message b --timeout 1 2>&1
	"$mqttwill" pub --url ws://localhost --topic a --message b --timeout 1 2>&1)

can_trace() {
	command -v strace >/dev/null || skip 'strace is not installed'
	strace -o /dev/null true 2>/dev/null || skip 'processes cannot be traced here'
}

# Judges trace, of `strace -f -T`: what the first thread did. Prints each breach.
judge() {
	awk -v most="$(awk "BEGIN { print $slow_ms * 0.7 / 1000 }")" '
	function breach(what) { print what ": " substr($0, 1, 200) }
	NR == 1 { first = $1 }
	$1 != first { next }
	{
		name = $0
		sub(/^[0-9]+ +(<\.\.\. )?/, "", name)
		sub(/[ (].*/, "", name)
		took = /<[0-9.]+>$/ ? substr($NF, 2) + 0 : 0
		begun = !/ resumed>/
		done = !/<unfinished \.\.\.>$/
		if (begun)
			inet = /sin6?_addr/
		count[name] += begun
	}
	took > most && name !~ /^(poll|ppoll|restart_syscall|execve)$/ { breach("it took " took " s") }
	name ~ /^(nanosleep|clock_nanosleep|flock|wait4|waitid|accept4?|select|pselect6|pause|rt_sigsuspend)$/ { breach("it waits") }
	name == "connect" && inet && done && !/EINPROGRESS/ { breach("it may have waited") }
	name == "connect" && /sin6?_port=htons\(53\)/ { breach("a question to a name server") }
	name == "socket" && begun && !(/SOCK_NONBLOCK/ && /SOCK_CLOEXEC/) { breach("a socket that blocks, or is inherited") }
	name == "epoll_wait" && done && !/, 0\) +=/ { breach("it waits") }
	name == "epoll_ctl" && /EBADF/ { breach("it was closed before epoll let it go: a copy in a forked child would stay there") }
	name == "openat" && /resolv\.conf|nsswitch|\/etc\/hosts|gai\.conf/ { breach("a name is looked up") }
	END {
		if (!count["connect"] || !count["socket"] || !count["poll"])
			print "nothing was seen of a connection"
	}' trace
}

# OPTION...: connects under strace, sends and hears a message, and leaves.
traced() {
	mkfifo lines
	start strace -f -T -s 64 -o trace "$api_dir/device" id=lamp topic=lamp/status connect_timeout_ms=30000 "$@" <>lines >device
	await device '^ONLINE' 30000
	printf '%s\n' 'sub 1 lamp/echo' 'pub 1 lamp/echo heard' >lines
	await device '^MESSAGE lamp/echo heard' 30000
	echo 'close offline' >lines
	await device '^CLOSED' 30000
	ended "$pid"
	expect 'no loss' lacks device '^(DOWN|RETRY)'
	judge >breaches
	[ ! -s breaches ] || fail "$(head -n 3 breaches)"
}

slow() {
	proxied "$@"
	tell "delay $slow_ms"
}

certificate() {
	command -v openssl >/dev/null || skip 'the openssl command is not installed'
	[[ $built_without != *'built without OpenSSL'* ]] || skip 'this build has no TLS'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>/dev/null || fail 'no certificate'
}

over_tls() {
	can_trace
	certificate
	mosquitto "certfile $dir/cert" "keyfile $dir/key"
	slow
	traced "url=mqtts://localhost:${url##*:}" ca_file=cert
}
it 'a slow TLS peer, by its name' over_tls

over_websocket() {
	can_trace
	[[ $built_without != *'built without libwslay'* ]] || skip 'this build has no WebSocket'
	free_port # Mosquitto 2.0.11 does not start without a listener of another kind
	mosquitto 'protocol websockets' "listener $port 127.0.0.1"
	slow
	traced "url=ws${url#mqtt}/mqtt"
}
it 'a slow WebSocket peer' over_websocket

over_a_proxy() {
	can_trace
	command -v microsocks >/dev/null || skip 'microsocks is not installed'
	certificate
	mosquitto "certfile $dir/cert" "keyfile $dir/key"
	local broker_port=$port
	free_port
	start microsocks -i 127.0.0.1 -p "$port" >socks 2>&1
	until_true "$deadline" grep -qi "$(printf ':%04X 0*:0000 0A' "$port")" /proc/net/tcp || fail 'microsocks does not listen'
	slow
	traced "url=mqtts://localhost:$broker_port" "proxy=socks5://localhost:${url##*:}" ca_file=cert
}
it 'a slow proxy, and TLS through it' over_a_proxy

over_unix() {
	can_trace
	mosquitto
	slow "$port" "$dir/socket"
	traced "url=unix://$dir/socket"
}
it 'a slow peer on a Unix socket' over_unix

# Attempts that fail are no different: no such name, nobody there, one that never answers.
in_vain() {
	can_trace
	mosquitto
	proxied
	tell hole
	free_port
	start timeout 20 strace -f -T -s 64 -o trace "$api_dir/device" "url=mqtt://name.invalid" "second=mqtt://localhost:$port" id=lamp \
		topic=lamp/status connect_timeout_ms=1500 backoff_min_ms=500 backoff_max_ms=500 </dev/null >device
	await_count 3 device '^RETRY .*(ERESOLVE|ETIMEOUT).*name.invalid'
	await_count 3 device '^RETRY .*ECONNECT.*localhost'
	kill "$pid"
	ended "$pid"
	judge >breaches
	[ ! -s breaches ] || fail "$(head -n 3 breaches)"
}
it 'names that are not there, and ports where nobody is' in_vain
finish
