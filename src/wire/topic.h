/* SPDX-License-Identifier: MIT */
/*
 * Topic names and topic filters [MQTT 5, 4.7; shared subscriptions 4.8.2].
 */
#ifndef WIRE_TOPIC_H
#define WIRE_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* What is wrong with a name or a filter; rule is NULL where nothing is. */
struct topic_fault {
	size_t      offset;
	const char *rule;
	const char *problem;
	const char *advice;
};

/* UTF-8 without U+0000, at most 65,535 bytes; empty is allowed. Rules of any MQTT string. */
bool text_check(struct span text, struct topic_fault *fault);

/* A name to publish to: at least one character, no wildcards. */
bool topic_name_check(struct span topic, struct topic_fault *fault);

/* A filter to subscribe to; $share/NAME/FILTER is checked for its form where shared subscriptions exist (MQTT 5). */
bool topic_filter_check(struct span filter, bool shared, struct topic_fault *fault);

/* The filter that messages are matched with: of $share/NAME/FILTER the last part, otherwise all of it. */
struct span topic_filter_plain(struct span filter);

/* Does the filter match the name? Both are well-formed. "$..." is not matched by a leading wildcard [MQTT-4.7.2-1]. */
bool topic_match(struct span filter, struct span topic);

#endif
