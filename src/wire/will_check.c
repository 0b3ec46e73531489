/* SPDX-License-Identifier: MIT */
/*
 * Every rule that a will can break, one small function each, run from one table. Refusals are what MQTT forbids or the
 * broker is known to refuse; warnings are what is legal and probably not meant.
 */
#include "base/utf8.h"
#include "wire/topic.h"
#include "wire/will.h"

struct check {
	const struct mqttwill_will *will;
	const struct will_context  *context;
	struct mqttwill_report     *report;
	struct span                 topic, payload;
	bool                        refused;
};

static void find(struct check *c, struct mqttwill_finding finding)
{
	c->refused |= finding.severity == MQTTWILL_REFUSED;
	if (c->report->count < MQTTWILL_MAX_FINDINGS)
		c->report->finding[c->report->count++] = finding;
}

static void refuse(struct check *c, const char *field, const char *rule, const char *problem, const char *advice)
{
	find(c, (struct mqttwill_finding){MQTTWILL_REFUSED, UINT32_MAX, 0, field, rule, problem, advice});
}

static void refuse_at(struct check *c, const char *field, uint32_t index, const struct topic_fault *fault)
{
	find(c, (struct mqttwill_finding){MQTTWILL_REFUSED, index, fault->offset, field, fault->rule, fault->problem,
	                                  fault->advice});
}

static void warn(struct check *c, const char *field, const char *rule, const char *problem, const char *advice)
{
	find(c, (struct mqttwill_finding){MQTTWILL_WARNED, UINT32_MAX, 0, field, rule, problem, advice});
}

static void check_topic(struct check *c)
{
	struct topic_fault fault;
	if (topic_name_check(c->topic, &fault))
		return;
	if (!strcmp(fault.rule, "MQTT-1.5.4-1")) /* the will topic has a rule of its own for it */
		fault.rule = c->context->level == LEVEL_5 ? "MQTT-3.1.3-11" : "MQTT-3.1.3-10";
	refuse_at(c, "topic", UINT32_MAX, &fault);
}

/* A length beside NULL is a mistake that would go unseen. */
static void check_missing(struct check *c, const char *field, uint32_t index, const void *bytes, size_t len)
{
	struct topic_fault fault = {0, "mqttwill.h", "has a length and no bytes", "point it to the bytes"};
	if (len && !bytes)
		refuse_at(c, field, index, &fault);
}

static void check_payload(struct check *c)
{
	const struct mqttwill_will *w = c->will;
	if (w->text && w->payload)
		refuse(c, "payload", "mqttwill.h", "is given twice, as payload and as text", "set one of the two");
	if (!w->text)
		check_missing(c, "payload", UINT32_MAX, w->payload, w->payload_len);
	struct topic_fault fault = {FIELD_MAX, "MQTT 5, 3.1.3.4", "is longer than 65,535 bytes",
	                            "shorten it; a will is Binary Data with a two-byte length"};
	if (c->payload.n > FIELD_MAX)
		refuse_at(c, "payload", UINT32_MAX, &fault);
}

static void check_qos(struct check *c)
{
	if (c->will->qos > 2)
		refuse(c, "qos", c->context->level == LEVEL_5 ? "MQTT-3.1.2-12" : "MQTT-3.1.2-14", "is not 0, 1 or 2",
		       "choose one of the three");
}

typedef void find_fn(struct check *c, const char *field, const char *rule, const char *problem, const char *advice);

/* What needs MQTT 5, where this will has it. */
static void find_properties(struct check *c, find_fn *found, const char *problem, const char *advice)
{
	const struct mqttwill_will *w = c->will;
	const struct {
		const char *field;
		bool        given;
	} v5[] = {
		{"delay_s", w->delay_s || w->has & MQTTWILL_HAS_DELAY},
		{"message_expiry_s", w->has & MQTTWILL_HAS_MESSAGE_EXPIRY},
		{"payload_format", w->has & MQTTWILL_HAS_PAYLOAD_FORMAT},
		{"content_type", w->content_type},
		{"response_topic", w->response_topic},
		{"correlation_data", w->correlation_data},
		{"user_properties", w->user_property_count},
	};
	for (size_t i = 0; i < sizeof v5 / sizeof v5[0]; i++)
		if (v5[i].given)
			found(c, v5[i].field, "MQTT 5, 3.1.3.2", problem, advice);
}

static void check_version(struct check *c)
{
	if (c->context->level != LEVEL_5)
		find_properties(c, refuse, "is a will property, which MQTT 3.1 and 3.1.1 do not have", "use version 5, or leave it out");
}

static void warn_of_fall(struct check *c)
{
	if (c->context->may_fall)
		find_properties(c, warn, "is a will property, and a broker that speaks only MQTT 3.1 or 3.1.1 cannot carry it",
		                "choose version 5; or set MQTTWILL_ADAPT, and there it is left out");
}

static void check_text(struct check *c, const char *field, uint32_t index, struct span text)
{
	struct topic_fault fault;
	if (!text_check(text, &fault))
		refuse_at(c, field, index, &fault);
}

static void check_properties(struct check *c)
{
	const struct mqttwill_will *w = c->will;
	struct topic_fault          fault;
	check_missing(c, "content_type", UINT32_MAX, w->content_type, w->content_type_len);
	check_missing(c, "response_topic", UINT32_MAX, w->response_topic, w->response_topic_len);
	check_missing(c, "correlation_data", UINT32_MAX, w->correlation_data, w->correlation_data_len);
	/* [MQTT-3.3.2-19], [MQTT-3.3.2-13], [MQTT-3.3.2-14] */
	check_text(c, "content_type", UINT32_MAX, span_text(w->content_type, w->content_type_len));
	if (w->response_topic && !topic_name_check(span_text(w->response_topic, w->response_topic_len), &fault))
		refuse_at(c, "response_topic", UINT32_MAX, &fault);
	if (w->correlation_data_len > FIELD_MAX && w->correlation_data)
		refuse(c, "correlation_data", "MQTT 5, 1.5.6", "is longer than 65,535 bytes", "shorten it");
}

static void check_users(struct check *c)
{
	const struct mqttwill_user_property *u = c->will->user_properties;
	if (!u && c->will->user_property_count) {
		refuse(c, "user_properties", "mqttwill.h", "has a count and no properties", "point user_properties to them");
		return;
	}
	for (size_t i = 0; i < c->will->user_property_count; i++) {
		check_missing(c, "user_properties.name", (uint32_t)i, u[i].name, u[i].name_len);
		check_missing(c, "user_properties.value", (uint32_t)i, u[i].value, u[i].value_len);
		/* [MQTT-1.5.7-1] */
		check_text(c, "user_properties.name", (uint32_t)i, span_text(u[i].name, u[i].name_len));
		check_text(c, "user_properties.value", (uint32_t)i, span_text(u[i].value, u[i].value_len));
	}
}

static void check_legal_bits(struct check *c)
{
	const uint32_t legal = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT | MQTTWILL_HAS_DELAY;
	if (c->will->has & ~legal)
		refuse(c, "has", "MQTT 5, 3.1.3.2", "names a property that is not legal in Will Properties",
		       "set the session expiry in the options");
}

/* What is set without its bit would be left out, and nobody would hear of it. */
static void check_marks(struct check *c)
{
	const struct mqttwill_will *w = c->will;
	const char                 *problem = "is set but not marked as present";
	if (w->payload_format && !(w->has & MQTTWILL_HAS_PAYLOAD_FORMAT))
		refuse(c, "payload_format", "mqttwill.h", problem, "set MQTTWILL_HAS_PAYLOAD_FORMAT in has");
	if (w->message_expiry_s && !(w->has & MQTTWILL_HAS_MESSAGE_EXPIRY))
		refuse(c, "message_expiry_s", "mqttwill.h", problem, "set MQTTWILL_HAS_MESSAGE_EXPIRY in has");
}

static void check_payload_format(struct check *c)
{
	uint8_t format = c->will->has & MQTTWILL_HAS_PAYLOAD_FORMAT ? c->will->payload_format : 0;
	if (format > 1)
		refuse(c, "payload_format", "MQTT 5, 3.1.3.2.3", "is not 0 or 1", "choose 0 for bytes, 1 for UTF-8 text");
	if (format != 1 || c->payload.n > FIELD_MAX)
		return;
	struct topic_fault fault = {utf8_good_text(c->payload.p, c->payload.n), "MQTT 5, 3.1.3.2.3",
	                            "is not UTF-8, and the Payload Format Indicator says it is",
	                            "encode it as UTF-8, or set the indicator to 0"};
	if (fault.offset != c->payload.n) /* U-3.1.3.2.3-c */
		refuse_at(c, "payload", UINT32_MAX, &fault);
}

/* The CONNECT around the will, for its size; a refused will has none. */
static void check_size(struct check *c)
{
	static const struct packet plain = {.type = PACKET_CONNECT};
	if (c->refused)
		return;
	struct packet connect = c->context->connect ? *c->context->connect : plain;
	will_into_connect(c->will, c->context->level, &connect);
	c->report->connect_size = packet_size(&connect, c->context->level);
	if (c->report->connect_size == 0)
		refuse(c, "user_properties", "MQTT 5, 2.1.4", "make CONNECT larger than 268,435,455 bytes", "give fewer of them");
}

static void check_limits(struct check *c)
{
	const struct mqttwill_limits *limits = c->context->limits;
	if (!limits)
		return;
	if (limits->maximum_packet_size && c->report->connect_size > limits->maximum_packet_size)
		refuse(c, "payload", "MQTT-3.2.2-15", "makes CONNECT larger than the broker's Maximum Packet Size",
		       "shorten the payload or the will properties");
	if (limits->maximum_qos_known && c->will->qos > limits->maximum_qos)
		refuse(c, "qos", "MQTT-3.2.2-12", "is above the broker's Maximum QoS", "lower it");
	if (limits->no_retain && c->will->retain)
		refuse(c, "retain", "MQTT-3.2.2-13", "is set, and the broker does not retain messages",
		       "clear it; subscribers must then be there when the will comes");
}

static void warn_of_timing(struct check *c)
{
	if (c->will->delay_s > c->context->session_expiry && c->context->level == LEVEL_5)
		warn(c, "delay_s", "MQTT-3.1.2-8", "is above the Session Expiry Interval, so the delay is cut short",
		     "raise session_expiry_s to at least the delay");
	if (c->will->has & MQTTWILL_HAS_MESSAGE_EXPIRY && c->will->retain)
		warn(c, "message_expiry_s", "MQTT-3.3.2-5", "makes the retained status vanish after that time",
		     "leave it out of a status");
}

static void warn_of_clearing(struct check *c)
{
	if (c->will->retain && c->payload.n == 0)
		warn(c, "payload", "MQTT-3.3.1-6", "is empty and retained: it clears the status, and who comes late reads nothing",
		     "give it a payload such as offline");
}

static void warn_of_length(struct check *c)
{
	const uint8_t *bytes = c->will->payload;
	if (bytes && c->will->payload_len == 0 && !c->will->text)
		warn(c, "payload", "mqttwill.h", "is empty: it points to bytes and payload_len is 0", "set payload_len, or use text");
}

static void warn_of_birth(struct check *c)
{
	const struct mqttwill_presence *p = c->context->presence;
	if (!p)
		return;
	struct span birth = span_text(p->topic, 0);
	if (birth.n != c->topic.n || (birth.n && memcmp(birth.p, c->topic.p, birth.n) != 0))
		warn(c, "topic", "MQTT 5, 3.1.2.5", "is not the topic of the birth message", "use one topic for both");
	if (c->will->retain == p->no_retain)
		warn(c, "retain", "MQTT-3.1.2-15", "differs from the birth message's: one of the two stays behind",
		     "retain both, or neither");
}

typedef void check_fn(struct check *c);

/* Refusals first: check_size() needs to know of all before it, and the warnings come last. */
static check_fn *const checks[] = {
	check_topic, check_payload,    check_qos,    check_version, check_properties, check_users,   check_legal_bits,
	check_marks, check_payload_format, check_size, check_limits, warn_of_timing, warn_of_clearing, warn_of_length, warn_of_birth,
	warn_of_fall,
};

int will_check(const struct mqttwill_will *will, const struct will_context *context, struct mqttwill_report *report)
{
	struct check c = {
		.will = will,
		.context = context,
		.report = report,
		.topic = span_text(will->topic, will->topic_len),
		.payload = payload_of(will->payload, will->payload_len, will->text),
	};
	*report = (struct mqttwill_report){0};
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		checks[i](&c);
	return c.refused ? MQTTWILL_EWILL : 0;
}
