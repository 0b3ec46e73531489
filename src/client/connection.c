/* SPDX-License-Identifier: MIT */
/*
 * The turning points of a connection: CONNECT, CONNACK, messages, the loss.
 */
#include <stdlib.h>

#include "client/internal.h"
#include "client/request.h"
#include "client/subscriptions.h"
#include "wire/will.h"

/* ---- CONNECT ---- */

/* [MQTT311-3.1.2-4] */
static bool clean_start(const struct client *c)
{
	if (c->clean_next || c->config.rejoin == MQTTWILL_REJOIN_CLEAN)
		return true;
	/* in 3.x Clean Session 0 leaves a session behind that nobody here could take up again after a restart */
	return c->trying != LEVEL_5 && c->config.rejoin != MQTTWILL_REJOIN_ALWAYS;
}

const char *client_id(const struct client *c)
{
	/* [MQTT-3.1.3-2]: the session is that of the id which was assigned */
	bool given = *c->config.client_id || !c->assigned_id;
	bool here = c->servers.named == c->servers.now || c->config.rejoin == MQTTWILL_REJOIN_ALWAYS;
	return given || !here ? c->config.client_id : c->assigned_id; /* another server may have chosen it for somebody else */
}

void connection_outline(const struct client_config *g, uint8_t level, struct packet *pk)
{
	*pk = (struct packet){.type = PACKET_CONNECT};
	pk->connect.keep_alive = g->keep_alive_s;
	if (level != LEVEL_5)
		return;
	pk->props.has = HAS(RECEIVE_MAXIMUM) | HAS(MAXIMUM_PACKET_SIZE) | (g->session_expiry_s ? HAS(SESSION_EXPIRY) : 0);
	pk->props.receive_maximum = g->receive_maximum;
	pk->props.maximum_packet_size = g->maximum_packet_size;
	pk->props.session_expiry = g->session_expiry_s;
	pk->props.has |= g->topic_alias_maximum ? HAS(TOPIC_ALIAS_MAXIMUM) : 0;
	pk->props.topic_alias_maximum = g->topic_alias_maximum;
	pk->props.has |= g->flags & MQTTWILL_WANT_RESPONSE_INFO ? HAS(REQUEST_RESPONSE) : 0;
	pk->props.request_response = 1;
	pk->props.has |= g->flags & MQTTWILL_NO_PROBLEM_INFO ? HAS(REQUEST_PROBLEM) : 0;
	pk->props.request_problem = 0;
	pk->props.user = g->user_properties;
	pk->props.user_count = g->user_property_count;
	pk->props.has |= (g->auth_method ? HAS(AUTH_METHOD) : 0) | (g->auth_size ? HAS(AUTH_DATA) : 0);
	pk->props.auth_method = span_text(g->auth_method, 0);
	pk->props.auth_data = span_of("", g->auth_size);
}

void connection_outline_now(const struct client *c, uint8_t level, struct packet *pk)
{
	connection_outline(&c->config, level, pk);
	pk->connect.client_id = span_text(client_id(c), 0);
	pk->connect.user_name = server_user(c);
	pk->connect.password = server_password(c);
}

static void fill_connect(const struct client *c, struct packet *pk)
{
	connection_outline_now(c, c->trying, pk);
	pk->connect.clean_start = clean_start(c);
	pk->props.has &= ~(HAS(AUTH_METHOD) | HAS(AUTH_DATA)); /* auth_begin() has the true ones */
}

static int refuse_will(struct client *c, const struct mqttwill_report *report)
{
	const struct mqttwill_finding *f = &report->finding[0];
	bool                           fell = c->trying != c->config.level && !c->settled;
	c->learned = (struct mqttwill_limits){0}; /* the broker shall be asked again */
	return client_fail(c, MQTTWILL_EWILL, "will: %s %s (byte %zu, %s); %s%s", f->field, f->problem, f->offset, f->rule,
	                   f->advice, fell ? "; the broker does not speak MQTT 5, and no CONNECT was sent" : "");
}

/* [W1] the will of this very CONNECT, checked against what the broker is known to take. */
static int add_will(struct client *c, struct packet *pk)
{
	char                    boot_id[48];
	struct mqttwill_will    will = {0};
	struct mqttwill_report  report;
	struct mqttwill_attempt attempt = {++c->attempts, clock_unix_ms(), boot_id, client_id(c)};
	struct mqttwill_limits  limits;
	struct will_context     context = {c->trying, c->config.session_expiry_s, c->config.presence, pk, &limits, false};
	client_limits(c, &limits);
	clock_boot_id(boot_id, sizeof boot_id);
	int rc = c->hooks->will(c->owner, &attempt, &will);
	c->will_delay_s = UINT32_MAX;
	if (rc < 0)
		return client_fail(c, rc, "will: the function that makes it failed, or made none beside presence; no CONNECT was sent");
	if (rc == 0)
		return 0;
	adapt_will(c, &will, &context);
	if (will_check(&will, &context, &report) < 0)
		return refuse_will(c, &report);
	c->will_delay_s = will.delay_s < UINT32_MAX ? will.delay_s : UINT32_MAX - 1;
	will_into_connect(&will, c->trying, pk);
	return 0;
}

int connection_greet(struct client *c)
{
	struct packet pk;
	fill_connect(c, &pk);
	int rc = adapt_connect(c);
	if (rc == 0)
		rc = auth_begin(c, &pk.props);
	if (rc == 0)
		rc = add_will(c, &pk);
	if (rc < 0)
		return rc;
	if (c->limits.maximum_packet_size && packet_size(&pk, c->trying) > c->limits.maximum_packet_size)
		return client_fail(c, MQTTWILL_ETOOBIG, "connect: CONNECT is larger than the broker takes");
	rc = session_connect(c->session, &pk);
	if (rc < 0)
		return client_fail(c, rc, "connect: CONNECT could not be built");
	c->state = CLIENT_GREETING;
	c->adapted.connect_size = (uint32_t)packet_size(&pk, c->trying);
	if (c->update.step != UPDATE_GREETING) /* a callback must not meet two connections; CONNACK will tell */
		adapt_tell(c);
	return 0;
}

/* ---- CONNACK ---- */

static void learn_limits(struct client *c, const struct props *p)
{
	c->limits = (struct mqttwill_limits){
		.maximum_packet_size = p->has & HAS(MAXIMUM_PACKET_SIZE) ? p->maximum_packet_size : 0,
		.maximum_qos_known = p->has & HAS(MAXIMUM_QOS),
		.maximum_qos = p->maximum_qos,
		.no_retain = p->has & HAS(RETAIN_AVAILABLE) && !p->retain_available,
	};
	c->no_wildcards = p->has & HAS(WILDCARD_AVAILABLE) && !p->wildcard_available;
	c->no_shared = p->has & HAS(SHARED_AVAILABLE) && !p->shared_available;
	c->no_subscription_ids = p->has & HAS(SUBSCRIPTION_ID_AVAILABLE) && !p->subscription_id_available;
	uint32_t asked = c->trying == LEVEL_5 ? c->config.session_expiry_s : 0;
	c->session_expiry_s = p->has & HAS(SESSION_EXPIRY) ? p->session_expiry : asked; /* U-3.2.2.3.2-a */
}

static int keep_assigned_id(struct client *c, struct props *p)
{
	if (!(p->has & HAS(ASSIGNED_CLIENT_ID)) || *client_id(c)) /* it is for CONNECT without one, and replaces none */
		return 0;
	char *id = malloc(p->assigned_client_id.n + 1);
	if (!id)
		return client_fail(c, MQTTWILL_ENOMEM, "connack: no memory for the assigned client id");
	memcpy(id, p->assigned_client_id.p, p->assigned_client_id.n);
	id[p->assigned_client_id.n] = 0;
	free(c->assigned_id);
	c->assigned_id = id; /* [MQTT-3.1.3-7] */
	c->servers.named = c->servers.now;
	return 0;
}

static bool may_resume(const struct client *c)
{
	return c->resumable && server_has_session(c);
}

/* A session that could be resumed was begun with another server: the application hears that this is not taken for it. */
static void tell_foreign(struct client *c)
{
	char name[SERVER_TEXT];
	client_fail(c, 0, "connack: %.90s has a session of this client id, which another server's may not be: it is ended, and begun "
	            "anew; where servers share their sessions, MQTTWILL_REJOIN_ALWAYS takes it up", server_name(c, name));
	client_emit(c, &(struct mqttwill_event){.type = MQTTWILL_NOTE, .text = client_why(c)->text, .packet_type = PACKET_CONNACK});
}

/*
 * [Promise 7] A session that this process did not begin: end it with DISCONNECT 0x00, which also cancels the will that was
 * pending since before the restart, and connect anew with Clean Start 1 [MQTT-3.2.2-4].
 */
static int end_foreign_session(struct client *c)
{
	const uint32_t now = 0;
	c->restart = true;
	c->clean_next = true;
	c->state = CLIENT_FINISHING;
	c->attempt_end = c->now_ms + 2000;
	int rc = session_disconnect(c->session, REASON_SUCCESS, &now);
	if (c->resumable)
		tell_foreign(c);
	return rc;
}

/* What was in flight in another version, perhaps of an earlier process, has no place in a session of this one. */
static bool fits_version(const struct client *c)
{
	bool fits = c->level == c->trying;
	for (const struct list *l = c->flight.sent.next; fits && l != &c->flight.sent; l = l->next)
		fits = list_entry(l, struct outgoing, link)->level == c->trying;
	return fits;
}

/* MQTT 3.1 has no Session Present. */
static bool tells_session(const struct client *c)
{
	return c->level != LEVEL_31;
}

/* [MQTT311-3.1.2-4] */
static bool resumed(const struct client *c, const struct packet *pk)
{
	if (!fits_version(c))
		return false;
	if (!tells_session(c)) /* assume that the broker did as it was asked */
		return !clean_start(c) && may_resume(c);
	return pk->session_present;
}

static void fill_connack(const struct client *c, const struct packet *pk, struct mqttwill_connack *ack)
{
	const struct props   *p = &pk->props;
	const struct session *s = c->session;
	*ack = (struct mqttwill_connack){
		.client_id = client_id(c),
		.session_expiry_s = c->session_expiry_s,
		.maximum_packet_size = s->maximum_out,
		.receive_maximum = p->has & HAS(RECEIVE_MAXIMUM) ? p->receive_maximum : UINT16_MAX,
		.topic_alias_maximum = p->has & HAS(TOPIC_ALIAS_MAXIMUM) ? p->topic_alias_maximum : 0,
		.keepalive_s = (uint16_t)(s->keep_alive_ms / 1000),
		.maximum_qos = s->maximum_qos,
		.retain_available = s->retain_available,
		.session_present = pk->session_present,
		.version = c->level == LEVEL_5 ? MQTTWILL_V5 : c->level,
		.wildcard_available = !c->no_wildcards,
		.shared_available = c->level == LEVEL_5 && !c->no_shared,
		.subscription_id_available = c->level == LEVEL_5 && !c->no_subscription_ids,
	};
}

static void tell_up(struct client *c, struct packet *pk)
{
	struct props           *p = &pk->props;
	struct user_list        users;
	struct mqttwill_connack ack;
	struct mqttwill_reached reached;
	char                    server[SERVER_LONG], text[REACHED_TEXT];
	struct mqttwill_event   ev = {.type = MQTTWILL_UP, .text = text, .connack = &ack, .reached = &reached};
	fill_connack(c, pk, &ack);
	driver_reached(c, &reached, server);
	client_reached_text(&reached, text);
	words_take(&users, p, &ev);
	ack.server_reference = ev.server_reference;
	if (p->has & HAS(RESPONSE_INFORMATION))
		ack.response_information = span_terminate(&p->response_information);
	client_emit(c, &ev);
	users_free(&users);
}

/* The broker may shorten the session, and with it the will's delay [MQTT-3.1.2-8]. */
static void tell_cut_delay(struct client *c)
{
	bool has_will = c->will_delay_s != UINT32_MAX && c->level == LEVEL_5;
	if (has_will && c->will_delay_s > c->session_expiry_s && c->session_expiry_s < c->config.session_expiry_s)
		client_emit_will(c, 0, "will: the broker ends the session after %u s, so the will comes then, not after %u s",
		                 (unsigned)c->session_expiry_s, (unsigned)c->will_delay_s);
}

static size_t presence_in_flight(const struct client *c)
{
	size_t n = 0;
	for (struct list *l = c->flight.sent.next; l != &c->flight.sent; l = l->next)
		n += list_entry(l, struct outgoing, link)->presence;
	return n;
}

/*
 * An earlier process may have left messages at QoS 2 halfway there. What comes under one of their identifiers is taken for a
 * duplicate and never published, a birth no less: so ours begin anywhere.
 */
static void avoid_identifiers(struct client *c, const struct packet *pk)
{
	bool inherited = pk->session_present || (c->trying == LEVEL_31 && !clean_start(c));
	if (inherited && !may_resume(c) && list_empty(&c->flight.sent))
		c->flight.last_id = (uint16_t)clock_random(c, UINT16_MAX);
}

/* What is not there any more is not gone on with [MQTT311-3.1.2-6], [MQTT311-3.2.2-3]. */
static int accepted(struct client *c, struct packet *pk)
{
	bool foreign = c->trying == LEVEL_5 && pk->session_present && !may_resume(c) &&
	               c->config.rejoin != MQTTWILL_REJOIN_ALWAYS;
	int rc = keep_assigned_id(c, &pk->props);
	if (rc == 0)
		rc = requests_learn(c, &pk->props);
	if (rc < 0)
		return rc;
	c->settled = true;
	if (foreign) /* [MQTT-3.2.2-4] */
		return end_foreign_session(c);
	avoid_identifiers(c, pk);
	bool same = resumed(c, pk), moved = servers_change(c);
	servers_accepted(c, pk->session_present);
	learn_limits(c, &pk->props);
	if (!same)
		queue_session_lost(c); /* [MQTT-3.2.2-5], [MQTT-3.1.2-4] */
	c->level = c->trying;
	if ((!same || c->doubtful || moved || !tells_session(c)) && subscriptions_renew(c) < 0)
		return client_fail(c, MQTTWILL_ENOMEM, "connack: no memory to subscribe again");
	c->clean_next = c->doubtful = false;
	c->state = CLIENT_UP;
	durable_touch(c);
	c->up_at = c->now_ms;
	queue_refuse(c);
	const struct list *last = c->flight.sent.prev; /* the birth comes behind it, and is not sent again [W2] */
	session_mark_resend(c->session, last);
	c->hooks->connacked(c->owner, presence_in_flight(c));
	rc = session_resend(c->session, last);
	if (rc < 0)
		return client_fail(c, rc, "connack: no memory to send again what was in flight");
	switch_armed(c);
	tell_up(c, pk);
	tell_cut_delay(c);
	adapt_connack(c);
	return 0;
}

/* What a refusal means for the will, where it may be the cause. */
static const struct {
	uint8_t     reason;
	const char *advice;
} will_refusals[] = {
	{REASON_NOT_AUTHORIZED, "either the client may not connect, or it may not publish to its will's topic"},
	{REASON_BAD_TOPIC, "the broker does not accept the will's topic"},
	{REASON_TOO_LARGE, "CONNECT is larger than the broker takes; try to shorten the will"},
	{REASON_QUOTA, "a quota of the broker is used up"},
	{REASON_BAD_PAYLOAD_FORMAT, "the broker does not find the will's payload to be what its Payload Format Indicator says"},
	{REASON_NO_RETAIN, "the broker retains no messages, so the will may not be retained"},
	{REASON_NO_QOS, "the will's QoS is above what the broker takes"},
};

static const char *keep_words(struct client *c, const struct props *p)
{
	words_free(c->words);
	c->words = words_keep(p);
	return words_reason(c->words);
}

static int refused(struct client *c, struct session_event *ev)
{
	struct packet *pk = &ev->packet;
	const char    *advice = "";
	bool           will = c->will_delay_s != UINT32_MAX;
	for (size_t i = 0; will && i < sizeof will_refusals / sizeof will_refusals[0]; i++)
		if (will_refusals[i].reason == pk->reason)
			advice = will_refusals[i].advice;
	int error = will && pk->reason == REASON_TOO_LARGE ? MQTTWILL_EWILLREFUSED : ev->error;
	if (!will && error == MQTTWILL_EWILLREFUSED)
		error = MQTTWILL_EREFUSED;
	const char *words = keep_words(c, &pk->props);
	c->reason_code = pk->reason;
	return client_fail(c, error, "connack: %s (0x%02x)%s%s%s%s%s%s", reason_name(PACKET_CONNACK, pk->reason), pk->reason,
	                   *advice ? ": " : "", advice, words ? "; the broker says \"" : "", words ? words : "", words ? "\"" : "",
	                   adapt_refusal(c, pk));
}

static int on_connack(struct client *c, struct session_event *ev)
{
	if (ev->error)
		return refused(c, ev);
	int rc = auth_connacked(c, &ev->packet.props);
	if (rc < 0)
		return rc;
	switch_accepted(c);
	return accepted(c, &ev->packet);
}

/* ---- The rest ---- */

static int on_done(struct client *c, struct session_event *ev)
{
	queue_done(c, ev->outgoing, ev);
	return 0;
}

static int on_pong(struct client *c, struct session_event *ev)
{
	(void)ev;
	c->confirmed = true;
	c->hooks->presence_done(c->owner, NULL, 0);
	return 0;
}

static int on_note(struct client *c, struct session_event *ev)
{
	const struct outgoing *o = ev->outgoing;
	words_note(c, &ev->packet, o && !o->presence && o->token > 0 ? o->token : 0);
	return 0;
}

static int on_oversize(struct client *c, struct session_event *ev)
{
	(void)ev;
	client_emit(c, &(struct mqttwill_event){.type = MQTTWILL_OVERSIZE});
	return 0;
}

static int on_broker_left(struct client *c, struct session_event *ev)
{
	struct packet *pk = &ev->packet;
	const char    *words = keep_words(c, &pk->props);
	c->reason_code = pk->reason;
	return client_fail(c, ev->error, "disconnect: the broker says %s (0x%02x)%s%s%s",
	                   reason_name(PACKET_DISCONNECT, pk->reason), pk->reason, words ? ": \"" : "", words ? words : "",
	                   words ? "\"" : "");
}

static int on_failed(struct client *c, struct session_event *ev)
{
	if (ev->error == MQTTWILL_ETOOBIG)
		return client_fail(c, ev->error, "session: an answer is larger than the broker's Maximum Packet Size (MQTT-3.2.2-15)");
	if (ev->error != MQTTWILL_EPROTOCOL)
		return client_fail(c, ev->error, "session: %s", "no memory to go on");
	return client_fail(c, ev->error, "protocol: the broker broke a rule: %s (%s)", ev->fault.text, ev->fault.rule);
}

static int (*const handlers[])(struct client *c, struct session_event *ev) = {
	[SESSION_CONNACK] = on_connack, [SESSION_MESSAGE] = connection_message,  [SESSION_DONE] = on_done,
	[SESSION_PONG] = on_pong,       [SESSION_OVERSIZE] = on_oversize,        [SESSION_BROKER_LEFT] = on_broker_left,
	[SESSION_FAILED] = on_failed,   [SESSION_AUTH] = connection_auth,        [SESSION_NOTE] = on_note,
};

int connection_event(struct client *c, struct session_event *ev)
{
	return handlers[ev->type](c, ev);
}
