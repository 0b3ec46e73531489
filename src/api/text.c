/* SPDX-License-Identifier: MIT */
/*
 * Sentences: about errors, findings and reason codes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/handle.h"
#include "base/error.h"

static _Thread_local struct client_error thread_error;

struct client_error *api_thread_error(void)
{
	return &thread_error;
}

int api_fail(struct client_error *error, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	error->code = code;
	return code;
}

const char *mqttwill_errmsg(const mqttwill *c, int error)
{
	const struct client_error *e = c ? c->client.error : &thread_error;
	return error < 0 && e && e->code == error ? e->text : error_text(error);
}

const char *mqttwill_strerror(int error)
{
	return error_text(error);
}

const char *mqttwill_errname(int error)
{
	return error_name(error);
}

const char *mqttwill_reason_name(uint8_t packet_type, uint8_t reason_code)
{
	return reason_name(packet_type < PACKET_TYPES ? (enum packet_type)packet_type : PACKET_WILL, reason_code);
}

const char *mqttwill_version_string(void)
{
	return MQTTWILL_VERSION;
}

/* Numbers and flags have no byte that could be named. */
static bool has_bytes(const char *field)
{
	static const char *const numbers[] = {"qos", "retain", "delay_s", "message_expiry_s", "payload_format", "has"};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (strcmp(numbers[i], field) == 0)
			return false;
	return true;
}

size_t mqttwill_finding_text(const struct mqttwill_finding *f, char *buf, size_t size)
{
	char where[16] = "", byte[32] = "";
	if (f->index != UINT32_MAX)
		snprintf(where, sizeof where, "[%u]", (unsigned)f->index);
	if (has_bytes(f->field))
		snprintf(byte, sizeof byte, "byte %zu, ", f->offset);
	int n = snprintf(buf, size, "will %s%s %s (%s%s); %s", f->field, where, f->problem, byte, f->rule, f->advice);
	return n < 0 ? 0 : (size_t)n;
}
