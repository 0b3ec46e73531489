/* SPDX-License-Identifier: MIT */
/*
 * Which version of MQTT an attempt speaks. With MQTTWILL_AUTO every attempt begins at 5.0 until a CONNACK has come; a broker
 * that does not speak it is asked again at once in an older version.
 */
#include <stdio.h>

#include "client/internal.h"

enum { ID_MAX_31 = 23 };

const char *version_name(uint8_t level)
{
	return level == LEVEL_5 ? "MQTT 5" : level == LEVEL_311 ? "MQTT 3.1.1" : "MQTT 3.1";
}

uint16_t version_send_maximum(const struct client *c)
{
	enum { OLD_DEFAULT = 20 };
	/* 3.x has no Receive Maximum: brokers drop or refuse above a limit of their own, and cannot say so */
	if (c->config.send_maximum == 0 && c->trying != LEVEL_5)
		return OLD_DEFAULT;
	return c->config.send_maximum;
}

/* Why this client cannot speak an older version; NULL: it can. */
static const char *forbids(const struct client *c, uint8_t level)
{
	const struct client_config *g = &c->config;
	size_t id = strlen(client_id(c));
	if (g->auth_method)
		return "auth_method needs MQTT 5";
	if (server_password(c).p && !server_user(c).p)
		return "a password without a user name needs MQTT 5 (MQTT-3.1.2-22)";
	if (id == 0 && g->rejoin == MQTTWILL_REJOIN_ALWAYS)
		return "an empty client_id cannot resume a session before MQTT 5 (MQTT-3.1.3-7)";
	if (level == LEVEL_31 && (id < 1 || id > ID_MAX_31))
		return "MQTT 3.1 wants a client_id of 1 to 23 characters";
	return NULL;
}

/* A refusal says so; some brokers just close. That may also be trouble, so it counts only while nothing better is known. */
static bool is_sign(const struct client *c, int error)
{
	if (c->state != CLIENT_GREETING || !c->session)
		return false;
	bool unanswered = error == MQTTWILL_ELOST && buf_len(&c->session->in) == 0;
	return error == MQTTWILL_EVERSION || (unanswered && !c->settled);
}

static uint8_t next_level(const struct client *c)
{
	if (c->settled && c->trying != LEVEL_5)
		return LEVEL_5; /* it spoke the older one until now: all is to be found out anew */
	return (uint8_t)(c->trying - 1);
}

static bool fall(struct client *c, struct client_error *why)
{
	uint8_t     next = next_level(c);
	const char *obstacle = next < LEVEL_31 ? NULL : forbids(c, next);
	char        said[sizeof why->text];
	memcpy(said, why->text, sizeof said);
	c->settled = false;
	if (next < LEVEL_31)
		return false;
	if (next != LEVEL_5 && obstacle) {
		snprintf(why->text, sizeof why->text, "%.200s; no older version is tried: %s", said, obstacle);
		return false;
	}
	c->trying = next;
	c->limits = c->learned = (struct mqttwill_limits){0}; /* what was told in another version */
	why->code = MQTTWILL_EVERSION;
	snprintf(why->text, sizeof why->text, "%.240s; %s is tried at once", said, version_name(next));
	return true;
}

void version_forget(struct client *c)
{
	c->limits = c->learned = (struct mqttwill_limits){0};
	if (!c->config.auto_level)
		return;
	c->settled = false;
	c->trying = c->config.level;
}

bool version_fall(struct client *c, int error, struct client_error *why)
{
	if (!c->config.auto_level)
		return false;
	if (is_sign(c, error) && fall(c, why))
		return true;
	if (!c->settled)
		c->trying = c->config.level;
	return false;
}
