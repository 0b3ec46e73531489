/* SPDX-License-Identifier: MIT */
/*
 * SUBSCRIBE and UNSUBSCRIBE: all filters are settled first, then SUBACK is sent, then the retained messages.
 */
#include "broker/delivery.h"
#include "broker/link.h"
#include "broker/retain.h"
#include "broker/subscription.h"
#include "wire/topic.h"

#include <stdlib.h>

/* The answer to one filter, and the subscription it made; NULL where it made none that wants retained messages. */
struct grant {
	struct subscription *retained_for;
	uint8_t              code;
};

static void say(struct broker_link *l, enum broker_event_type type, struct span filter, uint8_t code, uint64_t now_ms)
{
	broker_say(l->broker,
	           (struct broker_event){
			   .type = type,
			   .client_id = l->session->client_id,
			   .topic = filter,
			   .reason = code,
		   },
	           now_ms);
}

/* [MQTT-3.3.1-9], also where it existed [MQTT-3.8.4-4], [MQTT-3.3.1-10], [MQTT-3.3.1-11]; 3.x has only the first way. */
static bool wants_retained(uint8_t options, bool existed)
{
	int handling = (options & OPTION_RETAIN_HANDLING) >> 4;
	return handling == 0 || (handling == 1 && !existed);
}

/* The same in all versions: 3.x does not know of it, but brokers offer it there, too. */
static bool is_share(struct span filter)
{
	return filter.n >= 7 && !memcmp(filter.p, "$share/", 7);
}

/* [MQTT-3.2.2-17] and its neighbours: what CONNACK said there is not. */
static uint8_t unavailable(const struct broker_link *l, const struct packet *pk, struct span filter)
{
	struct topic_fault  fault;
	const struct props *a = &l->broker->options.announce;
	bool                wild = memchr(filter.p, '#', filter.n) || memchr(filter.p, '+', filter.n);
	if (is_share(filter) && l->level == LEVEL_5 && !broker_shares(l->broker))
		return REASON_NO_SHARED;
	if (is_share(filter) && broker_shares(l->broker) && !topic_filter_check(filter, true, &fault))
		return REASON_BAD_FILTER; /* of 3.x: in MQTT 5 it was not decoded */
	if (wild && broker_lacks(l->broker, HAS(WILDCARD_AVAILABLE), a->wildcard_available))
		return REASON_NO_WILDCARD;
	if (pk->props.has & HAS(SUBSCRIPTION_ID) &&
	    broker_lacks(l->broker, HAS(SUBSCRIPTION_ID_AVAILABLE), a->subscription_id_available))
		return REASON_NO_SUBSCRIPTION_ID;
	return 0;
}

static struct grant grant(struct broker_link *l, const struct packet *pk, const struct filter *f)
{
	uint8_t  maximum = broker_maximum_qos(l->broker), options = f->options;
	uint32_t id = pk->props.has & HAS(SUBSCRIPTION_ID) ? pk->props.subscription_id : 0;
	bool     existed;
	uint8_t  lacking = unavailable(l, pk, f->filter);
	if (lacking)
		return (struct grant){.code = lacking};
	if ((options & OPTION_QOS) > maximum) /* [MQTT-3.2.2-10] */
		options = (uint8_t)((options & ~OPTION_QOS) | maximum);
	struct subscription *sub = subscription_set(l->session, f->filter, options, id, &existed);
	if (!sub)
		return (struct grant){.code = REASON_QUOTA};
	sub->shared = broker_shares(l->broker) && is_share(f->filter);
	bool retained = !sub->shared && wants_retained(options, existed); /* MQTT 5, 4.8.2 */
	return (struct grant){retained ? sub : NULL, options & OPTION_QOS};
}

static struct grant judge(struct broker_link *l, const struct packet *pk, const struct filter *f, bool *end,
                          uint64_t now_ms)
{
	enum acl_verdict verdict = acl_check(&l->broker->acl, ACL_SUBSCRIBE, topic_filter_plain(f->filter));
	struct grant     g = {.code = REASON_NOT_AUTHORIZED};
	if (verdict == ACL_ALLOW)
		g = grant(l, pk, f);
	else
		say(l, BROKER_DENIED, f->filter, g.code, now_ms);
	*end |= verdict == ACL_DISCONNECT;
	say(l, BROKER_SUBSCRIBED, f->filter, g.code, now_ms);
	return g;
}

/* 3.1.1 has one code for all failures, and 3.1 none: there the QoS that was asked for is granted, and nothing comes. */
static uint8_t code_for(const struct broker_link *l, uint8_t code, const struct filter *f)
{
	if (code < REASON_FAILURE || l->level == LEVEL_5)
		return code;
	return l->level == LEVEL_311 ? REASON_FAILURE : f->options & OPTION_QOS;
}

static void send_retained(struct broker_link *l, const struct subscription *sub, uint64_t now_ms)
{
	struct session *s = l->session;
	struct message *m;
	for (struct list *at = NULL; (m = retain_next(l->broker, sub->filter, &at, now_ms));) {
		uint8_t               granted = sub->options & OPTION_QOS;
		struct delivery_order order = {
			.qos = m->qos < granted ? m->qos : granted,
			.retain = true, /* [MQTT311-3.3.1-8] */
			.ids = &sub->id,
			.id_count = sub->id != 0,
		};
		bool hidden = acl_check(&l->broker->acl, ACL_SUBSCRIBE, m->topic) != ACL_ALLOW;
		if (!hidden && !subscription_is_local(s, sub, m))
			delivery_add(s, m, &order, now_ms);
	}
}

static void send_codes(struct broker_link *l, enum packet_type type, uint16_t id, const uint8_t *codes, size_t count)
{
	link_send(l, &(struct packet){.type = (uint8_t)type, .id = id, .list = span_of(codes, count), .count = count});
}

void on_subscribe(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	struct grant *grants = calloc(pk->count, sizeof *grants);
	uint8_t      *codes = calloc(pk->count, 1);
	struct filter f;
	bool          end = !grants || !codes;
	size_t        n = 0;
	for (size_t at = 0; grants && codes && filter_next(pk, &at, &f); n++) {
		grants[n] = judge(l, pk, &f, &end, now_ms);
		codes[n] = code_for(l, grants[n].code, &f);
	}
	if (!end)
		send_codes(l, PACKET_SUBACK, pk->id, codes, n); /* [MQTT-3.8.4-1] */
	for (size_t i = 0; !end && i < n; i++)
		if (grants[i].retained_for)
			send_retained(l, grants[i].retained_for, now_ms);
	free(grants);
	free(codes);
	if (end)
		link_end(l, REASON_NOT_AUTHORIZED, "subscribing to this filter is not allowed", now_ms);
}

void on_unsubscribe(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	uint8_t      *codes = calloc(pk->count, 1);
	struct filter f;
	size_t        n = 0;
	for (size_t at = 0; codes && filter_next(pk, &at, &f); n++) {
		codes[n] = subscription_remove(l->session, f.filter) ? REASON_SUCCESS : REASON_NO_SUBSCRIPTION;
		say(l, BROKER_UNSUBSCRIBED, f.filter, codes[n], now_ms);
	}
	if (codes)
		send_codes(l, PACKET_UNSUBACK, pk->id, codes, n); /* [MQTT-3.10.4-4], [MQTT-3.10.4-5], [MQTT-3.10.4-6] */
	free(codes);
}
