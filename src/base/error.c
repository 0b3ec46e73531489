/* SPDX-License-Identifier: MIT */
/*
 * One table, expanded from MQTTWILL_ERROR_MAP.
 */
#include "base/error.h"

#include <stddef.h>

#include <mqttwill.h>

static const struct {
	int         value;
	const char *name;
	const char *text;
} errors[] = {
#define ROW(name, value, text) {value, "MQTTWILL_" #name, text},
	MQTTWILL_ERROR_MAP(ROW)
#undef ROW
};

static size_t row(int error)
{
	size_t i = 0;
	while (i < sizeof errors / sizeof errors[0] && errors[i].value != error)
		i++;
	return i;
}

const char *error_name(int error)
{
	size_t i = row(error);
	if (error >= 0)
		return error == MQTTWILL_PENDING ? "MQTTWILL_PENDING" : "MQTTWILL_OK";
	return i < sizeof errors / sizeof errors[0] ? errors[i].name : "unknown";
}

const char *error_text(int error)
{
	size_t i = row(error);
	if (error >= 0)
		return "success";
	return i < sizeof errors / sizeof errors[0] ? errors[i].text : "unknown error";
}
