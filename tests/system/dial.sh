#!/bin/bash
# SPDX-License-Identifier: MIT
# How a broker's address is reached, against Mosquitto: Unix sockets, and in a network namespace two families of which one is
# silent, binding, Fast Open and the probes of TCP.
# shellcheck disable=SC2015,SC2016,SC2086,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# says CODE PATTERN OPTION...: what mqttwill pub says and exits with.
says() {
	local wanted=$1 pattern=$2
	shift 2
	start ${netns:+ip netns exec "$netns"} "$mqttwill" pub --topic a --message b --qos 1 --timeout 10 -v "$@" 2>said
	ended "$pid"
	expect 'it says why' has said "$pattern"
	is 'exit code' "$wanted" "$code"
}

# ---- Unix sockets ----------------------------------------------------------------------------------------------------------

unix_socket() {
	mosquitto "listener 0 $dir/socket"
	watcher 'lamp/status'
	url=unix://$dir/socket
	online device
	await heard 'lamp/status online'
	kill -KILL "$device"
	await heard 'lamp/status offline'
	online device
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	await_count 2 heard offline
	expect 'the last was a goodbye' has broker 'Received DISCONNECT from lamp'
}
it 'a Unix socket: the birth, the will and the goodbye' unix_socket

unix_socket_with_a_login() {
	[ -x "$mosquitto" ] || skip 'mosquitto is not installed'
	mosquitto_passwd -b -c passwords 'lamp seven' 'p@ss/word' 2>passwd || skip 'mosquitto_passwd is not installed'
	mosquitto 'allow_anonymous false' "password_file $dir/passwords" "listener 0 $dir/a+socket"
	says 0 connected --url "unix://lamp%20seven:p%40ss%2Fword@$dir/a%2Bsocket"
	says 5 'Not authorized' --url "unix://lamp:no@$dir/a%2Bsocket"
}
it 'a Unix socket: user, password and path are percent-encoded' unix_socket_with_a_login

unix_socket_is_not_there() {
	says 3 "connect to $dir/socket: No such file or directory" --url "unix://$dir/socket"
	: >file
	says 3 "connect to $dir/file: Connection refused" --url "unix://$dir/file"
	says 2 'longer than 107 bytes' --url "unix:///$(printf '%0108d' 0)"
	says 2 'has no query' --url "unix://$dir/socket?x"
}
it 'a Unix socket that is not there is told with its path' unix_socket_is_not_there

# ---- A network of our own ----------------------------------------------------------------------------------------------------

# One machine at 10.77.0.1 and ::1. At 10.77.0.99 and 2001:db8::99 nobody ever answers. The name "broker" is at ADDRESS...
lab() {
	[ "$(id -u)" = 0 ] || skip 'only root may make network namespaces'
	command -v ip >/dev/null && command -v nft >/dev/null || skip 'iproute2 or nftables is not installed'
	netns=mqttwill-$$-$BASHPID
	ip netns add "$netns" 2>/dev/null || skip 'this system lets nobody make network namespaces'
	echo "ip netns del $netns; rm -r /etc/netns/$netns; rmdir /etc/netns" >undo
	mkdir -p "/etc/netns/$netns"
	printf '%s broker\n' "$@" >"/etc/netns/$netns/hosts"
	ip netns exec "$netns" true || skip 'nothing can be run in a network namespace here'
	ip -n "$netns" link set lo up && ip -n "$netns" addr add 10.77.0.1/24 dev lo || fail 'the namespace has no loopback'
	ip -n "$netns" addr add 2001:db8::99/64 dev lo nodad 2>/dev/null || skip 'this system has no IPv6'
	ip netns exec "$netns" nft -f - <<-'END' || skip 'this system has no nftables'
		add table inet lab
		add chain inet lab in { type filter hook input priority 0; }
		add rule inet lab in ip6 daddr 2001:db8::99 drop
		add rule inet lab in ip daddr 10.77.0.99 drop
	END
	mosquitto_conf
	sed -i "s/^listener .*/listener $port ${address:-10.77.0.1}/" conf
	mosquitto_start
}

# soon MS OPTION...: it connects in that time; far sooner than the address that is silent could fail.
soon() {
	local high=$1 began
	shift
	began=$(now)
	says 0 connected "$@"
	in_time 'until it was connected' 0 "$high" $(($(now) - began))
}

silent_ipv6() {
	lab 2001:db8::99 10.77.0.1
	soon 600 --url "mqtt://broker:$port"
	soon 200 --url "mqtt://broker:$port" --prefer-ipv4
	soon 200 --url "mqtt://broker:$port" --ipv4
	says 6 'connect to \[2001:db8::99\]:[0-9]+: no answer in time' --url "mqtt://broker:$port" --ipv6 --address-timeout 1
}
it 'a broker whose IPv6 address is silent is reached by IPv4 a quarter of a second later' silent_ipv6

silent_ipv4() {
	address=::1 lab 10.77.0.99 ::1
	soon 600 --url "mqtt://broker:$port" --prefer-ipv4
	soon 200 --url "mqtt://broker:$port"
}
it 'and the reverse' silent_ipv4

# The one that was refused first failed first, so it goes first the next time, though it is of IPv4.
remembered() {
	lab 2001:db8::99 10.77.0.1
	kill -KILL "$broker"
	ended "$broker"
	start ip netns exec "$netns" "$mqttwill" run --url "mqtt://broker:$port" --id lamp --topic lamp/status --address-timeout 1 2>device
	await device 'no connection: connect to 10.77.0.1:[0-9]+: Connection refused; to \[2001:db8::99\]:[0-9]+: no answer in time'
}
it 'an address that failed goes behind the others at the next attempt' remembered

bound() {
	lab 10.77.0.1
	ip -n "$netns" addr add 10.77.0.7/24 dev lo
	ip -n "$netns" tuntap add dev other mode tun || skip 'this system has no tunnels'
	says 0 connected --url "mqtt://broker:$port" --bind 10.77.0.7
	await broker 'New connection from 10.77.0.7'
	says 0 connected --url "mqtt://broker:$port" --interface lo
	says 0 connected --url "mqtt://broker:$port" --interface lo --bind 10.77.0.1
	says 3 'connect to 10.77.0.1:[0-9]+: ' --url "mqtt://broker:$port" --interface other --timeout 1
	says 3 'connect to .*: --interface: there is no interface nosuch0' --url "mqtt://broker:$port" --interface nosuch0
	says 3 'connect to .*: --bind: 192.0.2.7: Cannot assign' --url "mqtt://broker:$port" --bind 192.0.2.7
	says 3 'allows IPv6 only' --url "mqtt://broker:$port" --bind ::1
	says 2 '"home" is not an IPv4 or IPv6 address' --url "mqtt://broker:$port" --bind home
}
it 'a connection leaves from the address and the interface that were asked for' bound

without_rights() {
	lab 10.77.0.1
	command -v setpriv >/dev/null || skip 'setpriv is not installed'
	start ip netns exec "$netns" setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all \
		"$mqttwill" pub --url "mqtt://broker:$port" --interface lo --topic a --message b --qos 1 --timeout 5 -v 2>said
	ended "$pid"
	expect 'it connects, or says what it may not' has said 'connected|--interface: lo: Operation not permitted'
}
it 'who may not bind to an interface is told so' without_rights

# ---- TCP -------------------------------------------------------------------------------------------------------------------------

# Connections whose first bytes travelled with the SYN, of this side and accepted by the other.
fast() {
	ip netns exec "$netns" awk '$1 == "TcpExt:" && !n { n = split($0, name) ; next }
		$1 == "TcpExt:" { for (i = 2; i <= n; i++) if (name[i] == "TCPFastOpenActive" || name[i] == "TCPFastOpenPassive") print $i }' \
		/proc/net/netstat | tr '\n' ' '
}

fast_open() {
	lab 10.77.0.1
	kill -TERM "$broker"
	ended "$broker"
	ip netns exec "$netns" sh -c 'echo 1027 >/proc/sys/net/ipv4/tcp_fastopen' 2>/dev/null ||
		skip 'this system does not let a namespace have TCP Fast Open' # 1, 2: client and server; 1024: every listener from now on
	mosquitto_start
	says 0 connected --url "mqtt://broker:$port"
	says 0 connected --url "mqtt://broker:$port"
	is 'fast connections without the option' '0 0 ' "$(fast)"
	says 0 connected --url "mqtt://broker:$port" --tcp-fastopen
	is 'fast connections without a cookie' '0 0 ' "$(fast)"
	says 0 connected --url "mqtt://broker:$port" --tcp-fastopen
	is 'fast connections with a cookie' '1 1 ' "$(fast)"
	kill -KILL "$broker"
	ended "$broker"
	says 3 'connect to 10.77.0.1:[0-9]+, or its first bytes: Connection refused' --url "mqtt://broker:$port" --tcp-fastopen
}
it 'TCP Fast Open: the first bytes travel with the SYN, and a refusal is told as one' fast_open

# While bytes wait for their acknowledgement another timer runs.
probed_after_a_minute() {
	ip netns exec "$netns" ss -tno "dport = :$port" >sockets
	has sockets 'timer:\(keepalive,(1min|6[01]sec)'
}

probes() {
	lab 10.77.0.1
	command -v ss >/dev/null || skip 'iproute2 is not installed'
	start ip netns exec "$netns" "$mqttwill" run --url "mqtt://broker:$port" --id lamp --topic lamp/status --keepalive 60 2>device
	await device ' online: '
	until_true $deadline probed_after_a_minute || fail "the next probe does not come after the next ping: $(cat sockets)"
}
it 'TCP probes an idle connection, but not before MQTT would' probes

finish
