/* SPDX-License-Identifier: MIT */
/*
 * CONNECT, in the order of MQTT 5, 3.1.4: what may be refused is refused first and changes nothing; then the take-over,
 * where the old connection's will has its say; then Clean Start; then the new will; then CONNACK.
 */
#include "base/utf8.h"
#include "broker/auth.h"
#include "broker/bugs.h"
#include "broker/delivery.h"
#include "broker/link.h"
#include "broker/session.h"
#include "broker/will.h"

#include <stdio.h>

/* ---- CONNACK ---- */

/* The return codes of 3.x; a reason that has none is told by closing without CONNACK. */
static const struct {
	uint8_t reason, code;
} return_codes[] = {
	{REASON_SUCCESS, 0},         {REASON_BAD_VERSION, 1},    {REASON_BAD_CLIENT_ID, 2}, {REASON_UNAVAILABLE, 3},
	{REASON_BAD_CREDENTIALS, 4}, {REASON_NOT_AUTHORIZED, 5}, {REASON_BUSY, 3},          {REASON_BANNED, 5},
};

static void send_connack(struct broker_link *l, struct packet *pk)
{
	size_t i = 0;
	if (l->level == LEVEL_5) {
		link_send(l, pk);
		return;
	}
	while (i < sizeof return_codes / sizeof return_codes[0] && return_codes[i].reason != pk->reason)
		i++;
	if (i == sizeof return_codes / sizeof return_codes[0])
		return;
	pk->reason = return_codes[i].code;
	pk->session_present &= l->level != LEVEL_31; /* 3.1 has no such bit */
	link_send(l, pk);
}

static void refuse(struct broker_link *l, uint8_t reason, const char *text, struct span client_id, uint64_t now_ms)
{
	struct packet       pk = {.type = PACKET_CONNACK, .reason = reason};
	struct broker_event event = {.type = BROKER_REFUSED, .client_id = client_id, .reason = reason, .text = text};
	broker_explain(l->broker, &pk, text);
	broker_say(l->broker, event, now_ms);
	send_connack(l, &pk);
	link_close(l, reason, text, now_ms); /* [MQTT-3.2.2-7] */
}

void connect_refuse(struct broker_link *l, uint8_t reason, const char *text, uint64_t now_ms)
{
	refuse(l, reason, text, span_of(NULL, 0), now_ms);
}

uint8_t connect_level(struct span bytes)
{
	struct frame f;
	if (frame_read(&f, LEVEL_311, bytes.p, bytes.n) != 1 || bytes.n < f.header + 2u)
		return 0;
	size_t at = f.header + 2u + get_u16(bytes.p + f.header);
	return at < bytes.n ? bytes.p[at] : 0;
}

void connect_failed(struct broker_link *l, struct span bytes, const struct fault *fault, uint64_t now_ms)
{
	uint8_t level = bytes.n && bytes.p[0] >> 4 == PACKET_CONNECT ? connect_level(bytes) : 0;
	l->level = level >= LEVEL_5 ? LEVEL_5 : LEVEL_311; /* a version that is not known yet is told 0x84 [MQTT-3.1.2-2] */
	if (level && bug(l->broker, BROKER_B26)) {
		send_connack(l, &(struct packet){.type = PACKET_CONNACK});
		link_close(l, 0, fault->text, now_ms);
		return;
	}
	if (!level || !reason_legal(PACKET_CONNACK, FROM_SERVER, fault->reason))
		l->packet_max = 0; /* nothing can be told */
	refuse(l, fault->reason, fault->text, span_of(NULL, 0), now_ms); /* [MQTT-3.1.4-1], U-4.13.1-a */
}

/* A broker of an older, or a newer, make than the client. True: it has refused. */
static bool refuse_version(struct broker_link *l, const struct connect *c, uint64_t now_ms)
{
	static const uint8_t forms[] = {
		[BROKER_REFUSES_AS_311] = LEVEL_311, [BROKER_REFUSES_AS_5] = LEVEL_5, [BROKER_REFUSES_BY_CLOSING] = 0,
	};
	const struct broker_options *o = &l->broker->options;
	if (o->levels == 0 || o->levels & 1u << c->level)
		return false;
	if (o->version_refusal == BROKER_REFUSES_BY_CLOSING)
		l->packet_max = 0; /* nothing can be told */
	else if (o->version_refusal != BROKER_REFUSES_IN_KIND)
		l->level = forms[o->version_refusal];
	refuse(l, REASON_BAD_VERSION, "a version that this broker does not speak", c->client_id, now_ms);
	return true;
}

/* ---- What may be refused ---- */

struct request {
	struct broker_link   *link;
	const struct packet  *pk;
	const struct connect *connect;
};

static uint8_t check_client_id(const struct request *r)
{
	size_t n = r->connect->client_id.n;
	bool   bad = (r->connect->level == LEVEL_31 && (n < 1 || n > 23)) ||
	           (r->connect->level == LEVEL_311 && n == 0 && !r->connect->clean_start); /* [311: MQTT-3.1.3-8] */
	return bad ? REASON_BAD_CLIENT_ID : 0; /* [MQTT-3.1.3-5], [MQTT-3.1.3-8] */
}

static bool equal(struct span given, const char *wanted)
{
	return !wanted || (given.p && span_equal(given, span_of(wanted, strlen(wanted))));
}

static uint8_t check_method(const struct request *r)
{
	bool named = r->pk->props.has & HAS(AUTH_METHOD);
	bool known = r->link->broker->options.auth_method && equal(r->pk->props.auth_method, r->link->broker->options.auth_method);
	return named && !known ? REASON_BAD_AUTH_METHOD : 0; /* [MQTT-4.12.0-1] */
}

static uint8_t check_credentials(const struct request *r)
{
	const struct broker_options *options = &r->link->broker->options;
	bool good = equal(r->connect->user_name, options->user_name) && equal(r->connect->password, options->password);
	return good || r->link->auth ? 0 : REASON_BAD_CREDENTIALS;
}

static uint8_t check_will_qos(const struct request *r)
{
	bool good = !r->connect->has_will || r->connect->will_qos <= broker_maximum_qos(r->link->broker);
	return good || bug(r->link->broker, BROKER_B18) ? 0 : REASON_NO_QOS; /* [MQTT-3.2.2-12] */
}

static uint8_t check_will_retain(const struct request *r)
{
	bool good = !r->connect->has_will || !r->connect->will_retain || broker_retains(r->link->broker);
	return good || bug(r->link->broker, BROKER_B18) ? 0 : REASON_NO_RETAIN; /* [MQTT-3.2.2-13] */
}

static uint8_t check_will_format(const struct request *r)
{
	const struct connect *c = r->connect;
	if (!c->has_will || !(c->will.has & HAS(PAYLOAD_FORMAT)) || c->will.payload_format != 1)
		return 0;
	/* U-3.1.3.2.3-b */
	return utf8_good_text(c->will_payload.p, c->will_payload.n) == c->will_payload.n ? 0 : REASON_BAD_PAYLOAD_FORMAT;
}

static uint8_t check_operator(const struct request *r)
{
	uint8_t reason = r->link->broker->refuse_next;
	r->link->broker->refuse_next = 0;
	return reason ? reason : r->link->broker->options.refuse;
}

static uint8_t check(const struct request *r)
{
	static uint8_t (*const checks[])(const struct request *r) = {
		check_client_id, check_method, check_credentials, check_will_qos, check_will_retain, check_will_format,
		check_operator,
	};
	uint8_t reason = 0;
	for (size_t i = 0; i < sizeof checks / sizeof checks[0] && !reason; i++)
		reason = checks[i](r);
	return reason;
}

/* ---- What changes ---- */

/* 3.x has no session expiry: Clean Session ends the session with its connection, otherwise it stays. */
static uint32_t expiry_asked(const struct request *r)
{
	if (r->connect->level != LEVEL_5)
		return r->connect->clean_start ? 0 : EXPIRY_NEVER;
	return r->pk->props.has & HAS(SESSION_EXPIRY) ? r->pk->props.session_expiry : 0;
}

static uint32_t expiry_in_force(const struct request *r)
{
	const struct props *announce = &r->link->broker->options.announce;
	bool                overrides = r->connect->level == LEVEL_5 && announce->has & HAS(SESSION_EXPIRY);
	return overrides ? announce->session_expiry : expiry_asked(r); /* U-3.2.2.3.2-a */
}

static void settle_link(const struct request *r)
{
	const struct props *announce = &r->link->broker->options.announce, *asked = &r->pk->props;
	struct broker_link *l = r->link;
	bool                serverside = r->connect->level == LEVEL_5 && announce->has & HAS(SERVER_KEEP_ALIVE);
	/* [MQTT-3.2.2-21], [MQTT-3.2.2-22] */
	l->keep_alive_s = serverside ? announce->server_keep_alive : r->connect->keep_alive;
	l->receive_maximum = asked->has & HAS(RECEIVE_MAXIMUM) ? asked->receive_maximum : 65535;
	l->quota = l->receive_maximum;
	if (l->level != LEVEL_5)
		return;
	uint16_t theirs = asked->has & HAS(TOPIC_ALIAS_MAXIMUM) ? asked->topic_alias_maximum : 0;
	uint16_t ours = broker_alias_maximum(l->broker);
	aliases_init(&l->aliases_in, ours);
	aliases_init(&l->aliases_out, theirs < ours ? theirs : ours); /* [MQTT-3.1.2-26] */
}

static void settle_level(const struct request *r)
{
	bool limits = r->pk->props.has & HAS(MAXIMUM_PACKET_SIZE);
	r->link->level = r->connect->level;
	r->link->packet_max = limits ? r->pk->props.maximum_packet_size : UINT32_MAX;
}

/*
 * 3.1.4, step 3. The old connection's will is due from now, and published now where nothing delays it:
 * U-3.1.3.2.2-d, U-3.1.4-a, U-3.1.4-b. True: there was one.
 */
static bool take_over(struct broker *b, struct span client_id, bool clean_start, uint64_t now_ms)
{
	struct session *old = session_find(b, client_id);
	if (!old || !old->link)
		return false;
	bugs_at_takeover(old, clean_start, now_ms);
	link_end(old->link, REASON_TAKEN_OVER, "another connection took the session over", now_ms); /* [MQTT-3.1.4-3] */
	return true;
}

/*
 * 3.1.4, step 4. Which session the connection is to have: an old one, where the take-over left it and the client wants
 * it, or a new one. *present tells which.
 */
static struct session *settle_session(const struct request *r, struct span client_id, bool taken_over, bool *present,
                                      uint64_t now_ms)
{
	struct session *old = session_find(r->link->broker, client_id);
	if (old && r->connect->clean_start) {
		bugs_at_clean_start(old, now_ms);
		session_end(old, now_ms); /* [MQTT-3.1.2-4], [MQTT-3.1.4-4] */
		old = NULL;
	}
	*present = old != NULL; /* [MQTT-3.2.2-3] */
	if (old && (taken_over || !bugs_at_return(old, now_ms)))
		will_cancel(old, now_ms); /* [MQTT-3.1.3-9] */
	return old ? old : session_new(r->link->broker, client_id); /* [MQTT-3.1.2-5], [MQTT-3.1.2-6] */
}

static void accept(const struct request *r, struct session *s, bool present, bool assigned, uint64_t now_ms)
{
	struct packet pk = {.type = PACKET_CONNACK, .session_present = present, .props = r->link->broker->options.announce};
	/* [MQTT-3.1.4-5], [MQTT-3.2.2-9] */
	bool informs = r->pk->props.has & HAS(REQUEST_RESPONSE) && r->pk->props.request_response;
	pk.props.has &= ~(HAS(SERVER_REFERENCE) | (informs ? 0 : HAS(RESPONSE_INFORMATION))); /* [MQTT-3.1.2-28] */
	if (assigned) {
		pk.props.has |= HAS(ASSIGNED_CLIENT_ID); /* [MQTT-3.1.3-7] */
		pk.props.assigned_client_id = s->client_id;
	}
	if (r->link->auth)
		auth_into_connack(r->link->auth, &pk.props);
	broker_say(s->broker,
	           (struct broker_event){
			   .type = BROKER_CONNECTED,
			   .client_id = s->client_id,
			   .session_present = present,
		   },
	           now_ms);
	send_connack(r->link, &pk);
	misbehave_accepted(r->link);
	r->link->state = LINK_UP;
	link_touch(r->link, now_ms);
}

static struct span assign_id(struct broker *b, char buf[32])
{
	do
		snprintf(buf, 32, "stub-%llu", (unsigned long long)++b->assigned);
	while (session_find(b, span_text(buf, 0))); /* [MQTT-3.1.3-6], [MQTT-3.2.2-16] */
	return span_text(buf, 0);
}

/* Without a will there is none, not even one from before [MQTT311-3.1.2-12]. */
void on_connect(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	const struct connect *c = &pk->connect;
	struct request        r = {l, pk, c};
	char                  buf[32];
	bool                  present, assigned = c->client_id.n == 0;
	settle_level(&r);
	if (refuse_version(l, c, now_ms))
		return;
	if (pk->props.has & HAS(AUTH_METHOD) && !l->auth && check_method(&r) == 0) {
		exchange_begin(l, pk, now_ms);
		return;
	}
	uint8_t reason = check(&r); /* [MQTT-3.1.4-2]; nothing has changed so far U-3.1.4-e */
	if (reason) {
		refuse(l, reason, reason_name(PACKET_CONNACK, reason), c->client_id, now_ms);
		return;
	}
	struct span     client_id = assigned ? assign_id(l->broker, buf) : c->client_id;
	struct message *will = c->has_will ? message_from_will(c, client_id) : NULL;
	bool            taken_over = take_over(l->broker, client_id, c->clean_start, now_ms);
	struct session *s = settle_session(&r, client_id, taken_over, &present, now_ms);
	if (!s || (c->has_will && !will)) {
		message_release(will);
		refuse(l, REASON_QUOTA, "no memory", client_id, now_ms);
		return;
	}
	session_attach(s, l);
	s->expiry_s = expiry_in_force(&r);
	settle_link(&r);
	/* before CONNACK [MQTT-3.1.2-7]; without a delay at once U-3.1.3.2.2-b */
	will_store(s, will, c->will.has & HAS(WILL_DELAY) ? c->will.will_delay : 0, now_ms);
	bugs_at_new_will(s, taken_over, now_ms);
	accept(&r, s, present, assigned, now_ms);
	delivery_resume(s, now_ms); /* [MQTT-4.4.0-1] */
}
