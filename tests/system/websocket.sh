#!/bin/bash
# SPDX-License-Identifier: MIT
# WebSocket against Mosquitto's own listener, behind nginx and haproxy, against a server of another library, and in the eyes of
# Wireshark's dissector; and the stub broker's WebSocket against MQTT.js.
# shellcheck disable=SC2015,SC2016,SC2094,SC2119,SC2154,SC2317 # the libraries set variables
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/readers/lib.sh
. "$top/tests/readers/lib.sh"

readers=$top/tests/readers modules=$top/tests/readers/node_modules
have_modules "$work/npm" 2>/dev/null
modules_rc=$?
keys=$work/keys
mkdir "$keys"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/key" -out "$keys/cert" -days 2 \
	-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 >"$work/openssl" 2>&1
cat "$keys/cert" "$keys/key" >"$keys/both" 2>/dev/null

# ---- Parts -----------------------------------------------------------------------------------------------------------

# web [LINE...]: Mosquitto with a listener for WebSocket; sets web and url, and port for others' clients over TCP.
web() {
	free_port
	local plain=$port
	mosquitto_conf 'protocol websockets' "listener $plain 127.0.0.1" "$@"
	web=$port port=$plain url=ws://127.0.0.1:$web
	mosquitto_start
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

# refused PATTERN OPTION...
refused() {
	says 3 "no connection: websocket: $1" "${@:2}"
}

# web_server LOCATIONS: nginx; sets front, a port with TLS, and open, one without.
web_server() {
	command -v nginx >/dev/null || skip 'nginx is not installed'
	mkdir -p temp
	free_port
	front=$port
	free_port
	open=$port
	cat >nginx.conf <<-END
		daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/nginx.log; worker_processes 1;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path $dir/temp/a; proxy_temp_path $dir/temp/b; fastcgi_temp_path $dir/temp/c;
			uwsgi_temp_path $dir/temp/d; scgi_temp_path $dir/temp/e;
			server {
				listen 127.0.0.1:$front ssl;
				listen 127.0.0.1:$open;
				server_name localhost;
				ssl_certificate $keys/cert; ssl_certificate_key $keys/key;
				proxy_http_version 1.1;
				proxy_set_header Upgrade \$http_upgrade;
				proxy_set_header Connection upgrade;
				$1
			}
		}
	END
	start nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log"
	until_true $deadline curl_less "$open" || fail "nginx did not start: $(tail -n 2 nginx.log)"
}

# Does anybody listen there?
curl_less() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# bridge [JSON]: the npm package ws as the server, and Mosquitto behind it; sets url. What it says is in the file bridge.
bridge() {
	case $modules_rc in
	1) skip "$reason" ;;
	2) cp "$work/npm" npm; fail "$reason" ;;
	esac
	[ -n "${port-}" ] || mosquitto
	start node "$readers/bridge.js" "{\"port\":$port${1:+,$1}}" >bridge 2>&1
	await bridge '^listening on '
	url=ws://127.0.0.1:$(sed -n 's/^listening on //p' bridge)/mqtt
}

# ---- Mosquitto's own ---------------------------------------------------------------------------------------------------

# witnessed OPTION...: birth, will and goodbye, seen by another client over TCP.
witnessed() {
	watcher lamp/status
	online device "$@"
	await heard online
	kill -KILL "$device"
	await heard offline
	online device "$@"
	kill -TERM "$device"
	ended "$device"
	is 'exit code' 0 "$code"
	await_count 2 heard offline
	is 'what stays' offline "$(late lamp/status)"
}

over_websocket() {
	web
	witnessed --version "$1"
	lacks broker 'Client lamp closed its connection' || lacks broker 'rotocol error' || fail 'a rule was broken'
}
it 'birth, will and goodbye over WebSocket in MQTT 5' over_websocket 5
it 'in 3.1.1' over_websocket 3.1.1
it 'in 3.1, where the same subprotocol is offered' over_websocket 3.1

# heard_whole FILE: what the subscriber `sub`, whose process this is, has heard is the file.
heard_whole() {
	ended "$2"
	is 'exit code of sub' 0 "$code"
	is 'what came' "$(od -An -v -tx1 "$1" | tr -d ' \n' | sha256sum)" \
		"$(sed 's/.*"payload_hex":"\([0-9a-f]*\)".*/\1/' got | tr -d '\n' | sha256sum)"
}

# subscribed: our client waits for one message on the topic big; sets sub.
subscribed() {
	: >got
	start "$mqttwill" sub --url "$url" --topic big --qos 2 --count 1 --json --timeout 20 >got 2>said_sub
	sub=$pid
	await said_sub 'subscribed'
}

large() {
	web
	head -c 1000000 /dev/urandom >payload
	says 0 connected --url "$url" --topic big --message @payload -v
	await broker "Received PUBLISH from .*'big', \.\.\. \(1000000 bytes\)"
	head -c 100000 /dev/urandom >payload # what is much larger never comes whole from this Mosquitto, to nobody
	subscribed
	mosquitto_pub -h 127.0.0.1 -p "$port" -t big -f payload -q 2
	heard_whole payload "$sub"
}
it 'a message of 1,000,000 bytes to Mosquitto, and one of 100,000 from it' large

lost_and_found() {
	web
	local broker_port=$port
	proxied "$web"
	port=$broker_port url=ws://${url#mqtt://}
	watcher lamp/status
	tell 'delay 20'
	online device
	tell cut
	await heard offline
	await_count 2 device ' online: '
	await_count 2 heard online
}
it 'a connection that is cut is made again' lost_and_found

falls_silent() {
	web
	proxied "$web"
	url=ws://${url#mqtt://}
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status keepalive_s=2 </dev/null >device
	await device '^ONLINE'
	local began
	tell hole
	began=$(now)
	await device '^DOWN .*ESILENT'
	in_time 'until the silence was noticed' 0 3000 $(($(now) - began))
}
it 'a broker that falls silent behind the WebSocket is noticed in time' falls_silent

probed() {
	web
	start "$mqttwill" probe --url "$url" --profile mosquitto-2.0.11 --only W3-01,W3-17w,W3-10,WD-05 >probe 2>&1
	ended "$pid"
	is 'exit code' 0 "$code"
	expect 'the end without DISCONNECT is probed' has probe '^PASS +W3-17w'
}
it 'the probe asks what Mosquitto does when a WebSocket is closed without DISCONNECT' probed

# ---- Who speaks something else ---------------------------------------------------------------------------------------------

plain_behind_websocket() {
	mosquitto
	refused '.*; does it speak WebSocket there\?' --url "ws://127.0.0.1:$port"
}
it 'a broker without WebSocket behind a ws URL is told' plain_behind_websocket

websocket_behind_plain() {
	web
	says 5 'no connection: (protocol|connack): ' --url "mqtt://127.0.0.1:$web" --connect-timeout 2
}
it 'a WebSocket behind an mqtt URL ends without CONNACK' websocket_behind_plain

mute() {
	web
	stop "$broker"
	local began
	began=$(now)
	says 6 'no connection: websocket: 127.0.0.1 did not answer the handshake in time' --url "$url" --websocket-timeout 1
	in_time 'of the handshake' 500 1500 $(($(now) - began))
}
it 'a server that never answers the handshake: its own deadline ends the attempt' mute

bad_header() {
	free_port
	says 2 'header\[1\]: the handshake says it itself' --url "ws://127.0.0.1:$port" -H 'X-Good: yes' -H 'Upgrade: h2c'
}
it 'a header that the handshake owns is refused before a socket is opened' bad_header

# ---- nginx -------------------------------------------------------------------------------------------------------------------

through_nginx() {
	web
	local broker_port=$port
	web_server "location /mqtt { proxy_pass http://127.0.0.1:$web; }"
	port=$broker_port url=wss://localhost:$front
	witnessed --cafile "$keys/cert"
}
it 'birth, will and goodbye over wss: TLS ends at nginx, the WebSocket at Mosquitto' through_nginx

refused_by_nginx() {
	web_server "location = /moved { return 301 https://other.example/mqtt; }
		location = /locked { auth_basic lamps; auth_basic_user_file $dir/users; proxy_pass http://127.0.0.1:1; }
		location = /denied { deny all; }
		location = /away { proxy_pass http://127.0.0.1:1; }
		location = /page { return 200 hello; }
		location = /busy { return 503; }"
	echo 'me:{PLAIN}word' >users
	refused "localhost answers 404 Not Found \(/mqtt\): it has nothing at that path; " --url "ws://localhost:$open"
	refused 'localhost answers 301 Moved Permanently \(https://other.example/mqtt\): redirects are not followed' \
		--url "ws://localhost:$open/moved"
	refused 'localhost answers 401 Unauthorized \(Basic realm="lamps"\): it wants credentials of HTTP' --url "ws://me:word@localhost:$open/locked"
	refused 'localhost answers 502 Bad Gateway: a gateway that does not reach the broker' --url "ws://localhost:$open/locked" \
		-H 'Authorization: Basic bWU6d29yZA=='
	refused 'localhost answers 403 Forbidden \(/denied\): ' --url "ws://localhost:$open/denied?token=secret"
	refused 'localhost answers 502 Bad Gateway: ' --url "wss://localhost:$front/away" --cafile "$keys/cert"
	refused 'localhost answers 200 OK \(/page\): a web server that speaks no WebSocket' --url "ws://localhost:$open/page"
	refused 'localhost answers 503 Service Temporarily Unavailable: ' --url "ws://localhost:$open/busy"
	refused 'localhost answers 400 Bad Request: ' --url "ws://localhost:$front/mqtt"
	says 4 'no connection: tls: ' --url "wss://localhost:$open/mqtt" --cafile "$keys/cert"
}
it 'each way in which a web server refuses has its own sentence' refused_by_nginx

unlocked() {
	web
	local broker_port=$port
	web_server "location /mqtt { auth_basic lamps; auth_basic_user_file $dir/users; proxy_pass http://127.0.0.1:$web; }"
	echo 'me:{PLAIN}word' >users
	port=$broker_port
	says 0 connected --url "wss://other:person@localhost:$front/mqtt" --cafile "$keys/cert" -H 'Authorization: Basic bWU6d29yZA==' -v
	expect "the URL's user is MQTT's" has broker "u'other'"
}
it "credentials of HTTP go into a header, those of the URL to the broker" unlocked

gateway_away() {
	web
	local broker_port=$port
	web_server "location /mqtt { proxy_pass http://127.0.0.1:$web; proxy_read_timeout 1s; }"
	port=$broker_port url=ws://localhost:$open
	watcher lamp/status
	online device
	await heard offline # nginx hangs up on who is quiet, without Close
	await_count 2 heard online
}
it 'a gateway that hangs up on a quiet connection: the will, and the device comes back' gateway_away

# ---- haproxy -------------------------------------------------------------------------------------------------------------------

through_haproxy() {
	command -v haproxy >/dev/null || skip 'haproxy is not installed'
	web
	local broker_port=$port
	free_port
	front=$port
	cat >haproxy.cfg <<-END
		defaults
		    mode http
		    timeout connect 5s
		    timeout client 30s
		    timeout server 30s
		    timeout tunnel 60s
		frontend wss
		    bind 127.0.0.1:$front ssl crt $keys/both alpn h2,http/1.1
		    http-request deny deny_status 429 if { path /many }
		    default_backend mosquitto
		backend mosquitto
		    server one 127.0.0.1:$web
	END
	start haproxy -db -f haproxy.cfg >haproxy 2>&1
	until_true $deadline curl_less "$front" || fail "haproxy did not start: $(tail -n 2 haproxy)"
	port=$broker_port url=wss://127.0.0.1:$front
	witnessed --cafile "$keys/cert"
	refused '127.0.0.1 answers 429 Too Many Requests: ' --url "$url/many" --cafile "$keys/cert"
	kill -KILL "$broker"
	refused '127.0.0.1 answers 503 Service Unavailable: ' --url "$url" --cafile "$keys/cert"
}
it 'birth, will and goodbye over wss through haproxy, and what it says when the broker is away' through_haproxy

# ---- Others' libraries -----------------------------------------------------------------------------------------------------------

strict_server() {
	bridge
	witnessed
	expect 'every frame was binary' has bridge '^binary'
	lacks bridge '^(text|error)' || fail "$(cat bridge)"
	await bridge '^closed 1000'
}
it 'the server of the npm package ws finds no fault in our handshake, our frames and our Close' strict_server

in_pieces() {
	bridge "\"fragment\":$1,\"ping\":50"
	head -c "$2" /dev/urandom >payload
	subscribed
	mosquitto_pub -h 127.0.0.1 -p "$port" -t big -f payload -q 2
	heard_whole payload "$sub"
}
it 'packets in fragments of 7 bytes, with pings between them' in_pieces 7 50000
it 'packets in fragments of 1000 bytes, with pings between them' in_pieces 1000 1000000
it 'and a message of 1,000,000 bytes in large frames' in_pieces 1000000 1000000

pinged() {
	bridge '"ping":50'
	online device
	await_count 5 bridge '^pong'
}
it 'pings of the server are answered while nothing else is said' pinged

told_to_go() {
	bridge "\"close\":$1,\"reason\":\"$2\",\"after\":300"
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status </dev/null >device
	await device "^DOWN .*ELOST .*websocket: the broker closed the connection with code $1 \(.*\): $2"
	await bridge "^closed $1"
}
it "a Close frame's code and words are in the sentence of the loss" told_to_go 1001 'down for a new version'
it 'so they are with 1013' told_to_go 1013 'come back later'

wrong_words() {
	bridge "\"$1\":\"$2\""
	start "$api_dir/device" url="$url" id=lamp topic=lamp/status </dev/null >device
	await device "^RETRY .*$3"
}
it 'a server that selects another subprotocol is no broker' wrong_words protocol mqttv3.1 'EWEBSOCKET.*selects another subprotocol'
it 'a text frame ends the connection' wrong_words text hello 'EPROTOCOL.*a text frame; MQTT travels in binary ones'

js_at_the_stub() {
	case $modules_rc in
	1) skip "$reason" ;;
	2) cp "$work/npm" npm; fail "$reason" ;;
	esac
	start "$stub_broker" --port 0 --websocket 0 --verbose >broker 2>&1
	await broker '^listening for WebSocket on '
	url=ws://$(sed -n 's/^listening for WebSocket on //p' broker)/mqtt
	mkfifo js.orders
	start node "$readers/peer.js" "{\"url\":\"$url\",\"version\":\"$1\",\"clientId\":\"js\"}" <>js.orders >js 2>&1
	await js '^connected '
	echo 'sub {"topic":"lamp/#","qos":2}' >js.orders
	await js '^ok sub'
	run device
	await js 'lamp/status.*'
	await js '"payload":"online"'
	kill -KILL "$device"
	await js '"payload":"offline"'
	head -c 60000 /dev/zero | tr '\0' x >long
	start "$mqttwill" pub --url "$url" --topic lamp/long --message @long --qos 2 2>pub
	ended "$pid"
	is 'exit code' 0 "$code"
	await js '"topic":"lamp/long"'
	echo end >js.orders
	await js '^closed'
}
it 'MQTT.js, our client and the stub broker meet over WebSocket' js_at_the_stub 5
it 'and in 3.1.1' js_at_the_stub 3.1.1

# ---- The stub's bug ------------------------------------------------------------------------------------------------------------

bug_15() {
	start "$stub_broker" --port 0 --websocket 0 ${1:+--bug "$1"} >broker 2>&1
	await broker '^listening for WebSocket on '
	url=ws://$(sed -n 's/^listening for WebSocket on //p' broker)
	start "$mqttwill" probe --url "$url" --only W3-17w >probe 2>&1
	ended "$pid"
	is 'exit code' "$2" "$code"
	expect 'the verdict' has probe "^$3 +W3-17w"
}
it 'the probe over WebSocket passes the stub broker' bug_15 '' 0 PASS
it 'and finds a broker that takes the end of a WebSocket for a goodbye (B15)' bug_15 B15 7 FAIL

# ---- Wireshark's view -----------------------------------------------------------------------------------------------------------

dissected() {
	command -v tshark >/dev/null || skip 'tshark is not installed'
	web
	export WIRESHARK_CONFIG_DIR=$dir
	start tshark -q -i lo -f "tcp port $web" -w "$dir/pcap" 2>capture
	local tshark=$pid
	until_true $deadline has capture 'Capture started|Capturing on' && until_true $deadline test -s pcap ||
		skip "nothing can be captured here: $(tail -n 1 capture)"
	says 0 connected --url "$url" -v --topic lamp/lux --message 412
	until_true $deadline captured || fail 'not everything was captured'
	kill -INT "$tshark"
	ended "$tshark"
	tshark -r pcap -d "tcp.port==$web,http" -Y "websocket && tcp.dstport == $web" -T fields -e websocket.mask -e websocket.opcode \
		-e data.data >frames 2>>capture
	is 'our frames: masked, three of them binary, then Close' '1 2,1 2,1 2,1 8,' "$(cut -f 1,2 frames | tr '\t\n' ' ,')"
	is 'what was malformed' '' "$(tshark -r pcap -d "tcp.port==$web,http" -Y '_ws.malformed' 2>>capture)"
	cut -f 3 frames | sed '/./!d; s/../ &/g; s/^/000000/' >packets
	text2pcap -q -T 50000,1883 packets mqtt.pcap >>capture 2>&1 # as if they had come without WebSocket
	tshark -r mqtt.pcap -T fields -e mqtt.msgtype -e mqtt.topic -e mqtt.msg >read 2>>capture
	is 'what they hold' '1  ,3 lamp/lux 343132,14  ,' "$(tr '\t\n' ' ,' <read)"
}
captured() {
	tshark -r pcap -d "tcp.port==$web,http" -Y "websocket.opcode == 8 && tcp.dstport == $web" 2>/dev/null | grep -q .
}
it "Wireshark's dissectors read our frames, and MQTT in them" dissected

if ! "$mqttwill" pub --url ws://localhost --topic a --message b --timeout 1 2>&1 | grep -q 'without libwslay'; then
	:
else
	sentences=('WebSocket') plays=("skip 'this build has no WebSocket' ")
fi
finish
