/* SPDX-License-Identifier: MIT */
/*
 * Publish, subscribe, unsubscribe: nothing illegal gets past here.
 */
#include <stdlib.h>

#include "api/handle.h"
#include "base/utf8.h"
#include "wire/topic.h"
#include "wire/will.h"

static int bad_topic(mqttwill *c, const char *what, const struct topic_fault *fault)
{
	return client_fail(&c->client, MQTTWILL_ETOPIC, "%s: the topic %s (byte %zu, %s); %s", what, fault->problem,
	                   fault->offset, fault->rule, fault->advice);
}

static int bad_field(mqttwill *c, const char *field, const struct topic_fault *fault)
{
	return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: %s %s (byte %zu, %s); %s", field, fault->problem,
	                   fault->offset, fault->rule, fault->advice);
}

static bool has_properties(const struct mqttwill_message *m)
{
	return m->has || m->message_expiry_s || m->payload_format || m->content_type || m->response_topic || m->correlation_data || m->user_property_count;
}

static int check_users(mqttwill *c, const struct mqttwill_message *m)
{
	struct topic_fault fault;
	if (!m->user_properties && m->user_property_count)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: user_property_count is set, and user_properties is NULL");
	for (size_t i = 0; i < m->user_property_count; i++) {
		const struct mqttwill_user_property *u = &m->user_properties[i];
		if (!text_check(span_text(u->name, u->name_len), &fault))
			return bad_field(c, "a user property's name", &fault);
		if (!text_check(span_text(u->value, u->value_len), &fault))
			return bad_field(c, "a user property's value", &fault);
	}
	return 0;
}

static int check_properties(mqttwill *c, const struct mqttwill_message *m, struct span payload)
{
	struct topic_fault fault;
	const uint32_t     legal = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT;
	if (c->client.level != LEVEL_5)
		return client_fail(&c->client, MQTTWILL_EUNSUPPORTED, "publish: message properties need MQTT 5 (MQTT 5, 3.3.2.3)");
	if ((m->message_expiry_s && !(m->has & MQTTWILL_HAS_MESSAGE_EXPIRY)) ||
	    (m->payload_format && !(m->has & MQTTWILL_HAS_PAYLOAD_FORMAT)))
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: message_expiry_s or payload_format is set, and its bit in has "
		                                                  "is not (mqttwill.h)");
	if (m->has & ~legal)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: has names a property that PUBLISH does not carry");
	if (!text_check(span_text(m->content_type, m->content_type_len), &fault))
		return bad_field(c, "content_type", &fault);
	if (m->response_topic && !topic_name_check(span_text(m->response_topic, m->response_topic_len), &fault))
		return bad_field(c, "response_topic", &fault);
	if (m->has & MQTTWILL_HAS_PAYLOAD_FORMAT && m->payload_format > 1)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload_format is not 0 or 1 (MQTT 5, 3.3.2.3.2)");
	if (m->has & MQTTWILL_HAS_PAYLOAD_FORMAT && m->payload_format && utf8_good_text(payload.p, payload.n) != payload.n)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload is not UTF-8 (byte %zu, MQTT 5, 3.3.2.3.2)",
		                   utf8_good_text(payload.p, payload.n));
	if (m->correlation_data && m->correlation_data_len > FIELD_MAX)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: correlation_data is longer than 65,535 bytes (MQTT 5, 1.5.6)");
	return check_users(c, m);
}

static int check_message(mqttwill *c, const struct mqttwill_message *m, struct span payload)
{
	struct topic_fault fault;
	if (!topic_name_check(span_text(m->topic, m->topic_len), &fault))
		return bad_topic(c, "publish", &fault);
	if (m->qos > 2)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: qos is not 0, 1 or 2 (MQTT-3.3.1-4)");
	if (m->payload && m->text)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload is given twice, as bytes and as text (mqttwill.h)");
	if (!m->payload && !m->text && m->payload_len)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload_len is set, and payload is NULL (mqttwill.h)");
	if (payload.n > REMAINING_MAX)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload has %zu bytes; a packet has 268,435,455 at the most "
		                                                  "(MQTT 5, 2.1.4)", payload.n);
	return has_properties(m) ? check_properties(c, m, payload) : 0;
}

static void fill_properties(struct props *p, const struct mqttwill_message *m)
{
	p->has = (m->has & MQTTWILL_HAS_MESSAGE_EXPIRY ? HAS(MESSAGE_EXPIRY) : 0) |
	         (m->has & MQTTWILL_HAS_PAYLOAD_FORMAT ? HAS(PAYLOAD_FORMAT) : 0) | (m->content_type ? HAS(CONTENT_TYPE) : 0) |
	         (m->response_topic ? HAS(RESPONSE_TOPIC) : 0) | (m->correlation_data ? HAS(CORRELATION_DATA) : 0);
	p->message_expiry = m->message_expiry_s;
	p->payload_format = m->payload_format;
	p->content_type = span_text(m->content_type, m->content_type_len);
	p->response_topic = span_text(m->response_topic, m->response_topic_len);
	p->correlation_data = span_of(m->correlation_data, m->correlation_data_len);
	p->user = m->user_properties;
	p->user_count = m->user_property_count;
}

int64_t mqttwill_publish(mqttwill *c, const struct mqttwill_message *m)
{
	int rc = handle_check(c);
	if (rc < 0 || !m)
		return rc < 0 ? rc : MQTTWILL_EINVAL;
	struct packet pk;
	struct span   payload = payload_of(m->payload, m->payload_len, m->text);
	rc = check_message(c, m, payload);
	if (rc < 0)
		return rc;
	pk.type = PACKET_PUBLISH;
	pk.id = 0;
	pk.count = 0;
	pk.qos = m->qos;
	pk.retain = m->retain;
	pk.dup = false;
	pk.topic = span_text(m->topic, m->topic_len);
	pk.payload = payload;
	pk.props.has = 0;
	pk.props.user = NULL;
	pk.props.subscription_ids = NULL;
	pk.props.user_count = 0;
	if (has_properties(m))
		fill_properties(&pk.props, m);
	return client_send(&c->client, &pk, m->want_done);
}

static int check_subscription(mqttwill *c, const struct mqttwill_subscription *s)
{
	struct topic_fault fault;
	struct span        filter = span_text(s->filter, s->filter_len);
	bool               v5 = c->client.level == LEVEL_5;
	if (!topic_filter_check(filter, v5, &fault))
		return bad_topic(c, "subscribe", &fault);
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
		if (!topic_filter_check(f[i].filter, c->client.level == LEVEL_5, &fault))
			rc = bad_topic(c, "unsubscribe", &fault);
	}
	if (rc == 0)
		return request(c, PACKET_UNSUBSCRIBE, f, count);
	free(f);
	return rc;
}
