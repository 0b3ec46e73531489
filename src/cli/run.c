/* SPDX-License-Identifier: MIT */
/*
 * mqttwill run: holds a device's presence. It stays until a signal comes and reconnects for ever; only a refusal that
 * cannot mend itself at the first connection ends it.
 */
#include <string.h>

#include "cli/command.h"
#include "cli/groups.h"
#include "cli/link.h"

struct run_options {
	const char    *topic;
	struct payload online, offline;
	struct number  qos, delay, goodbye, goodbye_timeout;
	bool           no_retain, no_self_watch;
};

struct run {
	struct arena              arena;
	struct run_options        own;
	struct connection_options connection;
	struct property_options   properties;
	struct mqttwill_presence  presence;
	struct mqttwill_will      will;
	struct mqttwill_options   options;
};

#define AT(member) offsetof(struct run_options, member)
static const struct option run_rows[] = {
	{.name = "topic", .value = "TOPIC", .help = "the status topic; needed",
	 .type = OPTION_TEXT, .offset = AT(topic), .letter = 't'},
	{.name = "online", .value = "PAYLOAD", .help = "default online",
	 .type = OPTION_PAYLOAD, .offset = AT(online)},
	{.name = "offline", .value = "PAYLOAD", .help = "default offline",
	 .type = OPTION_PAYLOAD, .offset = AT(offline)},
	{.name = "qos", .value = "0|1|2", .help = "default 1",
	 .type = OPTION_NUMBER, .offset = AT(qos), .letter = 'q', .max = QOS_FIELD_MAX},
	{.name = "no-retain", .help = "late subscribers learn nothing",
	 .type = OPTION_FLAG, .offset = AT(no_retain)},
	{.name = "will-delay", .value = "S", .help = "seconds between the loss and the will",
	 .type = OPTION_NUMBER, .offset = AT(delay), .rule = "MQTT 5, 3.1.3.2.2"},
	{.name = "goodbye", .value = "NAME", .help = "offline (default), with-will, silent or abort",
	 .type = OPTION_CHOICE, .offset = AT(goodbye), .choices = goodbye_choices},
	{.name = "goodbye-timeout", .value = "S", .help = "default 5; after it the broker speaks instead",
	 .type = OPTION_DURATION, .offset = AT(goodbye_timeout)},
	{.name = "no-self-watch", .help = "do not correct the status when others change it",
	 .type = OPTION_FLAG, .offset = AT(no_self_watch)},
	{.name = NULL},
};
#undef AT

/* The QoS that the presence's field would read as "QoS 0" is none of MQTT's. */
static uint8_t presence_qos(struct number qos)
{
	if (qos.set && qos.value == 0)
		return MQTTWILL_QOS0;
	return qos.value == MQTTWILL_QOS0 ? QOS_FIELD_MAX : (uint8_t)qos.value;
}

static void fill_presence(struct run *r)
{
	const struct run_options *own = &r->own;
	r->presence = (struct mqttwill_presence){
		.topic = own->topic,
		.online = own->online.bytes,
		.online_len = own->online.len,
		.offline = own->offline.len ? own->offline.bytes : NULL,
		.offline_len = own->offline.len,
		.empty_offline = own->offline.set && own->offline.len == 0,
		.delay_s = own->delay.value,
		.qos = presence_qos(own->qos),
		.no_retain = own->no_retain,
		.self_watch = !own->no_self_watch,
	};
	r->options.presence = &r->presence;
}

/* Presence's own will has no properties; with them it is written out. */
static void fill_will(struct run *r)
{
	const struct run_options *own = &r->own;
	if (!properties_given(&r->properties))
		return;
	r->will = (struct mqttwill_will){
		.topic = own->topic,
		.payload = own->offline.set ? own->offline.bytes : "offline",
		.payload_len = own->offline.set ? own->offline.len : strlen("offline"),
		.delay_s = own->delay.value,
		.has = own->delay.set ? (uint32_t)MQTTWILL_HAS_DELAY : 0,
		.qos = own->qos.set ? (uint8_t)own->qos.value : 1,
		.retain = !own->no_retain,
	};
	properties_into_will(&r->properties, &r->will);
	r->options.will = &r->will;
}

static enum exit_code hold(struct run *r)
{
	struct link l = {.has_birth = true, .timeout_ms = r->connection.timeout.value};
	enum exit_code code = link_new(&l, &r->options);
	if (code == EXIT_OK)
		code = link_start(&l);
	if (code != EXIT_OK) {
		mqttwill_free(l.client);
		return code;
	}
	while (!l.ended && !link_stopped())
		link_wait(&l, INT64_MAX, -1);
	if (link_stopped())
		say("stopping");
	const struct mqttwill_closing how = {
		.goodbye = r->own.goodbye.value,
		.timeout_ms = r->own.goodbye_timeout.value,
	};
	return link_leave(&l, &how);
}

int command_run(int argc, char **argv)
{
	static struct run               r;
	static const struct option_group groups[] = {
		{"The device's status", "", run_rows, &r.own},
		{"Properties of the will, MQTT 5", "", property_rows, &r.properties},
		{"The connection", "", connection_rows, &r.connection},
	};
	const struct command_line line = {
		.name = "run",
		.summary = "Holds a device's presence until SIGTERM or SIGINT, then says goodbye.",
		.groups = groups,
		.group_count = sizeof groups / sizeof groups[0],
		.arena = &r.arena,
	};
	enum exit_code code;
	arena_init(&r.arena);
	if (options_parse(&line, argc, argv, &code)) {
		fill_presence(&r);
		fill_will(&r);
		r.connection.needs_5 = r.own.delay.value || properties_given(&r.properties);
		code = r.own.topic ? connection_fill(&r.connection, &r.options, &r.arena)
		                   : refuse(EXIT_USAGE, "run needs --topic; mqttwill run --help lists the options");
		code = code == EXIT_OK ? hold(&r) : code;
	}
	arena_fini(&r.arena);
	return (int)code;
}
