#!/bin/bash
# SPDX-License-Identifier: MIT
# TLS against Mosquitto and openssl s_server, with certificates made here: what is trusted, what is not, and with which words.
# shellcheck disable=SC2015,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- Certificates --------------------------------------------------------------------------------------------------------------

keys=$work/keys

# authority NAME: a certification authority in $keys/NAME.pem.
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/$1.key" -out "$keys/$1.pem" -days 2 \
		-subj "/CN=$1" -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign'
}

# certificate NAME AUTHORITY SUBJECT-ALTERNATIVE-NAME [OPTION...]: signed by the authority.
certificate() {
	local name=$1 by=$2 san=$3
	shift 3
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/$name.key" -out "$keys/$name.csr" \
		-subj "/CN=$name"
	printf 'subjectAltName=%s\nauthorityKeyIdentifier=keyid\n' "$san" >"$keys/$name.ext"
	openssl x509 -req -in "$keys/$name.csr" -CA "$keys/$by.pem" -CAkey "$keys/$by.key" -CAcreateserial \
		-extfile "$keys/$name.ext" -out "$keys/$name.pem" -days 2 "$@"
}

make_certificates() {
	mkdir "$keys"
	authority home && authority stranger && authority devices && certificate lamp devices DNS:lamp &&
		certificate old devices DNS:lamp -days -1 && certificate foreign stranger DNS:lamp && certificate good home DNS:localhost,IP:127.0.0.1 &&
		certificate name home DNS:localhost && certificate other home DNS:broker.example.org &&
		certificate wild home 'DNS:*.example.org' && certificate expired home DNS:localhost,IP:127.0.0.1 -days -1 &&
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/self.key" -out "$keys/self.pem" \
			-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
}

# tls NAME [LINE...]: Mosquitto with that certificate; sets url for localhost.
tls() {
	local name=$1
	shift
	mosquitto "certfile $keys/$name.pem" "keyfile $keys/$name.key" "$@"
	url=mqtts://localhost:$port
}

# says CODE PATTERN OPTION...: what mqttwill pub says and exits with.
says() {
	local wanted=$1 pattern=$2
	shift 2
	start "$mqttwill" pub --topic a --message b --qos 1 --timeout 10 "$@" 2>said
	ended "$pid"
	expect 'it says why' has said "$pattern"
	is 'exit code' "$wanted" "$code"
}

ca=--cafile=$keys/home.pem

# ---- What is trusted -------------------------------------------------------------------------------------------------------------

trusted() {
	tls good
	says 0 'connected' --url "$url" "$ca" -v
	says 0 'connected' --url "mqtts://127.0.0.1:$port" "$ca" -v
	says 0 'connected' --url "ssl://localhost:$port" "$ca" -v
	says 0 'connected' --url "$url" "$ca" -v --version 3.1.1
	expect 'the broker had them' counts 4 broker 'Received PUBLISH'
}
it 'a certificate of an authority that is trusted, by name and by address' trusted

over_ipv6() {
	[ -f /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || skip 'this system has no IPv6 on loopback'
	certificate six home DNS:localhost,IP:::1 2>openssl
	address=::1 tls six
	says 0 'connected' --url "mqtts://[::1]:$port" "$ca" -v
}
it 'a certificate for an IPv6 address' over_ipv6

self_trusted() {
	tls self
	says 0 'connected' --url "$url" --cafile "$keys/self.pem" -v
}
it 'a self-signed certificate that is itself trusted' self_trusted

witnessed() {
	[ -x "$mosquitto" ] || skip 'mosquitto is not installed'
	free_port
	local plain=$port
	mosquitto_conf "certfile $keys/good.pem" "keyfile $keys/good.key" "listener $plain 127.0.0.1"
	mosquitto_start
	url=mqtts://localhost:$port port=$plain
	watcher 'lamp/status'
	online device "$ca"
	await heard online
	kill -KILL "$device"
	await heard offline
	online device "$ca"
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	await_count 2 heard offline
}
it 'birth, will and goodbye over TLS' witnessed

tls_versions() {
	tls good 'tls_version tlsv1.2'
	says 0 'connected' --url "$url" "$ca" -v
	kill -KILL "$broker"
	tls good 'tls_version tlsv1.3'
	says 0 'connected' --url "$url" "$ca" -v
}
it 'TLS 1.2 and TLS 1.3' tls_versions

# ---- What is not ------------------------------------------------------------------------------------------------------------------

no_trust() {
	tls "$1"
	says 4 "$3" --url "${url/localhost/${4:-localhost}}" --cafile "$keys/$2.pem"
	lacks broker 'New client connected' || fail 'a CONNECT left all the same'
}
it 'an unknown authority' no_trust good stranger 'tls: the certificate of localhost [(]CN=good[)] is signed by CN=home, which is neither in --cafile .*stranger.pem nor sent by the server'
it 'an expired certificate' no_trust expired home 'tls: the certificate of localhost [(]CN=expired[)] expired on 20..-..-.. ..:..:.. UTC$'
it 'another host name' no_trust other home 'tls: the certificate of localhost [(]CN=other[)] is for broker.example.org; not for localhost$'
it 'a wildcard for another domain' no_trust wild home 'tls: the certificate of localhost [(]CN=wild[)] is for [*].example.org; not for localhost$'
it 'a name only, where an address is asked for' no_trust name home 'tls: the certificate of 127.0.0.1 [(]CN=name[)] is for localhost; not for 127.0.0.1$' 127.0.0.1
it 'a self-signed certificate' no_trust self home 'tls: the certificate of localhost [(]CN=localhost[)] is self-signed, and not in --cafile .*/home.pem$'

namesake() {
	local keys=$keys
	tls good
	mkdir "$dir/new" && (keys=$dir/new && authority home) 2>openssl
	says 4 'is signed by another CN=home than the one in --cafile .*/new/home.pem: it has another key' --url "$url" --cafile "$dir/new/home.pem"
}
it 'an authority that was made anew under its old name' namesake

errors_of_the_library() {
	tls "$1"
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status ca_file="$keys/$2.pem" backoff_max_ms=500 </dev/null >device
	await device "^RETRY .*MQTTWILL_$3 permanent"
}
it 'an untrusted certificate is ECERT and permanent' errors_of_the_library good stranger ECERT
it 'an expired one, too' errors_of_the_library expired home ECERT

system_store() {
	tls good
	says 4 "tls: the certificate of localhost .* is signed by CN=home, which is neither in the system's store nor sent by the server" --url "$url"
	SSL_CERT_FILE=$keys/home.pem
	export SSL_CERT_FILE
	says 0 'connected' --url "$url" -v
}
it "without --cafile the system's store decides" system_store

bad_ca_file() {
	free_port
	says 1 'cafile: .*/nowhere.pem: No such file' --url "mqtts://localhost:$port" --cafile "$dir/nowhere.pem"
	echo 'this is no certificate' >nothing.pem
	says 2 'cafile: .*/nothing.pem: ' --url "mqtts://localhost:$port" --cafile "$dir/nothing.pem"
}
it 'a file of authorities that cannot be read, or holds none, is refused before a socket is opened' bad_ca_file

a_directory() {
	tls good
	mkdir authorities
	cp "$keys/home.pem" authorities/
	says 2 'capath: .*openssl rehash' --url "$url" --capath "$dir/authorities"
	openssl rehash authorities >rehash 2>&1
	says 0 'connected' --url "$url" --capath "$dir/authorities" -v
}
it 'a directory of authorities, as openssl rehash makes it' a_directory

renewed_trust() {
	tls good
	cp "$keys/stranger.pem" trust.pem
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status ca_file="$dir/trust.pem" backoff_max_ms=500 </dev/null >device
	await device '^RETRY .*ECERT'
	cat "$keys/home.pem" >trust.pem
	await device '^ONLINE'
}
it 'authorities that were replaced are read before the next attempt' renewed_trust

# A system that was made lax, and a server that makes use of it.
lax_system() {
	openssl req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.pem -days 2 -subj /CN=localhost -sha256 \
		-addext subjectAltName=DNS:localhost 2>openssl
	printf '%s\n' 'openssl_conf = a' '[a]' 'ssl_conf = b' '[b]' 'system_default = c' '[c]' 'MinProtocol = TLSv1' \
		'CipherString = ALL:@SECLEVEL=0' 'Options = UnsafeLegacyRenegotiation,UnsafeLegacyServerConnect' >lax.cnf
	export OPENSSL_CONF=$dir/lax.cnf
	free_port
	start openssl s_server -accept "127.0.0.1:$port" -cert weak.pem -key weak.key <&"$never" >server 2>&1
	await server '^ACCEPT'
	says 4 'tls: the certificate of localhost [(]CN=localhost[)] has a key that is too weak: RSA, 1024 bits$' \
		--url "mqtts://localhost:$port" --cafile weak.pem
	free_port
	start openssl s_server -accept "127.0.0.1:$port" -cert "$keys/good.pem" -key "$keys/good.key" -tls1_1 <&"$never" >server2 2>&1
	await server2 '^ACCEPT'
	says 4 'tls: localhost does not speak TLS 1.2 or later$' --url "mqtts://localhost:$port" "$ca"
}
it "the system's openssl.cnf makes nothing weaker" lax_system

# ---- Who we are ------------------------------------------------------------------------------------------------------------------

# mutual [LINE...]: Mosquitto that asks for a certificate of the devices' authority.
mutual() {
	tls good 'require_certificate true' "cafile $keys/devices.pem" "$@"
}

known() {
	mutual "tls_version tlsv1.$1" 'use_identity_as_username true'
	says 0 'connected' --url "$url" "$ca" -v --cert "$keys/lamp.pem" --key "$keys/lamp.key"
	expect 'the broker knows it by name' has broker "u'lamp'"
	cat "$keys/lamp.pem" "$keys/lamp.key" >both.pem
	says 0 'connected' --url "$url" "$ca" -v --cert "$dir/both.pem"
}
it 'a certificate of ours that the broker accepts, with TLS 1.2' known 2
it 'and with TLS 1.3' known 3

unknown() {
	mutual "tls_version tlsv1.$1"
	says 4 'tls: localhost asks for a certificate, and none is set' --url "$url" "$ca"
	says 4 'tls: localhost refused our certificate [(]CN=old, valid until 20..-..-.. ..:..:.. UTC[)]: it has expired$' --url "$url" "$ca" \
		--cert "$keys/old.pem" --key "$keys/old.key"
	says 4 'tls: localhost refused our certificate [(]CN=foreign[)]: its authority is not trusted there$' --url "$url" "$ca" \
		--cert "$keys/foreign.pem" --key "$keys/foreign.key"
	lacks broker 'New client connected' || fail 'a CONNECT was taken all the same'
}
it "none, an expired one and a stranger's, which it refuses, with TLS 1.2" unknown 2
it 'the same with TLS 1.3, where it refuses them when the handshake is over for us' unknown 3

not_ours() {
	free_port
	says 2 'key: .*good.key: it is not the key of the certificate in .*lamp.pem' --url "mqtts://localhost:$port" "$ca" \
		--cert "$keys/lamp.pem" --key "$keys/good.key"
	openssl pkcs8 -topk8 -in "$keys/lamp.key" -out secret.key -passout pass:sesame
	says 2 'key: .*secret.key: it is encrypted' --url "mqtts://localhost:$port" "$ca" --cert "$keys/lamp.pem" --key "$dir/secret.key"
}
it 'a key of another certificate, or an encrypted one, is refused before a socket is opened, and nothing is asked' not_ours

# ---- Who does not speak TLS, and who does ---------------------------------------------------------------------------------------------

plain_behind_tls() {
	mosquitto
	says 4 '^[^ ]* no connection: tls: ' --url "mqtts://localhost:$port" "$ca"
}
it 'a plain broker behind an mqtts URL is a TLS error' plain_behind_tls

tls_behind_plain() {
	tls good
	says 3 'no connection: .*(reset|closed)' --url "mqtt://localhost:$port" --version "$1"
}
it 'a TLS broker behind an mqtt URL ends at once' tls_behind_plain 5
it 'so it does in MQTT 3.1.1' tls_behind_plain 3.1.1

# A server that accepts and says nothing.
mute() {
	mosquitto
	stop "$broker"
	start "$api_dir/device" url="mqtts://127.0.0.1:$port" id=lamp topic=lamp/status ca_file="$keys/home.pem" connect_timeout_ms=700 \
		</dev/null >device
	local began
	began=$(now)
	await device '^RETRY .*ETIMEOUT'
	in_time 'of the attempt' 600 700 $(($(now) - began))
	expect 'no step took long' lacks device '^SLOW'
}
it 'a server that never answers the handshake: the attempt ends at its deadline' mute

old_only() {
	free_port
	start openssl s_server -accept "127.0.0.1:$port" -cert "$keys/good.pem" -key "$keys/good.key" -tls1_1 \
		-cipher ALL:@SECLEVEL=0 <&"$never" >server 2>&1
	await server '^ACCEPT'
	says 4 'tls: localhost does not speak TLS 1.2 or later$' --url "mqtts://localhost:$port" "$ca"
}
it 'a broker that only speaks TLS 1.1 is refused' old_only

crowd() {
	tls good 'max_queued_messages 0' 'log_type none'
	start "$api_dir/crowd" "$url" "$keys/home.pem" >verdicts 2>errors
	until_true 90000 gone "$pid" || fail 'the crowd did not end within 90 s'
	ended "$pid"
	is 'exit code' 0 "$code"
	expect 'it was judged' has verdicts '(ok|skip) - .*over TLS takes less than'
}
it 'two hundred clients in one process' crowd

# ---- Bytes -----------------------------------------------------------------------------------------------------------------------------

megabyte() {
	tls good 'tls_version tlsv1.'"$1"
	head -c 1000000 /dev/urandom >payload
	"$mqttwill" sub --url "$url" "$ca" --topic big --qos 1 --count 1 --json --timeout 20 >got 2>sub </dev/null &
	local sub=$!
	echo "$sub" >>pids
	await sub 'subscribed'
	start "$mqttwill" pub --url "$url" "$ca" --topic big --message @payload --qos 1 2>pub
	ended "$pid"
	is 'exit code of pub' 0 "$code"
	ended "$sub"
	is 'exit code of sub' 0 "$code"
	is 'what came' "$(od -An -v -tx1 payload | tr -d ' \n' | sha256sum)" \
		"$(sed 's/.*"payload_hex":"\([0-9a-f]*\)".*/\1/' got | tr -d '\n' | sha256sum)"
}
it 'a message of 1,000,000 bytes in both directions over TLS 1.2' megabyte 2
it 'and over TLS 1.3' megabyte 3

trickle() {
	tls good
	proxied
	url=mqtts://${url#mqtt://}
	tell 'delay 30'
	head -c 300000 /dev/urandom >payload
	says 0 'connected' --url "$url" "$ca" -v --message @payload --session-expiry 0
}
it 'TLS over a slow line' trickle

cut_over_tls() {
	tls good
	proxied
	url=mqtts://${url#mqtt://}
	mkfifo lines
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status ca_file="$keys/home.pem" backoff_min_ms=200 session_expiry_s=60 \
		<>lines >device
	await device '^ONLINE'
	tell cut
	await device '^DOWN .*ELOST'
	await_count 2 device '^ONLINE'
	tell hole
	printf 'pub 1 lamp/data %s\n' one two >lines
	await_count 2 device '^published'
	tell renew
	await_count 2 device '^DONE [0-9]+ OK'
}
it 'a TLS connection that is cut is made again, and what was lost is sent again' cut_over_tls

if ! command -v openssl >/dev/null; then
	sentences=('TLS') plays=("skip 'the openssl command is not installed' ")
elif ! make_certificates >"$work/openssl" 2>&1; then
	tail -n 5 "$work/openssl"
	sentences=('certificates are made') plays=('false ')
elif "$mqttwill" pub --url mqtts://localhost --topic a --message b --timeout 1 2>&1 | grep -q 'built without OpenSSL'; then
	sentences=('TLS') plays=("skip 'this build has no TLS' ")
fi
finish
