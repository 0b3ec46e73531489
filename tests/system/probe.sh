#!/bin/bash
# SPDX-License-Identifier: MIT
# mqttwill probe in real time: against the stub, which keeps every promise; against the stub with a bug; and against Mosquitto,
# whose verdicts are recorded in src/probe/profile.c. Its reports are read by programs that are not ours.
# shellcheck disable=SC2015,SC2317,SC2119,SC2094
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# stub OPTION...: sets url.
stub() {
	[ -x "$stub_broker" ] || fail "$stub_broker is not built"
	start "$stub_broker" --port 0 "$@" >stub
	await stub '^listening on '
	url=mqtt://$(sed -n 's/^listening on //p' stub)
}

# probe CODE OPTION...: its report in $dir/report.
probe() {
	local wanted=$1
	shift
	start "$mqttwill" probe --url "$url" "$@" >report 2>errors
	until_true 150000 gone "$pid" || fail 'the probe did not end'
	ended "$pid"
	is 'exit code' "$wanted" "$code"
	expect 'no progress where there is no terminal' test "$wanted" != 0 -o ! -s errors
}

# ids VERDICT: those of a JSON report that have it, in order.
ids() {
	command -v node >/dev/null || skip 'node is not installed'
	node -e '
		const report = JSON.parse(require("fs").readFileSync("report", "utf8"));
		const list = report.scenarios.filter(s => s.verdict === process.argv[1]).map(s => s.id);
		if (list.length !== report.counts[process.argv[1]]) throw new Error("the count is wrong");
		console.log(list.join(" "));' "$1" || fail 'the report is not what it says'
}

# ---- The stub --------------------------------------------------------------------------------------------------------

clean() {
	stub
	local began
	began=$(now)
	probe 0 --json
	within 'ms that all scenarios took' 0 30000 $(($(now) - began))
	is 'failures' '' "$(ids FAIL)"
	is 'without a verdict' '' "$(ids INCONCLUSIVE)"
	is 'in all' "$("$mqttwill" probe --list | wc -l)" "$(grep -c '^{"id"' report)"
}
it 'a broker that keeps every promise passes in less than 30 s' clean

buggy() {
	stub --bug "$1" --bug "$2"
	probe 7 --json --only "$3"
	is 'failures' "$4" "$(ids FAIL)"
	is 'the rest' "$5" "$(ids PASS)"
}
it 'two bugs fail the scenarios that name them, and no others' buggy B5 B16 W3-11,W3-12,W3-13,W3-02,WC-05,WC-06,WC-07,W5-02 \
	'W3-11a W3-11b W3-12 W3-13 WC-05 WC-07' 'W3-02 W3-02m W5-02 WC-06'
it 'a bug of delays fails in real time, too' buggy B4 B8 WT-08,WD-04,WD-03,WT-06 'WD-04a WD-04b WT-08' 'WD-03a WD-03b WT-06'

old_broker() {
	stub --levels 3.1.1 --refuse-level "$1"
	probe 0 --json --only W3-01,W3-01m,W3-08,W5-01
	is 'what could be asked' 'W3-01 W3-08' "$(ids PASS)"
	is 'what could not' 'W3-01m W3-08m W5-01' "$(ids UNSUPPORTED)"
}
it 'a broker of 3.1.1 alone is asked what 3.1.1 can' old_broker in-kind
it 'so is one that closes over other versions' old_broker close

one_by_one() {
	stub
	probe 0 --json --parallel 1 --only W3-02,W5-01,W5-09,WD-01,B27
	is 'passed' 'W3-02 W3-02m W5-01 W5-09a W5-09b WD-01 B27' "$(ids PASS)"
}
it 'one scenario at a time' one_by_one

# What somebody else finds.
left_behind() {
	command -v mosquitto_sub >/dev/null || skip 'mosquitto-clients are not installed'
	mosquitto_sub -p "${url##*:}" -t 'mqttwill-probe/#' -W 1 2>/dev/null
}

few_files() {
	stub
	ulimit -n 48
	probe 0 --json --only W3-01,W3-02,W3-11,W3-12,W3-13,W5-01,W5-02,W5-05,W5-08,W5-09,W5-10,W5-11,W5-13,WC-05,WC-06,WC-07,WC-08,WC-10,WD-01,WD-02,WD-03,WT-01,WT-02,WT-05,WT-06
	is 'without a verdict' '' "$(ids INCONCLUSIVE)"
}
it 'with few open files it plays fewer scenarios at the same time' few_files

traceless() {
	stub
	probe 0 --only WC-05,WC-07,WD-10,WT-07
	is 'retained messages that are left' '' "$(left_behind)"
}
it 'nothing retained is left behind' traceless

interrupt() {
	stub
	start "$mqttwill" probe --url "$url" --only WC-05,WD-10 >report 2>errors
	rest 1500
	kill -INT "$pid"
	ended "$pid"
	is 'exit code' 6 "$code"
	has report '^INCONCLUSIVE WD-10' || fail 'no report'
	is 'retained messages that are left' '' "$(left_behind)"
}
it 'interrupted, it tells what it has seen and cleans up' interrupt

# ---- Reports ---------------------------------------------------------------------------------------------------------

junit() {
	stub --bug B5
	probe 7 --junit --only W3-13,W5-02,WA-04,WA-05
	command -v xmllint >/dev/null || skip 'xmllint is not installed'
	expect 'well-formed' xmllint --noout report
	is 'failures' 1 "$(xmllint --xpath 'count(//testcase/failure)' report)"
	is 'as announced' 1 "$(xmllint --xpath 'string(/testsuite/@failures)' report)"
	is 'skipped' 1 "$(xmllint --xpath 'count(//testcase/skipped)' report)"
	is 'cases' 4 "$(xmllint --xpath 'count(//testcase)' report)"
}
it 'JUnit: well-formed XML, and its counts are true' junit

tap() {
	stub --bug B5
	probe 7 --tap --only W3-13,W5-02,WA-04,WA-05
	is 'the plan' 1..4 "$(sed -n 2p report)"
	is 'lines' 4 "$(grep -cE '^(not )?ok [1-4] - ' report)"
	expect 'the failure' has report '^not ok [1-4] - W3-13 '
	expect 'the skip' has report '^ok [1-4] - WA-04 .* # SKIP '
}
it 'TAP: the plan matches' tap

# ---- Mosquitto -------------------------------------------------------------------------------------------------------

version() {
	"$mosquitto" -h | sed -n 's/^mosquitto version //p'
}

# The page, as a browser shows it: narrow and wide, in light and in dark.
browser=${BROWSER:-$(command -v chromium-headless-shell || command -v chromium || command -v google-chrome || echo no)}
page_script=$(dirname "$(realpath "$0")")/page.js

page() {
	mosquitto 'log_type none'
	"$mqttwill" probe --url "$url" --html "$dir/page.html" >report 2>errors \
		--only W3-13,W5-02,WD-05,WD-10,WC-05,WC-06,WC-15,WA-03,WA-05,WA-10,WR-02,WT-05,WT-11,B24
	is 'articles' "$(grep -cE '^[A-Z]+ +(W|B)' report)" "$(grep -c '<article' page.html)"
	expect 'nothing but itself' lacks page.html '(href|src|url|@import)[=( ]'
	command -v xmllint >/dev/null && expect 'well-formed' xmllint --html --noout page.html 2>/dev/null
	[ -x "$browser" ] || skip 'no browser is installed'
	command -v node >/dev/null || skip 'node is not installed'
	is 'what the browser shows' ok "$(node "$page_script" "$browser" "$dir/page.html")"
}
it 'the page: no overflow on a phone, a picture for each scenario, enough contrast in light and dark' page

# as_recorded OPTION...: what is recorded of it is what it does.
as_recorded() {
	[ "$(version)" = 2.0.11 ] || skip "the records are of 2.0.11, and this is $(version)"
	start "$mqttwill" probe --url "$url" --profile mosquitto-2.0.11 --json "$@" >report 2>errors
	until_true 150000 gone "$pid" || fail 'the probe did not end'
	ended "$pid"
	is 'what is not as recorded' '' "$(node -e '
		for (const s of JSON.parse(require("fs").readFileSync("report", "utf8")).scenarios)
			if (s.news) console.log(s.id, s.verdict, "recorded as", s.recorded, "-", s.text);')"
	is 'exit code' 0 "$code"
}

recorded() {
	mosquitto 'log_type none'
	local began
	began=$(now)
	as_recorded
	within 'ms that all scenarios took' 0 36000 $(($(now) - began))
	case " $(ids FAIL) " in *' WD-04a WD-04b '*' WT-08 '*) ;; *) fail 'B4 and B8 are known of it' ;; esac
}
it 'Mosquitto 2.0.11 does what is recorded of it, in half a minute' recorded

restart_it() {
	mosquitto 'persistence true' "persistence_location $dir/"
	cat >again <<-END
		kill -TERM \$(cat '$dir/now') && while [ -d /proc/\$(cat '$dir/now') ]; do sleep 0.05; done
		'$mosquitto' -c '$dir/conf' 2>>'$dir/broker' </dev/null >/dev/null &
		echo \$! | tee '$dir/now' >>'$dir/pids'
	END
	echo "$broker" >now
	as_recorded --restart-command "sh '$dir/again'" --load 500 --only W5-18,B23
	is 'passed' 'W5-18a W5-18b B23' "$(ids PASS)"
}
it 'over a restart no will is lost, and none among 500 devices' restart_it

no_restart() {
	stub
	probe 0 --json --only B20,B23,W5-02 --restart-command false
	is 'a command that fails' 'W3-14 W5-18a W5-18b' "$(ids INCONCLUSIVE)"
	is 'without leave' B23 "$(ids UNSUPPORTED)"
	is 'the rest' W5-02 "$(ids PASS)"
}
it 'a restart that fails proves nothing, and without --load there is none' no_restart

guarded() {
	mosquitto_passwd -b -c passwords lamp secret 2>/dev/null
	printf 'user lamp\ntopic readwrite mqttwill-probe/#\ntopic read forbidden/#\n' >acl
	chmod 644 passwords acl
	mosquitto 'log_type none' 'allow_anonymous false' "password_file $dir/passwords" "acl_file $dir/acl"
	as_recorded --user lamp --password secret --denied-topic forbidden/will \
		--only W3-07,W3-15,W5-06,W5-15,WR-05,WT-09,WA-11,WA-12,W5-02
	is 'what could not be asked' '' "$(ids UNSUPPORTED)"
}
it 'so it does where it asks for a password and has an access control list' guarded

limited() {
	mosquitto 'log_type none' 'retain_available false' 'max_qos 1'
	as_recorded --only B18,W5-02,WC-05,WC-09
	is 'refused' 'W5-02 WC-09a WA-03 WA-04' "$(ids PASS)"
	is 'what could not be asked' 'WC-05 WC-09b' "$(ids UNSUPPORTED)"
}
it 'so it does where it retains nothing and takes QoS 1 at most' limited

over_tls() {
	command -v openssl >/dev/null || skip 'the openssl command is not installed'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out certificate -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>openssl || fail 'no certificate'
	chmod 644 key
	mosquitto 'log_type none' "certfile $dir/certificate" "keyfile $dir/key"
	url=mqtts://127.0.0.1:$port
	"$mqttwill" probe --url "$url" --only W5-02 2>&1 | grep -q 'built without OpenSSL' && skip 'this build has no TLS'
	as_recorded --cafile certificate --only W3-17,W5-01,W5-02,WD-06,WT-05
	is 'passed' 'W3-17 W5-01 W5-02 WD-06' "$(ids PASS)"
	probe 4 --only W5-02
	expect 'an untrusted one is told' has errors 'nothing can be probed: .*tls: the certificate of 127.0.0.1'
}
it 'over TLS, too, whose orderly end is no DISCONNECT' over_tls

over_unix() {
	mosquitto 'log_type none' "listener 0 $dir/socket"
	until_true $deadline test -S "$dir/socket" || skip 'this Mosquitto has no Unix sockets'
	start "$mqttwill" probe --unix socket --json --only W3-17,W3-02,WD-03 >report 2>errors
	ended "$pid"
	is 'exit code' 0 "$code"
	is 'passed' 'W3-02 W3-02m WD-03a WD-03b' "$(ids PASS)"
	is 'what could not be asked' 'W3-17 W3-17w' "$(ids UNSUPPORTED)"
	expect 'the server is named' has report "\"url\":\"unix://$dir/socket\""
}
it 'over a Unix socket' over_unix

plain_load() {
	stub
	start "$mqttwill" probe --url "mqtt://user:hidden@${url#mqtt://}" --only B23 --load --json >report 2>errors
	until_true 60000 gone "$pid" || fail 'the probe did not end'
	ended "$pid"
	is 'exit code' 0 "$code"
	is 'passed' B23 "$(ids PASS)"
	expect '3000 is what is meant' has report '3000'
	expect 'no password is told' lacks report 'hidden|user:'
}
it '--load needs no number, and the report no password' plain_load

# ---- Who cannot be probed --------------------------------------------------------------------------------------------

nobody() {
	free_port
	url=mqtt://127.0.0.1:$port
	probe 3
	expect 'it says why' has errors "nothing can be probed: .*(refused|$port)"
	stub --user somebody --password secret
	probe 5 --user somebody --password wrong
	expect 'it says why' has errors 'nothing can be probed: .*Bad User Name or Password'
}
it 'nobody there is exit 3, and wrong credentials 5, each with its sentence' nobody

mute() {
	mosquitto
	stop "$broker"
	probe 6
	expect 'it says why' has errors 'nothing can be probed: .*no answer'
}
it 'a broker that never answers is exit 6, in bounded time' mute

usage() {
	url=mqtt://127.0.0.1:1
	probe 1 --only nothing
	probe 1 --json --tap
	probe 1 --profile nobody-1.0
	expect 'it says where to look' has errors '\-\-profile list'
	expect 'profiles are listed' "$mqttwill" probe --profile list
}
it 'what cannot be meant is exit 1' usage

finish
