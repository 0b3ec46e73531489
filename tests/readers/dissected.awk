# SPDX-License-Identifier: MIT
# awk -f dissected.awk FILE.expected RS='>' FILE.pdml: holds what tshark read against what was meant, packet by packet. Of
# the fields in tshark's tree all count but lengths and the bytes that hold several others; a complaint of the dissector
# is a field too. A record of the second file is one tag, since a line may end inside an attribute.

function attribute(name, at) {
	at = index($0, " " name "=\"")
	if (!at)
		return ""
	at = substr($0, at + length(name) + 3)
	return substr(at, 1, index(at, "\"") - 1)
}

function decimal(hex, n, i) {
	for (i = 3; i <= length(hex); i++)
		n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
	return n + 0
}

# Strings and binary data as the bytes they are, numbers as tshark shows them; what is in no byte of the packet, too.
function value_of(name, show) {
	show = attribute("show")
	if (name == "mqtt.property.content_type")
		return substr(attribute("value"), 5)
	if (name in strings)
		return attribute("size") > 0 ? attribute("value") : show
	if (show == "True" || show == "False") # later versions show a flag as a word
		return show == "True"
	return show ~ /^0x/ ? decimal(show) : show
}

# tshark's limit: to it a password, correlation data and authentication data are text, and it warns of a NUL in them.
function is_binary() {
	return last == "mqtt.passwd" || (last == "mqtt.prop_string" && (last_id == 9 || last_id == 22))
}

function field(name, value) {
	if (name ~ /^_ws\.string\.trailing_stray/ && is_binary()) {
		read[packets] = substr(read[packets], 1, length(read[packets]) - length("_ws.expert \n"))
		forgiven++
		forgiving = 1
	}
	if (name ~ /^mqtt/)
		forgiving = 0
	if (forgiving || name in left_out || name ~ /_len$/)
		return
	value = value_of(name)
	read[packets] = read[packets] name " " value "\n"
	if (name == "mqtt.property_id")
		last_id = value
	if (name ~ /^mqtt/)
		last = name
}

BEGIN {
	split("protoname clientid willtopic willmsg username passwd topic msg prop_string prop_key prop_value", names, " ")
	for (i in names)
		strings["mqtt." names[i]]
	split("hdrflags conflags conack.flags subscription_options len", names, " ")
	for (i in names)
		left_out["mqtt." names[i]]
}

FNR == 1 {
	file++
}

file == 1 && /^#/ {
	title[++meant_count] = substr($0, 3)
	next
}

file == 1 {
	meant[meant_count] = meant[meant_count] $0 "\n"
	next
}

/<proto name="mqtt"/ {
	packets++
	forgiving = 0
}

/<field name="(mqtt|_ws)\./ {
	field(attribute("name"))
}

/<proto name="_ws\./ {
	read[packets] = read[packets] attribute("showname") "\n"
}

# The first line in which two packets differ.
function show_difference(i, m, r, n, k) {
	n = split(meant[i], m, "\n")
	k = split(read[i], r, "\n")
	n = n > k ? n : k
	for (k = 1; k <= n && m[k] == r[k]; k++)
		;
	print "--- " title[i] "\n  meant " substr(m[k], 1, 300) "\n  read  " substr(r[k], 1, 300)
}

# Each kind of packet is one sentence.
function judge(i, kind) {
	kind = title[i]
	sub(/:.*/, "", kind)
	if (!(kind in total))
		kinds[++kind_count] = kind
	total[kind]++
	if (read[i] != meant[i] && ++wrong[kind] <= 3)
		show_difference(i)
}

END {
	for (i = 1; i <= meant_count; i++)
		judge(i)
	for (i = 1; i <= kind_count; i++) {
		kind = kinds[i]
		if (kind in wrong)
			print "not ok - tshark reads " kind " as meant: " wrong[kind] " of " total[kind] " otherwise"
		else
			print "ok - tshark reads " kind " as meant (" total[kind] ")"
		bad += kind in wrong
	}
	if (forgiven)
		print "limit: tshark takes binary data for text; " forgiven " warnings of a NUL in it were passed over"
	complete = packets == meant_count && meant_count > 0
	print (complete ? "ok" : "not ok") " - tshark finds " packets + 0 " packets where " meant_count + 0 " were written"
	exit bad > 0 || !complete
}
