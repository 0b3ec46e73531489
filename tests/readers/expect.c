/* SPDX-License-Identifier: MIT */
/*
 * One function for each part of a packet, in the order of the specification.
 */
#include "readers/expect.h"

static void number(FILE *out, const char *name, uint32_t value)
{
	fprintf(out, "mqtt.%s %lu\n", name, (unsigned long)value);
}

static void text(FILE *out, const char *name, struct span s)
{
	fprintf(out, "mqtt.%s ", name);
	for (size_t i = 0; i < s.n; i++)
		fprintf(out, "%02x", s.p[i]);
	fputc('\n', out);
}

static void section(FILE *out, const char *name)
{
	fprintf(out, "mqtt.%s \n", name);
}

/* ---- Properties ---- */

static void property_id(FILE *out, enum property property)
{
	number(out, "property_id", property_table[property].id);
}

/* Two numbers and one string have fields of their own; all others share theirs. */
static const char *number_field(enum property property)
{
	return property == PROPERTY_TOPIC_ALIAS   ? "property.topic_alias"
	       : property == PROPERTY_MAXIMUM_QOS ? "property.max_qos"
	                                          : "prop_number";
}

static void one_property(FILE *out, enum property property, const void *member)
{
	uint32_t whole;
	uint16_t half;
	property_id(out, property);
	switch (property_table[property].type) {
	case TYPE_BYTE:
	case TYPE_FLAG:
		number(out, number_field(property), *(const uint8_t *)member);
		break;
	case TYPE_U16:
	case TYPE_U16_NONZERO:
		memcpy(&half, member, sizeof half);
		number(out, number_field(property), half);
		break;
	case TYPE_U32:
	case TYPE_U32_NONZERO:
	case TYPE_VBI_NONZERO:
		memcpy(&whole, member, sizeof whole);
		number(out, number_field(property), whole);
		break;
	default:
		text(out, property == PROPERTY_CONTENT_TYPE ? "property.content_type" : "prop_string",
		     *(const struct span *)member);
	}
}

static void properties(FILE *out, const char *name, const struct props *props)
{
	section(out, name);
	for (unsigned i = 0; i < PROPERTY_USER; i++)
		if (props->has & 1u << i)
			one_property(out, (enum property)i, (const char *)props + property_table[i].member);
	for (size_t i = 0; props->subscription_ids && i < props->subscription_id_count; i++)
		one_property(out, PROPERTY_SUBSCRIPTION_ID, &props->subscription_ids[i]);
	for (size_t i = 0; props->user && i < props->user_count; i++) {
		property_id(out, PROPERTY_USER);
		text(out, "prop_key", span_text(props->user[i].name, props->user[i].name_len));
		text(out, "prop_value", span_text(props->user[i].value, props->user[i].value_len));
	}
}

static bool any_properties(const struct props *props)
{
	return (props->has & ~HAS(USER)) || (props->user && props->user_count);
}

static void packet_properties(FILE *out, const struct packet *pk, uint8_t level)
{
	if (level == LEVEL_5)
		properties(out, "properties", &pk->props);
}

/* ---- Packets ---- */

static void fixed_header(FILE *out, const struct packet *pk, uint8_t level)
{
	bool two = pk->type == PACKET_PUBREL || pk->type == PACKET_SUBSCRIBE || pk->type == PACKET_UNSUBSCRIBE;
	number(out, "msgtype", pk->type);
	if (pk->type == PACKET_PUBLISH) {
		number(out, "dupflag", pk->dup);
		number(out, "qos", pk->qos);
		number(out, "retain", pk->retain);
	} else if (two && level == LEVEL_31) { /* where these bits are a DUP flag and a QoS, which is 1 */
		number(out, "dupflag", 0);
		number(out, "qos", 1);
		number(out, "retain_reserved", 0);
	} else {
		number(out, "hdr_reserved", two ? 2 : 0);
	}
}

static void connect_flags(FILE *out, const struct connect *c)
{
	number(out, "conflag.uname", c->user_name.p != NULL);
	number(out, "conflag.passwd", c->password.p != NULL);
	number(out, "conflag.retain", c->has_will && c->will_retain);
	number(out, "conflag.qos", c->has_will ? c->will_qos : 0);
	number(out, "conflag.willflag", c->has_will);
	number(out, "conflag.cleansess", c->clean_start);
	number(out, "conflag.reserved", 0);
}

static void expect_connect(FILE *out, const struct packet *pk, uint8_t level)
{
	const struct connect *c = &pk->connect;
	text(out, "protoname", level == LEVEL_31 ? span_of("MQIsdp", 6) : span_of("MQTT", 4));
	number(out, "ver", level);
	connect_flags(out, c);
	number(out, "kalive", c->keep_alive);
	packet_properties(out, pk, level);
	text(out, "clientid", c->client_id);
	if (c->has_will && level == LEVEL_5)
		properties(out, "will_properties", &c->will);
	if (c->has_will) {
		text(out, "willtopic", c->will_topic);
		text(out, "willmsg", c->will_payload);
	}
	if (c->user_name.p)
		text(out, "username", c->user_name);
	if (c->password.p)
		text(out, "passwd", c->password);
}

static void expect_connack(FILE *out, const struct packet *pk, uint8_t level)
{
	number(out, "conack.flags.reserved", 0);
	if (level != LEVEL_31)
		number(out, "conack.flags.sp", pk->session_present);
	number(out, level == LEVEL_5 ? "connack.reason_code" : "conack.val", pk->reason);
	packet_properties(out, pk, level);
}

static void expect_publish(FILE *out, const struct packet *pk, uint8_t level, const char *alias)
{
	if (pk->topic.n)
		text(out, "topic", pk->topic);
	if (pk->qos)
		number(out, "msgid", pk->id);
	packet_properties(out, pk, level);
	if (pk->topic.n == 0)
		fprintf(out, "mqtt.topic %s\n", alias);
	text(out, "msg", pk->payload);
}

/* Reason code and properties in their shortest form, as the specification allows. */
static void expect_reason(FILE *out, const struct packet *pk, uint8_t level)
{
	static const char *const names[PACKET_TYPES] = {
		[PACKET_PUBACK] = "puback.reason_code",   [PACKET_PUBREC] = "pubrec.reason_code",
		[PACKET_PUBREL] = "pubrel.reason_code",   [PACKET_PUBCOMP] = "pubcomp.reason_code",
		[PACKET_DISCONNECT] = "disconnect.reason_code", [PACKET_AUTH] = "auth.reason_code",
	};
	if (!names[pk->type] || level != LEVEL_5 || (pk->reason == 0 && !any_properties(&pk->props)))
		return;
	number(out, names[pk->type], pk->reason);
	if (any_properties(&pk->props))
		packet_properties(out, pk, level);
}

static void expect_filters(FILE *out, const struct packet *pk, uint8_t level)
{
	number(out, "msgid", pk->id);
	packet_properties(out, pk, level);
	for (size_t i = 0; i < pk->count; i++) {
		unsigned options = pk->filters[i].options;
		text(out, "topic", pk->filters[i].filter);
		if (pk->type == PACKET_SUBSCRIBE && level == LEVEL_5) {
			number(out, "subscription_options_reserved", 0);
			number(out, "subscription_options_retain", (options & OPTION_RETAIN_HANDLING) >> 4);
			number(out, "subscription_options_rap", (options & OPTION_RETAIN_AS_PUBLISHED) != 0);
			number(out, "subscription_options_nl", (options & OPTION_NO_LOCAL) != 0);
			number(out, "subscription_options_qos", options & OPTION_QOS);
		} else if (pk->type == PACKET_SUBSCRIBE) {
			number(out, "sub.qos", options);
		}
	}
}

static void expect_codes(FILE *out, const struct packet *pk, uint8_t level)
{
	bool        suback = pk->type == PACKET_SUBACK;
	const char *name = level != LEVEL_5 ? "suback.qos" : suback ? "suback.reason_code" : "unsuback.reason_code";
	number(out, "msgid", pk->id);
	packet_properties(out, pk, level);
	for (size_t i = 0; i < pk->list.n && (suback || level == LEVEL_5); i++)
		number(out, name, pk->list.p[i]);
}

void expect_packet(FILE *out, const struct packet *pk, uint8_t level, const char *alias)
{
	fixed_header(out, pk, level);
	if (pk->type == PACKET_CONNECT)
		expect_connect(out, pk, level);
	else if (pk->type == PACKET_CONNACK)
		expect_connack(out, pk, level);
	else if (pk->type == PACKET_PUBLISH)
		expect_publish(out, pk, level, alias);
	else if (pk->type == PACKET_SUBSCRIBE || pk->type == PACKET_UNSUBSCRIBE)
		expect_filters(out, pk, level);
	else if (pk->type == PACKET_SUBACK || pk->type == PACKET_UNSUBACK)
		expect_codes(out, pk, level);
	else if (pk->type >= PACKET_PUBACK && pk->type <= PACKET_PUBCOMP)
		number(out, "msgid", pk->id);
	expect_reason(out, pk, level);
}
