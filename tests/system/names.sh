#!/bin/bash
# SPDX-License-Identifier: MIT
# Names, asked of name servers that are slow, silent, refusing or lying, and of dnsmasq. Each test has a network namespace of its own, with
# its own resolv.conf, hosts file, and addresses; in it ports are free.
# shellcheck disable=SC2015,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
nameserver=${NAMESERVER:-$(built tests/support/nameserver)}
dnsmasq=$(command -v dnsmasq || echo no)

# ---- A network without a way out -----------------------------------------------------------------------------------------------

# home: a namespace with the addresses 192.0.2.0/24 and 2001:db8::2, and a name server at 127.0.0.1, which is not there yet.
home() {
	[ "$(id -u)" = 0 ] || skip 'only root may make network namespaces'
	command -v ip >/dev/null || skip 'iproute2 is not installed'
	netns=mqttwill-$$-$BASHPID
	ip netns add "$netns" 2>/dev/null || skip 'this system lets nobody make network namespaces'
	echo "ip netns del $netns; rm -rf /etc/netns/$netns; rmdir /etc/netns" >undo
	mkdir -p "/etc/netns/$netns" || skip '/etc/netns cannot be made'
	echo 'nameserver 127.0.0.1' >"/etc/netns/$netns/resolv.conf"
	echo 'hosts: files dns' >"/etc/netns/$netns/nsswitch.conf"
	printf '127.0.0.1 localhost\n192.0.2.2 in-the-file.test\n' >"/etc/netns/$netns/hosts"
	ip -n "$netns" link set lo up
	inside grep -q in-the-file /etc/hosts || skip 'this system gives a namespace no files of its own'
	[ -n "${1-}" ] || ip -n "$netns" addr add 192.0.2.2/24 dev lo
	has_ipv6=$(ip -n "$netns" addr add 2001:db8::2/128 dev lo nodad 2>/dev/null && echo yes)
}

inside() {
	ip netns exec "$netns" "$@"
}

# asked ORDER...: starts the name server, and tells it these; its words are in $dir/names.
asked() {
	[ -x "$nameserver" ] || fail "$nameserver is not built"
	mkfifo orders
	start ip netns exec "$netns" "$nameserver" 127.0.0.1 <>orders >names
	exec {orders}<>orders
	await names '^listening'
	local order
	for order; do
		order "$order"
	done
}

order() {
	local before
	before=$(grep -cxF "ok $1" names)
	echo "$1" >&"$orders"
	await_count $((before + 1)) names "^ok $1\$"
}

# broker ADDRESS/PORT...: Mosquitto in the namespace, there.
broker() {
	mosquitto_conf
	sed -i /^listener/d conf
	local at
	for at; do
		echo "listener ${at#*/} ${at%/*}" >>conf
	done
	mosquitto_start
}

# says CODE PATTERN OPTION...: what mqttwill pub says in there, and exits with; sets took.
says() {
	local wanted=$1 pattern=$2 began
	shift 2
	began=$(now)
	start ip netns exec "$netns" "$mqttwill" pub --topic a --message b --qos 1 --timeout 15 -v "$@" 2>said
	ended "$pid"
	took=$(($(now) - began))
	expect 'it says so' has said "$pattern"
	is 'exit code' "$wanted" "$code"
}

at=--url=mqtt://broker.test:1883

# ---- Slow and silent ---------------------------------------------------------------------------------------------------------------

slow() {
	home
	asked 'address broker.test 192.0.2.2' 'how ALL 3000'
	broker 192.0.2.2/1883
	start ip netns exec "$netns" "$api_dir/device" url=mqtt://broker.test:1883 id=lamp </dev/null >device
	await device '^UP .*192.0.2.2:1883'
	expect 'no step took long' lacks device SLOW
	says 6 'resolve broker.test: no answer in time' $at --resolve-timeout 1
	in_time 'it took' 1000 1300 $took
}
it 'a name server that answers after 3 s: nothing blocks, and the deadline holds' slow

silent() {
	home
	asked 'address broker.test 192.0.2.2' 'how ALL drop'
	broker 192.0.2.2/1883
	start ip netns exec "$netns" "$mqttwill" pub --topic a --message b --qos 1 --timeout 30 -v --retry $at --resolve-timeout 1 2>said
	await_count 2 said 'resolve broker.test: no answer in time'
	order 'how ALL answer'
	await said 'connected to .*192.0.2.2:1883' 15000
	ended "$pid"
	is 'exit code' 0 "$code"
}
it 'a silent name server: each attempt ends in time, and the next asks anew' silent

half_silent() {
	home
	[ -n "$has_ipv6" ] || skip 'this system has no IPv6'
	asked 'address broker.test 192.0.2.2' 'address broker.test 2001:db8::2' "how $1 drop"
	broker 192.0.2.2/1883 2001:db8::2/1883
	says 0 "connected to .*$2" $at
	in_time 'it took' 0 1000 $took
}
it 'no answer about IPv6, while IPv4 answers: it connects at once' half_silent AAAA '192\.0\.2\.2:1883'
it 'no answer about IPv4, while IPv6 answers: it connects at once' half_silent A '\[2001:db8::2\]:1883'

# ---- Refusing ------------------------------------------------------------------------------------------------------------------------

refusing() {
	home
	[ "$1" = nobody ] || asked 'address four.test 192.0.2.2' 'srv nothing.test 0 0 1 a.test' "how ALL $1"
	says 3 "$3" --url="mqtt://$2:1883" "${@:4}"
}
it 'no name server' refusing nobody broker.test 'resolve broker.test: no answer from the name servers \(temporary\)'
it 'a name server that fails' refusing servfail broker.test 'resolve broker.test: no answer from the name servers \(temporary\)'
it 'a name server that refuses' refusing refuse broker.test 'resolve broker.test: (no answer from|the name servers refuse)'
it 'a name that does not exist' refusing answer broker.test 'resolve broker.test: the name does not exist'
it 'a name without an address' refusing answer nothing.test 'resolve nothing.test: the name has no address'
it 'a name without an IPv6 address' refusing answer four.test 'resolve four.test: (the name|this machine) has no IPv6 address' -6

# ---- Lying ---------------------------------------------------------------------------------------------------------------------------

lying() {
	home
	asked 'address broker.test 192.0.2.66' 'address broker.test 198.51.100.1' 'address broker.test 192.0.2.2' \
		'address broker.test 192.0.2.67' 'address broker.test 2001:db8::66'
	broker 192.0.2.2/1883
	says 0 'connected to .*192\.0\.2\.2:1883' $at
	in_time 'it took' 0 1500 $took
}
it 'addresses where nobody listens, or where no way leads, among them the right one' lying

black_hole() {
	home
	command -v nft >/dev/null && inside nft -f - <<-'END' 2>/dev/null || skip 'this system has no nftables'
		table inet hole {
			chain in { type filter hook input priority 0; ip daddr { 192.0.2.66, 192.0.2.67 } drop; }
		}
	END
	asked 'address broker.test 192.0.2.66' 'address broker.test 192.0.2.67' 'address broker.test 192.0.2.2'
	broker 192.0.2.2/1883
	says 0 'connected to .*192\.0\.2\.2:1883' $at
	in_time 'it took' 0 1500 $took
}
it 'addresses that do not answer at all, among them the right one' black_hole

garbage() {
	home
	asked 'address broker.test 192.0.2.2' 'srv _mqtt._tcp.broker.test 0 0 1883 broker.test' 'how ALL garbage'
	broker 192.0.2.2/1883
	says 0 'connected to .*192\.0\.2\.2:1883' $at
	says 0 'connected to .*192\.0\.2\.2:1883' --url=mqtt://broker.test --srv
}
it 'garbage, and answers to other questions, before the right one' garbage

# ---- Again and again ---------------------------------------------------------------------------------------------------------------

moved() {
	home
	asked 'address broker.test 192.0.2.66'
	broker 192.0.2.2/1883 192.0.2.3/1883
	start ip netns exec "$netns" "$mqttwill" run --id lamp --topic lamp/status $at 2>said
	await said '192.0.2.66:1883: Connection refused'
	order 'forget broker.test'
	order 'address broker.test 192.0.2.2'
	await said 'connected to .*192.0.2.2:1883'
	kill -KILL "$broker"
	order 'forget broker.test'
	order 'address broker.test 192.0.2.3'
	sed -i '/^listener.*192.0.2.2/d' conf
	mosquitto_start
	await said 'connected to .*192.0.2.3:1883'
}
it 'the name is asked for again before every attempt: the next one goes where the broker is now' moved

in_the_file() {
	home
	asked 'address in-the-file.test 192.0.2.66' 'address in-the-file.test 2001:db8::2'
	broker 192.0.2.2/1883
	says 0 'connected to .*192\.0\.2\.2:1883' --url=mqtt://in-the-file.test:1883
	lacks names '^asked A+ in-the-file' || fail 'the name server was asked about a name in the hosts file'
}
it 'the hosts file comes first, and overrules the name servers for both families' in_the_file

alone() {
	home without-addresses
	broker 127.0.0.1/1883
	says 0 'connected to .*127\.0\.0\.1:1883' --url=mqtt://localhost:1883
	echo '127.0.0.1 lamp.test' >>"/etc/netns/$netns/hosts"
	says 0 'connected to .*127\.0\.0\.1:1883' --url=mqtt://lamp.test:1883 -4
}
it 'a machine with loopback alone reaches itself by name' alone

unloaded() {
	local library=${api_dir%/tests/api}/.libs/libmqttwill.so
	[ -f "$library" ] || skip 'this build has no shared library'
	start "$api_dir/unload" "$library" >unload 2>&1
	ended "$pid"
	is 'exit code' 0 "$code"
	expect 'it came to its end' has unload '^unloaded'
}
it 'a program may let go of the library while it looks a name up' unloaded

# ---- SRV -----------------------------------------------------------------------------------------------------------------------------

# service ORDER...: a name server that knows the hosts of a service.
service() {
	home
	asked 'address a.test 192.0.2.2' 'address b.test 192.0.2.3' 'address home.test 192.0.2.4' 'address nobody.test 192.0.2.66' "$@"
}

srv_priority() {
	service 'srv _mqtt._tcp.home.test 20 0 1885 b.test' 'srv _mqtt._tcp.home.test 10 0 1884 a.test' \
		'srv _mqtt._tcp.home.test 5 0 1999 nobody.test' 'srv _mqtt._tcp.home.test 7 0 1999 does-not-exist.test'
	broker 192.0.2.2/1884 192.0.2.3/1885
	says 0 'connected to mqtt://home.test.*192\.0\.2\.2:1884' --url=mqtt://home.test --srv
	kill -KILL "$broker"
	sed -i '/192.0.2.2/d' conf
	mosquitto_start
	says 0 'connected to mqtt://home.test.*192\.0\.2\.3:1885' --url=mqtt://home.test --srv
}
it 'SRV: the targets are tried by their priority, at their ports' srv_priority

srv_weight() {
	service 'srv _mqtt._tcp.home.test 1 50 1884 a.test' 'srv _mqtt._tcp.home.test 1 50 1885 b.test'
	broker 192.0.2.2/1884 192.0.2.3/1885
	local i
	for ((i = 0; i < 30; i++)); do # all of them at one: once in half a thousand million
		inside "$mqttwill" pub --topic a --message b -v --url=mqtt://home.test --srv 2>>said || fail 'not connected'
	done
	expect 'one' has said '192\.0\.2\.2:1884'
	expect 'the other' has said '192\.0\.2\.3:1885'
}
it 'SRV: among equals chance decides' srv_weight

srv_slow() {
	service 'srv _mqtt._tcp.home.test 1 0 1884 a.test' 'how AAAA drop'
	broker 192.0.2.2/1884
	says 0 'connected to .*192\.0\.2\.2:1884' --url=mqtt://home.test --srv
	in_time 'it took' 0 1000 $took
}
it 'SRV: no answer about the IPv6 addresses of targets holds nobody up' srv_slow

srv_refused() {
	service "${@:3}"
	says 3 "resolve home.test: $2" --url=mqtt://home.test --srv --resolve-timeout 8
	lacks names "^asked A+ $1" || fail 'addresses were asked for'
}
it 'SRV: a dot says that there is no service' srv_refused home 'there is no service _mqtt._tcp, says its SRV record' \
	'srv _mqtt._tcp.home.test 0 0 0 .'
it 'SRV: targets without an address' srv_refused home 'its SRV target none.test: the name does not exist' \
	'srv _mqtt._tcp.home.test 0 0 1883 none.test'
it 'SRV: a name server that fails' srv_refused home 'no answer about _mqtt._tcp from the name servers \(temporary\)' 'how SRV servfail'

srv_none() {
	service "how SRV $1"
	broker 192.0.2.4/1883
	says 0 'connected to .*192\.0\.2\.4:1883' --url=mqtt://home.test --srv
	expect 'it was asked for' has names '^asked SRV _mqtt._tcp.home.test'
}
it 'SRV: without a record the host itself is meant, at the usual port' srv_none answer
it 'SRV: the same with a name server that knows no SRV' srv_none refuse

srv_unasked() {
	service 'srv _mqtt._tcp.home.test 0 0 1884 a.test'
	broker 192.0.2.4/1883
	says 0 'connected to .*192\.0\.2\.4:1883' --url=mqtt://home.test:1883 --srv
	says 0 'connected to .*192\.0\.2\.4:1883' --url=mqtt://home.test
	says 0 'connected to .*192\.0\.2\.4:1883' --url=mqtt://192.0.2.4 --srv
	says 3 'connect to 192.0.2.4:80: ' --url=ws://home.test --srv
	lacks names '^asked SRV' || fail 'SRV records were asked for'
}
it 'SRV: nobody asks where the URL has a port, is a number or ws, or the flag is not set' srv_unasked

srv_tls() {
	[ "${with_openssl:-yes}" != no ] || skip 'this build has no TLS'
	service 'srv _secure-mqtt._tcp.home.test 0 0 8884 a.test'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -days 2 -subj "/CN=$1" \
		-addext "subjectAltName=DNS:$1" 2>openssl
	mosquitto_conf "certfile $dir/cert" "keyfile $dir/key"
	sed -i 's/^listener.*/listener 8884 192.0.2.2/' conf
	mosquitto_start
	says "$2" "$3" --url=mqtts://home.test --srv --cafile cert
}
it 'SRV: the certificate must be for the host of the URL' srv_tls home.test 0 'connected to mqtts://home.test.*192\.0\.2\.2:8884'
it 'SRV: a certificate for the target is none for the host' srv_tls a.test 4 'certificate'

# ---- dnsmasq -------------------------------------------------------------------------------------------------------------------------

by_dnsmasq() {
	[ -x "$dnsmasq" ] || skip 'dnsmasq is not installed'
	home
	cat >"$dir/dnsmasq.conf" <<-'END'
		host-record=a.test,192.0.2.2
		host-record=b.test,192.0.2.66
		cname=broker.test,a.test
		srv-host=_mqtt._tcp.home.test,b.test,1883,1
		srv-host=_mqtt._tcp.home.test,a.test,1883,2
	END
	start ip netns exec "$netns" "$dnsmasq" --keep-in-foreground --no-resolv --no-hosts --conf-file="$dir/dnsmasq.conf" --user=root --pid-file= \
		--listen-address=127.0.0.1 --bind-interfaces --log-facility=- --log-queries 2>asked
	await asked 'started'
	broker 192.0.2.2/1883
	says 0 'connected to .*192\.0\.2\.2:1883' $at
	says 0 'connected to .*192\.0\.2\.2:1883' --url=mqtt://home.test --srv
	says 0 'connected to .*192\.0\.2\.2:1883' --url=mqtt://a.test --srv
	says 3 'resolve none.test: ' --url=mqtt://none.test --srv
}
it 'dnsmasq: names, aliases, SRV records' by_dnsmasq

finish
