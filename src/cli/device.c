/* SPDX-License-Identifier: MIT */
/*
 * What explain tells is what run does, because both read their options here.
 */
#include "cli/device.h"

#include <string.h>

#define AT(member) offsetof(struct device_options, member)
const struct option device_rows[] = {
	{.name = "topic", .value = "TOPIC", .help = "the status topic; needed",
	 .type = OPTION_TEXT, .offset = AT(topic), .letter = 't'},
	{.name = "online", .value = "PAYLOAD", .help = "default online",
	 .type = OPTION_PAYLOAD, .offset = AT(online)},
	{.name = "offline", .value = "PAYLOAD", .help = "default offline",
	 .type = OPTION_PAYLOAD, .offset = AT(offline)},
	{.name = "qos", .value = "0|1|2", .help = "default 1",
	 .type = OPTION_NUMBER, .offset = AT(qos), .letter = 'q', .max = QOS_FIELD_MAX},
	{.name = "no-retain", .help = "late subscribers learn nothing",
	 .type = OPTION_FLAG, .offset = AT(no_retain)},
	{.name = "will-delay", .value = "S", .help = "seconds between the loss and the will",
	 .type = OPTION_NUMBER, .offset = AT(delay), .rule = "MQTT 5, 3.1.3.2.2"},
	{.name = "goodbye", .value = "NAME", .help = "offline (default), with-will, silent or abort",
	 .type = OPTION_CHOICE, .offset = AT(goodbye), .choices = goodbye_choices},
	{.name = "goodbye-timeout", .value = "S", .help = "default 5; after it the broker speaks instead",
	 .type = OPTION_DURATION, .offset = AT(goodbye_timeout)},
	{.name = "no-self-watch", .help = "do not correct the status when others change it",
	 .type = OPTION_FLAG, .offset = AT(no_self_watch)},
	{.name = NULL},
};
#undef AT

/* The QoS that the presence's field would read as "QoS 0" is none of MQTT's. */
static uint8_t presence_qos(struct number qos)
{
	if (qos.set && qos.value == 0)
		return MQTTWILL_QOS0;
	return qos.value == MQTTWILL_QOS0 ? QOS_FIELD_MAX : (uint8_t)qos.value;
}

static void fill_presence(struct device *d)
{
	const struct device_options *own = &d->own;
	d->presence = (struct mqttwill_presence){
		.topic = own->topic,
		.online = own->online.bytes,
		.online_len = own->online.len,
		.offline = own->offline.len ? own->offline.bytes : NULL,
		.offline_len = own->offline.len,
		.empty_offline = own->offline.set && own->offline.len == 0,
		.delay_s = own->delay.value,
		.qos = presence_qos(own->qos),
		.no_retain = own->no_retain,
		.self_watch = !own->no_self_watch,
	};
	d->options.presence = &d->presence;
}

/* Presence's own will has no properties but a delay above 0; with them it is written out. */
static void fill_will(struct device *d)
{
	const struct device_options *own = &d->own;
	bool                         written_out = properties_given(&d->properties);
	d->will = (struct mqttwill_will){
		.topic = own->topic,
		.payload = !own->offline.set ? "offline" : own->offline.len ? own->offline.bytes : NULL,
		.payload_len = own->offline.set ? own->offline.len : strlen("offline"),
		.delay_s = own->delay.value,
		.has = own->delay.set && written_out ? (uint32_t)MQTTWILL_HAS_DELAY : 0,
		.qos = own->qos.set ? (uint8_t)own->qos.value : 1,
		.retain = !own->no_retain,
	};
	properties_into_will(&d->properties, &d->will);
	if (written_out)
		d->options.will = &d->will;
}

enum exit_code device_fill(struct device *d, const char *command)
{
	if (!d->own.topic)
		return refuse(EXIT_USAGE, "%s needs --topic; mqttwill %s --help lists the options", command, command);
	fill_presence(d);
	fill_will(d);
	d->connection.needs_5 = d->own.delay.value || properties_given(&d->properties);
	return connection_fill(&d->connection, &d->options, &d->arena);
}
