/* SPDX-License-Identifier: MIT */
/*
 * MQTTWILL_ADAPT: what an older version or the broker's limits take from CONNECT, the will and presence's messages, and how
 * that is told: once for each change, when the bytes that carry it are on their way. Without the flag it is refused.
 */
#include "client/internal.h"
#include "wire/will.h"

/* Bits of adapted.now and adapted.told, beside enum will_change. */
enum {
	ADAPTED_QOS_0 = 1u << 16, /* the will's new QoS is 0, not 1 */
	ADAPTED_SESSION = 1u << 17,
	ADAPTED_BIRTH_QOS = 1u << 18,
	ADAPTED_BIRTH_RETAIN = 1u << 19,
	ADAPTED_CONNECT_USERS = 1u << 20,
	ADAPTED_BIRTH = ADAPTED_BIRTH_QOS | ADAPTED_BIRTH_RETAIN
};

static bool adapts(const struct client *c)
{
	return c->config.flags & MQTTWILL_ADAPT;
}

void client_limits(const struct client *c, struct mqttwill_limits *out)
{
	const struct mqttwill_limits *l = &c->learned;
	*out = c->limits;
	out->no_retain |= l->no_retain;
	if (l->maximum_qos_known && (!out->maximum_qos_known || l->maximum_qos < out->maximum_qos)) {
		out->maximum_qos_known = true;
		out->maximum_qos = l->maximum_qos;
	}
	if (l->maximum_packet_size && (!out->maximum_packet_size || l->maximum_packet_size < out->maximum_packet_size))
		out->maximum_packet_size = l->maximum_packet_size;
}

/* ---- Before CONNECT ---- */

/* What CONNECT of MQTT 5 says beside the will, and an older one cannot. */
static uint32_t connect_losses(const struct client *c)
{
	const struct client_config *g = &c->config;
	if (c->trying == LEVEL_5)
		return 0;
	return (g->session_expiry_s ? ADAPTED_SESSION : 0u) | (g->user_property_count ? ADAPTED_CONNECT_USERS : 0u);
}

int adapt_connect(struct client *c)
{
	uint32_t lost = c->config.auto_level ? connect_losses(c) : 0; /* a version that was chosen has been checked */
	c->adapted.now = (c->adapted.now & ADAPTED_BIRTH) | lost;
	if (!lost || adapts(c))
		return 0;
	if (lost & ADAPTED_SESSION)
		return client_fail(c, MQTTWILL_EUNSUPPORTED, "connect: session_expiry_s is %u, and %s has no Session Expiry Interval "
		                   "(MQTT 5, 3.1.2.11.2); set it to 0, or MQTTWILL_ADAPT to do without; no CONNECT was sent",
		                   (unsigned)c->config.session_expiry_s, version_name(c->trying));
	return client_fail(c, MQTTWILL_EUNSUPPORTED, "connect: user_properties are given, and %s has none (MQTT 5, 3.1.2.11.8); leave "
	                   "them out, or set MQTTWILL_ADAPT to do without; no CONNECT was sent", version_name(c->trying));
}

void adapt_will(struct client *c, struct mqttwill_will *will, const struct will_context *context)
{
	struct adapted *a = &c->adapted;
	a->delay_s = will->delay_s;
	a->qos = will->qos;
	bool chosen = context->level != LEVEL_5 && !c->config.auto_level; /* then a will that it cannot carry is a mistake */
	if (adapts(c) && !chosen)
		a->now |= will_adapt(will, context);
	if (a->now & WILL_QOS && will->qos == 0)
		a->now |= ADAPTED_QOS_0;
	a->left = will_properties(will) & WILL_DROPPABLE;
	a->will_qos = will->qos;
	a->will_retain = will->retain;
}

/* ---- Telling ---- */

static void tell_properties(struct client *c, uint32_t changes)
{
	char names[WILL_CHANGES_TEXT];
	will_changes(changes, names);
	if (c->trying == LEVEL_5)
		client_emit_will(c, MQTTWILL_EWILLREFUSED, "will: left out, or CONNECT would be larger than the broker takes "
		                 "(MQTT-3.2.2-15): %s", names);
	else if (changes & WILL_DELAY)
		client_emit_will(c, MQTTWILL_EUNSUPPORTED, "will: left out, because %s has no will properties (MQTT 5, 3.1.3.2): %s; "
		                 "delay_s was %u, and now the will comes at once", version_name(c->trying), names,
		                 (unsigned)c->adapted.delay_s);
	else
		client_emit_will(c, MQTTWILL_EUNSUPPORTED, "will: left out, because %s has no will properties (MQTT 5, 3.1.3.2): %s",
		                 version_name(c->trying), names);
}

/* The sentence is the client's error. */
static void tell_connect(struct client *c)
{
	client_emit(c, &(struct mqttwill_event){
			       .type = MQTTWILL_NOTE,
			       .error = MQTTWILL_EUNSUPPORTED,
			       .packet_type = PACKET_CONNECT,
		       });
}

static void tell_session(struct client *c)
{
	client_fail(c, MQTTWILL_EUNSUPPORTED, "connect: left out, because %s does not have it (MQTT 5, 3.1.2.11.2): "
	            "session_expiry_s, which was %u; now the session %s", version_name(c->trying),
	            (unsigned)c->config.session_expiry_s,
	            c->config.rejoin == MQTTWILL_REJOIN_ALWAYS ? "lasts as long as the broker keeps it" : "ends with the connection");
	tell_connect(c);
}

static void tell_connect_users(struct client *c)
{
	client_fail(c, MQTTWILL_EUNSUPPORTED, "connect: left out, because %s does not have it (MQTT 5, 3.1.2.11.8): user_properties",
	            version_name(c->trying));
	tell_connect(c);
}

void adapt_tell(struct client *c)
{
	const struct adapted *a = &c->adapted;
	uint32_t              fresh = a->now & ~a->told;
	c->adapted.told = a->now;
	if (fresh & (WILL_DROPPABLE | WILL_DELAY))
		tell_properties(c, fresh & (WILL_DROPPABLE | WILL_DELAY));
	if (fresh & (WILL_QOS | ADAPTED_QOS_0))
		client_emit_will(c, MQTTWILL_EWILLREFUSED, "will: qos %u is lowered to %u, the broker's Maximum QoS (MQTT-3.2.2-12)",
		                 a->qos, a->will_qos);
	if (fresh & WILL_RETAIN)
		client_emit_will(c, MQTTWILL_EWILLREFUSED, "will: retain is cleared, because the broker retains no messages "
		                 "(MQTT-3.2.2-13); who subscribes later does not see it");
	if (fresh & ADAPTED_SESSION)
		tell_session(c);
	if (fresh & ADAPTED_CONNECT_USERS)
		tell_connect_users(c);
	if (fresh & ADAPTED_BIRTH_QOS)
		client_emit_will(c, MQTTWILL_EUNSUPPORTED, "presence: birth and goodbye have the broker's Maximum QoS, %u (MQTT-3.2.2-11)",
		                 a->birth_qos);
	if (fresh & ADAPTED_BIRTH_RETAIN)
		client_emit_will(c, MQTTWILL_EUNSUPPORTED, "presence: birth and goodbye are not retained, because the broker retains no "
		                 "messages (MQTT-3.2.2-14)");
}

/* ---- Behind CONNACK ---- */

void client_adapt(struct client *c, struct packet *pk)
{
	struct mqttwill_limits limits;
	uint32_t               changes = 0;
	client_limits(c, &limits);
	if (!adapts(c))
		return;
	if (limits.maximum_qos_known && pk->qos > limits.maximum_qos) {
		pk->qos = c->adapted.birth_qos = limits.maximum_qos;
		changes |= ADAPTED_BIRTH_QOS;
	}
	if (limits.no_retain && pk->retain) {
		pk->retain = false;
		changes |= ADAPTED_BIRTH_RETAIN;
	}
	c->adapted.now = (c->adapted.now & ~(uint32_t)ADAPTED_BIRTH) | changes;
}

void adapt_connack(struct client *c)
{
	const struct adapted         *a = &c->adapted;
	const struct mqttwill_limits *l = &c->limits;
	bool will = c->will_delay_s != UINT32_MAX;
	if (will && l->maximum_qos_known && a->will_qos > l->maximum_qos)
		client_emit_will(c, 0, "will: it has QoS %u, the broker took it, and says that its Maximum QoS is %u (MQTT-3.2.2-12)",
		                 a->will_qos, l->maximum_qos);
	if (will && l->no_retain && a->will_retain)
		client_emit_will(c, 0, "will: it is retained, the broker took it, and says that it retains no messages (MQTT-3.2.2-13); "
		                 "who subscribes later may not see it");
	adapt_tell(c);
}

/* ---- A refusal ---- */

static bool learn_retain(struct client *c, const struct props *p)
{
	(void)p;
	c->learned.no_retain |= c->adapted.will_retain;
	return c->adapted.will_retain;
}

static bool learn_qos(struct client *c, const struct props *p)
{
	uint8_t had = c->adapted.will_qos;
	bool    named = p->has & HAS(MAXIMUM_QOS) && p->maximum_qos < had;
	if (had == 0)
		return false;
	c->learned.maximum_qos_known = true;
	c->learned.maximum_qos = named ? p->maximum_qos : (uint8_t)(had - 1);
	return true;
}

/* Where the broker names no size, any smaller one may do: properties go one by one. */
static bool learn_size(struct client *c, const struct props *p)
{
	uint32_t had = c->adapted.connect_size;
	bool     named = p->has & HAS(MAXIMUM_PACKET_SIZE) && p->maximum_packet_size < had;
	if (c->adapted.left == 0)
		return false;
	c->learned.maximum_packet_size = named ? p->maximum_packet_size : had - 1;
	return true;
}

static const struct {
	uint8_t reason;
	bool  (*learn)(struct client *c, const struct props *p);
	const char *without;
} refusals[] = {
	{REASON_NO_RETAIN, learn_retain, "; tried again at once, with a will that is not retained"},
	{REASON_NO_QOS, learn_qos, "; tried again at once, with a will of a lower QoS"},
	{REASON_TOO_LARGE, learn_size, "; tried again at once, with fewer will properties"},
};

const char *adapt_refusal(struct client *c, const struct packet *pk)
{
	bool may = adapts(c) && c->will_delay_s != UINT32_MAX;
	for (size_t i = 0; may && i < sizeof refusals / sizeof refusals[0]; i++)
		if (refusals[i].reason == pk->reason && refusals[i].learn(c, &pk->props)) {
			c->again = true;
			return refusals[i].without;
		}
	return "";
}
