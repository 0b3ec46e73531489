/* SPDX-License-Identifier: MIT */
/*
 * The shared tables. A rule stands beside each maximum that the library's own structure could not hold.
 */
#define _POSIX_C_SOURCE 200809L

#include "cli/groups.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct choice version_choices[] = {
	{"auto", MQTTWILL_AUTO},
	{"3.1", MQTTWILL_V31},
	{"3.1.1", MQTTWILL_V311},
	{"5", MQTTWILL_V5},
	{NULL, 0},
};

static const struct choice rejoin_choices[] = {
	{"safe", MQTTWILL_REJOIN_SAFE},
	{"clean", MQTTWILL_REJOIN_CLEAN},
	{"always", MQTTWILL_REJOIN_ALWAYS},
	{NULL, 0},
};

const struct choice goodbye_choices[] = {
	{"offline", MQTTWILL_GOODBYE_OFFLINE},
	{"with-will", MQTTWILL_GOODBYE_WITH_WILL},
	{"silent", MQTTWILL_GOODBYE_SILENT},
	{"abort", MQTTWILL_GOODBYE_ABORT},
	{NULL, 0},
};

const struct choice leaving_choices[] = {
	{"with-will", MQTTWILL_GOODBYE_WITH_WILL},
	{"silent", MQTTWILL_GOODBYE_SILENT},
	{"abort", MQTTWILL_GOODBYE_ABORT},
	{NULL, 0},
};

#define AT(member) offsetof(struct connection_options, member)
const struct option connection_rows[] = {
	{.name = "id", .value = "CLIENTID", .help = "client id; run needs one; default: the broker's choice, in 3.1 mqttwill-PID",
	 .type = OPTION_TEXT, .offset = AT(id), .letter = 'i'},
	{.name = "auth-method", .value = "SCRAM-SHA-256", .help = "MQTT 5: prove the password without sending it",
	 .type = OPTION_TEXT, .offset = AT(auth_method)},
	{.name = "version", .value = "auto|3.1|3.1.1|5", .help = "of MQTT; default auto, or 5 where an option needs it",
	 .type = OPTION_CHOICE, .offset = AT(version), .choices = version_choices},
	{.name = "adapt", .help = "leave out what broker or version cannot carry, and say so",
	 .type = OPTION_FLAG, .offset = AT(adapt)},
	{.name = "keepalive", .value = "S", .help = "keep-alive in seconds; default 60; 0 turns it off",
	 .type = OPTION_NUMBER, .offset = AT(keepalive), .max = 65535, .rule = "MQTT 5, 3.1.2.10"},
	{.name = "session-expiry", .value = "S", .help = "how long the session outlives a connection; default 0",
	 .type = OPTION_NUMBER, .offset = AT(session_expiry), .rule = "MQTT 5, 3.1.2.11.2"},
	{.name = "rejoin", .value = "safe|clean|always", .help = "what to do with a session the broker has; default safe",
	 .type = OPTION_CHOICE, .offset = AT(rejoin), .choices = rejoin_choices},
	{.name = "follow-redirects", .value = "N", .help = "how many Server References to follow in a row, up to 16; default 0",
	 .type = OPTION_NUMBER, .offset = AT(follow_redirects), .max = 16, .rule = "MQTT 5, 4.11"},
	{.name = "receive-maximum", .value = "N", .help = "QoS 1 and 2 messages the broker may have open; default 100",
	 .type = OPTION_NUMBER, .offset = AT(receive_maximum), .max = 65535, .rule = "MQTT 5, 3.1.2.11.3"},
	{.name = "connect-user-property", .value = "NAME=VALUE", .help = "of CONNECT, MQTT 5; may be repeated",
	 .type = OPTION_PROPERTY, .offset = AT(user_properties)},
	{.name = "no-topic-alias", .help = "MQTT 5: every message has its whole topic, in both directions",
	 .type = OPTION_FLAG, .offset = AT(no_topic_alias)},
	{.name = "timeout", .value = "S", .help = "how long the first connection and its answers may take",
	 .type = OPTION_DURATION, .offset = AT(timeout)},
	{.name = NULL},
};
#undef AT

#define AT(member) offsetof(struct property_options, member)
const struct option property_rows[] = {
	{.name = "message-expiry", .value = "S", .help = "seconds after which the broker drops the message",
	 .type = OPTION_NUMBER, .offset = AT(message_expiry), .rule = "MQTT 5, 3.3.2.3.3"},
	{.name = "payload-format", .value = "0|1", .help = "0 bytes, 1 UTF-8 text",
	 .type = OPTION_NUMBER, .offset = AT(payload_format), .max = 255},
	{.name = "content-type", .value = "TEXT", .help = "such as text/plain",
	 .type = OPTION_TEXT, .offset = AT(content_type)},
	{.name = "response-topic", .value = "TOPIC", .help = "where to answer",
	 .type = OPTION_TEXT, .offset = AT(response_topic)},
	{.name = "correlation-data", .value = "PAYLOAD", .help = "what tells one answer from another",
	 .type = OPTION_PAYLOAD, .offset = AT(correlation_data)},
	{.name = "user-property", .value = "NAME=VALUE", .help = "may be repeated; the order is kept",
	 .type = OPTION_PROPERTY, .offset = AT(user_properties)},
	{.name = NULL},
};
#undef AT

#define AT(member) offsetof(struct will_options, member)
const struct option will_rows[] = {
	{.name = "topic", .value = "TOPIC", .help = "where the will is published",
	 .type = OPTION_TEXT, .offset = AT(topic)},
	{.name = "payload", .value = "PAYLOAD", .help = "0 to 65,535 bytes; default none",
	 .type = OPTION_PAYLOAD, .offset = AT(payload)},
	{.name = "qos", .value = "0|1|2", .help = "default 0",
	 .type = OPTION_NUMBER, .offset = AT(qos), .max = QOS_FIELD_MAX},
	{.name = "retain", .help = "the broker keeps it for late subscribers",
	 .type = OPTION_FLAG, .offset = AT(retain)},
	{.name = "delay", .value = "S", .help = "seconds between the loss and the will",
	 .type = OPTION_NUMBER, .offset = AT(delay), .rule = "MQTT 5, 3.1.3.2.2"},
	{.name = NULL},
};
#undef AT

void connection_name(struct connection_options *from, struct arena *arena)
{
	char text[24]; /* 23 characters are the most in 3.1 */
	if (from->id || from->version.value != MQTTWILL_V31 || from->rejoin.value == MQTTWILL_REJOIN_ALWAYS)
		return;
	int n = snprintf(text, sizeof text, "mqttwill-%ld", (long)getpid());
	from->id = arena_copy(arena, text, (size_t)n);
}

/* The library takes others, too, with a function that plays them; a command line has none. */
static enum exit_code check_auth_method(const struct connection_options *from)
{
	if (!from->auth_method || !strcmp(from->auth_method, "SCRAM-SHA-256"))
		return EXIT_OK;
	return refuse(EXIT_USAGE, "--auth-method: \"%s\" is not known; SCRAM-SHA-256 is", from->auth_method);
}

/* What was asked for and only MQTT 5 has is not to be lost unless --adapt says so. */
static uint32_t version_of(const struct connection_options *from)
{
	bool needs_5 = from->needs_5 || from->session_expiry.value || from->auth_method;
	if (from->version.set)
		return from->version.value;
	return needs_5 && !from->adapt ? MQTTWILL_V5 : MQTTWILL_AUTO;
}

enum exit_code connection_fill(const struct connection_options *from, struct mqttwill_options *opt, struct arena *arena)
{
	opt->client_id = from->id;
	opt->auth_method = from->auth_method;
	opt->version = version_of(from);
	opt->flags = from->adapt ? (uint32_t)MQTTWILL_ADAPT : 0;
	opt->session_expiry_s = from->session_expiry.value;
	opt->rejoin = from->rejoin.value;
	opt->receive_maximum = from->receive_maximum.value;
	opt->user_properties = from->user_properties.items;
	opt->user_property_count = from->user_properties.count;
	opt->flags |= from->no_topic_alias ? MQTTWILL_NO_TOPIC_ALIAS : 0u;
	opt->redirect_maximum = from->follow_redirects.value;
	opt->keepalive_s = from->keepalive.value;
	if (from->keepalive.set && from->keepalive.value == 0)
		opt->keepalive_s = MQTTWILL_KEEPALIVE_OFF;
	enum exit_code code = check_auth_method(from);
	return code == EXIT_OK ? reach_fill(&from->reach, opt, arena) : code;
}

bool properties_given(const struct property_options *from)
{
	return from->message_expiry.set || from->payload_format.set || from->content_type || from->response_topic ||
	       from->correlation_data.set || from->user_properties.count;
}

static uint32_t bits_of(const struct property_options *from)
{
	return (from->message_expiry.set ? (uint32_t)MQTTWILL_HAS_MESSAGE_EXPIRY : 0) |
	       (from->payload_format.set ? (uint32_t)MQTTWILL_HAS_PAYLOAD_FORMAT : 0);
}

void properties_into_will(const struct property_options *from, struct mqttwill_will *will)
{
	will->has |= bits_of(from);
	will->message_expiry_s = from->message_expiry.value;
	will->payload_format = (uint8_t)from->payload_format.value;
	will->content_type = from->content_type;
	will->response_topic = from->response_topic;
	will->correlation_data = from->correlation_data.bytes;
	will->correlation_data_len = from->correlation_data.len;
	will->user_properties = from->user_properties.items;
	will->user_property_count = from->user_properties.count;
}

void properties_into_message(const struct property_options *from, struct mqttwill_message *message)
{
	message->has |= bits_of(from);
	message->message_expiry_s = from->message_expiry.value;
	message->payload_format = (uint8_t)from->payload_format.value;
	message->content_type = from->content_type;
	message->response_topic = from->response_topic;
	message->correlation_data = from->correlation_data.bytes;
	message->correlation_data_len = from->correlation_data.len;
	message->user_properties = from->user_properties.items;
	message->user_property_count = from->user_properties.count;
}

bool will_fill(const struct will_options *from, const struct property_options *properties, struct mqttwill_will *will)
{
	*will = (struct mqttwill_will){
		.topic = from->topic ? from->topic : "",
		.payload = from->payload.bytes,
		.payload_len = from->payload.len,
		.qos = (uint8_t)from->qos.value,
		.retain = from->retain,
		.delay_s = from->delay.value,
		.has = from->delay.set ? (uint32_t)MQTTWILL_HAS_DELAY : 0,
	};
	properties_into_will(properties, will);
	return from->topic || from->payload.set || from->qos.set || from->retain || from->delay.set ||
	       properties_given(properties);
}
