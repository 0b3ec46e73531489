/* SPDX-License-Identifier: MIT */
/*
 * mqttwill pub: one message, or a line each of standard input. It ends when every message has been acknowledged, and
 * tells which were refused. With --stdin it reconnects; what waits meanwhile is bounded by the library's queue, and
 * standard input is read only while there is room.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/groups.h"
#include "cli/link.h"

enum { TYPE_PUBACK = 4, LINE_MAX_BYTES = 268435455, READ_SIZE = 65536, DEFAULT_TIMEOUT_MS = 15000 };

struct pub_options {
	const char    *topic;
	struct payload message;
	struct number  qos, goodbye, queue_policy, queue_messages, queue_age;
	bool           retain, lines, retry, verbose;
};

struct pub {
	struct arena              arena;
	struct pub_options        own;
	struct connection_options connection;
	struct property_options   properties, will_properties;
	struct will_options       will_options;
	struct mqttwill_will      will;
	struct mqttwill_options   options;
	struct mqttwill_message   message;
	struct buf                input;
	bool                      input_ended;
	uint64_t                  owed; /* messages whose DONE has not come */
	uint64_t                  dropped; /* as the queue's policy or age says */
	int64_t                   progress_ms;
};

static const struct choice policy_choices[] = {
	{"refuse", MQTTWILL_QUEUE_REFUSE},
	{"drop-oldest", MQTTWILL_QUEUE_DROP_OLDEST},
	{"drop-newest", MQTTWILL_QUEUE_DROP_NEWEST},
	{"keep-last", MQTTWILL_QUEUE_KEEP_LAST},
	{NULL, 0},
};

#define AT(member) offsetof(struct pub_options, member)
static const struct option pub_rows[] = {
	{.name = "topic", .value = "TOPIC", .help = "where to publish; needed",
	 .type = OPTION_TEXT, .offset = AT(topic), .letter = 't'},
	{.name = "message", .value = "PAYLOAD", .help = "what to publish",
	 .type = OPTION_PAYLOAD, .offset = AT(message), .letter = 'm'},
	{.name = "stdin", .help = "publish each line of standard input; reconnect",
	 .type = OPTION_FLAG, .offset = AT(lines)},
	{.name = "qos", .value = "0|1|2", .help = "default 0",
	 .type = OPTION_NUMBER, .offset = AT(qos), .letter = 'q', .max = QOS_FIELD_MAX},
	{.name = "retain", .help = "the broker keeps it for late subscribers",
	 .type = OPTION_FLAG, .offset = AT(retain)},
	{.name = "retry", .help = "try to connect until --timeout has passed",
	 .type = OPTION_FLAG, .offset = AT(retry)},
	{.name = "goodbye", .value = "NAME", .help = "silent (default: no will), with-will or abort",
	 .type = OPTION_CHOICE, .offset = AT(goodbye), .choices = leaving_choices},
	{.name = "queue-policy", .value = "NAME", .help = "of --stdin: refuse (default: read on when there is room), drop-oldest, "
	                                                  "drop-newest or keep-last",
	 .type = OPTION_CHOICE, .offset = AT(queue_policy), .choices = policy_choices},
	{.name = "queue-messages", .value = "N", .help = "how many may wait; default 1000",
	 .type = OPTION_NUMBER, .offset = AT(queue_messages)},
	{.name = "queue-age", .value = "S", .help = "what has waited longer is not sent; default: it waits for ever",
	 .type = OPTION_NUMBER, .offset = AT(queue_age)},
	{.name = "verbose", .help = "say what happens",
	 .type = OPTION_FLAG, .offset = AT(verbose), .letter = 'v'},
	{.name = NULL},
};
#undef AT

/* What the user wanted dropped is counted, and no failure. */
static bool was_dropped(struct pub *p, const struct mqttwill_event *e)
{
	bool wanted = p->own.lines && (e->error == MQTTWILL_EDROPPED || e->error == MQTTWILL_EEXPIRED);
	if (wanted && p->dropped++ == 0)
		say("dropped: %s; the others are counted", e->text);
	return wanted;
}

static void on_done(struct link *l, const struct mqttwill_event *e)
{
	struct pub *p = l->user;
	p->owed--;
	p->progress_ms = steady_ms();
	l->ready |= !p->own.lines;
	if (e->error == 0 || was_dropped(p, e) || l->ended || (l->closing && e->error == MQTTWILL_ECANCELED))
		return; /* what was given up was told in one line */
	say("not published: %s", e->text);
	link_end(l, e->error == MQTTWILL_ECANCELED ? EXIT_NETWORK : exit_code(e->error));
}

/* False: there is no room, or it ended. */
static bool publish(struct pub *p, struct link *l, const void *bytes, size_t n)
{
	p->message.payload = bytes;
	p->message.payload_len = n;
	int64_t token = mqttwill_publish(l->client, &p->message);
	if (token == MQTTWILL_EFULL) {
		l->full = true;
		return false;
	}
	if (token < 0)
		link_end(l, refuse(exit_code((int)token), "%s", mqttwill_errmsg(l->client, (int)token)));
	else
		p->owed++;
	return token >= 0;
}

static void publish_lines(struct pub *p, struct link *l)
{
	while (!l->full && !l->ended && buf_len(&p->input)) {
		const uint8_t *start = buf_front(&p->input);
		const uint8_t *end = memchr(start, '\n', buf_len(&p->input));
		if (!end && !p->input_ended)
			return;
		size_t n = end ? (size_t)(end - start) : buf_len(&p->input);
		if (publish(p, l, start, n))
			buf_take(&p->input, n + (end ? 1 : 0));
	}
}

static void read_lines(struct pub *p, struct link *l)
{
	uint8_t *room = buf_reserve(&p->input, READ_SIZE);
	if (!room) {
		link_end(l, refuse(EXIT_RULE, "a line is longer than the 268,435,455 bytes of a packet (MQTT 5, 1.5.5)"));
		return;
	}
	ssize_t n = read(STDIN_FILENO, room, READ_SIZE);
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		link_end(l, refuse(EXIT_NETWORK, "standard input: %s", strerror(errno)));
	if (n == 0)
		p->input_ended = true;
	if (n > 0)
		buf_commit(&p->input, (size_t)n);
}

static bool is_finished(const struct pub *p)
{
	return p->input_ended && buf_len(&p->input) == 0 && p->owed == 0;
}

/* What is owed after the end of the input may not take for ever. */
static void check_progress(struct pub *p, struct link *l)
{
	if (!p->own.lines || l->ended || !p->input_ended || !l->was_up || steady_ms() - p->progress_ms < l->timeout_ms)
		return;
	say("not acknowledged in %" PRIu32 ".%" PRIu32 " s: %" PRIu64 " message%s", l->timeout_ms / 1000,
	    l->timeout_ms % 1000 / 100, p->owed, p->owed == 1 ? "" : "s");
	link_end(l, EXIT_TIMEOUT);
}

static void serve(struct pub *p, struct link *l)
{
	while (!l->ended && !link_stopped() && !is_finished(p)) {
		bool    wants_input = !p->input_ended && !l->full && l->was_up;
		int64_t until = p->input_ended ? p->progress_ms + l->timeout_ms : INT64_MAX;
		bool    was_ended = p->input_ended, was_up = l->was_up;
		if (link_wait(l, l->was_up ? until : INT64_MAX, wants_input ? STDIN_FILENO : -1))
			read_lines(p, l);
		if (was_ended != p->input_ended || was_up != l->was_up)
			p->progress_ms = steady_ms();
		publish_lines(p, l);
		check_progress(p, l);
	}
}

/* The one message is given to the library before the connection is begun, so that a wrong one opens no socket. */
static enum exit_code publish_all(struct pub *p)
{
	struct link l = {
		.on_done = on_done,
		.user = p,
		.quiet = !p->own.verbose,
		.one_attempt = !p->own.retry,
		.one_connection = !p->own.lines,
		.awaits = p->own.lines ? NULL : "the message is not acknowledged",
		.timeout_ms = p->connection.timeout.set ? p->connection.timeout.value : DEFAULT_TIMEOUT_MS,
	};
	enum exit_code code = link_new(&l, &p->options);
	if (code == EXIT_OK && !p->own.lines) {
		p->input_ended = true;
		publish(p, &l, p->own.message.bytes, p->own.message.len);
		code = l.code;
	}
	if (code == EXIT_OK)
		code = link_start(&l);
	if (code != EXIT_OK) {
		mqttwill_free(l.client);
		return code;
	}
	serve(p, &l);
	if (p->dropped)
		say("dropped in all: %" PRIu64 " message%s", p->dropped, p->dropped == 1 ? "" : "s");
	bool unfinished = !l.ended && !is_finished(p);
	if (unfinished && p->owed)
		say("stopped; not acknowledged: %" PRIu64 " message%s", p->owed, p->owed == 1 ? "" : "s");
	const struct mqttwill_closing how = {
		.goodbye = p->own.goodbye.set ? p->own.goodbye.value : MQTTWILL_GOODBYE_SILENT,
		.timeout_ms = p->own.lines && !link_stopped() && !l.ended ? 0 : link_leaving_ms(&l),
	};
	code = link_leave(&l, &how);
	return code == EXIT_OK && unfinished && p->owed ? EXIT_TIMEOUT : code;
}

static enum exit_code prepare(struct pub *p)
{
	const struct pub_options *own = &p->own;
	if (!own->topic)
		return refuse(EXIT_USAGE, "pub needs --topic; mqttwill pub --help lists the options");
	if (own->lines == own->message.set)
		return refuse(EXIT_USAGE, "pub needs either --message or --stdin; mqttwill pub --help lists the options");
	p->message = (struct mqttwill_message){
		.topic = own->topic,
		.qos = (uint8_t)own->qos.value,
		.retain = own->retain,
		.want_done = own->qos.value == 0,
	};
	p->options.queue_policy = own->queue_policy.value;
	p->options.queue_messages = own->queue_messages.value;
	p->options.queue_age_s = own->queue_age.value;
	properties_into_message(&p->properties, &p->message);
	if (will_fill(&p->will_options, &p->will_properties, &p->will))
		p->options.will = &p->will;
	p->connection.needs_5 = properties_given(&p->properties) || properties_given(&p->will_properties) ||
	                        p->will_options.delay.value;
	connection_name(&p->connection, &p->arena);
	return connection_fill(&p->connection, &p->options, &p->arena);
}

int command_pub(int argc, char **argv)
{
	static struct pub               p;
	static const struct option_group groups[] = {
		{"The message", "", pub_rows, &p.own},
		{"Its properties, MQTT 5", "", property_rows, &p.properties},
		CONNECTION_GROUPS(&p.connection),
		{"The will", "will-", will_rows, &p.will_options},
		{"Its properties, MQTT 5", "will-", property_rows, &p.will_properties},
	};
	const struct command_line line = {
		.name = "pub",
		.summary = "Publishes a message, or a line each of standard input, and waits until all are acknowledged.",
		.groups = groups,
		.group_count = sizeof groups / sizeof groups[0],
		.arena = &p.arena,
	};
	enum exit_code code;
	arena_init(&p.arena);
	buf_init(&p.input, LINE_MAX_BYTES);
	if (options_parse(&line, argc, argv, &code)) {
		code = prepare(&p);
		code = code == EXIT_OK ? publish_all(&p) : code;
	}
	buf_fini(&p.input);
	arena_fini(&p.arena);
	return (int)code;
}
