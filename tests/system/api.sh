#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the programs of tests/api, which know nothing of the library but its header, each on a Mosquitto of its own. Their
# verdicts are passed on as they are.
# shellcheck disable=SC2015,SC2317,SC2119
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# program NAME [LINE...]
program() {
	local name=$1
	shift
	[ -x "$api_dir/$name" ] || fail "$api_dir/$name is not built"
	mosquitto 'max_queued_messages 0' "$@"
	start "$api_dir/$name" "$url" >verdicts 2>errors
	until_true 90000 gone "$pid" || fail "$name did not end within 90 s"
	ended "$pid"
	[ "$code" = 0 ] && [ ! -s errors ] || fail "$name ended with $code: $(grep -v '^ok' verdicts | head -n 3)"
}

at_once=${TESTS_AT_ONCE:-4}
it 'a thousand clients' program crowd 'log_type none'
it 'floods' program flood 'log_type none'
for name in waiting loops fork wake dial ends handlers messages wills sizes; do
	it "the program $name" program "$name"
done
finish
