#!/bin/bash
# SPDX-License-Identifier: MIT
# Several servers, in real time: Mosquittos that are there, gone, back, or of another mind, and what a device and a watcher
# make of it.
# shellcheck disable=SC2015,SC2317,SC2119
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# two [LINE...]: two Mosquittos, each in a directory of its own; sets first, second (URLs), and their processes.
two() {
	local home=$dir
	mkdir one two
	dir=$home/one
	mosquitto "$@"
	first=$url first_port=$port first_broker=$broker
	dir=$home/two
	mosquitto "$@"
	second=$url second_port=$port
	dir=$home
	cat one/pids two/pids >>pids 2>/dev/null
	cat one/ports two/ports >>ports 2>/dev/null
}

# OPTION...: a device with both, with orders.
with_both() {
	mkfifo orders
	start "$api_dir/device" "url=$first" "second=$second" id=lamp topic=lamp/status backoff_min_ms=200 stable_ms=1000 "$@" \
		<>orders >device
	await device '^ONLINE'
}

first_is_gone() {
	two
	kill -KILL "$first_broker"
	with_both
	expect 'why not the first' has device "^RETRY .*ECONNECT 0 .*Connection refused \\($first\\); next is $second, at once"
	expect 'the second is named' has device "^UP .*connected to $second at 127.0.0.1:$second_port"
}
it 'where the first server is gone the second is reached at once' first_is_gone

first_dies() {
	two
	with_both
	echo 'sub 1 lamp/set' >orders
	await device '^DONE [0-9]+ OK'
	rest 1100
	kill -KILL "$first_broker"
	await_count 2 device '^ONLINE'
	expect 'the story' has_in_order device "^DOWN .*\\($first\\); next is $first, in " "^RETRY .*next is $second, at once" "^UP .*$second"
	mosquitto_pub -h 127.0.0.1 -p "$second_port" -t lamp/set -m dim -q 1
	await device '^MESSAGE lamp/set dim'
	is 'the status there' online "$(mosquitto_sub -h 127.0.0.1 -p "$second_port" -t lamp/status -C 1 -W 2)"
}
it 'a device goes on with the second server, with its subscriptions, when the first dies' first_dies

stays() {
	two 'log_type all'
	with_both session_expiry_s=60
	rest 1100
	kill -KILL "$first_broker"
	await_count 2 device '^ONLINE'
	dir=$dir/one port=$first_port
	cd "$dir" || exit 1
	mosquitto_start
	cd .. && dir=$PWD
	echo "$broker" >>pids
	rest 1500
	is 'how often it came online' 2 "$(grep -c '^ONLINE' device)"
}
it 'a server that is back takes nobody away from where he is' stays

refused() {
	local home=$dir
	two
	echo 'bob:x' >one/users
	mosquitto_passwd -U one/users
	kill -KILL "$first_broker"
	until_true $deadline gone "$first_broker"
	sed -i 's/allow_anonymous true/allow_anonymous false/' one/conf
	echo "password_file $home/one/users" >>one/conf
	dir=$home/one port=$first_port
	mosquitto_start
	dir=$home
	echo "$broker" >>pids
	with_both
	expect 'the refusal' has device "^RETRY .*EAUTH 0 .*\\($first\\); next is $second, at once"
	expect 'it is not for good' lacks device permanent
}
it 'a server that refuses the device does not keep it from the other' refused

own_users() {
	local home=$dir
	mkdir one
	printf 'ann:one\n' >users
	mosquitto_passwd -U users
	mosquitto "password_file $home/users" 'allow_anonymous false'
	free_port
	start "$api_dir/device" "url=mqtt://bob:two@127.0.0.1:$port" "second=mqtt://ann:one@${url#mqtt://}" id=lamp topic=lamp/status \
		</dev/null >device
	await device '^ONLINE'
	expect 'the log knows her' has broker "as lamp .*u'ann'"
	expect 'no password is told' lacks device 'one|two|ann|bob'
}
it 'each server gets the user and the password of its own URL' own_users

by_the_command() {
	two
	kill -KILL "$first_broker"
	"$mqttwill" pub --url "$first" --url "$second" --topic a --message b --qos 1 >out 2>err </dev/null
	is 'exit code' 0 $?
}
it 'the command takes several servers' by_the_command
finish
