/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a device's status for each way in which the device, or its connection, can end: made of the options alone, by
 * what MQTT says. Three printers tell it.
 */
#ifndef CLI_STORY_H
#define CLI_STORY_H

#include <stdio.h>

#include "cli/device.h"

enum { STORY_TEXT = 256, STORY_PAYLOAD = 128, STORY_MOMENTS = 4, STORY_ENDINGS = 9 };

/* Something that happens once, between two times after the end. from_ms of UINT64_MAX: it never does. */
struct moment {
	struct mqttwill_timing when;
	char                   what[STORY_TEXT];
};

/* What a status topic says of the device. */
enum status {
	STATUS_ONLINE,  /* the birth's payload */
	STATUS_OFFLINE, /* the will's or the goodbye's */
	STATUS_NOTHING  /* it is not retained */
};

struct ending {
	const char            *name; /* a word */
	const char            *how;  /* what happens to the device */
	struct moment          moments[STORY_MOMENTS];
	size_t                 count;
	struct mqttwill_timing will;   /* when the broker publishes it */
	struct mqttwill_timing change; /* when `offline` is first read: the will's time or the goodbye's */
	enum status            late;   /* what who subscribes afterwards reads */
};

struct story {
	const struct device   *device;
	struct mqttwill_terms  terms;
	struct mqttwill_report report;             /* of the will check */
	uint64_t               wait_ms;            /* between the end of the connection and the will */
	uint64_t               ping_ms, answer_ms; /* idle time before PINGREQ, and the time for an answer */
	uint32_t               goodbye_ms;         /* how long the goodbye may take */
	bool                   may_fall;           /* to 3.1.1 or 3.1 */
	char                   online[STORY_PAYLOAD], offline[STORY_PAYLOAD]; /* payloads for people */
	struct ending          endings[STORY_ENDINGS];
};

/* The options were filled by device_fill(), and mqttwill_new() takes them. */
void story_tell(struct story *s, const struct device *device, const struct mqttwill_report *report);

/* "1 h 30 min", exact to the millisecond; "after 35 s to 95 s", "at once", "never". */
enum { TIME_WORDS = 96 };
void duration_words(char out[TIME_WORDS], uint64_t ms);
void timing_words(char out[TIME_WORDS], const struct mqttwill_timing *when);

const char *version_words(uint32_t version);

/* What a late subscriber reads, in words. */
void late_words(char out[STORY_TEXT], const struct story *s, const struct ending *e);

void story_text(FILE *out, const struct story *s);
void story_json(FILE *out, const struct story *s);
void story_svg(FILE *out, const struct story *s);

#endif
