#!/bin/bash
# SPDX-License-Identifier: MIT
# Limits and aliases against Mosquitto, which allows ten aliases and keeps to no Receive Maximum once it has been given an
# acknowledgement.
. "$(dirname "$0")/lib.sh"

# backlog QOS: what waited at the broker while nobody listened comes whole and in order, however much it opens at once.
backlog() {
	local n=1500
	mosquitto 'max_queued_messages 0'
	start "$mqttwill" sub --url "$url" --id ear --topic mail/box --qos "$1" --session-expiry 60 2>sub >first
	await sub subscribed
	stop "$pid"
	kill -KILL "$pid"
	await broker 'Client ear closed its connection'
	seq "$n" | mosquitto_pub -h 127.0.0.1 -p "$port" -V mqttv5 -q 2 -t mail/box -l || fail 'mosquitto_pub failed'
	start "$mqttwill" sub --url "$url" --id ear --topic mail/box --qos "$1" --session-expiry 60 --rejoin always \
		--receive-maximum 5 --count "$n" 2>again >second
	ended "$pid"
	is 'exit code' 0 "$code"
	expect 'one connection was enough' lacks again 'lost|retry|0x93'
	awk '{ print $3 }' second >got
	seq "$n" >sent
	expect 'each came once and in order' cmp -s sent got
}
for q in 1 2; do
	it "QoS $q: a backlog of 1,500 messages comes whole, over one connection, where the broker passes our Receive Maximum" backlog $q
done

finish
