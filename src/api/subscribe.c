/* SPDX-License-Identifier: MIT */
/*
 * Subscribe and unsubscribe: nothing illegal gets past here.
 */
#include <stdlib.h>

#include "api/handle.h"
#include "wire/topic.h"

int api_bad_topic(mqttwill *c, const char *what, const struct topic_fault *fault)
{
	return client_fail(&c->client, MQTTWILL_ETOPIC, "%s: the topic %s (byte %zu, %s); %s", what, fault->problem,
	                   fault->offset, fault->rule, fault->advice);
}

static int check_subscription(mqttwill *c, const struct mqttwill_subscription *s)
{
	struct topic_fault fault;
	struct span        filter = span_text(s->filter, s->filter_len);
	bool               v5 = c->client.level == LEVEL_5;
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

/* Sends a request about filters that were checked; frees them. */
static int64_t request(mqttwill *c, uint8_t type, struct filter *filters, size_t count)
{
	struct packet pk = {.type = type, .filters = filters, .count = count};
	int64_t       token = client_send(&c->client, &pk, false);
	free(filters);
	return token;
}

static struct filter *new_filters(mqttwill *c, const void *given, size_t count, int *rc)
{
	*rc = handle_check(c);
	if (*rc < 0)
		return NULL;
	struct filter *f = given && count && count <= FIELD_MAX ? calloc(count, sizeof *f) : NULL;
	/* [MQTT-3.8.3-2], [MQTT-3.10.3-2] */
	if (!given || count == 0 || count > FIELD_MAX)
		*rc = client_fail(&c->client, MQTTWILL_EINVAL, "subscribe, unsubscribe: 1 to 65,535 filters (MQTT-3.8.3-2)");
	else if (!f)
		*rc = client_fail(&c->client, MQTTWILL_ENOMEM, "subscribe, unsubscribe: no memory for the filters");
	return f;
}

int64_t mqttwill_subscribe(mqttwill *c, const struct mqttwill_subscription *s, size_t count)
{
	int            rc;
	struct filter *f = new_filters(c, s, count, &rc);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = check_subscription(c, &s[i]);
		f[i].filter = span_text(s[i].filter, s[i].filter_len);
		f[i].options = (uint8_t)(s[i].qos | (s[i].no_local ? OPTION_NO_LOCAL : 0) |
		                         (s[i].retain_as_published ? OPTION_RETAIN_AS_PUBLISHED : 0) | s[i].retain_handling << 4);
	}
	if (rc == 0)
		return request(c, PACKET_SUBSCRIBE, f, count);
	free(f);
	return rc;
}

int64_t mqttwill_unsubscribe(mqttwill *c, const char *const *filters, size_t count)
{
	int                rc;
	struct topic_fault fault;
	struct filter     *f = new_filters(c, filters, count, &rc);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		f[i].filter = span_text(filters[i], 0);
		if (!topic_filter_check(f[i].filter, c->client.level == LEVEL_5, &fault)) /* [MQTT-3.10.3-1] */
			rc = api_bad_topic(c, "unsubscribe", &fault);
	}
	if (rc == 0)
		return request(c, PACKET_UNSUBSCRIBE, f, count);
	free(f);
	return rc;
}
