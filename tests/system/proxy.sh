#!/bin/bash
# SPDX-License-Identifier: MIT
# Through real proxies, squid and microsocks, to Mosquitto: plain, TLS and WebSocket, names that only the proxy knows, and what
# they refuse.
# shellcheck disable=SC2015,SC2317,SC2119,SC2016,SC2034,SC2053,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
chmod 711 "$work" # squid is another user

name=broker.behind.proxy.test # in no hosts file but the proxies'
keys=$work/keys
ca=--cafile=$keys/broker.pem

make_certificate() {
	mkdir "$keys"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/broker.key" -out "$keys/broker.pem" \
		-days 2 -subj "/CN=$name" -addext "subjectAltName=DNS:$name,IP:127.0.0.1"
}

# ---- Proxies -------------------------------------------------------------------------------------------------------------------

listening() {
	grep -qi "$(printf ':%04X 0*:0000 0A' "$1")" /proc/net/tcp
}

# squid [LINE...]: on a free port, with what it allows; sets squid_port and squid_pid.
squid() {
	command -v squid >/dev/null || skip 'squid is not installed'
	local broker_port=${port-}
	free_port
	squid_port=$port port=$broker_port
	chmod 711 "$dir"
	mkdir -m 777 "$dir/squid"
	echo "127.0.0.1 $name localhost" >"$dir/squid/hosts"
	{
		echo "http_port 127.0.0.1:$squid_port"
		echo "hosts_file $dir/squid/hosts"
		echo "coredump_dir $dir/squid"
		printf '%s\n' 'pid_filename none' 'access_log none' 'cache_log /dev/null' 'pinger_enable off' 'cache_mem 1 MB' \
			'max_filedescriptors 256' 'shutdown_lifetime 0 seconds' 'dns_timeout 1 seconds' 'dns_nameservers 127.0.0.1' \
			'visible_hostname squid' "${@:-http_access allow all}"
	} >"$dir/squid/conf"
	squid_start
}

squid_start() {
	: >"$dir/squid.log"
	start command squid -N -d 1 -f "$dir/squid/conf" 2>>"$dir/squid.log"
	squid_pid=$pid
	await "$dir/squid.log" 'Accepting HTTP Socket connections'
	until_true "$deadline" listening "$squid_port" || fail 'squid does not listen'
}

# squid that wants user and password: me, w:o rd
squid_with_user() {
	[ -x /usr/lib/squid/basic_ncsa_auth ] || skip 'squid has no basic_ncsa_auth here'
	echo "me:$(openssl passwd -apr1 'w:o rd')" >passwords
	chmod 644 passwords
	squid "auth_param basic program /usr/lib/squid/basic_ncsa_auth $dir/passwords" 'auth_param basic children 1' \
		'acl known proxy_auth REQUIRED' 'http_access allow known' 'http_access deny all'
}

# socks [OPTION...]: microsocks with a hosts file of its own; sets socks_port and socks_pid.
socks() {
	command -v microsocks >/dev/null || skip 'microsocks is not installed'
	local broker_port=${port-}
	free_port
	socks_port=$port port=$broker_port
	echo "127.0.0.1 $name localhost" >"$dir/hosts"
	if unshare -m mount --bind "$dir/hosts" /etc/hosts 2>unshared; then
		start unshare -m sh -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' sh "$dir/hosts" \
			microsocks -i 127.0.0.1 -p "$socks_port" "$@" 2>socks
		knows_name=yes
	else
		start microsocks -i 127.0.0.1 -p "$socks_port" "$@" 2>socks
		knows_name=no
	fi
	socks_pid=$pid
	until_true "$deadline" listening "$socks_port" || fail 'microsocks does not listen'
}

# ---- The broker ----------------------------------------------------------------------------------------------------------------

tls() {
	mosquitto "certfile $keys/broker.pem" "keyfile $keys/broker.key"
}

# says CODES PATTERN OPTION...: what mqttwill pub says and exits with.
says() {
	local wanted=$1 pattern=$2
	shift 2
	start "$mqttwill" pub --topic a --message b --qos 1 --timeout 10 "$@" 2>said
	ended "$pid"
	expect 'it says so' has said "$pattern"
	[[ $code == $wanted ]] || fail "exit code: wanted $wanted, got $code"
}

# ---- Through -------------------------------------------------------------------------------------------------------------------

plain_by_squid() {
	mosquitto
	squid
	says 0 "connected to mqtt://$name:$port \(by proxy 127.0.0.1:$squid_port" --url "mqtt://$name:$port" \
		--proxy "http://localhost:$squid_port" -v
	says 0 "connected to mqtt://127.0.0.1:$port \(by proxy" --url "$url" --proxy "127.0.0.1:$squid_port" -v
	says 0 'connected' --url "$url" --proxy "http://127.0.0.1:$squid_port/" -v --version 3.1.1
	expect 'the broker had them' counts 3 broker 'Received PUBLISH'
}
it 'squid leads to a broker, by a name that only squid knows, and by address' plain_by_squid

tls_by_squid() {
	tls
	squid
	says 0 "connected to mqtts://$name:$port \(by proxy 127.0.0.1:$squid_port.*TLSv1" --url "mqtts://$name:$port" "$ca" \
		--proxy "http://127.0.0.1:$squid_port" -v
	echo "127.0.0.1 other.test $name" >squid/hosts
	kill -KILL "$squid_pid"
	squid_start
	says 4 'tls: .*other.test' --url "mqtts://other.test:$port" "$ca" --proxy "http://127.0.0.1:$squid_port"
}
it 'TLS through squid is with the broker: its name is verified, end to end' tls_by_squid

websocket_by_squid() {
	"$mqttwill" pub --url ws://localhost --topic a --message b --timeout 1 2>&1 | grep -q 'built without' &&
		skip 'this build has no WebSocket'
	free_port
	local front=$port
	mosquitto "listener $front 127.0.0.1" 'protocol websockets' # which starts beside another listener only
	squid
	says 0 "connected to ws://$name:$front \(by proxy 127.0.0.1:$squid_port" --url "ws://$name:$front/mqtt" \
		--proxy "http://127.0.0.1:$squid_port" -v
}
it 'WebSocket through squid' websocket_by_squid

plain_by_socks() {
	mosquitto
	socks
	[ "$knows_name" = yes ] || skip "no mount namespace: $(cat unshared)"
	says 0 "connected to mqtt://$name:$port \(by proxy 127.0.0.1:$socks_port" --url "mqtt://$name:$port" \
		--proxy "socks5h://localhost:$socks_port" -v
	says 0 'connected' --url "mqtt://$name:$port" --proxy "socks5://127.0.0.1:$socks_port" -v
}
it 'microsocks leads to a broker by a name that only microsocks knows' plain_by_socks

address_by_socks() {
	mosquitto
	socks
	says 0 "connected to mqtt://127.0.0.1:$port \(by proxy" --url "$url" --proxy "socks5://127.0.0.1:$socks_port" -v
	[ -f /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || skip 'this system has no IPv6 on loopback'
	kill -KILL "$broker"
	address=::1 mosquitto
	says 0 'connected' --url "mqtt://[::1]:$port" --proxy "socks5://127.0.0.1:$socks_port" -v
}
it 'and by address of IPv4 and IPv6' address_by_socks

tls_by_socks() {
	tls
	socks -u me -P 'w:o rd'
	local host=$name
	[ "$knows_name" = yes ] || host=127.0.0.1
	says 0 "connected to mqtts://$host:$port \(by proxy .*TLSv1" --url "mqtts://$host:$port" "$ca" \
		--proxy "socks5://me:w%3Ao%20rd@127.0.0.1:$socks_port" -v
}
it 'TLS through microsocks, with user and password' tls_by_socks

witnessed() {
	mosquitto
	watcher lamp/status
	if [ "$1" = squid ]; then
		squid_with_user
		local by=http://me:w%3Ao%20rd@127.0.0.1:$squid_port
	else
		socks
		local by=socks5://127.0.0.1:$socks_port
	fi
	online device --proxy "$by"
	await heard online
	kill -KILL "$device"
	await heard offline
	online device --proxy "$by"
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	await_count 2 heard offline
}
it 'birth, will and goodbye through squid, with user and password' witnessed squid
it 'birth, will and goodbye through microsocks' witnessed socks

megabyte() {
	mosquitto
	squid
	head -c 1000000 /dev/urandom >payload
	start "$mqttwill" sub --url "$url" --proxy "http://127.0.0.1:$squid_port" --topic big --qos 1 --count 1 --json --timeout 20 \
		>got 2>sub
	local sub=$pid
	await sub 'subscribed'
	says 0 'by proxy' --url "$url" --proxy "http://127.0.0.1:$squid_port" --topic big --message @payload -v
	ended "$sub"
	is 'what came' "$(od -An -v -tx1 payload | tr -d ' \n' | sha256sum)" \
		"$(sed 's/.*"payload_hex":"\([0-9a-f]*\)".*/\1/' got | tr -d '\n' | sha256sum)"
}
it 'a message of 1,000,000 bytes in both directions through squid' megabyte

# ---- Refused -------------------------------------------------------------------------------------------------------------------

refused_by_squid() {
	mosquitto
	squid "$1"
	says 3 "no connection: proxy 127.0.0.1:$squid_port: $2" --url "mqtt://${4:-127.0.0.1}:${3:-$port}" \
		--proxy "http://127.0.0.1:$squid_port"
}
it 'a server that squid does not allow' refused_by_squid 'http_access deny all' 'it does not allow 127.0.0.1:[0-9]* \(403 Forbidden\)'
it 'a port where nobody listens behind squid' refused_by_squid 'http_access allow all' \
	'it cannot reach 127.0.0.1:1 \(503 Service Unavailable\)' 1
it 'a name that squid does not know' refused_by_squid 'http_access allow all' \
	'it (cannot reach|refused) nowhere.test:1883 \(50[03] ' 1883 nowhere.test

user_of_squid() {
	mosquitto
	squid_with_user
	says 3 'it wants a user and a password \(407 Proxy Authentication Required\)' --url "$url" --proxy "http://127.0.0.1:$squid_port"
	says 3 'it refused user and password \(407 ' --url "$url" --proxy "http://me:wrong@127.0.0.1:$squid_port"
	expect 'the password is not shown' lacks said wrong
	says 0 connected --url "$url" --proxy "http://me:w%3Ao%20rd@127.0.0.1:$squid_port" -v
	expect 'nor is the right one' lacks said 'o.*rd@'
}
it 'squid wants a user, and the right password' user_of_squid

user_of_socks() {
	mosquitto
	socks -u me -P word
	says 3 "proxy 127.0.0.1:$socks_port: it wants a user and a password" --url "$url" --proxy "socks5://127.0.0.1:$socks_port"
	says 3 'it refused user and password' --url "$url" --proxy "socks5://me:wrong@127.0.0.1:$socks_port"
	says 0 connected --url "$url" --proxy "socks5://me:word@127.0.0.1:$socks_port" -v
}
it 'microsocks wants a user, and the right password' user_of_socks

behind_socks() {
	socks
	says 3 "proxy 127.0.0.1:$socks_port: it cannot reach 127.0.0.1:1: connection refused \(5\)" --url mqtt://127.0.0.1:1 \
		--proxy "socks5://127.0.0.1:$socks_port"
}
it 'a port where nobody listens behind microsocks' behind_socks

mistaken() {
	mosquitto
	squid
	socks
	says '[36]' 'its answer is not SOCKS 5|answer did not come|did not answer in time' --url "$url" \
		--proxy "socks5://127.0.0.1:$squid_port" --proxy-timeout 1
	says '[36]' 'its answer is not HTTP/1|answer did not come|did not answer in time' --url "$url" \
		--proxy "http://127.0.0.1:$socks_port" --proxy-timeout 1
	free_port
	says 3 "proxy 127.0.0.1:$port: connect to 127.0.0.1:$port: Connection refused" --url "$url" --proxy "http://127.0.0.1:$port"
	says 3 'proxy nowhere.invalid:1080: resolve nowhere.invalid: ' --url "$url" --proxy http://nowhere.invalid
}
it 'one proxy taken for the other, and none where one should be' mistaken

bad_options() {
	says 2 'proxy: TLS to the proxy is not supported' --url mqtt://localhost --proxy https://localhost
	says 2 'proxy: the port is not a number' --url mqtt://localhost --proxy http://localhost:0
	says 2 'no_?proxy: .*byte 2' --url mqtt://localhost --proxy http://localhost --noproxy a,b/8
}
it 'a proxy that cannot be is refused before a socket is opened' bad_options

# ---- Chosen --------------------------------------------------------------------------------------------------------------------

from_environment() {
	mosquitto
	squid
	socks
	export http_proxy=http://127.0.0.1:$squid_port all_proxy=socks5://127.0.0.1:$socks_port
	says 0 "by proxy 127.0.0.1:$squid_port" --url "$url" --proxy-env -v
	says 0 "connected to $url \(127.0.0.1:$port" --url "$url" -v
	expect 'not asked for, it is not taken' lacks said 'by proxy'
	unset http_proxy
	says 0 "by proxy 127.0.0.1:$socks_port" --url "$url" --proxy-env -v
	export no_proxy=10.0.0.0/8,127.0.0.0/8
	says 0 "connected to $url" --url "$url" --proxy-env -v
	expect 'no_proxy is obeyed' lacks said 'by proxy'
	says 0 "by proxy 127.0.0.1:$squid_port" --url "$url" --proxy "http://127.0.0.1:$squid_port" --noproxy other --proxy-env -v
}
it 'the proxy is that of the environment where that is asked for, unless no_proxy has the host' from_environment

# ---- In the middle -------------------------------------------------------------------------------------------------------------

dies() {
	mosquitto
	watcher lamp/status
	squid
	online device --proxy "http://127.0.0.1:$squid_port" 
	await heard online
	kill -KILL "$squid_pid"
	await heard offline
	await device "proxy 127.0.0.1:$squid_port: connect to 127.0.0.1:$squid_port: Connection refused"
	squid_start
	await_count 2 device ' online: '
	await_count 2 heard online
}
it 'a proxy that dies: the will is published, and the device comes back with the proxy' dies

mute() {
	mosquitto
	squid
	stop "$squid_pid"
	local began
	began=$(now)
	says 6 "proxy 127.0.0.1:$squid_port: it did not answer in time" --url "$url" --proxy "http://127.0.0.1:$squid_port" \
		--proxy-timeout 1
	in_time 'until it was given up' 950 1000 $(($(now) - began))
}
it 'a proxy that accepts and says nothing is given up at its deadline' mute

hole() {
	mosquitto
	watcher lamp/status
	squid
	proxied "$squid_port"
	local front=${url#mqtt://}
	url=mqtt://127.0.0.1:$port
	online device --proxy "http://$front" --keepalive 2 
	await heard online
	local began
	began=$(now)
	tell hole
	await device 'lost: keep-alive: '
	in_time 'until it was noticed' 0 5000 $(($(now) - began))
	await heard offline
	tell renew
	await_count 2 heard online
}
it 'a black hole before the proxy is found as any other' hole

if ! command -v openssl >/dev/null; then
	sentences=('proxies') plays=("skip 'the openssl command is not installed' ")
elif ! make_certificate >"$work/openssl" 2>&1; then
	tail -n 5 "$work/openssl"
	sentences=('a certificate is made') plays=('false ')
fi
finish
