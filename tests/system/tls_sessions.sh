#!/bin/bash
# SPDX-License-Identifier: MIT
# Handshakes that are short, or without certificates, or with a key that never leaves its chip: sessions that are resumed, pre-shared
# keys, stapled OCSP responses, revocation lists, and OpenSSL stores, against Mosquitto and openssl s_server.
# shellcheck disable=SC2015,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

keys=$work/keys
ca=--cafile=$keys/home.pem

make_certificates() {
	mkdir "$keys" && cd "$keys" || return 1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout home.key -out home.pem -days 2 -subj /CN=home \
		-addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature' || return 1
	local name
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >ext
	for name in good device; do
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.csr -subj "/CN=$name" &&
			signed $name || return 1
	done
	: >index.txt
	printf '[ca]\ndefault_ca=home\n[home]\ndatabase=%s/index.txt\ndefault_md=sha256\ndefault_crl_days=2\n' "$keys" >ca.cnf
	openssl ca -config ca.cnf -gencrl -keyfile home.key -cert home.pem -out none.crl &&
		openssl ca -config ca.cnf -revoke good.pem -keyfile home.key -cert home.pem &&
		openssl ca -config ca.cnf -gencrl -keyfile home.key -cert home.pem -out good.crl
}

# signed NAME: $keys/NAME.csr by the authority.
signed() {
	openssl x509 -req -in "$keys/$1.csr" -CA "$keys/home.pem" -CAkey "$keys/home.key" -CAcreateserial -extfile "$keys/ext" \
		-out "$keys/$1.pem" -days 2
}

# tls [LINE...]: Mosquitto with a certificate; sets url.
tls() {
	mosquitto "certfile $keys/good.pem" "keyfile $keys/good.key" "$@"
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

# ---- Resumption -----------------------------------------------------------------------------------------------------------

# cuts N OPTION...: a device at Mosquitto, online and cut N times.
cuts() {
	local n=$1 i
	shift
	proxied
	url=mqtts://localhost:${url##*:}
	online device "$ca" --session-expiry 60 "$@"
	for ((i = 1; i <= n; i++)); do
		tell cut
		await_count $((i + 1)) device ' online: '
		tell renew
	done
}

resumes() {
	tls
	cuts 4 --tls-max "$1"
	is 'handshakes that were short' 4 "$(grep -c "TLSv$1 .*TLS resumed" device)"
}
it 'a device that loses its line resumes its TLS session at Mosquitto, TLS 1.3' resumes 1.3
it 'the same over TLS 1.2' resumes 1.2
it 'the same with a certificate of the client' resumes_with_certificate 1.3
it 'the same with one over TLS 1.2' resumes_with_certificate 1.2

resumes_with_certificate() {
	tls "cafile $keys/home.pem" 'require_certificate true' 'use_identity_as_username true'
	cuts 3 --tls-max "$1" --cert "$keys/device.pem" --key "$keys/device.key"
	is 'handshakes that were short' 3 "$(grep -c 'TLS resumed' device)"
	is 'who the broker thinks it is, each time' 4 "$(grep -c "New client connected.* as lamp .*u'device'" broker)"
}

full() {
	tls
	cuts 2 --no-resumption
	is 'handshakes that were short' 0 "$(grep -c 'TLS resumed' device)"
}
it 'with --no-resumption every handshake is a full one' full

restarted() {
	tls
	cuts 1
	kill -KILL "$broker"
	await_count 2 device 'lost'
	mosquitto_start
	await_count 3 device ' online: '
	tell cut
	await_count 4 device ' online: '
	is 'handshakes that were short' 2 "$(grep -c 'TLS resumed' device)"
}
it 'a broker that was started anew does not know the session: a full handshake, and then short ones again' restarted

# server OPTION...: openssl s_server, which takes every connection and says no CONNACK.
server() {
	free_port
	start openssl s_server -accept "127.0.0.1:$port" -cert "$keys/good.pem" -key "$keys/good.key" "$@" <&"$never" >server 2>&1
	await server '^ACCEPT'
}

# counted FULL SHORT OPTION...: handshakes of a device's first ones at s_server.
counted() {
	local full=$1 short=$2
	shift 2
	server "$@"
	start "$api_dir/device" url="mqtts://localhost:$port" id=lamp topic=lamp/status ca_file="$keys/home.pem" connect_timeout_ms=1000 \
		backoff_min_ms=100 backoff_max_ms=100 <&"$never" >device
	await_count $((full + short)) server '^(CIPHER is|Reused session-id)'
	until_true $deadline counts "$full" server '^CIPHER is' || fail "fewer than $full connections"
	await_count "$short" server '^Reused session-id'
	[ "$short" -gt 0 ] || expect 'none is short' lacks server '^Reused session-id'
}
it 'tickets of s_server, TLS 1.3' counted 4 3 -tls1_3
it 'one ticket at a time' counted 4 3 -tls1_3 -num_tickets 1
it 'no ticket at all: every handshake is a full one' counted 3 0 -tls1_3 -num_tickets 0
it 'tickets of TLS 1.2' counted 4 3 -tls1_2

# ---- Pre-shared keys ----------------------------------------------------------------------------------------------------------

psk() {
	echo 'lamp:00112233445566778899aabbccddeeff' >psk
	mosquitto 'psk_hint broker' "psk_file $dir/psk" 'use_identity_as_username true' "$@"
	url=mqtts://127.0.0.1:$port
	says 0 'connected .*TLSv1.3' --url "$url" --psk-identity lamp --psk 00112233445566778899aabbccddeeff -v
	says 0 'connected .*TLSv1.2 .*PSK' --url "$url" --psk-identity lamp --psk 00112233445566778899aabbccddeeff -v --tls-max 1.2
	expect 'the broker knows who it was' has broker "u'lamp'"
	says 4 'tls: 127.0.0.1 does not accept the identity "lamp" and its pre-shared key: ' --url "$url" --psk-identity lamp --psk 0011
	says 4 'tls: 127.0.0.1 does not accept the identity "lump" and its pre-shared key: ' --url "$url" --psk-identity lump \
		--psk 00112233445566778899aabbccddeeff
	is 'CONNECTs that were let in' 2 "$(grep -c 'New client connected' broker)"
}
it 'Mosquitto with a pre-shared key' psk

psk_at_server() {
	server -nocert -psk 001122 -psk_identity lamp "$@"
	says 6 'no connection: connack: the broker did not answer CONNECT in time' --url "mqtts://127.0.0.1:$port" --psk-identity lamp --psk 001122 --timeout 2
	expect 'TLS was agreed' has server '^CIPHER is'
	says 4 'does not accept the identity "lamp" and its pre-shared key' --url "mqtts://127.0.0.1:$port" --psk-identity lamp --psk 001123
}
it 's_server with a pre-shared key, TLS 1.3' psk_at_server -tls1_3
it 's_server with a pre-shared key, TLS 1.2' psk_at_server -tls1_2

certificate_instead() {
	tls
	says 4 "tls: localhost $2" --url "$url" "$ca" --psk-identity lamp --psk 0011 --tls-max "$1"
	lacks broker 'New client connected' || fail 'it was let in all the same'
}
it 'a broker with a certificate where a pre-shared key is wanted' certificate_instead 1.3 \
	'presents a certificate, and only the pre-shared key of "lamp" is accepted'
it 'the same over TLS 1.2' certificate_instead 1.2 'does not accept the identity "lamp" and its pre-shared key'

# ---- Revocation ------------------------------------------------------------------------------------------------------------------

revoked() {
	tls
	says 0 'connected' --url "$url" "$ca" --crlfile "$keys/none.crl" -v
	says 4 'tls: the certificate of localhost .* has been revoked by CN=home on 20' --url "$url" "$ca" --crlfile "$keys/good.crl"
}
it 'a certificate that is in the revocation list' revoked

# stapled STATUS-LINE: an OCSP response about the server's certificate in $dir/response.
stapled() {
	printf '%s\t%s\t%s\t%s\tunknown\t/CN=good\n' "$1" "$(date -u -d '+1 day' +%y%m%d%H%M%SZ)" "$2" \
		"$(openssl x509 -in "$keys/good.pem" -noout -serial | sed 's/.*=//')" >index
	openssl ocsp -issuer "$keys/home.pem" -cert "$keys/good.pem" -reqout request -no_nonce &&
		openssl ocsp -index index -rsigner "$keys/home.pem" -rkey "$keys/home.key" -CA "$keys/home.pem" -reqin request \
			-respout response -ndays 1 -no_nonce
}

staple() {
	stapled V '' >openssl 2>&1 || fail 'no response was made'
	server -status_file response
	says 6 'no connection: connack: the broker did not answer CONNECT in time' --url "mqtts://localhost:$port" "$ca" --ocsp require --timeout 2
	expect 'TLS was agreed' has server '^CIPHER is'
}
it 'a good OCSP response that s_server staples' staple

staple_revoked() {
	stapled R "$(date -u -d '-1 hour' +%y%m%d%H%M%SZ)" >openssl 2>&1 || fail 'no response was made'
	server -status_file response
	says 4 'tls: the OCSP response of localhost says that its certificate has been revoked' --url "mqtts://localhost:$port" "$ca" --ocsp check
}
it 'one that says revoked' staple_revoked

unstapled() {
	tls
	says 4 'tls: the server localhost sends no OCSP response, and one is required' --url "$url" "$ca" --ocsp require
	says 0 'connected' --url "$url" "$ca" --ocsp check -v
}
it 'Mosquitto staples nothing: fatal where it is required, and only there' unstapled

# ---- Stores ------------------------------------------------------------------------------------------------------------------------

mutual() {
	tls "cafile $keys/home.pem" 'require_certificate true' 'use_identity_as_username true'
}

file_store() {
	mutual
	says 0 'connected' --url "$url" "$ca" --cert-uri "file:$keys/device.pem" --key-uri "file:$keys/device.key" -v
	expect 'the broker knows who it was' has broker "u'device'"
	cat "$keys/device.pem" "$keys/device.key" >both
	says 0 'connected' --url "$url" "$ca" --cert-uri "file:$dir/both" -v
	says 0 'connected' --url "$url" "$ca" --cert "$keys/device.pem" --key-uri "file:$keys/device.key" -v
	says 2 'cert.uri: file:/nowhere: No such file or directory' --url "$url" "$ca" --cert-uri file:/nowhere
	says 2 'key.uri: .*there is no private key' --url "$url" "$ca" --cert-uri "file:$keys/device.pem" --key-uri "file:$keys/device.pem"
	says 2 'cert.uri: .*there is no certificate' --url "$url" "$ca" --cert-uri "file:$keys/device.key"
	says 2 'cert.uri: nothing:1: ' --url "$url" "$ca" --cert-uri nothing:1
}
it 'certificate and key by file: URIs' file_store

locked_store() {
	mutual
	openssl pkcs8 -topk8 -in "$keys/device.key" -out locked.key -passout pass:secret 2>openssl
	echo secret >passphrase
	echo wrong >other
	says 0 'connected' --url "$url" "$ca" --cert-uri "file:$keys/device.pem" --key-uri "file:$dir/locked.key" --passphrase-file passphrase -v
	says 2 'key.uri: ' --url "$url" "$ca" --cert-uri "file:$keys/device.pem" --key-uri "file:$dir/locked.key" --passphrase-file other
	says 2 'it is encrypted, and no --passphrase-file is set' --url "$url" "$ca" --cert-uri "file:$keys/device.pem" --key-uri "file:$dir/locked.key" <&"$never"
}
it 'a key with a passphrase: from a file, and never asked at the terminal' locked_store

# chip PORT: a TPM in software at two ports, with a key for signing that never leaves it.
chip() {
	mkdir tpm
	start swtpm socket --tpm2 --tpmstate dir=tpm --server type=tcp,port="$1",bindaddr=127.0.0.1 \
		--ctrl type=tcp,port=$(($1 + 1)),bindaddr=127.0.0.1 --flags not-need-init,startup-clear
	export TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port=$1 TPM2OPENSSL_TCTI=swtpm:host=127.0.0.1,port=$1
	until_true $deadline tpm2_getcap properties-fixed >tpm2 2>&1 || skip "swtpm does not run here: $(tail -n 1 tpm2)"
	{
		tpm2_createprimary -C o -g sha256 -G ecc -c primary.ctx && tpm2_create -C primary.ctx -G ecc256 -u key.pub -r key.priv \
			-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|noda' &&
			tpm2_flushcontext -t && tpm2_load -C primary.ctx -u key.pub -r key.priv -c key.ctx && tpm2_flushcontext -t &&
			tpm2_evictcontrol -C o -c key.ctx 0x81000001 && tpm2_flushcontext -t
	} >tpm2 2>&1 || fail 'the key was not made in the TPM'
}

# What a user of tpm2-openssl writes into openssl.cnf: its provider signs, digests stay here.
provider() {
	cat >openssl.cnf <<-'CNF'
		openssl_conf = init
		[init]
		providers = providers
		alg_section = algorithms
		[providers]
		default = software
		tpm2 = chip
		[software]
		activate = 1
		[chip]
		activate = 1
		[algorithms]
		default_properties = ?provider=tpm2,tpm2.digest!=yes
	CNF
}

# The simulated chip has room for three keys at a time, where a kernel would swap them: the others are of a kind that it does not know.
broker_for_chip() {
	openssl req -x509 -newkey ed25519 -nodes -keyout home.key -out home.pem -days 2 -subj /CN=home \
		-addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign' &&
		openssl req -new -newkey ed25519 -nodes -keyout good.key -out good.csr -subj /CN=good &&
		openssl req -new -provider tpm2 -provider default -propquery '?provider=tpm2' -key handle:0x81000001 -subj /CN=chip -out chip.csr &&
		keys=$dir signed good && keys=$dir signed chip
}

tpm() {
	local need command
	for need in swtpm tpm2_createprimary; do
		command -v $need >/dev/null || skip "$need is not installed"
	done
	[ -f "$(openssl version -m | sed 's/.*"\(.*\)"/\1/')/tpm2.so" ] || skip 'tpm2-openssl is not installed'
	while free_port && command=$port && grep -qi "$(printf ':%04X 0*:0000 0A' $((port + 1)))" /proc/net/tcp; do :; done
	chip "$command"
	provider
	cp "$keys/ext" .
	broker_for_chip >openssl 2>&1 || fail 'no certificate was made for the key in the TPM'
	cp "$keys/device.pem" .
	keys=$dir ca=--cafile=$dir/home.pem
	mutual
	export OPENSSL_CONF=$dir/openssl.cnf
	says 0 'connected' --url "$url" "$ca" --cert chip.pem --key-uri handle:0x81000001 -v
	expect 'the broker knows who it was' has broker "u'chip'"
	says 2 'key.uri: handle:0x81000002: ' --url "$url" "$ca" --cert chip.pem --key-uri handle:0x81000002
	says 2 'it is not the key of the certificate in' --url "$url" "$ca" --cert device.pem --key-uri handle:0x81000001
}
it 'a key in a TPM, by tpm2-openssl and swtpm' tpm

if ! command -v openssl >/dev/null; then
	sentences=('TLS sessions') plays=("skip 'the openssl command is not installed' ")
elif ! (make_certificates) >"$work/openssl" 2>&1; then
	tail -n 5 "$work/openssl"
	sentences=('certificates are made') plays=('false ')
elif "$mqttwill" pub --url mqtts://localhost --topic a --message b --timeout 1 2>&1 | grep -q 'built without OpenSSL'; then
	sentences=('TLS sessions') plays=("skip 'this build has no TLS' ")
fi
finish
