/* SPDX-License-Identifier: MIT */
/*
 * mqttwill sub: prints the messages of topics as they come. The library remembers the subscriptions and makes them again
 * after a reconnect, so there is nothing to do here when a connection is lost but to say so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/groups.h"
#include "cli/link.h"
#include "cli/print.h"

enum { TYPE_SUBACK = 9, REFUSED = 0x80, DEFAULT_TIMEOUT_MS = 15000, LARGEST_PACKET = 268435460, LEAVE_MS = 1000 };

struct sub_options {
	struct texts  topics;
	struct number qos, count, duration, goodbye;
	bool          verbose, json, retry;
};

struct sub {
	struct arena              arena;
	struct sub_options        own;
	struct connection_options connection;
	struct property_options   will_properties;
	struct will_options       will_options;
	struct mqttwill_will      will;
	struct mqttwill_options   options;
	uint32_t                  received;
	int64_t                   until_ms; /* --for, counted from the start and anew from the subscription */
};

#define AT(member) offsetof(struct sub_options, member)
static const struct option sub_rows[] = {
	{.name = "topic", .value = "FILTER", .help = "what to hear; needed, may be repeated",
	 .type = OPTION_LIST, .offset = AT(topics), .letter = 't'},
	{.name = "qos", .value = "0|1|2", .help = "the highest QoS to receive; default 2",
	 .type = OPTION_NUMBER, .offset = AT(qos), .letter = 'q', .max = QOS_FIELD_MAX},
	{.name = "verbose", .help = "print all properties",
	 .type = OPTION_FLAG, .offset = AT(verbose), .letter = 'v'},
	{.name = "json", .help = "print one JSON object a line",
	 .type = OPTION_FLAG, .offset = AT(json)},
	{.name = "count", .value = "N", .help = "leave after N messages",
	 .type = OPTION_NUMBER, .offset = AT(count), .least = 1, .rule = "mqttwill-sub(1)"},
	{.name = "for", .value = "S", .help = "leave S seconds after the subscription, or after the start",
	 .type = OPTION_DURATION, .offset = AT(duration)},
	{.name = "retry", .help = "try to connect until --timeout has passed",
	 .type = OPTION_FLAG, .offset = AT(retry)},
	{.name = "goodbye", .value = "NAME", .help = "silent (default: no will), with-will or abort",
	 .type = OPTION_CHOICE, .offset = AT(goodbye), .choices = leaving_choices},
	{.name = NULL},
};
#undef AT

static bool has_enough(const struct sub *s)
{
	return s->own.count.set && s->received >= s->own.count.value;
}

static void on_message(struct link *l, const struct mqttwill_message *message)
{
	struct sub *s = l->user;
	if (has_enough(s))
		return;
	s->received++;
	if (s->own.json)
		print_json(stdout, wall_ms(), message);
	else
		print_line(stdout, wall_ms(), message, s->own.verbose);
	if (fflush(stdout) == 0)
		return;
	if (errno == EPIPE) /* as in `| head`: nobody listens any more, which is no news */
		link_end(l, EXIT_NETWORK);
	else
		link_end(l, refuse(EXIT_NETWORK, "standard output cannot be written"));
}

/* SUBACK: one refused filter ends the command, since what it would print is not what was asked for. */
static void on_done(struct link *l, const struct mqttwill_event *e)
{
	struct sub *s = l->user;
	if (l->closing)
		return;
	if (e->error && e->code_count == 0) {
		say("not subscribed: %s", e->text);
		link_end(l, exit_code(e->error));
		return;
	}
	for (size_t i = 0; i < e->code_count && i < s->own.topics.count; i++) {
		if (e->codes[i] < REFUSED) {
			say("subscribed to %s, QoS %d", s->own.topics.items[i], e->codes[i]);
			continue;
		}
		say("not subscribed to %s: %s (0x%02X)", s->own.topics.items[i], mqttwill_reason_name(TYPE_SUBACK, e->codes[i]),
		    e->codes[i]);
		link_end(l, EXIT_BROKER);
	}
	l->one_connection = false;
	l->ready = true;
	if (s->own.duration.set)
		s->until_ms = steady_ms() + s->own.duration.value;
}

static enum exit_code subscribe(struct sub *s, struct link *l)
{
	size_t                        n = s->own.topics.count;
	struct mqttwill_subscription *filters = arena_alloc(&s->arena, n * sizeof *filters);
	if (!filters)
		return refuse(EXIT_NETWORK, "out of memory");
	for (size_t i = 0; i < n; i++) {
		filters[i].filter = s->own.topics.items[i];
		filters[i].qos = s->own.qos.set ? (uint8_t)s->own.qos.value : 2;
	}
	int64_t token = mqttwill_subscribe(l->client, filters, n);
	if (token < 0)
		return refuse(exit_code((int)token), "%s", mqttwill_errmsg(l->client, (int)token));
	return EXIT_OK;
}

/* The filters are given to the library before the connection is begun, so that a wrong one opens no socket. */
static enum exit_code listen(struct sub *s)
{
	struct link l = {
		.on_message = on_message,
		.on_done = on_done,
		.user = s,
		.one_attempt = !s->own.retry,
		.awaits = "no answer to the subscription",
		.one_connection = true, /* some brokers answer a refused filter by closing */
		.timeout_ms = s->connection.timeout.set ? s->connection.timeout.value : DEFAULT_TIMEOUT_MS,
	};
	enum exit_code code = link_new(&l, &s->options);
	if (code == EXIT_OK)
		code = subscribe(s, &l);
	if (code == EXIT_OK)
		code = link_start(&l);
	if (code != EXIT_OK) {
		mqttwill_free(l.client);
		return code;
	}
	s->until_ms = s->own.duration.set ? steady_ms() + s->own.duration.value : INT64_MAX;
	while (!l.ended && !link_stopped() && !has_enough(s) && steady_ms() < s->until_ms)
		link_wait(&l, s->until_ms, -1);
	bool over = !l.ended && !link_stopped() && !has_enough(s);
	bool late = over && (s->own.count.set || !l.ready);
	if (over && !l.ready)
		say("not subscribed when --for was over%s%s", *l.last ? "; last: " : "", l.last);
	const struct mqttwill_closing how = {
		.goodbye = s->own.goodbye.set ? s->own.goodbye.value : MQTTWILL_GOODBYE_SILENT,
		.timeout_ms = l.ended ? link_leaving_ms(&l) : LEAVE_MS,
	};
	code = link_leave(&l, &how);
	return code == EXIT_OK && late ? EXIT_TIMEOUT : code;
}

static enum exit_code prepare(struct sub *s)
{
	if (s->own.topics.count == 0)
		return refuse(EXIT_USAGE, "sub needs --topic; mqttwill sub --help lists the options");
	s->options.maximum_packet_size = LARGEST_PACKET; /* who asks to see messages sees them all */
	if (will_fill(&s->will_options, &s->will_properties, &s->will))
		s->options.will = &s->will;
	s->connection.needs_5 = properties_given(&s->will_properties) ||
	                        s->will_options.delay.value;
	connection_name(&s->connection, &s->arena);
	return connection_fill(&s->connection, &s->options, &s->arena);
}

int command_sub(int argc, char **argv)
{
	static struct sub                s;
	static const struct option_group groups[] = {
		{"The subscription", "", sub_rows, &s.own},
		CONNECTION_GROUPS(&s.connection),
		{"The will", "will-", will_rows, &s.will_options},
		{"Its properties, MQTT 5", "will-", property_rows, &s.will_properties},
	};
	const struct command_line line = {
		.name = "sub",
		.summary = "Prints messages as they come: arrival time, topic, payload, QoS, retain.",
		.groups = groups,
		.group_count = sizeof groups / sizeof groups[0],
		.arena = &s.arena,
	};
	enum exit_code code;
	arena_init(&s.arena);
	if (options_parse(&line, argc, argv, &code)) {
		code = prepare(&s);
		code = code == EXIT_OK ? listen(&s) : code;
	}
	arena_fini(&s.arena);
	return (int)code;
}
