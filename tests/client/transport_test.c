/* SPDX-License-Identifier: MIT */
/*
 * A transport of the application's, in memory and without a descriptor: it goes on when the client is woken, and what it
 * returns is not trusted.
 */
#include <stdio.h>
#include <string.h>

#include "client/scenes.h"
#include "client/suites.h"
#include "support/bytes.h"

enum { WIRE = 1 << 20, STREAMS = 4 };

/* What the functions return instead, 0: what they should. */
struct lies {
	int     open, connect;
	int64_t read, write;
	size_t  write_from; /* the write that lies, and those after it */
};

static struct wire {
	uint8_t up[WIRE], down[WIRE];
	size_t  up_len, up_read, down_len, down_read;
	size_t  most;   /* bytes at a time; 0: all */
	size_t  budget; /* bytes that are still taken */
	bool    there, ended, finished, closed, reset;
	size_t  writes;
} wires[STREAMS];

static size_t      opened, closed_twice;
static struct lies lies;
static const char *why;
static char        asked[80];
static bool        there_at_once;

static int wire_open(void *user, const char *host, const char *port, void **stream, char *reason)
{
	(void)user;
	snprintf(asked, sizeof asked, "%s:%s", host, port);
	if (why && lies.open)
		snprintf(reason, 200, "%s", why);
	if (lies.open)
		return lies.open;
	ck_assert_uint_lt(opened, STREAMS);
	wires[opened] = (struct wire){.there = there_at_once, .budget = SIZE_MAX};
	*stream = &wires[opened++];
	return 0;
}

static int wire_connect(void *stream, char *reason)
{
	struct wire *w = stream;
	if (why && lies.connect)
		snprintf(reason, 200, "%s", why);
	if (lies.connect)
		return lies.connect;
	return w->there ? 0 : MQTTWILL_WANT_WRITE;
}

static int64_t wire_read(void *stream, void *buf, size_t size, char *reason)
{
	struct wire *w = stream;
	size_t       n = w->down_len - w->down_read;
	if (why && lies.read)
		snprintf(reason, 200, "%s", why);
	if (lies.read)
		return lies.read == INT64_MAX ? (int64_t)size + 1 : lies.read;
	if (n == 0)
		return w->ended ? 0 : MQTTWILL_WANT_READ;
	n = n > size ? size : n;
	n = w->most && n > w->most ? w->most : n;
	memcpy(buf, w->down + w->down_read, n);
	w->down_read += n;
	return (int64_t)n;
}

static int64_t wire_write(void *stream, const void *bytes, size_t n, char *reason)
{
	struct wire *w = stream;
	if (lies.write_from && ++w->writes >= lies.write_from) {
		if (why)
			snprintf(reason, 200, "%s", why);
		return lies.write == INT64_MAX ? (int64_t)n + 1 : lies.write;
	}
	n = w->most && n > w->most ? w->most : n;
	n = n > w->budget ? w->budget : n;
	if (n == 0)
		return MQTTWILL_WANT_WRITE;
	ck_assert_uint_le(w->up_len + n, WIRE);
	memcpy(w->up + w->up_len, bytes, n);
	w->up_len += n;
	if (w->budget != SIZE_MAX)
		w->budget -= n;
	return (int64_t)n;
}

static void wire_finish(void *stream)
{
	((struct wire *)stream)->finished = true;
}

static void wire_close(void *stream, bool reset)
{
	struct wire *w = stream;
	closed_twice += w->closed;
	w->closed = true;
	w->reset = reset;
}

static const struct mqttwill_transport transport = {
	.open = wire_open, .connect = wire_connect, .read = wire_read, .write = wire_write, .finish = wire_finish, .close = wire_close};
static const struct mqttwill_network network = {.transport = &transport};

static struct device *begin(const struct mqttwill_options *opt)
{
	struct mqttwill_options o = *opt;
	o.network = &network;
	stage_begin(LINE_WHOLE);
	opened = closed_twice = 0;
	return device_start(&o);
}

static struct device *begin_there(const struct mqttwill_options *opt)
{
	there_at_once = true;
	lies = (struct lies){0};
	why = NULL;
	return begin(opt);
}

static void end(void)
{
	stage_end();
	for (size_t i = 0; i < opened; i++)
		ck_assert_msg(wires[i].closed, "stream %zu was left open", i);
	ck_assert_uint_eq(closed_twice, 0);
	ck_assert_uint_eq(line_count(), 0); /* no socket was opened beside it */
}

static void wake(struct device *d)
{
	mqttwill_wake(d->c);
	stage_settle();
}

static void put(const char *hex)
{
	struct wire *w = &wires[opened - 1];
	struct bytes b = bytes_hex(hex);
	memcpy(w->down + w->down_len, b.p, b.n);
	w->down_len += b.n;
	bytes_free(&b);
}

/* What the client wrote since the last look. */
#define expect_up(hex) expect_up_at(__LINE__, (hex))

static void expect_up_at(int line, const char *hex)
{
	struct wire *w = &wires[opened - 1];
	stage_settle();
	ck_assert_msg(bytes_are(w->up + w->up_read, w->up_len - w->up_read, hex), "line %d: the client sent\n  %s", line,
	              bytes_show(w->up + w->up_read, w->up_len - w->up_read));
	w->up_read = w->up_len;
}

START_TEST(a_stream_without_a_descriptor_goes_on_when_the_client_is_woken)
{
	struct mqttwill_options o = lamp_options();
	o.url = "mqtt://far:7";
	struct device *d = begin_there(&o);
	ck_assert_str_eq(asked, "far:7");
	expect_up(CONNECT5);
	put(CONNACK5);
	expect_events(d, "");
	wake(d);
	expect_events(d, "UP");
	expect_up(ONLINE5("0001"));
	put(PUBACK("0001"));
	wake(d);
	expect_events(d, "ONLINE");
	device_close(d, MQTTWILL_GOODBYE_SILENT);
	expect_up(GOODBYE);
	ck_assert(wires[0].finished);
	wires[0].ended = true;
	wake(d);
	expect_events(d, "CLOSED(clean)");
	ck_assert(!wires[0].reset);
	end();
}
END_TEST

START_TEST(a_stream_that_takes_its_time_has_as_long_as_a_connection)
{
	struct mqttwill_options o = lamp_options();
	there_at_once = false;
	lies = (struct lies){0};
	why = NULL;
	struct device *d = begin(&o);
	stage_pass(14000);
	expect_up("");
	wires[0].there = true;
	wake(d);
	expect_up(CONNECT5);
	stage_end();
	d = begin(&o);
	stage_pass(15000);
	expect_events(d, "RETRY:ETIMEOUT");
	expect_text(d, "connect to broker.test: the transport was not there in time");
	ck_assert_uint_eq(d->last.phase, MQTTWILL_PHASE_CONNECT);
	end();
}
END_TEST

START_TEST(bytes_may_come_and_go_one_by_one)
{
	struct mqttwill_options o = bare_options();
	struct device          *d = begin_there(&o);
	wires[0].most = 1;
	put(CONNACK5);
	wake(d);
	expect_events(d, "UP");
	for (int i = 0; i < 200; i++)
		put(TELL5_QOS0("x"));
	wake(d); /* once for all of them */
	ck_assert_uint_eq(device_count(d, "MESSAGE"), 200);
	wires[0].up_read = wires[0].up_len;
	device_publish(d, "t", "y", 0);
	expect_up(TELL5_QOS0("y"));
	end();
}
END_TEST

START_TEST(a_stream_that_takes_nothing_is_tried_again_when_woken)
{
	struct mqttwill_options o = bare_options();
	struct device          *d = begin_there(&o);
	put(CONNACK5);
	wake(d);
	wires[0].up_read = wires[0].up_len;
	wires[0].budget = 3;
	device_publish(d, "t", "y", 0);
	expect_up("30 05 00");
	wires[0].budget = SIZE_MAX;
	expect_up("");
	wake(d);
	expect_up("01 't' 00 'y'");
	end();
}
END_TEST

static void no_log(struct device *d, const struct mqttwill_event *ev)
{
	if (ev->type == MQTTWILL_MESSAGE)
		d->log_len = 0;
}

/* Acknowledgements that nobody takes fill the output, and nothing is read; when they leave, no descriptor tells of the rest. */
START_TEST(what_waited_behind_a_full_output_is_read_when_that_has_left)
{
	enum { MESSAGES = 66000 };
	struct mqttwill_options o = bare_options();
	struct device          *d = begin_there(&o);
	struct wire            *w = &wires[0];
	put(CONNACK5);
	wake(d);
	w->budget = 0;
	for (unsigned i = 0; i < MESSAGES; i++) {
		const uint8_t message[] = {0x32, 7, 0, 1, 't', (uint8_t)(i % 60000 / 256), (uint8_t)(i % 60000 % 256 | 1), 0, 'x'};
		memcpy(w->down + w->down_len, message, sizeof message);
		w->down_len += sizeof message;
	}
	d->on_event = no_log;
	wake(d);
	ck_assert_uint_lt(w->down_read, w->down_len);
	w->budget = SIZE_MAX;
	wake(d); /* once */
	ck_assert_uint_eq(w->down_read, w->down_len);
	end();
}
END_TEST

static const struct {
	struct lies lies;
	const char *why, *events, *text;
} rows[] = {
	{{.open = MQTTWILL_ECONNECT}, "no carrier", "RETRY:ECONNECT", "open broker.test:1883: no carrier"},
	{{.open = MQTTWILL_ENOMEM}, NULL, "RETRY:ENOMEM", "open broker.test:1883: out of memory"},
	{{.open = 5}, NULL, "RETRY:ECONNECT", "open broker.test:1883: the transport returned 5, which it may not"},
	{{.open = -1}, NULL, "RETRY:ECONNECT", "the transport returned -1"},
	{{.connect = MQTTWILL_ECONNECT}, "busy", "RETRY:ECONNECT", "connect to broker.test:1883: busy"},
	{{.connect = -77}, "busy", "RETRY:ECONNECT", "connect to broker.test:1883: the transport returned -77, which it may not"},
	{{.connect = 1}, NULL, "RETRY:ECONNECT", "returned 1,"},
	{{.read = INT64_MAX}, NULL, "RETRY:ELOST", "read from broker.test:1883: the transport returned 16385, which it may not"},
	{{.read = -1}, NULL, "RETRY:ELOST", "returned -1,"},
	{{.read = INT64_MIN}, NULL, "RETRY:ELOST", "read from broker.test:1883: the transport returned -9223372036854775808"},
	{{.read = MQTTWILL_ELOST}, "the line is noisy", "RETRY:ELOST", "connack: read from broker.test:1883: the line is noisy"},
	{{.write_from = 1, .write = 0}, NULL, "RETRY:ELOST", "write to broker.test:1883: the transport returned 0, which it may not"},
	{{.write_from = 1, .write = INT64_MAX}, NULL, "RETRY:ELOST", "write to broker.test:1883: the transport returned "},
	{{.write_from = 1, .write = MQTTWILL_ESYSTEM}, "bad", "RETRY:ESYSTEM", "write to broker.test:1883: bad"},
};

START_TEST(what_a_transport_returns_is_not_trusted)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mqttwill_options o = lamp_options();
		there_at_once = true;
		lies = rows[i].lies;
		why = rows[i].why;
		struct device *d = begin(&o);
		expect_events(d, rows[i].events);
		expect_text(d, rows[i].text);
		lies = (struct lies){0};
		end();
	}
}
END_TEST

/* As where TLS 1.3 has refused our certificate: what was written meanwhile only breaks. */
START_TEST(a_write_that_fails_does_not_hide_what_the_filters_have_to_say)
{
	struct mqttwill_options o = bare_options();
	struct device          *d = begin_there(&o);
	put(CONNACK5);
	wake(d);
	expect_events(d, "UP");
	lies = (struct lies){.write = MQTTWILL_ELOST, .write_from = 1, .read = MQTTWILL_ETLS};
	why = "your certificate is not welcome";
	device_publish(d, "t", "y", 0);
	expect_events(d, "DOWN:ETLS");
	expect_text(d, "read from broker.test:1883: your certificate is not welcome");
	lies = (struct lies){0};
	end();
}
END_TEST

START_TEST(the_end_of_the_stream_is_a_loss_and_an_abort_is_a_reset)
{
	struct mqttwill_options o = bare_options();
	struct device          *d = begin_there(&o);
	put(CONNACK5);
	wires[0].ended = true;
	wake(d);
	expect_events(d, "UP DOWN:ELOST");
	stage_pass(1000);
	put(CONNACK5);
	wake(d);
	device_close(d, MQTTWILL_GOODBYE_ABORT);
	expect_events(d, "UP CLOSED(cut)");
	ck_assert(!wires[0].reset);
	ck_assert(wires[1].reset);
	end();
}
END_TEST

/* [Promise 4] A silent stream is given up after keep-alive and ping timeout. */
START_TEST(a_stream_that_has_fallen_silent_is_given_up_in_time)
{
	struct mqttwill_options o = bare_options();
	o.keepalive_s = 20;
	o.ping_timeout_ms = 3000;
	struct device *d = begin_there(&o);
	put(CONNACK5);
	wake(d);
	uint64_t start = stage.now_ms;
	d->log_len = 0;
	while (d->log_len == 0 && stage.now_ms < start + 60000)
		stage_pass(100);
	expect_events(d, "DOWN:ESILENT");
	ck_assert_uint_le(stage.now_ms - start, 23000);
	end();
}
END_TEST

static const struct mqttwill_presence delayed = {.topic = "lamp/status", .delay_s = 5};

START_TEST(a_take_over_opens_a_second_stream)
{
	const struct mqttwill_will gone = {.topic = "lamp/status", .text = "gone", .qos = 1, .retain = true, .delay_s = 5};
	struct mqttwill_options    o = lamp_options();
	o.presence = &delayed;
	o.session_expiry_s = 60;
	struct device *d = begin_there(&o);
	put(CONNACK5 PUBACK("0001"));
	wake(d);
	ck_assert_int_eq(mqttwill_update_will(d->c, &gone, 0), MQTTWILL_PENDING);
	stage_settle();
	ck_assert_uint_eq(opened, 2);
	opened = 1;
	put(PINGRESP);
	opened = 2;
	wake(d);
	ck_assert_uint_gt(wires[1].up_len, 0);
	put(CONNACK5_PRESENT);
	wake(d);
	ck_assert(wires[0].closed);
	ck_assert(!wires[1].closed);
	expect_events(d, "UP ONLINE WILL UP(resumed)");
	end();
}
END_TEST

Suite *transport_suite(void)
{
	Suite *s = suite_create("transports");
	TCase *t = tcase_create("transports");
	tcase_add_test(t, a_stream_without_a_descriptor_goes_on_when_the_client_is_woken);
	tcase_add_test(t, a_stream_that_takes_its_time_has_as_long_as_a_connection);
	tcase_add_test(t, bytes_may_come_and_go_one_by_one);
	tcase_add_test(t, a_stream_that_takes_nothing_is_tried_again_when_woken);
	tcase_add_test(t, what_waited_behind_a_full_output_is_read_when_that_has_left);
	tcase_add_test(t, what_a_transport_returns_is_not_trusted);
	tcase_add_test(t, a_write_that_fails_does_not_hide_what_the_filters_have_to_say);
	tcase_add_test(t, the_end_of_the_stream_is_a_loss_and_an_abort_is_a_reset);
	tcase_add_test(t, a_stream_that_has_fallen_silent_is_given_up_in_time);
	tcase_add_test(t, a_take_over_opens_a_second_stream);
	suite_add_tcase(s, t);
	return s;
}
