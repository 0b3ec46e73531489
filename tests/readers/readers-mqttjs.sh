#!/bin/bash
# SPDX-License-Identifier: MIT
# MQTT.js, which shares no code with us, on the other side: it publishes and our client hears, our client publishes and it
# hears, each in 3.1, 3.1.1 and 5, at every QoS, with every property, over Mosquitto and over the stub broker. And it uses
# the stub broker alone, so that our broker is not only ever heard by our client.
# shellcheck disable=SC2016,SC2094,SC2154 # the libraries set variables
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=tests/readers/lib.sh
. "$(dirname "$0")/lib.sh"

have_modules "$work/npm"
modules_rc=$?

# ---- Parts -----------------------------------------------------------------------------------------------------------

# broker mosquitto|stub [LINE...]: sets port and url.
broker() {
	local kind=$1
	shift
	if [ "$kind" = mosquitto ]; then
		mosquitto "$@"
		return
	fi
	start "$stub_broker" --port 0 >broker 2>&1
	await broker '^listening on '
	port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' broker)
	url=mqtt://127.0.0.1:$port
}

# peer NAME VERSION [MEMBER]: an MQTT.js client, connected. What it says is in the file NAME; order it about with `order`.
peer() {
	case $modules_rc in
	1) skip "$reason" ;;
	2) cp "$work/npm" npm; fail "$reason" ;;
	esac
	[ -p "$1.orders" ] || mkfifo "$1.orders"
	start node "$readers/peer.js" "{\"url\":\"$url\",\"version\":\"$2\",\"clientId\":\"$1\"${3:+,$3}}" <>"$1.orders" >"$1" 2>&1
	await "$1" '^connected '
}

# order NAME VERB [JSON]: and waits until MQTT.js says that it is done.
order() {
	local before
	before=$(grep -cE "^ok $2( |\$)" "$1")
	echo "$2${3:+ $3}" >"$1.orders"
	await_count $((before + 1)) "$1" "^ok $2( |\$)"
}

# listener VERSION [OPTION...]: our client subscribes to lamp/#; what it hears is in the file listener.
listener() {
	local version=$1
	shift
	: >listener
	start "$mqttwill" sub --url "$url" --id listener --version "$version" --topic 'lamp/#' --json "$@" >listener 2>listening
	await listening subscribed
}

# said OPTION...: our client publishes one message.
said() {
	"$mqttwill" pub --url "$url" --id speaker "$@" 2>>speaking || fail "pub ended with $?: $(cat speaking)"
}

# heard_by_us, heard_by PEER: the messages that came, a line each, without the time; a second may have passed of 1000.
heard_by_us() {
	sed -e 's/^{"time":"[^"]*","unix_ms":[0-9]*,/{/' -e 's/"message_expiry":999/"message_expiry":1000/' listener
}

heard_by() {
	sed -n -e 's/"messageExpiryInterval":999/"messageExpiryInterval":1000/' -e 's/^message //p' "$1"
}

# Numbers 0 to N - 1, a line each, as the payloads of what is read.
counted_to() {
	[ "$(grep -o '"payload":"[0-9]*"' | grep -oE '[0-9]+')" = "$(seq 0 $(($1 - 1)))" ]
}

# ---- One speaks, the other hears -------------------------------------------------------------------------------------

# All that a PUBLISH may carry in MQTT 5, as MQTT.js is told and tells, as our command is told, and as it tells.
js_properties='"contentType":"text/plain; charset=utf-8","correlationData":{"hex":"00ff"},"messageExpiryInterval":1000,'
js_properties+='"payloadFormatIndicator":true,"responseTopic":"lamp/answer","userProperties":{"a":"1","ä b":["2","","2"]}'
our_options=(--content-type 'text/plain; charset=utf-8' --correlation-data hex:00ff --message-expiry 1000 --payload-format 1
	--response-topic lamp/answer --user-property a=1 --user-property 'ä b=2' --user-property 'ä b=' --user-property 'ä b=2')
our_json=',"payload_format":1,"message_expiry":1000,"content_type":"text/plain; charset=utf-8"'
our_json+=',"response_topic":"lamp/answer","correlation_data_hex":"00ff","user_properties":[{"name":"a","value":"1"}'
our_json+=',{"name":"ä b","value":"2"},{"name":"ä b","value":""},{"name":"ä b","value":"2"}]'

we_hear() {
	local version=$2 qos properties='' json=''
	[ "$version" != 5 ] || properties=",\"properties\":{$js_properties}" json=$our_json
	broker "$1"
	listener "$version"
	peer js "$version"
	for qos in 0 1 2; do
		order js pub "{\"topic\":\"lamp/é\",\"payload\":\"größer\",\"qos\":$qos$properties}"
		await_count $((qos + 1)) listener .
		is "at QoS $qos" "{\"topic\":\"lamp/é\",\"payload\":\"größer\",\"qos\":$qos,\"retain\":false,\"dup\":false$json}" \
			"$(heard_by_us | tail -n 1)"
	done
	order js pub '{"topic":"lamp/bytes","payload":{"hex":"00fffe"},"qos":1}'
	order js pub '{"topic":"lamp/nothing","payload":"","qos":1}'
	await_count 5 listener .
	is 'bytes' '{"topic":"lamp/bytes","payload_hex":"00fffe","qos":1,"retain":false,"dup":false}' "$(heard_by_us | sed -n 4p)"
	is 'no bytes' '{"topic":"lamp/nothing","payload":"","qos":1,"retain":false,"dup":false}' "$(heard_by_us | sed -n 5p)"
}

js_hears() {
	local version=$2 qos properties='' options=()
	[ "$version" != 5 ] || properties=",\"properties\":{$js_properties}" options=("${our_options[@]}")
	broker "$1"
	peer js "$version"
	order js sub '{"topic":"lamp/#","qos":2}'
	for qos in 0 1 2; do
		said --version "$version" --topic lamp/é --message größer --qos $qos "${options[@]}"
		await_count $((qos + 1)) js '^message '
		is "at QoS $qos" "{\"payload\":\"größer\"$properties,\"qos\":$qos,\"retain\":false,\"topic\":\"lamp/é\"}" \
			"$(heard_by js | tail -n 1)"
	done
	said --version "$version" --topic lamp/bytes --message hex:00fffe --qos 1
	said --version "$version" --topic lamp/nothing --message '' --qos 1
	await_count 5 js '^message '
	is 'bytes' '"payload":{"hex":"00fffe"}' "$(heard_by js | sed -n 4p | grep -o '"payload":{[^}]*}')"
	is 'no bytes' '"payload":""' "$(heard_by js | sed -n 5p | grep -o '"payload":"[^"]*"')"
}

bursts() {
	local version=$2 qos n=100
	broker "$1"
	listener "$version"
	peer js "$version"
	order js sub '{"topic":"back/#","qos":2}'
	for qos in 0 1 2; do
		order js burst "{\"topic\":\"lamp/$qos\",\"qos\":$qos,\"count\":$n}"
		await_count $((n * (qos + 1))) listener .
		expect "each once and in order at QoS $qos, MQTT.js to us" counted_to $n < <(grep "\"lamp/$qos\"" listener)
		seq 0 $((n - 1)) | said --version "$version" --topic back/$qos --qos $qos --stdin
		await_count $((n * (qos + 1))) js '^message '
		expect "each once and in order at QoS $qos, us to MQTT.js" counted_to $n < <(grep "\"back/$qos\"" js)
	done
}

retained() {
	broker "$1"
	said --version "$2" --topic lamp/a --message ours --qos 1 --retain
	peer js "$2"
	order js pub '{"topic":"lamp/b","payload":"theirs","qos":2,"retain":true}'
	order js sub '{"topic":"lamp/a","qos":2}'
	await js '^message .*"payload":"ours".*"qos":1,"retain":true'
	listener "$2" --count 2
	ended "$pid"
	expect 'what MQTT.js left' has listener '"topic":"lamp/b","payload":"theirs","qos":2,"retain":true'
	expect 'what we left' has listener '"topic":"lamp/a","payload":"ours","qos":1,"retain":true'
}

for where in mosquitto stub; do
	for v in 3.1 3.1.1 5; do
		it "$where, MQTT $v: what MQTT.js publishes we hear, at each QoS and with all its properties" we_hear $where $v
		it "$where, MQTT $v: what we publish MQTT.js hears, at each QoS and with all its properties" js_hears $where $v
		it "$where, MQTT $v: a hundred messages at each QoS arrive both ways, once each and in order" bursts $where $v
		it "$where, MQTT $v: retained messages are read by the other" retained $where $v
	done
done

# ---- Wills -----------------------------------------------------------------------------------------------------------

our_will() {
	local properties='' options=()
	[ "$2" != 5 ] || properties=",\"properties\":{$js_properties}" options=("${our_options[@]}")
	broker "$1"
	online device --version "$2" --qos 2 --offline 'vergangen ä' "${options[@]}"
	peer js "$2"
	order js sub '{"topic":"lamp/#","qos":2}'
	await js '^message .*"payload":"online".*"qos":2,"retain":true,"topic":"lamp/status"'
	kill -KILL "$device"
	await js 'vergangen'
	is 'the will' "{\"payload\":\"vergangen ä\"$properties,\"qos\":2,\"retain\":false,\"topic\":\"lamp/status\"}" \
		"$(heard_by js | tail -n 1)"
}

js_will() {
	local properties='' json=''
	[ "$2" != 5 ] || properties=",\"properties\":{$js_properties}" json=$our_json
	broker "$1"
	listener "$2"
	peer js "$2" "\"will\":{\"topic\":\"lamp/will\",\"payload\":\"vergangen ä\",\"qos\":2,\"retain\":true$properties}"
	order js destroy
	await listener vergangen
	is 'the will' "{\"topic\":\"lamp/will\",\"payload\":\"vergangen ä\",\"qos\":2,\"retain\":false,\"dup\":false$json}" \
		"$(heard_by_us | tail -n 1)"
}

for where in mosquitto stub; do
	for v in 3.1 3.1.1 5; do
		it "$where, MQTT $v: MQTT.js reads our birth, and our will after SIGKILL" our_will $where $v
		it "$where, MQTT $v: we read the will of MQTT.js after destroy()" js_will $where $v
	done
done

# ---- MQTT.js alone with the stub broker ------------------------------------------------------------------------------

# No message comes that the last one could have overtaken.
heard_nothing_more() {
	order speaker pub '{"topic":"lamp/end","payload":"end","qos":2}'
	await hearer '"topic":"lamp/end"'
	is 'messages in all' "$1" "$(heard_by hearer | grep -vc '"lamp/end"')"
}

stub_alone() {
	local granted qos up
	broker stub
	peer hearer "$1"
	peer speaker "$1"
	for granted in 0 1 2; do
		order hearer sub "{\"topic\":\"lamp/$granted\",\"qos\":$granted}"
		expect 'what was asked for is granted' has hearer "^ok sub \[$granted\]"
		for qos in 0 1 2; do
			order speaker pub "{\"topic\":\"lamp/$granted\",\"payload\":\"$qos\",\"qos\":$qos}"
			up=$((qos < granted ? qos : granted))
			await hearer "\"payload\":\"$qos\",(\"properties\":\{\},)?\"qos\":$up,\"retain\":false,\"topic\":\"lamp/$granted\""
		done
		order hearer unsub "\"lamp/$granted\""
		order speaker pub "{\"topic\":\"lamp/$granted\",\"payload\":\"unheard\",\"qos\":2}"
	done
	order hearer sub '{"topic":"lamp/end","qos":2}'
	heard_nothing_more 9
}

stub_will() {
	broker stub
	peer hearer "$1"
	order hearer sub '{"topic":"lamp/#","qos":2}'
	peer speaker "$1"
	peer good "$1" '"will":{"topic":"lamp/good","payload":"unheard","qos":1}'
	order good end
	peer bad "$1" '"will":{"topic":"lamp/bad","payload":"gone","qos":1,"retain":true}'
	order bad destroy
	await hearer '"payload":"gone".*"topic":"lamp/bad"'
	heard_nothing_more 1
	peer late "$1"
	order late sub '{"topic":"lamp/bad","qos":2}'
	await late '"payload":"gone".*"qos":1,"retain":true,"topic":"lamp/bad"'
}

stub_session() {
	local kept='"clean":false'
	[ "$1" != 5 ] || kept+=',"properties":{"sessionExpiryInterval":60}'
	broker stub
	peer hearer "$1" "$kept"
	order hearer sub '{"topic":"lamp/#","qos":2}'
	order hearer destroy
	await hearer '^closed'
	peer speaker "$1"
	order speaker pub '{"topic":"lamp/1","payload":"one","qos":1}'
	order speaker pub '{"topic":"lamp/2","payload":"two","qos":2}'
	order speaker pub '{"topic":"lamp/0","payload":"none","qos":0}'
	peer hearer "$1" "$kept"
	await hearer '"topic":"lamp/1"'
	await hearer '"topic":"lamp/2"'
	heard_nothing_more 2
	[ "$1" = 3.1 ] || expect 'the session is there' has hearer '^connected .*"sessionPresent":true'
}

stub_options() {
	broker stub
	peer hearer 5
	order hearer pub '{"topic":"lamp/kept","payload":"kept","qos":1,"retain":true}'
	order hearer sub '{"topic":"lamp/#","qos":1,"nl":true,"rap":true,"rh":2,"properties":{"subscriptionIdentifier":300}}'
	order hearer pub '{"topic":"lamp/own","payload":"own","qos":1}'
	peer speaker 5
	order speaker pub '{"topic":"lamp/new","payload":"new","qos":2,"retain":true}'
	await hearer '"payload":"new","properties":\{"subscriptionIdentifier":300\},"qos":1,"retain":true'
	heard_nothing_more 1
}

# Three each: the members take turns.
stub_shared() {
	local i
	broker stub
	peer one "$1"
	order one sub '{"topic":"$share/group/lamp/#","qos":2}'
	peer hearer "$1"
	order hearer sub '{"topic":"$share/group/lamp/#","qos":2}'
	peer speaker "$1"
	for i in 1 2 3 4 5 6; do
		order speaker pub "{\"topic\":\"lamp/n\",\"payload\":\"$i\",\"qos\":2}"
	done
	await_count 3 one '^message '
	await_count 3 hearer '^message '
	is 'together, each once' '123456' "$(grep -ho '"payload":"[0-9]"' one hearer | grep -o '[0-9]' | sort | tr -d '\n')"
}

# The first will is cancelled by a return, the second comes after its delay, with its properties and without the delay.
stub_delay() {
	local since kept='"clean":false,"properties":{"sessionExpiryInterval":60}' will='"topic":"lamp/will","qos":1'
	broker stub
	peer hearer 5
	order hearer sub '{"topic":"lamp/#","qos":2}'
	peer device 5 "$kept,\"will\":{$will,\"payload\":\"unheard\",\"properties\":{\"willDelayInterval\":60}}"
	order device destroy
	await device '^closed'
	peer back 5 "\"clientId\":\"device\",$kept,\"will\":{$will,\"payload\":\"gone\",\"properties\":{\"willDelayInterval\":1,$js_properties}}"
	expect 'the session is there' has back '^connected .*"sessionPresent":true'
	since=$(now)
	order back destroy
	await hearer '"payload":"gone"'
	in_time 'until the will' 1000 1000 $(($(now) - since))
	is 'the will' "{\"payload\":\"gone\",\"properties\":{$js_properties},\"qos\":1,\"retain\":false,\"topic\":\"lamp/will\"}" \
		"$(heard_by hearer)"
}

for v in 3.1 3.1.1 5; do
	it "MQTT.js alone on the stub broker, MQTT $v: a shared subscription" stub_shared $v
	it "MQTT.js alone on the stub broker, MQTT $v: each QoS at each granted QoS, and nothing after UNSUBSCRIBE" stub_alone $v
	it "MQTT.js alone on the stub broker, MQTT $v: the will after destroy(), retained, and none after end()" stub_will $v
	it "MQTT.js alone on the stub broker, MQTT $v: a session is kept while the client is away" stub_session $v
done
it 'MQTT.js alone on the stub broker: a will is cancelled by a return, another comes after its delay' stub_delay
it 'MQTT.js alone on the stub broker: No Local, Retain As Published, Retain Handling, a subscription identifier' stub_options
finish
