/* SPDX-License-Identifier: MIT */
/*
 * A will of one's own with every property, checked before there is a client; then a connection that dies without a
 * goodbye, so that the broker publishes it after two seconds.
 *     cc will.c $(pkg-config --cflags --libs mqttwill) && ./a.out mqtt://localhost
 */
#include <mqttwill.h>
#include <stdio.h>

static void print_findings(const struct mqttwill_report *report)
{
	char text[256];
	for (size_t i = 0; i < report->count; i++) {
		mqttwill_finding_text(&report->finding[i], text, sizeof text);
		printf("%s: %s\n", report->finding[i].severity == MQTTWILL_REFUSED ? "refused" : "warning", text);
	}
}

int main(int argc, char **argv)
{
	const struct mqttwill_user_property pairs[] = {{.name = "site", .value = "roof"}, {.name = "rack", .value = "2"}};
	const struct mqttwill_will          will = {
		.topic = "lamp-7/last-words",
		.text = "power lost",
		.qos = 1,
		.delay_s = 2,
		.has = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT,
		.message_expiry_s = 3600,
		.payload_format = 1,
		.content_type = "text/plain",
		.response_topic = "lamp-7/answers",
		.correlation_data = "\x01\x02",
		.correlation_data_len = 2,
		.user_properties = pairs,
		.user_property_count = 2,
	};
	const struct mqttwill_options opt = {
		.url = argc > 1 ? argv[1] : "mqtt://localhost",
		.client_id = "lamp-7",
		.session_expiry_s = 60,
		.will = &will,
	};
	struct mqttwill_report report;
	int                    rc = mqttwill_will_check(&will, &opt, NULL, &report);
	mqttwill              *lamp = NULL;
	print_findings(&report);
	if (rc == 0)
		rc = mqttwill_new(&lamp, &opt);
	if (rc == 0)
		rc = mqttwill_connect(lamp, 10000);
	if (rc < 0)
		fprintf(stderr, "lamp-7: %s\n", mqttwill_errmsg(lamp, rc));
	mqttwill_free(lamp); /* no goodbye: the will speaks */
	return rc < 0;
}
