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

finish
