/* SPDX-License-Identifier: MIT */
/*
 * The will check. The input is level, flags and numbers, then the will's fields: each a length byte and that many
 * bytes; 255 means absent, 254 a field of about 65,535 bytes. Checked: a will that passes goes into a CONNECT of just the size
 * that was told, and a server's decode accepts it as it was meant; a will that is refused says why, in words.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/bytes.h"
#include "support/packets.h"
#include "wire/will.h"

enum { FIELDS = 16, USERS = 3 };

/* What is left of the input, and the blocks made of it: each of just its size. */
struct source {
	const uint8_t *p;
	size_t         n, made;
	struct bytes   blocks[FIELDS];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static uint8_t take_byte(struct source *s)
{
	if (s->n == 0)
		return 0;
	s->n--;
	return *s->p++;
}

static uint32_t take_number(struct source *s)
{
	uint32_t number = take_byte(s);
	return number == 255 ? UINT32_MAX : number;
}

/* A field and its length. Empty ones are C strings, since a length of 0 means just that. */
static const void *take_field(struct source *s, size_t *len)
{
	size_t n = take_byte(s);
	*len = 0;
	if (n == 255)
		return NULL;
	if (n == 0 || s->made == FIELDS)
		return "";
	struct bytes *b = &s->blocks[s->made++];
	if (n == 254) {
		*b = (struct bytes){malloc(65540), 65534 + take_byte(s) % 4};
		memset(b->p, 'x', b->n);
	} else {
		n = n < s->n ? n : s->n;
		*b = bytes_copy(s->p, n);
		s->p += n;
		s->n -= n;
	}
	*len = b->n;
	return b->n ? b->p : (const void *)"";
}

static void take_will(struct source *s, struct mqttwill_will *w, struct mqttwill_user_property *users)
{
	w->qos = take_byte(s) % 5;
	w->retain = take_byte(s) & 1;
	w->has = take_byte(s) & 0xF;
	w->delay_s = take_number(s);
	w->message_expiry_s = take_number(s);
	w->payload_format = take_byte(s) % 3;
	w->topic = take_field(s, &w->topic_len);
	w->payload = take_field(s, &w->payload_len);
	w->content_type = take_field(s, &w->content_type_len);
	w->response_topic = take_field(s, &w->response_topic_len);
	w->correlation_data = take_field(s, &w->correlation_data_len);
	w->user_property_count = take_byte(s) % (USERS + 1);
	w->user_properties = w->user_property_count ? users : NULL;
	for (size_t i = 0; i < w->user_property_count; i++) {
		users[i].name = take_field(s, &users[i].name_len);
		users[i].value = take_field(s, &users[i].value_len);
	}
}

static void check_good(const struct mqttwill_will *w, uint8_t level, struct packet *connect, size_t size)
{
	struct packet read;
	struct fault  fault;
	will_into_connect(w, level, connect);
	struct bytes out = {malloc(size), size};
	expect(packet_size(connect, level) == size, "another size than was told");
	expect(packet_encode(connect, level, out.p) == size, "another size than was counted");
	expect(packet_decode(&read, level, FROM_CLIENT, out.p, out.n, &fault) == 0,
	       "a good will is refused by the server");
	const char *difference = packet_differs(connect, &read, level);
	expect(!difference, difference);
	bytes_free(&out);
}

static void check_report(int rc, const struct mqttwill_report *report)
{
	bool refused = false, warned = false;
	expect(report->count <= MQTTWILL_MAX_FINDINGS, "too many findings");
	for (size_t i = 0; i < report->count; i++) {
		const struct mqttwill_finding *f = &report->finding[i];
		expect(f->field && f->rule && f->problem && f->advice, "a finding is not explained");
		expect(f->offset <= 65535, "an offset behind every field");
		expect(f->severity == MQTTWILL_WARNED || !warned, "a warning before a refusal");
		refused |= f->severity == MQTTWILL_REFUSED;
		warned |= f->severity == MQTTWILL_WARNED;
	}
	expect(refused == (rc != 0), "result and findings disagree");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source                 s = {.p = data, .n = size};
	struct mqttwill_user_property users[USERS] = {0};
	struct mqttwill_will          will = {0};
	struct mqttwill_report        report;
	struct packet                 connect = {.type = PACKET_CONNECT};
	uint8_t                       flags = take_byte(&s);
	struct mqttwill_limits        limits = {.maximum_qos_known = flags & 8, .no_retain = flags & 16};
	struct mqttwill_presence      presence = {.topic = "t"};
	struct will_context           context = {.level = (uint8_t)(LEVEL_31 + (flags & 7) % 3), .connect = &connect};
	limits.maximum_packet_size = flags & 32 ? 60 : 0;
	context.limits = &limits;
	context.presence = flags & 64 ? &presence : NULL;
	context.session_expiry = flags & 128 ? 100 : 0;
	connect.connect.client_id = span_text("fuzz", 0);
	take_will(&s, &will, users);
	int rc = will_check(&will, &context, &report);
	check_report(rc, &report);
	if (rc == 0)
		check_good(&will, context.level, &connect, report.connect_size);
	while (s.made)
		bytes_free(&s.blocks[--s.made]);
	return 0;
}
