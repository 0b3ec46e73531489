#!/bin/bash
# SPDX-License-Identifier: MIT
# Every option about servers, TLS and the network: it is in the manual, wrong values are told by its name, and what it asks for
# arrives at a real broker.
# shellcheck disable=SC2015,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

nobody=mqtt://127.0.0.1:1
keys=$work/keys

# ---- Words ---------------------------------------------------------------------------------------------------------------

documented() {
	local command option
	for command in run pub sub explain probe; do
		"$mqttwill" $command --help >help || fail "$command has no --help"
		# every name in the left column, and every alias behind "also"
		sed -n 's/^  \(-[a-zA-Z0-9], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p; s/.*; also --\([a-z0-9-]*\)$/\1/p' help >names
		expect 'there are many' [ "$(wc -l <names)" -ge 50 ]
		while read -r option; do
			case $option in username | pw | tls-min | no-sessionid | proxy-from-environment) continue ;; esac
			option=${option#will-}
			grep -qE -- "\\\\-(will-)?$option( |\$)" "$top/man/mqttwill.1" "$top/man/mqttwill-$command.1" "$top/man/mqttwill-run.1" ||
				fail "no manual of $command has --$option"
		done <names
	done
}
it 'every option of every command is in its manual' documented

words() {
	refusals 40 <<'ROWS'
1|--cafile: /nofile: No such file|pub -t a -m b --cafile /nofile
1|--cacert: /nofile: No such file|pub -t a -m b --cacert /nofile
1|--cafile: /: Is a directory|pub -t a -m b --cafile /
1|--capath: /etc/passwd: Not a directory|pub -t a -m b --capath /etc/passwd
1|--cert: /nofile: No such file|pub -t a -m b --cert /nofile
1|--key: /nofile: No such file|pub -t a -m b --key /nofile
1|--crlfile: /nofile: No such file|pub -t a -m b --crlfile /nofile
1|/nofile: No such file|pub -t a -m b --passphrase-file /nofile
1|/nofile: No such file|pub -t a -m b --psk-file /nofile
1|--psk: not hexadecimal at digit 3|pub -t a -m b --psk 00zz --psk-identity i
1|--psk: an odd number|pub -t a -m b --psk 000 --psk-identity i
1|--psk: --psk-file is given, too|pub -t a -m b --psk 00 --psk-file /etc/passwd
1|--tls-version: "tlsv1.1" is none of tlsv1.2, tlsv1.3|pub -t a -m b --tls-version tlsv1.1
1|--ocsp: "maybe" is none of check, require|pub -t a -m b --ocsp maybe
1|--header: it is not NAME: VALUE|pub -t a -m b --header nonsense
1|--url is given, too|pub -t a -m b --url "$nobody" --host localhost
1|--url is given, too|pub -t a -m b --url "$nobody" --port 1
1|--url is given, too|pub -t a -m b --url "$nobody" --unix /tmp/x
1|--unix is given, too|pub -t a -m b --port 1 --unix /tmp/x
1|--host: "a/b" is no host|pub -t a -m b --host a/b
1|one of --ipv4, --ipv6|pub -t a -m b -4 -6
1|--port: "x" is not a number|pub -t a -m b --port x
1|--port: 0 is below 1|pub -t a -m b --port 0
2|--port: 65536|pub -t a -m b --port 65536
1|no time at all|pub -t a -m b --tls-timeout 0
1|one broker is probed|probe --url "$nobody" --url "$nobody"
2|url: it begins with none of|pub -t a -m b --url foo
2|--url no. 3: it begins with none of|pub -t a -m b --url "$nobody" --url "$nobody" --url foo
2|--tls-version: it is above --tls-max|pub -t a -m b --tls-version tlsv1.3 --tls-max 1.2
2|--psk-identity: it is missing|pub -t a -m b --psk 00
2|--psk: it is missing|pub -t a -m b --psk-identity i
2|--psk: it is given beside a certificate|pub -t a -m b --psk-identity i --psk 00 --cert /etc/passwd
2|--key: a key is given, and no certificate|pub -t a -m b --key /etc/passwd
2|--key: only one of|pub -t a -m b --cert /etc/passwd --key /etc/passwd --key-uri file:x
2|--cert: only one of|pub -t a -m b --cert /etc/passwd --cert-uri file:x
2|--no-alpn: it is set beside --alpn|pub -t a -m b --alpn mqtt --no-alpn
2|--happy-eyeballs-timeout-ms: 5 is not from 10 to 2000|pub -t a -m b --happy-eyeballs-timeout-ms 5
3|warning: --insecure has no effect|pub -t a -m b --insecure --url "$nobody"
2|--pinnedpubkey\[0\]: "" is no pin|pub -t a -m b --tls --pinnedpubkey ';' --pinnedpubkey ';'
3|warning: --pinnedpubkey has no effect|pub -t a -m b --pinnedpubkey sha256//x --url "$nobody"
3|connect to 127.0.0.1:1: Connection refused|pub -t a -m b --host 127.0.0.1 -p 1
3|connect to \[::1\]:1|pub -t a -m b --host ::1 -p 1
ROWS
}
it 'wrong values are told by the name of the option' words

# Nothing that is a secret stands in what is said.
discreet() {
	local said
	for words in "--psk 00secret --psk-identity i" "--psk 0 --psk-identity i" "-P secret --header secret" "--url mqtt://u:secret@" \
		"--proxy http://u:secret@127.0.0.1:1 --url mqtt://u:secret@127.0.0.1:1" "--proxy nothing://u:secret@h"; do
		# shellcheck disable=SC2086 # they are words
		said=$("$mqttwill" pub -t a -m b $words 2>&1)
		expect "something is said of $words" [ -n "$said" ]
		case $said in *secret*) fail "$words: $said" ;; esac
	done
}
it 'no secret is told' discreet

# ---- Servers -----------------------------------------------------------------------------------------------------------------

# pubs CODE PATTERN OPTION...: what mqttwill pub says, in $dir/said, and exits with.
pubs() {
	local wanted=$1 pattern=$2
	shift 2
	start "$mqttwill" pub -t a -m b -q 1 -v --timeout 10 "$@" 2>said </dev/null
	ended "$pid"
	expect "it says \"$pattern\"" has said "$pattern"
	is "exit code with $*" "$wanted" "$code"
}

next_server() {
	mosquitto
	free_port
	start "$mqttwill" run --url "mqtt://127.0.0.1:$port" --url "$url" --id lamp -t lamp/status 2>device
	device=$pid
	await device ' online: '
	expect 'the first was tried, the second is told' has_in_order device "127.0.0.1:$port.*refused" " connected to $url \\("
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	pubs 3 ' no connection: .*127.0.0.1:1: Connection refused' --url "$nobody" --url "mqtt://127.0.0.1:$port" --url "$nobody"
	expect 'no promise of a next one where there will be none' eval 'tail -n 1 said | grep -v "next is"'
	start "$mqttwill" sub -t x --url "mqtt://127.0.0.1:$port" --url "$url" 2>ear
	await ear ' subscribed to x'
}
it 'run with two --url: where the first is dead the second is taken, and told' next_server

host_and_port() {
	mosquitto
	pubs 0 "connected to mqtt://127.0.0.1:$port" --host 127.0.0.1 --port "$port"
	pubs 0 "connected to mqtt://localhost:$port" -p "$port"
	pubs 0 "connected to mqtt://127.0.0.1:$port" -h 127.0.0.1 -p "$port"
	"$mqttwill" pub -t a -m b -h >help || fail '-h alone is no help'
	expect '-h alone is help' has help '^Usage: mqttwill pub'
}
it '--host and --port are a URL' host_and_port

unix_socket() {
	mosquitto "listener 0 $dir/a%socket?"
	until_true $deadline test -S "$dir/a%socket?" || skip 'this Mosquitto has no Unix sockets'
	pubs 0 'connected to unix://.*socket' --unix "$dir/a%socket?"
	pubs 0 'connected to unix://.*socket' --unix 'a%socket?'
	pubs 0 'connected to unix://.*socket' --url "unix://$dir/a%25socket%3F"
}
it '--unix: a path, whatever it holds, from here or from the root' unix_socket

where_from() {
	mosquitto
	pubs 0 connected --url "$url" --bind 127.0.0.2
	expect 'the broker saw that address' has broker 'from 127\.0\.0\.2'
	pubs 0 connected --url "$url" -A 127.0.0.3
	expect 'and the short form' has broker 'from 127\.0\.0\.3'
	pubs 2 '[-]-bind: ' --url "$url" --bind nonsense
	pubs 3 'no-such-0' --url "$url" --interface no-such-0
	pubs 0 connected --url "$url" --tcp-fastopen --happy-eyeballs-timeout-ms 100
}
it '--bind and --interface say where from' where_from

families() {
	mosquitto
	pubs 0 connected --url "mqtt://localhost:$port" -4
	pubs 0 connected --url "mqtt://localhost:$port" --prefer-ipv6
	pubs 3 'no connection' --url "mqtt://localhost:$port" -6
	pubs 3 'no connection: .*IPv6' --url "mqtt://127.0.0.1:$port" --ipv6
}
it '--ipv4 and --ipv6 leave the other family out' families

too_late() {
	mosquitto
	stop "$broker"
	local began
	began=$(now)
	pubs 6 'no connection: ' --url "$url" --connect-timeout .4
	in_time 'of the attempt' 350 400 $(($(now) - began))
	[ -z "${without_tls-}" ] || return 0
	began=$(now)
	pubs 6 'no connection: tls: ' --url "mqtts://127.0.0.1:$port" --tls-timeout .4
	in_time 'of the handshake' 350 400 $(($(now) - began))
}
it '--connect-timeout and --tls-timeout bound an attempt' too_late

domain() {
	[ -z "${without_tls-}" ] || skip "$without_tls"
	pubs 3 'nowhere\.invalid' --srv --url mqtts://nowhere.invalid
	pubs 3 'nowhere\.invalid' -S --host nowhere.invalid
}
it '--srv asks for the servers of a domain' domain

# ---- TLS ---------------------------------------------------------------------------------------------------------------------

# certificate NAME SUBJECT-ALTERNATIVE-NAME: signed by the authority "home".
certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/$1.key" -out "$keys/$1.csr" -subj "/CN=$1" &&
		openssl x509 -req -in "$keys/$1.csr" -CA "$keys/home.pem" -CAkey "$keys/home.key" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=$2") -out "$keys/$1.pem"
}

make_certificates() {
	mkdir "$keys" &&
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/home.key" -out "$keys/home.pem" -days 2 \
			-subj /CN=home -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' &&
		certificate broker DNS:localhost,IP:127.0.0.1 && certificate other DNS:broker.example.org && certificate lamp DNS:lamp &&
		openssl ec -in "$keys/lamp.key" -aes128 -passout pass:open-sesame -out "$keys/locked.key" &&
		mkdir "$keys/ca" && cp "$keys/home.pem" "$keys/ca/$(openssl x509 -hash -noout -in "$keys/home.pem").0" &&
		chmod 644 "$keys"/*.key && chmod 755 "$keys" "$work" && echo open-sesame >"$keys/passphrase" &&
		cat "$keys/lamp.pem" "$keys/lamp.key" >"$keys/both.pem"
}

if "$mqttwill" pub --url mqtts://127.0.0.1:1 --topic a --message b 2>&1 | grep -q 'built without OpenSSL'; then
	without_tls='this build has no TLS'
fi

# tls NAME [LINE...]: Mosquitto with that certificate; sets url for localhost.
tls() {
	local name=$1
	[ -z "${without_tls-}" ] || skip "$without_tls"
	shift
	mosquitto "certfile $keys/$name.pem" "keyfile $keys/$name.key" "$@"
	url=mqtts://localhost:$port
}

ca=--cafile=$keys/home.pem

# pin NAME: of a certificate's public key.
pin() {
	openssl x509 -in "$keys/$1.pem" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64
}

implied() {
	tls broker
	pubs 0 "connected to mqtts://127.0.0.1:$port \\(127.0.0.1:$port, TLSv1.3 " --host 127.0.0.1 --port "$port" "$ca"
	pubs 0 "connected to mqtts://localhost:$port" --port "$port" --cacert "$keys/home.pem"
	pubs 0 "connected to mqtts://localhost:$port" --port "$port" --capath "$keys/ca"
	pubs 4 'certificate of localhost' --port "$port" --tls
}
it 'an option of TLS makes it mqtts where there is no URL; --cafile, --cacert, --capath' implied

versions() {
	tls broker
	pubs 0 'TLSv1\.2 ECDHE-ECDSA-AES256-GCM-SHA384' --url "$url" "$ca" --tls-max 1.2 --ciphers ECDHE-ECDSA-AES256-GCM-SHA384
	pubs 0 'TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256' --url "$url" "$ca" --tls-version tlsv1.3 --tls13-ciphers TLS_CHACHA20_POLY1305_SHA256
	pubs 0 connected --url "$url" "$ca" --groups P-256
	pubs 2 '[-]-groups: ' --url "$url" "$ca" --curves nonsense
	pubs 2 '[-]-ciphers: ' --url "$url" "$ca" --ciphers nonsense
	pubs 2 '[-]-tls13-ciphers: ' --url "$url" "$ca" --tls13-ciphers nonsense
	start openssl s_server -accept 0 -cert "$keys/broker.pem" -key "$keys/broker.key" -tls1_2 <&"$never" >server 2>&1
	await server '^ACCEPT'
	pubs 4 'tls: ' --url "mqtts://localhost:$(sed -n 's/^ACCEPT.*:\([0-9]*\)$/\1/p' server)" "$ca" --tls-version 1.3
}
it '--tls-version, --tls-max, --ciphers, --tls13-ciphers, --groups' versions

identity() {
	tls broker "cafile $keys/home.pem" 'require_certificate true' 'use_identity_as_username true'
	pubs 4 'no connection: tls: ' --url "$url" "$ca" --tls-max 1.2
	pubs 0 connected --url "$url" "$ca" --cert "$keys/lamp.pem" --key "$keys/lamp.key"
	expect 'the broker knows who it is' has broker "u'lamp'"
	pubs 0 connected --url "$url" "$ca" --cert "$keys/both.pem"
	pubs 0 connected --url "$url" "$ca" --cert "$keys/lamp.pem" --key "$keys/locked.key" --passphrase-file "$keys/passphrase"
	pubs 2 '[-]-key: ' --url "$url" "$ca" --cert "$keys/lamp.pem" --key "$keys/locked.key" --passphrase-file "$keys/home.pem"
	pubs 2 '[-]-key: ' --url "$url" "$ca" --cert "$keys/lamp.pem" --key "$keys/locked.key"
	pubs 2 '[-]-key: ' --url "$url" "$ca" --cert "$keys/lamp.pem" --key "$keys/broker.key"
	pubs 0 connected --url "$url" "$ca" --cert-uri "file:$keys/lamp.pem" --key-uri "file:$keys/lamp.key"
}
it '--cert and --key, alone, together, locked, by URI' identity

shared_key() {
	mosquitto 'psk_hint home' "psk_file $dir/psk" 'use_identity_as_username true' 2>/dev/null
	url=mqtts://localhost:$port
	pubs 0 'connected .*TLSv1' --url "$url" --psk-identity lamp --psk 00112233445566778899aabbccddeeff
	expect 'the broker knows who it is' has broker "u'lamp'"
	echo 00112233445566778899aabbccddeeff >key
	pubs 0 connected --port "$port" --psk-identity lamp --psk-file key
	pubs 4 'no connection: tls: ' --url "$url" --psk-identity lamp --psk 00
}
with_psk() {
	[ -z "${without_tls-}" ] || skip "$without_tls"
	echo lamp:00112233445566778899aabbccddeeff >psk
	chmod 644 psk
	shared_key
}
it '--psk, --psk-file and --psk-identity' with_psk

names_and_pins() {
	tls other
	pubs 4 'not for localhost' --url "$url" "$ca"
	pubs 0 connected --url "$url" "$ca" --server-name broker.example.org
	pubs 4 'not for wrong.example.org' --url "$url" "$ca" --server-name wrong.example.org
	pubs 0 'INSECURE: .*any host' --url "$url" "$ca" --insecure-host
	expect 'it warns at the start' has said 'warning: --insecure-host'
	pubs 4 'certificate' --url "$url" --insecure-host
	pubs 0 'INSECURE: any certificate' --url "$url" --insecure
	expect 'it warns at the start' has said 'warning: --insecure: no certificate is checked'
	pubs 0 connected --url "$url" --insecure --pinnedpubkey "sha256//$(pin other)"
	pubs 0 connected --url "$url" --insecure --pinnedpubkey "sha256//$(pin home);sha256//$(pin other)"
	pubs 4 '' --url "$url" --insecure --pinnedpubkey "sha256//$(pin home)"
	pubs 4 '' --url "$url" "$ca" --server-name broker.example.org --pinnedpubkey "sha256//$(pin home)"
	pubs 2 '[-]-pinnedpubkey' --url "$url" "$ca" --pinnedpubkey nonsense
	pubs 0 connected --url "$url" --insecure -q 0
	start "$mqttwill" pub -t a -m b --url "$url" --insecure 2>said
	ended "$pid"
	expect 'it warns where it says nothing else' has said 'warning: --insecure'
}
it '--server-name, --insecure-host, --insecure, --pinnedpubkey' names_and_pins

revoked() {
	tls broker
	: >index
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\ndefault_md=sha256\ndefault_crl_days=2\n' "$dir/index" >ca.conf
	openssl ca -config ca.conf -gencrl -keyfile "$keys/home.key" -cert "$keys/home.pem" -out none.crl 2>openssl || fail 'no list'
	pubs 0 connected --url "$url" "$ca" --crlfile none.crl
	openssl ca -config ca.conf -revoke "$keys/broker.pem" -keyfile "$keys/home.key" -cert "$keys/home.pem" 2>openssl || fail 'not revoked'
	openssl ca -config ca.conf -gencrl -keyfile "$keys/home.key" -cert "$keys/home.pem" -out one.crl 2>openssl || fail 'no list'
	pubs 4 'revoked' --url "$url" "$ca" --crlfile one.crl
	pubs 0 connected --url "$url" "$ca" --ocsp check
	pubs 4 'OCSP' --url "$url" "$ca" --ocsp require
	pubs 4 'OCSP' --url "$url" "$ca" --cert-status
}
it '--crlfile and --ocsp' revoked

protocols() {
	[ -z "${without_tls-}" ] || skip "$without_tls"
	start openssl s_server -accept 0 -cert "$keys/broker.pem" -key "$keys/broker.key" -alpn x,mqtt -tlsextdebug <&"$never" >server 2>&1
	await server '^ACCEPT'
	url=mqtts://localhost:$(sed -n 's/^ACCEPT.*:\([0-9]*\)$/\1/p' server)
	"$mqttwill" pub -t a -m b --url "$url" "$ca" --timeout .5 2>/dev/null
	await_count 1 server 'ALPN protocols advertised by the client: mqtt$'
	"$mqttwill" pub -t a -m b --url "$url" "$ca" --timeout .5 --alpn y --tls-alpn x 2>/dev/null
	await_count 1 server 'ALPN protocols advertised by the client: y, x$'
	"$mqttwill" pub -t a -m b --url "$url" "$ca" --timeout .5 --no-alpn 2>/dev/null
	is 'how often ALPN was offered' 2 "$(grep -c 'ALPN protocols advertised' server)"
}
it '--alpn and --no-alpn' protocols

resumed() {
	tls broker "tls_version tlsv1.$1"
	proxied
	url=mqtts://${url#mqtt://}
	online device "$ca"
	tell cut
	await_count 2 device ' online: '
	is 'resumed' 1 "$(grep -c 'connected .*TLS resumed' device)"
	kill -KILL "$device"
	online device "$ca" --no-resumption
	tell cut
	await_count 2 device ' online: '
	is 'resumed with --no-resumption' 0 "$(grep -c 'TLS resumed' device)"
}
it 'a TLS 1.3 session is resumed, which "connected" tells, but for --no-resumption' resumed 3

key_log() {
	tls broker
	start "$mqttwill" pub -t a -m b -v --url "$url" "$ca" --keylog "$dir/log" 2>said
	ended "$pid"
	[ "$code" != 2 ] || { expect 'it says why' has said '[-]-keylog'; return; }
	is 'exit code' 0 "$code"
	expect 'it is told' has said 'INSECURE: the secrets'
	expect 'they are there' test -s log
}
it '--keylog is refused, or told' key_log

# ---- WebSocket and proxies ---------------------------------------------------------------------------------------------------

websocket() {
	free_port
	local ws=$port
	mosquitto "listener $ws" 'protocol websockets'
	url=ws://127.0.0.1:$ws
	start "$mqttwill" pub -t a -m b -q 1 -v --url "$url" 2>said
	ended "$pid"
	has said 'built without' && skip 'this build has no WebSocket'
	is 'exit code' 0 "$code"
	expect 'it is told' has said "connected to $url"
	"$mqttwill" probe --url "$url" --only W3-17,W3-02,WD-03,WD-05 --json >report 2>errors || fail 'the probe found fault'
	expect 'over WebSocket' has report '"id":"W3-17w".*"verdict":"PASS"'
	expect 'no TLS' has report '"id":"W3-17".*"verdict":"UNSUPPORTED"'
}
it 'ws: pub and probe' websocket

# listener ANSWER: one that writes down what it is asked, in $dir/asked, and answers that.
listener() {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	start python3 -u -c '
import socket, sys
ear = socket.create_server(("127.0.0.1", 0))
print(ear.getsockname()[1])
while True:
    line = ear.accept()[0]
    with open("asked", "ab") as file:
        file.write(line.recv(9999))
    line.sendall(sys.argv[1].encode().decode("unicode_escape").encode())
    line.close()' "$1" >ear
	await ear '[0-9]'
	port=$(cat ear)
}

more_headers() {
	listener 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'
	pubs 3 '401' --url "ws://127.0.0.1:$port/deep/mqtt?token=1" -H 'Authorization: Bearer secret' --header 'X-Lamp:7'
	expect 'all was asked' has_in_order asked '^GET /deep/mqtt\?token=1 HTTP/1.1' '^Authorization: Bearer secret' '^X-Lamp: 7'
	expect 'no secret is told' lacks said 'secret'
}
with_websocket() {
	"$mqttwill" pub -t a -m b --url ws://127.0.0.1:1 2>&1 | grep -q 'built without' && skip 'this build has no WebSocket'
	"$@"
}
it '--header: lines of the WebSocket handshake, and a refusal is exit 3' with_websocket more_headers

by_proxy() {
	command -v microsocks >/dev/null || skip 'microsocks is not installed'
	tls broker
	local broker_port=$port
	free_port
	start microsocks -i 127.0.0.1 -p "$port" -u lamp -P secret 2>microsocks
	until_true $deadline eval 'grep -qi "$(printf ":%04X 0*:0000 0A" "$port")" /proc/net/tcp' || fail 'no proxy'
	pubs 0 "connected to mqtts://localhost:$broker_port \\(by proxy 127.0.0.1:$port, TLS" --url "$url" "$ca" \
		--proxy "socks5://lamp:secret@127.0.0.1:$port"
	expect 'no password is told' lacks said 'secret'
	pubs 3 'no connection: proxy .*password' --url "$url" "$ca" --proxy "socks5://lamp:wrong@127.0.0.1:$port"
	pubs 0 "connected to mqtts://localhost:$broker_port \\(127.0.0.1:$broker_port" --url "$url" "$ca" \
		--proxy "socks5://lamp:wrong@127.0.0.1:$port" --noproxy 'localhost'
	export all_proxy="socks5://lamp:secret@127.0.0.1:$port"
	pubs 0 'by proxy' --url "$url" "$ca" --proxy-env
	pubs 0 "\\(127.0.0.1:$broker_port" --url "$url" "$ca"
	no_proxy=localhost pubs 0 "\\(127.0.0.1:$broker_port" --url "$url" "$ca" --proxy-env
	"$mqttwill" probe --url "$url" "$ca" --proxy-env --only WD-03 >report || fail 'no probe through a proxy'
}
it '--proxy, --noproxy and --proxy-env, with TLS to the broker; probe, too' by_proxy

through_http() {
	listener 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n'
	pubs 3 'proxy .*407' --url mqtt://broker.example.org --proxy "http://lamp:secret@127.0.0.1:$port"
	expect 'CONNECT was asked for' has asked '^CONNECT broker.example.org:1883 HTTP/1.1'
	expect 'with a password' has asked "^Proxy-Authorization: Basic $(printf lamp:secret | base64)"
	expect 'which is not told' lacks said secret
}
it 'an HTTP proxy that refuses is exit 3' through_http

no_client() {
	[ -z "${without_tls-}" ] || skip "$without_tls"
	"$mqttwill" explain --id lamp -t lamp/status --url mqtts://nowhere.invalid --url wss://nowhere.invalid/x --cafile "$keys/home.pem" \
		--cert "$keys/lamp.pem" --key "$keys/lamp.key" --alpn x --tls-version 1.3 --groups X25519 --ocsp --crlfile "$keys/home.pem" \
		--proxy http://nowhere.invalid -4 --bind 127.0.0.1 --interface lo --connect-timeout 5 >story 2>said || [ "$(cat said)" != '' ] ||
		fail 'explain says nothing'
	"$mqttwill" explain --id lamp -t lamp/status --url mqtts://nowhere.invalid "$ca" --cert "$keys/lamp.pem" --key "$keys/lamp.key" \
		--proxy http://nowhere.invalid -4 --bind 127.0.0.1 --connect-timeout 5 >story || fail 'explain refuses'
	expect 'it tells' has story 'the broker publishes'
}
it 'explain takes them all, and goes nowhere' no_client

if ! command -v openssl >/dev/null || ! make_certificates >"$work/openssl" 2>&1; then
	echo 'not ok - certificates are made'
	tail -n 5 "$work/openssl"
	exit 1
fi
finish
