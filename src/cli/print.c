/* SPDX-License-Identifier: MIT */
/*
 * Two printers by hand, since what is printed is small: bytes that are UTF-8 stay text, all others become hexadecimal.
 */
#include "cli/print.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/say.h"

static void put_hex(FILE *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%02x", p[i]);
}

/* U+0080 to U+009F are control characters too; in UTF-8 they are C2 80 to C2 9F. */
static bool is_c1(const uint8_t *p, size_t left)
{
	return p[0] == 0xC2 && left > 1 && p[1] < 0xA0;
}

/* What turns the direction of text, or ends a line: U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. Or 0. */
static unsigned steering(const uint8_t *p, size_t left)
{
	if (left < 3 || p[0] != 0xE2 || (p[1] != 0x80 && p[1] != 0x81))
		return 0;
	unsigned u = 0x2000u | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
	return u == 0x200E || u == 0x200F || (u >= 0x2028 && u <= 0x202E) || (u >= 0x2066 && u <= 0x2069) ? u : 0;
}

static const char *escape_of(uint8_t byte)
{
	static const char *const named[256] = {['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t", ['\\'] = "\\\\"};
	return named[byte];
}

static void put_text(FILE *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (escape_of(p[i]))
			fputs(escape_of(p[i]), out);
		else if (p[i] < 0x20 || p[i] == 0x7F)
			fprintf(out, "\\x%02x", p[i]);
		else if (is_c1(p + i, n - i))
			fprintf(out, "\\u%04x", p[++i]);
		else if (steering(p + i, n - i))
			fprintf(out, "\\u%04x", steering(p + i, n - i)), i += 2;
		else
			fputc(p[i], out);
	}
}

static bool begins(const void *bytes, size_t n, const char *prefix)
{
	return n >= strlen(prefix) && !memcmp(bytes, prefix, strlen(prefix));
}

void print_bytes(FILE *out, const void *bytes, size_t n)
{
	if (utf8_good_text(bytes, n) == n) {
		if (begins(bytes, n, "hex:") || begins(bytes, n, "text:"))
			fputs("text:", out);
		put_text(out, bytes, n);
	} else {
		fputs("hex:", out);
		put_hex(out, bytes, n);
	}
}

void print_text(FILE *out, const char *text)
{
	put_text(out, (const uint8_t *)text, strlen(text));
}

static void put_field(FILE *out, const char *name, const void *bytes, size_t n)
{
	if (!bytes)
		return;
	fprintf(out, " %s=", name);
	print_bytes(out, bytes, n);
}

static void put_number(FILE *out, const char *name, bool there, uint32_t value)
{
	if (there)
		fprintf(out, " %s=%" PRIu32, name, value);
}

static void put_properties(FILE *out, const struct mqttwill_message *m)
{
	put_number(out, "dup", m->dup, 1);
	put_number(out, "payload-format", m->has & MQTTWILL_HAS_PAYLOAD_FORMAT, m->payload_format);
	put_number(out, "message-expiry", m->has & MQTTWILL_HAS_MESSAGE_EXPIRY, m->message_expiry_s);
	put_field(out, "content-type", m->content_type, m->content_type_len);
	put_field(out, "response-topic", m->response_topic, m->response_topic_len);
	put_field(out, "correlation-data", m->correlation_data, m->correlation_data_len);
	for (size_t i = 0; i < m->subscription_id_count; i++)
		put_number(out, "subscription-id", true, m->subscription_ids[i]);
	for (size_t i = 0; i < m->user_property_count; i++) {
		put_field(out, "user-property", m->user_properties[i].name, m->user_properties[i].name_len);
		fputc('=', out);
		print_bytes(out, m->user_properties[i].value, m->user_properties[i].value_len);
	}
}

void print_line(FILE *out, int64_t unix_ms, const struct mqttwill_message *m, bool all)
{
	char time[TIME_TEXT_SIZE];
	time_text(time, unix_ms);
	fprintf(out, "%s ", time);
	print_bytes(out, m->topic, m->topic_len);
	fputc(' ', out);
	print_bytes(out, m->payload, m->payload_len);
	fprintf(out, " qos=%d retain=%d", m->qos, m->retain);
	if (all)
		put_properties(out, m);
	fputc('\n', out);
}

/* ---- JSON [RFC 8259] ---------------------------------------------------------------------------------------------- */

static void json_string(FILE *out, const uint8_t *p, size_t n)
{
	fputc('"', out);
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"' || p[i] == '\\')
			fprintf(out, "\\%c", p[i]);
		else if (p[i] < 0x20 || p[i] == 0x7F)
			fprintf(out, "\\u%04x", p[i]);
		else if (is_c1(p + i, n - i))
			fprintf(out, "\\u%04x", p[++i]);
		else if (steering(p + i, n - i))
			fprintf(out, "\\u%04x", steering(p + i, n - i)), i += 2;
		else
			fputc(p[i], out);
	}
	fputc('"', out);
}

/* "name":"text", or "name_hex":"00ff" where the bytes are not text. */
void print_json_member(FILE *out, const char *before, const char *name, const void *bytes, size_t n)
{
	bool text = utf8_good_text(bytes, n) == n;
	fprintf(out, "%s\"%s%s\":", before, name, text ? "" : "_hex");
	if (text) {
		json_string(out, bytes, n);
		return;
	}
	fputc('"', out);
	put_hex(out, bytes, n);
	fputc('"', out);
}

void print_json_text(FILE *out, const char *before, const char *name, const char *text)
{
	print_json_member(out, before, name, text, strlen(text));
}

static void json_optional(FILE *out, const char *name, const void *bytes, size_t n)
{
	if (bytes)
		print_json_member(out, ",", name, bytes, n);
}

static void json_number(FILE *out, const char *name, bool there, uint32_t value)
{
	if (there)
		fprintf(out, ",\"%s\":%" PRIu32, name, value);
}

/* One message may come for several subscriptions [MQTT-3.3.4-4]. */
static void json_ids(FILE *out, const uint32_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%" PRIu32, i ? "," : ",\"subscription_ids\":[", ids[i]);
	if (count)
		fputc(']', out);
}

/* An array of objects, not one object: names may repeat, and their order counts [MQTT-3.3.2-18]. */
static void json_user_properties(FILE *out, const struct mqttwill_user_property *u, size_t count)
{
	if (count == 0)
		return;
	fputs(",\"user_properties\":[", out);
	for (size_t i = 0; i < count; i++) {
		print_json_member(out, i ? ",{" : "{", "name", u[i].name, u[i].name_len);
		print_json_member(out, ",", "value", u[i].value, u[i].value_len);
		fputc('}', out);
	}
	fputc(']', out);
}

void print_json(FILE *out, int64_t unix_ms, const struct mqttwill_message *m)
{
	char time[TIME_TEXT_SIZE];
	time_text(time, unix_ms);
	fprintf(out, "{\"time\":\"%s\",\"unix_ms\":%" PRId64, time, unix_ms);
	print_json_member(out, ",", "topic", m->topic, m->topic_len);
	print_json_member(out, ",", "payload", m->payload, m->payload_len);
	fprintf(out, ",\"qos\":%d,\"retain\":%s,\"dup\":%s", m->qos, m->retain ? "true" : "false",
	        m->dup ? "true" : "false");
	json_number(out, "payload_format", m->has & MQTTWILL_HAS_PAYLOAD_FORMAT, m->payload_format);
	json_number(out, "message_expiry", m->has & MQTTWILL_HAS_MESSAGE_EXPIRY, m->message_expiry_s);
	json_optional(out, "content_type", m->content_type, m->content_type_len);
	json_optional(out, "response_topic", m->response_topic, m->response_topic_len);
	json_optional(out, "correlation_data", m->correlation_data, m->correlation_data_len);
	json_ids(out, m->subscription_ids, m->subscription_id_count);
	json_user_properties(out, m->user_properties, m->user_property_count);
	fputs("}\n", out);
}

/* ---- XML 1.0 ------------------------------------------------------------------------------------------------------ */

void print_xml(FILE *out, const char *text)
{
	static const char *const named[256] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
	};
	const uint8_t *p = (const uint8_t *)text;
	bool           utf8 = utf8_good_text(p, strlen(text)) == strlen(text);
	for (; *p; p++) {
		if (named[*p])
			fputs(named[*p], out);
		else if (utf8 && p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE) /* U+FFFE, U+FFFF */
			fputs("?", out), p += 2;
		else
			fputc(*p < 0x20 || *p == 0x7F || (*p > 0x7F && !utf8) ? '?' : *p, out);
	}
}
