/* SPDX-License-Identifier: MIT */
/*
 * A request is told by its correlation data, which nobody can guess, so that no stranger answers in another's name. What comes
 * to a reply topic without belonging to an open request is late, and its request has ended: it is acknowledged and dropped.
 */
#include "client/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "client/internal.h"
#include "client/subscriptions.h"
#include "wire/message.h"
#include "wire/topic.h"

enum { DEFAULT_TIMEOUT_MS = 30000, WAIT_FOR_MEMORY_MS = 100, SECRET = 8, CORRELATION = SECRET + 8, SETTLED = -1 };

struct request {
	struct list  link;
	struct arena arena;              /* of the message; empty once it is published */
	struct arena kept;               /* of the given response topic and correlation data */
	struct mqttwill_message message; /* its response_topic is NULL until it is known */
	int64_t  token;
	int64_t  asked;     /* the token of the SUBSCRIBE that it waits for; 0: none */
	int64_t  published; /* the token of its PUBLISH; 0: not yet, SETTLED: it is out, and has no fate of its own any more */
	uint64_t asked_ms, deadline;
	size_t   size;
	char    *topic;     /* of ours, whose subscription is kept for the next ones; NULL where the caller gave one */
	uint8_t  correlation[CORRELATION];
};

static struct request *request_of(struct list *l)
{
	return list_entry(l, struct request, link);
}

static struct request *next_of(const struct client *c, const struct request *r)
{
	struct list *l = r ? r->link.next : c->requests.next;
	return l == &c->requests ? NULL : request_of(l);
}

static struct span topic_of(const struct request *r)
{
	return span_text(r->message.response_topic, r->message.response_topic_len);
}

static struct span correlation_of(const struct request *r)
{
	return span_of(r->message.correlation_data, r->message.correlation_data_len);
}

void requests_init(struct client *c)
{
	list_init(&c->requests);
	c->request_at = UINT64_MAX;
}

static void release(struct client *c, struct request *r)
{
	list_remove(&r->link);
	c->open_requests--;
	c->request_bytes -= r->size;
	arena_fini(&r->arena);
	arena_fini(&r->kept);
	free(r->topic);
	free(r);
}

void requests_fini(struct client *c)
{
	for (struct list *l; (l = list_first(&c->requests));)
		release(c, request_of(l));
	free(c->response_info);
	c->response_info = NULL;
}

bool requests_pending(const struct client *c, int64_t token)
{
	for (struct request *r = NULL; (r = next_of(c, r));)
		if (r->token == token)
			return true;
	return false;
}

static struct request *find(const struct client *c, struct span topic, struct span correlation)
{
	for (struct request *r = NULL; (r = next_of(c, r));)
		if (span_equal(correlation_of(r), correlation) && span_equal(topic_of(r), topic))
			return r;
	return NULL;
}

/* ---- The end ---- */

static void forget_topic(struct client *c, const struct request *gone)
{
	for (struct request *r = NULL; (r = next_of(c, r));)
		if (r != gone && span_equal(topic_of(r), topic_of(gone)))
			return;
	subscriptions_drop_own(c, topic_of(gone));
}

static void end(struct client *c, struct request *r, int error, struct mqttwill_event *ev)
{
	ev->type = MQTTWILL_REPLY;
	ev->token = r->token;
	ev->error = error;
	outcome_remember(c, r->token, error);
	if (error && r->published > 0)
		queue_withdraw(c, r->published);
	if (r->message.response_topic && !r->topic)
		forget_topic(c, r);
	release(c, r);
	client_emit(c, ev);
}

static void fail(struct client *c, struct request *r, int error, const char *why)
{
	client_fail(c, error, "request: %s", why);
	end(c, r, error, &(struct mqttwill_event){0});
}

void requests_cancel(struct client *c)
{
	for (struct list *l; (l = list_first(&c->requests)) && !c->doomed;) {
		struct request *r = request_of(l);
		c->undelivered += r->published == 0 || (r->published > 0 && queue_withdraw(c, r->published));
		fail(c, r, MQTTWILL_ECANCELED, "the client was closed before the reply came");
	}
}

static struct request *waiting_for(const struct client *c, int64_t token)
{
	for (struct request *r = NULL; (r = next_of(c, r));)
		if (r->asked == token || r->published == token)
			return r;
	return NULL;
}

void requests_outcome(struct client *c, int64_t token, int error, struct mqttwill_event *ev)
{
	ev->codes = NULL;
	ev->code_count = 0;
	c->requests_due = true;
	for (struct request *r; !c->doomed && (r = waiting_for(c, token));) {
		if (r->asked == token)
			r->asked = 0;
		else
			r->published = SETTLED;
		struct mqttwill_event told = *ev;
		if (error)
			end(c, r, error, &told);
	}
}

/* ---- Replies ---- */

bool requests_take(struct client *c, const struct mqttwill_message *m)
{
	struct span topic = span_of(m->topic, m->topic_len);
	if (list_empty(&c->requests) && c->reply_topics == 0)
		return false;
	struct mqttwill_message reply = *m;
	struct request *r = m->correlation_data ? find(c, topic, span_of(m->correlation_data, m->correlation_data_len)) : NULL;
	reply.ack = 0; /* the library acknowledges it */
	if (r && r->published)
		end(c, r, 0, &(struct mqttwill_event){.message = &reply});
	else
		return subscriptions_own(c, topic) && !client_subscribed(c, topic);
	return true;
}

/* ---- Response topics ---- */

int requests_learn(struct client *c, const struct props *p)
{
	bool  has = p->has & HAS(RESPONSE_INFORMATION);
	char *info = has ? calloc(1, p->response_information.n + 1) : NULL;
	if (has && !info)
		return client_fail(c, MQTTWILL_ENOMEM, "connack: no memory for the Response Information");
	if (has)
		memcpy(info, p->response_information.p, p->response_information.n);
	free(c->response_info);
	c->response_info = info;
	c->requests_due = true;
	return 0;
}

static char *put_escaped(char *to, char byte)
{
	static const char hex[] = "0123456789ABCDEF";
	*to++ = '%';
	*to++ = hex[(unsigned char)byte >> 4];
	*to++ = hex[byte & 15];
	return to;
}

/* "reply/CLIENT-ID"; a client id may have what a topic may not, and percent signs keep different ids different. */
static void name_by_id(const struct client *c, char *to)
{
	const char *id = client_id(c);
	for (to = stpcpy(to, "reply/"); *id; id++)
		if (strchr("+#/%", *id))
			to = put_escaped(to, *id);
		else
			*to++ = *id;
	*to = 0;
}

/* Below the Response Information [MQTT 5, 3.2.2.3.15]. False: it gives no topic. */
static bool name_by_info(const struct client *c, char *to)
{
	struct topic_fault fault;
	size_t             n = c->response_info ? strlen(c->response_info) : 0;
	if (n == 0)
		return false;
	stpcpy(stpcpy(to, c->response_info), c->response_info[n - 1] == '/' ? "reply" : "/reply");
	return topic_name_check(span_text(to, 0), &fault);
}

static bool name_topic(struct client *c, struct request *r)
{
	const char *id = client_id(c);
	char       *topic = malloc((c->response_info ? strlen(c->response_info) : 0) + 3 * strlen(id) + sizeof "reply/" + 1);
	if (topic && !name_by_info(c, topic))
		name_by_id(c, topic);
	r->message.response_topic = r->topic = topic;
	r->message.response_topic_len = topic ? strlen(topic) : 0;
	return topic;
}

/* ---- Going on ---- */

/* Its Message Expiry Interval runs while it waits for the subscription. False: it has run out. */
static bool spend_expiry(const struct client *c, struct request *r)
{
	uint64_t waited = (c->now_ms - r->asked_ms) / 1000;
	if (!(r->message.has & MQTTWILL_HAS_MESSAGE_EXPIRY) || waited == 0)
		return true;
	if (r->message.message_expiry_s <= waited)
		return false;
	r->message.message_expiry_s -= (uint32_t)waited;
	return true;
}

/* It is in the queue, and counts there; what tells its reply is kept. */
static void drop_message(struct client *c, struct request *r)
{
	struct span topic = topic_of(r), correlation = correlation_of(r);
	r->message = (struct mqttwill_message){
		.response_topic = (const char *)topic.p,
		.response_topic_len = topic.n,
		.correlation_data = correlation.p,
		.correlation_data_len = correlation.n,
	};
	arena_fini(&r->arena);
	c->request_bytes -= r->size;
	r->size = topic.n + correlation.n;
	c->request_bytes += r->size;
}

static int publish(struct client *c, struct request *r)
{
	struct packet pk;
	if (!spend_expiry(c, r)) {
		fail(c, r, MQTTWILL_EEXPIRED, "its message_expiry_s passed before there was a subscription for the reply");
		return 0;
	}
	message_into_publish(&r->message, &pk);
	int64_t token = queue_add(c, &pk);
	if (token < 0)
		return (int)token;
	r->published = token;
	drop_message(c, r);
	return 0;
}

/* 0, or MQTTWILL_ENOMEM: it is to be tried again. */
static int advance(struct client *c, struct request *r)
{
	if (c->level != LEVEL_5) {
		fail(c, r, MQTTWILL_EUNSUPPORTED, "the broker does not speak MQTT 5 (4.10)");
		return 0;
	}
	if (!r->message.response_topic && !name_topic(c, r))
		return MQTTWILL_ENOMEM;
	int64_t asked = subscriptions_want_own(c, topic_of(r));
	r->asked = asked > 0 ? asked : 0;
	if (asked < 0)
		return (int)asked;
	return asked || r->published ? 0 : publish(c, r);
}

static void expire(struct client *c)
{
	uint64_t next = UINT64_MAX;
	for (struct request *r = next_of(c, NULL), *after; r && !c->doomed; r = after) {
		after = next_of(c, r);
		if (r->deadline <= c->now_ms)
			fail(c, r, MQTTWILL_ETIMEOUT, "no reply came in time");
	}
	for (struct request *r = NULL; (r = next_of(c, r));)
		next = r->deadline < next ? r->deadline : next;
	c->request_at = next;
}

void requests_step(struct client *c)
{
	if (c->now_ms >= c->request_at)
		expire(c);
	if (!c->requests_due || c->doomed || c->state != CLIENT_UP || c->closing)
		return;
	c->requests_due = false;
	for (struct request *r = next_of(c, NULL), *after; r && !c->doomed; r = after) {
		after = next_of(c, r);
		c->requests_due |= advance(c, r) < 0;
	}
}

uint64_t requests_deadline(const struct client *c)
{
	bool     again = c->requests_due && c->state == CLIENT_UP && !c->closing;
	uint64_t memory = again ? c->now_ms + WAIT_FOR_MEMORY_MS : UINT64_MAX;
	return memory < c->request_at ? memory : c->request_at;
}

/* ---- The call ---- */

static int check_room(struct client *c, size_t size)
{
	if (size > c->config.queue_bytes)
		return client_fail(c, MQTTWILL_ETOOBIG, "request: %zu bytes are above queue_bytes, %u", size, (unsigned)c->config.queue_bytes);
	if (c->open_requests >= c->config.queue_messages || c->request_bytes + size > c->config.queue_bytes)
		return client_fail(c, MQTTWILL_EFULL, "request: %u requests of %zu bytes are open already (queue_messages, queue_bytes)",
		                   (unsigned)c->open_requests, c->request_bytes);
	return 0;
}

static int check(struct client *c, const struct mqttwill_message *m, size_t *size)
{
	struct packet pk;
	int           rc = 0;
	if (c->closing)
		return client_fail(c, MQTTWILL_ESTATE, "request: the client is closing");
	if (c->level != LEVEL_5)
		return client_fail(c, MQTTWILL_EUNSUPPORTED, "request: requests and replies need MQTT 5 (4.10)");
	if (m->correlation_data && m->response_topic &&
	    find(c, span_text(m->response_topic, m->response_topic_len), span_of(m->correlation_data, m->correlation_data_len)))
		return client_fail(c, MQTTWILL_EINVAL, "request: another one with this response topic and correlation data is open");
	message_into_publish(m, &pk);
	*size = packet_size(&pk, LEVEL_5);
	if (*size == 0)
		return client_fail(c, MQTTWILL_EMESSAGE, "request: the packet is longer than MQTT can say (MQTT 5, 2.1.4)");
	if (c->session && c->state == CLIENT_UP)
		rc = session_takes(c->session, *size, pk.qos, pk.retain);
	return rc < 0 ? ending_explain_takes(c, rc, pk.type, *size, pk.qos) : check_room(c, *size);
}

static void correlate(struct client *c, struct request *r)
{
	if (r->message.correlation_data)
		return;
	clock_secret(c, r->correlation, SECRET);
	for (unsigned i = 0; i < 8; i++)
		r->correlation[SECRET + i] = (uint8_t)((uint64_t)r->token >> (56 - 8 * i));
	r->message.correlation_data = r->correlation;
	r->message.correlation_data_len = CORRELATION;
}

static struct request *copy(const struct mqttwill_message *m)
{
	struct mqttwill_message rest = *m;
	struct request         *r = calloc(1, sizeof *r);
	rest.response_topic = NULL;
	rest.correlation_data = NULL;
	if (!r)
		return NULL;
	message_copy(&r->arena, &r->message, &rest);
	r->message.response_topic = arena_text(&r->kept, m->response_topic, m->response_topic_len);
	r->message.correlation_data = arena_copy(&r->kept, m->correlation_data, m->correlation_data_len);
	if (!r->arena.failed && !r->kept.failed)
		return r;
	arena_fini(&r->arena);
	arena_fini(&r->kept);
	free(r);
	return NULL;
}

int64_t client_request(struct client *c, const struct mqttwill_message *m, uint32_t timeout_ms)
{
	size_t          size;
	int             rc = check(c, m, &size);
	struct request *r = rc < 0 ? NULL : copy(m);
	if (!r)
		return rc < 0 ? rc : client_fail(c, MQTTWILL_ENOMEM, "request: no memory for it");
	r->size = size;
	r->token = ++c->last_token;
	r->asked_ms = clock_ms();
	r->deadline = r->asked_ms + (timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS);
	correlate(c, r);
	list_push(&c->requests, &r->link);
	c->open_requests++;
	c->request_bytes += size;
	c->request_at = r->deadline < c->request_at ? r->deadline : c->request_at;
	c->requests_due = true;
	clock_wake(c);
	return r->token;
}
