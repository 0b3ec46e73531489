/* SPDX-License-Identifier: MIT */
/*
 * What waits was encoded for the version that was spoken then, and in hope of a broker that takes it. Where this connection
 * is another it is made to fit when its turn comes, or refused; nothing is sent wrong, and nothing is left out in silence.
 */
#include <stdarg.h>
#include <stdio.h>

#include "client/internal.h"
#include "client/subscriptions.h"
#include "wire/topic.h"

static bool adapts(const struct client *c)
{
	return c->config.flags & MQTTWILL_ADAPT;
}

uint8_t client_offers(const struct client *c)
{
	return c->config.auto_level && adapts(c) ? LEVEL_5 : c->level;
}

/* Options and shared subscriptions of MQTT 5 [3.8.3.1, 4.8.2]. */
static bool filter_needs_5(const struct filter *f)
{
	return topic_filter_plain(f->filter).n < f->filter.n || f->options & ~OPTION_QOS;
}

static bool needs_5(const struct packet *pk)
{
	bool needs = pk->props.has || pk->props.user_count;
	for (size_t i = 0; i < pk->count && pk->type != PACKET_PUBLISH; i++)
		needs |= filter_needs_5(&pk->filters[i]);
	return needs;
}

uint8_t fit_level(const struct client *c, const struct packet *pk)
{
	return client_offers(c) != c->level && needs_5(pk) ? LEVEL_5 : c->level;
}

uint8_t fit_renewal_level(const struct client *c, const struct packet *pk)
{
	return needs_5(pk) ? LEVEL_5 : c->level;
}

static struct recode wanted(const struct client *c, const struct outgoing *o)
{
	const struct session *s = c->session;
	struct recode         how = {.from = o->level, .to = c->level, .qos = o->qos};
	if (o->type != PACKET_PUBLISH || !adapts(c))
		return how;
	if (how.qos > s->maximum_qos)
		how.qos = s->maximum_qos;
	how.no_retain = o->bytes[0] & 1 && !s->retain_available;
	return how;
}

static bool is_due(const struct outgoing *o, const struct recode *how)
{
	return how->from != how->to || how->qos != o->qos || how->no_retain;
}

bool fit_is_due(const struct client *c, const struct outgoing *o)
{
	struct recode how = wanted(c, o);
	return is_due(o, &how);
}

/* Names of what an older version does not have; "" where nothing is lost. True: it must not go without. */
static bool losses(const struct client *c, const struct outgoing *o, const struct recode *how, char text[RECODE_TEXT])
{
	struct packet pk;
	struct fault  fault;
	text[0] = 0;
	if (how->from != LEVEL_5 || how->to == LEVEL_5)
		return false;
	if (packet_decode(&pk, o->level, FROM_CLIENT, o->bytes, o->size, &fault) < 0)
		return true; /* cannot be: it was encoded here */
	if (o->type == PACKET_SUBSCRIBE && subscriptions_chose_id(c, o))
		pk.props.has &= ~HAS(SUBSCRIPTION_ID);
	return recode_losses(&pk, text);
}

struct sentence {
	size_t n;
	char  *text; /* FIT_TEXT */
};

static void say(struct sentence *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct sentence *s, const char *format, ...)
{
	va_list args;
	size_t  room = FIT_TEXT - s->n;
	va_start(args, format);
	int n = vsnprintf(s->text + s->n, room, format, args);
	va_end(args);
	s->n += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void describe(struct sentence *s, const struct client *c, const struct outgoing *o, const struct recode *how,
                     const char *lost)
{
	say(s, "%s:", packet_name(o->type));
	if (*lost)
		say(s, " left out, because %s does not have it: %s;", version_name(c->level), lost);
	if (how->qos != o->qos)
		say(s, " qos %u is lowered to %u, the broker's Maximum QoS (MQTT-3.2.2-11);", o->qos, how->qos);
	if (how->no_retain)
		say(s, " retain is cleared, because the broker retains no messages (MQTT-3.2.2-14);");
	s->text[s->n - 1] = 0; /* the last mark */
}

int fit_outgoing(struct client *c, struct outgoing *o, char told[FIT_TEXT])
{
	char            lost[RECODE_TEXT];
	struct sentence s = {0, told};
	struct recode   how = wanted(c, o);
	if (!is_due(o, &how))
		return 0;
	bool forbidden = losses(c, o, &how, lost);
	if (forbidden || (*lost && !adapts(c)))
		return client_fail(c, MQTTWILL_EUNSUPPORTED, "%s: the broker speaks %s, which does not have: %s", packet_name(o->type),
		                   version_name(c->level), lost);
	describe(&s, c, o, &how, lost);
	bool changed = *lost || how.qos != o->qos || how.no_retain;
	o->want_done |= how.qos != o->qos; /* the application waits for one */
	c->held_bytes -= o->size;
	outgoing_recode(o, &how);
	c->held_bytes += o->size;
	store_gone(c->flight.store, o);
	store_waits(c->flight.store, o); /* where it does not take it now, it gets it when it is sent */
	return changed;
}

void fit_tell(struct client *c, const struct outgoing *o, const char *told)
{
	struct mqttwill_event ev = {
		.type = MQTTWILL_NOTE,
		.error = MQTTWILL_EUNSUPPORTED,
		.packet_type = o->type,
		.token = o->token > 0 ? o->token : 0,
		.text = told,
	};
	client_emit(c, &ev); /* the outgoing may be gone behind it */
}
