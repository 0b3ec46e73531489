# SPDX-License-Identifier: MIT
# Reads the lists of requirements first, then the sources: which definition (function, table, macro) cites which id, and
# which tests there are. A comment right above a definition belongs to it. At the end the lists are held to what was seen.

function complain(where, text)
{
	print where ": " text
	bad++
}

function place(id)
{
	return list_of[id] ":" line_of[id]
}

# ---- The lists -----------------------------------------------------------------------------------------------------------

# "range MQTT-1.5.4 1-3": the numbers that the specification gives out there.
function take_range(    n, ends)
{
	split($3, ends, "-")
	for (n = ends[1] + 0; n <= ends[2] + 0; n++)
		numbered[$2 "-" n] = FILENAME ":" FNR
}

function take_id()
{
	id = $1
	if (id in line_of)
		complain(FILENAME ":" FNR, id " stands twice")
	if ($2 !~ /^(client|server|sender|receiver|both)$/)
		complain(FILENAME ":" FNR, id " is on client, server, sender, receiver or both")
	ids[++id_count] = id
	who[id] = $2
	list_of[id] = FILENAME
	line_of[id] = FNR
}

function take_field(    key, value)
{
	key = value = $0
	sub(/^\t/, "", key)
	sub(/:.*/, "", key)
	sub(/^[^:]*: */, "", value)
	if (id == "")
		complain(FILENAME ":" FNR, "a field of no requirement")
	else if (key ~ /^(test|code)$/)
		fields[id, key, ++field_count[id, key]] = value
	else if (key ~ /^(n\/a|open|as)$/ && value != "")
		field_count[id, key]++ > 0 ? complain(FILENAME ":" FNR, id " says " key " twice") : fields[id, key] = value
	else
		complain(FILENAME ":" FNR, "a field is test, code, as, n/a or open")
}

FILENAME ~ /^tests\/requirements\// {
	if (/^#/ || /^$/)
		next
	else if (/^range /)
		take_range()
	else if (/^[A-Z]/)
		take_id()
	else if (/^\t[a-z\/]+:/)
		take_field()
	else if (/^\t[A-Z(]/ && id != "")
		what[id] = what[id] (what[id] == "" ? "" : " ") substr($0, 2)
	else if (/^\t  /)
		what[id] = what[id] " " substr($0, 4)
	else
		complain(FILENAME ":" FNR, "not a line of a list")
	next
}

# ---- The sources ---------------------------------------------------------------------------------------------------------

FNR == 1 {
	seen[FILENAME]
	definition = ""
	continued = 0
	pending = 0
}

FILENAME ~ /\.sh$/ && /^it / {
	sentence = $0
	sub(/^it ./, "", sentence)
	sub(/'.*/, "", sentence)
	script = FILENAME
	sub(/.*\//, "", script)
	tests[script ": " sentence] = FILENAME ":" FNR
}

function define(name)
{
	definition = FILENAME ":" name
	defined[definition] = FILENAME ":" FNR
	for (; pending > 0; pending--)
		cite(held[pending], held_line[pending])
}

function cite(cited, line)
{
	if (!((definition, cited) in cites))
		cites[definition, cited] = FILENAME ":" line
}

function found(cited)
{
	cited_in[FILENAME, cited] = FNR
	if (!(cited in used))
		used[cited] = FILENAME ":" FNR
	if (definition != "") {
		cite(cited, FNR)
		return
	}
	held[++pending] = cited
	held_line[pending] = FNR
}

# A word at the end of what stands before an opening mark.
function name_before(mark,    head)
{
	head = substr($0, 1, index($0, mark) - 1)
	sub(/[ \t]+$/, "", head)
	sub(/.*[ \t*]/, "", head)
	return head
}

/^$/ && definition == "" {
	pending = 0
}
/^START_TEST\(/ {
	name = $0
	sub(/^START_TEST\(/, "", name)
	sub(/\).*/, "", name)
	tests[name] = FILENAME ":" FNR
	test_file[FILENAME, name]
	define(name)
}
/^#define / {
	name = $2
	sub(/\(.*/, "", name)
	define(name)
	continued = /\\$/
}
definition == "" && /^[A-Za-z_]/ && !/^START_TEST/ {
	if (/\[.*\] *= *\{/ || /\[.*\] *=$/)
		define(name_before("["))
	else if (/= *\{/)
		define(name_before("="))
	else if (/\(/)
		define(name_before("("))
	else if (/^(struct|enum|union) [a-z_]+ \{/)
		define($2)
}
# "} table[] = {" gives a nameless struct's table its name
/^\} [a-z_]+(\[.*\])? *= *\{/ {
	name = $2
	sub(/\[.*/, "", name)
	define(name)
}
{
	rest = $0
	while (match(rest, /(MQTT|MQTT311)-[0-9]+(\.[0-9]+)+-[0-9]+|U-[0-9]+(\.[0-9]+)+-[a-z]/)) {
		found(substr(rest, RSTART, RLENGTH))
		rest = substr(rest, RSTART + RLENGTH)
	}
}
(/^\}/ && !/= *\{ *$/) || (/^[A-Za-z_].*;( *\/\*.*\*\/)?$/ && !/\{$/) || (/^[ \t].*\);$/ && prototype) {
	definition = ""
}
/^#define / || continued {
	continued = /\\$/
	if (!continued)
		definition = ""
}
{
	prototype = definition != "" && !continued && (/^[A-Za-z_].*,$/ || (prototype && /,$/))
}

# ---- Held against each other ---------------------------------------------------------------------------------------------

function known(cited,    old)
{
	old = cited
	sub(/^MQTT-/, "MQTT311-", old) # a rule that the library names to its user bears the name it has in that version
	return cited in line_of || old in line_of
}

function check_test(id, test,    part)
{
	if (test ~ / @ /) {
		split(test, part, / @ /)
		if (!(part[1] in tests))
			complain(place(id), id ": there is no test " part[1])
		if (!((part[2], id) in cited_in))
			complain(place(id), id ": " part[2] " has no row that cites it")
		return
	}
	if (!(test in tests))
		complain(place(id), id ": there is no test " test)
}

function check_code(id, code)
{
	if (!(code in defined))
		complain(place(id), id ": there is no " code)
	else if (!((code, id) in cites))
		complain(defined[code], "does not cite " id)
}

function check_id(id,    i, held_by)
{
	held_by = field_count[id, "test"] + field_count[id, "code"]
	if (what[id] == "")
		complain(place(id), id " does not say what is required")
	if ((held_by > 0) + field_count[id, "n/a"] + field_count[id, "open"] + field_count[id, "as"] != 1)
		complain(place(id), id " is tested, the same as another, not applicable or open")
	if (held_by && !(field_count[id, "test"] && field_count[id, "code"]))
		complain(place(id), id " names a test and the code that it tests")
	if (field_count[id, "as"] && !field_count[fields[id, "as"], "test"])
		complain(place(id), id ": " fields[id, "as"] " has no test")
	for (i = 1; i <= field_count[id, "test"]; i++)
		check_test(id, fields[id, "test", i])
	for (i = 1; i <= field_count[id, "code"]; i++)
		check_code(id, fields[id, "code", i])
	if (field_count[id, "n/a"])
		not_applicable++
	else if (field_count[id, "open"])
		complain(place(id), id " is open: " fields[id, "open"])
	else
		tested++
}

function where_test(test,    part)
{
	split(test, part, / @ /)
	return tests[part[1]] (part[2] != "" ? ", row at " part[2] ":" cited_in[part[2], id] : "")
}

function print_report(    n, i)
{
	for (n = 1; n <= id_count; n++) {
		id = ids[n]
		print id " (" who[id] ") " what[id]
		for (i = 1; i <= field_count[id, "code"]; i++)
			print "\tcode " cites[fields[id, "code", i], id] " " fields[id, "code", i]
		for (i = 1; i <= field_count[id, "test"]; i++)
			print "\ttest " where_test(fields[id, "test", i]) " " fields[id, "test", i]
		if (field_count[id, "as"])
			print "\tas " fields[id, "as"]
		if (field_count[id, "n/a"])
			print "\tnot applicable: " fields[id, "n/a"]
		if (field_count[id, "open"])
			print "\topen: " fields[id, "open"]
	}
}

END {
	for (n = 1; n <= id_count; n++) {
		check_id(ids[n])
		if (ids[n] ~ /^MQTT/ && !(ids[n] in numbered))
			complain(place(ids[n]), ids[n] " is in no range")
	}
	for (id in numbered)
		if (!(id in line_of))
			complain(numbered[id], id " is missing from the list")
	for (id in used)
		if (!known(id))
			complain(used[id], id " is no requirement's name")
	if (report != "")
		print_report()
	sentence = "each requirement is held by a test and a line that cites it, or cannot apply (" tested + 0 " tested, " \
		not_applicable + 0 " not applicable)"
	print (bad ? "not ok - " : "ok - ") sentence
	exit bad > 0
}
