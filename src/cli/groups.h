/* SPDX-License-Identifier: MIT */
/*
 * The option groups that several subcommands share, and how their values become the library's structures.
 * Checking them is the library's work, not done here.
 */
#ifndef CLI_GROUPS_H
#define CLI_GROUPS_H

#include "cli/reach.h"

struct connection_options {
	struct reach_options reach;
	const char   *id;
	const char   *auth_method;
	struct number keepalive;
	struct number version;
	struct number session_expiry;
	struct number rejoin;
	struct number follow_redirects;
	struct number receive_maximum;
	struct properties user_properties; /* of CONNECT */
	bool          no_topic_alias;
	struct number timeout; /* for the first connection, in ms */
	bool          adapt;
	bool          needs_5; /* set by the command: another of its options is MQTT 5's */
};

/* The properties that wills and messages have in common. */
struct property_options {
	struct number     message_expiry;
	struct number     payload_format;
	const char       *content_type;
	const char       *response_topic;
	struct payload    correlation_data;
	struct properties user_properties;
};

struct will_options {
	const char    *topic;
	struct payload payload;
	struct number  qos;
	bool           retain;
	struct number  delay;
};

extern const struct option connection_rows[];
extern const struct option property_rows[];
extern const struct option will_rows[];
/* All about a connection, as groups of a command line. */
#define CONNECTION_GROUPS(c) {"The connection", "", connection_rows, c}, REACH_GROUPS(&(c)->reach)

extern const struct choice goodbye_choices[]; /* of a client with presence */
extern const struct choice leaving_choices[]; /* of one without */

/* QoS as the library's field takes it; whatever is above 2 stays so, for the library to refuse. */
enum { QOS_FIELD_MAX = 255 };

/* MQTT 3.1 has no client id of the broker's choice: makes one of the process id, for a session that no one resumes. */
void connection_name(struct connection_options *from, struct arena *arena);

enum exit_code connection_fill(const struct connection_options *from, struct mqttwill_options *opt, struct arena *arena);
bool           properties_given(const struct property_options *from);
void           properties_into_will(const struct property_options *from, struct mqttwill_will *will);
void           properties_into_message(const struct property_options *from, struct mqttwill_message *message);

/* False: no option of a will was given, so there is none. */
bool will_fill(const struct will_options *from, const struct property_options *properties, struct mqttwill_will *will);

#endif
