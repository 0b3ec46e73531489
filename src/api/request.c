/* SPDX-License-Identifier: MIT */
/*
 * Requests and replies [MQTT 5, 4.10].
 */
#include "api/handle.h"

int64_t mqttwill_request(mqttwill *c, const struct mqttwill_message *m, uint32_t timeout_ms)
{
	int rc = handle_check(c);
	if (rc == 0 && !m)
		rc = client_fail(&c->client, MQTTWILL_EINVAL, "request: the message is NULL");
	if (rc == 0)
		rc = api_check_message(c, m);
	return rc < 0 ? rc : client_request(&c->client, m, timeout_ms);
}

static int check_reply(mqttwill *c, const struct mqttwill_message *request, const struct mqttwill_message *reply)
{
	struct client *client = &c->client;
	if (!request || !reply)
		return client_fail(client, MQTTWILL_EINVAL, "reply: the request or the reply is NULL");
	if (client->level != LEVEL_5)
		return client_fail(client, MQTTWILL_EUNSUPPORTED, "reply: requests and replies need MQTT 5 (4.10)");
	if (!request->response_topic)
		return client_fail(client, MQTTWILL_EINVAL, "reply: the message has no response_topic, so it asks for no reply (MQTT 5, 3.3.2.3.5)");
	if (reply->topic || reply->correlation_data)
		return client_fail(client, MQTTWILL_EINVAL, "reply: topic and correlation_data are the request's, and not to be given "
		                                            "(MQTT 5, 4.10)");
	return 0;
}

int64_t mqttwill_reply(mqttwill *c, const struct mqttwill_message *request, const struct mqttwill_message *reply)
{
	int rc = handle_check(c);
	if (rc == 0)
		rc = check_reply(c, request, reply);
	if (rc < 0)
		return rc;
	struct mqttwill_message m = *reply;
	m.topic = request->response_topic;
	m.topic_len = request->response_topic_len;
	m.correlation_data = request->correlation_data;
	m.correlation_data_len = request->correlation_data_len;
	return mqttwill_publish(c, &m);
}
