/* SPDX-License-Identifier: MIT */
/*
 * Bytes to structs: a table from packet type to its decoder, its flags and who may send it.
 */
#include "wire/packet.h"
#include "wire/reader.h"
#include "wire/topic.h"

int frame_read(struct frame *f, uint8_t level, const uint8_t *in, size_t len)
{
	uint32_t remaining = 0;
	for (size_t i = 1; i < HEADER_MAX; i++) {
		if (i >= len)
			return 0;
		remaining |= (uint32_t)(in[i] & 0x7F) << 7 * (i - 1);
		if (in[i] & 0x80)
			continue;
		if (in[i] == 0 && i > 1 && level == LEVEL_5)
			return -1; /* [MQTT-1.5.5-1]; 3.x does not forbid it */
		f->type = in[0] >> 4;
		f->flags = in[0] & 0x0F;
		f->header = (uint8_t)(i + 1);
		f->size = remaining + f->header;
		return 1;
	}
	return -1; /* a fourth byte that goes on U-2.1.4-a */
}

struct context {
	struct reader  r;
	enum side      from;
	uint8_t        flags;
	struct packet *pk;
};

static void read_id(struct context *c)
{
	c->pk->id = (uint16_t)read_number(&c->r, 2);
	if (reader_ok(&c->r) && c->pk->id == 0) /* U-2.2.1-a */
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT 5, 2.2.1", "a packet identifier is 0");
}

static void read_packet_properties(struct context *c)
{
	if (c->r.level == LEVEL_5 && reader_ok(&c->r))
		read_properties(&c->r, c->pk->type, c->from, &c->pk->props);
}

static void read_reason(struct context *c)
{
	c->pk->reason = (uint8_t)read_number(&c->r, 1);
	if (reader_ok(&c->r) && !reason_legal(c->pk->type, c->from, c->pk->reason))
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT 5, 2.4", "a reason code that this packet cannot carry");
}

static void read_protocol(struct context *c)
{
	struct span name = read_binary(&c->r);
	uint8_t     level = (uint8_t)read_number(&c->r, 1);
	bool        known = (name.n == 6 && !memcmp(name.p, "MQIsdp", 6) && level == LEVEL_31) ||
	             (name.n == 4 && !memcmp(name.p, "MQTT", 4) && (level == LEVEL_311 || level == LEVEL_5));
	c->pk->connect.level = level;
	c->r.level = level;
	if (!known)
		reader_fail(&c->r, REASON_BAD_VERSION, "MQTT-3.1.2-1", "an unknown protocol name or level");
}

/* [MQTT311-3.1.2-22] */
static void check_connect_flags(struct context *c, uint8_t flags)
{
	bool strict = c->r.level != LEVEL_31; /* 3.1: bit 0 is unused; without a will the other two are disregarded */
	if (flags & 0x01 && strict)
		reader_fail(&c->r, REASON_MALFORMED, "MQTT-3.1.2-3", "Connect Flags bit 0 is set");
	if ((flags & 0x1C) == 0x1C)
		reader_fail(&c->r, REASON_MALFORMED, "MQTT-3.1.2-12", "Will QoS is 3");
	if (!(flags & 0x04) && flags & 0x38 && strict) /* [MQTT-3.1.2-13] */
		reader_fail(&c->r, REASON_MALFORMED, "MQTT-3.1.2-11", "Will QoS or Will Retain without a will");
	if ((flags & 0xC0) == 0x40 && c->r.level != LEVEL_5)
		reader_fail(&c->r, REASON_MALFORMED, "MQTT-3.1.2-22", "a password without a user name");
}

static void read_will(struct context *c)
{
	struct connect *connect = &c->pk->connect;
	if (c->r.level == LEVEL_5)
		read_properties(&c->r, PACKET_WILL, FROM_CLIENT, &connect->will);
	connect->will_topic = read_topic(&c->r);
	if (reader_ok(&c->r) && connect->will_topic.n == 0)
		reader_fail(&c->r, REASON_BAD_TOPIC, "MQTT-4.7.3-1", "the Will Topic is empty");
	connect->will_payload = read_binary(&c->r);
}

static void read_connect(struct context *c)
{
	struct connect *connect = &c->pk->connect;
	read_protocol(c);
	uint8_t flags = (uint8_t)read_number(&c->r, 1);
	check_connect_flags(c, flags);
	connect->clean_start = flags >> 1 & 1;
	connect->has_will = flags >> 2 & 1;
	connect->will_qos = flags >> 3 & 3;
	connect->will_retain = flags >> 5 & 1;
	connect->keep_alive = (uint16_t)read_number(&c->r, 2);
	read_packet_properties(c);
	connect->client_id = read_text(&c->r);
	if (connect->has_will)
		read_will(c);
	bool missing = c->r.level == LEVEL_31 && reader_left(&c->r) == 0; /* 3.1: a flag without its field is borne */
	if (flags & 0x80 && !missing)
		connect->user_name = read_text(&c->r);
	missing = c->r.level == LEVEL_31 && reader_left(&c->r) == 0;
	if (flags & 0x40 && !missing)
		connect->password = read_binary(&c->r);
}

/*
 * CONNACK in the form of another version than CONNECT's. A server that knows only 3.x refuses a level 5 in the form of its
 * own [MQTT 3.1.1, 3.1.2.2]; one that accepts it so has not understood it. One that knows only 5 says 0x84 in its own form.
 */
static bool other_form(const struct context *c, uint8_t *reason)
{
	const uint8_t *p = c->r.p;
	size_t         n = reader_left(&c->r);
	if (c->r.level != LEVEL_5) {
		*reason = 1; /* the return code of 3.x for it */
		return n >= 3 && p[0] == 0 && p[1] == REASON_BAD_VERSION;
	}
	if (n != 2 || p[0] > 1 || p[1] > 5 || (p[0] && p[1]))
		return false;
	*reason = p[1] ? reason_from_return_code(p[1]) : REASON_BAD_VERSION;
	return true;
}

static void read_connack(struct context *c)
{
	if (other_form(c, &c->pk->reason)) {
		c->r.p = c->r.end;
		return;
	}
	uint8_t flags = (uint8_t)read_number(&c->r, 1);
	if (c->r.level != LEVEL_31 && flags > 1)
		reader_fail(&c->r, REASON_MALFORMED, "MQTT-3.2.2-1", "reserved bits of the Acknowledge Flags are set");
	c->pk->session_present = c->r.level != LEVEL_31 && flags & 1; /* [MQTT-3.2.2-3] */
	if (c->r.level == LEVEL_5)
		read_reason(c);
	else
		c->pk->reason = (uint8_t)read_number(&c->r, 1);
	read_packet_properties(c);
	if (reader_ok(&c->r) && c->r.level != LEVEL_5 && c->pk->reason > 5)
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT 3.1.1, 3.2.2.3", "a reserved return code");
	if (reader_ok(&c->r) && c->pk->reason && c->pk->session_present)
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT-3.2.2-6", "Session Present beside a refusal");
}

static void check_publish_topic(struct context *c)
{
	bool alias = c->pk->props.has & HAS(TOPIC_ALIAS);
	if (reader_ok(&c->r) && c->pk->topic.n == 0 && !alias) /* U-3.3.2.1-a */
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT 5, 3.3.2.1", "an empty topic without a Topic Alias");
	if (reader_ok(&c->r) && alias && c->pk->props.topic_alias == 0)
		reader_fail(&c->r, REASON_BAD_TOPIC_ALIAS, "MQTT-3.3.2-8", "Topic Alias 0");
}

static void read_publish(struct context *c)
{
	struct packet *pk = c->pk;
	pk->dup = c->flags >> 3 & 1;
	pk->qos = c->flags >> 1 & 3;
	pk->retain = c->flags & 1;
	if (pk->qos == 3)
		reader_fail(&c->r, REASON_MALFORMED, "MQTT-3.3.1-4", "QoS 3");
	if (pk->qos == 0 && pk->dup)
		reader_fail(&c->r, REASON_MALFORMED, "MQTT-3.3.1-2", "DUP at QoS 0");
	pk->topic = read_topic(&c->r);
	if (pk->qos)
		read_id(c);
	read_packet_properties(c);
	check_publish_topic(c);
	pk->payload = span_of(c->r.p, reader_left(&c->r));
	c->r.p = c->r.end;
}

static void read_ack(struct context *c)
{
	read_id(c);
	if (c->r.level == LEVEL_5 && reader_left(&c->r))
		read_reason(c);
	if (c->r.level == LEVEL_5 && reader_left(&c->r))
		read_packet_properties(c);
}

static void read_options(struct context *c, struct span filter)
{
	bool    shared = filter.n >= 7 && !memcmp(filter.p, "$share/", 7);
	uint8_t options = (uint8_t)read_number(&c->r, 1);
	uint8_t reserved = c->r.level == LEVEL_5 ? 0xC0 : 0xFC;
	if (options & reserved && c->r.level != LEVEL_31)
		reader_fail(&c->r, REASON_MALFORMED, "MQTT-3.8.3-5", "reserved bits of the Subscription Options are set");
	if ((options & OPTION_QOS) == 3) /* U-3.8.3-a */
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT 5, 3.8.3.1", "a subscription at QoS 3");
	if (c->r.level == LEVEL_5 && (options & OPTION_RETAIN_HANDLING) == OPTION_RETAIN_HANDLING)
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT 5, 3.8.3.1", "Retain Handling 3");
	if (c->r.level == LEVEL_5 && shared && options & OPTION_NO_LOCAL)
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT-3.8.3-4", "No Local on a shared subscription");
}

static void check_filter(struct context *c, struct span filter)
{
	struct topic_fault fault;
	if (reader_ok(&c->r) && !topic_filter_check(filter, c->r.level == LEVEL_5, &fault))
		reader_fail(&c->r, REASON_BAD_FILTER, fault.rule, fault.problem);
}

static void read_filters(struct context *c)
{
	read_id(c);
	read_packet_properties(c);
	c->pk->list = span_of(c->r.p, reader_left(&c->r));
	const char *at_least_one = c->pk->type == PACKET_SUBSCRIBE ? "MQTT-3.8.3-2" : "MQTT-3.10.3-2";
	do {
		if (reader_ok(&c->r) && reader_left(&c->r) == 0)
			reader_fail(&c->r, REASON_PROTOCOL_ERROR, at_least_one, "no topic filter");
		struct span filter = read_text(&c->r);
		check_filter(c, filter);
		if (c->pk->type == PACKET_SUBSCRIBE)
			read_options(c, filter);
		c->pk->count++;
	} while (reader_left(&c->r));
}

/* [MQTT311-3.9.3-2] */
static bool code_legal(const struct context *c, uint8_t code)
{
	if (c->r.level == LEVEL_5)
		return reason_legal(c->pk->type, c->from, code);
	return code <= 2 || (code == REASON_FAILURE && c->r.level == LEVEL_311);
}

static void read_codes(struct context *c)
{
	read_id(c);
	read_packet_properties(c);
	if (c->r.level != LEVEL_5 && c->pk->type == PACKET_UNSUBACK)
		return;
	c->pk->list = span_of(c->r.p, reader_left(&c->r));
	c->pk->count = c->pk->list.n;
	for (size_t i = 0; i < c->pk->count; i++)
		if (!code_legal(c, c->pk->list.p[i]))
			reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT-3.9.3-2", "a code that this packet cannot carry");
	c->r.p = c->r.end;
}

static void read_nothing(struct context *c)
{
	(void)c;
}

static void read_disconnect(struct context *c)
{
	if (c->r.level == LEVEL_5 && reader_left(&c->r))
		read_reason(c);
	if (c->r.level == LEVEL_5 && reader_left(&c->r))
		read_packet_properties(c);
}

static void read_auth(struct context *c)
{
	if (reader_left(&c->r)) {
		read_reason(c);
		read_packet_properties(c);
	}
	if (reader_ok(&c->r) && !(c->pk->props.has & HAS(AUTH_METHOD))) /* U-3.15.2.2.2-a */
		reader_fail(&c->r, REASON_PROTOCOL_ERROR, "MQTT 5, 3.15.2.2.2", "AUTH without an Authentication Method");
}

static const struct {
	void (*read)(struct context *c);
	uint8_t     flags; /* the only legal ones; PUBLISH has its own */
	uint8_t     from;  /* enum side bits, in 3.x */
	uint8_t     from5;
	const char *name;
} kinds[PACKET_TYPES] = {
	[PACKET_CONNECT] = {read_connect, 0, FROM_CLIENT, FROM_CLIENT, "CONNECT"},
	[PACKET_CONNACK] = {read_connack, 0, FROM_SERVER, FROM_SERVER, "CONNACK"},
	[PACKET_PUBLISH] = {read_publish, 0, FROM_CLIENT | FROM_SERVER, FROM_CLIENT | FROM_SERVER, "PUBLISH"},
	[PACKET_PUBACK] = {read_ack, 0, FROM_CLIENT | FROM_SERVER, FROM_CLIENT | FROM_SERVER, "PUBACK"},
	[PACKET_PUBREC] = {read_ack, 0, FROM_CLIENT | FROM_SERVER, FROM_CLIENT | FROM_SERVER, "PUBREC"},
	[PACKET_PUBREL] = {read_ack, 2, FROM_CLIENT | FROM_SERVER, FROM_CLIENT | FROM_SERVER, "PUBREL"},
	[PACKET_PUBCOMP] = {read_ack, 0, FROM_CLIENT | FROM_SERVER, FROM_CLIENT | FROM_SERVER, "PUBCOMP"},
	[PACKET_SUBSCRIBE] = {read_filters, 2, FROM_CLIENT, FROM_CLIENT, "SUBSCRIBE"},
	[PACKET_SUBACK] = {read_codes, 0, FROM_SERVER, FROM_SERVER, "SUBACK"},
	[PACKET_UNSUBSCRIBE] = {read_filters, 2, FROM_CLIENT, FROM_CLIENT, "UNSUBSCRIBE"},
	[PACKET_UNSUBACK] = {read_codes, 0, FROM_SERVER, FROM_SERVER, "UNSUBACK"},
	[PACKET_PINGREQ] = {read_nothing, 0, FROM_CLIENT, FROM_CLIENT, "PINGREQ"},
	[PACKET_PINGRESP] = {read_nothing, 0, FROM_SERVER, FROM_SERVER, "PINGRESP"},
	[PACKET_DISCONNECT] = {read_disconnect, 0, FROM_CLIENT, FROM_CLIENT | FROM_SERVER, "DISCONNECT"},
	[PACKET_AUTH] = {read_auth, 0, 0, FROM_CLIENT | FROM_SERVER, "AUTH"},
};

const char *packet_name(uint8_t type)
{
	return type < PACKET_TYPES && kinds[type].name ? kinds[type].name : "reserved";
}

/* 3.1 leaves the flags unused, or gives the QoS 1 packets a DUP bit: there they are not looked at. */
bool frame_check(const struct frame *f, uint8_t level, enum side from, struct fault *fault)
{
	static const struct fault no_type = {REASON_MALFORMED, "MQTT 5, 2.1", "not a packet"};
	static const struct fault side = {REASON_PROTOCOL_ERROR, "MQTT 5, 2.1.2", "a packet that the other side may not send"};
	static const struct fault flags = {REASON_MALFORMED, "MQTT-2.1.3-1", "wrong flags in the fixed header"};
	uint8_t may = level == LEVEL_5 ? kinds[f->type].from5 : kinds[f->type].from;
	if (f->type == 0)
		*fault = no_type;
	else if (!(may & from))
		*fault = side;
	else if (f->type != PACKET_PUBLISH && f->flags != kinds[f->type].flags && level != LEVEL_31)
		*fault = flags; /* [MQTT-3.14.1-1], [MQTT-3.15.1-1] and the others */
	else
		return true;
	return false;
}

static void clear(struct packet *pk, uint8_t type)
{
	static const struct packet none;
	if (type == PACKET_CONNECT) {
		*pk = none;
	} else { /* the CONNECT part is large, and counts for CONNECT alone */
		memset(pk, 0, offsetof(struct packet, connect));
		pk->props.has = 0;
		pk->props.user = NULL;
		pk->props.subscription_ids = NULL;
		pk->props.user_count = pk->props.subscription_id_count = 0;
		pk->props.raw = span_of(NULL, 0);
	}
	pk->type = type;
}

int packet_decode(struct packet *pk, uint8_t level, enum side from, const uint8_t *in, size_t len, struct fault *fault)
{
	struct frame f;
	*fault = (struct fault){0};
	struct context c = {{in, in + len, level, fault}, from, 0, pk};
	if (frame_read(&f, level, in, len) != 1 || f.size != len) {
		reader_fail(&c.r, REASON_MALFORMED, "MQTT 5, 2.1", "not a packet");
		return -1;
	}
	clear(pk, f.type);
	c.flags = f.flags;
	if (frame_check(&f, level, from, fault)) {
		c.r.p = in + f.header;
		kinds[f.type].read(&c);
	}
	if (reader_ok(&c.r) && reader_left(&c.r))
		reader_fail(&c.r, REASON_MALFORMED, "MQTT 5, 2.1.4", "bytes are left at the end of the packet");
	return reader_ok(&c.r) ? 0 : -1;
}

bool filter_next(const struct packet *pk, size_t *at, struct filter *f)
{
	if (*at >= pk->list.n)
		return false;
	f->filter = span_of(pk->list.p + *at + 2, get_u16(pk->list.p + *at));
	*at += 2 + f->filter.n;
	f->options = pk->type == PACKET_SUBSCRIBE ? pk->list.p[(*at)++] : 0;
	return true;
}
