/* SPDX-License-Identifier: MIT */
/*
 * Lists of hosts that need no proxy. The input is a list, a line feed, and a host. Checked: what is wrong lies in the list; a list with
 * "*" in front has every host; a host has itself.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/no_proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t      offset = 0;
	const char *problem = "";
	char       *text = malloc(size + 3), *host;
	memcpy(text, "*,", 2);
	if (size)
		memcpy(text + 2, data, size);
	text[size + 2] = 0;
	if ((host = strchr(text, '\n'))) {
		*host++ = 0;
		char *list = strdup(text + 2);
		bool  good = no_proxy_check(list, &offset, &problem);
		expect(good || (offset < strlen(list) && *problem), "a fault is not explained");
		no_proxy_has(list, host, "1883");
		expect(no_proxy_has(text, host, "1883"), "* has not every host");
		if (*host && !strpbrk(host, ", \t%/:[]*") && strlen(host) < 256 && *host != '.' && strcmp(host + strlen(host) - 1, ".") != 0)
			expect(no_proxy_has(host, host, "1883"), "a host has not itself");
		free(list);
	}
	free(text);
	return 0;
}
