/* SPDX-License-Identifier: MIT */
/*
 * Topic filters, topic names and how they match. The input is a filter, a line feed, and a name. Checked: the offset of
 * a fault lies in the string; good strings are UTF-8 by a slow decoder's word, and matches by a slow matcher's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/slow.h"
#include "wire/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_fault(struct span s, bool good, const struct topic_fault *fault)
{
	expect(good == !fault->rule, "result and fault disagree");
	if (good) {
		expect(s.n > 0 && s.n <= 65535, "a good length");
		expect(slow_utf8_good(s.p, s.n, false) == s.n, "a good string is not UTF-8");
		return;
	}
	expect(fault->offset <= s.n, "an offset behind the string");
	expect(fault->problem && fault->advice, "a fault is not explained");
}

static void compare(struct span filter, struct span name)
{
	char *f = calloc(1, filter.n + 1), *t = calloc(1, name.n + 1);
	memcpy(f, filter.p, filter.n);
	memcpy(t, name.p, name.n);
	expect(topic_match(filter, name) == slow_topic_match(f, t), "the matchers disagree");
	free(f);
	free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t     *line = size ? memchr(data, '\n', size) : NULL;
	struct topic_fault fault;
	if (!line)
		return 0;
	size_t       n = (size_t)(line - data);
	struct bytes f = bytes_copy(data, n), t = bytes_copy(line + 1, size - n - 1);
	struct span  filter = span_of(f.p, f.n), name = span_of(t.p, t.n);
	check_fault(filter, topic_filter_check(filter, true, &fault), &fault);
	bool good = topic_filter_check(filter, false, &fault);
	check_fault(filter, good, &fault);
	good &= topic_name_check(name, &fault);
	check_fault(name, topic_name_check(name, &fault), &fault);
	if (good)
		compare(filter, name);
	bytes_free(&f);
	bytes_free(&t);
	return 0;
}
