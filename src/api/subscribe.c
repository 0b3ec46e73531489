/* SPDX-License-Identifier: MIT */
/*
 * Subscribe and unsubscribe: nothing illegal gets past here.
 */
#include <stdlib.h>

#include "api/handle.h"
#include "wire/topic.h"

enum { SUBSCRIPTION_ID_MAX = 268435455 };

int api_bad_topic(mqttwill *c, const char *what, const struct topic_fault *fault)
{
	return client_fail(&c->client, MQTTWILL_ETOPIC, "%s: the topic %s (byte %zu, %s); %s", what, fault->problem,
	                   fault->offset, fault->rule, fault->advice);
}

static int check_subscription(mqttwill *c, const struct mqttwill_subscription *s)
{
	struct topic_fault fault;
	struct span        filter = span_text(s->filter, s->filter_len);
	bool               v5 = client_offers(&c->client) == LEVEL_5;
	if (!topic_filter_check(filter, v5, &fault)) /* [MQTT-3.8.3-1] */
		return api_bad_topic(c, "subscribe", &fault);
	if (s->qos > 2 || s->retain_handling > 2)
		return client_fail(&c->client, MQTTWILL_EINVAL, "subscribe: qos and retain_handling are 0, 1 or 2 (MQTT 5, 3.8.3.1)");
	if (!v5 && (s->no_local || s->retain_as_published || s->retain_handling))
		return client_fail(&c->client, MQTTWILL_EUNSUPPORTED, "subscribe: subscription options need MQTT 5");
	if (s->no_local && filter.n >= 7 && !memcmp(filter.p, "$share/", 7))
		return client_fail(&c->client, MQTTWILL_EINVAL, "subscribe: a shared subscription has no No Local (MQTT-3.8.3-4)");
	return 0;
}

/* A SUBSCRIBE carries one identifier for all its filters [MQTT 5, 3.8.2.1.2]. */
static int check_ids(mqttwill *c, const struct mqttwill_subscription *s, size_t count)
{
	bool     adapt = c->client.config.flags & MQTTWILL_ADAPT;
	uint32_t id = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t own = s[i].subscription_id;
		if (own > SUBSCRIPTION_ID_MAX)
			return client_fail(&c->client, MQTTWILL_EINVAL, "subscribe: subscription_id %u is above 268,435,455 "
			                                                "(MQTT 5, 3.8.2.1.2)", (unsigned)own);
		if (own && id && own != id)
			return client_fail(&c->client, MQTTWILL_EINVAL, "subscribe: subscription_id %u and %u in one call; one SUBSCRIBE has "
			                                                "one for all its filters (MQTT 5, 3.8.2.1.2)", (unsigned)id, (unsigned)own);
		id = own ? own : id;
	}
	if (id && c->client.level != LEVEL_5 && !adapt)
		return client_fail(&c->client, MQTTWILL_EUNSUPPORTED, "subscribe: subscription_id needs MQTT 5 (3.8.2.1.2)");
	return 0;
}

static int check_count(mqttwill *c, const void *given, size_t count)
{
	int rc = handle_check(c);
	if (rc == 0 && (!given || count == 0 || count > FIELD_MAX)) /* [MQTT-3.8.3-2], [MQTT-3.10.3-2] */
		rc = client_fail(&c->client, MQTTWILL_EINVAL, "subscribe, unsubscribe: 1 to 65,535 filters (MQTT-3.8.3-2)");
	return rc;
}

int64_t mqttwill_subscribe(mqttwill *c, const struct mqttwill_subscription *s, size_t count)
{
	int rc = check_count(c, s, count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = check_subscription(c, &s[i]);
	if (rc == 0)
		rc = check_ids(c, s, count);
	return rc < 0 ? rc : client_subscribe(&c->client, s, count);
}

static int check_filter(mqttwill *c, struct span filter)
{
	struct topic_fault fault;
	/* [MQTT-3.10.3-1] */
	bool good = topic_filter_check(filter, client_offers(&c->client) == LEVEL_5, &fault);
	return good ? 0 : api_bad_topic(c, "unsubscribe", &fault);
}

int64_t mqttwill_unsubscribe(mqttwill *c, const char *const *filters, size_t count)
{
	int            rc = check_count(c, filters, count);
	struct filter *f = rc == 0 ? calloc(count, sizeof *f) : NULL;
	if (rc == 0 && !f)
		rc = client_fail(&c->client, MQTTWILL_ENOMEM, "unsubscribe: no memory for the filters");
	for (size_t i = 0; rc == 0 && i < count; i++) {
		f[i].filter = span_text(filters[i], 0);
		rc = check_filter(c, f[i].filter);
	}
	const struct packet pk = {.type = PACKET_UNSUBSCRIBE, .filters = f, .count = count};
	int64_t             token = rc < 0 ? rc : client_send(&c->client, &pk, false);
	free(f);
	return token;
}
