#!/bin/sh
# SPDX-License-Identifier: MIT
# One total over all runners: total.sh DIRECTORY... reads every test log below, in either of the two forms that the tests
# speak, libcheck's "100%: Checks: 12, Failures: 0, Errors: 0" and lines "ok - ", "not ok - ", "skip - name: reason".
# A .trs file beside a log is the harness's own verdict: it counts where the log is silent, or where it contradicts it.
set -eu
export LC_ALL=C

find "$@" -name '*.trs' -o -name '*.tap' | sort | while read -r file; do
	case $file in
	*.trs) result=$(sed -n 's/^:test-result: //p' "$file") log=${file%.trs}.log ;;
	*) result=PASS log=$file ;;
	esac
	printf '@ %s %s\n' "$result" "$log"
	[ ! -f "$log" ] || grep -aE '^[0-9]+%: Checks: |^(ok|not ok|skip) - ' "$log" || :
done | awk '
function close_log()
{
	if (log_name == "")
		return
	if (result !~ /^(PASS|SKIP)$/ && bad == 0) {
		failed++
		print "failed: " log_name " (" result ")"
	} else if (result == "SKIP" && good + bad + left_out == 0) {
		skipped++
		print "skipped: " log_name
	} else if (result == "PASS" && good + bad + left_out == 0) {
		passed++
	}
}
$1 == "@" {
	close_log()
	result = $2
	log_name = $3
	good = bad = left_out = 0
	next
}
/Checks: / {
	gsub(/,/, "")
	good += $3 - $5 - $7
	bad += $5 + $7
	passed += $3 - $5 - $7
	failed += $5 + $7
	if ($5 + $7 > 0)
		print "failed: " $5 + $7 " of " $3 " in " log_name
}
/^ok - /     { passed++; good++ }
/^not ok - / { failed++; bad++; print "failed: " substr($0, 10) }
/^skip - /   { skipped++; left_out++; print "skipped: " substr($0, 8) }
END {
	close_log()
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}'
